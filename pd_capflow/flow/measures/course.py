"""The course of a column: each row with the rows before it, in the order of time, never across codes.

Minutes look back to the beginning of their session and no further, all longer rows over all that the frame
holds of their code. A day without a row, as of a suspension, is no row: the one before it is next to the
one after it. A window that would reach beyond the first row, or that holds an absent one, is unknown.

Sums are added up row by row. Differences of one long running sum would be faster, but would carry the
rounding of all rows into each, and the absence of one (NaN) into all after it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pd_capflow.flow.frames import ATTRS
from pd_capflow.flow.intervals import MinuteInterval
from pd_capflow.flow.measures.columns import facts_of, numbers, own
from pd_capflow.flow.measures.runs import restored, starts
from pd_capflow.flow.sessions import rows_of
from pd_capflow.flow.totals import BEGINS, opens

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pd_capflow.flow.measures.columns import Attrs
    from pd_capflow.flow.sessions import Rows

    Floats = NDArray[np.float64]

__all__ = ["Course"]


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The rows of a frame in the order of time, and one column of theirs.

    Attributes
    ----------
    frame : DataFrame
        Capital flow.
    rows : Rows
        Its rows; `order` is the order here.
    place : ndarray of int64, shape (n,)
        How many rows there are before each that a window may hold.
    flow : ndarray of float64, shape (n,)
        The column as each row's own.
    facts : dict
        What ``attrs`` are to be for values made of that column.
    """

    frame: pd.DataFrame
    rows: Rows
    place: NDArray[np.int64]
    flow: Floats
    facts: Attrs

    @classmethod
    def of(cls, frame: pd.DataFrame, column: str) -> Course:
        """Return the course of a frame's column; raise `QueryError` if it has none of that name."""
        values, rows = own(frame, column), rows_of(frame)
        run = rows.session if _within_sessions(frame) else rows.code
        first = starts(run[rows.order])
        place = np.arange(len(frame)) - np.repeat(first, np.diff(np.append(first, len(frame))))
        return cls(frame, rows, place, np.asarray(values, np.float64)[rows.order], _facts(frame, values))

    @property
    def opened(self) -> NDArray[np.bool_]:
        """Which rows have nothing of their session before them; before a day there always is another."""
        if not _within_sessions(self.frame):
            return np.zeros(len(self.place), np.bool_)
        at_open: NDArray[np.bool_] = opens(self.frame, self.rows)[self.rows.order]
        at_open &= self.place == 0
        return at_open

    def own(self, column: str) -> Floats:
        """Return another column as each row's own, in this order."""
        return np.asarray(own(self.frame, column), np.float64)[self.rows.order]

    def sums(self, values: Floats, count: int) -> Floats:
        """Add up each row and those before it, `count` rows in all."""
        views = _lags(values, count)
        total = views[0].copy()
        for view in views[1:]:
            total += view
        return self._whole(total, count)

    def squares(self, values: Floats, centre: Floats, count: int) -> Floats:
        """Add up the squared distances of `count` rows from the last one's centre."""
        return self.products(values, centre, values, centre, count)

    def products(self, one: Floats, centre: Floats, other: Floats, middle: Floats, count: int) -> Floats:
        """Add up the products of two columns' distances from the last row's centres."""
        skipped = min(count - 1, len(one))
        total = np.zeros(len(one) - skipped)
        for here, there in zip(_lags(one, count), _lags(other, count), strict=True):
            total += (here - centre[skipped:]) * (there - middle[skipped:])
        return self._whole(total, count)

    def moves(self, values: Floats, count: int) -> NDArray[np.bool_]:
        """Tell whether the `count` rows up to each are not all the same."""
        changed = (values != self.before(values, 1)).astype(np.float64)
        return self.sums(changed, count - 1) > 0

    def before(self, values: Floats, count: int) -> Floats:
        """Return the value that stands `count` rows before each."""
        earlier = np.full(len(values), np.nan)
        earlier[count:] = values[: max(len(values) - count, 0)]
        return np.where(self.place >= count, earlier, np.nan)

    def price_change(self, count: int) -> Floats:
        """Return the change of the close over `count` rows, as a fraction of what it was."""
        close = np.asarray(numbers(self.frame, "close"), np.float64)[self.rows.order]
        close = np.where(close > 0, close, np.nan)
        return close / self.before(close, count) - 1

    def back(self, values: Floats) -> Floats:
        """Return values in the frame's own order."""
        return restored(values, self.rows)

    def series(self, values: Floats, name: str) -> pd.Series[float]:
        """Return values in the frame's own order, with its index and facts."""
        series = pd.Series(self.back(values), self.frame.index, name=name)
        series.attrs = copy.deepcopy(self.facts)
        return series

    def table(self, columns: dict[str, Floats]) -> pd.DataFrame:
        """Return columns of values in the frame's own order, with its index and facts."""
        held = {name: self.back(values) for name, values in columns.items()}
        frame = pd.DataFrame(held, self.frame.index, columns=pd.Index(list(columns), dtype="str"))
        frame.attrs = copy.deepcopy(self.facts)
        return frame

    def _whole(self, values: Floats, count: int) -> Floats:
        """Put windows behind rows that have none, and leave none that holds another run's rows."""
        padded = np.concatenate([np.full(len(self.place) - len(values), np.nan), values])
        return np.where(self.place >= count - 1, padded, np.nan)


def _lags(values: Floats, count: int) -> list[Floats]:
    """Return the last row of each window of `count` rows, then the one before it, and so on."""
    last = len(values)
    skipped = min(count - 1, last)
    backs = range(count) if count <= last else range(1)
    return [values[skipped - back : last - back] for back in backs]


def _within_sessions(frame: pd.DataFrame) -> bool:
    """Tell whether windows end with the session; rows of whole sessions stand beside each other."""
    facts = frame.attrs[ATTRS]
    return facts.get("period") == "intraday" and MinuteInterval.of(facts).length is not None


def _facts(frame: pd.DataFrame, values: pd.Series[float]) -> Attrs:
    facts = facts_of(frame, values)
    facts[ATTRS]["cumulative"] = False
    facts[ATTRS].pop(BEGINS, None)
    return facts
