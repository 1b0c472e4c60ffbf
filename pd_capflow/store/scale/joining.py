"""Partitions -> one frame, with the facts of all of them.

Each partition tells of its own codes. What they tell alike is true of all; what each tells of its codes
adds up; what they tell otherwise is not known.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from pd_capflow.flow.frames import ATTRS, facts_in, recorded_in

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["joined"]

Rows = TypeVar("Rows", pd.DataFrame, "pd.Series[Any]")


def joined(parts: Sequence[Rows]) -> Rows:
    """Return frames, or series, of different codes as one.

    Examples
    --------
    >>> import pd_capflow
    >>> ask = pd_capflow.connect("demo://").capital_flow
    >>> frame = joined([ask(["HK.00700"], "day"), ask(["US.AAPL"], "day")])
    >>> frame.attrs["capflow"]["codes"], frame.attrs["capflow"]["currency"]
    (['HK.00700', 'US.AAPL'], None)
    """
    if len(parts) == 1:
        return parts[0]
    facts = [facts_in(part) for part in parts]  # type: ignore[arg-type]  # a series has attrs too
    numbered = isinstance(parts[0].index, pd.RangeIndex)  # as tiers are, whose rows have columns for all
    whole = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=numbered)
    told = _together(facts)
    if all("source" in each for each in facts):
        told["source"] = _source(facts)
    whole.attrs = {ATTRS: copy.deepcopy(told)}
    return whole


def _together(facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    names = dict.fromkeys(name for told in facts for name in told)
    return {name: _agreed([told[name] for told in facts if name in told]) for name in names}


def _agreed(values: list[Any]) -> Any:
    first = values[0]
    if all(value == first for value in values):
        return first
    if all(isinstance(value, dict) for value in values):
        return _together(values)
    if all(isinstance(value, list) for value in values):
        return list(dict.fromkeys(each for value in values for each in value))
    return True if all(isinstance(value, bool) for value in values) else None


def _source(facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return who served the codes: of several, each by its code."""
    told = [each["source"] for each in facts]
    if all(source == told[0] for source in told):
        return dict(told[0])
    by_code = {code: _server(each, code) for each in facts for code in each["codes"]}
    url = ", ".join(dict.fromkeys(filter(None, by_code.values())))
    is_demo = any(source["demo"] for source in told)
    return {"url": url, "demo": is_demo, **recorded_in(*told), "by_code": by_code}


def _server(facts: dict[str, Any], code: str) -> Any:
    source = facts["source"]
    return source.get("by_code", {}).get(code, source.get("url"))
