"""What a moment is in each market: worked out once for all the codes that ask."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pd_capflow.store.recorder.checkpoints import latest_checkpoint, next_checkpoint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pd_capflow.store.calendar import Calendar

__all__ = ["Look"]

# The last minute's row is settled a little after the close.
_SETTLED = timedelta(minutes=1)
_Turns = tuple["datetime | None", "datetime | None"]


class Look:
    """One look at the clock.

    Parameters
    ----------
    at : datetime
        What it shows; aware.
    calendars : mapping of str to Calendar
        By the market's prefix.
    every : timedelta
        How often each code has its turn.

    Attributes
    ----------
    latest : dict of str to Session or None
        The session of each market that has begun last.
    closed : dict of str to datetime or None
        When that is over, and its last row settled.
    """

    def __init__(self, at: datetime, calendars: Mapping[str, Calendar], every: timedelta) -> None:
        self.at, self._every = at, every
        self.latest = {prefix: calendar.latest(at) for prefix, calendar in calendars.items()}
        self._following = {prefix: calendar.following(at) for prefix, calendar in calendars.items()}
        self.closed = {
            prefix: session.closes + _SETTLED if session else None for prefix, session in self.latest.items()
        }
        self._turns: dict[tuple[str, timedelta], _Turns] = {}

    def turns(self, prefix: str, offset: timedelta) -> _Turns:
        """Return the last checkpoint of the latest session so far, and the next, be it of the following."""
        key = prefix, offset
        if key not in self._turns:
            self._turns[key] = self._last(prefix, offset), self._next(prefix, offset)
        return self._turns[key]

    def _last(self, prefix: str, offset: timedelta) -> datetime | None:
        session = self.latest[prefix]
        return latest_checkpoint(session, offset, self._every, self.at) if session else None

    def _next(self, prefix: str, offset: timedelta) -> datetime | None:
        for session in (self.latest[prefix], self._following[prefix]):
            turn = next_checkpoint(session, offset, self._every, self.at) if session else None
            if turn is not None:
                return turn
        return None
