"""Many bars as one artist: hundreds of rectangles one by one take longer than all the rest of a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import PolyCollection

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from pd_capflow.plot.chart import Chart

    Floats = npt.NDArray[np.float64]

__all__ = ["put_blocks"]

_SHARP = 3.0  # points; narrower blocks that touch would show seams if their edges were smoothed
_THIN = 0.5  # points; narrower blocks would fade, so they get an edge


def put_blocks(
    chart: Chart,
    stretches: tuple[Floats, Floats],
    ends: tuple[Floats, Floats],
    *,
    colors: str | Sequence[str],
    label: str = "",
    is_sized: bool = True,
) -> PolyCollection:
    """Draw blocks that stand on the time axis.

    Parameters
    ----------
    chart : Chart
        Where.
    stretches : tuple of (ndarray of float, ndarray of float)
        Middle and width of each block.
    ends : tuple of (ndarray of float, ndarray of float)
        The amounts between which each block stands.
    colors : str or sequence of str
        One colour, or one for each block.
    label : str
        What the blocks are called in a legend.
    is_sized : bool
        Whether the axes have their size. Where they have not, nobody knows how narrow the blocks will be:
        they are smoothed, and not rounded to whole pixels, where thin ones would vanish.

    Returns
    -------
    matplotlib.collections.PolyCollection
        The artist, a path for each block.
    """
    middles, widths = stretches
    left, right = middles - widths / 2, middles + widths / 2
    corners = [(left, ends[0]), (left, ends[1]), (right, ends[1]), (right, ends[0])]
    points = float(widths.min(initial=np.inf)) * chart.points_per_unit
    blocks = PolyCollection(
        np.stack([np.column_stack(corner) for corner in corners], axis=1),  # type: ignore[arg-type]
        facecolors=colors,
        edgecolors="face",
        linewidths=0.7 if is_sized and points < _THIN else 0,
        antialiaseds=not is_sized or points > _SHARP,
        snap=None if is_sized else False,
        label=label,
        zorder=2,
    )
    blocks.sticky_edges.y.append(0)
    chart.ax.add_collection(blocks)
    return blocks
