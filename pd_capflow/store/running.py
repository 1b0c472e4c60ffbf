"""Recorded rows that stand for a part of their day, week or month, for they were served while it ran.

Law: where a gateway was asked for the whole, such a row does not stand for it. What the gateway has of it,
if anything, is in its own answer; by another date, it may lie beyond the days asked for.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import numpy as np

from pd_capflow.flow.frames import Columns
from pd_capflow.store.held import held, served_until
from pd_capflow.store.lacking import TOLD, calendar_by
from pd_capflow.store.layout import PERIODS
from pd_capflow.store.merging import days_of, keys_of
from pd_capflow.store.spans import span_around

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from pd_capflow.client import Client
    from pd_capflow.security import Security
    from pd_capflow.store.calendar import Calendar
    from pd_capflow.store.store import Store
    from pd_capflow.store.union import Parts

__all__ = ["running_spans", "without_days"]

Alone = dict["Security", set["date"]]


def running_spans(store: Store, period: str, recorded: Parts, fresh: Parts, client: Client) -> Alone:
    """Return the days of recorded rows of a part of a week or month, of which a gateway sent nothing.

    Parameters
    ----------
    store : Store
        Where they are recorded.
    period : {"week", "month"}
    recorded, fresh : dict of Security to Columns
        What is recorded, and what a gateway answered that was asked for as much.
    client : Client
        Whose gateway knows the exchanges' calendars.

    Returns
    -------
    dict of Security to set of date
        As the rows are dated; of codes that have such rows.
    """
    alone = {
        code: days
        for code, part in recorded.items()
        if code in fresh and (days := _alone(part, fresh[code], code, period))
    }
    found: Alone = {}
    for prefix in {code.home.prefix for code in alone}:
        mine = {code: days for code, days in alone.items() if code.home.prefix == prefix}
        found |= _running(store, period, prefix, mine, client)
    return found


def without_days(parts: Parts, days: Mapping[Security, Collection[date]], fresh: Parts) -> Parts:
    """Return recorded rows without those of some days, where a gateway answered but sent none of the day."""
    return {
        code: _without(part, _alone(part, fresh[code], code, "day") & set(days.get(code, ())), code)
        if code in fresh
        else part
        for code, part in parts.items()
    }


def _alone(part: Columns, fresh: Columns, code: Security, period: str) -> set[date]:
    """Return the days of the rows of which the other answer has none of the same day, week or month."""
    zone = code.home.zone
    left = ~np.isin(keys_of(part, zone, period), keys_of(fresh, zone, period))
    return {day for day, is_left in zip(days_of(part, zone), left, strict=True) if is_left}


def _running(store: Store, period: str, prefix: str, alone: Alone, client: Client) -> Alone:
    """Return the days of which the row was served before its week or month was over."""
    codes = {str(code): code for code in alone}
    days = sorted(set().union(*alone.values()))
    calendar = calendar_by(client, prefix, *span_around(days[0], days[-1], period))
    rows = held(store, PERIODS, list(codes), days[0], days[-1], TOLD, period=period)
    rows = rows[~rows["empty"].astype(bool)]
    found: Alone = {}
    sessions, told = rows["session"].dt.date, (rows[name] for name in TOLD)
    for name, day, last, recorded in zip(rows["code"], sessions, *told, strict=True):
        if day in alone[codes[name]] and not _is_whole(calendar, period, day, last, recorded):
            found.setdefault(codes[name], set()).add(day)
    return found


def _is_whole(calendar: Calendar, period: str, day: date, last: Any, recorded: Any) -> bool:
    """Tell whether a row is dated with the last session of its week or month, and served after that."""
    first, end = span_around(day, day, period)
    sessions = calendar.between(first, end)
    closes = sessions[-1].closes if sessions else datetime.combine(end, time.max, calendar.market.tzinfo)
    return (not sessions or day >= sessions[-1].day) and served_until(last, recorded) >= closes


def _without(part: Columns, days: set[date], code: Security) -> Columns:
    kept = np.array([day not in days for day in days_of(part, code.home.zone)], bool)
    if kept.all():
        return part
    return Columns(part.time[kept], part.amounts[kept], part.last_valid_time if kept[-1] else None)
