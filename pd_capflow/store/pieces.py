"""Groups of some files -> the rows asked for.

The groups were chosen by what the footers tell of them. What these do not tell is looked at row by row, and
a column of which they tell all is not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pd_capflow.store.groups import VARIES, with_constant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from pd_capflow.store.groups import Groups

__all__ = ["Piece", "Sieve", "rows_of"]

# Columns that have one value, or none, in most files.
_OFTEN_THE_SAME = ("nth", "empty", "url", "gateways", "name", "main_in_flow")


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some groups of one file."""

    file: Groups
    groups: Sequence[int]


@dataclass(frozen=True, slots=True)
class Sieve:
    """What has to be looked at in each row; what is None does not.

    Attributes
    ----------
    codes : sequence of str or None
        The row is of one of these.
    first, last : date or None
        Its session is none before, and none after.
    """

    codes: Sequence[str] | None = None
    first: date | None = None
    last: date | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that have to be read for it."""
        dated = self.first is not None or self.last is not None
        return ["code"] * (self.codes is not None) + ["session"] * dated

    def sifted(self, rows: pa.Table) -> pa.Table:
        """Return the rows that pass."""
        masks = []
        if self.codes is not None:
            masks.append(_among(rows.column("code").combine_chunks(), self.codes))
        if self.first is not None:
            masks.append(pc.greater_equal(rows.column("session"), self.first))
        if self.last is not None:
            masks.append(pc.less_equal(rows.column("session"), self.last))
        return rows.combine_chunks().filter(reduce(pc.and_, masks)) if masks else rows


def rows_of(
    pieces: Sequence[Piece],
    columns: Sequence[str],
    schema: pa.Schema,
    sieve: Sieve,
    read: Callable[[Callable[[Piece], pa.Table], Sequence[Piece]], Iterable[pa.Table]],
) -> pa.Table:
    """Return some columns of the rows that pass.

    Parameters
    ----------
    pieces : sequence of Piece
        At least one.
    columns : sequence of str
    schema : pyarrow.Schema
        All columns of the table, and as what to read them.
    sieve : Sieve
    read : callable
        As `map`.
    """
    told = {name: _common(pieces, name) for name in columns if name in _OFTEN_THE_SAME}
    told = {name: value for name, value in told.items() if value is not VARIES}
    seen = [name for name in columns if name not in told] or ["code"]
    wanted = pa.schema([schema.field(name) for name in dict.fromkeys([*seen, *sieve.columns])])
    rows = pa.concat_tables(read(lambda piece: piece.file.read(piece.groups, wanted), pieces))
    rows = sieve.sifted(rows)
    for name, value in told.items():
        rows = with_constant(rows, schema.field(name), value)
    return rows.select(list(columns))


def _common(pieces: Sequence[Piece], column: str) -> Any:
    """Return the one value that a column has in all of these groups, `VARIES` if there are several."""
    found = {piece.file.common(group, column) for piece in pieces for group in piece.groups}
    return found.pop() if len(found) == 1 else VARIES


def _among(held: Any, codes: Sequence[str]) -> pa.Array:
    """Tell of each row whether its code is one of some; each different code is looked at once."""
    return pc.is_in(held.dictionary, value_set=pa.array(codes, pa.string())).take(held.indices)
