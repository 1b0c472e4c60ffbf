"""The gateway's clock, which may stand elsewhere than the wall's and run faster."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

__all__ = ["Clock"]


class Clock:
    """Tells what time it is in the invented market.

    Parameters
    ----------
    start : datetime, optional
        What time it is now; aware. By default what the wall says.
    speed : float, default 1.0
        Seconds of the market in a second of the wall; 0 stands still.

    Examples
    --------
    >>> from datetime import datetime, UTC
    >>> Clock(datetime(2025, 1, 2, 3, 0, tzinfo=UTC), speed=0)().isoformat()
    '2025-01-02T03:00:00+00:00'
    """

    def __init__(self, start: datetime | None = None, speed: float = 1.0) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError(f"clock {start.isoformat()} has no zone, such as +08:00")
        if not 0 <= speed < float("inf"):
            raise ValueError(f"speed {speed} is not 0 or a number above")
        self._start = start or datetime.now(UTC)
        self._speed = speed
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        """Return the time, aware."""
        return self._start + timedelta(seconds=(time.monotonic() - self._began) * self._speed)
