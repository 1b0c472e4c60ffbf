"""Order sizes: the main flow, and the tiers in long form."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd

from pd_capflow.flow.frames import ATTRS, TIERS, facts_in
from pd_capflow.flow.measures.held import held

__all__ = ["main", "tiers"]


def main(frame: pd.DataFrame) -> pd.Series[float]:
    """Return the main flow: super and big orders together.

    Parameters
    ----------
    frame : DataFrame
        Capital flow, cumulative or not.

    Returns
    -------
    Series
        Named ``main_in_flow``, in the frame's unit. Where the gateway sent a main flow, that; where it
        did not, as intraday, ``super_in_flow + big_in_flow``. ``attrs["capflow"]["derived"]`` is True if
        any row was derived. NaN where none was sent and one of the two is unknown.

    Raises
    ------
    QueryError
        If one of the three columns is not there, or does not hold numbers.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700")
    >>> bool(frame["main_in_flow"].isna().all()), bool(main(frame).isna().any())
    (True, False)
    >>> main(frame).attrs["capflow"]["derived"]
    True
    """
    sent, large, big = (held(frame, f"{size}_in_flow") for size in ("main", "super", "big"))
    derived = sent.isna()
    series = sent.where(~derived, large + big)
    series.attrs = copy.deepcopy(frame.attrs)
    series.attrs[ATTRS] = copy.deepcopy(facts_in(frame)) | {"derived": bool(derived.any())}
    return series


def tiers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the tiers in long form, one row for each time and tier.

    Parameters
    ----------
    frame : DataFrame
        Capital flow, cumulative or not.

    Returns
    -------
    DataFrame
        Columns ``time``, ``tier`` (categorical: super, big, mid, sml) and ``flow`` (float64, in the
        frame's unit), and ``code`` before them if the frame has that level or column. Rows are in the
        frame's order, and in each from super to small. An unknown flow is NaN in its own row.

    Raises
    ------
    QueryError
        If the column of a tier is not there, or does not hold numbers.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700", "day", "2026-01-05", "2026-01-05")
    >>> tiers(frame)["tier"].tolist()
    ['super', 'big', 'mid', 'sml']
    """
    wide = [held(frame, f"{tier}_in_flow").to_numpy() for tier in TIERS]
    keys = frame.index.to_frame(index=False)
    if "code" in frame.columns and "code" not in keys:
        keys.insert(0, "code", frame["code"].array)
    long = keys.loc[np.repeat(np.arange(len(keys)), len(TIERS))].reset_index(drop=True)
    long["tier"] = pd.Categorical(np.tile(TIERS, len(keys)), categories=TIERS, ordered=True)
    long["flow"] = np.column_stack(wide).ravel()
    long.attrs = copy.deepcopy(frame.attrs)
    return long
