"""Rows of a table -> the frame that the client gave."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pd_capflow.client.known import MOST_NAMES
from pd_capflow.errors import CapflowWarning
from pd_capflow.flow.frames import ATTRS, Answers, Shape, frame_of
from pd_capflow.flow.times import NO_TIME
from pd_capflow.security import Security
from pd_capflow.store.layout import DISTRIBUTIONS, INTRADAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pd_capflow.store.layout import Layout

__all__ = ["frame_from", "timed"]

# From here up to who called `Store.read`, so that the warning names their line.
_DEPTH = 4
_TOLD = ("last_valid_time", "url", "gateways", "name")


def timed(rows: pa.Table, layout: Layout, path: str) -> pa.Table:
    """Leave out rows of capital flow that have no time, which no gateway serves, and warn of them."""
    if layout is DISTRIBUTIONS or not rows.column("time").null_count:
        return rows
    lost = pc.and_not(pc.is_null(rows.column("time")), rows.column("empty"))
    if count := pc.sum(lost).as_py():
        told = f"store {path}: {count} rows without a time are left out; verify() tells where they are"
        warnings.warn(told, CapflowWarning, stacklevel=_DEPTH)
    return rows.filter(pc.invert(lost))


def frame_from(
    rows: pa.Table,
    codes: Sequence[str],
    layout: Layout,
    *,
    period: str,
    single: bool,
    demo: bool,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the frame of the rows of some codes, in the order of these.

    Parameters
    ----------
    rows : pyarrow.Table
        At least one of each code.
    codes : sequence of str
        The codes, each once.
    layout : Layout
        The table that they are from.
    period : str
    single : bool
        Whether one code alone was asked for.
    demo : bool
        Whether the store is one of demo data.
    columns : sequence of str, optional
        The columns of amounts; by default all.
    """
    shape = layout.shape if columns is None else Shape(pd.Index(list(columns), dtype="str"))
    rows, owner = _without_markers(*_in_order(rows.combine_chunks(), codes))
    ends = np.searchsorted(owner, np.arange(len(codes)), side="right")
    told = {name: rows.column(name).take(pa.array(ends - 1)).to_pylist() for name in _TOLD}
    empty = rows.column("empty").to_numpy()
    if empty.any():
        rows, owner = rows.filter(pa.array(~empty)), owner[~empty]
    answers = Answers(
        [Security.parse(code) for code in codes],
        np.bincount(owner, minlength=len(codes)).tolist(),
        _integers(rows, "time", NO_TIME),
        _amounts(rows, list(shape.columns)),
        told["last_valid_time"],
    )
    source, names = _source(codes, told, demo=demo)
    frame = frame_of(
        shape,
        answers.securities,
        answers,
        period=period,
        single=single,
        source=source,
        opening=_begins(owner, _integers(rows, "session", 0)) if layout is INTRADAY else None,
    )
    if names and len(codes) <= MOST_NAMES:
        frame.attrs[ATTRS]["names"] = names
    return frame


def _in_order(rows: pa.Table, codes: Sequence[str]) -> tuple[pa.Table, NDArray[np.int64]]:
    """Return the rows by code and time, and whose each is; of a table that is sorted, as they come."""
    owner = _owner(rows, codes)
    instants, sessions = _integers(rows, "time", NO_TIME), _integers(rows, "session", 0)
    same = owner[1:] == owner[:-1]
    later = (instants[1:] > instants[:-1]) & (sessions[1:] >= sessions[:-1])
    if ((owner[1:] > owner[:-1]) | (same & later)).all():
        return rows, owner
    order = np.lexsort((_integers(rows, "nth", 0), instants, sessions, owner))
    return rows.take(pa.array(order)), owner[order]


def _begins(owner: NDArray[np.int64], sessions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions of the first rows of all sessions."""
    begins = np.ones(len(owner), bool)
    begins[1:] = (owner[1:] != owner[:-1]) | (sessions[1:] != sessions[:-1])
    return np.flatnonzero(begins)


def _owner(rows: pa.Table, codes: Sequence[str]) -> NDArray[np.int64]:
    known = pa.array(codes, pa.string())
    held = rows.column("code").combine_chunks()
    if pa.types.is_dictionary(held.type):
        # The dictionary may hold codes of which no row is left.
        places = pc.fill_null(pc.index_in(held.dictionary, value_set=known), -1)
        number: NDArray[np.int64] = np.asarray(places.to_numpy(), np.int64)
        return number[np.asarray(held.indices.to_numpy(), np.int64)]
    return np.asarray(pc.index_in(held, value_set=known).to_numpy(), np.int64)


def _integers(rows: pa.Table, name: str, null: int) -> NDArray[np.int64]:
    column = rows.column(name)
    kind = pa.int64() if column.type.bit_width == 64 else pa.int32()
    return np.asarray(pc.fill_null(column.cast(kind), null).to_numpy(), np.int64)


def _amounts(rows: pa.Table, names: Sequence[str]) -> NDArray[np.float64]:
    """Return columns, shape (rows, columns), each in one piece, as pandas keeps them."""
    amounts = np.empty((len(names), len(rows)))
    for place, name in enumerate(names):
        amounts[place] = rows.column(name).to_numpy()
    return amounts.T


def _without_markers(rows: pa.Table, owner: NDArray[np.int64]) -> tuple[pa.Table, NDArray[np.int64]]:
    """Leave out that a code once had no rows where it has some, and all but the last of such markers."""
    empty: NDArray[np.bool_] = rows.column("empty").to_numpy()
    if not empty.any():
        return rows, owner
    has_rows = np.zeros(int(owner.max()) + 1, bool)
    has_rows[owner[~empty]] = True
    last = np.append(owner[1:] != owner[:-1], True)
    keep = ~empty | (~has_rows[owner] & last)
    return rows.filter(pa.array(keep)), owner[keep]


def _source(
    codes: Sequence[str], told: Mapping[str, list[str | None]], *, demo: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    urls, gateways = dict(zip(codes, told["url"], strict=True)), told["gateways"]
    names = {code: name for code, name in zip(codes, told["name"], strict=True) if name}
    several = [url for url in dict.fromkeys(gateways) if url]
    if not several and len(set(urls.values())) == 1:
        return {"url": next(iter(urls.values())), "demo": demo}, names
    url = several[0] if len(several) == 1 else ", ".join(dict.fromkeys(filter(None, urls.values())))
    return {"url": url, "demo": demo, "by_code": urls}, names
