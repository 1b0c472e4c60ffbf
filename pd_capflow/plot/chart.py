"""The sheet with a time axis and amounts: grid, zero line, ticks and breaks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pd_capflow.plot.layout import Layout
from pd_capflow.plot.minutes import MinuteAxis
from pd_capflow.plot.rows import RowAxis
from pd_capflow.plot.sheet import KEY_ROW, LABEL, Sheet, new_axes, points_of
from pd_capflow.plot.style import check_colors, readable_words, theme_of
from pd_capflow.plot.ticks import put_ticks
from pd_capflow.plot.units import AmountFormatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pd_capflow.plot.subject import Subject
    from pd_capflow.plot.units import Scale

__all__ = ["Chart"]

_FOOT = 0.11  # of the height, for a footnote within the axes


@dataclass(frozen=True)
class Chart(Sheet):
    """One chart of amounts over time in the making.

    Attributes
    ----------
    places : MinuteAxis or RowAxis
        Its horizontal axis.
    """

    places: MinuteAxis | RowAxis

    @classmethod
    def begin(cls, subject: Subject, *, ax: Axes | None, colors: str, lang: str) -> Chart:
        """Take a sheet and lay out its horizontal axis.

        Raises
        ------
        QueryError
            If `colors` or `lang` is not known; then no figure is made.
        """
        check_colors(colors)
        words = readable_words(lang)
        axes = new_axes() if ax is None else ax
        layout = Layout.of(axes, tick_lines=1 if subject.intraday else 2)
        minutes = subject.intraday
        places = MinuteAxis.of(subject, words) if minutes else RowAxis.of(subject, words, layout)
        axes.set_xlim(*places.limits)
        theme = theme_of(axes, colors, subject.markets)
        return cls(axes, subject, words, theme, layout, places)

    @property
    def points_per_unit(self) -> float:
        """How long one unit of the horizontal axis is on paper."""
        low, high = self.ax.get_xlim()
        return self.width / (high - low)

    def finish(
        self,
        scale: Scale,
        *,
        label: str,
        title: str | None,
        key_rows: int = 0,
        notes: tuple[str, ...] = (),
        covered: bool = False,
    ) -> Axes:
        """Add everything but the data.

        Parameters
        ----------
        scale : Scale
            Unit of the amounts.
        label : str
            What the amounts are; currency and dates follow it.
        title : str, optional
            The heading; by default the code's name.
        key_rows : int
            Rows of a legend, between heading and axes or at the top of these.
        notes : tuple of str
            What else to say in the footnote.
        covered : bool
            Whether the data hide what is behind them.
        """
        self.frame_axes()
        above, within = (key_rows, 0) if self.layout.flexible else (0, key_rows)
        self._amount_axis(scale, key_rows=within)
        self.time_axis()
        self.head(title, label, subtitle=self.places.subtitle(), key_rows=above)
        self.foot(notes)
        self.mark(empty=math.isnan(scale.largest), covered=covered)
        self.ax.format_coord = lambda x, y: self._describe(x, y, scale)  # type: ignore[method-assign]
        return self.ax

    def time_axis(self) -> None:
        """Give the time axis its ticks, and mark where time is left out."""
        put_ticks(self.ax.xaxis, self.places)
        for x in self.places.separators:
            self.ax.axvline(
                x, color=self.theme.muted, linewidth=0.7, linestyle=(0, (1, 3)), zorder=1.2, gid="break"
            )

    def _amount_axis(self, scale: Scale, *, key_rows: int) -> None:
        ax = self.ax
        ax.axhline(0, color=self.theme.ink, linewidth=0.9, zorder=1.8, gid="zero")
        ax.margins(y=0.09)
        low, high = ax.get_ylim()
        if not scale.largest > 0:  # nothing, or nothing but zeros
            ax.set_ylim(-1, 1)
            ax.set_yticks([0])
        else:
            key = key_rows * KEY_ROW * points_of(LABEL) / self.height
            foot = 0 if self.layout.roomy else _FOOT
            air = (high - low) / max(1 - key - foot, 0.2)
            ax.set_ylim(low - foot * air, high + key * air)
            ax.locator_params(axis="y", nbins=6)
        ax.yaxis.set_major_formatter(AmountFormatter(scale))

    def _describe(self, x: float, y: float, scale: Scale) -> str:
        """Say what is under the mouse."""
        decimals = scale.decimals([abs(y) / 1000]) if y else 0
        amount = f"{scale.text(y, min(decimals, 3)) or 0} {self.currency}".strip()
        return "   ".join(filter(None, [self.places.describe(x), amount]))
