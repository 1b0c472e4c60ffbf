"""Ticks that fit: of several sets, from coarse to fine, the finest whose labels keep their distance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import matplotlib as mpl
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import FuncFormatter, Locator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axis import Axis

__all__ = ["TICK_SIZE", "FittingLocator", "Tick", "TickSource", "put_ticks", "text_width"]

TICK_SIZE = "small"
_AIR = 2.3  # free space between two labels, in font sizes


class Tick(NamedTuple):
    """A place on the axis and what stands there."""

    x: float
    label: str


class TickSource(Protocol):
    """Whoever knows the ticks of an axis."""

    def tick_sets(self, low: float, high: float) -> Iterator[Sequence[Tick]]:
        """Give sets of ticks between these limits, from coarse to fine."""


def text_width(text: str, size: str) -> float:
    """Estimate how wide a text is, in points, without drawing it."""
    points = FontProperties(size=size).get_size_in_points()
    lines = text.split("\n")
    return float(points * max(sum(0.6 if ord(char) < 0x2E80 else 1.05 for char in line) for line in lines))


class FittingLocator(Locator):
    """Chooses among a source's ticks each time the axis is drawn, by the room that there is then.

    Parameters
    ----------
    source : TickSource
        Gives the sets to choose from.
    """

    def __init__(self, source: TickSource) -> None:
        self.source = source
        self.labels: dict[float, str] = {}
        self._chosen_for: tuple[float, ...] = ()

    def __call__(self) -> list[float]:
        """Return the places of the ticks for the limits as they are."""
        low, high = sorted(self.axis.get_view_interval())  # type: ignore[union-attr]
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Return the places of the ticks between two limits, and remember their labels."""
        points = _points(self.axis)  # type: ignore[arg-type]
        if self._chosen_for != (vmin, vmax, points):  # asked for many times while a figure is drawn
            self._choose(vmin, vmax, points / max(vmax - vmin, 1e-9))
            self._chosen_for = (vmin, vmax, points)
        return list(self.labels)

    def _choose(self, vmin: float, vmax: float, scale: float) -> None:
        chosen: Sequence[Tick] = ()
        for ticks in self.source.tick_sets(vmin, vmax):
            inside = [tick for tick in ticks if vmin <= tick.x <= vmax]
            if chosen and _crowded(inside, scale):
                break
            chosen = inside or chosen
        self.labels = dict(_thin(chosen, scale))


def put_ticks(axis: Axis, source: TickSource) -> None:
    """Give an axis the ticks of a source."""
    locator = FittingLocator(source)
    axis.set_major_locator(locator)
    axis.set_major_formatter(FuncFormatter(lambda x, _: locator.labels.get(x, "")))


def _points(axis: Axis) -> float:
    """Return the length of a horizontal axis in points."""
    figure = axis.get_figure(root=True)
    return axis.axes.bbox.width * 72 / (figure.dpi if figure else mpl.rcParams["figure.dpi"])


def _crowded(ticks: Sequence[Tick], scale: float) -> bool:
    """Whether two neighbours come too near; `scale` is points for each unit of the axis."""
    air = _AIR * FontProperties(size=TICK_SIZE).get_size_in_points()
    widths = [text_width(tick.label, TICK_SIZE) for tick in ticks]
    return any(
        (ticks[i + 1].x - ticks[i].x) * scale < (widths[i] + widths[i + 1]) / 2 + air
        for i in range(len(ticks) - 1)
    )


def _thin(ticks: Sequence[Tick], scale: float) -> Sequence[Tick]:
    """Keep each second, third, ... tick where even the coarsest set is crowded."""
    every = 1
    while _crowded(ticks[::every], scale):
        every += 1
    return ticks[::every]
