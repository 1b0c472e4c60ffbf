"""One Delta table: what is in it now, and how rows are added to it by one writer among many.

A commit holds only if nobody else has committed since this writer looked (``max_commit_retries=0``):
otherwise it looks again and starts over. So whatever was decided by looking, such as which rows are new,
is true when it is written, and no row is lost or comes twice.
"""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deltalake import ColumnProperties, CommitProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from pd_capflow.errors import StoreError
from pd_capflow.store.faults import translated
from pd_capflow.store.files import Files
from pd_capflow.store.layout import LAYOUTS
from pd_capflow.store.place import options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa

    from pd_capflow.store.files import Wanted
    from pd_capflow.store.layout import Layout

__all__ = ["FILE_BYTES", "WRITER", "Snapshot", "Table"]

# A writer that lost the race this often, after waiting ever longer, has met something else than a race.
_TRIES = 60
_LONGEST_WAIT_S = 1.0
_ALONE = CommitProperties(max_commit_retries=0)
#: How large a file becomes before another is begun: 230,000 rows of minutes. Who reads a code's year reads
#: the footers of the files that it is in, and these would grow with the number of codes.
FILE_BYTES = 4 << 20
# Two codes' week shares a group of rows: a code's year is read a fifth faster than with four codes to a
# group, and a day of all codes a tenth slower.
_GROUP = 2 * 5 * 331
# Hardly an amount comes twice, so a dictionary of them is of no use; split into first bytes, second bytes
# and so on, their zeros stand together. Times are a minute apart.
_AMOUNTS = ColumnProperties(dictionary_enabled=False, encoding="BYTE_STREAM_SPLIT")
_TIMES = ColumnProperties(dictionary_enabled=False, encoding="DELTA_BINARY_PACKED")
_COLUMNS = {name: _AMOUNTS for layout in LAYOUTS for name in layout.amounts} | dict.fromkeys(
    ("time", "recorded_at"), _TIMES
)
#: How files are written. Written so, a week is smaller by a quarter than with ZSTD and dictionaries, and
#: read in half the time.
WRITER = WriterProperties(compression="LZ4_RAW", max_row_group_size=_GROUP, column_properties=_COLUMNS)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A table as it was at one of its versions."""

    delta: DeltaTable
    files: Files

    @property
    def facts(self) -> dict[str, str]:
        """What the table says of itself."""
        return dict(self.delta.metadata().configuration)

    def rows(self, wanted: Wanted, columns: Sequence[str]) -> pa.Table:
        """Return the rows asked for, in no order."""
        return self.files.rows(wanted, columns)


class Table:
    """One table of a store.

    Parameters
    ----------
    root : str
        The store's path.
    layout : Layout
        Which of its tables.
    """

    def __init__(self, root: str, layout: Layout) -> None:
        self.root, self.layout = root, layout
        self.path = f"{root.rstrip('/')}/{layout.name}"
        # A writer needs what it looked at to stay as it was, whatever readers in other threads do.
        self._reading, self._writing = _View(self.path, layout), _View(self.path, layout)
        self._one_writer = threading.Lock()

    def snapshot(self) -> Snapshot | None:
        """Return the table as it is now, None if there is none."""
        with translated(self.root):
            return self._reading.look()

    def at(self, version: int) -> Snapshot:
        """Return the table as it was at a version."""
        with translated(self.root):
            delta = DeltaTable(self.path, version, options_of(self.path))
            return Snapshot(delta, Files(delta, self.layout, self.path))

    def make(self, facts: Mapping[str, str]) -> None:
        """Make the table, unless somebody has just made it."""
        with translated(self.root):
            try:
                DeltaTable.create(
                    self.path,
                    self.layout.schema,
                    mode="ignore",
                    partition_by=[self.layout.partition],
                    name=f"pd_capflow {self.layout.name}",
                    configuration=dict(facts),
                    storage_options=options_of(self.path),
                    raise_if_key_not_exists=False,
                )
            except DeltaError:
                if not DeltaTable.is_deltatable(self.path, options_of(self.path)):  # else somebody was faster
                    raise

    def facts(self) -> dict[str, str] | None:
        """Return what the table says of itself; None if there is no table."""
        snapshot = self.snapshot()
        return None if snapshot is None else snapshot.facts

    def commit(self, change: Callable[[Snapshot], int]) -> int:
        """Look, decide and write until nobody interferes.

        Parameters
        ----------
        change : callable
            Writes to the snapshot that it is given, and returns how many rows it wrote.
        """
        with self._one_writer:
            for attempt in range(_TRIES):
                with translated(self.root):
                    try:
                        return change(self._sure(self._writing.look(anew=True)))
                    except CommitFailedError:
                        self._writing.forget()
                time.sleep(random.uniform(0, min(0.01 * 2**attempt, _LONGEST_WAIT_S)))  # noqa: S311  # no secret
        raise StoreError(f"store {self.root}: others write to it all the time; try again when they are done")

    def _sure(self, snapshot: Snapshot | None) -> Snapshot:
        if snapshot is None:
            self._reading.forget()
            raise StoreError(f"store {self.root}: its table {self.layout.name} is gone; write again")
        return snapshot

    def append(self, snapshot: Snapshot, rows: pa.Table) -> None:
        """Add rows that are not there."""
        write_deltalake(
            snapshot.delta,
            rows,
            mode="append",
            target_file_size=FILE_BYTES,
            writer_properties=WRITER,
            commit_properties=_ALONE,
        )

    def replace(self, snapshot: Snapshot, rows: pa.Table, instead_of: Wanted) -> None:
        """Put rows in the place of those that were asked for, in one commit.

        Delta's MERGE would do, but what it writes has another type of text (``string_view``), and a scan
        that compares it with a code fails.
        """
        write_deltalake(
            snapshot.delta,
            rows,
            mode="overwrite",
            predicate=instead_of.sql(self.layout),
            target_file_size=FILE_BYTES,
            writer_properties=WRITER,
            commit_properties=_ALONE,
        )

    def clean(self, keep: pd.Timedelta) -> None:
        """Remove files that were replaced, or never committed, longer ago; and sum up the log."""
        delta = DeltaTable(self.path, storage_options=options_of(self.path))
        hours = max(int(keep.total_seconds() // 3600), 1)
        delta.vacuum(hours, dry_run=False, enforce_retention_duration=False, full=True)
        delta.create_checkpoint()


def _check_access(path: str) -> None:
    """Raise the `OSError` that stands behind a folder that cannot be found, unless there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        if "://" not in path:
            list(Path(path).iterdir())


class _View:
    """A table as somebody last saw it, looked at again at the price of one listing."""

    def __init__(self, path: str, layout: Layout) -> None:
        self.path, self.layout = path, layout
        self._delta: DeltaTable | None = None
        self._known: Snapshot | None = None
        self._seen = ("", -1)
        self._mark: tuple[int | None, int | None] = (None, None)
        self._lock = threading.Lock()

    def look(self, *, anew: bool = False) -> Snapshot | None:
        """Return the table as it is now, None if there is none.

        Who looks anew, which costs more, believes nothing that was seen before.
        """
        with self._lock:
            try:
                return self._look(anew=anew)
            except TableNotFoundError:
                self._delta = self._known = None
                _check_access(self.path)
                return None

    def forget(self) -> None:
        """Begin from nothing at the next look."""
        with self._lock:
            self._delta = self._known = None

    def _look(self, *, anew: bool) -> Snapshot:
        if self._delta is None or anew or self._is_another():
            self._delta = DeltaTable(self.path, storage_options=options_of(self.path))
        else:
            self._delta.update_incremental()
        seen = str(self._delta.metadata().id), self._delta.version()
        if self._known is None or seen != self._seen:
            before = self._known.files if self._known else None
            self._known = Snapshot(self._delta, Files(self._delta, self.layout, self.path, before))
            self._seen, self._mark = seen, _mark_of(self._known.files)
        return self._known

    def _is_another(self) -> bool:
        """Tell whether the table was removed and another one made in its place.

        An update would not notice, and put the commits of one on top of those of the other.
        """
        return self._known is None or _mark_of(self._known.files) != self._mark


def _mark_of(files: Files) -> tuple[int | None, int | None]:
    """Return by what a version of a table is known again: when its commit was written, and how long it is."""
    commit = files.filesystem.get_file_info(f"_delta_log/{files.version:020}.json")
    return commit.mtime_ns, commit.size
