"""How unusual a row is for its code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.flow.measures.columns import check_whole
from pd_capflow.flow.measures.course import Course

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["score", "zscore"]


def zscore(frame: pd.DataFrame, rows: int = 60, column: str = "in_flow") -> pd.Series[float]:
    """Return how many standard deviations each row is from its code's own past.

    ``zscore[i] = (own[i] - mean(past)) / std(past)``, where ``past`` is ``own[i - rows] ... own[i - 1]``
    and ``std`` divides by ``rows - 1``. The row itself is not in its past, so an unusual one does not hide
    itself.

    Parameters
    ----------
    frame : DataFrame
        Capital flow. Running totals are taken apart.
    rows : int, default 60
        How many rows make the past, at least 2.
    column : str, default "in_flow"
        Any column of numbers, such as ``"main_in_flow"``, which is derived where the gateway sent none, or
        a share of turnover joined on. Of running totals only their flows and turnover.

    Returns
    -------
    Series
        Named ``zscore``, same index; ``float64`` without unit. NaN where the row or one of its past is
        unknown, so in the first `rows` rows of a code, of minutes of each session; and where the past is
        the same in all rows, so that nothing can be said of how unusual another value is.

    Raises
    ------
    QueryError
        If there is no such column, or `rows` is no whole number of at least 2.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700", "day", "2026-01-05", "2026-01-08")
    >>> zscore(frame.assign(in_flow=[1.0, 2.0, 3.0, 5.0]), rows=3).tolist()
    [nan, nan, nan, 3.0]
    """
    course = Course.of(frame, column)
    return course.series(score(course, check_whole("rows", rows, 2)), "zscore")


def score(course: Course, count: int) -> NDArray[np.float64]:
    """Return the standard scores of a course's rows, in its order."""
    mean = course.sums(course.flow, count) / count
    spread = np.sqrt(course.squares(course.flow, mean, count) / (count - 1))
    spread = np.where(course.moves(course.flow, count) & (spread > 0), spread, np.nan)
    return (course.flow - course.before(mean, 1)) / course.before(spread, 1)
