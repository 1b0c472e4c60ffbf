"""Recorded rows -> a Dask frame of partitions that are read when they are computed."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

import dask.dataframe as dd
import numpy as np
import pyarrow.compute as pc

from pd_capflow.flow.frames import ATTRS, EMPTY, Columns, build_frame
from pd_capflow.security import Security
from pd_capflow.store.faults import translated
from pd_capflow.store.scale.accessor import texts_as_they_are
from pd_capflow.store.scale.shares import ROWS, Share, divided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pd_capflow.flow.frames import Shape
    from pd_capflow.store.asked import Days
    from pd_capflow.store.files import Wanted
    from pd_capflow.store.store import Store
    from pd_capflow.store.table import Snapshot

__all__ = ["counted", "dask_frame"]


def counted(snapshot: Snapshot, wanted: Sequence[Wanted], path: str) -> dict[str, int]:
    """Return how many rows there are of each code, sorted by code; their codes alone are read."""
    found: Counter[str] = Counter()
    with translated(path):
        for batch in chain.from_iterable(snapshot.files.batches(each, ["code"]) for each in wanted):
            for pair in pc.value_counts(batch.column(0)).to_pylist():
                found[pair["values"]] += pair["counts"]
    return dict(sorted(found.items()))


def dask_frame(
    store: Store,
    counts: Mapping[str, int],
    shape: Shape,
    *,
    period: str,
    days: Days,
    version: int,
    single: bool,
    rows: int = ROWS,
) -> dd.DataFrame:
    """Return the Dask frame of some codes' rows; see `Store.dask`.

    Parameters
    ----------
    store : Store
        Where they are recorded.
    counts : mapping of str to int
        How many rows there are of each code, in the order asked; at least one code.
    shape : Shape
        The columns wanted.
    period : str
    days : Days
        The first and the last of each market.
    version : int
        Of the table.
    single : bool
        Whether one code alone was asked for.
    rows : int
        How many a partition is meant to hold at most.
    """
    empty = _without_rows(store, list(counts), shape, period, single=single)
    zone = empty.attrs["capflow"]["tz"]
    share = Share(store.path, store.demo, period, days, version, zone)
    groups: Sequence[Any] = list(counts) if single else divided(counts, rows)
    with texts_as_they_are():
        return dd.from_map(
            share, groups, columns=list(shape.columns), meta=empty, label="capflow", enforce_metadata=False
        )


def _without_rows(
    store: Store, codes: Sequence[str], shape: Shape, period: str, *, single: bool
) -> pd.DataFrame:
    """Return the frame of all the codes, with its facts, before any row is read."""
    nothing = Columns(np.empty(0, np.int64), np.empty((0, len(shape.columns))))
    asked = [Security.parse(code) for code in codes]
    source = {"url": store.url, "demo": store.demo}
    frame = build_frame(
        shape, asked, dict.fromkeys(asked, nothing), period=period, single=single, source=source
    )
    del frame.attrs[ATTRS][EMPTY]  # it is not known before they are read
    return frame
