"""One side against the other: what came in against what went out, large orders against small ones."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pd_capflow.flow.frames import TIERS
from pd_capflow.flow.measures.columns import check_whole, numbers
from pd_capflow.flow.measures.course import Course

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["disagreement", "imbalance", "opposition"]

_SIDES = {"": TIERS, "main_": ("super", "big")} | {f"{tier}_": (tier,) for tier in TIERS}


def imbalance(frame: pd.DataFrame) -> pd.DataFrame:
    """Return by how much inflow outweighs outflow, as a part of both.

    ``imbalance = (in - out) / (in + out)``

    Parameters
    ----------
    frame : DataFrame
        A capital distribution: gross amounts ``super_in, super_out, ... sml_in, sml_out``.

    Returns
    -------
    DataFrame
        Same index and attrs. ``float64`` columns ``imbalance`` (of all orders), ``main_imbalance`` (super
        and big ones together), ``super_imbalance, big_imbalance, mid_imbalance, sml_imbalance``, without
        unit, from -1 (all went out) over 0 (as much as came in) to 1. NaN where an amount is unknown, where
        nothing flowed, and where an amount is negative, as no gross amount can be.

    Raises
    ------
    QueryError
        If a column is not there.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_distribution("HK.00700")
    >>> imbalance(frame.assign(super_in=300.0, super_out=100.0))["super_imbalance"].tolist()
    [0.5]
    """
    into, out = ({tier: _gross(frame, f"{tier}_{way}") for tier in TIERS} for way in ("in", "out"))
    sums = {
        f"{name}imbalance": [np.sum([side[tier] for tier in sizes], axis=0) for side in (into, out)]
        for name, sizes in _SIDES.items()
    }
    result = pd.DataFrame({name: _balance(*sides) for name, sides in sums.items()}, index=frame.index)
    result.attrs = copy.deepcopy(frame.attrs)
    return result


def disagreement(frame: pd.DataFrame, rows: int = 1) -> pd.Series[float]:
    """Return how far super and small orders went opposite ways.

    ``disagreement = sign(super) * 2 * min(|super|, |sml|) / (|super| + |sml|)`` where one of them came in
    and the other went out, and 0 elsewhere.

    Parameters
    ----------
    frame : DataFrame
        Capital flow. Running totals are taken apart.
    rows : int, default 1
        Over how many rows both flows are summed.

    Returns
    -------
    Series
        Named ``disagreement``, same index; ``float64`` from -1 to 1, without unit. 1: super orders took as
        much in as small ones gave out; -1: the reverse; near 0: one of them hardly moved; 0: both went the
        same way, or one did not move. NaN where either is unknown.

    Raises
    ------
    QueryError
        If a column is not there, or `rows` is no whole number of at least 1.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700", "day", "2026-01-05", "2026-01-07")
    >>> opposed = frame.assign(super_in_flow=[60.0, -60.0, 60.0], sml_in_flow=[-60.0, 20.0, 5.0])
    >>> disagreement(opposed).tolist()
    [1.0, -0.5, 0.0]
    """
    count = check_whole("rows", rows)
    course = Course.of(frame, "super_in_flow")
    return course.series(opposition(course, count), "disagreement")


def opposition(course: Course, count: int) -> NDArray[np.float64]:
    """Return the disagreement over `count` rows, in a course's order."""
    large, small = (course.sums(course.own(f"{tier}_in_flow"), count) for tier in ("super", "sml"))
    opposed = np.sign(large) * np.sign(small) < 0
    both = np.where(opposed, np.abs(large) + np.abs(small), 1.0)
    part = np.sign(large) * 2 * np.minimum(np.abs(large), np.abs(small)) / both
    unknown = np.isnan(large) | np.isnan(small)
    return np.where(unknown, np.nan, np.where(opposed, part, 0.0))


def _gross(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    values = np.asarray(numbers(frame, column), np.float64)
    return np.where(values >= 0, values, np.nan)


def _balance(into: NDArray[np.float64], out: NDArray[np.float64]) -> NDArray[np.float64]:
    both = into + out
    return (into - out) / np.where(both > 0, both, np.nan)
