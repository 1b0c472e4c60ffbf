"""What a store holds of some codes and days, as plain rows: for those who look at it, not at amounts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.compute as pc

from pd_capflow.store.layout import PERIODS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from pd_capflow.store.layout import Layout
    from pd_capflow.store.store import Store

__all__ = ["held"]

_COLUMNS = ("code", "session", "time", "empty")


def held(
    store: Store,
    layout: Layout,
    codes: Sequence[str] | None,
    first: date | None = None,
    last: date | None = None,
    more: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the rows of a table.

    Parameters
    ----------
    store : Store
    layout : Layout
        Which of its tables; of `PERIODS` the rows of days.
    codes : sequence of str or None
        None: all of them.
    first, last : date or None
        Range of sessions, both inclusive; None: no bound.
    more : sequence of str
        Names of further columns.

    Returns
    -------
    DataFrame
        ``code``, ``session`` (dates at the exchange), ``time`` (UTC) and ``empty``, and those of
        `more`; without rows where there is no such table yet.
    """
    snapshot = store._tables[layout.name].snapshot()  # noqa: SLF001  # rows as they are have no door
    if snapshot is None:
        return pd.DataFrame({name: [] for name in (*_COLUMNS, *more)})
    where = pc.scalar(True)
    if codes is not None:
        where &= pc.field("code").isin(list(codes))
    if layout is PERIODS:
        where &= pc.field("period") == "day"
    for bound, is_first in ((first, True), (last, False)):
        if bound is not None:
            where &= _beyond("session", bound, is_first)
            if layout.partition == "week":
                where &= _beyond("week", bound - timedelta(days=bound.weekday()), is_first)
    rows: pd.DataFrame = snapshot.rows(where, [*_COLUMNS, *more]).to_pandas()
    return rows


def _beyond(name: str, bound: date, is_first: bool) -> pc.Expression:
    return pc.field(name) >= bound if is_first else pc.field(name) <= bound
