"""Where the flow is going: its sums over the last rows, and today against the days before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pd_capflow.flow.measures.columns import check_whole
from pd_capflow.flow.measures.course import Course

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["acceleration", "rolling"]


def rolling(
    frame: pd.DataFrame, windows: int | Iterable[int] = (3, 5, 10, 20), column: str = "in_flow"
) -> pd.DataFrame:
    """Return sums of each row's own flow and those of the rows before it.

    ``sum_n[i] = own[i - n + 1] + ... + own[i]``

    Parameters
    ----------
    frame : DataFrame
        Capital flow. Running totals are taken apart.
    windows : int or iterable of int, default (3, 5, 10, 20)
        Of how many rows.
    column : str, default "in_flow"
        Whose sums. ``"main_in_flow"`` is derived where the gateway sent none.

    Returns
    -------
    DataFrame
        Same index, in the frame's unit; a ``float64`` column ``sum_n`` for each window. Windows hold rows
        of one code and, of minutes, of one session. NaN where there are not yet enough rows, and where one
        of them is unknown: nothing is skipped.

    Raises
    ------
    QueryError
        If there is no such column, or a window is no whole number of at least 1.

    Notes
    -----
    ``frame.assign(**rolling(frame))`` has both, and can be ranked by ``"sum_5"``.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> sums = rolling(frame, (1, 3))
    >>> sums["sum_3"].isna().tolist()
    [True, True, False, False, False]
    >>> bool(sums["sum_3"].iloc[-1] == frame["in_flow"].iloc[-3:].sum())
    True
    """
    counts = [check_whole("windows", count) for count in _each(windows)]
    course = Course.of(frame, column)
    return course.table({f"sum_{count}": course.sums(course.flow, count) for count in counts})


def acceleration(frame: pd.DataFrame, rows: int = 3, column: str = "in_flow") -> pd.Series[float]:
    """Return each row's own flow less the mean of the rows before it.

    ``acceleration[i] = own[i] - (own[i - rows] + ... + own[i - 1]) / rows``

    Parameters
    ----------
    frame : DataFrame
        Capital flow. Running totals are taken apart.
    rows : int, default 3
        How many rows before it.
    column : str, default "in_flow"
        Whose flow. ``"main_in_flow"`` is derived where the gateway sent none.

    Returns
    -------
    Series
        Named ``acceleration``, same index, in the frame's unit: positive where more came in, or less went
        out, than in the mean. NaN where the row or one of those before it is unknown; so are the first
        `rows` rows of a code, of minutes those of each session.

    Raises
    ------
    QueryError
        If there is no such column, or `rows` is no whole number of at least 1.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> today, before = frame["in_flow"].iloc[-1], frame["in_flow"].iloc[-4:-1]
    >>> bool(abs(acceleration(frame).iloc[-1] - (today - before.mean())) < 1)
    True
    """
    count = check_whole("rows", rows)
    course = Course.of(frame, column)
    mean = course.before(course.sums(course.flow, count), 1) / count
    return course.series(course.flow - mean, "acceleration")


def _each(windows: int | Iterable[int]) -> list[int]:
    return list(windows) if isinstance(windows, Iterable) else [windows]
