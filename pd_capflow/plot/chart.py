"""The sheet that every kind is drawn on: heading, axes, grid, zero line, footnote, mark of demo data."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
from matplotlib import patheffects
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import ScaledTranslation

from pd_capflow.plot.layout import Layout
from pd_capflow.plot.minutes import MinuteAxis
from pd_capflow.plot.rows import RowAxis
from pd_capflow.plot.style import check_colors, readable_words, theme_of
from pd_capflow.plot.ticks import TICK_SIZE, put_ticks
from pd_capflow.plot.units import AmountFormatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pd_capflow.plot.style import Theme
    from pd_capflow.plot.subject import Subject
    from pd_capflow.plot.units import Scale
    from pd_capflow.plot.words import Words

__all__ = ["FIGURE_SIZE", "Chart"]

FIGURE_SIZE = (9.0, 4.6)  # inches
_TITLE, _LABEL, _NOTE = "large", "small", "x-small"
_AIR = 5.0  # points between the axes and the heading


@dataclass(frozen=True)
class Chart:
    """One chart in the making.

    Attributes
    ----------
    ax : matplotlib.axes.Axes
        What it is drawn on.
    subject : Subject
        What it shows.
    places : MinuteAxis or RowAxis
        Its horizontal axis.
    words : Words
        Its language.
    theme : Theme
        Its colours.
    layout : Layout
        How much room its axes leave for texts.
    """

    ax: Axes
    subject: Subject
    places: MinuteAxis | RowAxis
    words: Words
    theme: Theme
    layout: Layout

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
        places = (MinuteAxis if subject.intraday else RowAxis).of(subject, words)
        sheet = _new_sheet() if ax is None else ax
        sheet.set_xlim(*places.limits)
        theme = theme_of(sheet, colors, subject.markets)
        return cls(
            sheet, subject, places, words, theme, Layout.of(sheet, tick_lines=1 if subject.intraday else 2)
        )

    @property
    def text_options(self) -> dict[str, Any]:
        """What every text needs: fonts for the language, and a dollar sign that is only a dollar sign."""
        options: dict[str, Any] = {"parse_math": False}
        return {**options, "fontfamily": list(self.words.fonts)} if self.words.fonts else options

    def finish(
        self, scale: Scale, *, label: str, title: str | None, key_rows: int = 0, notes: tuple[str, ...] = ()
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
            Rows of a legend that stands between heading and axes.
        notes : tuple of str
            What else to say in the footnote.
        """
        self._frame_axes()
        self._amount_axis(scale)
        self._time_axis()
        self._head(self._default_title() if title is None else title, label, key_rows)
        self._foot(notes)
        self._mark(empty=math.isnan(scale.largest))
        self.ax.format_coord = lambda x, y: self._describe(x, y, scale)  # type: ignore[method-assign]
        return self.ax

    def _frame_axes(self) -> None:
        ax, theme = self.ax, self.theme
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.spines["bottom"].set(color=theme.muted, linewidth=0.8)
        fonts: dict[str, Any] = {"labelfontfamily": list(self.words.fonts)} if self.words.fonts else {}
        ax.tick_params(labelsize=TICK_SIZE, labelcolor=theme.muted, color=theme.muted, **fonts)
        ax.tick_params(axis="x", length=3, width=0.8)
        ax.tick_params(axis="y", length=0)
        ax.set_axisbelow(True)
        ax.grid(visible=False, axis="x")
        ax.grid(visible=True, axis="y", color=theme.faint, linewidth=0.8, linestyle="-")

    def _amount_axis(self, scale: Scale) -> None:
        ax = self.ax
        ax.axhline(0, color=self.theme.ink, linewidth=0.9, zorder=1.8, gid="zero")
        ax.margins(y=0.09)
        low, high = ax.get_ylim()
        if not scale.largest > 0:  # nothing, or nothing but zeros
            ax.set_ylim(-1, 1)
            ax.set_yticks([0])
        else:
            ax.set_ylim(low - (0 if self.layout.roomy else 0.12) * (high - low), high)
            ax.locator_params(axis="y", nbins=6)
        ax.yaxis.set_major_formatter(AmountFormatter(scale))

    def _time_axis(self) -> None:
        put_ticks(self.ax.xaxis, self.places)
        for x in self.places.separators:
            self.ax.axvline(
                x, color=self.theme.muted, linewidth=0.7, linestyle=(0, (1, 3)), zorder=1.2, gid="break"
            )

    def _head(self, title: str, label: str, key_rows: int) -> None:
        """Write the heading, and below it what the amounts are: easier to read than a turned label."""
        ax, size = self.ax, _points(_LABEL)
        lift = _AIR + key_rows * 1.5 * size
        what = ", ".join(filter(None, [label, self._currency()]))
        options: dict[str, Any] = {"color": self.theme.muted, **self.text_options}
        if self.layout.roomy:
            text = " · ".join(filter(None, [what, self.places.subtitle()]))
            ax.set_ylabel(text, rotation=0, ha="left", va="baseline", size=_LABEL, **options)
            above = ScaledTranslation(0, lift / 72, ax.figure.dpi_scale_trans)
            ax.yaxis.set_label_coords(0, 1, transform=ax.transAxes + above)
            lift += 1.55 * size
        else:
            ax.set_ylabel(what, size=_NOTE, **options)
        options |= {"color": self.theme.ink, "weight": "bold"}
        ax.set_title(title, loc="left", pad=lift, size=_TITLE if self.layout.roomy else _LABEL, **options)

    def _foot(self, notes: tuple[str, ...]) -> None:
        """Write the footnote as the label of the time axis, which every layout makes room for.

        Where axes stand too close for that, it goes to the foot of the axes themselves.
        """
        ax = self.ax
        width = ax.bbox.width * 72 / ax.figure.dpi / (0.56 * _points(_NOTE))
        text = _wrap([*self._facts(), *notes], max(int(width), 20))
        options: dict[str, Any] = {"size": _NOTE, "color": self.theme.muted, "linespacing": 1.35}
        if self.layout.roomy:
            ax.set_xlabel(text, loc="left", labelpad=6, **options, **self.text_options)
            return
        outline = [patheffects.withStroke(linewidth=2.5, foreground=self.theme.paper)]
        options |= {"transform": ax.transAxes, "zorder": 2.2, "path_effects": outline, "gid": "foot"}
        ax.text(0.01, 0.02, text, va="bottom", **options, **self.text_options)

    def _mark(self, *, empty: bool) -> None:
        """Mark demo data inside the axes, where no layout can cut it off, and say when there is no data."""
        ax, words = self.ax, self.words
        options: dict[str, Any] = {
            "transform": ax.transAxes,
            "ha": "center",
            "va": "center",
            **self.text_options,
        }
        if self.subject.demo:
            text = words.say("demo").upper()
            size = min(ax.bbox.width / len(text), ax.bbox.height / 3) * 72 / ax.figure.dpi
            shade: dict[str, Any] = {"color": self.theme.mark, "weight": "bold", "zorder": 0.4}
            ax.text(0.5, 0.5, text, size=max(size, 8), gid="demo", **shade, **options)
        if empty:
            ax.text(
                0.5, 0.75, words.say("no_data"), size=_TITLE, color=self.theme.muted, gid="empty", **options
            )

    def _facts(self) -> list[str]:
        subject, words = self.subject, self.words
        facts = [words.say("demo")] if subject.demo else []
        if subject.intraday or subject.zone is None or subject.zone == "UTC":
            facts.append(words.zone(subject.zone))
        if subject.valid:
            facts.append(words.say("valid", time=self._valid()))
        if subject.url:
            facts.append(words.say("source", url=subject.url))
        if subject.failed:
            facts.append(words.say("failed", codes=words.listing(list(subject.failed))))
        return facts

    def _valid(self) -> str:
        """Name the time of the newest data; of several codes', the oldest and the newest of these."""
        zone = self.subject.zone
        times = sorted(time.tz_convert(zone) if zone else time for time in self.subject.valid)
        texts = [f"{self.words.date(time, 'day')} {time:%H:%M:%S}" for time in (times[0], times[-1])]
        return " – ".join(dict.fromkeys(texts))

    def _default_title(self) -> str:
        flows, words = self.subject.flows, self.words
        if len(flows) > 1:
            return words.say("title_many", n=len(flows))
        return words.say("title", code=flows[0].code) if flows[0].code else words.say("title_plain")

    def _currency(self) -> str:
        """Return the currency of all amounts, or nothing where it is not known of all."""
        told = {flow.currency for flow in self.subject.flows}
        return (told.pop() or "") if len(told) == 1 else ""

    def _describe(self, x: float, y: float, scale: Scale) -> str:
        """Say what is under the mouse."""
        decimals = scale.decimals([abs(y) / 1000]) if y else 0
        amount = f"{scale.text(y, min(decimals, 3)) or 0} {self._currency()}".strip()
        return "   ".join(filter(None, [self.places.describe(x), amount]))


def _new_sheet() -> Axes:
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)  # inches
    _, ax = plt.subplots(figsize=FIGURE_SIZE, layout=layout)
    return ax


def _points(size: str) -> float:
    return float(FontProperties(size=size).get_size_in_points())


def _wrap(pieces: list[str], width: int) -> str:
    """Join the pieces of a footnote, breaking lines between them where they would be too long."""
    lines: list[str] = []
    for piece in pieces:
        if lines and len(lines[-1]) + 3 + len(piece) <= width:
            lines[-1] += f" · {piece}"
        else:
            lines += textwrap.wrap(piece, width) or [""]
    return "\n".join(lines)
