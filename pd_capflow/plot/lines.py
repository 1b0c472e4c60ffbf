"""Running totals as lines: one for the total and each tier, or one for each of several codes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError
from pd_capflow.flow.totals import beginnings
from pd_capflow.plot.chart import Chart
from pd_capflow.plot.labels import LineEnd, has_room, label_ends, put_legend
from pd_capflow.plot.subject import TIERS, Subject
from pd_capflow.plot.units import Scale

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from pd_capflow.plot.subject import Flow

    Dash = str | tuple[int, tuple[float, float]]
    Floats = npt.NDArray[np.float64]

__all__ = ["cumulative"]

_STYLES: tuple[Dash, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))  # for more lines than there are colours

_DENSE = 800  # rows beyond which lines are thin
_MANY_DOTS = 4  # dots from which on they are no larger than the line


class _Line(NamedTuple):
    """One line to draw: amounts at positions, with NaN wherever it is broken."""

    name: str
    x: Floats
    y: Floats
    color: str
    strong: bool
    style: Dash


def cumulative(
    frame: pd.DataFrame,
    *,
    ax: Axes | None = None,
    colors: str = "auto",
    lang: str = "en",
    title: str | None = None,
) -> Axes:
    """Draw running totals: the total and the four tiers, or the totals of several codes.

    Intraday rows are drawn as they are, since they are running totals from each day's open. Rows of days,
    weeks or months are added up from the first one shown, and the chart says so.

    Parameters
    ----------
    frame : pandas.DataFrame
        Capital flow indexed by ``time`` or ``(code, time)``; amounts in the currency's own unit.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new pyplot figure.
    colors : {"auto", "cn", "intl", "cb"}
        What is tinted above and below zero. ``auto``: red up in mainland China and Japan, green up elsewhere.
    lang : {"en", "zh"}
        Language of the texts. Without a Chinese font it is English, with a `CapflowWarning`.
    title : str, optional
        The heading; by default it names the code.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    QueryError
        If intraday rows are each minute's own flow, codes differ in currency, or an option is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.date_range("2025-01-02 09:30", periods=3, freq="min", tz="Asia/Hong_Kong")
    >>> frame = pd.DataFrame({"in_flow": [0.0, -31.62e6, -64.13e6]}, index=times)
    >>> cumulative(frame).get_ylabel()
    'Net inflow, rows as given · 2 Jan 2025'
    """
    subject = Subject.of(frame)
    _check(subject)
    chart = Chart.begin(subject, ax=ax, colors=colors, lang=lang)
    lines = _lines(chart)
    scale = Scale.of(np.concatenate([line.y for line in lines] or [np.array([])]), chart.words.lang)
    drawn = [_draw(chart.ax, line) for line in lines]
    if len(subject.flows) == 1:
        _tint(chart, lines)
    key_rows = _name(chart, lines, drawn, scale)
    return chart.finish(scale, label=_label(chart), title=title, key_rows=key_rows, notes=_notes(chart))


def _check(subject: Subject) -> None:
    if subject.intraday and subject.cumulative is False:
        raise QueryError(
            "cumulative needs running totals, and the rows of this frame are each minute's own flow: "
            "pass frame.capflow.cumulative(), or draw kind 'bars'"
        )
    if len(subject.currencies) > 1:
        raise QueryError(
            f"cumulative needs amounts in one currency, and these codes trade in "
            f"{', '.join(subject.currencies)}: choose codes of one of them"
        )


def _lines(chart: Chart) -> list[_Line]:
    """Return the lines from back to front: the total comes last."""
    flows, colors = chart.subject.flows, chart.theme.lines
    if len(flows) > 1:
        looks = itertools.product(_STYLES, colors)  # a colour comes again with another dash
        pairs = zip(flows, itertools.cycle(looks), strict=False)
        lines = [_line(chart, flow, "in_flow", str(flow.code), color, dash) for flow, (dash, color) in pairs]
    else:
        names = [(column, chart.words.say(column)) for column in (*TIERS, "in_flow")]
        named = zip(names, (*colors[: len(TIERS)], chart.theme.ink), strict=True)
        lines = [_line(chart, flows[0], column, name, color, "-") for (column, name), color in named]
    return [line for line in lines if np.isfinite(line.y).any()]


def _line(chart: Chart, flow: Flow, column: str, name: str, color: str, style: Dash) -> _Line:
    x, y = chart.places.place(flow.times), _totals(chart.subject, flow, column)
    breaks = chart.places.breaks(flow.times)
    middles = (x[breaks - 1] + x[breaks]) / 2
    broken_x, broken_y = np.insert(x, breaks, middles), np.insert(y, breaks, np.nan)
    strong = column == "in_flow" and len(chart.subject.flows) == 1
    return _Line(name, broken_x, broken_y, color, strong, style)


def _adds_up(subject: Subject) -> bool:
    """Whether rows are amounts of their own, to be added up."""
    return not subject.intraday and subject.cumulative is not True


def _totals(subject: Subject, flow: Flow, column: str) -> Floats:
    """Return running totals; from a missing row on, a total that is added up is unknown."""
    rows = flow.rows[column]
    return (rows.cumsum(skipna=False) if _adds_up(subject) else rows).to_numpy(dtype=np.float64)


def _draw(ax: Axes, line: _Line) -> Line2D:
    width = (2.3 if line.strong else 1.5) * (1 if line.y.size < _DENSE else 0.6)
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
    there = np.concatenate([[False], np.isfinite(y), [False]])
    alone = there[1:-1] & ~there[:-2] & ~there[2:]
    last = np.flatnonzero(there[1:-1])[-1:]
    return [int(point) for point in np.union1d(np.flatnonzero(alone), last)]


def _tint(chart: Chart, lines: list[_Line]) -> None:
    """Shade what lies between the total and zero, in the colour of its sign."""
    for line in (line for line in lines if line.strong):
        for color, where in ((chart.theme.up, line.y >= 0), (chart.theme.down, line.y <= 0)):
            chart.ax.fill_between(
                line.x,
                line.y,
                0,
                where=where,
                interpolate=True,
                color=color,
                alpha=0.13,
                linewidth=0,
                zorder=1.5,
            )


def _name(chart: Chart, lines: list[_Line], drawn: list[Line2D], scale: Scale) -> int:
    """Name the lines at their ends or in a legend; return the rows of the legend."""
    x = max((float(line.x[np.isfinite(line.y)][-1]) for line in lines), default=0.0)
    ends = []
    for line in reversed(lines):
        value = float(line.y[np.isfinite(line.y)][-1])
        text = f"{line.name} {scale.text(value, signed=True)}"
        ends.append(LineEnd(x, value, text, line.color, line.strong))
    if has_room(chart.ax, ends, chart):
        label_ends(chart.ax, ends, chart)
        return 0
    first = drawn[-1:] + drawn[:-1] if lines[-1].strong else drawn
    return put_legend(chart.ax, first, chart)


def _label(chart: Chart) -> str:
    subject, words = chart.subject, chart.words
    if _adds_up(subject):
        first = min((flow.times[0] for flow in subject.flows if len(flow.rows)), default=None)
        return words.say("since_row", first=words.date(first)) if first else words.say("running_total")
    if begun := _begun(chart):
        return words.say("since_row", first=begun[0]) if len(begun) == 1 else words.say("running_total")
    if not subject.intraday:
        return words.say("running_total")
    if subject.cumulative is None:
        return words.say("as_given")
    days = {time.date() for flow in subject.flows for time in flow.times}
    return words.say("since_each_open" if len(days) > 1 else "since_open")


def _begun(chart: Chart) -> list[str]:
    """Name the rows at which totals begin that do not begin at the open, each once."""
    subject, words = chart.subject, chart.words
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


def _notes(chart: Chart) -> tuple[str, ...]:
    """Say from when on a running total is unknown, since a row is missing."""
    if not _adds_up(chart.subject):
        return ()
    drawn = [flow.rows[["in_flow", *TIERS]].dropna(axis=1, how="all") for flow in chart.subject.flows]
    missing = [rows.index[rows.isna().any(axis=1)].min() for rows in drawn if rows.isna().any(axis=None)]
    return (chart.words.say("missing", date=chart.words.date(min(missing))),) if missing else ()
