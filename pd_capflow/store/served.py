"""Whether a frame is as a gateway served it, so that a store may keep it.

A frame is taken only as it was served: with its columns, numbers, zone and facts. What somebody made of a
frame (measures, joins, sums) is no longer what a gateway said, and is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pd_capflow.errors import StoreError
from pd_capflow.flow.frames import facts_in
from pd_capflow.flow.queries.question import PERIODS as NAMES_OF_PERIODS
from pd_capflow.store.layout import DISTRIBUTIONS, layout_of
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from pd_capflow.store.layout import Layout

__all__ = ["AS_SERVED", "check_frame", "layout_for"]

_NEEDED = ("codes", "period", "cumulative", "last_valid_time", "source")
_FLOAT64 = 8
# Up to here float64 has every whole number.
_WHOLE = 1 << 53
# What these facts are.
_KINDS = {"period": str, "cumulative": bool, "names": dict | None, "errors": dict | None}
# Facts that only a measure writes.
_MEASURED = ("interval", "begins", "partial", "thresholds", "derived")
#: What every refusal of a frame asks for.
AS_SERVED = "expected a frame as fetch() gives it"


def layout_for(frame: pd.DataFrame) -> Layout:
    """Return the table that a frame belongs into.

    Raises
    ------
    StoreError
        If it is no frame of capital flow or distribution as a gateway serves it.
    """
    if not isinstance(frame, pd.DataFrame):
        raise StoreError(f"a {type(frame).__name__} cannot be kept; {AS_SERVED}")
    facts = check_frame(frame)
    if set(DISTRIBUTIONS.amounts) & set(frame.columns):
        return _with_columns(frame, DISTRIBUTIONS)
    return _with_columns(frame, layout_of(facts["period"]))


def check_frame(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a frame's facts; raise `StoreError` where they are not those of an answer."""
    facts = facts_in(frame)
    if missing := [name for name in _NEEDED if name not in facts]:
        raise StoreError(
            f"the frame's attrs['capflow'] lack {', '.join(missing)}; {AS_SERVED}, before anything that "
            "drops attrs, such as pd.concat"
        )
    if odd := [name for name, kinds in _KINDS.items() if not isinstance(facts.get(name), kinds)]:
        told = one_line(repr(facts.get(odd[0])))
        raise StoreError(f"the frame's attrs['capflow'] say {odd[0]}={told}, as no answer does; {AS_SERVED}")
    if facts["period"] not in NAMES_OF_PERIODS:
        raise StoreError(
            f"the frame is of period {facts['period']!r}; expected one of {', '.join(NAMES_OF_PERIODS)}"
        )
    if made := [name for name in _MEASURED if name in facts]:
        raise StoreError(f"the frame was made by a measure (its facts tell {', '.join(made)}); {AS_SERVED}")
    if bool(facts["cumulative"]) is not (facts["period"] == "intraday"):
        raise StoreError(
            f"rows of period {facts['period']!r} with cumulative={facts['cumulative']} are not as served, as "
            f"after delta() or cumulative(); {AS_SERVED}"
        )
    _check_source(facts["source"])
    return facts


def _check_source(source: Any) -> None:
    """Refuse what does not say clearly which gateway it is from, and whether that is a demo."""
    told = source if isinstance(source, dict) else {}
    if told.get("adopted"):
        raise StoreError(
            f"the frame was taken in by adopt() and is no gateway's, but {one_line(told.get('url'))}'s; "
            f"{AS_SERVED}"
        )
    if not isinstance(told.get("demo"), bool):
        raise StoreError(f"the frame does not say whether it is demo data (source in its attrs); {AS_SERVED}")
    served = told.get("by_code", {})
    urls = [told.get("url"), *(served.values() if isinstance(served, dict) else [None])]
    if not all(isinstance(url, str) and "://" in url for url in urls):
        raise StoreError(
            f"the frame does not say which gateway it is from (source in its attrs); {AS_SERVED}"
        )


def _with_columns(frame: pd.DataFrame, layout: Layout) -> Layout:
    if missing := [name for name in layout.amounts if name not in frame.columns]:
        raise StoreError(f"the frame lacks {', '.join(missing)}; {AS_SERVED}, its columns not renamed")
    if extra := [str(name) for name in frame.columns if name not in layout.amounts]:
        raise StoreError(
            f"the frame has columns that no gateway serves: {', '.join(extra[:6])}; write "
            "frame[list(names)] without them"
        )
    if frame.columns.has_duplicates:
        raise StoreError(f"the frame has a column twice; {AS_SERVED}")
    for name, values in frame.items():
        _check_numbers(str(name), values)
    return layout


def _check_numbers(name: str, values: pd.Series[Any]) -> None:
    """Refuse a column whose numbers are not the gateway's to the last bit; whole ones in a file may be."""
    kind: Any = values.dtype
    if kind.kind not in "fiu":
        raise StoreError(f"column {name} does not hold numbers; {AS_SERVED}")
    if kind.kind == "f" and kind.itemsize != _FLOAT64:
        raise StoreError(
            f"column {name} is {kind}, and a gateway's amounts are float64, which others round; {AS_SERVED}"
        )
    if kind.kind != "f" and ((values > _WHOLE) | (values < -_WHOLE)).any():
        raise StoreError(f"column {name} holds numbers beyond 2**53, which float64 rounds; {AS_SERVED}")
