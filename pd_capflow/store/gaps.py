"""Gaps: the minutes that a store lacks, by the calendar of each exchange.

A minute that is over and of which there is no row is missing; a code that answered without rows has nothing
to miss in that session, for it did not trade.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import GatewayError
from pd_capflow.flow.frames import ATTRS
from pd_capflow.security import MARKETS
from pd_capflow.store.almanac import calendar_of, question_of
from pd_capflow.store.held import held
from pd_capflow.store.layout import INTRADAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from pd_capflow.client import Client
    from pd_capflow.store.calendar import Calendar, Session
    from pd_capflow.store.store import Store

__all__ = ["gaps_of"]

_MANY = 50  # codes whose rows are in memory at one time
_Gap = tuple[str, date, int, int, int]


def gaps_of(
    store: Store,
    codes: Sequence[str],
    first: date | None = None,
    last: date | None = None,
    *,
    client: Client | None = None,
    now: datetime | None = None,
) -> pd.DataFrame:
    """Return what is missing of the minutes of some codes.

    Parameters
    ----------
    store : Store
    codes : sequence of str
    first, last : date, optional
        Range of sessions, both inclusive. By default from the first recorded day of each code to the last
        recorded day of any of its market.
    client : Client, optional
        Whom to ask for the sessions that there were; by default nobody is.
    now : datetime, optional
        Later minutes cannot be missing yet; aware. By default the system's clock.

    Returns
    -------
    DataFrame
        A row for each run of missing minutes: ``code``, ``session`` (the exchange's day), ``from`` and ``to``
        (the first and the last missing row, in the exchange's zone, or in UTC if several), and ``missing``,
        the number of rows. ``attrs["capflow"]["calendars"]`` tells who knew the sessions of each market.
    """
    found: list[_Gap] = []
    told: dict[str, list[str]] = {}
    until = now or datetime.now(UTC)
    for prefix in sorted({code.partition(".")[0] for code in codes}):
        mine = [code for code in codes if code.startswith(f"{prefix}.")]
        bounds = _bounds(store, mine, first, last)
        if bounds is None:
            continue
        calendar = _calendar(prefix, *bounds, client)
        told[prefix] = sorted({session.source for session in calendar.sessions})
        for part in (mine[start : start + _MANY] for start in range(0, len(mine), _MANY)):
            found += _gaps(store, part, calendar, first, until)
    return _frame(found, codes, told)


def _bounds(
    store: Store, codes: Sequence[str], first: date | None, last: date | None
) -> tuple[date, date] | None:
    """Return the range of sessions to look at, None where nothing is recorded and nothing else is said."""
    if first is not None and last is not None:
        return first, last
    days = held(store, INTRADAY, codes, first, last)["session"]
    if days.empty:
        return None
    return first or min(days), last or max(days)


def _calendar(prefix: str, first: date, last: date, client: Client | None) -> Calendar:
    question = question_of(prefix, first, last) if client is not None else None
    told = None
    if client is not None and question is not None:
        try:
            told = client.fetch(question)
        except GatewayError:
            told = None  # then others are asked
    return calendar_of(prefix, first, last, told)


def _gaps(
    store: Store, codes: Sequence[str], calendar: Calendar, first: date | None, until: datetime
) -> Iterator[_Gap]:
    if not calendar.sessions:
        return
    rows = held(store, INTRADAY, codes, calendar.sessions[0].day, calendar.sessions[-1].day)
    groups = {str(code): group for code, group in rows.groupby("code")}
    for code in codes:
        mine = groups.get(code, rows.iloc[:0])
        since = first or (mine["session"].min() if len(mine) else date.max)
        quiet = set(mine.loc[mine["empty"], "session"]) - set(mine.loc[~mine["empty"], "session"])
        wanted = [each for each in calendar.sessions if each.day >= since and each.day not in quiet]
        yield from _runs(code, wanted, _instants(mine), until)


def _instants(rows: pd.DataFrame) -> NDArray[np.int64]:
    times = pd.DatetimeIndex(rows["time"].dropna()).as_unit("us")
    return np.asarray(times.asi8, np.int64)


def _runs(
    code: str, sessions: Sequence[Session], times: NDArray[np.int64], until: datetime
) -> Iterator[_Gap]:
    """Yield each run of missing minutes of each session."""
    expected = [session.minutes(until) for session in sessions]
    if not expected:
        return
    whole = np.concatenate(expected)
    owner = np.repeat(np.arange(len(sessions)), [len(part) for part in expected])
    missing = np.flatnonzero(~np.isin(whole, times))
    breaks = np.flatnonzero((np.diff(missing) > 1) | (np.diff(owner[missing]) > 0)) + 1
    for run in np.split(missing, breaks):
        if run.size:
            yield code, sessions[owner[run[0]]].day, int(whole[run[0]]), int(whole[run[-1]]), run.size


def _frame(found: Iterable[_Gap], codes: Sequence[str], told: dict[str, list[str]]) -> pd.DataFrame:
    columns: tuple[Any, ...] = tuple(zip(*found, strict=True)) or ((),) * 5
    zones = {MARKETS[code.partition(".")[0]].zone for code in codes}
    zone = zones.pop() if len(zones) == 1 else "UTC"
    frame = pd.DataFrame(
        {
            "code": pd.array(columns[0], dtype="str"),
            "session": pd.to_datetime(pd.Series(columns[1], dtype="object")).astype("M8[s]"),
            "from": _moments(columns[2], zone),
            "to": _moments(columns[3], zone),
            "missing": np.array(columns[4], np.int64),
        }
    )
    frame.attrs[ATTRS] = {"calendars": told, "tz": zone}
    return frame


def _moments(values: Sequence[int], zone: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(np.array(values, "M8[us]"), tz="UTC").tz_convert(zone)
