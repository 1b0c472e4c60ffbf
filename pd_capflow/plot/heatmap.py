"""Flow as a map: each order size of one code over time, or one amount of many codes over time.

Colours diverge from zero, which is the paper's own, and reach as far up as down. A missing number is
hatched, since the paper would say zero; where there is no trading there is nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.errors import QueryError
from pd_capflow.flow import measures
from pd_capflow.flow.frames import FLOW_COLUMNS
from pd_capflow.plot.cells import Cells
from pd_capflow.plot.chart import Chart
from pd_capflow.plot.own import label_of_own, notes_of_own, own_rows
from pd_capflow.plot.shading import Shading, put_key, put_map
from pd_capflow.plot.strips import Strip, name_strips
from pd_capflow.plot.subject import TIERS, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd
    from matplotlib.axes import Axes

    Floats = npt.NDArray[np.float64]

__all__ = ["heatmap"]

_SCALES = ("common", "code")
_TOTAL, _MAIN = ("in_flow",), "main_in_flow"
_SIZES = (*_TOTAL, *TIERS)  # what is shown of one code, from the top down


def heatmap(
    frame: pd.DataFrame,
    *,
    ax: Axes | None = None,
    colors: str = "auto",
    lang: str = "en",
    title: str | None = None,
    column: str | None = None,
    scale: str = "common",
) -> Axes:
    """Draw flow as colours: the sizes of one code over time, or many codes over time.

    Running totals are taken apart first, so that a cell is always the flow of its own minute, day, week
    or month. Colours end where 98 % of the amounts lie within, if the rest lie far beyond; the key then
    has arrows, and the footnote tells the limit.

    Parameters
    ----------
    frame : pandas.DataFrame
        Capital flow indexed by ``time`` or ``(code, time)``; amounts in the currency's own unit.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new pyplot figure.
    colors : {"auto", "cn", "intl", "cb"}
        Colours of inflow and outflow. ``auto``: red up in mainland China and Japan, green up elsewhere.
    lang : {"en", "zh"}
        Language of the texts. Without a Chinese font it is English, with a `CapflowWarning`.
    title : str, optional
        The heading; by default it names the code.
    column : str, optional
        Which flow to show, such as ``"super_in_flow"``; by default the total and the four sizes of one
        code, and the total of many. The main flow is super and big together where the gateway sends none.
    scale : {"common", "code"}
        What colours stand for. ``common``: amounts. ``code``: amounts in units of each code's typical one,
        the root of the mean of their squares, so that codes of any size and currency can be compared.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on. The key has axes of its own beside or within them.

    Raises
    ------
    QueryError
        If amounts of several currencies would share a scale, each code's own scale is asked for of one
        code, or an option is not known.

    Examples
    --------
    >>> import pd_capflow
    >>> client = pd_capflow.connect("demo://")
    >>> frame = client.capital_flow(["HK.00700", "HK.09988"], "day", "2026-01-05", "2026-01-09")
    >>> heatmap(frame).collections[0].get_array().shape
    (2, 5)
    """
    subject = Subject.of(frame)
    _check(subject, frame, column, scale)
    shown = _shown(subject, frame) if column is None else (column,)
    chart = Chart.begin(subject, ax=ax, colors=colors, lang=lang)
    strips = _strips(chart, shown)
    relative = scale == "code"
    cells = Cells.of(chart, [_relative(strip) for strip in strips] if relative else strips)
    shading = Shading.of(cells.amounts, lang=chart.words.lang, relative=relative)
    put_map(chart, cells, shading)
    put_key(chart, shading)
    _frame(chart, strips, cells, shading)
    label, notes = _label(chart, shown, scale), _notes(chart, shown, cells, shading)
    if chart.layout.roomy:
        chart.head(title, label, subtitle=chart.places.subtitle(), currency=not relative)
    else:  # a label beside the names of the strips would be cut off
        chart.head(title, "", currency=False)
        notes = (label, *notes)
    chart.foot(notes)
    chart.mark(empty=not np.isfinite(cells.amounts).any(), covered=True)
    return chart.ax


def _shown(subject: Subject, frame: pd.DataFrame) -> tuple[str, ...]:
    return _TOTAL if len(subject.flows) > 1 else tuple(name for name in _SIZES if name in frame.columns)


def _frame(chart: Chart, strips: Sequence[Strip], cells: Cells, shading: Shading) -> None:
    """Draw what stands around the map, and tell the mouse what is under it."""
    chart.frame_axes(grid=None)
    chart.time_axis()
    name_strips(chart, [strip.name for strip in strips])

    def describe(x: float, y: float) -> str:
        row = round(y)
        name = strips[row].name if 0 <= row < len(strips) else ""
        return "   ".join(filter(None, [chart.places.describe(x), name, shading.text(cells.at(x, row))]))

    chart.ax.format_coord = describe  # type: ignore[method-assign]


def _check(subject: Subject, frame: pd.DataFrame, column: object, scale: object) -> None:
    if column is not None and column not in FLOW_COLUMNS:
        raise QueryError(f"column {column!r} is not known: expected one of {', '.join(FLOW_COLUMNS)}")
    if column is not None and column not in frame.columns:
        raise QueryError(f"heatmap of {column} needs that column, and the frame lacks it")
    if scale not in _SCALES:
        raise QueryError(f"scale {scale!r} is not known: expected one of {', '.join(_SCALES)}")
    if scale == "code" and len(subject.flows) == 1 and len(subject.flows[0].rows):
        raise QueryError("scale='code' needs several codes, and this frame holds one: expected 'common'")
    if scale == "common" and len(subject.currencies) > 1:
        raise QueryError(
            f"heatmap needs amounts in one currency, and these codes trade in "
            f"{', '.join(subject.currencies)}: choose codes of one of them, or pass scale='code'"
        )


def _strips(chart: Chart, shown: Sequence[str]) -> list[Strip]:
    """Return the strips from the top down: codes, or what is shown of the one code."""
    subject = chart.subject
    own = {flow: own_rows(subject, flow) for flow in subject.flows}
    if len(own) > 1:
        return [Strip(str(flow.code), flow, _amounts(rows, shown[0])) for flow, rows in own.items()]
    ((flow, rows),) = own.items()
    return [Strip(chart.words.say(name), flow, _amounts(rows, name)) for name in shown]


def _amounts(rows: pd.DataFrame, name: str) -> Floats:
    amounts = measures.main(rows) if name == _MAIN else rows[name]
    return np.asarray(amounts, dtype=np.float64)


def _relative(strip: Strip) -> Strip:
    """Return the amounts in units of their typical one; nothing but zeros stays zero."""
    known = strip.amounts[np.isfinite(strip.amounts)]
    typical = float(np.sqrt(np.mean(known**2))) if known.size else 0.0
    return strip._replace(amounts=strip.amounts / (typical or 1.0))


def _label(chart: Chart, shown: Sequence[str], scale: str) -> str:
    """Name what the amounts are, and what they are measured in if that is no currency."""
    words, label = chart.words, label_of_own(chart)
    if len(shown) == 1 and shown != _TOTAL:
        label = words.say("of_tier", tier=words.say(shown[0]), what=label)
    return words.say("in_typical", label=label) if scale == "code" else label


def _notes(chart: Chart, shown: Sequence[str], cells: Cells, shading: Shading) -> tuple[str, ...]:
    """Say what is not what it seems: flow over gaps, a main flow that nobody sent, colours, hatching."""
    words = chart.words
    sent = all(flow.rows[_MAIN].notna().all() for flow in chart.subject.flows)
    derived = [words.say("main_derived")] if _MAIN in shown and not sent else []
    beyond = [words.say("beyond", limit=shading.text(shading.limit))] if shading.extend != "neither" else []
    absent = [words.say("absent")] if cells.absent.any() else []
    return (*notes_of_own(chart), *derived, *beyond, *absent)
