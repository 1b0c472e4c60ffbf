"""Which rows of a frame belong together: the same code, the same session, the same part of a session.

A code's market says what day a row belongs to and when trading rests, so these work for frames of mixed
zones too. Everything is told in whole numbers, one for each row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import ATTRS
from pd_capflow.security import Security

if TYPE_CHECKING:
    from datetime import time

    from numpy.typing import NDArray

__all__ = ["Rows", "codes_of", "rows_of", "times_of"]

_DAY_US = 86_400_000_000
_DAYS = 4_000_000  # more than the days from 1970 to the year 9999
_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a frame, told in whole numbers.

    Attributes
    ----------
    code : ndarray of int64, shape (n,)
        Which of the frame's codes.
    session : ndarray of int64, shape (n,)
        Which code and calendar day at its exchange.
    part : ndarray of int64, shape (n,)
        Which part of the day between two rests: 0 before the first rest.
    into : ndarray of int64, shape (n,)
        Microseconds since that part began; negative before the open.
    order : ndarray of int64, shape (n,)
        Positions of the rows, sorted by session and time: the order in which measures go through them.
    """

    code: NDArray[np.int64]
    session: NDArray[np.int64]
    part: NDArray[np.int64]
    into: NDArray[np.int64]
    order: NDArray[np.int64]

    @property
    def day(self) -> pd.DatetimeIndex:
        """The calendar day at the row's exchange, whatever zone the frame is in."""
        return pd.DatetimeIndex((self.session - self.code * _DAYS).astype("M8[D]").astype("M8[s]"))

    @property
    def opens(self) -> NDArray[np.bool_]:
        """Whether a row stands at a session's open, so that its running total is its own flow.

        Rows are labelled by the beginning of their minute or by its end, so a minute's grace is due.
        """
        opens: NDArray[np.bool_] = (self.part == 0) & (self.into <= _MINUTE_US)
        return opens


def rows_of(frame: pd.DataFrame) -> Rows:
    """Return the `Rows` of a capital-flow frame.

    Raises
    ------
    QueryError
        If the frame does not tell its codes, or its times have no zone.
    """
    code, securities = _codes(frame)
    instants = times_of(frame).as_unit("us")
    day, part, into = (np.zeros(len(frame), np.int64) for _ in range(3))
    for number, security in enumerate(securities):
        mine = code == number
        walls = instants[mine].tz_convert(security.home.zone).tz_localize(None).asi8
        day[mine], clock = np.divmod(walls, _DAY_US)
        part[mine], into[mine] = _parts(clock, security)
    session = code * _DAYS + day
    return Rows(code, session, part, into, np.lexsort((instants.asi8, session)))


def codes_of(frame: pd.DataFrame) -> tuple[NDArray[np.int64], list[Security]]:
    """Return which security each row is of, and the securities that these numbers stand for.

    Raises
    ------
    QueryError
        If the frame does not tell: for a measure any code of the market would do, for a price it must be
        the very one.
    """
    named = frame.attrs.get(ATTRS, {}).get("codes", [])
    if "code" not in frame.index.names and "code" not in frame.columns and len(named) != 1:
        raise QueryError(
            f"the frame has no index level 'code', and its attrs name {len(named)} codes; choose one with "
            "frame.loc[['HK.00700']], which keeps the level"
        )
    return _codes(frame)


def times_of(frame: pd.DataFrame) -> pd.DatetimeIndex:
    """Return the times of the rows; raise `QueryError` if there are none, or none with a zone."""
    index = frame.index
    times = index.get_level_values("time") if "time" in index.names else index
    if not isinstance(times, pd.DatetimeIndex) or times.tz is None:
        raise QueryError("the index has no times with a zone; expected a level 'time' as fetch() gives it")
    return times


def _codes(frame: pd.DataFrame) -> tuple[NDArray[np.int64], list[Security]]:
    if "code" in frame.index.names or "code" in frame.columns:
        # A level, or the column that reset_index("code") makes of it.
        held = frame.index.get_level_values("code") if "code" in frame.index.names else frame["code"]
        numbers, names = pd.factorize(held)
        return numbers.astype(np.int64), [Security.parse(name) for name in names]
    codes = [Security.parse(code) for code in frame.attrs.get(ATTRS, {}).get("codes", [])]
    if not _is_one(codes, frame.index):
        raise QueryError(
            f"the frame has no index level 'code', and its attrs name {len(codes)} codes of which it may "
            "hold any; choose one with frame.loc[['HK.00700']], which keeps the level"
        )
    return np.zeros(len(frame), np.int64), codes[:1]


def _is_one(codes: list[Security], index: pd.Index[Any]) -> bool:
    """Tell whether rows without a level for codes are one code's, of whatever name."""
    if len(codes) == 1:
        return True
    # After frame.xs("HK.00700") the attrs still name all codes; one market is all that matters then.
    return len({code.market for code in codes}) == 1 and index.is_unique


def _parts(clock: NDArray[np.int64], security: Security) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    begins = np.array([_microseconds(first) for first, _ in security.home.sessions] or [0])
    part = np.maximum(np.searchsorted(begins, clock, side="right") - 1, 0)
    return part, clock - begins[part]


def _microseconds(moment: time) -> int:
    return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000
