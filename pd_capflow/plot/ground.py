"""What small charts stand on: axes without a frame that hold heading, legend and footnote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from pd_capflow.plot.chart import Chart
from pd_capflow.plot.labels import put_legend
from pd_capflow.plot.layout import Layout
from pd_capflow.plot.panel import PAD
from pd_capflow.plot.sheet import LABEL, NOTE, points_of
from pd_capflow.plot.style import theme_of
from pd_capflow.plot.subject import TIERS
from pd_capflow.plot.ticks import text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure, SubFigure

    from pd_capflow.plot.minutes import MinuteAxis
    from pd_capflow.plot.panel import Panel
    from pd_capflow.plot.rows import RowAxis
    from pd_capflow.plot.sheet import Sheet
    from pd_capflow.plot.subject import Subject
    from pd_capflow.plot.words import Words

__all__ = ["Ground"]

_EDGE = 9.0  # points around everything
_HEADING = 32.0  # points of a heading of two lines
_GUTTER = 12.0  # points between a chart and its right neighbour's amounts
_LINE = 11.0  # points of a line of small text
_LEAST = 0.25  # of a cell's width or height for the chart, however little room there is


@dataclass(frozen=True)
class Ground(Chart):
    """The sheet under a page of small charts.

    Attributes
    ----------
    figure : matplotlib.figure.Figure or SubFigure
        The whole page.
    """

    figure: Figure | SubFigure

    LAYOUT: ClassVar[Layout] = Layout(flexible=True, roomy=True)  # the page makes the room itself

    @classmethod
    def of(
        cls,
        subject: Subject,
        figure: Figure | SubFigure,
        places: MinuteAxis | RowAxis,
        *,
        colors: str,
        words: Words,
    ) -> Ground:
        """Lay the ground on an empty figure."""
        edge = _EDGE * figure.dpi / 72 / figure.bbox.width
        ax = figure.add_axes((edge, 0.1, 1 - 2 * edge, 0.8), label="page")
        theme = theme_of(ax, colors, subject.markets)
        ax.patch.set_visible(False)
        ax.spines[:].set_visible(False)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(NullLocator())
        return cls(ax, subject, words, theme, cls.LAYOUT, places, figure)

    def describe(
        self, title: str | None, label: str, panels: Sequence[Panel], *, tiers: bool, notes: tuple[str, ...]
    ) -> None:
        """Write heading, legend and footnote, and take the room that is left."""
        key_rows = put_legend(self.ax, _keys(self), self) if tiers else 0
        days = dict.fromkeys(filter(None, (panel.chart.places.subtitle() for panel in panels)))
        subtitle = self.words.texts["comma"].join(days)
        self.head(title, label, subtitle=subtitle, key_rows=key_rows)
        self.foot(notes)
        box, (_, height) = self.ax.get_position(), self._size()
        lines = self.ax.get_xlabel().count("\n") + 1
        bottom = _EDGE + PAD + lines * 1.4 * points_of(NOTE)
        top = height - _EDGE - _HEADING - key_rows * 1.5 * points_of(LABEL)
        self.ax.set_position((box.x0, bottom / height, box.width, max((top - bottom) / height, _LEAST)))

    def arrange(self, panels: Sequence[Panel], across: int, *, share_y: bool) -> None:
        """Put the charts in their places, line by line, and write around each what it needs."""
        reaches = [panel.reach for panel in panels]
        if share_y:
            reaches = [(min(low for low, _ in reaches), max(high for _, high in reaches))] * len(panels)
        timed = [_is_lowest(panels, number, across) for number in range(len(panels))]
        asides = self._asides(panels)
        lines = 2 if any(asides) or any(panel.is_named for panel in panels) else 1
        scales = [panel.scale_texts(reach) for panel, reach in zip(panels, reaches, strict=True)]
        room = max((text_width(text, NOTE) for each in scales for text in each.values()), default=0.0) + PAD
        cells = self._cells(len(panels), across, left=room + PAD, lines=lines, timed=timed)
        for number, (panel, reach, cell) in enumerate(zip(panels, reaches, cells, strict=True)):
            panel.chart.ax.set_position(cell)
            scale = scales[number] if not share_y or number % across == 0 else {}
            panel.finish(reach, scale=scale, aside=asides[number], lines=lines, timed=timed[number])

    def _cells(
        self, count: int, across: int, *, left: float, lines: int, timed: Sequence[bool]
    ) -> list[tuple[float, float, float, float]]:
        """Return the place of each chart in the figure, with room around it for what is written there."""
        box, width, height = self.ax.get_position(), *self._size()
        down, above = -(-count // across), lines * _LINE + PAD
        ticks = (1 if self.subject.intraday else 2) * _LINE + PAD
        below = ticks if any(timed[: across * (down - 1)]) else PAD
        wide, high = box.width * width / across, (box.height * height - ticks + below) / down
        chart_wide = max(wide - left - _GUTTER, _LEAST * wide)
        chart_high = max(high - above - below, _LEAST * high)
        cells = []
        for number in range(count):
            row, column = divmod(number, across)
            x, y = box.x0 * width + column * wide + left, box.y1 * height - row * high - above - chart_high
            cells.append((x / width, y / height, chart_wide / width, chart_high / height))
        return cells

    def _asides(self, panels: Sequence[Panel]) -> list[str]:
        """Return what to say of each chart that is not said of all: its currency, and an earlier end."""
        ends = [(panel.chart.places, panel.end) for panel in panels]
        texts = []
        for panel, (places, end) in zip(panels, ends, strict=True):
            currency = "" if self.currency else panel.chart.currency
            is_late = end < max(other for other_places, other in ends if other_places is places)
            texts.append(" · ".join(filter(None, [currency, panel.until if is_late else ""])))
        return texts

    def _zone(self) -> str:
        zones = {str(flow.times.tz) for flow in self.subject.flows}
        return super()._zone() if len(zones) == 1 else self.words.say("exchange_times")

    def _size(self) -> tuple[float, float]:
        """Return width and height of the page in points."""
        points = 72 / self.figure.dpi
        return self.figure.bbox.width * points, self.figure.bbox.height * points


def _is_lowest(panels: Sequence[Panel], number: int, across: int) -> bool:
    """Whether no chart with the same time axis stands below."""
    below = panels[number + across] if number + across < len(panels) else None
    return below is None or below.chart.places is not panels[number].chart.places


def _keys(sheet: Sheet) -> list[Line2D]:
    """Return what stands for the total and the tiers in a legend."""
    colors = dict(zip(("in_flow", *TIERS), (sheet.theme.ink, *sheet.theme.lines), strict=False))
    return [Line2D([], [], color=color, label=sheet.words.say(name)) for name, color in colors.items()]
