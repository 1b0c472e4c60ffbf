"""Who knows when an exchange trades: the gateway first, for it knows holidays and half days.

Where it tells nothing the package `exchange_calendars` does, if it is installed; and where that ends, every
weekday is taken for a session. A session says who told it. What is closed without notice, as for a typhoon,
nobody tells.
"""

from __future__ import annotations

import warnings
from datetime import date, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import QueryError
from pd_capflow.flow.queries import TradeDates
from pd_capflow.security import MARKETS
from pd_capflow.store.calendar import Calendar, Hours, Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from pd_capflow.security import Market

__all__ = ["EARLIEST", "calendar_of", "question_of"]

#: There is nothing of earlier days: the protocol knows no earlier time.
EARLIEST = date(1970, 1, 1)

# Exchanges of `exchange_calendars` by prefix; Shenzhen keeps Shanghai's days.
_EXCHANGES = {
    "HK": "XHKG",
    "US": "XNYS",
    "SH": "XSHG",
    "SZ": "XSHG",
    "SG": "XSES",
    "JP": "XTKS",
    "AU": "XASX",
    "MY": "XKLS",
    "CA": "XTSE",
}

# Where trading does not rest at noon a half day ends, or begins, at an hour of its own.
_HALF_DAYS: dict[tuple[str, str], Hours] = {
    ("US", "morning"): (time(9, 30), time(13)),
    ("CA", "morning"): (time(9, 30), time(13)),
    ("AU", "morning"): (time(10), time(14, 10)),
}

# No holidays are longer; so a gateway that tells a day this much later, or earlier, knows the days between.
_MARGIN = timedelta(days=14)


def question_of(prefix: str, first: date, last: date) -> TradeDates | None:
    """Return what to ask a gateway of a range of days; None where it cannot be asked of the market."""
    try:
        return TradeDates(prefix, _shifted(first, -_MARGIN), _shifted(last, _MARGIN))
    except QueryError:
        return None


def calendar_of(prefix: str, first: date, last: date, told: pd.DataFrame | None = None) -> Calendar:
    """Return the calendar of a market.

    Parameters
    ----------
    prefix : str
        The market's prefix, such as ``"HK"``.
    first, last : date
        The range, both inclusive.
    told : DataFrame, optional
        What a gateway answered to `question_of`.

    Returns
    -------
    Calendar
        Without a session where the market has no trading hours.

    Examples
    --------
    >>> calendar = calendar_of("SZ", date(2026, 12, 31), date(2027, 1, 4))
    >>> [(str(session.day), session.source) for session in calendar.sessions]
    [('2026-12-31', 'exchange_calendars'), ('2027-01-01', 'weekdays'), ('2027-01-04', 'weekdays')]
    """
    market = MARKETS[prefix]
    if not market.sessions:
        return Calendar(market, ())
    found: dict[date, Session] = {}
    left = _days(first, last)
    for tell in (partial(_of_gateway, told), _of_exchange, _of_weekdays):
        (since, until), sessions = tell(market, left)
        mine = {day for day in left if since <= day <= until}
        found |= {session.day: session for session in sessions if session.day in mine}
        left = [day for day in left if day not in mine]
    return Calendar(market, tuple(found[day] for day in sorted(found)))


_Told = tuple[tuple[date, date], list[Session]]
_NOTHING: _Told = ((date.max, date.min), [])


def _of_gateway(told: pd.DataFrame | None, market: Market, _: Sequence[date]) -> _Told:
    """Return what a gateway told, and the days that it knows: up to its last session."""
    if told is None or told.empty:
        return _NOTHING
    days = [stamp.date() for stamp in told.index]
    kinds = told["type"].fillna("whole").tolist()
    sessions = [
        Session(market, day, _half(market, kind), "gateway") for day, kind in zip(days, kinds, strict=True)
    ]
    return (min(days), max(days)), sessions


def _half(market: Market, kind: str) -> tuple[Hours, ...]:
    """Return the hours of a whole day, or of its morning or afternoon alone."""
    if kind not in ("morning", "afternoon"):
        return market.sessions
    if (market.prefix, kind) in _HALF_DAYS:
        return (_HALF_DAYS[market.prefix, kind],)
    if len(market.sessions) == 1:
        return market.sessions
    return market.sessions[:1] if kind == "morning" else market.sessions[-1:]


def _of_exchange(market: Market, days: Sequence[date]) -> _Told:
    """Return what `exchange_calendars` tells, with the rests of our own table: it lacks some."""
    schedule = _schedule(market.prefix) if days else None
    if schedule is None:
        return _NOTHING
    known = schedule.index[0].date(), schedule.index[-1].date()
    if days[-1] < known[0] or days[0] > known[1]:
        return known, []
    asked = schedule.loc[str(max(days[0], known[0])) : str(min(days[-1], known[1]))]
    zone = market.tzinfo
    sessions = [
        Session(market, day.date(), hours, "exchange_calendars")
        for day, opens, closes in zip(asked.index, asked["open"], asked["close"], strict=True)
        if (hours := _within(market.sessions, _clock(opens, zone), _clock(closes, zone)))
    ]
    return known, sessions


def _schedule(prefix: str) -> pd.DataFrame | None:
    """Return the exchange's opening and closing times by day, if there is somebody who knows them."""
    try:
        import exchange_calendars
    except ImportError:
        return None
    if prefix not in _EXCHANGES:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own affair: what pandas thinks of how it is written
        schedule: pd.DataFrame = exchange_calendars.get_calendar(_EXCHANGES[prefix]).schedule
    return schedule


def _clock(stamp: Any, zone: Any) -> time:
    clock: time = stamp.tz_convert(zone).time()
    return clock


def _within(hours: Iterable[Hours], opens: time, closes: time) -> tuple[Hours, ...]:
    """Return the parts of trading hours that lie between two clock times."""
    cut = ((max(first, opens), min(last, closes)) for first, last in hours)
    return tuple((first, last) for first, last in cut if first < last)


def _of_weekdays(market: Market, days: Sequence[date]) -> _Told:
    if not days:
        return _NOTHING
    sessions = [Session(market, day, market.sessions, "weekdays") for day in days if day.weekday() < 5]
    return (days[0], days[-1]), sessions


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _shifted(day: date, by: timedelta) -> date:
    try:
        return day + by
    except OverflowError:
        return day
