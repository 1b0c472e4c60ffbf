"""Questions to the artists of a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_hex

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.lines import Line2D
    from matplotlib.text import Text


def data_lines(ax: Axes) -> dict[str, Line2D]:
    """The lines that show data, by name."""
    return {str(line.get_label()): line for line in ax.lines if not str(line.get_label()).startswith("_")}


def by_gid(ax: Axes, gid: str) -> list:
    """The lines and texts that are marked with this name."""
    return [artist for artist in (*ax.lines, *ax.texts) if artist.get_gid() == gid]


def longest_stride(line: Line2D) -> float:
    """The longest way along the axis that the line goes without a break."""
    x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
    joined = np.isfinite(y[1:]) & np.isfinite(y[:-1])
    return float(np.diff(x)[joined].max(initial=0.0))


def ticks(ax: Axes) -> list[str]:
    """What stands below the time axis."""
    ax.figure.canvas.draw()
    return [label.get_text() for label in ax.get_xticklabels()]


def amounts(ax: Axes) -> list[str]:
    """What stands beside the amount axis."""
    ax.figure.canvas.draw()
    return [label.get_text() for label in ax.get_yticklabels()]


def heights(ax: Axes) -> np.ndarray:
    """The amounts of bars, few and one by one or many in one collection."""
    blocks = [block for blocks in ax.collections for block in blocks_of(blocks)]
    return np.array([bar.get_height() for bar in ax.patches] or [end - start for _, _, start, end in blocks])


def blocks_of(blocks: PolyCollection) -> np.ndarray:
    """Left, right, and the amounts between which it stands: of each block."""
    corners = np.array([path.vertices for path in blocks.get_paths()]).reshape(-1, 5, 2)
    return np.column_stack([corners[:, 0, 0], corners[:, 2, 0], corners[:, 0, 1], corners[:, 1, 1]])


def bar_colors(ax: Axes) -> dict[bool, set[str]]:
    """The colours of bars that go down (False) and up (True)."""
    colors: dict[bool, set[str]] = {False: set(), True: set()}
    for bar in ax.patches:
        colors[bar.get_height() >= 0].add(to_hex(bar.get_facecolor()))
    return colors


def overlaps(texts: list[Text]) -> list[tuple[str, str]]:
    """Which of these texts touch each other, once drawn."""
    if texts:
        texts[0].figure.canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    pairs = ((one, two) for i, one in enumerate(boxes) for two in boxes[:i])
    return [(one[0], two[0]) for one, two in pairs if one[1].overlaps(two[1])]
