"""Price and flow together: which of four quadrants a row is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pd_capflow.flow.measures.columns import check_whole
from pd_capflow.flow.measures.course import Course

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["QUADRANTS", "quadrant"]

#: The price went up or down, and money came in or went out.
QUADRANTS = ("up_in", "up_out", "down_in", "down_out")


def quadrant(frame: pd.DataFrame, rows: int = 1, column: str = "in_flow") -> pd.DataFrame:
    """Return price and flow over the same rows, and the quadrant that they make.

    ``price_change[i] = close[i] / close[i - rows] - 1`` and ``flow[i] = own[i - rows + 1] + ... + own[i]``

    Parameters
    ----------
    frame : DataFrame
        Capital flow with a column ``close``, as `with_price` adds it. Running totals are taken apart.
    rows : int, default 1
        Over how many rows.
    column : str, default "in_flow"
        Whose flow.

    Returns
    -------
    DataFrame
        Same index. Columns ``price_change`` (``float64``, a fraction: 0.01 is one per cent up), ``flow``
        (``float64``, in the frame's currency) and ``quadrant``, an ordered categorical of ``up_in, up_out,
        down_in, down_out``. NaN where price or flow is unknown: so are the first `rows` rows of a code, of
        minutes those of each session. There is no quadrant either where one of them is exactly 0.

    Raises
    ------
    QueryError
        If a column is not there, or `rows` is no whole number of at least 1.

    Notes
    -----
    The close is not adjusted: a dividend or a split changes the price of its day.

    Examples
    --------
    >>> import pd_capflow
    >>> client = pd_capflow.connect("demo://")
    >>> frame = client.capital_flow("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> found = quadrant(frame.capflow.with_price(client))
    >>> found["quadrant"].isna().tolist()
    [True, False, False, False, False]
    >>> found["quadrant"].cat.categories.tolist()
    ['up_in', 'up_out', 'down_in', 'down_out']
    """
    count = check_whole("rows", rows)
    course = Course.of(frame, column)
    change, flow = course.price_change(count), course.sums(course.flow, count)
    result = course.table({"price_change": change, "flow": flow})
    up, into = (np.sign(result[name].to_numpy(np.float64)) for name in result.columns)
    known = (up * into != 0) & ~np.isnan(up * into)
    place: NDArray[np.int64] = np.where(known, (up < 0) * 2 + (into < 0), -1)
    result["quadrant"] = pd.Categorical.from_codes(place, pd.Index(QUADRANTS), ordered=True)
    return result
