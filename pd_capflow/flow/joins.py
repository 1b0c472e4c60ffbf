"""Candlesticks beside flow: close, turnover, and the share of turnover (净占比).

Minutes are joined by their instants; days, weeks and months by the exchange's calendar, since a gateway
may date a week with any of its days. Nothing is ever joined by position. What has no partner is NaN.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import ATTRS, TIERS, facts_in
from pd_capflow.flow.measures import is_cumulative
from pd_capflow.flow.measures.columns import numbers
from pd_capflow.flow.measures.held import holds
from pd_capflow.flow.queries.history import History
from pd_capflow.flow.sessions import codes_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Keys = NDArray[np.int64]

__all__ = ["check_source", "codes_of", "questions", "share", "source_of", "with_candles", "with_names"]

_BARS = {"intraday": "minute", "day": "day", "week": "week", "month": "month"}
# How many days a row's candlestick may be dated away from the row.
_REACH = {"week": timedelta(days=7), "month": timedelta(days=31)}
_MOST_NAMES = 50


def questions(frame: pd.DataFrame) -> dict[str, History]:
    """Return which candlesticks to ask for, by code; none for a frame without rows.

    Raises
    ------
    QueryError
        If the frame does not tell its codes or its period.
    """
    period = _period(frame)
    number, securities = codes_of(frame)
    days = rows_of(frame).day if len(frame) else pd.DatetimeIndex([])
    reach = _REACH.get(period, timedelta(0))
    asked = {}
    for place, security in enumerate(securities):
        mine = days[number == place]
        if len(mine):
            first, last = mine.min().date() - reach, mine.max().date() + reach
            asked[str(security)] = History(security, _BARS[period], first, last)
    return asked


def _period(frame: pd.DataFrame) -> str:
    period = facts_in(frame).get("period")
    if not isinstance(period, str) or period not in _BARS:
        raise QueryError("the frame does not tell its period; expected a frame as fetch() gives it")
    return period


def source_of(frame: pd.DataFrame) -> dict[str, Any]:
    """Return what a frame tells of its source, ``url`` at least; raise `QueryError` if it does not."""
    own = facts_in(frame).get("source")
    if not isinstance(own, dict) or "url" not in own:
        raise QueryError("the frame does not tell its source; expected a frame as fetch() gives it")
    return own


def check_source(frame: pd.DataFrame, source: Mapping[str, Any]) -> None:
    """Raise `QueryError` unless a frame comes from a source: invented prices never stand beside real flow."""
    own = source_of(frame)
    mismatch = [key for key in ("url", "demo") if own.get(key) != source.get(key)]
    if mismatch:
        raise QueryError(
            f"the frame is from {_named(own)} and would be joined with {_named(source)}; pass the client "
            "that the frame came from, as client=..."
        )


def _named(source: Mapping[str, Any]) -> str:
    return f"{source.get('url')}{' (demo data)' if source.get('demo') else ''}"


def with_candles(frame: pd.DataFrame, candles: Mapping[str, pd.DataFrame], column: str) -> pd.DataFrame:
    """Return a frame with a column of its candlesticks.

    Parameters
    ----------
    frame : DataFrame
        Capital flow.
    candles : mapping of str to DataFrame
        The answers to `questions`, by code.
    column : {"close", "turnover"}
        Turnover is cumulative where the frame is.

    Returns
    -------
    DataFrame
        The same rows and attrs, and the column as ``float64``, NaN where there is no candlestick.

    Raises
    ------
    QueryError
        If a candlestick comes from another source, or the turnover of the rows cannot be told.
    """
    period = _period(frame)
    number, securities = codes_of(frame)
    running = column == "turnover" and _is_running(frame, period)
    keys = _keys(rows_of(frame).day, _instants(frame), period) if len(frame) else np.empty(0, np.int64)
    values = np.full(len(frame), np.nan)
    for place, security in enumerate(securities):
        if (bars := candles.get(str(security))) is not None:
            check_source(frame, bars.attrs[ATTRS]["source"])
            mine = number == place
            values[mine] = _matching(bars, keys[mine], period, column, running=running)
    result = frame.copy()
    result[column] = values
    return result


def _is_running(frame: pd.DataFrame, period: str) -> bool:
    """Tell whether turnover is to be cumulative; raise where the rows' own intervals are not known."""
    running = is_cumulative(frame)
    partial = frame.attrs[ATTRS].get("partial")
    known = period == "intraday" and partial != "total" if running else partial is None
    if not known:
        raise QueryError(
            "which interval each row stands for cannot be told any more; join first and measure then, such "
            "as frame.capflow.with_turnover().capflow.resample('30min')"
        )
    return running


def _instants(frame: pd.DataFrame) -> Keys:
    times = frame.index.get_level_values("time") if "time" in frame.index.names else frame.index
    return pd.DatetimeIndex(times).as_unit("us").asi8


def _keys(days: pd.DatetimeIndex, instants: Keys, period: str) -> Keys:
    """Return what tells rows that belong together: the instant, or the number of the day, week or month."""
    if period == "intraday":
        return instants
    dates = days.to_numpy().astype("M8[D]")
    if period == "month":
        return dates.astype("M8[M]").astype(np.int64)
    numbers = dates.astype(np.int64)
    return numbers if period == "day" else (numbers + 3) // 7  # 1970-01-01 was a Thursday


def _matching(
    bars: pd.DataFrame, wanted: Keys, period: str, column: str, *, running: bool
) -> NDArray[np.float64]:
    times = pd.DatetimeIndex(bars.index)
    days = times.tz_localize(None).normalize()
    values = bars[column].groupby(days.asi8).cumsum() if running else bars[column]
    if running:  # groupby skips NaN; from an unknown turnover on, the day's total is unknown
        unknown = bars[column].isna().groupby(days.asi8).cummax()
        values = values.mask(unknown.astype(bool))
    keys = _keys(days, times.as_unit("us").asi8, period)
    found = pd.Series(values.to_numpy(np.float64), index=keys)
    return found[~found.index.duplicated(keep=False)].reindex(wanted).to_numpy(np.float64)


def share(frame: pd.DataFrame) -> pd.DataFrame:
    """Return flow as a part of turnover (净占比).

    Parameters
    ----------
    frame : DataFrame
        Capital flow with a column ``turnover`` in the same currency, as `with_turnover` adds it: both
        are cumulative, or both are each row's own.

    Returns
    -------
    DataFrame
        Same index and attrs. ``float64`` columns ``in_share, main_share, super_share, big_share,
        mid_share, sml_share``: the flow of that name divided by the turnover, a fraction (0.05 is 5 % of
        the turnover, net in). NaN where flow or turnover is unknown or the turnover is 0. The main flow
        is super and big together where the gateway sends none; then ``attrs["capflow"]["derived"]`` is
        True. A size whose flow is not there has no share.

    Raises
    ------
    QueryError
        If there is no ``in_flow`` or no ``turnover``, or a column does not hold numbers.

    Examples
    --------
    >>> import pd_capflow
    >>> client = pd_capflow.connect("demo://")
    >>> frame = client.capital_flow("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> part = frame.capflow.with_turnover(client).capflow.share()
    >>> bool((part["in_share"].abs() < 1).all())
    True
    """
    turnover = np.asarray(numbers(frame, "turnover"), np.float64)
    turnover = np.where(turnover > 0, turnover, np.nan)
    names = ["in", *(size for size in ("main", *TIERS) if holds(frame, [f"{size}_in_flow"]))]
    flows = {name: numbers(frame, f"{name}_in_flow".removeprefix("in_")) for name in names}
    result = pd.DataFrame({f"{name}_share": flow / turnover for name, flow in flows.items()}, frame.index)
    result.attrs = frame.copy().attrs
    if "main" in flows and flows["main"].attrs.get(ATTRS, {}).get("derived"):
        result.attrs[ATTRS] = facts_in(result) | {"derived": True}
    return result


def with_names(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return a frame with a column ``name``, and with the names in its attrs if they are few.

    Parameters
    ----------
    frame : DataFrame
        Capital flow.
    names : mapping of str to str
        By code.

    Returns
    -------
    DataFrame
        The same rows; ``name`` is text, NaN where it is not known. ``attrs["capflow"]["names"]`` holds
        up to 50 names, from which charts take their titles.
    """
    number, securities = codes_of(frame)
    told = [names.get(str(security), np.nan) for security in securities]
    result = frame.copy()
    result["name"] = pd.array([told[place] for place in number], dtype="str")
    if 0 < len(names) <= _MOST_NAMES:
        result.attrs[ATTRS] = facts_in(result) | {"names": dict(names)}
    return result
