"""Fewer, longer rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import ATTRS
from pd_capflow.flow.intervals import INTERVAL, MinuteInterval, check_fits, read_rule
from pd_capflow.flow.measures.running import cumulative, delta, is_cumulative
from pd_capflow.flow.measures.runs import amounts, columns, spans
from pd_capflow.flow.sessions import rows_of
from pd_capflow.flow.totals import BEGINS, opens

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pd_capflow.flow.sessions import Rows

__all__ = ["resample"]


def resample(frame: pd.DataFrame, rule: Any) -> pd.DataFrame:
    """Return fewer, longer rows.

    Parameters
    ----------
    frame : DataFrame
        Capital flow: running totals take each interval's last row, flows add up.
    rule : str, Timedelta or DateOffset
        For minutes a length from ``"1min"`` to a day, such as ``"5min"`` or ``"1h"``; ``"1D"`` gives a row
        a session. For days, weeks and months a calendar rule such as ``"W"`` or ``"ME"``. Either way one
        that holds the frame's rows whole.

    Returns
    -------
    DataFrame
        Same columns and units; ``attrs["capflow"]["interval"]`` is the rule. Intervals of minutes begin
        anew at each open and after each rest, so none holds two sessions or both sides of a lunch break.
        Each row carries the time of the last row that went into it. An absent value (NaN) makes the sum
        that it belongs to NaN; so does a session's beginning that is not there, as in a slice: the first
        interval of its flows is unknown unless the rows begin where it does. Totals that do not begin at
        the open begin anew with the first interval that is known. For days and longer rows, the first
        interval holds what there is from the frame's first row on.

    Raises
    ------
    QueryError
        If the rule is none, or the frame's rows do not fit into it: if it is shorter than they are, or
        cuts them, as 45 minutes cut half hours and months cut weeks.

    Notes
    -----
    Use this, not ``frame.resample()`` or ``frame.groupby().sum()`` of pandas: these keep the facts in
    ``attrs``, so that sums of running totals would still say that they are running totals.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700", "day", "2026-01-05", "2026-01-16")
    >>> [f"{day:%m-%d}" for day in resample(frame, "W").index]
    ['01-09', '01-16']
    """
    summed = not is_cumulative(frame)
    if not summed and BEGINS in frame.attrs[ATTRS]:
        return cumulative(resample(delta(frame), rule))
    offset, rows = read_rule(rule), rows_of(frame)
    intraday = frame.attrs[ATTRS].get("period") == "intraday"
    bins, known = _minutes(frame, rows, offset, rule) if intraday else _calendar(frame, rows, offset, rule)
    parts = spans(bins[rows.order])
    result = frame.iloc[rows.order[[end - 1 for _, end in parts]]].copy()
    result.attrs[ATTRS][INTERVAL] = offset.freqstr
    if summed:
        values = np.where(known[:, None], amounts(frame), np.nan)[rows.order]
        if parts:
            result[columns(frame)] = np.add.reduceat(values, [start for start, _ in parts], axis=0)
    result.attrs[ATTRS].setdefault("partial", "rows")
    return result


def _minutes(
    frame: pd.DataFrame, rows: Rows, offset: pd.offsets.BaseOffset, rule: Any
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the interval of each row, and which rows do not stand for one that lacks its beginning."""
    shorter, longer = MinuteInterval.of(frame.attrs[ATTRS]), MinuteInterval.read(offset, rule)
    if not longer.holds(shorter):
        told = frame.attrs[ATTRS].get(INTERVAL, "1min")
        raise QueryError(
            f"rule {rule!r} does not hold rows of {told} whole; expected a multiple of {told}, or '1D'"
        )
    first = np.zeros(len(frame), np.bool_)
    first[rows.order[[start for start, _ in spans(rows.session[rows.order])]]] = True
    whole = np.where(longer.opens(rows), opens(frame, rows), shorter.begins(rows) == longer.begins(rows))
    if shorter.served:  # whether 13:01 is the first row after the rest or the second, nobody knows
        whole &= longer.opens(rows) | (longer.begins(rows) > 0) | (rows.into <= 0)
    return longer.bins(rows), ~first | whole


def _calendar(
    frame: pd.DataFrame, rows: Rows, offset: pd.offsets.BaseOffset, rule: Any
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    check_fits(frame.attrs[ATTRS], offset, rule)
    days = rows.day.to_numpy()
    bins = np.zeros(len(frame), np.int64)
    first = pd.Series(days).groupby(rows.code).transform("min").to_numpy()
    for day in np.unique(first):  # where the first interval begins, which most codes share
        mine = first == day
        distinct, places = np.unique(days[mine], return_inverse=True)
        # In order: of days in another, pandas numbers the groups wrongly.
        groups = pd.Series(0, index=pd.DatetimeIndex(distinct)).groupby(pd.Grouper(freq=offset))
        bins[mine] = groups.ngroup().to_numpy()[places]
    return rows.code * (len(frame) + 1) + bins, np.ones(len(frame), np.bool_)
