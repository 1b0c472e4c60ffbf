"""What a store holds of some codes and days, as plain rows: for those who look at it, not at amounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pd_capflow.store.faults import translated
from pd_capflow.store.files import Wanted
from pd_capflow.store.layout import INTRADAY
from pd_capflow.store.rows import instant_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    import pandas as pd

    from pd_capflow.store.layout import Layout
    from pd_capflow.store.store import Store

__all__ = ["held", "served_until", "span_held"]

_COLUMNS = ("code", "session", "time", "empty")


def held(
    store: Store,
    layout: Layout,
    codes: Sequence[str] | None,
    first: date | None = None,
    last: date | None = None,
    more: Sequence[str] = (),
    *,
    period: str = "day",
) -> pd.DataFrame:
    """Return the rows of a table.

    Parameters
    ----------
    store : Store
    layout : Layout
        Which of its tables.
    codes : sequence of str or None
        None: all of them.
    first, last : date or None
        Range of sessions, both inclusive; None: no bound.
    more : sequence of str
        Names of further columns.
    period : str
        Which rows of `PERIODS`.

    Returns
    -------
    DataFrame
        ``code``, ``session`` (days at the exchange, without a zone), ``time`` (UTC) and ``empty``, and
        those of `more`; without rows where there is no such table yet.
    """
    snapshot = store.tables[layout].snapshot()
    columns = [*_COLUMNS, *more]
    with translated(store.path):
        if snapshot is None:
            rows = pa.schema([layout.schema.field(name) for name in columns]).empty_table()
        else:
            rows = snapshot.rows(Wanted(codes, first, last, period), columns)
    frame: pd.DataFrame = rows.to_pandas(date_as_object=False)
    return frame


def span_held(store: Store, codes: Sequence[str]) -> tuple[date, date] | None:
    """Return the first and the last session of which minutes of some codes are held; None if none is."""
    snapshot = store.tables[INTRADAY].snapshot()
    if snapshot is None:
        return None
    with translated(store.path):
        bounds = [
            pc.min_max(batch.column(0)).as_py()
            for batch in snapshot.files.batches(Wanted(codes), ["session"])
            if len(batch)
        ]
    if not bounds:
        return None
    return min(each["min"] for each in bounds), max(each["max"] for each in bounds)


def served_until(told: Any, recorded: pd.Timestamp) -> datetime:
    """Return up to when a row holds what happened: as it says, or else up to when it was recorded."""
    return instant_of(told if isinstance(told, str) else None) or recorded.to_pydatetime()
