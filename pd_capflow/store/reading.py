"""From a question to the frame that answers it out of a store's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pd_capflow.flow.queries.question import PERIODS as NAMES_OF_PERIODS
from pd_capflow.flow.queries.question import one_of
from pd_capflow.store.answers import frame_from, timed
from pd_capflow.store.asked import known_columns
from pd_capflow.store.contents import contents
from pd_capflow.store.faults import translated
from pd_capflow.store.files import Wanted
from pd_capflow.store.layout import DISTRIBUTIONS, INTRADAY, LAYOUTS, layout_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pd_capflow.store.asked import Asked
    from pd_capflow.store.layout import Layout
    from pd_capflow.store.tables import Tables

__all__ = ["codes_in", "frame_of"]

_TOLD = ("last_valid_time", "url", "gateways", "name")


def frame_of(
    tables: Tables,
    layout: Layout,
    asked: Asked,
    period: str,
    columns: Sequence[str] | None = None,
    as_of: Any = None,
) -> pd.DataFrame:
    """Return what a table holds of some codes and days.

    Parameters
    ----------
    tables : Tables
    layout : Layout
        Which of them.
    asked : Asked
        Codes and days.
    period : str
    columns : sequence of str, optional
        Some of the amounts; by default all.
    as_of : datetime-like or int, optional
        What the store knew at a moment, or at a version of the table.

    Raises
    ------
    StoreError
        If there is no store, or nothing is recorded of a code or day asked for.
    QueryError
        If the question cannot be understood.
    """
    snapshot = tables.at(layout, as_of, asked.codes)
    amounts = known_columns(columns, layout)
    wanted = asked.wanted(period, lambda: codes_in(tables, None if layout is DISTRIBUTIONS else period))
    named = ["code", "session", "time", "nth", *amounts, *_TOLD, "empty"]
    with translated(tables.path):
        rows = pa.concat_tables([snapshot.rows(each, named) for each in wanted])
    rows = timed(rows, layout, tables.path)
    held = sorted(pc.unique(rows.column("code")).to_pylist())
    asked.check_came(held, tables.path)
    return frame_from(
        rows,
        held if asked.codes is None else asked.codes,
        layout,
        period=period,
        single=asked.single,
        demo=tables.demo,
        columns=None if columns is None else amounts,
    )


def codes_in(tables: Tables, period: str | None) -> list[str]:
    """Return the codes that are recorded, sorted; of one period where it is given."""
    tables.now(INTRADAY)
    found: set[str] = set()
    for layout, wanted in _places(period):
        snapshot = tables[layout].snapshot()
        if snapshot is not None:
            with translated(tables.path):
                found.update(contents(snapshot, wanted)["code"])
    return sorted(found)


def _places(period: str | None) -> list[tuple[Layout, Wanted]]:
    if period is None:
        return [(layout, Wanted()) for layout in LAYOUTS]
    layout = layout_of(one_of("period", period, NAMES_OF_PERIODS))
    return [(layout, Wanted(period=None if layout is INTRADAY else period))]
