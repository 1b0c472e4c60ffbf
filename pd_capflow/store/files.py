"""The files of one version of a table: which of them can hold the rows asked for, and the rows.

Delta keeps of every file its partition and the least and greatest value of each column. Files are chosen
by these with NumPy, since a scan that is told of thousands of files would think about each. What has been
learnt of a file (its footer) is kept as long as the file is: a file of a Delta table never changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.fs as pafs

from pd_capflow.store.groups import VARIES, Groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deltalake import DeltaTable
    from numpy.typing import NDArray

    from pd_capflow.store.layout import Layout

__all__ = ["Files", "Wanted", "monday", "within"]

# Columns that have one value in most files, and columns of few different texts.
_OFTEN_THE_SAME = ("nth", "empty", "url", "gateways", "name")
_FEW_TEXTS = ("code", "last_valid_time", "url")
_FORMAT = ds.ParquetFileFormat(
    read_options=ds.ParquetReadOptions(dictionary_columns=list(_FEW_TEXTS)),
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(pre_buffer=True),
)


def monday(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are asked for; what is None does not matter.

    Attributes
    ----------
    codes : sequence of str or None
    first, last : date or None
        Sessions, both included.
    period : str or None
    """

    codes: Sequence[str] | None = None
    first: date | None = None
    last: date | None = None
    period: str | None = None

    def expression(self, layout: Layout) -> ds.Expression | None:
        """Return what holds for these rows, None for all."""
        parts = []
        if self.period is not None and layout.partition == "period":
            parts.append(pc.field("period") == self.period)
        if self.codes is not None:
            code = pc.field("code")
            parts.append(code == self.codes[0] if len(self.codes) == 1 else code.isin(list(self.codes)))
        if self.first is not None:
            parts.append(pc.field("session") >= self.first)
        if self.last is not None:
            parts.append(pc.field("session") <= self.last)
        where = None
        for part in parts:
            where = part if where is None else where & part
        return where

    def sql(self, layout: Layout) -> str:
        """Return the same in SQL; codes cannot hold quotes."""
        parts = [f"period = '{self.period}'"] if layout.partition == "period" else []
        if self.codes is not None:
            parts.append(f"code IN ({', '.join(map(repr, self.codes))})")
        for sign, day in ((">=", self.first), ("<=", self.last)):
            if day is not None and layout.partition == "week":
                parts.append(f"week {sign} '{monday(day)}'")
            if day is not None:
                parts.append(f"session {sign} '{day}'")
        return " AND ".join(parts)


def within(part: Any, layout: Layout) -> Wanted:
    """Return the rows of one partition as a question."""
    if layout.partition == "period":
        return Wanted(period=part)
    return Wanted(first=part, last=part + timedelta(days=6))


class Files:
    """The files of one version of a table.

    Parameters
    ----------
    delta : DeltaTable
        The table at that version; it may go on to others.
    layout : Layout
    path : str
        Where the table is.
    before : Files, optional
        Those of another version, of which what is still there is taken over.
    """

    def __init__(self, delta: DeltaTable, layout: Layout, path: str, before: Files | None = None) -> None:
        self.layout, self.version = layout, delta.version()
        self.filesystem = _filesystem(delta, path)
        self.actions = pa.table(delta.get_add_actions(flatten=True))
        self.paths: list[str] = self.actions.column("path").to_pylist()
        known = {} if before is None else dict(zip(before.paths, before.groups, strict=True))
        parts = self._column(f"partition.{layout.partition}")
        files = zip(self.paths, parts, strict=True)
        made = (known.get(name) or Groups(self._fragment(name, part)) for name, part in files)
        self.groups: list[Groups] = list(made)
        self.schema = _as_read(layout.schema)
        self.parts = parts
        self._parts = _array(parts)
        self._codes = (_array(self._column("min.code")), _array(self._column("max.code")))
        self._sessions = (_array(self._column("min.session")), _array(self._column("max.session")))

    def rows(self, wanted: Wanted, columns: Sequence[str]) -> pa.Table:
        """Return the rows asked for, in no order."""
        chosen = self._choose(wanted)
        known = {name: _common(chosen, name) for name in columns if name in _OFTEN_THE_SAME}
        known = {name: value for name, value in known.items() if value is not VARIES}
        read = [name for name in columns if name not in known]
        files = [groups.file.subset(row_group_ids=places) for groups, places in chosen]
        data = ds.FileSystemDataset(files, self.schema, _FORMAT, self.filesystem)
        rows = data.to_table(columns=read, filter=wanted.expression(self.layout))
        for name, value in known.items():
            kind = self.layout.schema.field(name).type
            rows = rows.append_column(name, pa.repeat(pa.scalar(value, kind), len(rows)))
        return rows.select(list(columns))

    def batches(self, wanted: Wanted, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Return the rows asked for piece by piece, so that no more than a piece is in memory."""
        files = [groups.file.subset(row_group_ids=places) for groups, places in self._choose(wanted)]
        data = ds.FileSystemDataset(files, self.schema, _FORMAT, self.filesystem)
        batches: Iterator[pa.RecordBatch] = data.to_batches(
            columns=list(columns), filter=wanted.expression(self.layout)
        )
        return batches

    def _choose(self, wanted: Wanted) -> list[tuple[Groups, list[int]]]:
        """Return the files that can hold these rows, each with its groups that can."""
        codes = None if wanted.codes is None else sorted(wanted.codes)
        held = [self.groups[place] for place in np.flatnonzero(self._mask(wanted))]
        chosen = [(groups, groups.holding(codes)) for groups in held]
        return [(groups, places) for groups, places in chosen if places]

    def rows_by_part(self) -> dict[Any, int]:
        """Return how many rows each partition has."""
        rows: dict[Any, int] = {}
        for part, count in zip(self.parts, self._column("num_records"), strict=True):
            rows[part] = rows.get(part, 0) + (count or 0)
        return rows

    def in_order(self, part: Any) -> bool:
        """Tell whether a partition is sorted by code, within its files and from one to the next."""
        held = [groups for groups, its in zip(self.groups, self.parts, strict=True) if its == part]
        bounds = sorted(groups.bounds or ("", "") for groups in held)
        within = all(groups.in_order and groups.bounds for groups in held)
        return within and all(one[1] <= after[0] for one, after in pairwise(bounds))

    def _mask(self, wanted: Wanted) -> NDArray[np.bool_]:
        mask = np.ones(len(self.paths), bool)
        if wanted.period is not None and self.layout.partition == "period":
            mask &= self._parts == wanted.period
        if wanted.first is not None or wanted.last is not None:
            mask &= _overlaps(self._sessions, wanted.first or date.min, wanted.last or date.max)
        if wanted.codes is not None and mask.any():
            mask &= _holds(self._codes, sorted(wanted.codes))
        return mask

    def _column(self, name: str) -> list[Any]:
        held = self.actions.column_names
        return self.actions.column(name).to_pylist() if name in held else [None] * len(self.paths)

    def _fragment(self, name: str, part: Any) -> ds.Fragment:
        within = pc.field(self.layout.partition) == part
        return _FORMAT.make_fragment(name, filesystem=self.filesystem, partition_expression=within)


def _as_read(schema: pa.Schema) -> pa.Schema:
    """Return a schema with columns of few texts as numbers of these, which is quicker by far."""
    for name in _FEW_TEXTS:
        place = schema.get_field_index(name)
        schema = schema.set(place, schema.field(place).with_type(pa.dictionary(pa.int32(), pa.string())))
    return schema


def _common(chosen: Sequence[tuple[Groups, list[int]]], column: str) -> Any:
    """Return the one value that a column has in all of these groups, `VARIES` if there are several."""
    found = {groups.common(place, column) for groups, places in chosen for place in places}
    return found.pop() if len(found) == 1 else VARIES


def _filesystem(delta: DeltaTable, path: str) -> pafs.FileSystem:
    """Return where the files are, without a detour where that is this machine."""
    if "://" in path:
        return delta.to_pyarrow_dataset().filesystem
    return pafs.SubTreeFileSystem(path, pafs.LocalFileSystem())


def _array(values: list[Any]) -> NDArray[Any]:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _overlaps(bounds: tuple[NDArray[Any], NDArray[Any]], first: date, last: date) -> NDArray[np.bool_]:
    pairs = zip(*bounds, strict=True)
    return np.array([least is None or (least <= last and most >= first) for least, most in pairs], bool)


def _holds(bounds: tuple[NDArray[Any], NDArray[Any]], codes: list[str]) -> NDArray[np.bool_]:
    """Tell of each file whether one of some sorted codes can be in it."""
    known = np.array(codes, object)
    unknown = np.array([least is None or most is None for least, most in zip(*bounds, strict=True)], bool)
    least, most = (np.where(unknown, "", bound) for bound in bounds)
    return unknown | (np.searchsorted(known, least) < np.searchsorted(known, most, side="right"))
