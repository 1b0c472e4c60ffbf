"""Signals: rows that cross thresholds which have a name."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import ATTRS
from pd_capflow.flow.measures.balances import opposition
from pd_capflow.flow.measures.columns import check_whole
from pd_capflow.flow.measures.course import Course
from pd_capflow.flow.measures.prices import contradiction
from pd_capflow.flow.measures.scores import score
from pd_capflow.flow.measures.streaks import Streaks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Signals = dict[str, pd.arrays.BooleanArray]

__all__ = ["Thresholds", "signals"]


@dataclass(frozen=True)
class Thresholds:
    """From where on a row is a signal.

    Parameters
    ----------
    streak : int, default 3
        Rows in a row.
    surge : float, default 2.0
        Standard deviations from the code's own past.
    past : int, default 60
        Rows of that past.
    price_rows : int, default 5
        Rows over which price and flow are compared.
    against : float, default 0.5
        `disagreement` of super and small orders, above 0 and up to 1: at 0.5 the smaller side is a third
        of the larger one.
    share : float, default 0.05
        Part of the row's turnover.

    Raises
    ------
    QueryError
        If one cannot be a threshold.
    """

    streak: int = 3
    surge: float = 2.0
    past: int = 60
    price_rows: int = 5
    against: float = 0.5
    share: float = 0.05

    def __post_init__(self) -> None:
        for name, least in (("streak", 1), ("past", 2), ("price_rows", 1)):
            object.__setattr__(self, name, check_whole(name, getattr(self, name), least))
        for name, most in (("surge", np.inf), ("against", 1.0), ("share", np.inf)):
            object.__setattr__(self, name, _check_positive(name, getattr(self, name), most))


def signals(
    frame: pd.DataFrame, thresholds: Thresholds | None = None, *, column: str = "in_flow", **changes: Any
) -> pd.DataFrame:
    """Return which rows cross which thresholds.

    Parameters
    ----------
    frame : DataFrame
        Capital flow. Running totals are taken apart.
    thresholds : Thresholds, optional
        By default those that its class documents.
    column : str, default "in_flow"
        Whose streaks, turns, surges, divergences and shares. ``"main_in_flow"`` is derived where the
        gateway sent none.
    **changes
        Single thresholds, by their names, such as ``streak=5``.

    Returns
    -------
    DataFrame
        Same index; columns of ``boolean``, ``<NA>`` where it is not known. Each has a twin for the other
        direction, ``_out`` for ``_in``.

        ``streak_in``
            Money came in for at least `streak` rows in a row.
        ``turn_in``
            It came in after it had gone out for at least `streak` rows in a row.
        ``surge_in``
            `zscore` against `past` rows is at least `surge`.
        ``divergence_in``
            It came in while the price fell, over `price_rows` rows. Only with a column ``close``.
        ``super_in_sml_out``
            `disagreement` is at least `against`; its twin is ``super_out_sml_in``. Only with the columns
            of these tiers.
        ``heavy_in``
            The flow is at least `share` of the row's turnover. Only with a column ``turnover``.

        What needs a column that is not there is left out. A streak that reaches the frame's first row of a
        code, or an unknown row, may have been longer: until it is long enough, it is not known whether it
        was. ``attrs["capflow"]["thresholds"]`` holds the thresholds.

    Raises
    ------
    QueryError
        If there is no such column or threshold.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> flows = frame.assign(in_flow=[-1.0, 5.0, 3.0, 1.0, -4.0])
    >>> signals(flows, streak=3)["streak_in"].tolist()
    [False, False, False, True, False]
    >>> signals(flows, streak=3)["turn_out"].tolist()
    [<NA>, False, False, False, True]
    """
    chosen = _chosen(thresholds, changes)
    course = Course.of(frame, column)
    found = _streaks(course, chosen) | _pair("surge", score(course, chosen.past), chosen.surge)
    held = set(frame.columns)
    if "close" in held:
        found |= _pair("divergence", contradiction(course, chosen.price_rows), 1.0)
    if {"super_in_flow", "sml_in_flow"} <= held:
        sides = _pair("", opposition(course, 1), chosen.against)
        found |= dict(zip(("super_in_sml_out", "super_out_sml_in"), sides.values(), strict=True))
    if "turnover" in held:
        turnover = course.own("turnover")
        found |= _pair("heavy", course.flow / np.where(turnover > 0, turnover, np.nan), chosen.share)
    return _table(course, found, chosen)


def _chosen(thresholds: Thresholds | None, changes: dict[str, Any]) -> Thresholds:
    known = [field.name for field in fields(Thresholds)]
    if unknown := sorted(set(changes) - set(known)):
        raise QueryError(f"no threshold {', '.join(unknown)}; expected some of {', '.join(known)}")
    if not isinstance(thresholds, Thresholds | None):
        raise QueryError(f"thresholds={thresholds!r}; expected Thresholds(...), or single ones by name")
    return replace(thresholds or Thresholds(), **changes)


def _streaks(course: Course, chosen: Thresholds) -> Signals:
    streaks = Streaks.of(course)
    into = _long_enough(streaks.length, streaks.whole, chosen.streak)
    out = _long_enough(-streaks.length, streaks.whole, chosen.streak)
    return {
        "streak_in": into,
        "streak_out": out,
        "turn_in": _at_least(streaks.length, 1) & _before(course, out),
        "turn_out": _at_least(-streaks.length, 1) & _before(course, into),
    }


def _long_enough(length: Floats, whole: NDArray[np.bool_], least: int) -> pd.arrays.BooleanArray:
    """Tell which streaks are; one whose beginning is not known is never too short."""
    unknown = np.isnan(length) | (~whole & (length > 0) & (length < least))
    return pd.arrays.BooleanArray(length >= least, unknown)


def _before(course: Course, signal: pd.arrays.BooleanArray) -> pd.arrays.BooleanArray:
    """Return a signal of the row before; there was none before the first row of a session."""
    values = signal.to_numpy(np.float64, na_value=np.nan)
    earlier = course.before(values, 1)
    earlier[course.opened] = 0.0
    return _at_least(earlier, 1)


def _at_least(values: Floats, bound: float) -> pd.arrays.BooleanArray:
    return pd.arrays.BooleanArray(values >= bound, np.isnan(values))


def _pair(name: str, values: Floats, bound: float) -> Signals:
    return {f"{name}_in": _at_least(values, bound), f"{name}_out": _at_least(-values, bound)}


def _table(course: Course, found: Signals, chosen: Thresholds) -> pd.DataFrame:
    back = np.argsort(course.rows.order)
    result = pd.DataFrame({name: signal[back] for name, signal in found.items()}, index=course.frame.index)
    result.attrs = copy.deepcopy(course.facts)
    result.attrs[ATTRS]["thresholds"] = asdict(chosen)
    return result


def _check_positive(name: str, value: Any, most: float) -> float:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not 0 < value <= most:
        limit = "" if np.isinf(most) else f" and at most {most:g}"
        raise QueryError(f"{name}={value!r}; expected a number above 0{limit}")
    return float(value)
