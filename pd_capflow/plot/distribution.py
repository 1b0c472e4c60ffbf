"""Gross in- and outflow by order size: a bar to each side of zero, and each part's share as a ring."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pd_capflow.flow.frames import DISTRIBUTION, TIERS
from pd_capflow.plot.sheet import LABEL, NOTE, Sheet
from pd_capflow.plot.style import mixed
from pd_capflow.plot.subject import Subject
from pd_capflow.plot.ticks import text_width
from pd_capflow.plot.units import AmountFormatter, Scale

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from matplotlib.axes import Axes

    from pd_capflow.plot.style import Theme

    Floats = npt.NDArray[np.float64]

__all__ = ["distribution"]

COLUMNS = tuple(DISTRIBUTION.columns)
_SHADES = (1.0, 0.78, 0.58, 0.4)  # how much of its colour a tier has, from super to small
_REACH = 1.34  # the bars' part of the axis, in largest amounts: room for what is written at their ends
_PAD = 4  # points between a bar and its amount
_BARS = 0.66  # of the width; the ring has the rest
_RING = (_BARS + 0.03, 0.03, 1 - _BARS - 0.03, 0.94)
_THICKNESS = 0.34  # of the ring's radius
_HOLE = 0.75 * (1 - _THICKNESS) / 1.25  # of the ring's box, whose rim is a quarter of a radius; bold is wide
_NET_SIZES = ("large", "medium", "small", "x-small")


def distribution(
    frame: pd.DataFrame,
    *,
    ax: Axes | None = None,
    colors: str = "auto",
    lang: str = "en",
    title: str | None = None,
) -> Axes:
    """Draw what came in and what went out, for each order size.

    Bars to the right came in, bars to the left went out, and beside each size stands its net. The ring
    shows what part of everything that changed hands each of them was; without one of the eight numbers
    there are no parts, and no ring.

    Parameters
    ----------
    frame : pandas.DataFrame
        Capital distribution of one code, as ``pd.DataFrame.capflow.distribution`` gives it; amounts in the
        currency's own unit. Of several rows the last is drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new pyplot figure.
    colors : {"auto", "cn", "intl", "cb"}
        Colours of inflow and outflow. ``auto``: red up in mainland China and Japan, green up elsewhere.
    lang : {"en", "zh"}
        Language of the texts. Without a Chinese font it is English, with a `CapflowWarning`.
    title : str, optional
        The heading; by default it names the code.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on. The ring has axes of its own inside them.

    Raises
    ------
    QueryError
        If the frame holds several codes, or an option is not known.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_distribution("HK.00700")
    >>> len(distribution(frame).patches)
    8
    """
    subject = Subject.of(frame, COLUMNS, timeless=True)
    subject.only("distribution")
    sheet = Sheet.take(subject, ax=ax, colors=colors, lang=lang)
    amounts = _amounts(subject)
    scale = Scale.of(amounts.ravel(), sheet.words.lang)
    _draw_bars(sheet, amounts, scale)
    whole = bool(np.isfinite(amounts).all() and amounts.sum() > 0)
    if whole:
        _draw_ring(sheet, amounts, scale)
    sheet.frame_axes(grid=None)
    _amount_axis(sheet, scale)
    _name_tiers(sheet, amounts, scale)
    sheet.head(title, sheet.words.say("in_out"), subtitle=_moment(sheet))
    missing = np.isfinite(amounts).any() and not np.isfinite(amounts).all()
    sheet.foot((sheet.words.say("no_shares"),) if missing else ())
    sheet.mark(empty=math.isnan(scale.largest))
    return sheet.ax


def _amounts(subject: Subject) -> Floats:
    """Return the latest amounts, shape (4, 2): tiers from super to small, in and out."""
    rows = subject.flows[0].rows
    latest = rows.iloc[-1] if len(rows) else rows.reindex([None]).iloc[-1]
    return latest.to_numpy(dtype=np.float64).reshape(len(TIERS), 2)


def _shades(sheet: Sheet, color: str) -> list[str]:
    return [mixed(color, sheet.theme.paper, share) for share in _SHADES]


def _draw_bars(sheet: Sheet, amounts: Floats, scale: Scale) -> None:
    """Draw inflow to the right of zero and outflow to the left, the largest orders at the top."""
    ax, theme, places = sheet.ax, sheet.theme, -np.arange(len(TIERS), dtype=float)
    for way, (color, sign) in enumerate(((theme.up, 1), (theme.down, -1))):
        there = np.isfinite(amounts[:, way])
        lengths = sign * np.where(there, amounts[:, way], 0.0)
        drawn = ax.barh(places, lengths, height=0.62, color=_shades(sheet, color), linewidth=0, zorder=2)
        texts = [scale.text(amount) for amount in amounts[:, way]]
        labels = ax.bar_label(drawn, texts, fontsize=NOTE, color=theme.muted)
        for label in labels:
            label.set(ha="left" if sign > 0 else "right", **sheet.text_options)
            label.xyann = (sign * _PAD, 0)  # also of an amount of zero, which points nowhere
    foot = 0.0 if sheet.layout.roomy else 0.6
    ax.set_ylim(places[-1] - 0.6 - foot, places[0] + 0.75)


def _name_tiers(sheet: Sheet, amounts: Floats, scale: Scale) -> None:
    """Name each tier beside its bars, with its net."""
    words, theme = sheet.words, sheet.theme
    nets = amounts[:, 0] - amounts[:, 1]
    names = [words.say(f"{tier}_in_flow") for tier in TIERS]
    texts = [f"{name}\n{scale.text(net, signed=True)}" for name, net in zip(names, nets, strict=True)]
    sheet.ax.set_yticks(-np.arange(len(TIERS)), texts)
    for label, net in zip(sheet.ax.get_yticklabels(), nets, strict=True):
        label.set(color=_color_of(net, scale, theme), linespacing=1.35, **sheet.text_options)


def _color_of(net: float, scale: Scale, theme: Theme) -> str:
    """Return the colour of a net; one that reads as 0 is neither in nor out."""
    if scale.text(net) in ("", "0"):
        return theme.muted
    return theme.up if net > 0 else theme.down


def _amount_axis(sheet: Sheet, scale: Scale) -> None:
    """Keep the bars to their part of the width; amounts count to both sides."""
    ax = sheet.ax
    reach = _REACH * (scale.largest if scale.largest > 0 else 1.0)
    ax.set_xlim(-reach, -reach + 2 * reach / _BARS)
    ax.axvline(0, color=sheet.theme.ink, linewidth=0.9, zorder=2.5, gid="zero")
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    ax.xaxis.set_major_formatter(AmountFormatter(scale))
    ax.tick_params(axis="y", pad=8)
    options: dict[str, Any] = {"va": "bottom", "size": NOTE, "color": sheet.theme.muted, **sheet.text_options}
    top = ax.get_ylim()[1] - 0.3
    for way, sign, side in (("flows_out", -1, "right"), ("flows_in", 1, "left")):
        ax.text(sign * 0.03 * reach, top, sheet.words.say(way), ha=side, gid=way, **options)


def _draw_ring(sheet: Sheet, amounts: Floats, scale: Scale) -> None:
    """Draw the parts of everything, clockwise: in from super to small, then out from small to super."""
    theme = sheet.theme
    ring = sheet.ax.inset_axes(_RING)
    ring.set_facecolor("none")
    parts = np.concatenate([amounts[:, 0], amounts[::-1, 1]])
    shades = _shades(sheet, theme.up) + _shades(sheet, theme.down)[::-1]
    edge = {"width": _THICKNESS, "edgecolor": theme.paper, "linewidth": 1.5}
    ring.pie(parts / parts.sum(), colors=shades, startangle=90, counterclock=False, wedgeprops=edge)
    _write_ring(sheet, ring, amounts, scale)


def _write_ring(sheet: Sheet, ring: Axes, amounts: Floats, scale: Scale) -> None:
    """Write the net into the ring and the share below it, in what words and at what size they fit."""
    came, went = amounts.sum(axis=0)
    text, named = scale.text(came - went, signed=True), sheet.words.say("net")
    hole = _HOLE * min(_RING[2] * sheet.width, _RING[3] * sheet.height) / sheet.width
    options: dict[str, Any] = {"ha": "center", **sheet.text_options}
    net: dict[str, Any] = {"color": _color_of(came - went, scale, sheet.theme), "weight": "bold", **options}
    options["color"] = sheet.theme.muted
    if _fits(sheet, named, LABEL, hole):
        ring.text(0, 0.03, text, va="bottom", size=_NET_SIZES[0], **net)
        ring.text(0, -0.05, named, va="top", size=LABEL, **options)
    elif size := next((size for size in _NET_SIZES if _fits(sheet, text, size, hole)), None):
        ring.text(0, 0, text, va="center", size=size, **net)
    shares = (sheet.words.say(name, share=came / (came + went)) for name in ("share_in", "share_in_short"))
    below = next((share for share in shares if _fits(sheet, share, NOTE, _RING[2])), "")
    ring.text(0, -1.12, below, va="top", size=NOTE, **options)


def _fits(sheet: Sheet, text: str, size: str, part: float) -> bool:
    """Whether a text is no wider than a part of the axes."""
    return text_width(text, size) <= part * sheet.width


def _moment(sheet: Sheet) -> str:
    """Name the time at which the numbers were up to date."""
    times = sheet.subject.flows[0].times
    if not len(times) or times.hasnans:
        return ""
    return f"{sheet.words.date(times[-1])} {times[-1]:%H:%M:%S}"
