"""What a replay takes out of a store: one session, one period, one distribution of one code at a time.

A shelf that is frozen reads each of them once and keeps the last few thousand; one that is not reads anew
for every question, so that what a recorder has just written is seen. Reading blocks: a shelf belongs to a
loop or thread that serves nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import StoreError
from pd_capflow.flow.frames import facts_in
from pd_capflow.gateway import NotRecorded

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pd_capflow.security import Market, Security
    from pd_capflow.store.store import Store

    Floats = NDArray[np.float64]

__all__ = ["Rows", "Shelf"]

_KEPT = 4096
# Long enough for every holiday; what lies further back is looked for session by session.
_WINDOW = timedelta(days=14)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows as they were recorded.

    Attributes
    ----------
    times : ndarray of float64, shape (n,)
        Unix seconds; NaN where none was recorded.
    amounts : ndarray of float64, shape (n, m)
        NaN where none was sent.
    last_valid : float or None
        Unix seconds of the newest data behind the last row.
    """

    times: Floats
    amounts: Floats
    last_valid: float | None


class Shelf:
    """Reads a store for a replay.

    Parameters
    ----------
    store : Store
        What to read.
    frozen : bool
        Whether to read everything once only, and to tell no path, as where it is served to a network.
    """

    def __init__(self, store: Store, *, frozen: bool) -> None:
        self.store = store

        def keep(method: Callable[..., Any]) -> Callable[..., Any]:
            return lru_cache(_KEPT)(_discreet(method, store.path)) if frozen else method

        self.session: Callable[[Security, date], Rows] = keep(self._session)
        self.sessions: Callable[[Security, date | None], list[date]] = keep(self._sessions)
        self.period: Callable[[Security, str], Rows] = keep(self._period)
        self.distributions: Callable[[Security, date | None], Rows] = keep(self._distributions)
        self.codes: Callable[[], list[str]] = keep(store.codes)
        self.days: Callable[[Market], list[date]] = keep(self._days)

    def names(self, codes: tuple[str, ...], until: date | None) -> dict[str, str]:
        """Return the names that were recorded lately, by code."""
        try:
            recent = self.store.read(codes, _lately(until), until, columns=["in_flow"])
        except StoreError:
            return {}
        return dict(facts_in(recent).get("names", {}))

    def latest(self, security: Security) -> Rows | None:
        """Return the latest session of a code, read at once if it is of late; None where no minute is."""
        try:
            recent = self.store.read(str(security), _lately(None))
        except StoreError:
            recent = None
        if recent is not None and len(recent):
            newest = pd.DatetimeIndex(recent.index)[-1].normalize()
            return _rows_of(recent.loc[newest:])
        days = self.sessions(security, None)
        return self.session(security, days[-1]) if days else None

    def _session(self, security: Security, day: date) -> Rows:
        what = f"no session of {security} is recorded of {day}"
        return self._rows(security, what, lambda code: self.store.read(code, day, day))

    def _period(self, security: Security, period: str) -> Rows:
        what = f"no rows of {security} by {period} are recorded"
        return self._rows(security, what, lambda code: self.store.read(code, period=period))

    def _distributions(self, security: Security, until: date | None) -> Rows:
        try:
            recent = self.store.distribution(str(security), _lately(until), until)
        except StoreError:
            what = f"no distribution of {security} is recorded{_up_to(until)}"
            return self._rows(security, what, lambda code: self.store.distribution(code, None, until))
        return _rows_of(recent)

    def _sessions(self, security: Security, until: date | None) -> list[date]:
        """Return the latest recorded sessions of a code up to a day, ascending."""
        try:
            recent = self.store.read(str(security), _lately(until), until, columns=["in_flow"])
        except StoreError:
            recent = None
        if recent is not None and len(recent):
            return _dates(recent)
        what = f"no session of {security} is recorded{_up_to(until)}"
        found = self._rows(
            security, what, lambda code: self.store.read(code, None, until, columns=["in_flow"])
        )
        zone = security.home.tzinfo
        return sorted({datetime.fromtimestamp(stamp, zone).date() for stamp in found.times.tolist()})

    def _days(self, market: Market) -> list[date]:
        recorded = self.store.days().index
        return [day.date() for prefix, day in recorded if prefix == market.prefix]

    def _rows(self, security: Security, what: str, read: Callable[[str], pd.DataFrame]) -> Rows:
        """Return rows, or say what is missing to somebody who asks a gateway and knows of no store."""
        code = str(security)
        try:
            return _rows_of(read(code))
        except StoreError as error:
            if not error.absent:
                raise
            unknown = f"unknown stock {code}: nothing is recorded of it"
            raise NotRecorded(what if code in self.codes() else unknown) from error


def _discreet(method: Callable[..., Any], path: str) -> Callable[..., Any]:
    """Have the errors of reading tell no path: whoever asks over a network need not know it."""

    @wraps(method)
    def told(*args: Any) -> Any:
        try:
            return method(*args)
        except (StoreError, NotRecorded) as error:
            text = str(error).replace(f"store {path}: ", "").replace(path, "its path")
            raise type(error)(text) from error

    return told


def _rows_of(frame: pd.DataFrame) -> Rows:
    index = pd.DatetimeIndex(frame.index)
    times = index.asi8 / 1e6
    times[index.isna()] = np.nan
    told = facts_in(frame)["last_valid_time"]
    last_valid = datetime.fromisoformat(told).timestamp() if told else None
    return Rows(times, frame.to_numpy(np.float64), last_valid)


def _up_to(until: date | None) -> str:
    return f" up to {until}" if until else ""


def _lately(until: date | None) -> date:
    return (until or datetime.now(UTC).date()) - _WINDOW


def _dates(frame: pd.DataFrame) -> list[date]:
    return sorted(set(pd.DatetimeIndex(frame.index).date))
