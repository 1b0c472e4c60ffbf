"""Price and flow: whether they go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.flow.measures.columns import check_whole
from pd_capflow.flow.measures.course import Course

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["contradiction", "correlation", "divergence"]


def correlation(frame: pd.DataFrame, rows: int = 20, column: str = "in_flow") -> pd.Series[float]:
    """Return the correlation of flow and price over the last rows.

    Pearson's, of ``own[i]`` and ``close[i] / close[i - 1] - 1``, over `rows` rows up to each.

    Parameters
    ----------
    frame : DataFrame
        Capital flow with a column ``close``, as `with_price` adds it. Running totals are taken apart.
    rows : int, default 20
        Over how many rows, at least 3: two points always lie on a line.
    column : str, default "in_flow"
        Whose flow. ``"main_in_flow"`` is derived where the gateway sent none.

    Returns
    -------
    Series
        Named ``correlation``, same index; ``float64`` from -1 to 1, without unit. NaN where one of the
        flows or changes is unknown, and where flow or change are the same in all rows. The first value of a
        code, of minutes of a session, is at its row `rows` + 1, since its first row has no change.

    Raises
    ------
    QueryError
        If a column is not there, or `rows` is no whole number of at least 3.

    Notes
    -----
    The close is not adjusted: a dividend or a split changes the price of its day.

    Examples
    --------
    >>> import pd_capflow
    >>> client = pd_capflow.connect("demo://")
    >>> frame = client.capital_flow("HK.00700", "day", "2026-01-05", "2026-01-09").capflow.with_price(client)
    >>> change = frame["close"].pct_change()
    >>> bool(abs(correlation(frame, 4).iloc[-1] - frame["in_flow"].iloc[1:].corr(change)) < 1e-9)
    True
    """
    count = check_whole("rows", rows, 3)
    course = Course.of(frame, column)
    flow, change = course.flow, course.price_change(1)
    means = course.sums(flow, count) / count, course.sums(change, count) / count
    spread = np.sqrt(course.squares(flow, means[0], count)) * np.sqrt(course.squares(change, means[1], count))
    known = course.moves(flow, count) & course.moves(change, count) & (spread > 0)
    shared = course.products(flow, means[0], change, means[1], count)
    values = np.where(known, shared, np.nan) / np.where(known, spread, 1.0)
    return course.series(np.clip(values, -1, 1), "correlation")


def divergence(frame: pd.DataFrame, rows: int = 5, column: str = "in_flow") -> pd.Series[float]:
    """Return where money and price went opposite ways.

    1 where money came in while the price fell, -1 where it went out while the price rose, over the same
    `rows` rows, as by `quadrant`.

    Parameters
    ----------
    frame : DataFrame
        Capital flow with a column ``close``, as `with_price` adds it. Running totals are taken apart.
    rows : int, default 5
        Over how many rows.
    column : str, default "in_flow"
        Whose flow. ``"main_in_flow"`` is derived where the gateway sent none.

    Returns
    -------
    Series
        Named ``divergence``, same index; ``float64`` of -1, 0 and 1. 0 where they went the same way or one
        of them did not move. NaN where price or flow is unknown, as in the first `rows` rows of a code, of
        minutes of each session.

    Raises
    ------
    QueryError
        If a column is not there, or `rows` is no whole number of at least 1.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700", "day", "2026-01-05", "2026-01-08")
    >>> opposed = frame.assign(in_flow=[1.0, 2.0, -2.0, 2.0], close=[10.0, 9.0, 9.5, 9.9])
    >>> divergence(opposed, rows=1).tolist()
    [nan, 1.0, -1.0, 0.0]
    """
    count = check_whole("rows", rows)
    course = Course.of(frame, column)
    return course.series(contradiction(course, count), "divergence")


def contradiction(course: Course, count: int) -> NDArray[np.float64]:
    """Return the divergence over `count` rows, in a course's order."""
    price, flow = np.sign(course.price_change(count)), np.sign(course.sums(course.flow, count))
    known = ~np.isnan(price * flow)
    return np.where(known, np.where(price * flow < 0, flow, 0.0), np.nan)
