"""Rows of a table -> the frame that the client gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pd_capflow.client.known import MOST_NAMES
from pd_capflow.flow.frames import ATTRS, OPENING, Columns, Shape, build_frame
from pd_capflow.flow.times import NO_TIME
from pd_capflow.security import Security
from pd_capflow.store.layout import INTRADAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pd_capflow.security import Market
    from pd_capflow.store.layout import Layout

__all__ = ["frame_from"]

_DAY_US = 86_400_000_000
_TOLD = ("last_valid_time", "url", "gateways", "name")


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
    rows = rows.combine_chunks()
    owner = _owner(rows, codes)
    instants = _integers(rows, "time", NO_TIME)
    sessions = _integers(rows, "session", 0)
    order = _order(rows, instants, sessions, owner)
    order = _without_markers(rows, order, owner)
    begins = np.searchsorted(owner[order], np.arange(len(codes) + 1))
    amounts = np.column_stack([_floats(rows, name)[order] for name in shape.columns])
    empty = rows.column("empty").to_numpy()
    told = {name: rows.column(name) for name in _TOLD}
    parts, last_rows = {}, {}
    for number, code in enumerate(codes):
        mine = slice(begins[number], begins[number + 1])
        at = order[mine]
        last_rows[code] = int(at[-1])
        held = slice(mine.start, mine.start) if empty[at[-1]] else mine
        last = told["last_valid_time"][int(at[-1])].as_py()
        parts[Security.parse(code)] = Columns(instants[order[held]], amounts[held], last)
    source, names = _source(told, last_rows, demo=demo)
    frame = build_frame(shape, list(parts), parts, period=period, single=single, source=source)
    if layout is INTRADAY:
        _note_openings(frame, np.asarray(instants[order]), np.asarray(sessions[order]), owner[order], parts)
    if names and len(codes) <= MOST_NAMES:
        frame.attrs[ATTRS]["names"] = names
    return frame


def _order(
    rows: pa.Table, instants: NDArray[np.int64], sessions: NDArray[np.int64], owner: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the places of the rows by code and time; of a table that is sorted, as they come."""
    same = owner[1:] == owner[:-1]
    if (
        (owner[1:] > owner[:-1]) | (same & (instants[1:] > instants[:-1]) & (sessions[1:] >= sessions[:-1]))
    ).all():
        return np.arange(len(owner))
    return np.lexsort((_integers(rows, "nth", 0), instants, sessions, owner))


def _note_openings(
    frame: pd.DataFrame,
    instants: NDArray[np.int64],
    sessions: NDArray[np.int64],
    owner: NDArray[np.int64],
    parts: Mapping[Security, Columns],
) -> None:
    """Note of each session, not only of a code's first, that its first row ends its first minute."""
    begins = np.ones(len(owner), bool)
    begins[1:] = (owner[1:] != owner[:-1]) | (sessions[1:] != sessions[:-1])
    noted: dict[str, list[str]] = {}
    securities = list(parts)
    homes = [security.home for security in securities]
    for home in set(homes):
        mine = np.array([each == home for each in homes])[owner] & begins & (instants != NO_TIME)
        local = pd.DatetimeIndex(instants[mine].view("M8[us]"), tz="UTC").tz_convert(home.zone)
        late = _ends_first_minute(local, home)
        for number, moment in zip(owner[mine][late], local[late], strict=True):
            noted.setdefault(str(securities[number]), []).append(moment.to_pydatetime().isoformat())
    frame.attrs[ATTRS].pop(OPENING, None)
    if noted:
        told = {str(security): noted[str(security)] for security in securities if str(security) in noted}
        opening = {code: times[0] if len(times) == 1 else times for code, times in told.items()}
        frame.attrs[ATTRS][OPENING] = opening


def _ends_first_minute(local: pd.DatetimeIndex, home: Market) -> NDArray[np.bool_]:
    if not home.sessions:
        return np.zeros(len(local), bool)
    opens = home.sessions[0][0]
    into = local.tz_localize(None).asi8 % _DAY_US - (opens.hour * 60 + opens.minute) * 60_000_000
    return (into > 0) & (into <= 60_000_000)


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


def _floats(rows: pa.Table, name: str) -> NDArray[np.float64]:
    return np.asarray(rows.column(name).to_numpy(zero_copy_only=False), np.float64)


def _without_markers(rows: pa.Table, order: NDArray[np.int64], owner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Leave out that a code once had no rows where it has some, and all but the last of such markers."""
    empty: NDArray[np.bool_] = rows.column("empty").to_numpy()[order]
    if not empty.any():
        return order
    whose = owner[order]
    has_rows = np.zeros(int(whose.max()) + 1, bool)
    has_rows[whose[~empty]] = True
    last = np.append(whose[1:] != whose[:-1], True)
    keep: NDArray[np.bool_] = ~empty | (~has_rows[whose] & last)
    return order[keep]


def _source(
    told: dict[str, Any], last_rows: dict[str, int], *, demo: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    def of(name: str) -> dict[str, str | None]:
        return {code: told[name][row].as_py() for code, row in last_rows.items()}

    urls, gateways = of("url"), of("gateways")
    names = {code: name for code, name in of("name").items() if name}
    several = [url for url in dict.fromkeys(gateways.values()) if url]
    if not several and len(set(urls.values())) == 1:
        return {"url": next(iter(urls.values())), "demo": demo}, names
    url = several[0] if len(several) == 1 else ", ".join(dict.fromkeys(filter(None, urls.values())))
    return {"url": url, "demo": demo, "by_code": urls}, names
