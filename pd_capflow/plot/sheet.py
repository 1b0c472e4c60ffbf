"""The sheet under every chart: heading, footnote, mark of demo data, and how its axes look."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
from matplotlib import patheffects
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import ScaledTranslation

from pd_capflow.plot.caption import caption
from pd_capflow.plot.layout import Layout
from pd_capflow.plot.style import check_colors, readable_words, theme_of
from pd_capflow.plot.ticks import TICK_SIZE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

    from pd_capflow.plot.style import Theme
    from pd_capflow.plot.subject import Subject
    from pd_capflow.plot.words import Words

__all__ = ["AIR", "FIGURE_SIZE", "KEY_ROW", "LABEL", "NOTE", "Sheet", "new_axes", "points_of"]

FIGURE_SIZE = (9.0, 4.6)  # inches
_TITLE, LABEL, NOTE = "large", "small", "x-small"
AIR = 5.0  # points between the axes and the heading
KEY_ROW = 1.5  # height of a legend's row, in font sizes


@dataclass(frozen=True)
class Sheet:
    """What a chart is drawn on.

    Attributes
    ----------
    ax : matplotlib.axes.Axes
        Where.
    subject : Subject
        What it shows.
    words : Words
        Its language.
    theme : Theme
        Its colours.
    layout : Layout
        How much room its axes leave for texts.
    """

    ax: Axes
    subject: Subject
    words: Words
    theme: Theme
    layout: Layout

    @classmethod
    def take(cls, subject: Subject, *, ax: Axes | None, colors: str, lang: str) -> Sheet:
        """Take a sheet for something that has no time axis.

        Raises
        ------
        QueryError
            If `colors` or `lang` is not known; then no figure is made.
        """
        check_colors(colors)
        words = readable_words(lang)
        axes = new_axes() if ax is None else ax
        return cls(axes, subject, words, theme_of(axes, colors, subject.markets), Layout.of(axes))

    @property
    def text_options(self) -> dict[str, Any]:
        """What every text needs: fonts for the language, and a dollar sign that is only a dollar sign."""
        options: dict[str, Any] = {"parse_math": False}
        return {**options, "fontfamily": list(self.words.fonts)} if self.words.fonts else options

    @property
    def width(self) -> float:
        """How wide the axes are, in points."""
        return float(self.ax.bbox.width * 72 / self.ax.figure.dpi)

    @property
    def height(self) -> float:
        """How high the axes are, in points."""
        return float(self.ax.bbox.height * 72 / self.ax.figure.dpi)

    def above(self, points: float) -> Transform:
        """Return the axes' own coordinates, moved up by so many points."""
        return self.ax.transAxes + ScaledTranslation(0, points / 72, self.ax.figure.dpi_scale_trans)

    def frame_axes(self, grid: str | None = "y") -> None:
        """Leave of the axes' frame what is needed, and draw a grid across one axis."""
        ax, theme = self.ax, self.theme
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.spines["bottom"].set(color=theme.muted, linewidth=0.8)
        fonts: dict[str, Any] = {"labelfontfamily": list(self.words.fonts)} if self.words.fonts else {}
        ax.tick_params(labelsize=TICK_SIZE, labelcolor=theme.muted, color=theme.muted, **fonts)
        ax.tick_params(axis="x", length=3, width=0.8)
        ax.tick_params(axis="y", length=0)
        ax.set_axisbelow(True)
        ax.grid(visible=False)
        if grid:
            ax.grid(visible=True, axis=grid, color=theme.faint, linewidth=0.8, linestyle="-")  # type: ignore[arg-type]

    def head(
        self, title: str | None, label: str, *, subtitle: str = "", key_rows: int = 0, currency: bool = True
    ) -> None:
        """Write the heading, and below it what the amounts are: easier to read than a turned label.

        Parameters
        ----------
        title : str, optional
            The heading; by default the code's name.
        label : str
            What the amounts are; the currency follows it.
        subtitle : str
            What to say behind that, such as the dates.
        key_rows : int
            Rows of a legend that stands between heading and axes.
        currency : bool
            Whether the numbers are amounts, and so have a currency.
        """
        ax, size = self.ax, points_of(LABEL)
        lift = AIR + key_rows * KEY_ROW * size
        what = ", ".join(filter(None, [label, self.currency if currency else ""]))
        options: dict[str, Any] = {"color": self.theme.muted, **self.text_options}
        if self.layout.roomy:
            text = " · ".join(filter(None, [what, subtitle]))
            ax.set_ylabel(text, rotation=0, ha="left", va="baseline", size=LABEL, **options)
            ax.yaxis.set_label_coords(0, 1, transform=self.above(lift))
            lift += 1.55 * size
        else:
            ax.set_ylabel(_wrap([what], self._letters(self.height)), size=NOTE, **options)
        options |= {"color": self.theme.ink, "weight": "bold"}
        heading, fonts = self.default_title() if title is None else (title, ())
        options |= {"fontfamily": list(fonts)} if fonts else {}
        options |= {"size": _TITLE if self.layout.roomy else LABEL}
        ax.set_title(heading, loc="left", pad=lift, y=1.0, **options)  # to find a place for it takes long

    def foot(self, notes: tuple[str, ...] = ()) -> None:
        """Write the footnote as the label of the horizontal axis, which every layout makes room for.

        Where axes stand too close for that, it goes to the foot of the axes themselves.
        """
        ax = self.ax
        text = _wrap([*self._facts(), *notes], self._letters(self.width))
        options: dict[str, Any] = {"size": NOTE, "color": self.theme.muted, "linespacing": 1.35}
        if self.layout.roomy:
            ax.set_xlabel(text, loc="left", labelpad=6, **options, **self.text_options)
            return
        outline = [patheffects.withStroke(linewidth=2.5, foreground=self.theme.paper)]
        options |= {"transform": ax.transAxes, "zorder": 2.2, "path_effects": outline, "gid": "foot"}
        ax.text(0.01, 0.02, text, va="bottom", **options, **self.text_options)

    def mark(self, *, empty: bool, covered: bool = False) -> None:
        """Mark demo data inside the axes, where no layout can cut it off, and say when there is no data.

        Parameters
        ----------
        empty : bool
            Whether there is no data.
        covered : bool
            Whether the data cover the axes; then the mark is outlined over them.
        """
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
            if covered:
                pens = ((2.2, self.theme.paper), (0.9, self.theme.muted))
                outline = [patheffects.Stroke(linewidth=width, foreground=color) for width, color in pens]
                shade |= {"color": (0, 0, 0, 0), "path_effects": outline, "zorder": 3.5}
            ax.text(0.5, 0.5, text, size=max(size, 8), gid="demo", **shade, **options)
        if empty:
            clear = [patheffects.withStroke(linewidth=4, foreground=self.theme.paper)]
            options |= {"color": self.theme.muted, "path_effects": clear, "zorder": 2.7}
            ax.text(0.5, 0.75, words.say("no_data"), size=_TITLE, gid="empty", **options)

    def default_title(self) -> tuple[str, tuple[str, ...]]:
        """Return the heading that names what is shown, and the font families that its names take."""
        flows, words = self.subject.flows, self.words
        if len(flows) > 1:
            return words.say("title_many", n=len(flows)), ()
        if not flows[0].code:
            return words.say("title_plain"), ()
        named, fonts = caption(flows[0].code, self.subject.names, words)
        return words.say("title", code=named), fonts

    @property
    def currency(self) -> str:
        """The currency of all amounts, or nothing where it is not known of all."""
        told = {flow.currency for flow in self.subject.flows}
        return (told.pop() or "") if len(told) == 1 else ""

    def _letters(self, points: float) -> int:
        """Return about how many letters of a note fit into a length."""
        return max(int(points / (0.56 * points_of(NOTE))), 20)

    def _facts(self) -> list[str]:
        subject, words = self.subject, self.words
        facts = [words.say("demo")] if subject.demo else []
        if subject.intraday or subject.zone is None or subject.zone == "UTC":
            facts.append(self._zone())
        if subject.valid:
            facts.append(words.say("valid", time=self._valid()))
        if subject.url:
            facts.append(words.say("source", url=subject.url))
        if subject.recorded:
            facts.append(words.say("recorded"))
        if subject.failed:
            facts.append(words.say("failed", codes=words.listing(list(subject.failed))))
        return facts

    def _zone(self) -> str:
        return self.words.zone(self.subject.zone)

    def _valid(self) -> str:
        """Name the time of the newest data; of several codes', the oldest and the newest of these."""
        zone = self.subject.zone
        times = sorted(time.tz_convert(zone) if zone else time for time in self.subject.valid)
        texts = [f"{self.words.date(time, 'day')} {time:%H:%M:%S}" for time in (times[0], times[-1])]
        return " – ".join(dict.fromkeys(texts))


def new_axes() -> Axes:
    """Return the axes of a new pyplot figure."""
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)  # inches
    _, ax = plt.subplots(figsize=FIGURE_SIZE, layout=layout)
    return ax


def points_of(size: str) -> float:
    """Return the size of a font in points."""
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
