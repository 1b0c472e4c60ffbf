"""When an exchange trades: its sessions, and the minutes of each. `almanac` makes calendars."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pd_capflow.security import Market

__all__ = ["Calendar", "Hours", "Session"]

Hours = tuple[time, time]

_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day of an exchange.

    Attributes
    ----------
    market : Market
        Whose day it is.
    day : date
        The day at the exchange.
    hours : tuple of (time, time)
        When it trades, in exchange time; fewer or shorter hours on a half day.
    source : {"gateway", "exchange_calendars", "weekdays"}
        Who told of it.

    Examples
    --------
    >>> from pd_capflow.security import MARKETS
    >>> session = Session(MARKETS["HK"], date(2026, 1, 5), MARKETS["HK"].sessions, "weekdays")
    >>> str(session.opens), len(session.minutes())
    ('2026-01-05 09:30:00+08:00', 331)
    """

    market: Market
    day: date
    hours: tuple[Hours, ...]
    source: str

    @property
    def opens(self) -> datetime:
        """When trading begins; aware."""
        return self._at(self.hours[0][0])

    @property
    def closes(self) -> datetime:
        """When trading ends; aware."""
        return self._at(self.hours[-1][1])

    @property
    def parts(self) -> list[tuple[datetime, datetime]]:
        """Beginning and end of each part between two rests; aware."""
        return [(self._at(first), self._at(last)) for first, last in self.hours]

    @property
    def rests(self) -> NDArray[np.int64]:
        """When each rest begins and ends, in microseconds since the epoch, shape (n, 2)."""
        bounds = [(_us(before[1]), _us(after[0])) for before, after in pairwise(self.parts)]
        return np.array(bounds, np.int64).reshape(len(bounds), 2)

    def minutes(self, until: datetime | None = None) -> NDArray[np.int64]:
        """Return the times of the rows that a gateway has of the session.

        Parameters
        ----------
        until : datetime, optional
            Only the minutes that were over then; aware.

        Returns
        -------
        ndarray of int64, shape (n,)
            Microseconds since the epoch, ascending: the open, then the end of each trading minute.
        """
        ends = [np.arange(_us(first) + _MINUTE_US, _us(last) + 1, _MINUTE_US) for first, last in self.parts]
        times = np.concatenate([np.array([_us(self.opens)]), *ends]).astype(np.int64)
        return times if until is None else times[times <= _us(until)]

    def _at(self, clock: time) -> datetime:
        return datetime.combine(self.day, clock, self.market.tzinfo)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The sessions of a market in a range of days.

    Attributes
    ----------
    market : Market
    sessions : tuple of Session
        Ascending.

    Examples
    --------
    >>> from pd_capflow.store.almanac import calendar_of
    >>> calendar = calendar_of("HK", date(2026, 12, 21), date(2026, 12, 25))
    >>> [f"{session.day:%a} {session.closes:%H:%M}" for session in calendar.sessions]
    ['Mon 16:00', 'Tue 16:00', 'Wed 16:00', 'Thu 12:00']
    """

    market: Market
    sessions: tuple[Session, ...]

    def on(self, day: date) -> Session | None:
        """Return the session of a day, if there is one."""
        at = bisect_left(self.sessions, day, key=lambda session: session.day)
        found = self.sessions[at : at + 1]
        return found[0] if found and found[0].day == day else None

    def latest(self, now: datetime) -> Session | None:
        """Return the last session that has begun: the one of which a gateway serves the minutes."""
        at = bisect_right(self.sessions, now, key=lambda session: session.opens)
        return self.sessions[at - 1] if at else None

    def following(self, now: datetime) -> Session | None:
        """Return the first session that has not begun yet."""
        at = bisect_right(self.sessions, now, key=lambda session: session.opens)
        return self.sessions[at] if at < len(self.sessions) else None

    def between(self, first: date, last: date) -> list[Session]:
        """Return the sessions from `first` to `last`, both inclusive."""
        return [session for session in self.sessions if first <= session.day <= last]


def _us(moment: datetime) -> int:
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
