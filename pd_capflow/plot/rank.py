"""Codes in order of a number: a bar each, the best at the top, and a break where the middle is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.ticker import NullLocator

from pd_capflow.errors import QueryError
from pd_capflow.flow import measures
from pd_capflow.flow.frames import ATTRS, FLOW_COLUMNS
from pd_capflow.flow.measures.columns import is_amount
from pd_capflow.plot.captions import short_caption
from pd_capflow.plot.moments import late_notes, moment
from pd_capflow.plot.own import label_of_own
from pd_capflow.plot.sheet import NOTE, Sheet, points_of
from pd_capflow.plot.slots import Slots, foot_room
from pd_capflow.plot.subject import Subject
from pd_capflow.plot.ticks import TICK_SIZE, text_width
from pd_capflow.plot.totals import label_of_totals
from pd_capflow.plot.units import amount_text, number_text, share_text

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    Floats = npt.NDArray[np.float64]

__all__ = ["rank"]

_FEWEST = 6  # bars for which there is always room, so that a single one is not a wall
_THICKNESS = 0.7  # of a row
_NAMES = 0.36  # of the width for names, at most
_PAD = 4.0  # points between a bar's end and its value
_SHARE = "_share"


def rank(
    frame: pd.DataFrame,
    *,
    by: str = "in_flow",
    n: int | None = None,
    ax: Axes | None = None,
    colors: str = "auto",
    lang: str = "en",
    title: str | None = None,
) -> Axes:
    """Draw the order of several codes: a bar for each one's last row, the largest value at the top.

    Where there are more codes than bars, both ends are shown and the middle is left out, visibly. A code
    without a number has no bar, and the footnote names it; so it does a code whose last row is older.

    Parameters
    ----------
    frame : pandas.DataFrame
        Capital flow indexed by ``(code, time)``; amounts in the currency's own unit.
    by : str
        The column to rank by, as for `pd_capflow.flow.measures.rank`: amounts of one currency, fractions of
        the turnover (``in_share``), or any other numbers.
    n : int, optional
        How many codes of each end to show; by default 10, or fewer where `ax` has no room for them.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new pyplot figure.
    colors : {"auto", "cn", "intl", "cb"}
        Colours of inflow and outflow. ``auto``: red up where all codes are of mainland China and Japan, green
        up elsewhere.
    lang : {"en", "zh"}
        Language of the texts. Without a Chinese font it is English, with a `CapflowWarning`.
    title : str, optional
        The heading; by default it names the column.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    QueryError
        If the frame has no level ``code`` or no such column, amounts are of several currencies, rows are
        each minute's own flow, or an option is not known.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow(["HK.00700", "HK.09988", "HK.03690"])
    >>> widths = [bar.get_width() for bar in rank(frame).patches]
    >>> widths == sorted(widths, reverse=True)
    True
    """
    ranking = _ranking(frame, by, n)
    subject = Subject.of(ranking.set_index("time", append=True), (by,))
    sheet = Sheet.take(subject, ax=ax, colors=colors, lang=lang)
    bars = Slots.of(sheet, ranking[ranking["rank"].notna()][by], n, grows=ax is None)
    _lay_out(sheet, bars)
    names = _name(sheet, bars)
    _draw(sheet, bars, [_text(value, by, sheet.words.lang) for value in bars.lengths.tolist()], names)
    _head(sheet, by, len(ranking), title)
    sheet.foot(_notes(sheet, ranking, by))
    sheet.mark(empty=not bars.codes)
    return sheet.ax


def _ranking(frame: pd.DataFrame, by: object, n: object) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame):
        raise QueryError(f"a ranking needs a capital flow frame, not {type(frame).__name__}")
    if not isinstance(by, str):
        raise QueryError(f"by={by!r}; expected the name of a column, such as 'main_in_flow'")
    if n is not None and (isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1):
        raise QueryError(f"n={n!r}; expected how many codes of each end to show, such as 10")
    return measures.rank(frame, by)


def _lay_out(sheet: Sheet, bars: Slots) -> None:
    """Leave a row of the axes to each bar, and nothing of their frame."""
    ax, rows = sheet.ax, max(1.0 - bars.places.min(initial=0.0), _FEWEST)
    height = sheet.height
    foot = rows * foot_room(sheet) / max(height - foot_room(sheet), 1.0)
    ax.set_ylim(0.5 - rows - foot, 0.6)
    sheet.frame_axes(grid=None)
    ax.spines["bottom"].set_visible(False)
    ax.xaxis.set_major_locator(NullLocator())


def _name(sheet: Sheet, bars: Slots) -> float:
    """Write the names inside the axes, from their left edge; return the part of the width that they take."""
    ax, width, height = sheet.ax, sheet.width, sheet.height
    low, high = ax.get_ylim()
    size = min(points_of(TICK_SIZE), 0.85 * height / (high - low))
    options: dict[str, Any] = {"room": _NAMES * width, "size": TICK_SIZE}
    named = [short_caption(code, sheet.subject.names, sheet.words, **options) for code in bars.codes]
    ax.set_yticks(bars.places, [text for text, _ in named])
    ax.tick_params(axis="y", pad=0)
    for label, (_, fonts) in zip(ax.get_yticklabels(), named, strict=True):
        families: dict[str, Any] = {"fontfamily": list(fonts)} if fonts else {}
        label.set(size=size, ha="left", color=sheet.theme.ink, **{**sheet.text_options, **families})
    return max((text_width(text, TICK_SIZE) + 2 * _PAD for text, _ in named), default=0.0) / width


def _draw(sheet: Sheet, bars: Slots, texts: list[str], names: float) -> None:
    ax, theme = sheet.ax, sheet.theme
    colors = np.where(bars.lengths >= 0, theme.up, theme.down).tolist()
    ax.set_xlim(*_limits(sheet, bars.lengths, texts, names))
    drawn = ax.barh(bars.places, bars.lengths, height=_THICKNESS, color=colors, linewidth=0, zorder=2)
    labels = ax.bar_label(drawn, texts, padding=_PAD, fontsize=NOTE, color=theme.ink)
    for label in labels:
        label.set(in_layout=False, **sheet.text_options)
    if bars.codes:
        ax.axvline(0, color=theme.ink, linewidth=0.9, zorder=2.5, gid="zero")
    if bars.hidden:
        text = sheet.words.say("not_shown", n=bars.hidden)
        look: dict[str, Any] = {"size": NOTE, "color": theme.muted, "zorder": 3, **sheet.text_options}
        look["bbox"] = {"facecolor": theme.paper, "edgecolor": "none", "pad": 1.5}
        ax.text(0, bars.gap, f"⋯ {text} ⋯", ha="center", va="center", gid="hidden", **look)


def _text(value: float, by: str, lang: str) -> str:
    if by.endswith(_SHARE):
        return share_text(value)
    return amount_text(value, lang) if is_amount(by) else number_text(value)


def _limits(sheet: Sheet, lengths: Floats, texts: list[str], names: float) -> tuple[float, float]:
    """Return the ends of an axis with room for the names, and for the values behind the bars on each side."""
    low, high = float(lengths.min(initial=0.0)), float(lengths.max(initial=0.0))
    span = high - low or 1.0
    sides = [lengths < 0, lengths >= 0]
    rooms = [_room([text for text, is_here in zip(texts, side, strict=True) if is_here]) for side in sides]
    width = sheet.width
    rooms[0] += names * width
    scale = span / max(width - sum(rooms), 0.2 * width)
    return low - rooms[0] * scale, high + rooms[1] * scale


def _room(texts: list[str]) -> float:
    return 2 * _PAD + max((text_width(text, NOTE) for text in texts), default=0.0)


def _head(sheet: Sheet, by: str, count: int, title: str | None) -> None:
    words = sheet.words
    heading = words.say("rank_title", what=_what(sheet, by)) if title is None else title
    pieces = [moment(sheet), words.say("codes", n=count) if count > 1 else ""]
    subtitle = " · ".join(filter(None, pieces))
    sheet.head(heading, _label(sheet, by), subtitle=subtitle, currency=is_amount(by))


def _what(sheet: Sheet, by: str) -> str:
    """Name a column in a sentence."""
    words, flow = sheet.words, f"{by.removesuffix(_SHARE)}_in_flow".replace("in_in_flow", "in_flow")
    if by not in FLOW_COLUMNS and not (by.endswith(_SHARE) and flow in FLOW_COLUMNS):
        return by
    column = by if by in FLOW_COLUMNS else flow
    net = words.say("net") if column == "in_flow" else words.say("net_of", tier=words.say(column).lower())
    return net if by in FLOW_COLUMNS else words.say("share_of_turnover", what=net)


def _label(sheet: Sheet, by: str) -> str:
    """Say over what time the numbers are."""
    subject, words = sheet.subject, sheet.words
    if by not in FLOW_COLUMNS:
        return words.say("last_rows")
    if subject.cumulative is True:
        return label_of_totals(sheet)
    return label_of_own(sheet)


def _notes(sheet: Sheet, ranking: pd.DataFrame, by: str) -> tuple[str, ...]:
    facts, words = ranking.attrs[ATTRS], sheet.words
    unknown = facts.get("unranked", [])
    notes = [words.say("unranked", codes=words.listing(unknown))] if unknown else []
    derived = by in ("main_in_flow", "main_share") and facts.get("derived") is True
    return (*late_notes(sheet), *notes, *([words.say("main_derived")] if derived else []))
