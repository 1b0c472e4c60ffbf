"""Recorded rows and a gateway's -> one frame, which tells of each row whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from pd_capflow.flow.frames import ATTRS, FLOW, OPENING, Columns, build_frame, recorded_in
from pd_capflow.flow.sessions import times_of
from pd_capflow.security import Security
from pd_capflow.store.merging import merged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pd_capflow.store.call import Call
    from pd_capflow.store.store import Store

__all__ = ["Answer", "columns_of", "union_of"]

Parts = dict[Security, Columns]

_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a store or a gateway answered.

    Attributes
    ----------
    parts : dict of Security to Columns
        What came, by code.
    source : mapping
        Where it is from; empty where nothing came.
    errors : dict of str to Exception
        Why of other codes nothing came.
    frame : DataFrame or None
        All of the parts.
    """

    parts: Parts
    source: Mapping[str, Any]
    errors: dict[str, Exception]
    frame: pd.DataFrame | None = None

    @classmethod
    def of(cls, frame: pd.DataFrame | None, errors: dict[str, Exception] | None = None) -> Self:
        """Take a frame apart; None is no answer."""
        if frame is None:
            return cls({}, {}, errors or {})
        return cls(columns_of(frame), frame.attrs[ATTRS]["source"], errors or {}, frame)


def columns_of(frame: pd.DataFrame) -> Parts:
    """Return the answers that a frame was built of."""
    facts = frame.attrs[ATTRS]
    codes = [Security.parse(code) for code in facts["codes"]]
    last = facts["last_valid_time"]
    amounts = frame.to_numpy(np.float64)
    times = times_of(frame).as_unit("us").asi8
    if frame.index.nlevels == 1:
        return {codes[0]: Columns(times, amounts, last)}
    owner = frame.index.get_level_values("code").to_numpy()
    mine = {code: owner == str(code) for code in codes}
    return {code: Columns(times[at], amounts[at], last.get(str(code))) for code, at in mine.items()}


def union_of(store: Store, call: Call, held: Answer, fresh: Answer) -> pd.DataFrame | None:
    """Return the rows of both as one frame; None where neither has anything.

    Parameters
    ----------
    store : Store
        Where what is recorded was read.
    call : Call
        What was asked for.
    held, fresh : Answer
        What is recorded, and what a gateway answered now.
    """
    came = [code for code in call.choice.securities if code in held.parts or code in fresh.parts]
    if not came:
        return None
    zones = {code: None if call.period == "intraday" else code.home.zone for code in came}
    parts = {
        code: _one(held.parts.get(code), fresh.parts.get(code), zones[code], call.period) for code in came
    }
    frame = build_frame(
        FLOW,
        came,
        parts,
        period=call.period,
        single=call.choice.single,
        source=_source(store, parts, held, fresh),
    )
    facts = [each.frame.attrs[ATTRS] for each in (held, fresh) if each.frame is not None]
    frame.attrs[ATTRS].pop(OPENING, None)
    frame.attrs[ATTRS] |= _openings(facts, parts) | _names(facts, parts)
    return frame


def _one(held: Columns | None, fresh: Columns | None, zone: str | None, period: str) -> Columns:
    if held is not None and fresh is not None:
        return merged(held, fresh, zone=zone, period=period)
    found = held or fresh
    assert found is not None  # noqa: S101  # for the type checker: it came from one of them
    return found


def _openings(facts: Sequence[Mapping[str, Any]], parts: Parts) -> dict[str, Any]:
    """Return which rows stand for all since the open: those of either answer before which there is none."""
    found: dict[str, Any] = {}
    for code, part in parts.items():
        told = [each.get(OPENING, {}).get(str(code), []) for each in facts]
        texts = {text for each in told for text in ([each] if isinstance(each, str) else each)}
        if first := [text for text in sorted(texts) if _is_first(part, text)]:
            found[str(code)] = first[0] if len(first) == 1 else first
    return {OPENING: found} if found else {}


def _is_first(part: Columns, text: str) -> bool:
    """Tell whether there is a row at the end of a session's first minute, and none within that minute."""
    at = round(datetime.fromisoformat(text).timestamp() * 1e6)
    return bool((part.time == at).any()) and not ((part.time >= at - _MINUTE_US) & (part.time < at)).any()


def _names(facts: Sequence[Mapping[str, Any]], parts: Parts) -> dict[str, Any]:
    names = {code: name for each in facts for code, name in each.get("names", {}).items()}
    told = {str(code): names[str(code)] for code in parts if str(code) in names}
    return {"names": told} if told else {}


def _source(store: Store, parts: Parts, held: Answer, fresh: Answer) -> dict[str, Any]:
    """Return which gateways served the rows, in all, and by code what came by the store."""
    urls = [str(each.source["url"]) for each in (fresh, held) if each.source]
    shares = {code: _shares(part, fresh.parts.get(code)) for code, part in parts.items()}
    places = (store.url, urls[0] if fresh.source else "")
    told = {
        str(code): {place: count for place, count in zip(places, counts, strict=True) if place and count}
        for code, counts in shares.items()
    }
    return {
        "url": ", ".join(dict.fromkeys(urls)) or store.url,
        "demo": store.demo,
        **recorded_in(fresh.source),
        "by_code": {code: ", ".join(counts) or places[1] or places[0] for code, counts in told.items()},
        "parts": told,
    }


def _shares(part: Columns, fresh: Columns | None) -> tuple[int, int]:
    """Return how many rows are as recorded, and how many are as the gateway has them."""
    if fresh is None:
        return len(part.time), 0
    of_both = np.isin(part.time, fresh.time)
    place = {int(at): row for at, row in zip(fresh.time, fresh.amounts, strict=True)}
    pairs = zip(part.time[of_both], part.amounts[of_both], strict=True)
    same = sum(np.array_equal(row, place[int(at)], equal_nan=True) for at, row in pairs)
    return len(part.time) - same, same
