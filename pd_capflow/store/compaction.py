"""Make a store quick to read: few sorted files a week, and none that nobody needs.

Rows are put in order, never changed. A week is rewritten in one commit that holds only if nobody wrote
meanwhile; what it replaces is kept for some days, for readers in the middle and for ``as_of``.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from pd_capflow.errors import StoreError
from pd_capflow.store.faults import translated
from pd_capflow.store.files import within
from pd_capflow.store.table import FILE_BYTES

if TYPE_CHECKING:
    from pd_capflow.store.files import Files, Wanted
    from pd_capflow.store.table import Snapshot, Table

__all__ = ["compact"]

# Of so many rows a partition may have a further file: fewer than fill one, whatever they hold.
_ROWS_A_FILE = FILE_BYTES // 100
# Less could take the files of a writer that has not committed yet.
_LEAST = pd.Timedelta("1h")
_ORDER = [(name, "ascending") for name in ("code", "session", "time", "nth")]


def compact(table: Table, keep: Any) -> int:
    """Sort the partitions of a table that need it, and remove what was replaced long ago.

    Parameters
    ----------
    table : Table
    keep : timedelta-like
        How long replaced files are kept.

    Returns
    -------
    int
        Partitions that were rewritten.
    """
    kept = _parse_keep(keep, table.root)
    snapshot = table.snapshot()
    if snapshot is None:
        return 0
    with translated(table.root):
        parts = _untidy(snapshot.files)
    for part in parts:
        _rewrite(table, within(part, table.layout))
    with translated(table.root):
        table.clean(kept)
    return len(parts)


def _parse_keep(keep: Any, path: str) -> pd.Timedelta:
    try:
        kept = pd.Timedelta(keep)
    except (ValueError, TypeError) as error:
        raise StoreError(f"keep={keep!r} is no length of time; expected one such as '7D'") from error
    if not kept >= _LEAST:
        raise StoreError(f"store {path}: keep={keep!r} is too short; others may need an hour to finish")
    return kept


def _untidy(files: Files) -> list[Any]:
    """Return the partitions whose files are too many, or in which codes are not in order."""
    rows, count = files.rows_by_part(), Counter(files.parts)
    crowded = {part for part in count if count[part] > 1 + rows[part] // _ROWS_A_FILE}
    mixed = {part for part in count if part not in crowded and not files.in_order(part)}
    return sorted(crowded | mixed)


def _rewrite(table: Table, wanted: Wanted) -> None:
    def change(snapshot: Snapshot) -> int:
        schema = table.layout.schema
        rows = snapshot.rows(wanted, schema.names).cast(schema).sort_by(_ORDER)
        table.replace(snapshot, rows, wanted)
        return len(rows)

    table.commit(change)
