"""Order sizes: the main flow, and the tiers in long form."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd

from pd_capflow.flow.frames import ATTRS, TIERS

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

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700")
    >>> bool(frame["main_in_flow"].isna().all()), bool(main(frame).isna().any())
    (True, False)
    >>> main(frame).attrs["capflow"]["derived"]
    True
    """
    sent = frame["main_in_flow"]
    derived = sent.isna()
    series = sent.where(~derived, frame["super_in_flow"] + frame["big_in_flow"]).rename("main_in_flow")
    series.attrs[ATTRS] = copy.deepcopy(frame.attrs.get(ATTRS, {})) | {"derived": bool(derived.any())}
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
        frame's unit), and ``code`` before them if the frame has that level. Ordered by time, then tier.
        An unknown flow is NaN in its own row.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700", "day", "2026-01-05", "2026-01-05")
    >>> tiers(frame)["tier"].tolist()
    ['super', 'big', 'mid', 'sml']
    """
    wide = frame[[f"{tier}_in_flow" for tier in TIERS]].set_axis(list(TIERS), axis=1)
    keys = frame.index.to_frame(index=False)
    long = keys.loc[np.repeat(np.arange(len(keys)), len(TIERS))].reset_index(drop=True)
    long["tier"] = pd.Categorical(np.tile(TIERS, len(keys)), categories=TIERS, ordered=True)
    long["flow"] = wide.to_numpy(np.float64).ravel()
    long.attrs = copy.deepcopy(frame.attrs)
    return long
