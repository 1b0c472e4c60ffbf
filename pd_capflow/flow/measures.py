"""Measures: pure functions from a capital-flow frame to a frame or series.

What is not known is NaN and stays NaN: no measure fills, skips or guesses. Every function leaves its
argument as it was.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import ATTRS, FLOW_COLUMNS, TIERS
from pd_capflow.flow.sessions import Rows, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MICROSECOND = pd.Timedelta(1, unit="us")
# How long the rows of a period are at the least.
_SHORTEST = {"week": pd.Timedelta(7, unit="D"), "month": pd.Timedelta(28, unit="D")}
_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US
_MINUTE_US = 60 * _SECOND_US

__all__ = ["cumulative", "delta", "is_cumulative", "main", "resample", "tiers"]


def is_cumulative(frame: pd.DataFrame) -> bool:
    """Return whether the rows are running totals.

    Raises
    ------
    QueryError
        If the frame does not say so itself.
    """
    told = frame.attrs.get(ATTRS, {}).get("cumulative")
    if not isinstance(told, bool):
        raise QueryError(
            "the frame does not say whether its rows are cumulative (attrs['capflow']['cumulative'] is "
            "missing, as after pivot or concat); copy the attrs of the frames it was made from"
        )
    return told


def delta(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the flow of each row's own interval.

    Parameters
    ----------
    frame : DataFrame
        Capital flow. Rows that are not cumulative come back as they are.

    Returns
    -------
    DataFrame
        Same shape, columns and units; ``attrs["capflow"]["cumulative"]`` is False. Running totals of
        minutes are differenced within each code's session. A session's first row is its own flow if it
        stands at the open; otherwise what came before it is unknown and it is NaN. A row beside an
        absent one (NaN) is NaN.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700")
    >>> minute = delta(frame)
    >>> bool(minute["in_flow"].sum() == frame["in_flow"].iloc[-1])
    True
    """
    if not is_cumulative(frame):
        return _like(frame, _amounts(frame), cumulative=False)
    rows = rows_of(frame)
    group, from_zero = _runs(frame, rows)
    values = _amounts(frame)[rows.order]
    own = np.empty_like(values)
    own[1:] = values[1:] - values[:-1]
    first = _starts(group[rows.order])
    own[first] = np.where(from_zero[rows.order[first], None], values[first], np.nan)
    return _marked(_like(frame, _restored(own, rows), cumulative=False), rows, "rows")


def cumulative(frame: pd.DataFrame) -> pd.DataFrame:
    """Return running totals: the inverse of `delta`.

    Parameters
    ----------
    frame : DataFrame
        Capital flow. Rows that are cumulative come back as they are.

    Returns
    -------
    DataFrame
        Same shape, columns and units; ``attrs["capflow"]["cumulative"]`` is True. Minutes add up within
        each code's session, longer periods from each code's first row on. From an absent value (NaN) on
        the total is unknown, and NaN, until the next session.
    """
    if is_cumulative(frame):
        return _like(frame, _amounts(frame), cumulative=True)
    rows = rows_of(frame)
    group, _ = _runs(frame, rows)
    totals = _amounts(frame)[rows.order]
    for start, end in _spans(group[rows.order]):
        totals[start:end] = totals[start:end].cumsum(axis=0)
    return _marked(_like(frame, _restored(totals, rows), cumulative=True), rows, "total")


def main(frame: pd.DataFrame) -> pd.Series[float]:
    """Return the main flow: super and big orders together.

    Parameters
    ----------
    frame : DataFrame
        Capital flow, cumulative or not.

    Returns
    -------
    Series
        Named ``main_in_flow``, in the frame's unit. Where the gateway sent a main flow, that; where it
        did not, as intraday, ``super_in_flow + big_in_flow``. ``attrs["capflow"]["derived"]`` is True if
        any row was derived.
    """
    sent = frame["main_in_flow"]
    derived = sent.isna()
    series = sent.where(~derived, frame["super_in_flow"] + frame["big_in_flow"]).rename("main_in_flow")
    series.attrs[ATTRS] = copy.deepcopy(frame.attrs.get(ATTRS, {})) | {"derived": bool(derived.any())}
    return series


def tiers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the tiers in long form, one row for each time and tier.

    Parameters
    ----------
    frame : DataFrame
        Capital flow, cumulative or not.

    Returns
    -------
    DataFrame
        Columns ``time``, ``tier`` (categorical: super, big, mid, sml) and ``flow`` (float64, in the
        frame's unit), and ``code`` before them if the frame has that level. Ordered by time, then tier.
    """
    wide = frame[[f"{tier}_in_flow" for tier in TIERS]].set_axis(list(TIERS), axis=1)
    keys = frame.index.to_frame(index=False)
    long = keys.loc[np.repeat(np.arange(len(keys)), len(TIERS))].reset_index(drop=True)
    long["tier"] = pd.Categorical(np.tile(TIERS, len(keys)), categories=TIERS, ordered=True)
    long["flow"] = wide.to_numpy(np.float64).ravel()
    long.attrs = copy.deepcopy(frame.attrs)
    return long


def resample(frame: pd.DataFrame, rule: Any) -> pd.DataFrame:
    """Return fewer, longer rows.

    Parameters
    ----------
    frame : DataFrame
        Capital flow: running totals take each interval's last row, flows add up.
    rule : str, Timedelta or DateOffset
        For minutes a length of up to a day, such as ``"5min"`` or ``"1h"``; ``"1D"`` gives a row a
        session. For days, weeks and months a calendar rule such as ``"W"`` or ``"ME"``.

    Returns
    -------
    DataFrame
        Same columns and units. Intervals of minutes begin anew at each open and after each rest, so none
        holds two sessions or both sides of a lunch break. Each row carries the time of the last row that
        went into it. An absent value (NaN) makes the sum that it belongs to NaN.

    Raises
    ------
    QueryError
        If the rule is none, or is shorter than the frame's rows.
    """
    offset = _offset(rule)
    summed = not is_cumulative(frame)
    rows = rows_of(frame)
    intraday = frame.attrs[ATTRS].get("period") == "intraday"
    group = _minute_bins(rows, offset, rule) if intraday else _calendar_bins(frame, rows, offset, rule)
    spans = _spans(group[rows.order])
    last = rows.order[np.array([end - 1 for _, end in spans], dtype=np.int64)]
    result = frame.iloc[last].copy()
    if summed:
        values = _amounts(frame)[rows.order]
        sums = [values[start:end].sum(axis=0) for start, end in spans]
        result[_columns(frame)] = np.reshape(sums, (len(spans), values.shape[1]))
    result.attrs[ATTRS].setdefault("partial", "rows")
    return result


def _columns(frame: pd.DataFrame) -> list[str]:
    # Turnover that was joined on goes through all that flow goes through, or their quotient would be wrong.
    return [column for column in (*FLOW_COLUMNS, "turnover") if column in frame.columns]


def _amounts(frame: pd.DataFrame) -> NDArray[np.float64]:
    return frame[_columns(frame)].to_numpy(np.float64)


def _restored(values: NDArray[np.float64], rows: Rows) -> NDArray[np.float64]:
    """Bring values from the order of sessions and times back into the frame's."""
    restored = np.empty_like(values)
    restored[rows.order] = values
    return restored


def _like(frame: pd.DataFrame, values: NDArray[np.float64], *, cumulative: bool) -> pd.DataFrame:
    result = frame.copy()
    result[_columns(frame)] = values
    result.attrs[ATTRS]["cumulative"] = cumulative
    return result


def _marked(frame: pd.DataFrame, rows: Rows, what: str) -> pd.DataFrame:
    """Mark a frame whose labels do not tell any more what its rows, or its totals, are made of."""
    facts = frame.attrs[ATTRS]
    if facts.get("period") != "intraday" or not _is_whole(rows, opened=what == "total"):
        facts["partial"] = what
    return frame


def _is_whole(rows: Rows, *, opened: bool) -> bool:
    """Tell whether there is a row for each minute, and for the open of each session if that matters."""
    session, part, into = (column[rows.order] for column in (rows.session, rows.part, rows.into))
    same = (session[1:] == session[:-1]) & (part[1:] == part[:-1])
    gaps = same & (into[1:] - into[:-1] > _MINUTE_US)
    return not gaps.any() and (not opened or bool(rows.opens[rows.order][_starts(session)].all()))


def _runs(frame: pd.DataFrame, rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return which running total each row belongs to, and whether one that begins there begins at zero."""
    if frame.attrs[ATTRS].get("period") == "intraday":
        return rows.session, rows.opens
    return rows.code, np.ones(len(frame), np.bool_)


def _starts(group: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(group) == 0:
        return np.empty(0, np.int64)
    return np.concatenate([[0], np.flatnonzero(group[1:] != group[:-1]) + 1])


def _spans(group: NDArray[np.int64]) -> list[tuple[int, int]]:
    starts = _starts(group).tolist()
    return list(zip(starts, [*starts, len(group)][1:], strict=True))


def _offset(rule: Any) -> pd.offsets.BaseOffset:
    try:
        offset: pd.offsets.BaseOffset | None = pd.tseries.frequencies.to_offset(rule)
    except (ValueError, TypeError) as error:
        raise QueryError(f"unknown rule {rule!r}; expected one such as '5min', '1h', 'W' or 'ME'") from error
    if offset is None or offset.n < 1:
        raise QueryError(f"unknown rule {rule!r}; expected one such as '5min', '1h', 'W' or 'ME'")
    return offset


def _minute_bins(rows: Rows, offset: pd.offsets.BaseOffset, rule: Any) -> NDArray[np.int64]:
    if isinstance(offset, pd.offsets.Day) and offset.n == 1:
        return rows.session
    length = pd.Timedelta(offset) // _MICROSECOND if isinstance(offset, pd.offsets.Tick) else 0
    if not _SECOND_US <= length <= _DAY_US:
        raise QueryError(
            f"rule {rule!r} for minutes; expected a length from '1s' to '1D' (longer: fetch(period='week'))"
        )
    # An interval is open at its beginning: the row labelled 10:00 ends the half hour from 09:30.
    number = np.maximum(-(-rows.into // length) - 1, 0)
    return rows.session << 20 | rows.part << 17 | number  # a day has fewer than 2**17 seconds


def _length(offset: pd.offsets.BaseOffset) -> pd.Timedelta:
    """Return how long an interval of a calendar rule is, from one of its edges to the next."""
    edge = pd.Timestamp("2025-01-01") + offset
    return (edge + offset) - edge


def _calendar_bins(
    frame: pd.DataFrame, rows: Rows, offset: pd.offsets.BaseOffset, rule: Any
) -> NDArray[np.int64]:
    shortest = _SHORTEST.get(frame.attrs[ATTRS].get("period"), pd.Timedelta(0))
    if isinstance(offset, pd.offsets.Tick) or _length(offset) < shortest:
        raise QueryError(f"rule {rule!r} is shorter than the frame's rows; expected one such as 'W' or 'ME'")
    days = rows.day
    bins = np.zeros(len(frame), np.int64)
    for number in np.unique(rows.code):
        mine = rows.code == number
        groups = pd.Series(0, index=days[mine]).groupby(pd.Grouper(freq=offset))
        bins[mine] = groups.ngroup().to_numpy()
    return rows.code * (len(frame) + 1) + bins
