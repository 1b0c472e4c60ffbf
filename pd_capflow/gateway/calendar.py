"""When an invented market trades: sessions and minutes are facts of the exchange's own wall clock.

A session is a weekday; this calendar knows no holidays and no half days. A minute's row is labelled with
the END of the minute, after one row for the opening state: 331 rows in Hong Kong, 241 in mainland China,
391 in New York, and so none at either edge of the lunch break but the first. Days are proleptic ordinals
(`datetime.date.toordinal`) where many are handled at once; instants are unix seconds.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pd_capflow.security import Market

__all__ = [
    "is_session",
    "latest_session",
    "local",
    "local_day",
    "market_state",
    "midnight",
    "minutes",
    "minutes_until",
    "month_of",
    "session_ordinals",
    "sessions_between",
    "week_of",
]

_MINUTE = 60
_EPOCH = date(1970, 1, 1).toordinal()


def local(market: Market, now: datetime) -> datetime:
    """Return an instant on the exchange's wall clock.

    Parameters
    ----------
    market : Market
        Whose clock to read.
    now : datetime
        An aware datetime of any zone.

    Returns
    -------
    datetime
        The same instant in the market's zone.

    Raises
    ------
    ValueError
        If `now` is naive: it would be read in the zone of this machine.
    """
    if now.tzinfo is None:
        raise ValueError(f"{now!r} has no time zone")
    return now.astimezone(market.tzinfo)


def local_day(market: Market, stamp: float) -> date:
    """Return the exchange's calendar day at so many unix seconds."""
    return datetime.fromtimestamp(stamp, market.tzinfo).date()


def is_session(market: Market, day: date) -> bool:
    """Tell whether a market trades on a day: on weekdays, since holidays are not known here.

    Parameters
    ----------
    market : Market
        One without trading hours has no sessions at all.
    day : date
        A day at the exchange.
    """
    return bool(market.sessions) and day.weekday() < 5


def latest_session(market: Market, now: datetime) -> date:
    """Return the last session that has opened: before the open and on weekends the previous one.

    Parameters
    ----------
    market : Market
        One with trading hours.
    now : datetime
        An aware datetime.

    Raises
    ------
    ValueError
        If the market has no trading hours, or `now` no zone.
    """
    if not market.sessions:
        raise ValueError(f"{market.prefix} has no sessions")
    clock = local(market, now)
    opened = clock.time() >= market.sessions[0][0]
    day = clock.date() - timedelta(days=not opened)
    return day - timedelta(days=max(0, day.weekday() - 4))


@lru_cache(maxsize=256)
def minutes(market: Market, day: date) -> NDArray[np.int64]:
    """Return the row times of a whole session.

    Parameters
    ----------
    market : Market
        One with trading hours.
    day : date
        A session of it; that it is one is not checked.

    Returns
    -------
    ndarray of int64, shape (n,)
        Unix seconds, ascending, read-only: the open, then the end of each trading minute.
    """
    parts = [_minute_ends(market, day, first, last) for first, last in market.sessions]
    opening = _instant(market, day, market.sessions[0][0])
    times = np.concatenate([np.array([opening], dtype=np.int64), *parts])
    times.setflags(write=False)
    return times


def minutes_until(market: Market, day: date, now: datetime) -> NDArray[np.int64]:
    """Return the row times of a session up to a clock.

    The minute in progress is included under its end: at 10:43:44 the last row is 10:44:00, and at
    10:44:00 sharp it still is. At the opening second there is the opening row alone, from the close on
    there is all, and before the open there is nothing.

    Parameters
    ----------
    market : Market
        One with trading hours.
    day : date
        A session of it.
    now : datetime
        An aware datetime.

    Returns
    -------
    ndarray of int64, shape (n,)
        Unix seconds, ascending, read-only.
    """
    times = minutes(market, day)
    clock = local(market, now).timestamp()
    running = -(-clock // _MINUTE) * _MINUTE
    count = np.searchsorted(times, running, side="right") if clock >= times[0] else 0
    return times[:count]


def session_ordinals(first: int, last: int) -> NDArray[np.int64]:
    """Return the ordinals of the sessions of any market in a range of days.

    Parameters
    ----------
    first, last : int
        Ordinals of days, both inclusive; none lie between them if `last` comes before `first`.

    Returns
    -------
    ndarray of int64, shape (n,)
        Ascending.
    """
    days = np.arange(first, last + 1, dtype=np.int64)
    return days[(days - 1) % 7 < 5]  # day 1 was a Monday


def sessions_between(market: Market, first: date, last: date) -> list[date]:
    """Return the sessions of a market from `first` to `last`, both inclusive, ascending."""
    ordinals = session_ordinals(first.toordinal(), last.toordinal()) if market.sessions else ()
    return [date.fromordinal(int(ordinal)) for ordinal in ordinals]


def week_of(ordinals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of the week, Monday to Sunday, in which each day lies.

    Parameters
    ----------
    ordinals : ndarray of int64
        Days.

    Returns
    -------
    ndarray of int64
        Equal for days of one week and ascending with time.
    """
    return (ordinals - 1) // 7


def month_of(ordinals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of the calendar month in which each day lies.

    Parameters
    ----------
    ordinals : ndarray of int64
        Days.

    Returns
    -------
    ndarray of int64
        Equal for days of one month and ascending with time.
    """
    return (ordinals - _EPOCH).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


@lru_cache(maxsize=4096)
def midnight(market: Market, day: date) -> int:
    """Return the unix seconds at which a day begins at the exchange."""
    return _instant(market, day, time())


def _minute_ends(market: Market, day: date, first: time, last: time) -> NDArray[np.int64]:
    """Return the end of each minute from `first` to `last` on the wall clock of a day."""
    start = _instant(market, day, first)
    stop = _instant(market, day, last)
    return np.arange(start + _MINUTE, stop + 1, _MINUTE, dtype=np.int64)


def _instant(market: Market, day: date, clock: time) -> int:
    return int(datetime.combine(day, clock, market.tzinfo).timestamp())


def market_state(market: Market, now: datetime) -> int:
    """Return the vendor's ``QotMarketState`` of a market: waiting, morning, rest, afternoon or closed.

    Parameters
    ----------
    market : Market
        One with sessions.
    now : datetime
        Aware.
    """
    there = local(market, now)
    if not is_session(market, there.date()):
        return _CLOSED
    clock = there.time()
    for number, (first, last) in enumerate(market.sessions):
        if clock < first:
            return _REST if number else _WAITING_OPEN
        if clock < last:
            return _AFTERNOON if number else _MORNING
    return _CLOSED


_WAITING_OPEN, _MORNING, _REST, _AFTERNOON, _CLOSED = 2, 3, 4, 5, 6
