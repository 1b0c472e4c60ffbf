"""Rows of one code and time: those that a gateway can have served, and those of an answer taken twice.

A gateway may send a time twice, and both rows are kept. But an answer is in the order of time, it never
says all of itself twice, and a distribution is one row. ``pd.concat([frame, frame])`` keeps a frame's facts
and breaks these laws; once kept, its second half would stand beside every later answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pd_capflow.errors import StoreError
from pd_capflow.store.layout import DISTRIBUTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pd_capflow.store.layout import Layout

__all__ = ["check_repeats", "doubled"]

_FIX = "as where frames were put together; write each frame by itself, as fetch() gives it"


def check_repeats(rows: pd.DataFrame, layout: Layout) -> None:
    """Refuse rows of a frame that repeat a code and time as no gateway does.

    Parameters
    ----------
    rows : pandas.DataFrame
        All rows, in the order of the frame.
    layout : Layout
        The table that they are for.

    Raises
    ------
    StoreError
        If the rows of a code are not in the order of time, or are all there twice; or if there are two
        distributions of one time.
    """
    first = rows[rows.duplicated(["code", "time"])].iloc[0]
    told = f"{first['code']} at {first['time']}"
    if layout is DISTRIBUTIONS:
        raise StoreError(f"the frame has two distributions of {told}, {_FIX}")
    steps = rows.groupby("code", observed=True)["time"].diff()
    if (steps < pd.Timedelta(0)).any():
        raise StoreError(f"the frame has two rows of {told}, and others between them, {_FIX}")
    if twice := doubled(rows, ["code"], layout):
        raise StoreError(f"the frame has every row of {twice[0][0]} twice, {_FIX}")


def doubled(rows: pd.DataFrame, group: Sequence[str], layout: Layout) -> list[tuple[Any, ...]]:
    """Return the groups of more than one time of which every row is there more than once, with its amounts.

    Of one time alone it cannot be told: a gateway may have sent it twice.
    """
    same = rows.duplicated([*group, "time", *layout.amounts], keep=False)
    told = rows[list(group)].assign(same=same, time=rows["time"])
    found = told.groupby(list(group), observed=True).agg(same=("same", "all"), times=("time", "nunique"))
    twice = found.index[found["same"] & (found["times"] > 1)]
    return [each if isinstance(each, tuple) else (each,) for each in twice]
