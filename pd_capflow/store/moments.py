"""What a store knew at a moment: from a time to a version of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError, StoreError
from pd_capflow.security import MARKETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pd_capflow.store.table import Table

__all__ = ["moment_of", "version_at", "versions_of"]

_EXPECTED = "is no moment; expected one such as '2026-01-05 14:00+08:00'"


def moment_of(as_of: Any, codes: Sequence[str] | None) -> int | pd.Timestamp:
    """Return a version, or a moment; one without a zone is in exchange time, where codes have one."""
    if isinstance(as_of, (int, np.integer)) and not isinstance(as_of, bool):
        return int(as_of)
    if isinstance(as_of, (float, np.floating)):
        raise QueryError(f"as_of={as_of!r} is no whole number, as a version is, and {_EXPECTED}")
    try:
        moment = pd.Timestamp(as_of)
    except (TypeError, ValueError) as error:
        raise QueryError(f"as_of={as_of!r} {_EXPECTED}") from error
    if pd.isna(moment):
        raise QueryError(f"as_of={as_of!r} {_EXPECTED}")
    if moment.tz is not None:
        return moment
    zones = {MARKETS[code.partition(".")[0]].zone for code in codes or ()}
    if len(zones) != 1:
        raise QueryError(
            f"as_of={as_of!r} has no zone, and the codes share none; write it with one, as +08:00"
        )
    return moment.tz_localize(zones.pop())


def version_at(table: Table, moment: int | pd.Timestamp) -> int:
    """Return the version that a table had at a moment.

    Raises
    ------
    StoreError
        If it was not there yet, or what was there is no longer kept.
    """
    held = versions_of(table)
    known = held if isinstance(moment, int) else held[held["time"] <= moment]
    if isinstance(moment, int):
        known = held[held["version"] == moment]
    if known.empty:
        first, name = held.iloc[0], table.layout.name
        since = first["time"].isoformat(timespec="seconds")
        raise StoreError(
            f"store {table.root}: what {name} held as of {moment} is not known; the earliest that is kept is "
            f"version {first['version']}, of {since}"
        )
    return int(known["version"].iloc[-1])


def versions_of(table: Table) -> pd.DataFrame:
    """Return the versions of a table that its log still tells of, the oldest first."""
    snapshot = table.snapshot()
    told = [] if snapshot is None else snapshot.delta.history()
    frame = pd.DataFrame(
        {
            "table": pd.array([table.layout.name] * len(told), dtype="str"),
            "version": [entry["version"] for entry in told],
            "time": pd.to_datetime([entry["timestamp"] for entry in told], unit="ms", utc=True),
            "operation": pd.array([str(entry.get("operation", "")).lower() for entry in told], dtype="str"),
        }
    )
    return frame.sort_values("version", ignore_index=True)
