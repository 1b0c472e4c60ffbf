"""A page of small charts, one for each code of a watchlist, under one heading and above one footnote."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.figure import Figure, SubFigure

from pd_capflow.errors import QueryError
from pd_capflow.plot.chart import Chart
from pd_capflow.plot.ground import Ground
from pd_capflow.plot.minutes import MinuteAxis
from pd_capflow.plot.own import label_of_own
from pd_capflow.plot.panel import PANELS, Panel
from pd_capflow.plot.rows import RowAxis
from pd_capflow.plot.style import check_colors, readable_words
from pd_capflow.plot.subject import Subject
from pd_capflow.plot.totals import check_totals, label_of_totals, notes_of_totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pd_capflow.plot.subject import Flow
    from pd_capflow.plot.words import Words

    Places = MinuteAxis | RowAxis

__all__ = ["page"]

_MOST = 60  # codes; more are no page that anybody reads
_WIDTH, _REST = 9.0, 1.1  # inches: of a new figure; of heading and footnote
_ROWS = {1: 2.6, 2: 1.75, 3: 1.4}  # inches of a row of so many charts
_ROW = 1.3  # of more


def page(
    frame: pd.DataFrame,
    kind: str | None = None,
    *,
    columns: int | None = None,
    share_y: bool = False,
    tiers: bool = False,
    colors: str = "auto",
    lang: str = "en",
    title: str | None = None,
    figure: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Draw a small chart of each code.

    Above each chart stand the code's name and its last value, and below that, where it is not the same
    for all, its currency and the time that it goes to. Charts of one exchange share their time axis, which is
    written below the lowest of each column. Each is in exchange time.

    Parameters
    ----------
    frame : pandas.DataFrame
        Capital flow indexed by ``(code, time)``, or by ``time`` for one code; amounts in the currency's own
        unit. Charts come in the frame's order, line by line: to sort them, sort the codes.
    kind : {"cumulative", "bars"}, optional
        By default ``"cumulative"`` for intraday rows, ``"bars"`` for longer ones.
    columns : int, optional
        Charts beside each other; by default two to four, by the number of codes.
    share_y : bool
        Whether all charts have one amount axis, so that their sizes compare. By default each has its own,
        which shows the course of small flows beside large ones; the heading says which.
    tiers : bool
        Whether to draw the four tiers too; for ``"cumulative"`` only.
    colors : {"auto", "cn", "intl", "cb"}
        Colours of inflow and outflow. ``auto``: red up where all codes are of mainland China and Japan, green
        up elsewhere.
    lang : {"en", "zh"}
        Language of the texts. Without a Chinese font it is English, with a `CapflowWarning`.
    title : str, optional
        The heading; by default it tells the number of codes.
    figure : matplotlib.figure.Figure or SubFigure, optional
        An empty figure to draw on; it keeps its size, and a layout engine that it has is taken off, since the
        page arranges itself. By default a new pyplot figure.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        The figure. Its first axes hold heading and footnote, and then come those of the codes in order.

    Raises
    ------
    QueryError
        If there are more than 60 codes, the kind or an option is not known or does not fit the frame, the
        figure is none or not empty, or `share_y` is asked for amounts in several currencies.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow(["HK.00700", "HK.09988", "US.AAPL"])
    >>> figure = page(frame)
    >>> len(figure.axes)
    4
    >>> figure.axes[0].get_title(loc="left")
    'Capital flow of 3 codes'
    """
    subject = Subject.of(frame)
    if kind is None:
        kind = "cumulative" if subject.intraday else "bars"
    _check(subject, kind, tiers=tiers, share_y=share_y)
    check_colors(colors)
    words = readable_words(lang)
    across = _columns(columns, len(subject.flows))
    down = -(-len(subject.flows) // across)
    places = _places(subject, words)
    ground = Ground.of(subject, _figure(figure, across, down), places[0], colors=colors, words=words)
    panels = _panels(ground, places, kind, tiers=tiers)
    ground.describe(
        title, _label(ground, kind), panels, tiers=tiers, notes=_notes(ground, kind, share_y=share_y)
    )
    ground.arrange(panels, across, share_y=share_y)
    return ground.figure


def _check(subject: Subject, kind: object, *, tiers: bool, share_y: bool) -> None:
    if not isinstance(kind, str) or kind not in PANELS:
        raise QueryError(f"a page of kind {kind!r} is not known: expected one of {', '.join(PANELS)}")
    if (count := len(subject.flows)) > _MOST:
        raise QueryError(
            f"a page has room for {_MOST} codes, and this frame holds {count}: choose some, such as the "
            f"first of frame.capflow.rank(n={_MOST})"
        )
    if tiers and kind != "cumulative":
        raise QueryError(f"tiers are lines of kind 'cumulative', and {kind} has none: leave out tiers")
    if share_y and len(subject.currencies) > 1:
        raise QueryError(
            f"share_y needs amounts in one currency, and these codes trade in "
            f"{', '.join(subject.currencies)}: choose codes of one of them, or leave out share_y"
        )
    if kind == "cumulative":
        check_totals(subject)


def _columns(columns: object, count: int) -> int:
    if columns is None:
        return min(count, 2 if count <= 4 else 3 if count <= 9 else 4)
    if not isinstance(columns, int) or isinstance(columns, bool) or columns < 1:
        raise QueryError(f"columns={columns!r}: expected how many charts to put beside each other, such as 3")
    return min(columns, count)


def _figure(figure: object, across: int, down: int) -> Figure | SubFigure:
    """Return the figure to draw on, which arranges nothing by itself."""
    if figure is None:
        return plt.figure(figsize=(_WIDTH, _REST + _ROWS.get(across, _ROW) * down), layout="none")
    if not isinstance(figure, (Figure, SubFigure)):
        raise QueryError(f"figure={figure!r}: expected an empty matplotlib Figure or SubFigure")
    if figure.axes:
        raise QueryError(f"a page needs an empty figure, and this one has {len(figure.axes)} axes")
    if isinstance(figure, Figure) and figure.get_layout_engine() is not None:
        figure.set_layout_engine("none")
    return figure


def _places(subject: Subject, words: Words) -> list[Places]:
    """Return the time axis of each code: one for all days, and of minutes one for each exchange's hours."""
    if not subject.intraday:
        return [RowAxis.of(subject, words, Ground.LAYOUT)] * len(subject.flows)
    groups: dict[object, list[Flow]] = {}
    for flow in subject.flows:
        groups.setdefault(_hours(flow), []).append(flow)
    axes = {key: MinuteAxis.of(_part(subject, flows), words) for key, flows in groups.items()}
    return [axes[_hours(flow)] for flow in subject.flows]


def _hours(flow: Flow) -> object:
    """Return what two codes share that trade in the same hours."""
    return str(flow.times.tz), flow.market.sessions if flow.market else None


def _part(subject: Subject, flows: Sequence[Flow]) -> Subject:
    """Return what a subject tells of some of its codes that share a zone."""
    zone = flows[0].times.tz
    return replace(subject, flows=tuple(flows), zone=None if zone is None else str(zone))


def _panels(ground: Ground, places: Sequence[Places], kind: str, *, tiers: bool) -> list[Panel]:
    subject, panels = ground.subject, []
    for flow, axis in zip(subject.flows, places, strict=True):
        ax = ground.figure.add_axes((0, 0, 1, 1), label=str(flow.code))
        part = _part(subject, [flow])
        chart = Chart(ax, part, ground.words, ground.theme, ground.layout, axis)
        panels.append(Panel.draw(chart, kind, tiers=tiers))
    return panels


def _label(ground: Ground, kind: str) -> str:
    return label_of_totals(ground) if kind == "cumulative" else label_of_own(ground)


def _notes(ground: Ground, kind: str, *, share_y: bool) -> tuple[str, ...]:
    scale = (
        ground.words.say("one_scale" if share_y else "own_scales") if len(ground.subject.flows) > 1 else ""
    )
    return tuple(filter(None, [scale, *(notes_of_totals(ground) if kind == "cumulative" else ())]))
