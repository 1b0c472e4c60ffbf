"""Names beside points, placed when the size is known: where one finds no free place, it is not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.transforms import Bbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    from matplotlib.backend_bases import RendererBase
    from matplotlib.text import Text
    from matplotlib.transforms import BboxBase

    from pd_capflow.plot.sheet import Sheet

    Floats = npt.NDArray[np.float64]

__all__ = ["PointName", "name_points"]

# Where a name may stand, the best first: which way from the point.
_WAYS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
_AWAY = 5.0  # points from a point's middle to its name
_POINT = 3.0  # points from a point's middle that no name covers
_SIZE = "x-small"
_FIXED = ("corner", "foot", "unnamed")  # texts that stand where they stand


class PointName(NamedTuple):
    """A point, what to write beside it, and the fonts that this takes."""

    x: float
    y: float
    text: str
    fonts: tuple[str, ...] = ()


class _Placer(Artist):
    """Draws nothing: finds a place for each name just before they are drawn, the first names first."""

    def __init__(self, names: Sequence[Text], points: Floats, rest: Text, sheet: Sheet) -> None:
        super().__init__()
        self.names, self.points, self.rest, self.sheet = names, points, rest, sheet
        self.set_zorder(-1e6)
        self.set_in_layout(False)

    def draw(self, renderer: RendererBase) -> None:
        """Place the names for the axes as they are now, and say how many found no place."""
        self._say_hidden(0)
        if hidden := self._place_all(renderer):
            self._say_hidden(hidden)  # which takes a place itself
            self._say_hidden(self._place_all(renderer))

    def _place_all(self, renderer: RendererBase) -> int:
        """Place the names, and return how many points have none."""
        ax = self.sheet.ax
        places = ax.transData.transform(self.points)
        taken = self._taken(places, renderer)
        for name, at in zip(self.names, places, strict=False):
            name.set_visible(True)  # or it has no size
            box = self._place(at, name.get_window_extent(renderer), taken)
            name.set_visible(box is not None)
            if box is not None:
                x, y = ax.transAxes.inverted().transform((box.x0, box.y0))
                name.set_position((float(x), float(y)))
                taken = np.vstack([taken, box.extents])
        return len(self.points) - sum(name.get_visible() for name in self.names)

    def _taken(self, places: Floats, renderer: RendererBase) -> Floats:
        """Return where no name may stand: on points, and on texts that stand where they stand.

        Shape (n, 4): left, lower, right and upper ends.
        """
        half = _POINT * self._unit
        texts = [text for text in self.sheet.ax.texts if text.get_gid() in _FIXED and text.get_text()]
        boxes = [text.get_window_extent(renderer).extents for text in texts]
        return np.vstack([np.hstack([places - half, places + half]), *boxes])

    def _place(self, at: Floats, size: Bbox, taken: Floats) -> Bbox | None:
        """Return the best free place, one across no zero line before all."""
        around, zero = self.sheet.ax.bbox, self.sheet.ax.transData.transform((0, 0))
        boxes = _boxes(at, size, _AWAY * self._unit)
        free = [box for box in boxes if _is_inside(box, around) and not _touches(box, taken)]
        clear = [box for box in free if not (box.x0 < zero[0] < box.x1 or box.y0 < zero[1] < box.y1)]
        return next(iter((*clear, *free)), None)

    def _say_hidden(self, count: int) -> None:
        self.rest.set_text(self.sheet.words.say("unnamed", n=count) if count else "")

    @property
    def _unit(self) -> float:
        return float(self.sheet.ax.figure.dpi / 72)


def name_points(sheet: Sheet, points: Sequence[PointName], most: int, *, counted: bool) -> None:
    """Write names beside points without overlap.

    Parameters
    ----------
    sheet : Sheet
        With limits that stay.
    points : sequence of PointName
        The first ones get the best places.
    most : int
        How many to name at most.
    counted : bool
        Whether to say how many have no name.
    """
    ax, theme = sheet.ax, sheet.theme
    look = {"transform": ax.transAxes, "size": _SIZE, "in_layout": False, **sheet.text_options}
    names = []
    for point in points[:most]:
        fonts = {"fontfamily": list(point.fonts)} if point.fonts else {}
        options = {"va": "bottom", "color": theme.ink, "zorder": 4, "gid": "point", **look, **fonts}
        names.append(ax.text(0, 0, point.text, **options))
    rest = ax.text(0.99, 0.92, "", ha="right", va="top", color=theme.muted, gid="unnamed", **look)
    rest.set_visible(counted)
    places = np.array([(point.x, point.y) for point in points], dtype=np.float64).reshape(-1, 2)
    ax.add_artist(_Placer(names, places, rest, sheet))


def _boxes(at: Floats, size: Bbox, away: float) -> Iterator[Bbox]:
    """Yield the places around a point, for something of this size."""
    width, height = size.width, size.height
    for right, up in _WAYS:
        reach = away * (0.7 if right and up else 1.0)
        x = at[0] + right * reach - (width if right < 0 else 0 if right > 0 else width / 2)
        y = at[1] + up * reach - (height if up < 0 else 0 if up > 0 else height / 2)
        yield Bbox.from_bounds(float(x), float(y), width, height)


def _is_inside(box: Bbox, around: BboxBase) -> bool:
    across, up = around.x0 <= box.x0 and box.x1 <= around.x1, around.y0 <= box.y0 and box.y1 <= around.y1
    return bool(across and up)


def _touches(box: Bbox, taken: Floats) -> bool:
    left, lower, right, upper = taken.T
    return bool(((left < box.x1) & (right > box.x0) & (lower < box.y1) & (upper > box.y0)).any())
