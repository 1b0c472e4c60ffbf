"""The net inflow of each order size, stacked: what came in goes up from zero, what went out goes down.

A stack is whole or it is not drawn: without one of its sizes it would be of a height that nothing has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pd_capflow.errors import QueryError
from pd_capflow.plot.blocks import put_blocks
from pd_capflow.plot.chart import Chart
from pd_capflow.plot.labels import put_legend
from pd_capflow.plot.own import label_of_own, notes_of_own, own_rows, stretches
from pd_capflow.plot.subject import TIERS, Subject
from pd_capflow.plot.units import Scale

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    Floats = npt.NDArray[np.float64]

__all__ = ["tiers"]

_MARKED = 60  # rows up to which there is room to mark the total of each with a diamond


def tiers(
    frame: pd.DataFrame,
    *,
    ax: Axes | None = None,
    colors: str = "auto",
    lang: str = "en",
    title: str | None = None,
) -> Axes:
    """Draw the flow of each order size in each row, stacked by its sign, and the total over it.

    Running totals are taken apart first, so that a stack is always the flow of its own minute, day, week
    or month. Sizes that flowed in are stacked up from zero and those that flowed out down from it, super
    orders nearest to zero. The total is the column ``in_flow`` as the gateway sent it, and it stands where
    the upward and the downward stack balance. A row without one of its sizes has no stack, and the
    footnote counts such rows. Minutes read better when they are made longer first, as by
    ``frame.capflow.resample("15min")``.

    Parameters
    ----------
    frame : pandas.DataFrame
        Capital flow of one code with its four sizes, indexed by ``time`` or ``(code, time)``; amounts in
        the currency's own unit.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new pyplot figure.
    colors : {"auto", "cn", "intl", "cb"}
        Taken for the sake of other kinds: sizes have colours of their own, neither up's nor down's.
    lang : {"en", "zh"}
        Language of the texts. Without a Chinese font it is English, with a `CapflowWarning`.
    title : str, optional
        The heading; by default it names the code.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on: a collection for each size, in it a path for each row.

    Raises
    ------
    QueryError
        If the frame holds several codes or lacks a size, or an option is not known.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> [size.get_label() for size in tiers(frame).collections]
    ['Super', 'Big', 'Mid', 'Small']
    """
    subject = Subject.of(frame)
    flow = subject.only("tiers")
    _check(frame)
    chart = Chart.begin(subject, ax=ax, colors=colors, lang=lang)
    own = own_rows(subject, flow)
    amounts, total = (own[list(names)].to_numpy(dtype=np.float64) for names in (TIERS, ["in_flow"]))
    whole = np.isfinite(amounts).all(axis=1)
    named: list[Artist] = [*_stack(chart, amounts, whole), *_draw_total(chart, total[:, 0])]
    scale = _scale(chart, amounts[whole], total)
    key_rows = put_legend(chart.ax, named, chart) if named else 0
    lacking = int((np.isfinite(np.column_stack([amounts, total])).any(axis=1) & ~whole).sum())
    notes = (*notes_of_own(chart), *[chart.words.say("no_stack", n=lacking)] * bool(lacking))
    label, dense = label_of_own(chart), int(whole.sum()) > _MARKED
    return chart.finish(scale, label=label, title=title, key_rows=key_rows, notes=notes, covered=dense)


def _check(frame: pd.DataFrame) -> None:
    if missing := [name for name in TIERS if name not in frame.columns]:
        raise QueryError(f"tiers needs the columns {', '.join(TIERS)}: the frame lacks {', '.join(missing)}")


def _ends(amounts: Floats) -> tuple[Floats, Floats]:
    """Return where each part of each stack begins and ends, shape (rows, sizes): away from zero."""
    up, down = (part.cumsum(axis=1) for part in (np.maximum(amounts, 0), np.minimum(amounts, 0)))
    tops = np.where(amounts >= 0, up, down)
    return tops - amounts, tops


def _stack(chart: Chart, amounts: Floats, whole: npt.NDArray[np.bool_]) -> list[Artist]:
    if not whole.any():
        return []
    middles, widths = (each[whole] for each in stretches(chart, chart.subject.flows[0]))
    bases, tops = _ends(amounts[whole])
    return [
        put_blocks(
            chart,
            (middles, widths),
            (bases[:, tier], tops[:, tier]),
            colors=chart.theme.lines[tier],
            label=chart.words.say(name),
        )
        for tier, name in enumerate(TIERS)
    ]


def _draw_total(chart: Chart, total: Floats) -> list[Artist]:
    """Mark the totals on their stacks: with a diamond each, or with a dash where these would be too many."""
    there = np.isfinite(total)
    middles, widths = (each[there] for each in stretches(chart, chart.subject.flows[0]))
    if not there.any():
        return []
    look: dict[str, Any] = {"label": chart.words.say("in_flow"), "color": chart.theme.ink, "zorder": 3}
    if len(middles) > _MARKED:
        ends = [middles - widths / 2, middles + widths / 2, np.full(len(middles), np.nan)]
        x, y = np.column_stack(ends).ravel(), np.repeat(total[there], 3)
        return [*chart.ax.plot(x, y, linewidth=1.4, solid_capstyle="butt", **look)]
    look |= {"markeredgecolor": chart.theme.paper, "markeredgewidth": 1.2, "markersize": 5.5}
    return [*chart.ax.plot(middles, total[there], "D", **look)]


def _scale(chart: Chart, amounts: Floats, total: Floats) -> Scale:
    ends = np.concatenate([np.ravel(_ends(amounts)[1]), np.ravel(total)])
    return Scale.of(ends, chart.words.lang)
