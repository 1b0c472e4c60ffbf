"""Names and last values at the ends of lines, kept from overlapping; a legend where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.font_manager import FontProperties

from pd_capflow.plot.ticks import text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.text import Annotation

    from pd_capflow.plot.chart import Chart

    Floats = npt.NDArray[np.float64]

__all__ = ["LABEL_SIZE", "LineEnd", "has_room", "label_ends", "put_legend", "spread"]

LABEL_SIZE = "small"
_LINE_HEIGHT = 1.3  # of the font size
_TIGHT: dict[str, Any] = {
    "borderpad": 0.2,
    "handlelength": 0.9,
    "handletextpad": 0.4,
    "columnspacing": 1.0,
    "labelspacing": 0.2,
}  # a legend's spaces, in font sizes
_OFFSET = 7.0  # points between a line's end and its label


class LineEnd(NamedTuple):
    """Where a line ends, and what to write there."""

    x: float
    y: float
    text: str
    color: str
    strong: bool


class _Spreader(Artist):
    """Draws nothing: moves the labels apart just before they are drawn, when the size is known."""

    def __init__(self, labels: Sequence[Annotation]) -> None:
        super().__init__()
        self.labels = labels
        self.set_zorder(-1e6)
        self.set_in_layout(False)

    def draw(self, renderer: RendererBase) -> None:  # noqa: ARG002  # as matplotlib calls it
        """Place the labels for the axes as they are now."""
        ax = self.axes
        figure = ax.get_figure(root=True) if ax else None
        if ax is None or figure is None:
            return
        points = 72 / figure.dpi
        wanted = ax.transData.transform([label.xy for label in self.labels])[:, 1] * points
        low, high = ax.bbox.y0 * points, ax.bbox.y1 * points
        places = spread(wanted, _LINE_HEIGHT * _points(LABEL_SIZE), low, high)
        for label, place, want in zip(self.labels, places, wanted, strict=True):
            label.xyann = (_OFFSET, float(place - want))


def label_ends(ax: Axes, ends: Sequence[LineEnd], chart: Chart) -> None:
    """Write the labels of lines beside their ends."""
    labels = []
    inside = _room_inside(ax, ends) > 0
    box = {"facecolor": chart.theme.paper, "edgecolor": "none", "pad": 0.4} if inside else None
    for end in ends:
        label = ax.annotate(
            end.text,
            (end.x, end.y),
            (_OFFSET, 0),
            textcoords="offset points",
            va="center",
            annotation_clip=True,  # zoomed away, a label goes with its line
            color=end.color,
            fontsize=LABEL_SIZE,
            fontweight="bold" if end.strong else "normal",
            bbox=box,
            **chart.text_options,
        )
        labels.append(label)
    if labels:
        ax.add_artist(_Spreader(labels))


def put_legend(ax: Axes, lines: Sequence[Artist], chart: Chart) -> int:
    """Name lines in a legend above the axes, or at their top; return how many rows of text it takes."""
    columns = _columns([str(line.get_label()) for line in lines], _width(ax))
    place: dict[str, Any] = {"loc": "upper left"}
    if chart.layout.flexible:
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1)}
    place |= {"borderaxespad": 0.1, "framealpha": 0, "edgecolor": "none"}
    legend = ax.legend(handles=lines, ncols=columns, fontsize=LABEL_SIZE, **place, **_TIGHT)
    for text in legend.get_texts():
        text.set(color=chart.theme.ink, **chart.text_options)
    return -(-len(lines) // columns)


def has_room(ax: Axes, ends: Sequence[LineEnd], chart: Chart) -> bool:
    """Whether the labels find room: enough height, and width either inside the axes or beside them."""
    if not ends:
        return True
    if len(ends) * _LINE_HEIGHT * _points(LABEL_SIZE) > _height(ax):
        return False
    beside = chart.layout.flexible and _width(ax) > 3.5 * _widest(ends)
    return beside or _room_inside(ax, ends) > 0


def spread(wanted: Floats, gap: float, low: float, high: float) -> Floats:
    """Move points apart as little as possible.

    Parameters
    ----------
    wanted : ndarray of float
        Where each point would like to be.
    gap : float
        The least distance of two points.
    low, high : float
        The limits to keep within, as far as there is room.

    Returns
    -------
    ndarray of float
        Where each point goes, in the order given.
    """
    order = np.argsort(wanted, kind="stable")
    ladder = np.arange(len(wanted)) * gap
    steps = _isotonic(wanted[order] - ladder)
    lowest = low + gap / 2
    highest = max(high - gap / 2 - ladder[-1], lowest) if len(wanted) else lowest
    places = np.empty(len(wanted))
    places[order] = np.clip(steps, lowest, highest) + ladder
    return places


def _isotonic(values: Floats) -> Floats:
    """Return the nearest series that never falls: neighbours in the wrong order share their mean."""
    blocks: list[tuple[float, int]] = []
    for value in values.tolist():
        mean, size = value, 1
        while blocks and blocks[-1][0] > mean:
            before, count = blocks.pop()
            mean, size = (before * count + mean * size) / (count + size), count + size
        blocks.append((mean, size))
    return np.array([mean for mean, size in blocks for _ in range(size)], dtype=np.float64)


def _widest(ends: Sequence[LineEnd]) -> float:
    return _OFFSET + max((text_width(end.text, LABEL_SIZE) for end in ends), default=0.0)


def _room_inside(ax: Axes, ends: Sequence[LineEnd]) -> float:
    """Return the points to spare between labels within the axes and the right edge."""
    low, high = ax.get_xlim()
    last = max((end.x for end in ends), default=low)
    return (high - last) / (high - low) * _width(ax) - _widest(ends)


def _columns(names: Sequence[str], width: float) -> int:
    """Return how many columns of a legend fit into a width in points."""
    widths = [text_width(name, LABEL_SIZE) + 2.5 * _points(LABEL_SIZE) for name in names]
    return len(names) if sum(widths) <= width else max(1, int(width // max(widths)))


def _points(size: str) -> float:
    return float(FontProperties(size=size).get_size_in_points())


def _width(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    return float(ax.bbox.width * 72 / figure.dpi) if figure else 0.0


def _height(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    return float(ax.bbox.height * 72 / figure.dpi) if figure else 0.0
