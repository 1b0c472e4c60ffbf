"""Amounts as colours: from the colour of outflow through the paper to that of inflow, even on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.ticker import MaxNLocator

from pd_capflow.plot.sheet import NOTE
from pd_capflow.plot.units import AmountFormatter, Scale

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

    from pd_capflow.plot.cells import Cells
    from pd_capflow.plot.chart import Chart
    from pd_capflow.plot.style import Theme

    Floats = npt.NDArray[np.float64]
    Extend = Literal["neither", "min", "max", "both"]

__all__ = ["Shading", "put_key", "put_map"]

_WITHIN = 98.0  # percent of the amounts that lie within the colours' reach
_FAR = 1.5  # of that reach: only an amount beyond makes it shorter than the greatest amount
_EXTENDS: dict[tuple[bool, bool], Extend] = {
    (False, False): "neither",
    (True, False): "min",
    (False, True): "max",
    (True, True): "both",
}
_BESIDE, _INSIDE = (1.014, 0.12, 0.013, 0.76), (0.87, 0.2, 0.015, 0.66)  # the key, in parts of the axes
_ROOM = 0.18  # of the time axis, for a key inside the axes


@dataclass(frozen=True)
class Shading:
    """What colours stand for.

    Attributes
    ----------
    limit : float
        The amount from which on colours do not change any more, up and down.
    extend : {"neither", "min", "max", "both"}
        On which side there are amounts beyond the limit.
    scale : Scale
        The amounts' unit.
    relative : bool
        Whether they are multiples of a typical amount.
    """

    limit: float
    extend: Extend
    scale: Scale
    relative: bool

    @classmethod
    def of(cls, amounts: Floats, *, lang: str, relative: bool = False) -> Shading:
        """Choose the limit for these amounts: the greatest, or less if that lies far beyond most."""
        finite = amounts[np.isfinite(amounts)]
        most = float(np.abs(finite).max(initial=0.0))
        usual = float(np.percentile(np.abs(finite), _WITHIN)) if finite.size else 0.0
        limit = usual if 0 < usual < most / _FAR else most or 1.0
        beyond = bool((finite < -limit).any()), bool((finite > limit).any())
        scale = Scale(largest=limit) if relative else Scale.of(np.array([limit]), lang)
        return cls(limit, _EXTENDS[beyond], scale, relative)

    def text(self, amount: float) -> str:
        """Write an amount, or nothing for none."""
        text = self.scale.text(amount, 1 if self.relative else None)
        return f"{text}×" if text and self.relative else text


def put_map(chart: Chart, cells: Cells, shading: Shading) -> QuadMesh | None:
    """Draw the cells: those with a number in its colour, absent ones hatched."""
    if len(cells.edges) < 2:
        return None
    rows = np.arange(len(cells.amounts) + 1) - 0.5
    mesh = chart.ax.pcolormesh(
        cells.edges,
        rows,
        np.ma.masked_invalid(cells.amounts),
        cmap=_colors(chart.theme),
        norm=Normalize(-shading.limit, shading.limit),
        zorder=1.5,
    )
    _hatch(chart, cells)
    return mesh


def _colors(theme: Theme) -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("flow", [theme.down, theme.paper, theme.up])


def _hatch(chart: Chart, cells: Cells) -> None:
    runs = cells.runs()
    if not runs:
        return
    corners = [[(a, row - 0.5), (a, row + 0.5), (b, row + 0.5), (b, row - 0.5)] for row, a, b in runs]
    look: dict[str, Any] = {"facecolors": chart.theme.faint, "edgecolors": chart.theme.muted, "linewidths": 0}
    chart.ax.add_collection(PolyCollection(corners, hatch="////", zorder=1.6, gid="absent", **look))


def put_key(chart: Chart, shading: Shading) -> Axes | None:
    """Draw what the colours stand for: beside the axes where others make room, else within them.

    Returns
    -------
    matplotlib.axes.Axes or None
        The axes of the key, children of the chart's; None for a map without a number.
    """
    meshes = [each for each in chart.ax.collections if each.get_array() is not None]
    if not meshes or meshes[0].get_array().count() == 0:  # type: ignore[union-attr]
        return None
    if not chart.layout.flexible:
        low, high = chart.ax.get_xlim()
        chart.ax.set_xlim(low, high + _ROOM * (high - low))
    key = chart.ax.inset_axes(_BESIDE if chart.layout.flexible else _INSIDE)
    key.set_gid("key")
    bar = chart.ax.figure.colorbar(meshes[0], cax=key, extend=shading.extend, extendfrac=0.05)
    bar.outline.set_visible(False)
    bar.locator = MaxNLocator(nbins=4, symmetric=True, steps=[1, 2, 5, 10])
    bar.formatter = AmountFormatter(shading.scale)
    _name_key(chart, key, chart.words.say("typical") if shading.relative else chart.currency)
    return key


def _name_key(chart: Chart, key: Axes, unit: str) -> None:
    theme, words = chart.theme, chart.words
    fonts: dict[str, Any] = {"labelfontfamily": list(words.fonts)} if words.fonts else {}
    key.tick_params(labelsize=NOTE, labelcolor=theme.muted, length=0, pad=3, **fonts)
    place: dict[str, Any] = {"transform": key.transAxes, "va": "bottom", "size": NOTE}
    key.text(0, 1.07, unit, color=theme.muted, **place, **chart.text_options)
