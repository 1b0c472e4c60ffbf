"""What a store holds of some codes and days, as plain rows: for those who look at it, not at amounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pd_capflow.store.faults import translated
from pd_capflow.store.files import Wanted

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
    wanted = Wanted(codes, first, last, "day")
    with translated(store.path):
        rows: pd.DataFrame = snapshot.rows(wanted, [*_COLUMNS, *more]).to_pandas()
    return rows
