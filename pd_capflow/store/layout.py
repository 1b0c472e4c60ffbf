"""What a store is made of: its tables, their columns, and how they are divided.

Each table is a Delta table below the store's path. ``intraday`` is made first and by one writer only, so
it is where the store says what it is: the version of its schema, and whether its numbers are a demo's.

A table is divided by week (the Monday of the row's session), sorted by code and time: all codes of a day are
in one partition, and a code's year is in 52 of them, in one group of rows of each. A day of all codes reads
five days to keep one. Sorted by session and then by code, in groups of three codes (604 codes), it took a
third of the time; but a code's year took three times as long, and the footers were three times as large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from pd_capflow.flow.frames import DISTRIBUTION, FLOW

if TYPE_CHECKING:
    from pd_capflow.flow.frames import Shape

__all__ = ["DISTRIBUTIONS", "INTRADAY", "LAYOUTS", "PERIODS", "SCHEMA_VERSION", "Layout", "layout_of"]

#: Version of the columns below; a store of a newer one is not touched.
SCHEMA_VERSION = 1

_KEY = ("code", "session", "period", "time", "nth")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """One table of a store.

    Attributes
    ----------
    name : str
        Name of the folder below the store's path.
    shape : Shape
        The columns of amounts.
    schema : pyarrow.Schema
        All columns.
    partition : str
        The column that divides the table.
    """

    name: str
    shape: Shape
    schema: pa.Schema
    partition: str

    @property
    def amounts(self) -> list[str]:
        """Names of the columns of amounts."""
        return list(self.shape.columns)

    @property
    def key(self) -> list[str]:
        """Names of the columns that tell one row from all others."""
        return [name for name in _KEY if name in self.schema.names]


def _layout(name: str, shape: Shape, partition: str, kind: pa.DataType) -> Layout:
    moment = pa.timestamp("us", "UTC")
    fields = [(partition, kind), ("code", pa.string()), ("session", pa.date32()), ("time", moment)]
    fields += [("nth", pa.int32()), *((column, pa.float64()) for column in shape.columns)]
    fields += [(told, pa.string()) for told in ("last_valid_time", "url", "gateways", "name")]
    return Layout(
        name, shape, pa.schema([*fields, ("empty", pa.bool_()), ("recorded_at", moment)]), partition
    )


INTRADAY = _layout("intraday", FLOW, "week", pa.date32())
PERIODS = _layout("periods", FLOW, "period", pa.string())
DISTRIBUTIONS = _layout("distribution", DISTRIBUTION, "week", pa.date32())

#: Every table, the one that says what the store is first.
LAYOUTS = (INTRADAY, PERIODS, DISTRIBUTIONS)


def layout_of(period: str) -> Layout:
    """Return the table that keeps the capital flow of a period."""
    return INTRADAY if period == "intraday" else PERIODS
