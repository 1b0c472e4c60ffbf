"""The files of one version of a table: which of them can hold the rows asked for, and the rows.

Delta keeps of every file its partition and the least and greatest value of each column. Files are chosen
by these, then groups of their rows by the footers. What has been learnt of a file (its footer) is kept as
long as the file is: a file of a Delta table never changes.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.fs as pafs

from pd_capflow.store.groups import Groups
from pd_capflow.store.pieces import Piece, Sieve, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from deltalake import DeltaTable
    from numpy.typing import NDArray

    from pd_capflow.store.layout import Layout

__all__ = ["Files", "Wanted", "monday", "within"]

# Columns of few different texts.
_FEW_TEXTS = ("code", "last_valid_time", "url", "gateways", "name")
# Groups that are read at once: all rows of a day come out of five days' rows, which are never there together.
_AT_ONCE = 64


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

    def sql(self, layout: Layout) -> str:
        """Return what holds for these rows in SQL; codes cannot hold quotes."""
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
        self.far = "://" in path
        self.actions = pa.table(delta.get_add_actions(flatten=True))
        self.paths: list[str] = self.actions.column("path").to_pylist()
        known = {} if before is None else dict(zip(before.paths, before.groups, strict=True))
        self.parts = self._column(f"partition.{layout.partition}")
        files = zip(self.paths, self.parts, strict=True)
        made = (known.get(name) or self._unread(name, part) for name, part in files)
        self.groups: list[Groups] = list(made)
        self.schema = _as_read(layout.schema)
        self._parts = _array(self.parts)
        self._codes = (_array(self._column("min.code")), _array(self._column("max.code")))
        self._sessions = (_array(self._column("min.session")), _array(self._column("max.session")))

    def rows(self, wanted: Wanted, columns: Sequence[str]) -> pa.Table:
        """Return the rows asked for, in no order."""
        none = pa.schema([self.schema.field(name) for name in columns]).empty_table()
        return pa.concat_tables([none, *self._read(wanted, columns)])

    def batches(self, wanted: Wanted, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Return the rows asked for piece by piece, so that no more than some pieces are in memory."""
        for rows in self._read(wanted, columns):
            yield from rows.combine_chunks().to_batches()

    def _read(self, wanted: Wanted, columns: Sequence[str]) -> Iterator[pa.Table]:
        chosen = self._chosen(wanted)
        codes = None if wanted.codes is None else sorted(wanted.codes)
        pieces = chain.from_iterable(self._each(partial(self._pieces, codes), chosen))
        sieve = Sieve(codes, *self._bounds(wanted, chosen))
        for some in _runs(pieces, _AT_ONCE * (pa.io_thread_count() if self.far else 1)):
            yield rows_of(some, columns, self.schema, sieve, self._each)

    def _chosen(self, wanted: Wanted) -> list[int]:
        """Return the places of the files that can hold these rows."""
        mask = np.ones(len(self.paths), bool)
        if wanted.period is not None and self.layout.partition == "period":
            mask &= self._parts == wanted.period
        if wanted.first is not None or wanted.last is not None:
            mask &= _overlaps(self._sessions, wanted.first or date.min, wanted.last or date.max)
        if wanted.codes is not None and mask.any():
            mask &= _holds(self._codes, sorted(wanted.codes))
        return np.flatnonzero(mask).tolist()

    def _bounds(self, wanted: Wanted, chosen: Sequence[int]) -> tuple[date | None, date | None]:
        """Return the first and the last session that have to be looked for in the rows of some files."""
        least, most = ([bounds[place] for place in chosen] for bounds in self._sessions)
        inside = wanted.first is None or all(day is not None and day >= wanted.first for day in least)
        within = wanted.last is None or all(day is not None and day <= wanted.last for day in most)
        return None if inside else wanted.first, None if within else wanted.last

    def _pieces(self, codes: Sequence[str] | None, place: int) -> list[Piece]:
        """Return what to read of a file, some groups at a time."""
        file = self.groups[place]
        groups = file.holding(codes)
        return [Piece(file, groups[at : at + _AT_ONCE]) for at in range(0, len(groups), _AT_ONCE)]

    def _each(self, do: Callable[[Any], Any], things: Sequence[Any]) -> Iterator[Any]:
        """Do something with each of some things; far away with several at once, since each one waits."""
        if not self.far:
            yield from map(do, things)
            return
        several = pa.io_thread_count()
        with ThreadPoolExecutor(several) as pool:
            for at in range(0, len(things), several):
                yield from pool.map(do, things[at : at + several])

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

    def _column(self, name: str) -> list[Any]:
        held = self.actions.column_names
        return self.actions.column(name).to_pylist() if name in held else [None] * len(self.paths)

    def _unread(self, name: str, part: Any) -> Groups:
        return Groups(self.filesystem, name, {self.layout.partition: part}, far=self.far)


def _runs(pieces: Iterable[Piece], most: int) -> Iterator[list[Piece]]:
    """Return pieces some at a time, of not many more groups than `most`."""
    run: list[Piece] = []
    for piece in pieces:
        run.append(piece)
        if sum(len(each.groups) for each in run) >= most:
            yield run
            run = []
    if run:
        yield run


def _as_read(schema: pa.Schema) -> pa.Schema:
    """Return a schema with columns of few texts as numbers of these, which is quicker by far."""
    for name in _FEW_TEXTS:
        place = schema.get_field_index(name)
        schema = schema.set(place, schema.field(place).with_type(pa.dictionary(pa.int32(), pa.string())))
    return schema


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
