"""The plane of price and flow: zero in the middle of both, and a ground and a name for each quadrant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from pd_capflow.plot.sheet import NOTE, points_of
from pd_capflow.plot.style import mixed
from pd_capflow.plot.units import share_text

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.ticker import Formatter

    from pd_capflow.plot.sheet import Sheet

    Floats = npt.NDArray[np.float64]

__all__ = ["SHARES", "lay_plane", "reaches"]

#: Writes fractions as percentages.
SHARES = FuncFormatter(lambda share, _: share_text(share))

_ZERO = FixedLocator([0])  # without values there is no other amount to name
_AIR = 1.18  # how far the axes reach, in the most extreme values
_LEAST = (0.01, 1.0)  # how far, where there are no values: a per cent of price, one of the currency's unit
_FAR = 1e3  # reaches to which the ground goes, so that it is still there when somebody zooms out
# A corner: which way it lies, its words, and how much colour of in- or outflow is in its ground. Where price
# and flow agree there is more.
_CORNERS = (
    (1, 1, "up_in", 0.10),
    (1, -1, "up_out", 0.04),
    (-1, 1, "down_in", 0.04),
    (-1, -1, "down_out", 0.10),
)


def reaches(points: Floats) -> Floats:
    """Return the greatest magnitudes of points of shape (n, 2), across and up; a least one where all is 0."""
    most = np.abs(points).max(axis=0, initial=0.0)
    return np.where(most > 0, most, _LEAST)


def lay_plane(sheet: Sheet, points: Floats, formatter: Formatter) -> None:
    """Lay out axes around points.

    Parameters
    ----------
    sheet : Sheet
        With empty axes.
    points : ndarray of float64, shape (n, 2)
        Fraction of the price, and flow.
    formatter : matplotlib.ticker.Formatter
        Writes the flow.
    """
    ax, (across, up) = sheet.ax, (_AIR * reaches(points)).tolist()
    ax.set_xlim(-across, across)
    ax.set_ylim(-up, up)
    sheet.frame_axes(grid=None)
    for right, over, corner, share in _CORNERS:
        color = sheet.theme.up if corner.endswith("_in") else sheet.theme.down
        size = _FAR * right * across, _FAR * over * up
        ground = mixed(color, sheet.theme.paper, share)
        ax.add_artist(Rectangle((0, 0), *size, color=ground, linewidth=0, zorder=0.2, gid=corner))
        _name_corner(sheet, right, over, corner)
    for line in (ax.axhline, ax.axvline):
        line(0, color=sheet.theme.ink, linewidth=0.9, zorder=1.8, gid="zero")
    for axis, texts in ((ax.xaxis, SHARES), (ax.yaxis, formatter)):
        axis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]) if len(points) else _ZERO)
        axis.set_major_formatter(texts)


def _name_corner(sheet: Sheet, right: int, over: int, corner: str) -> None:
    """Write what a quadrant means into its corner, above a footnote that stands there."""
    ax = sheet.ax
    foot = 0.0 if sheet.layout.roomy else 3.6 * points_of(NOTE) / sheet.height
    look: dict[str, Any] = {"size": NOTE, "color": sheet.theme.muted, "gid": "corner", **sheet.text_options}
    look |= {"ha": "right" if right > 0 else "left", "va": "top" if over > 0 else "bottom"}
    place = 0.5 + 0.49 * right, 0.98 if over > 0 else 0.02 + foot
    ax.text(*place, sheet.words.say(corner), transform=ax.transAxes, **look)
