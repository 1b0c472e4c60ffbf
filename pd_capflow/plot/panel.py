"""One small chart among many: the name and the last value above it, next to nothing else around it.

Texts and marks are few and plain artists: a tick of matplotlib costs as much as ten of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from pd_capflow.plot.blocks import put_blocks
from pd_capflow.plot.caption import caption
from pd_capflow.plot.captions import fitted
from pd_capflow.plot.own import own_rows, stretches
from pd_capflow.plot.sheet import LABEL, NOTE, points_of
from pd_capflow.plot.subject import TIERS
from pd_capflow.plot.totals import draw_line, line_of, tint
from pd_capflow.plot.units import AmountFormatter, Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt
    import pandas as pd

    from pd_capflow.plot.chart import Chart

    Floats = npt.NDArray[np.float64]

__all__ = ["PAD", "PANELS", "Panel"]

_WEIGHT = 0.65  # of a line's usual width
_MARKS = MaxNLocator(nbins=3, steps=[1, 2, 5, 10])
#: Points between the axes and what stands around them.
PAD = 4.0
_AIR = 0.08  # of the amounts' range, above and below it


@dataclass(frozen=True)
class Panel:
    """The chart of one code, small.

    Attributes
    ----------
    chart : Chart
        What it is drawn on.
    amounts : ndarray of float64, shape (rows, lines)
        What was drawn: the total first, then the tiers if they are shown; NaN where there is none.
    """

    chart: Chart
    amounts: Floats

    @classmethod
    def draw(cls, chart: Chart, kind: str, *, tiers: bool) -> Panel:
        """Draw the data of one code, as a kind of `PANELS` does."""
        chart.ax.set_xlim(*chart.places.limits)
        return cls(chart, PANELS[kind](chart, tiers=tiers))

    @property
    def code(self) -> str:
        """The code, or nothing where the frame does not tell it."""
        return self.chart.subject.flows[0].code or ""

    @property
    def reach(self) -> tuple[float, float]:
        """The ends of an amount axis that shows zero and every amount, and a little more."""
        known = np.append(self.amounts[np.isfinite(self.amounts)], 0.0)
        low, high = float(known.min()), float(known.max())
        air = _AIR * (high - low)
        return (low - air, high + air) if air else (-1.0, 1.0)

    @property
    def end(self) -> float:
        """Where on the time axis the last row is whose total is known; before everything if none is."""
        known = self._known
        return float(self.chart.places.place(known[-1:])[0]) if len(known) else -math.inf

    @property
    def until(self) -> str:
        """The time of that row in words; nothing if there is none."""
        known, words = self._known, self.chart.words
        if not len(known):
            return ""
        is_only_day = self.chart.places.subtitle() == words.date(known[-1])
        day = "" if is_only_day else words.date(known[-1], "day")
        clock = f"{known[-1]:%H:%M}" if self.chart.subject.intraday else ""
        return words.say("until", time=" ".join(filter(None, [day, clock])))

    @property
    def is_named(self) -> bool:
        """Whether the code has a name that can be shown."""
        return caption(self.code, self.chart.subject.names, self.chart.words)[0] != self.code

    def scale_texts(self, reach: tuple[float, float]) -> dict[float, str]:
        """Return what to write beside an amount axis, and where; nothing beside one without amounts."""
        if not np.isfinite(self.amounts).any():
            return {}
        marks = _marks(reach) if np.nansum(np.abs(self.amounts)) else [0.0]
        formatter = AmountFormatter(Scale.of(np.array(marks), self.chart.words.lang))
        return dict(zip(marks, formatter.format_ticks(marks), strict=True))

    def finish(
        self, reach: tuple[float, float], *, scale: Mapping[float, str], aside: str, lines: int, timed: bool
    ) -> None:
        """Add everything but the data.

        Parameters
        ----------
        reach : tuple of (float, float)
            Lower and upper end of the amount axis.
        scale : mapping of float to str
            What to write beside it, and where.
        aside : str
            What to write below the value.
        lines : int
            How many lines stand above the axes.
        timed : bool
            Whether to write times below them.
        """
        self._time_axis(timed=timed)
        self._amount_axis(reach)
        for y, text in scale.items():
            self._beside(y, text)
        self._head(aside, lines)
        self.chart.mark(empty=not np.isfinite(self.amounts).any())

    def _time_axis(self, *, timed: bool) -> None:
        ax, theme = self.chart.ax, self.chart.theme
        self.chart.time_axis()  # also the marks of time that is left out
        ax.yaxis.set_visible(False)
        if timed:
            self.chart.frame_axes(grid=None)
            ax.tick_params(axis="x", labelsize=NOTE)
            return
        ax.xaxis.set_visible(False)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.spines["bottom"].set(color=theme.muted, linewidth=0.8)

    def _amount_axis(self, reach: tuple[float, float]) -> None:
        ax, theme = self.chart.ax, self.chart.theme
        ax.set_ylim(*reach)
        if np.isfinite(self.amounts).any():
            grid = ax.hlines(_marks(reach), 0, 1, color=theme.faint, linewidth=0.7, zorder=1)
            grid.set_transform(ax.get_yaxis_transform())
        ax.axhline(0, color=theme.ink, linewidth=0.8, zorder=1.8, gid="zero")

    def _beside(self, y: float, text: str) -> None:
        ax = self.chart.ax
        left = ax.get_yaxis_transform() + ScaledTranslation(-PAD / 72, 0, ax.figure.dpi_scale_trans)
        look: dict[str, Any] = {"size": NOTE, "color": self.chart.theme.muted, **self.chart.text_options}
        ax.text(0, y, text, ha="right", va="center", transform=left, gid="scale", **look)

    def _head(self, aside: str, lines: int) -> None:
        """Write name and value, and in a second line the code and what else is to be said."""
        theme, last = self.chart.theme, self._last
        value = Scale.of(np.array([last]), self.chart.words.lang).text(last, signed=True)
        color = theme.muted if not last else theme.up if last > 0 else theme.down
        strong, quiet = {"weight": "bold", "size": LABEL}, {"color": theme.muted, "size": NOTE}
        name, fonts = self._name(self.chart.width - _bold_width(value, self.chart.words.fonts) - 2 * PAD)
        lift = PAD + (lines - 1) * 1.35 * points_of(NOTE)
        self._write(value, "right", lift, {"color": color, "gid": "value", **strong})
        self._write(name, "left", lift, {"color": theme.ink, "gid": "name", **strong, **fonts})
        self._write(self.code if self.is_named else "", "left", PAD, {"gid": "code", **quiet})
        self._write(aside, "right", PAD, {"gid": "aside", **quiet})

    def _write(self, text: str, side: str, lift: float, look: dict[str, Any]) -> None:
        """Write above the left or the right end of the axes, so many points above them."""
        ax, above = self.chart.ax, self.chart.above(lift)
        if text:
            options = {"ha": side, "va": "baseline", "transform": above, **self.chart.text_options, **look}
            ax.text(float(side == "right"), 1.0, text, **options)

    def _name(self, room: float) -> tuple[str, dict[str, Any]]:
        """Return what to call the code in so many points, and the fonts that it takes."""
        told, fonts = caption(self.code, self.chart.subject.names, self.chart.words)
        name = told.removesuffix(self.code).strip() or self.code
        families = fonts or self.chart.words.fonts
        short = fitted(name, lambda text: _bold_width(text, families) <= room)
        return short, {"fontfamily": list(fonts)} if fonts else {}

    @property
    def _last(self) -> float:
        """The last total that is known, NaN if none is."""
        totals = self.amounts[np.isfinite(self.amounts[:, 0]), 0]
        return float(totals[-1]) if totals.size else math.nan

    @property
    def _known(self) -> pd.DatetimeIndex:
        """The times of the rows whose total is known."""
        return self.chart.subject.flows[0].times[np.isfinite(self.amounts[:, 0])]


def _marks(reach: tuple[float, float]) -> list[float]:
    """Return a few round amounts between two ends."""
    return [float(mark) for mark in _MARKS.tick_values(*reach) if reach[0] <= mark <= reach[1]]


def _bold_width(text: str, families: tuple[str, ...]) -> float:
    """Return how wide a name or a value is, in points."""
    font = FontProperties(family=list(families) or None, size=LABEL, weight="bold")
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])


def _totals(chart: Chart, *, tiers: bool) -> Floats:
    """Draw the total, tinted, and the tiers behind it."""
    (flow,), theme = chart.subject.flows, chart.theme
    columns = {"in_flow": theme.ink} | dict(zip(TIERS if tiers else (), theme.lines, strict=False))
    lines = [line_of(chart, flow, column, name=column, color=color) for column, color in columns.items()]
    for line in reversed(lines):
        if np.isfinite(line.y).any():
            draw_line(chart.ax, line, weight=_WEIGHT)
    tint(chart, lines[:1])
    breaks = chart.places.breaks(flow.times)  # what was put in to break a line is no row
    return np.delete(np.column_stack([line.y for line in lines]), breaks + np.arange(len(breaks)), axis=0)


def _bars(chart: Chart, *, tiers: bool) -> Floats:  # noqa: ARG001  # as `_totals`
    """Draw the flow of each row."""
    (flow,), theme = chart.subject.flows, chart.theme
    heights = own_rows(chart.subject, flow)["in_flow"].to_numpy(dtype=np.float64)
    there = np.isfinite(heights)
    middles, widths = (each[there] for each in stretches(chart, flow))
    amounts = heights[there]
    colors = np.where(amounts >= 0, theme.up, theme.down).tolist()
    ends = np.zeros_like(amounts), amounts
    put_blocks(chart, (middles, widths), ends, colors=colors, is_sized=False)
    return heights[:, None]


#: What draws the data of one code, by the kind of chart; it returns `Panel.amounts`.
PANELS: dict[str, Callable[..., Floats]] = {"cumulative": _totals, "bars": _bars}
