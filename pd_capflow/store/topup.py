"""Recorded rows first, and a gateway's for the rest.

Of days a gateway is asked for the sessions that are not recorded, and for those whose row was recorded
before they had ended; of a code that the store does not know it is asked in any case. Of weeks and months it
is asked for all that was asked for, for the row of one that runs moves. Where it sends none of a day, week or
month that it was asked for, what was recorded while that ran does not stand in its place. Of minutes it
serves its latest session only; earlier ones are as recorded.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from pd_capflow.errors import BatchError, StoreError
from pd_capflow.flow.frames import ATTRS, FLOW_COLUMNS, Columns
from pd_capflow.flow.queries.question import parse_range
from pd_capflow.security import MARKETS
from pd_capflow.store.call import read_each
from pd_capflow.store.kinds import of_one_kind
from pd_capflow.store.lacking import lacking_days, recorded_beyond
from pd_capflow.store.running import running_spans, without_days
from pd_capflow.store.spans import GROWING
from pd_capflow.store.union import Answer, union_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pd_capflow.client import Client
    from pd_capflow.security import Security
    from pd_capflow.store.call import Call
    from pd_capflow.store.store import Store
    from pd_capflow.store.union import Parts

__all__ = ["topped_up"]

# Of a code that had no session to be asked for.
_NO_ROWS = Columns(np.empty(0, np.int64), np.empty((0, len(FLOW_COLUMNS))))


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
    lacking = lacking_days(store, call.choice.securities, call.days, client) if call.period == "day" else {}
    codes, first, last = _to_ask(store, call, held.parts, lacking)
    answer = _asked(client, call, codes, first, last)
    if answer.parts:
        store = of_one_kind(store, answer.source, has_rows=bool(held.parts))
    if keep and answer.frame is not None and _is_to_keep(answer.frame):
        store.write(answer.frame)
    fresh = {code: _cut(part, code, call) for code, part in answer.parts.items()}
    if call.period in GROWING:
        partial = running_spans(store, call.period, held.parts, fresh, client)
        held = replace(held, parts=without_days(held.parts, partial, fresh))
    elif call.period == "day":
        held = replace(held, parts=without_days(held.parts, lacking, fresh))
        fresh |= {code: _NO_ROWS for code in call.choice.securities if code not in {*held.parts, *codes}}
    union = union_of(store, call, held, replace(answer, parts=fresh))
    return call.frame(union, answer.errors, store)


def _bounded(call: Call) -> Call:
    """Return a question with the days that a gateway would take, which of minutes are all."""
    if call.period == "intraday":
        return call
    return replace(
        call, days={prefix: parse_range(call.start, call.end, MARKETS[prefix]) for prefix in call.days}
    )


def _recorded(store: Store, call: Call, *, may_be_new: bool) -> Answer:
    try:
        found, _ = read_each(store, call)
        if found is None:
            store.codes(call.period)  # raises where it is the store that is missing
    except StoreError:
        if may_be_new:
            return Answer.of(None)
        raise
    return Answer.of(found)


def _to_ask(
    store: Store, call: Call, held: Parts, lacking: Mapping[Security, list[date]]
) -> tuple[list[Security], Any, Any]:
    """Return the codes that a gateway is to be asked for, and of which days."""
    codes = call.choice.securities
    if call.period == "intraday":
        beyond = recorded_beyond(store, codes, call.days) if held else set()
        return [code for code in codes if code not in beyond], None, None
    if call.period != "day":
        return codes, call.start, call.end
    days = [day for those in lacking.values() for day in those]
    first, last = (min(days), max(days)) if days else (call.start, call.end)
    unknown = _unknown(store, [code for code in codes if not lacking[code] and code not in held])
    return [code for code in codes if lacking[code] or code in unknown], first, last


def _unknown(store: Store, codes: Sequence[Security]) -> set[Security]:
    """Return the codes of which a store has nothing at all; whether there are such a gateway tells."""
    known: set[str] = set()
    if codes:
        with suppress(StoreError):  # one that is not there yet
            known.update(store.codes())
    return {code for code in codes if str(code) not in known}


def _is_to_keep(frame: pd.DataFrame) -> bool:
    """Tell whether a store is to know of an answer; that there were no rows of minutes it is, too."""
    facts = frame.attrs[ATTRS]
    return bool(facts["codes"]) and (len(frame) > 0 or facts["period"] == "intraday")


def _asked(client: Client, call: Call, codes: Sequence[Security], first: Any, last: Any) -> Answer:
    """Ask a gateway, and take what it refuses as it comes."""
    if not codes:
        return Answer.of(None)
    errors: dict[str, Exception] = {}
    names = [str(code) for code in codes]
    frame: pd.DataFrame | None
    try:
        frame = client.capital_flow(names, call.period, first, last, progress=call.progress)
    except BatchError as error:
        frame, errors = error.frame, error.errors
    return Answer.of(frame, errors)


def _cut(part: Columns, code: Security, call: Call) -> Columns:
    """Return the rows of a part that are of the days asked for: one question may be of several markets'."""
    first, last = call.days[code.market]
    if call.period not in ("intraday", "day") or (first is None and last is None):
        return part
    zone = code.home.tzinfo
    days = [datetime.fromtimestamp(at / 1e6, zone).date() for at in part.time.tolist()]
    first, last = first or date.min, last or date.max
    mine = np.array([first <= day <= last for day in days], bool)
    return Columns(part.time[mine], part.amounts[mine], part.last_valid_time if mine.any() else None)
