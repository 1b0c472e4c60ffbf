"""How much room axes leave around themselves, when nobody will make more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import BboxBase

__all__ = ["Layout"]

_HEAD, _FOOT, _LINE = 34.0, 20.0, 10.0  # points: heading; footnote; each line of tick labels


@dataclass(frozen=True)
class Layout:
    """The room for texts around some axes.

    Attributes
    ----------
    flexible : bool
        Whether the figure arranges its axes so that their texts fit.
    roomy : bool
        Whether a heading of two lines and a footnote fit above and below.
    """

    flexible: bool
    roomy: bool

    @classmethod
    def of(cls, ax: Axes, *, tick_lines: int = 1) -> Layout:
        """Look around some axes, whose ticks have labels of so many lines."""
        figure = ax.get_figure(root=True)
        if figure is None or figure.get_layout_engine() is not None:
            return cls(flexible=True, roomy=True)
        own = ax.bbox
        others = [each.bbox for each in figure.axes if each.bbox.x0 < own.x1 and each.bbox.x1 > own.x0]
        above = [other.y0 for other in others if other.y0 >= own.y1]
        below = [other.y1 for other in others if other.y1 <= own.y0]
        over = _gap(own.y1, above, figure.bbox) * 72 / figure.dpi
        under = _gap(own.y0, below, figure.bbox) * 72 / figure.dpi
        foot = _FOOT + _LINE * tick_lines
        fits = over >= _HEAD + foot * bool(above) and under >= foot + _HEAD * bool(below)
        return cls(flexible=False, roomy=fits)


def _gap(edge: float, neighbours: list[float], figure: BboxBase) -> float:
    """Return how far an edge is from its nearest neighbour, or else from the figure's nearer end."""
    return min(abs(place - edge) for place in neighbours or [figure.y0, figure.y1])
