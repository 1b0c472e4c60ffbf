"""Charts of capital flow: functions that take a frame and axes, and return the axes.

This package is a door of its own: it loads matplotlib, and nothing else of pd_capflow loads it before a
chart is asked for.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Protocol

from pd_capflow.errors import QueryError
from pd_capflow.plot.bars import bars
from pd_capflow.plot.distribution import distribution
from pd_capflow.plot.heatmap import heatmap
from pd_capflow.plot.lines import cumulative
from pd_capflow.plot.page import page
from pd_capflow.plot.quadrant import quadrant
from pd_capflow.plot.rank import rank
from pd_capflow.plot.subject import Subject
from pd_capflow.plot.tiers import tiers

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "KINDS",
    "Kind",
    "bars",
    "cumulative",
    "distribution",
    "draw",
    "heatmap",
    "page",
    "quadrant",
    "rank",
    "tiers",
]


class Kind(Protocol):
    """What draws one kind of chart."""

    def __call__(self, frame: pd.DataFrame, *, ax: Axes | None = None, title: str | None = None) -> Axes:
        """Draw a frame on axes, and return them."""


#: Every kind of chart by its name.
KINDS: dict[str, Kind] = {
    "cumulative": cumulative,
    "bars": bars,
    "tiers": tiers,
    "distribution": distribution,
    "heatmap": heatmap,
    "rank": rank,
    "quadrant": quadrant,
}


def draw(frame: pd.DataFrame, kind: str | None = None, *, ax: Axes | None = None, **options: object) -> Axes:
    """Draw a frame.

    Parameters
    ----------
    frame : pandas.DataFrame
        Capital flow indexed by ``time`` or ``(code, time)``; amounts in the currency's own unit.
    kind : str, optional
        A key of `KINDS`. By default ``"cumulative"`` for intraday rows and ``"bars"`` for longer ones. Of
        several codes ``"cumulative"`` for longer rows too, which adds them up by code, and a ``"heatmap"``
        of what no lines can show together: minutes' own flows, or amounts in several currencies, each code
        then on a scale of its own. Minutes' own flows of one code are ``"bars"``, and a capital distribution
        ``"distribution"``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new pyplot figure.
    **options
        What that kind takes: ``colors``, ``lang``, ``title``, and what its own function names, such as
        ``price`` for bars, ``column`` and ``scale`` for a heat map.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    QueryError
        If the kind or an option is not known, or this kind cannot show this frame.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.date_range("2025-01-02", periods=2, freq="D", tz="Asia/Hong_Kong")
    >>> frame = pd.DataFrame({"in_flow": [-1.2e9, 0.4e9]}, index=times)
    >>> draw(frame, title="Two days").get_ylabel()
    'Net inflow per day · 2 Jan – 3 Jan 2025'
    """
    _check_axes(ax)
    if kind is None:
        kind, usual = _usual_kind(frame)
        options = usual | options
    function = _kind(kind)
    _check_options(kind, function, options)
    return function(frame, ax=ax, **options)  # type: ignore[arg-type]  # each kind checks its own


def _usual_kind(frame: pd.DataFrame) -> tuple[str, dict[str, object]]:
    """Return the kind that shows a frame as it is, and the options that this takes."""
    columns = getattr(frame, "columns", ())
    if "in_flow" not in columns and "super_in" in columns:
        return "distribution", {}
    subject = Subject.of(frame)
    are_own = subject.intraday and subject.cumulative is False
    if len(subject.flows) == 1:
        return "cumulative" if subject.intraday and not are_own else "bars", {}
    if len(subject.currencies) > 1:
        return "heatmap", {"scale": "code"}
    return "heatmap" if are_own else "cumulative", {}


def _check_axes(ax: object) -> None:
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise QueryError(f"ax is a {type(ax).__name__}; expected axes of matplotlib, or none")


def _kind(kind: object) -> Kind:
    found = KINDS.get(kind) if isinstance(kind, str) else None
    if found is None:
        raise QueryError(f"kind {kind!r} is not known: expected one of {', '.join(KINDS)}")
    return found


def _check_options(kind: str, function: Kind, options: Mapping[str, object]) -> None:
    parameters = inspect.signature(function).parameters.values()
    known = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
    if unknown := [name for name in options if name not in known]:
        raise QueryError(f"{kind} has no option {', '.join(unknown)}: expected some of {', '.join(known)}")
