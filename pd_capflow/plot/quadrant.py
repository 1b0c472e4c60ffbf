"""Price against flow: which codes, or which rows of one, money went into while the price rose or fell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba

from pd_capflow.errors import QueryError
from pd_capflow.flow import measures
from pd_capflow.flow.frames import ATTRS, FLOW_COLUMNS
from pd_capflow.plot.caption import caption
from pd_capflow.plot.moments import late_notes, moment, span
from pd_capflow.plot.own import label_of_own
from pd_capflow.plot.plane import SHARES, lay_plane, reaches
from pd_capflow.plot.pointnames import PointName, name_points
from pd_capflow.plot.sheet import Sheet
from pd_capflow.plot.subject import Subject
from pd_capflow.plot.units import AmountFormatter, Scale

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    Floats = npt.NDArray[np.float64]

__all__ = ["quadrant"]

_MOST_CODES, _MOST_ROWS = 25, 6  # points that get a name
_DOT = 30.0  # area of a point, in square points
_LAST = 2.2  # areas of the last point of a trail
_OLDEST = 0.25  # how much of its colour the oldest point of a trail has
_KNOT = 60  # rows beyond which a line from one to the next would be a knot
_NEEDS = {"amount": ("close",), "share": ("close", "turnover")}
_ADDERS = {"close": "with_price", "turnover": "with_turnover"}


def quadrant(
    frame: pd.DataFrame,
    *,
    rows: int = 1,
    y: str = "amount",
    column: str = "in_flow",
    ax: Axes | None = None,
    colors: str = "auto",
    lang: str = "en",
    title: str | None = None,
) -> Axes:
    """Draw the change of the price across and the flow upwards, with zero in the middle of both.

    Of several codes each is a point: its last row. Of one code each row is, the older the paler, and the
    last one is marked with its time.

    Parameters
    ----------
    frame : pandas.DataFrame
        Capital flow with a column ``close``, as ``frame.capflow.with_price()`` adds it, indexed by ``time``
        or ``(code, time)``; amounts in the currency's own unit.
    rows : int
        Over how many rows price and flow are taken; see `pd_capflow.flow.measures.quadrant`.
    y : {"amount", "share"}
        Whether flows are amounts of one currency, or parts of the turnover over the same rows, which compare
        large codes with small ones; these take a column ``turnover``, as ``with_turnover()`` adds it.
    column : str
        Whose flow, such as ``"main_in_flow"``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new pyplot figure.
    colors : {"auto", "cn", "intl", "cb"}
        Colours of inflow and outflow. ``auto``: red up where all codes are of mainland China and Japan, green
        up elsewhere.
    lang : {"en", "zh"}
        Language of the texts. Without a Chinese font it is English, with a `CapflowWarning`.
    title : str, optional
        The heading; by default it names the code, or the number of codes.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    QueryError
        If there is no ``close``, or no ``turnover`` for shares; if amounts are of several currencies, or an
        option is not known.

    Examples
    --------
    >>> import pd_capflow
    >>> client = pd_capflow.connect("demo://")
    >>> frame = client.capital_flow(["HK.00700", "HK.09988"], "day", "2026-01-05", "2026-01-09")
    >>> ax = quadrant(frame.capflow.with_price(client))
    >>> low, high = ax.get_ylim()
    >>> bool(low == -high)
    True
    """
    found = _measured(frame, rows, y, column)
    subject = Subject.of(found, ("price_change", "flow"))
    _check_currency(subject, y)
    sheet = Sheet.take(subject, ax=ax, colors=colors, lang=lang)
    points = _points(subject)
    known = points[np.isfinite(points).all(axis=1)]
    amounts = AmountFormatter(Scale.of(known[:, 1], sheet.words.lang))
    lay_plane(sheet, known, SHARES if y == "share" else amounts)
    _draw(sheet, known)
    _name(sheet, points)
    pieces = [sheet.words.say("across"), moment(sheet) if _is_many(subject) else span(sheet)]
    subtitle = " · ".join(filter(None, pieces))
    sheet.head(title, _what(sheet, rows, y, column), subtitle=subtitle, currency=y == "amount")
    sheet.foot(_notes(sheet, points, found, column))
    sheet.mark(empty=not len(known))
    return sheet.ax


def _measured(frame: pd.DataFrame, rows: int, y: object, column: object) -> pd.DataFrame:
    """Return price change and flow of every row."""
    if not isinstance(frame, pd.DataFrame):
        raise QueryError(f"a quadrant needs a capital flow frame, not {type(frame).__name__}")
    if not isinstance(y, str) or y not in _NEEDS:
        raise QueryError(f"y={y!r} is not known: expected one of {', '.join(_NEEDS)}")
    if not isinstance(column, str) or column not in FLOW_COLUMNS:
        raise QueryError(f"column {column!r} is no flow: expected one of {', '.join(FLOW_COLUMNS)}")
    for needed in _NEEDS[y]:
        if needed not in frame.columns:
            raise QueryError(
                f"a quadrant needs the column {needed}: frame.capflow.{_ADDERS[needed]}() adds it"
            )
    found = measures.quadrant(frame, rows, column)[["price_change", "flow"]]
    if y == "share":
        turnover = measures.quadrant(frame, rows, "turnover")["flow"]
        found["flow"] /= turnover.where(turnover > 0)
    return found


def _check_currency(subject: Subject, y: str) -> None:
    if y == "amount" and len(subject.currencies) > 1:
        raise QueryError(
            f"amounts in {', '.join(subject.currencies)} have no axis in common: choose codes of one "
            "currency, or y='share' after frame.capflow.with_turnover()"
        )


def _is_many(subject: Subject) -> bool:
    return len(subject.flows) > 1


def _points(subject: Subject) -> Floats:
    """Return the last row of each code, or every row of the only one, shape (n, 2)."""
    parts = [flow.rows.iloc[-1:] if _is_many(subject) else flow.rows for flow in subject.flows]
    return np.concatenate([part.to_numpy(np.float64) for part in parts])


def _draw(sheet: Sheet, known: Floats) -> None:
    """Draw the points in the colour of their flow; a trail is the paler the older it is."""
    ax, theme, is_trail = sheet.ax, sheet.theme, not _is_many(sheet.subject)
    shades = np.linspace(_OLDEST, 1.0, len(known)) if is_trail else np.ones(len(known))
    hues = np.where(known[:, 1] >= 0, theme.up, theme.down).tolist()
    colors = [to_rgba(hue, shade) for hue, shade in zip(hues, shades.tolist(), strict=True)]
    sizes = np.full(len(known), _DOT)
    if is_trail:
        sizes[-1:] *= _LAST
    if is_trail and 1 < len(known) <= _KNOT:
        steps = list(np.stack([known[:-1], known[1:]], axis=1))
        inks = [to_rgba(theme.muted, 0.6 * shade) for shade in shades[1:].tolist()]
        ax.add_collection(LineCollection(steps, colors=inks, linewidth=0.8, zorder=2.2), autolim=False)
    across, up = known[:, 0], known[:, 1]
    ax.scatter(across, up, s=sizes, c=colors, edgecolors=theme.paper, linewidths=0.5, zorder=2.5)


def _name(sheet: Sheet, points: Floats) -> None:
    """Name the points, those furthest out first; of a trail the last one before all."""
    many = _is_many(sheet.subject)
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    far = np.hypot(*(points[known] / reaches(points[known])).T)
    if not many and len(known):
        far[-1] = np.inf
    order = known[np.argsort(-far, kind="stable")].tolist()
    named = [PointName(float(points[row, 0]), float(points[row, 1]), *_called(sheet, row)) for row in order]
    name_points(sheet, named, _MOST_CODES if many else _MOST_ROWS, counted=many)


def _called(sheet: Sheet, row: int) -> tuple[str, tuple[str, ...]]:
    """Return what to write beside a point, and its fonts: the code's name, or the time of the row."""
    subject, words = sheet.subject, sheet.words
    if _is_many(subject):
        code = str(subject.flows[row].code)
        told, fonts = caption(code, subject.names, words)
        return told.removesuffix(code).strip() or code, fonts
    time = subject.flows[0].times[row]
    form = "month" if subject.period == "month" else "day"
    return (f"{time:%H:%M}" if subject.intraday else words.date(time, form)), ()


def _what(sheet: Sheet, rows: int, y: str, column: str) -> str:
    """Say what the flow is."""
    words = sheet.words
    what = words.say("over_rows", n=rows) if rows > 1 else label_of_own(sheet)
    if column != "in_flow":
        what = words.say("of_tier", tier=words.say(column), what=what)
    return what if y == "amount" else words.say("share_of_turnover", what=what)


def _notes(sheet: Sheet, points: Floats, found: pd.DataFrame, column: str) -> tuple[str, ...]:
    words, flows = sheet.words, sheet.subject.flows
    notes = []
    if _is_many(sheet.subject):
        unknown = np.flatnonzero(~np.isfinite(points).all(axis=1)).tolist()
        codes = [str(flows[number].code) for number in unknown]
        notes += [*late_notes(sheet), *([words.say("unranked", codes=words.listing(codes))] if codes else [])]
    if column == "main_in_flow" and found.attrs[ATTRS].get("derived") is True:
        notes.append(words.say("main_derived"))
    return tuple(notes)
