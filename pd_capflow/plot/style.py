"""Colours and fonts, in one place: what up and down look like where, and what suits the paper."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.colors import to_hex, to_rgb, to_rgba
from matplotlib.font_manager import fontManager

from pd_capflow.errors import CapflowWarning, QueryError
from pd_capflow.plot.words import words_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from matplotlib.axes import Axes

    from pd_capflow.plot.words import Words
    from pd_capflow.security import Market

__all__ = ["COLOURS", "Theme", "check_colors", "cjk_family", "mixed", "readable_words", "theme_of"]

_RED = ("#d1434b", "#f0636b")
_GREEN = ("#17936a", "#35b98a")
_BLUE = ("#2a6fbb", "#5aa2ee")
_ORANGE = ("#dd8a1d", "#f2a93b")

#: Colours of up and down by convention, each for light and for dark paper. ``auto`` picks by market.
COLOURS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "cn": (_RED, _GREEN),
    "intl": (_GREEN, _RED),
    "cb": (_BLUE, _ORANGE),
}

_RED_UP_MARKETS = frozenset({"SH", "SZ", "JP"})

# No red and no green among the lines: those mean down and up. Told apart also without colour vision.
_LINES = (
    ("#0f5499", "#6ca6f0"),
    ("#2aa7b8", "#4fd0d8"),
    ("#e09a22", "#f2bc57"),
    ("#b4579a", "#de8cc4"),
    ("#6d6f7a", "#b5b8c4"),
    ("#7a4fb3", "#b397ea"),
    ("#8a5a33", "#cf9c6e"),
    ("#4c7f9f", "#93c3df"),
)

# How much ink is in lesser text, the grid and the mark of demo data, on light and on dark paper.
_SHARES = ((0.62, 0.62), (0.14, 0.18), (0.09, 0.16))
_LEAST_CONTRAST = 0.3  # between the luminance of paper and ink

# Sans-serif families with simplified Chinese, the most wanted first.
_CJK = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Heiti SC",
    "STHeiti",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Sans CJK JP",
    "Noto Sans CJK TC",
    "Noto Sans CJK HK",
    "Noto Sans CJK KR",
    "Noto Serif CJK SC",
    "Droid Sans Fallback",
    "Arial Unicode MS",
    "SimSun",
)


@dataclass(frozen=True)
class Theme:
    """The colours of one chart, chosen for the paper that it is drawn on.

    Attributes
    ----------
    paper, ink, muted, faint, mark : str
        The background; text and the total; lesser text; the grid; the mark of demo data.
    up, down : str
        Net inflow and net outflow.
    lines : tuple of str
        The tiers from super to small, then more for further lines.
    """

    paper: str
    ink: str
    muted: str
    faint: str
    mark: str
    up: str
    down: str
    lines: tuple[str, ...]


def check_colors(colors: str) -> None:
    """Refuse a convention that does not exist.

    Raises
    ------
    QueryError
        If `colors` is neither ``"auto"`` nor a key of `COLOURS`.
    """
    if colors not in ("auto", *COLOURS):  # also for what cannot be hashed
        raise QueryError(f"colors {colors!r} is not known: expected one of auto, {', '.join(COLOURS)}")


def theme_of(ax: Axes, colors: str, markets: Collection[Market]) -> Theme:
    """Choose the colours for these axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes; their background decides between light and dark colours.
    colors : str
        ``"auto"`` or a key of `COLOURS`.
    markets : collection of Market
        What is drawn; ``"auto"`` is red up only where all of them are.
    """
    ink = to_hex(mpl.rcParams["text.color"])
    paper = _paper(ax, ink)
    ink = _seen_on(paper, ink)
    dark = int(_luminance(paper) < 0.4)
    up, down = COLOURS[_convention(markets) if colors == "auto" else colors]
    muted, faint, mark = (mixed(ink, paper, share[dark]) for share in _SHARES)
    return Theme(paper, ink, muted, faint, mark, up[dark], down[dark], tuple(pair[dark] for pair in _LINES))


def readable_words(lang: str) -> Words:
    """Return a language's words with fonts that can show them, or English if there are none."""
    words = words_of(lang)
    if lang != "zh":
        return words
    family = cjk_family()
    if family is None:
        _warn_no_cjk()
        return words_of("en")
    return replace(words, fonts=(*mpl.rcParams["font.family"], family))


def cjk_family() -> str | None:
    """Return the first CJK family that is installed, None if none is; the reader's own choice comes first."""
    preferred = (*mpl.rcParams["font.family"], *mpl.rcParams["font.sans-serif"])
    installed = {font.name for font in fontManager.ttflist}
    wanted = (*(family for family in preferred if family in _CJK), *_CJK)
    return next((family for family in wanted if family in installed), None)


@cache
def _warn_no_cjk() -> None:
    message = (
        "no font with Chinese characters is installed, so the chart is in English: install one, such as "
        f"Noto Sans CJK, and delete matplotlib's font list in {mpl.get_cachedir()}"
    )
    warnings.warn(message, CapflowWarning, stacklevel=4)


def _convention(markets: Collection[Market]) -> str:
    red_up = bool(markets) and all(market.prefix in _RED_UP_MARKETS for market in markets)
    return "cn" if red_up else "intl"


def _paper(ax: Axes, ink: str) -> str:
    """Return the colour behind the axes; where all is transparent, what would suit the ink."""
    figure = ax.get_figure(root=True)
    faces = [ax.get_facecolor()] + ([figure.get_facecolor()] if figure else [])
    opaque = (to_hex(face) for face in faces if to_rgba(face)[3] > 0.5)
    return next(opaque, "#ffffff" if _luminance(ink) < 0.5 else "#000000")


def _seen_on(paper: str, ink: str) -> str:
    """Return the ink, or one that can be read on the paper where it cannot: an `ax` has its own paper."""
    ground = _luminance(paper)
    if abs(_luminance(ink) - ground) > _LEAST_CONTRAST:
        return ink
    return "#000000" if ground > 0.5 else "#ffffff"


def _luminance(color: str) -> float:
    red, green, blue = to_rgb(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(color: str, other: str, share: float) -> str:
    """Mix two colours; `share` is how much of the first."""
    pairs = zip(to_rgb(color), to_rgb(other), strict=True)
    red, green, blue = (share * one + (1 - share) * two for one, two in pairs)
    return to_hex((red, green, blue))
