"""Streaks: how many rows in a row money has come in, or gone out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.flow.measures.course import Course

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Streaks", "streak"]


def streak(frame: pd.DataFrame, column: str = "in_flow") -> pd.Series[float]:
    """Return how many rows in a row money has come in (positive) or gone out (negative).

    ``streak[i] = sign(own[i]) * (rows up to i of that sign, without a break)``

    Parameters
    ----------
    frame : DataFrame
        Capital flow. Running totals are taken apart.
    column : str, default "in_flow"
        Whose flow. ``"main_in_flow"`` is derived where the gateway sent none.

    Returns
    -------
    Series
        Named ``streak``, same index; ``float64`` without unit. 0 where nothing flowed on balance, which
        ends a streak; NaN where the flow is unknown, after which it is counted anew. Counted within each
        code and, of minutes, within each session, from the first row in the frame: a streak that reaches
        it, or an unknown row, may have been longer.

    Raises
    ------
    QueryError
        If there is no such column.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> streak(frame.assign(in_flow=[5.0, 3.0, -1.0, 0.0, 2.0])).tolist()
    [1.0, 2.0, -1.0, 0.0, 1.0]
    """
    course = Course.of(frame, column)
    return course.series(Streaks.of(course).length, "streak")


@dataclass(frozen=True, slots=True, eq=False)
class Streaks:
    """The streaks of a course.

    Attributes
    ----------
    length : ndarray of float64, shape (n,)
        As by `streak`, in the course's order.
    whole : ndarray of bool, shape (n,)
        Whether the beginning of the row's streak is known, so that it was not longer.
    """

    length: NDArray[np.float64]
    whole: NDArray[np.bool_]

    @classmethod
    def of(cls, course: Course) -> Streaks:
        """Count the rows of equal sign."""
        sign = np.sign(course.flow)
        before = course.before(sign, 1)
        begins = sign != before  # also where either is unknown, and where there is none before
        first = np.flatnonzero(begins)[np.cumsum(begins) - 1] if len(sign) else np.empty(0, np.int64)
        count = np.arange(len(sign)) - first + 1
        known = ~np.isnan(before) | course.opened
        return cls(sign * count, known[first])
