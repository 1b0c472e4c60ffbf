"""From a frame to what it changes in a store's tables, in one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pd_capflow.store.changes import change_of
from pd_capflow.store.files import Wanted
from pd_capflow.store.marker import check_kind
from pd_capflow.store.rows import arrow_of, rows_from
from pd_capflow.store.served import layout_for
from pd_capflow.store.spans import span_around

if TYPE_CHECKING:
    from pd_capflow.store.layout import Layout
    from pd_capflow.store.table import Snapshot
    from pd_capflow.store.tables import Tables

__all__ = ["keep_frame"]


def keep_frame(tables: Tables, frame: pd.DataFrame) -> int:
    """Write what is new of a frame, and return how many rows that were.

    Raises
    ------
    StoreError
        If the frame is not as it was served, or is of the other kind, or it cannot be written.
    """
    layout = layout_for(frame)
    check_kind(tables.path, frame, demo=tables.demo)
    rows = rows_from(frame, layout)
    if rows.empty:
        return 0
    tables.make(layout)
    table = tables[layout]

    def change(snapshot: Snapshot) -> int:
        found = change_of(rows, _held(snapshot, rows, layout), layout)
        if found.instead_of is not None:
            table.replace(snapshot, arrow_of(found.rows, layout), found.instead_of)
        elif found.count:
            table.append(snapshot, arrow_of(found.rows, layout))
        return found.count

    return table.commit(change)


def _held(snapshot: Snapshot, rows: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Return what a table holds of the codes of some rows, from the first session of these to the last."""
    sessions = rows["session"].dt.date
    codes = rows["code"].unique().tolist()
    period = rows["period"].iloc[0] if layout.partition == "period" else "intraday"
    wanted = Wanted(codes, *span_around(sessions.min(), sessions.max(), period), period)
    held: pd.DataFrame = snapshot.rows(wanted, layout.schema.names).to_pandas()
    held["session"] = pd.to_datetime(held["session"]).dt.as_unit(rows["session"].dt.unit)
    held["code"] = held["code"].astype("str")
    return held
