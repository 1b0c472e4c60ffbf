"""A running total as a line: its amounts, where it is broken, how it is drawn, and what to call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection

from pd_capflow.errors import QueryError
from pd_capflow.flow.totals import beginnings
from pd_capflow.plot.strokes import broken, lone
from pd_capflow.plot.subject import TIERS, Subject

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from pd_capflow.plot.chart import Chart
    from pd_capflow.plot.sheet import Sheet
    from pd_capflow.plot.subject import Flow

    Floats = npt.NDArray[np.float64]

__all__ = [
    "Dash",
    "Line",
    "check_totals",
    "draw_line",
    "label_of_totals",
    "line_of",
    "notes_of_totals",
    "tint",
]

Dash = str | tuple[int, tuple[float, float]]

_DENSE = 800  # rows beyond which lines are thin
_MANY_DOTS = 4  # dots from which on they are no larger than the line


class Line(NamedTuple):
    """One line to draw: amounts at positions, with NaN wherever it is broken."""

    name: str
    x: Floats
    y: Floats
    color: str
    strong: bool
    style: Dash


def check_totals(subject: Subject) -> None:
    """Refuse rows that are neither running totals nor longer rows, which can be added up.

    Raises
    ------
    QueryError
        If intraday rows are each minute's own flow.
    """
    if subject.intraday and subject.cumulative is False:
        raise QueryError(
            "cumulative needs running totals, and the rows of this frame are each minute's own flow: "
            "pass frame.capflow.cumulative(), or draw kind 'bars'"
        )


def line_of(chart: Chart, flow: Flow, column: str, *, name: str, color: str, style: Dash = "-") -> Line:
    """Return the running total of a column, broken wherever the axis leaves time out or a row is missing."""
    x, y = broken(chart, flow.times, _totals(chart.subject, flow, column))
    strong = column == "in_flow" and len(chart.subject.flows) == 1
    return Line(name, x, y, color, strong, style)


def _adds_up(subject: Subject) -> bool:
    """Whether rows are amounts of their own, to be added up."""
    return not subject.intraday and subject.cumulative is not True


def _totals(subject: Subject, flow: Flow, column: str) -> Floats:
    """Return running totals; from a missing row on, a total that is added up is unknown."""
    rows = flow.rows[column]
    return (rows.cumsum(skipna=False) if _adds_up(subject) else rows).to_numpy(dtype=np.float64)


def draw_line(ax: Axes, line: Line, *, weight: float = 1.0) -> Line2D:
    """Draw a line, with a dot at its end; `weight` is how thick, of the usual."""
    width = weight * (2.3 if line.strong else 1.5) * (1 if line.y.size < _DENSE else 0.6)
    dots = _dots(line.y)
    (drawn,) = ax.plot(
        line.x,
        line.y,
        label=line.name,
        color=line.color,
        linewidth=width,
        linestyle=line.style,
        solid_joinstyle="round",
        marker="o",
        markersize=width + 2.5 if len(dots) < _MANY_DOTS else width,
        markeredgewidth=0,
        markevery=dots,
        zorder=3 if line.strong else 2.5,
    )
    return drawn


def _dots(y: Floats) -> list[int]:
    """Return the points to mark: the last one, and those without neighbours, which a line cannot show."""
    last = np.flatnonzero(np.isfinite(y))[-1:]
    return [int(point) for point in np.union1d(np.flatnonzero(lone(y)), last)]


def tint(chart: Chart, lines: list[Line]) -> None:
    """Shade what lies between the total and zero, in the colour of its sign."""
    for line in (line for line in lines if line.strong):
        x, y = _with_crossings(line.x, line.y)
        for color, edge in ((chart.theme.up, np.maximum(y, 0)), (chart.theme.down, np.minimum(y, 0))):
            area = PolyCollection(_areas(x, edge), color=color, alpha=0.13, linewidth=0, zorder=1.5)
            chart.ax.add_collection(area, autolim=False)  # the line itself sets the limits


def _with_crossings(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Put a point wherever a line crosses zero; matplotlib's own interpolation is slow with many of them."""
    crossed = np.flatnonzero(y[:-1] * y[1:] < 0)
    part = y[crossed] / (y[crossed] - y[crossed + 1])
    at = x[crossed] + part * (x[crossed + 1] - x[crossed])
    return np.insert(x, crossed + 1, at), np.insert(y, crossed + 1, 0.0)


def _areas(x: Floats, edge: Floats) -> list[Floats]:
    """Return the corners of each unbroken area between an edge and zero."""
    holes = np.flatnonzero(~np.isfinite(edge))
    pieces = zip(np.split(x, holes), np.split(edge, holes), strict=True)
    known = [(at[np.isfinite(y)], y[np.isfinite(y)]) for at, y in pieces]
    return [np.column_stack([at[[0, *range(len(at)), -1]], [0, *y, 0]]) for at, y in known if len(at)]


def label_of_totals(sheet: Sheet) -> str:
    """Name what the totals add up, and from when on."""
    subject, words = sheet.subject, sheet.words
    if _adds_up(subject):
        first = min((flow.times[0] for flow in subject.flows if len(flow.rows)), default=None)
        return words.say("since_row", first=words.date(first)) if first else words.say("running_total")
    if begun := _begun(sheet):
        return words.say("since_row", first=begun[0]) if len(begun) == 1 else words.say("running_total")
    if not subject.intraday:
        return words.say("running_total")
    if subject.cumulative is None:
        return words.say("as_given")
    days = {day for flow in subject.flows for day in flow.times.tz_localize(None).normalize().unique()}
    return words.say("since_each_open" if len(days) > 1 else "since_open")


def _begun(sheet: Sheet) -> list[str]:
    """Name the rows at which totals begin that do not begin at the open, each once."""
    subject, words = sheet.subject, sheet.words
    if subject.cumulative is not True:
        return []
    moments = set()
    for flow in subject.flows:
        told = [
            pd.Timestamp(time).tz_convert(flow.times.tz) for time in beginnings(subject.facts, str(flow.code))
        ]
        days = set(flow.times.normalize())
        moments |= {time for time in told if not subject.intraday or time.normalize() in days}
    clock = " %H:%M" if subject.intraday else ""
    return [words.date(time) + f"{time:{clock}}" * bool(clock) for time in sorted(moments)]


def notes_of_totals(sheet: Sheet) -> tuple[str, ...]:
    """Say from when on a running total is unknown, since a row is missing."""
    if not _adds_up(sheet.subject):
        return ()
    drawn = [flow.rows[["in_flow", *TIERS]].dropna(axis=1, how="all") for flow in sheet.subject.flows]
    missing = [rows.index[rows.isna().any(axis=1)].min() for rows in drawn if rows.isna().any(axis=None)]
    return (sheet.words.say("missing", date=sheet.words.date(min(missing))),) if missing else ()
