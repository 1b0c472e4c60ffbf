"""Running totals as lines: one for the total and each tier, or one for each of several codes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.errors import QueryError
from pd_capflow.plot.chart import Chart
from pd_capflow.plot.labels import LineEnd, has_room, label_ends, put_legend
from pd_capflow.plot.subject import TIERS, Subject
from pd_capflow.plot.totals import check_totals, draw_line, label_of_totals, line_of, notes_of_totals, tint
from pd_capflow.plot.units import Scale

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from pd_capflow.plot.totals import Dash, Line

__all__ = ["cumulative"]

_STYLES: tuple[Dash, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))  # for more lines than there are colours


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
    drawn = [draw_line(chart.ax, line) for line in lines]
    if len(subject.flows) == 1:
        tint(chart, lines)
    key_rows = _name(chart, lines, drawn, scale)
    label, notes = label_of_totals(chart), notes_of_totals(chart)
    return chart.finish(scale, label=label, title=title, key_rows=key_rows, notes=notes)


def _check(subject: Subject) -> None:
    check_totals(subject)
    if len(subject.currencies) > 1:
        raise QueryError(
            f"cumulative needs amounts in one currency, and these codes trade in "
            f"{', '.join(subject.currencies)}: choose codes of one of them"
        )


def _lines(chart: Chart) -> list[Line]:
    """Return the lines from back to front: the total comes last."""
    flows, colors = chart.subject.flows, chart.theme.lines
    if len(flows) > 1:
        looks = itertools.product(_STYLES, colors)  # a colour comes again with another dash
        pairs = zip(flows, itertools.cycle(looks), strict=False)
        lines = [
            line_of(chart, flow, "in_flow", name=str(flow.code), color=color, style=dash)
            for flow, (dash, color) in pairs
        ]
    else:
        names = [(column, chart.words.say(column)) for column in (*TIERS, "in_flow")]
        named = zip(names, (*colors[: len(TIERS)], chart.theme.ink), strict=True)
        lines = [line_of(chart, flows[0], column, name=name, color=color) for (column, name), color in named]
    return [line for line in lines if np.isfinite(line.y).any()]


def _name(chart: Chart, lines: list[Line], drawn: list[Line2D], scale: Scale) -> int:
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
