"""Checkpoints: the moments of a session at which a code is asked, spread over codes and parts.

In each part of a session, between two rests, a code has its turn every so often after an offset of its
own, and once more when the part ends, so that nothing of a morning is open over noon. The last part ends
with the sweep instead.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pd_capflow.client import Budget
    from pd_capflow.store.calendar import Session

__all__ = ["BATCH", "latest_checkpoint", "next_checkpoint", "offset_of", "stretched"]

#: Codes that are asked together, and kept by one commit: many enough that commits are few.
BATCH = 30

# Checkpoints take at most this part of what the gateway grants; the rest is for sweeps and for the user.
_SHARE = 0.8


def stretched(every: timedelta, codes: int, budget: Budget) -> timedelta:
    """Return how often each code can be asked inside a rate budget: as often as wanted, or less.

    Examples
    --------
    >>> from pd_capflow.client import Budget
    >>> str(stretched(timedelta(minutes=10), 600, Budget(30, 30.0)))
    '0:12:30'
    """
    return max(every, timedelta(seconds=codes / (budget.rate * _SHARE)))


def offset_of(place: int, codes: int, every: timedelta) -> timedelta:
    """Return when in the interval a code has its turn: thirty at a time, and these evenly one after another.

    Examples
    --------
    >>> [str(offset_of(place, 90, timedelta(minutes=15))) for place in (0, 29, 30, 89)]
    ['0:00:00', '0:00:00', '0:05:00', '0:10:00']
    """
    return every * (place // BATCH) / -(-codes // BATCH)


def latest_checkpoint(
    session: Session, offset: timedelta, every: timedelta, now: datetime
) -> datetime | None:
    """Return the last checkpoint up to now, None before the first.

    Parameters
    ----------
    session : Session
    offset : timedelta
        The code's turn in the interval, less than `every`.
    every : timedelta
    now : datetime
        Aware.
    """
    for number, (first, last) in reversed([*enumerate(session.parts)]):
        is_final = number == len(session.parts) - 1
        steps = (min(now, last) - first - offset) // every
        if now >= last and not is_final:
            return last
        if steps >= (0 if offset else 1):
            return first + offset + every * steps
    return None


def next_checkpoint(session: Session, offset: timedelta, every: timedelta, now: datetime) -> datetime | None:
    """Return the first checkpoint after now, None after the last; see `latest_checkpoint`."""
    for number, (first, last) in enumerate(session.parts):
        is_final = number == len(session.parts) - 1
        steps = max((now - first - offset) // every + 1, 0 if offset else 1)
        turn = first + offset + every * steps
        if turn <= last:
            return turn
        if now < last and not is_final:
            return last
    return None
