"""What is sure of a frame that is to be shown: checked against its rows where they can tell.

pandas keeps the facts in ``attrs`` through operations that make them untrue, such as ``frame.diff()``. What
the index and the columns say goes before; what contradicts them is left unsaid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING, Any

import pandas as pd

from pd_capflow.flow.frames import ATTRS
from pd_capflow.flow.tables import currency_of

if TYPE_CHECKING:
    Parts = Mapping[str, "pd.Series[float]"]

__all__ = ["Facts", "Line"]

# What lies between two rows of a period, at least and at most; holidays make gaps, never closer rows.
_STEPS = {
    "intraday": (pd.Timedelta(seconds=0), pd.Timedelta(minutes=1)),
    "day": (pd.Timedelta(hours=20), pd.Timedelta(days=4)),
    "week": (pd.Timedelta(days=5), pd.Timedelta(days=14)),
    "month": (pd.Timedelta(days=20), pd.Timedelta(days=62)),
}
# How long after the label of its last row the newest data may still be that row's.
_LENGTHS = {"intraday": 1, "day": 1440, "week": 7 * 1440, "month": 31 * 1440}


@dataclass(frozen=True, eq=False)
class Line:
    """The net inflow of one code.

    Attributes
    ----------
    code : str
        Such as ``"HK.00700"``.
    flow : Series of float64, length n
        ``in_flow`` by time.
    """

    code: str
    flow: pd.Series[float]


@dataclass(frozen=True, eq=False)
class Facts:
    """What can be said of a frame.

    Attributes
    ----------
    kind : str
        ``"flow"``, ``"distribution"``, or "" for another frame of ours.
    codes : tuple of str
        Those whose rows are there, in order.
    names : mapping of str to str
        By code; untrusted.
    period, zone, currency : str or None
        None where it is not sure, or differs among the rows.
    running : bool or None
        Whether rows are running totals.
    opened : bool
        Whether these run since the open.
    valid : tuple of pandas.Timestamp
        The oldest and the newest time of the newest data behind each code; none where unknown.
    source : str
        Where the rows come from; untrusted.
    demo : bool
        Whether they are invented.
    recorded : str
        What serves them again, if they are not of now; untrusted.
    failed : mapping of str to str
        Why codes are missing; untrusted.
    lines : tuple of Line
        What sparklines show: the first few codes.
    """

    kind: str
    codes: tuple[str, ...]
    names: Mapping[str, str]
    period: str | None
    zone: str | None
    currency: str | None
    running: bool | None
    opened: bool
    valid: tuple[pd.Timestamp, ...]
    source: str
    demo: bool
    recorded: str
    failed: Mapping[str, str]
    lines: tuple[Line, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame, most_lines: int = 4) -> Facts | None:
        """Read a frame; None if it is none of ours."""
        told = _mapping(frame.attrs.get(ATTRS))
        source = _mapping(told.get("source"))
        if not isinstance(source.get("url"), str):
            return None
        kind, codes = _kind(frame), _codes(frame, told)
        times = _times(frame)
        parts = _parts(frame, codes) if kind == "flow" and times is not None else {}
        period = _period(told, parts) if kind != "distribution" else None
        return cls(
            kind=kind,
            codes=codes,
            names=_mapping(told.get("names")),
            period=period,
            zone=None if times is None or times.tz is None else str(times.tz),
            currency=_currency(codes),
            running=_running(told, parts),
            opened=period == "intraday" and "begins" not in told,
            valid=_valid(told, codes, parts, period or "intraday"),
            source=source["url"],
            demo=source.get("demo") is True,
            recorded=source["recorded"] if isinstance(source.get("recorded"), str) else "",
            failed=_mapping(told.get("errors")),
            lines=tuple(starmap(Line, list(parts.items())[:most_lines])),
        )


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _kind(frame: pd.DataFrame) -> str:
    columns = list(frame.columns)  # of columns in levels, "in" would find the top one alone
    if "in_flow" in columns:
        return "flow"
    return "distribution" if "super_in" in columns else ""


def _codes(frame: pd.DataFrame, told: Mapping[Any, Any]) -> tuple[str, ...]:
    if "code" in frame.index.names:
        return tuple(map(str, frame.index.get_level_values("code").unique()))
    held = told.get("codes")
    # Without a level, rows are of one code; of which one only a frame of one code can tell.
    return (str(held[0]),) if isinstance(held, list) and len(held) == 1 else ()


def _times(frame: pd.DataFrame) -> pd.DatetimeIndex | None:
    names = frame.index.names
    times = frame.index.get_level_values("time") if "time" in names else frame.index
    return times if isinstance(times, pd.DatetimeIndex) else None


def _parts(frame: pd.DataFrame, codes: tuple[str, ...]) -> Parts:
    """Return the net inflow of each code by time; none where rows cannot be told apart."""
    flow = pd.to_numeric(frame["in_flow"], errors="coerce").astype("float64")
    if "code" in frame.index.names:
        groups = flow.groupby("code", sort=False) if frame.index.nlevels == 2 else ()
        return {str(code): rows.droplevel("code").sort_index() for code, rows in groups}
    return {codes[0]: flow.sort_index()} if len(codes) == 1 else {}


def _period(told: Mapping[Any, Any], parts: Parts) -> str | None:
    """Return the period that is told, if the rows stand as close as its rows do."""
    period = told.get("period")
    if not isinstance(period, str) or period not in _STEPS or "interval" in told:
        return None
    least, most = _STEPS[period]
    for rows in parts.values():
        steps = sorted(rows.index[1:] - rows.index[:-1])
        if steps and not least < steps[len(steps) // 2] <= most:
            return None
    return period


def _running(told: Mapping[Any, Any], parts: Parts) -> bool | None:
    """Return whether rows are running totals; None where the rows do not bear out what is told.

    The first row of what was served has a number; after `DataFrame.diff` and its like it has none.
    """
    cumulative = told.get("cumulative")
    begun = [rows for rows in parts.values() if rows.notna().any()]
    is_sure = isinstance(cumulative, bool) and begun and all(pd.notna(rows.iloc[0]) for rows in begun)
    return cumulative if is_sure else None


def _currency(codes: tuple[str, ...]) -> str | None:
    found = {currency_of(code) for code in codes}
    return found.pop() if len(found) == 1 else None


def _valid(
    told: Mapping[Any, Any], codes: tuple[str, ...], parts: Parts, period: str
) -> tuple[pd.Timestamp, ...]:
    """Return the times of the newest data, of the codes whose newest rows are there."""
    valid = told.get("last_valid_time")
    times = {code: _instant(valid.get(code) if isinstance(valid, Mapping) else valid) for code in codes}
    found = [time for code, time in times.items() if time and _reaches(parts.get(code), time, period)]
    return (min(found), max(found)) if found else ()


def _reaches(rows: pd.Series[float] | None, time: pd.Timestamp, period: str) -> bool:
    if rows is None or rows.empty:
        return False
    return bool(time < rows.index[-1] + pd.Timedelta(minutes=_LENGTHS[period]))


def _instant(text: object) -> pd.Timestamp | None:
    try:
        time = pd.Timestamp(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return time if isinstance(time, pd.Timestamp) and time.tz is not None else None
