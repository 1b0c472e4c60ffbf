"""Recorded rows first, and a gateway's for the rest.

Of days a gateway is asked for the sessions that are not recorded, and for those whose row was recorded
before they had ended. Of weeks and months it is asked for all that was asked for, for nothing tells which
of them are whole. Of minutes it serves its latest session only; earlier ones are as recorded.

Law: no row is made of two. Where both have one, the gateway's is taken, unless it is the last row of an
answer that ends before what is recorded: an older row of a running total is no news.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import BatchError, StoreError
from pd_capflow.flow.frames import ATTRS, FLOW, OPENING, Columns, build_frame, recorded_in
from pd_capflow.flow.queries.question import parse_range
from pd_capflow.flow.sessions import times_of
from pd_capflow.security import Security
from pd_capflow.store.call import read_each
from pd_capflow.store.kinds import of_one_kind
from pd_capflow.store.lacking import lacking_days, recorded_beyond
from pd_capflow.store.spans import begins_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pd_capflow.client import Client
    from pd_capflow.store.call import Call
    from pd_capflow.store.store import Store

__all__ = ["columns_of", "merged", "topped_up"]

_Parts = dict[Security, Columns]

_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a store or a gateway answered: the frame, its parts, where they are from, and what was refused."""

    parts: _Parts
    source: Mapping[str, Any]
    errors: dict[str, Exception]
    frame: pd.DataFrame | None = None


def topped_up(store: Store, call: Call, client: Client, *, keep: bool = False) -> pd.DataFrame:
    """Return what is recorded and, from a gateway, the rest.

    Parameters
    ----------
    store : Store
        What is recorded; one that is not there yet holds nothing if it is to `keep` the rest.
    call : Call
        What is asked for.
    client : Client
        Of the gateway.
    keep : bool
        Whether what the gateway answers is written to the store.

    Returns
    -------
    DataFrame
        The union, as by `pd_capflow.Client.capital_flow`. ``attrs["capflow"]["source"]`` tells both: by
        code in ``by_code``, and in ``parts`` how many rows of each are whose.

    Raises
    ------
    StoreError
        If the store cannot be read or written, or one of the two is demo data.
    """
    call = _bounded(call)
    held = _recorded(store, call, may_be_new=keep)
    codes, first, last = _to_ask(store, call, held.parts, client)
    answer = _asked(client, call, codes, first, last)
    if answer.parts:
        store = of_one_kind(store, answer.source, has_rows=bool(held.parts))
    if keep and answer.frame is not None and answer.frame.attrs[ATTRS]["codes"]:
        store.write(answer.frame)
    fresh = {code: _cut(part, code, call) for code, part in answer.parts.items()}
    union = _union(store, call, held, replace(answer, parts=fresh))
    return call.frame(union, answer.errors, store)


def merged(held: Columns, fresh: Columns, *, zone: str | None = None, period: str = "day") -> Columns:
    """Return the union of recorded rows and a gateway's, in the order of time.

    Parameters
    ----------
    held, fresh : Columns
        What is recorded, and what a gateway answered now.
    zone : str, optional
        The exchange's zone, where there is one row a day at most, at whatever hour. By default rows are
        running totals, of which a later answer holds all earlier rows as they ended.
    period : str
        Of what there is one row at most where there is a zone: a running week's is dated with the last
        session that it has so far.

    Examples
    --------
    >>> import numpy as np
    >>> held = Columns(np.array([1, 2]), np.array([[1.0], [2.0]]))
    >>> fresh = Columns(np.array([2, 3]), np.array([[2.5], [3.0]]))
    >>> merged(held, fresh).amounts.tolist()
    [[1.0], [2.5], [3.0]]
    """
    recorded, told = _keys(held, zone, period), _keys(fresh, zone, period)
    taken = np.ones(len(told), bool)
    is_older = _is_older(fresh.last_valid_time, held.last_valid_time)
    if is_older and len(told) and len(recorded):
        contested = (told[-1] in recorded) if zone is None else (told[-1] == recorded[-1])
        taken &= (told != told[-1]) | (not contested)
    kept = ~np.isin(recorded, told[taken])
    time = np.concatenate([held.time[kept], fresh.time[taken]])
    amounts = np.concatenate([held.amounts[kept], fresh.amounts[taken]])
    order = np.argsort(time, kind="stable")
    newest = held.last_valid_time if is_older else fresh.last_valid_time or held.last_valid_time
    return Columns(time[order], amounts[order], newest)


def _keys(part: Columns, zone: str | None, period: str) -> NDArray[np.int64]:
    """Return what tells a row from others: its time, or its day, week or month at the exchange."""
    if zone is None:
        return part.time
    local = pd.DatetimeIndex(part.time.view("M8[us]"), tz="UTC").tz_convert(zone).tz_localize(None)
    return begins_of(local.normalize().to_series(), period).to_numpy("M8[s]").astype(np.int64)


def columns_of(frame: pd.DataFrame) -> _Parts:
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


def _bounded(call: Call) -> Call:
    """Return a question with the days that a gateway would take, which of minutes are all."""
    if call.period == "intraday":
        return call
    start, end = parse_range(call.start, call.end, call.choice.securities[0].home)
    return replace(call, start=start, end=end)


def _recorded(store: Store, call: Call, *, may_be_new: bool) -> _Answer:
    try:
        found, _ = read_each(store, call)
        if found is None:
            store.codes(call.period)  # raises where it is the store that is missing
    except StoreError:
        if may_be_new:
            return _Answer({}, {}, {})
        raise
    return _answer(found, {})


def _to_ask(
    store: Store, call: Call, held: _Parts, client: Client
) -> tuple[list[Security], date | None, date | None]:
    """Return the codes that a gateway is to be asked for, and of which days."""
    codes = call.choice.securities
    if call.period == "intraday":
        beyond = recorded_beyond(store, codes, call.end) if call.end and held else set()
        return [code for code in codes if code not in beyond], None, None
    if call.period != "day" or call.start is None or call.end is None:
        return codes, call.start, call.end
    lacking = lacking_days(store, codes, call.start, call.end, client)
    days = [day for those in lacking.values() for day in those]
    return [code for code in codes if lacking[code]], min(days, default=None), max(days, default=None)


def _asked(
    client: Client, call: Call, codes: Sequence[Security], first: date | None, last: date | None
) -> _Answer:
    """Ask a gateway, and take what it refuses as it comes."""
    if not codes:
        return _answer(None, {})
    errors: dict[str, Exception] = {}
    names = [str(code) for code in codes]
    frame: pd.DataFrame | None
    try:
        frame = client.capital_flow(names, call.period, first, last, progress=call.progress)
    except BatchError as error:
        frame, errors = error.frame, error.errors
    return _answer(frame, errors)


def _answer(frame: pd.DataFrame | None, errors: dict[str, Exception]) -> _Answer:
    if frame is None:
        return _Answer({}, {}, errors)
    return _Answer(columns_of(frame), frame.attrs[ATTRS]["source"], errors, frame)


def _cut(part: Columns, code: Security, call: Call) -> Columns:
    """Return the rows of a part that are of the days asked for; those without a time are."""
    if call.period != "intraday" or (call.start is None and call.end is None):
        return part
    zone = code.home.tzinfo
    days = [datetime.fromtimestamp(at / 1e6, zone).date() for at in part.time.tolist()]
    first, last = call.start or date.min, call.end or date.max
    mine = np.array([first <= day <= last for day in days], bool)
    return Columns(part.time[mine], part.amounts[mine], part.last_valid_time if mine.any() else None)


def _union(store: Store, call: Call, held: _Answer, fresh: _Answer) -> pd.DataFrame | None:
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


def _openings(facts: Sequence[Mapping[str, Any]], parts: _Parts) -> dict[str, Any]:
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


def _names(facts: Sequence[Mapping[str, Any]], parts: _Parts) -> dict[str, Any]:
    names = {code: name for each in facts for code, name in each.get("names", {}).items()}
    told = {str(code): names[str(code)] for code in parts if str(code) in names}
    return {"names": told} if told else {}


def _one(held: Columns | None, fresh: Columns | None, zone: str | None, period: str) -> Columns:
    if held is not None and fresh is not None:
        return merged(held, fresh, zone=zone, period=period)
    found = held or fresh
    assert found is not None  # noqa: S101  # for the type checker: it came from one of them
    return found


def _source(store: Store, parts: _Parts, held: _Answer, fresh: _Answer) -> dict[str, Any]:
    """Return which gateways served the rows, in all, and by code what came by the store."""
    urls = [str(each.source["url"]) for each in (fresh, held) if each.source]
    shares = {code: _shares(part, fresh.parts.get(code)) for code, part in parts.items()}
    places = (store.url, urls[0] if fresh.source else "")
    told = {
        str(code): {place: count for place, count in zip(places, counts, strict=True) if place and count}
        for code, counts in shares.items()
    }
    return {
        "url": ", ".join(dict.fromkeys(urls)),
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


def _is_older(one: str | None, other: str | None) -> bool:
    return bool(one and other) and datetime.fromisoformat(str(one)) < datetime.fromisoformat(str(other))
