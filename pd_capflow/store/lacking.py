"""What a store lacks of an answer: which sessions of which codes a gateway is still to be asked for.

Law: a row that was served before its session was over stands for less than the session, so it is lacking
too. What is asked for in vain costs a question; what is not asked for is a number that nobody has.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from pd_capflow.errors import CapflowError
from pd_capflow.security import MARKETS
from pd_capflow.store.almanac import EARLIEST, calendar_of, question_of
from pd_capflow.store.asked import days_around
from pd_capflow.store.calendar import Calendar
from pd_capflow.store.held import held, served_until
from pd_capflow.store.layout import INTRADAY, PERIODS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pd_capflow.client import Client
    from pd_capflow.security import Security
    from pd_capflow.store.asked import Days
    from pd_capflow.store.store import Store

__all__ = ["TOLD", "calendar_by", "lacking_days", "recorded_beyond"]

#: Columns that tell up to when a row holds what happened.
TOLD = ("last_valid_time", "recorded_at")


def lacking_days(
    store: Store, codes: Sequence[Security], days: Days, client: Client
) -> dict[Security, list[date]]:
    """Return the sessions of each code of which no whole row of the day is recorded.

    Parameters
    ----------
    store : Store
    codes : sequence of Security
    days : Days
        The range of each market, bounded; of days to come there is nothing to lack.
    client : Client
        Whose gateway knows the exchanges' calendars.

    Returns
    -------
    dict of Security to list of date
        Ascending; of every code.
    """
    calendars = {
        prefix: calendar_by(client, prefix, *_so_far(days, prefix))
        for prefix in {code.home.prefix for code in codes}
    }
    rows = held(store, PERIODS, [str(code) for code in codes], *days_around(days), TOLD)
    rows = rows[~rows["empty"].astype(bool)]
    whole: dict[str, set[date]] = {}
    sessions, told = rows["session"].dt.date, (rows[name] for name in TOLD)
    for code, day, last, recorded in zip(rows["code"], sessions, *told, strict=True):
        calendar = calendars[code.partition(".")[0]]
        if served_until(last, recorded) >= _close(calendar, day):
            whole.setdefault(code, set()).add(day)
    return {
        code: [
            day
            for day in _days(calendars[code.home.prefix], *_so_far(days, code.home.prefix))
            if day not in whole.get(str(code), ())
        ]
        for code in codes
    }


def _so_far(days: Days, prefix: str) -> tuple[date, date]:
    """Return the range of a market up to its today."""
    first, last = days[prefix]
    today = MARKETS[prefix].today()
    return max(first or EARLIEST, EARLIEST), min(last or today, today)


def recorded_beyond(store: Store, codes: Sequence[Security], days: Days) -> set[Security]:
    """Return the codes of which minutes of a later session than the last of their days are recorded."""
    ends = {str(code): end for code in codes if (end := days[code.market][1]) is not None}
    if not ends:
        return set()
    rows = held(store, INTRADAY, sorted(ends), min(ends.values()) + timedelta(days=1))
    timed = rows[~rows["empty"].astype(bool)]
    newest = timed.groupby("code", observed=True)["session"].max().dt.date.to_dict()
    return {code for code in codes if str(code) in newest and newest[str(code)] > ends[str(code)]}


def calendar_by(client: Client, prefix: str, first: date, last: date) -> Calendar:
    """Return the sessions of an exchange up to a day, by who knows them best."""
    told = None
    question = question_of(prefix, first, last) if first <= last else None
    with suppress(CapflowError):
        told = None if question is None else client.fetch(question)
    return calendar_of(prefix, first, last, told) if first <= last else Calendar(MARKETS[prefix], ())


def _days(calendar: Calendar, first: date, last: date) -> list[date]:
    """Return the days of the sessions; of a market that keeps no hours, all."""
    if calendar.market.sessions:
        return [session.day for session in calendar.sessions]
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _close(calendar: Calendar, day: date) -> datetime:
    session = calendar.on(day)
    return session.closes if session else datetime.combine(day, time.max, calendar.market.tzinfo)
