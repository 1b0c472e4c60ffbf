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
from pd_capflow.flow.frames import facts_in
from pd_capflow.security import Security

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import time

    from numpy.typing import NDArray

    from pd_capflow.security import Market

__all__ = ["Rows", "check_distinct", "check_one", "codes_of", "rows_of", "times_of"]

_DAY_US = 86_400_000_000
_DAYS = 4_000_000  # more than the days from 1970 to the year 9999


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
    times : DatetimeIndex, length n
        The rows' times, in the frame's zone.
    names : tuple of tuple of str
        Each code by its number; several where rows are of one of them, and the frame does not say of which.
    order : ndarray of int64, shape (n,)
        Positions of the rows, sorted by session and time: the order in which measures go through them.
    """

    code: NDArray[np.int64]
    session: NDArray[np.int64]
    part: NDArray[np.int64]
    into: NDArray[np.int64]
    times: pd.DatetimeIndex
    names: tuple[tuple[str, ...], ...]
    order: NDArray[np.int64]

    @property
    def day(self) -> pd.DatetimeIndex:
        """The calendar day at the row's exchange, whatever zone the frame is in."""
        return pd.DatetimeIndex((self.session - self.code * _DAYS).astype("M8[D]").astype("M8[s]"))

    @property
    def instant(self) -> NDArray[np.int64]:
        """Microseconds since the epoch."""
        return self.times.asi8

    def sessions_at(self, number: int, instants: Collection[int]) -> NDArray[np.int64]:
        """Return the sessions of a code that hold these instants (microseconds since the epoch)."""
        zone = Security.parse(self.names[number][0]).home.zone
        told = pd.DatetimeIndex(np.array(sorted(instants), "M8[us]"), tz="UTC")
        return number * _DAYS + told.tz_convert(zone).tz_localize(None).asi8 // _DAY_US


def rows_of(frame: pd.DataFrame) -> Rows:
    """Return the `Rows` of a capital-flow frame.

    Raises
    ------
    QueryError
        If the frame does not tell its codes, its times have no zone, a row has no code or no time, or two
        rows are of the same code and time, of which a sum would count one twice.
    """
    code, securities = _codes(frame)
    names = tuple(tuple(map(str, each)) for each in securities)
    instants = times_of(frame).as_unit("us")
    if instants.hasnans:
        raise QueryError(
            "a row has no time; drop it first, as by frame[frame.index.get_level_values('time').notna()]"
        )
    day, part, into = (np.zeros(len(frame), np.int64) for _ in range(3))
    homes = [security.home for security, *_ in securities]
    for home in set(homes):  # a thousand codes keep the hours of a few markets
        mine = np.array([each == home for each in homes])[code]
        walls = instants[mine].tz_convert(home.zone).tz_localize(None).asi8
        day[mine], clock = np.divmod(walls, _DAY_US)
        part[mine], into[mine] = _parts(clock, home)
    session = code * _DAYS + day
    order = np.lexsort((instants.asi8, session))
    check_distinct(code[order], instants[order], names)
    return Rows(code, session, part, into, instants, names, order)


def check_distinct(
    code: NDArray[np.int64], times: pd.DatetimeIndex, names: Sequence[Sequence[object]]
) -> None:
    """Refuse rows, in the order of code and time, of which two are of the same code and time.

    Raises
    ------
    QueryError
        As where frames that overlap were put together.
    """
    same = np.flatnonzero((code[1:] == code[:-1]) & (times.asi8[1:] == times.asi8[:-1]))
    if same.size:
        name, time = names[code[same[0]]], times[same[0]]
        raise QueryError(
            f"two rows are of {' or '.join(map(str, name))} at {time}, as where frames that overlap were put "
            "together; keep one of them, as by frame[~frame.index.duplicated(keep='last')]"
        )


def codes_of(frame: pd.DataFrame) -> tuple[NDArray[np.int64], list[Security]]:
    """Return which security each row is of, and the securities that these numbers stand for.

    Raises
    ------
    QueryError
        If the frame does not tell: for a measure any code of the market would do, for a price it must be
        the very one.
    """
    named = _named(frame)
    is_told = "code" in frame.index.names or "code" in frame.columns or len(named) == 1
    if not is_told and (named or len(frame)):
        raise QueryError(
            f"the frame has no index level 'code', and its attrs name {len(named)} codes; choose one with "
            "frame.loc[['HK.00700']], which keeps the level"
        )
    numbers, securities = _codes(frame)
    return numbers, [security for (security,) in securities]


def times_of(frame: pd.DataFrame) -> pd.DatetimeIndex:
    """Return the times of the rows; raise `QueryError` if there are none, or none with a zone."""
    index = frame.index
    times = index.get_level_values("time") if "time" in index.names else index
    if not isinstance(times, pd.DatetimeIndex) or times.tz is None:
        raise QueryError("the index has no times with a zone; expected a level 'time' as fetch() gives it")
    return times


def _codes(frame: pd.DataFrame) -> tuple[NDArray[np.int64], tuple[tuple[Security, ...], ...]]:
    if "code" in frame.index.names or "code" in frame.columns:
        numbers, names = _numbered(frame)
        if (numbers < 0).any():
            raise QueryError("a row has no code; drop it first, or say whose it is")
        return numbers.astype(np.int64), tuple((Security.parse(name),) for name in names)
    codes = [Security.parse(code) for code in _named(frame)]
    check_one(codes, frame.index)
    return np.zeros(len(frame), np.int64), (tuple(codes),) if codes else ()


def _numbered(frame: pd.DataFrame) -> tuple[NDArray[np.int64], Iterable[Any]]:
    """Return the number of each row's code, negative where it has none, and the codes by their numbers."""
    index = frame.index
    if "code" not in index.names:
        return pd.factorize(frame["code"])  # the column that reset_index("code") makes of the level
    if not isinstance(index, pd.MultiIndex):
        return pd.factorize(index)
    # A level is told in numbers already: those of some hundred thousand texts need not be found again.
    level = index.names.index("code")
    places = np.asarray(index.codes[level])
    numbers, found = pd.factorize(places)
    return np.where(places < 0, -1, numbers), index.levels[level].take(found[found >= 0])


def _named(frame: pd.DataFrame) -> list[Any]:
    codes = facts_in(frame).get("codes")
    return list(codes) if isinstance(codes, (list, tuple)) else []


def check_one(codes: Collection[Security], index: pd.Index[Any]) -> None:
    """Refuse rows without a level for codes that may be of one code as well as of another.

    After ``frame.xs("HK.00700")`` the facts still name all codes. That is no harm where these keep the
    same hours, and no time comes twice. No rows, as of a code that was refused, need be of none.

    Raises
    ------
    QueryError
        If the rows' market cannot be known, or they may be of several codes.
    """
    hours = {(code.home.zone, code.home.sessions) for code in codes}
    if len(codes) == 1 or (len(hours) == 1 and index.is_unique) or not (codes or len(index)):
        return
    raise QueryError(
        f"the frame has no index level 'code', and its attrs name {len(codes)} codes of which it may "
        "hold any; choose one with frame.loc[['HK.00700']], which keeps the level"
    )


def _parts(clock: NDArray[np.int64], home: Market) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    begins = np.array([_microseconds(first) for first, _ in home.sessions] or [0])
    part = np.maximum(np.searchsorted(begins, clock, side="right") - 1, 0)
    return part, clock - begins[part]


def _microseconds(moment: time) -> int:
    return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000
