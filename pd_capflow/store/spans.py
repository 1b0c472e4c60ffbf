"""The week or month that a row is of.

A gateway dates the row of a week or month that still runs with the last session that it has so far. So the
row that it serves on Friday is Tuesday's, grown, although it has another time; of one week, the row of the
latest day is the only one to keep, lest a week counts twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

__all__ = ["GROWING", "begins_of", "outgrown", "span_around"]

#: Offsets of the periods whose last row moves as it grows.
GROWING = {"week": "W-SUN", "month": "M"}


def begins_of(days: pd.Series[Any], period: str) -> pd.Series[Any]:
    """Return the first day of the week or month of each day; of other periods the day itself."""
    offset = GROWING.get(period)
    return days if offset is None else days.dt.to_period(offset).dt.start_time.dt.as_unit("s")


def span_around(first: date, last: date, period: str) -> tuple[date, date]:
    """Return the days of all weeks or months that two days and those between are of.

    Examples
    --------
    >>> from datetime import date
    >>> [str(day) for day in span_around(date(2026, 1, 6), date(2026, 1, 15), "week")]
    ['2026-01-05', '2026-01-18']
    """
    offset = GROWING.get(period)
    if offset is None:
        return first, last
    begin, end = pd.Period(first, offset), pd.Period(last, offset)
    return begin.start_time.date(), (end + 1).start_time.date() - timedelta(days=1)


def outgrown(rows: pd.DataFrame, other: pd.DataFrame, period: str) -> NDArray[Any]:
    """Tell of each row whether the other rows have a later one of the same code and week, or month.

    Parameters
    ----------
    rows, other : pandas.DataFrame
        With ``code``, ``session`` and ``empty``.
    period : str
        Of a period whose rows do not move none is.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if period not in GROWING:
        return pd.Series(False, index=range(len(rows))).to_numpy(bool)
    mine, theirs = _latest(rows, period), _latest(other, period)
    group = ["code", "span"]
    spans = rows[["code"]].assign(span=begins_of(rows["session"], period))
    both = spans.merge(mine, on=group, how="left").merge(
        theirs, on=group, how="left", suffixes=("", "_other")
    )
    return (both["session_other"] > both["session"]).to_numpy(bool)


def _latest(rows: pd.DataFrame, period: str) -> pd.DataFrame:
    held = rows[~rows["empty"].to_numpy(bool)]
    spans = held[["code", "session"]].assign(span=begins_of(held["session"], period))
    return spans.groupby(["code", "span"], as_index=False).agg(session=("session", "max"))
