"""The strips of a map, one above the other: their names, and the paper between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from pd_capflow.plot.caption import caption
from pd_capflow.plot.sheet import points_of
from pd_capflow.plot.ticks import TICK_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from pd_capflow.plot.chart import Chart
    from pd_capflow.plot.subject import Flow

    Floats = npt.NDArray[np.float64]

__all__ = ["Strip", "name_strips"]

_LONGEST = 14  # characters of a security's name
_AIR = 0.02  # of the height, above the strips
_LINE = 1.35  # height of a name, in font sizes
_APART = 30  # strips up to which there is paper between them


class Strip(NamedTuple):
    """One row of the map.

    Attributes
    ----------
    name : str
        What it is: a code, or an order size.
    flow : Flow
        Whose rows it shows.
    amounts : ndarray of float64
        One for each of the flow's rows.
    """

    name: str
    flow: Flow
    amounts: Floats


def name_strips(chart: Chart, names: Sequence[str]) -> None:
    """Name the strips from the top down; where they are too many, as many as there is room for."""
    ax, count = chart.ax, len(names)
    ax.set_ylim(count - 0.5, -0.5 - _AIR * count)
    room = max(int(chart.height / (_LINE * points_of(TICK_SIZE))), 1)
    few = MaxNLocator(nbins=room, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
    ax.yaxis.set_major_locator(FixedLocator(range(count)) if count <= room else few)
    titles, fonts = _titles(chart, names)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: titles.get(round(y), "")))
    if fonts:
        ax.tick_params(axis="y", labelfontfamily=list(fonts))
    if 1 < count <= _APART:
        rows = np.repeat(np.arange(count - 1) + 0.5, 3)
        ends = np.tile([0.0, 1.0, np.nan], count - 1)
        look: dict[str, Any] = {"color": chart.theme.paper, "linewidth": 1.5, "zorder": 2.2, "gid": "apart"}
        ax.add_line(Line2D(ends, rows, transform=ax.get_yaxis_transform(), **look))


def _titles(chart: Chart, names: Sequence[str]) -> tuple[dict[int, str], tuple[str, ...]]:
    """Return what to call each strip, and the font families that this takes; none where any will do."""
    known = chart.subject.names if chart.layout.roomy else {}
    titles = [caption(name, known, chart.words, longest=_LONGEST) for name in names]
    fonts = next((families for _, families in titles if families), ())
    return dict(enumerate(title for title, _ in titles)), fonts
