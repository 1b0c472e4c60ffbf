"""Is all of it there, and as it should be? What `Store.verify` looks at, a partition at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow.fs as pafs

from pd_capflow.errors import StoreError
from pd_capflow.security import Security
from pd_capflow.store.counting import counted
from pd_capflow.store.doubles import doubled
from pd_capflow.store.faults import translated
from pd_capflow.store.files import within
from pd_capflow.store.layout import DISTRIBUTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pd_capflow.store.layout import Layout
    from pd_capflow.store.table import Snapshot, Table

__all__ = ["Problem", "Report", "check_table"]

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a store that is not as it should be.

    Attributes
    ----------
    table : str
        Name of the table.
    where : str
        The file or the partition.
    what : str
        What is wrong, and what to do about it.
    """

    table: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.table}, {self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a look at all of a store found.

    Attributes
    ----------
    path : str
        The store's.
    rows, files : int
        How many were looked at.
    problems : tuple of Problem
        Empty where all is well.
    """

    path: str
    rows: int = 0
    files: int = 0
    problems: tuple[Problem, ...] = field(default=())

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def ok(self) -> bool:
        """The same, as the doctor's report says it."""
        return self.clean

    def __bool__(self) -> bool:
        return self.clean

    def __str__(self) -> str:
        head = f"store {self.path}: {counted(self.rows, 'row')} in {counted(self.files, 'file')}, "
        if self.clean:
            return head + "all well"
        shown = [f"  {problem}" for problem in self.problems[:_SHOWN]]
        more = [f"  and {len(self.problems) - _SHOWN} more"] if len(self.problems) > _SHOWN else []
        return "\n".join([f"{head}{counted(len(self.problems), 'problem')}", *shown, *more])

    def __add__(self, other: Report) -> Report:
        rows, files = self.rows + other.rows, self.files + other.files
        return Report(self.path, rows, files, self.problems + other.problems)


def check_table(table: Table, facts: Mapping[str, str], *, demo: bool) -> Report:
    """Look at every row of a table."""
    snapshot = table.snapshot()
    if snapshot is None:
        return Report(table.root)
    layout, files = table.layout, snapshot.files
    problems = list(_of_table(snapshot, layout, facts))
    missing = _missing(snapshot)
    problems += [Problem(layout.name, name, "the file is missing; its rows are lost") for name in missing]
    rows = 0
    for part in sorted(set(files.parts)):
        try:
            with translated(table.root):
                held = snapshot.rows(within(part, layout), layout.schema.names).to_pandas()
        except StoreError as error:
            if not missing:
                problems.append(Problem(layout.name, str(part), f"it cannot be read: {error}"))
            continue
        rows += len(held)
        problems += [Problem(layout.name, str(part), what) for what in _of_rows(held, layout, demo=demo)]
    return Report(table.root, rows, len(files.paths), tuple(problems))


def _of_table(snapshot: Snapshot, layout: Layout, facts: Mapping[str, str]) -> Iterator[Problem]:
    told = snapshot.delta.metadata().configuration
    if any(told.get(name) != value for name, value in facts.items()):
        yield Problem(layout.name, "the table", "it says another thing of itself than the store does")
    held = {entry.name for entry in snapshot.delta.schema().fields}
    if lacking := sorted(set(layout.schema.names) - held):
        yield Problem(layout.name, "the table", f"it lacks the columns {', '.join(lacking)}")
    if unknown := sorted(held - set(layout.schema.names)):
        yield Problem(layout.name, "the table", f"it has unknown columns: {', '.join(unknown)}")


def _missing(snapshot: Snapshot) -> list[str]:
    files = snapshot.files
    found = files.filesystem.get_file_info(files.paths)
    pairs = zip(files.paths, found, strict=True)
    return [name for name, info in pairs if info.type is not pafs.FileType.File]


def _of_rows(rows: pd.DataFrame, layout: Layout, *, demo: bool) -> Iterator[str]:
    if double := int(rows.duplicated([*layout.key, "empty"]).sum()):
        yield f"{_rows(double)} there twice"
    yield from _taken_twice(rows, layout)
    untimed = rows["time"].isna() & ~rows["empty"].astype(bool)
    if layout is not DISTRIBUTIONS and (lost := int(untimed.sum())):
        yield f"{_rows(lost)} without a time, and left out where the store is read"
    if off := int(_off_session(rows).sum()):
        yield f"{_rows(off)} of another day than the session"
    if layout.partition == "week" and (off := int((_mondays(rows) != pd.to_datetime(rows["week"])).sum())):
        yield f"{_rows(off)} in the wrong week"
    if not demo and (invented := int((rows["url"] == "demo://").sum())):
        yield f"{_rows(invented)} demo data, in a store of real data"


def _rows(number: int) -> str:
    return f"{counted(number, 'row')} {'is' if number == 1 else 'are'}"


def _taken_twice(rows: pd.DataFrame, layout: Layout) -> Iterator[str]:
    """Tell of answers that were kept twice over, as an older version took them from ``pd.concat``."""
    if not (rows["nth"] > 0).any():
        return
    group = ["code", "period" if layout.partition == "period" else "session"]
    if twice := doubled(rows, group, layout):
        code, when = twice[0]
        others = f", and so of {len(twice) - 1} more" if len(twice) > 1 else ""
        yield (
            f"every row of {code} of {when} is there more than once{others}: read it, and write "
            "frame[~frame.index.duplicated()] to another store"
        )


def _mondays(rows: pd.DataFrame) -> Any:
    session = pd.to_datetime(rows["session"])
    return session - pd.to_timedelta(session.dt.day_of_week, unit="D")


def _off_session(rows: pd.DataFrame) -> pd.Series[bool]:
    timed = rows[rows["time"].notna()]
    zones = {code: Security.parse(code).home.zone for code in timed["code"].unique()}
    off = pd.Series(data=False, index=rows.index)
    for zone, mine in timed.groupby(timed["code"].map(zones)):
        days = mine["time"].dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
        off.loc[mine.index] = days != pd.to_datetime(mine["session"])
    return off
