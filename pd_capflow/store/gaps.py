"""Gaps: the minutes that a store lacks, by the calendar of each exchange.

A minute that is over and of which there is no row is missing, unless an answer is recorded that goes to the
close of its session: whatever such an answer lacks no gateway has, for nothing was traded then. Nor is the
minute missing that ends with the morning if there is a row at the very beginning of the afternoon: then rows
are named by the begin of their minute, of which the vendor's documents speak, and not by its end. How far an
answer goes is what it says, or its last row. When it was recorded tells that only where it says nothing, for
a frame may be written long after it was fetched.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from pd_capflow.errors import GatewayError
from pd_capflow.flow.frames import ATTRS
from pd_capflow.security import MARKETS
from pd_capflow.store.almanac import EARLIEST, calendar_of, question_of
from pd_capflow.store.held import held, served_until, span_held
from pd_capflow.store.layout import INTRADAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from pd_capflow.client import Client
    from pd_capflow.store.asked import Days
    from pd_capflow.store.calendar import Calendar, Session
    from pd_capflow.store.store import Store

__all__ = ["gaps_of"]

_MANY = 50  # codes whose rows are in memory at one time
_Gap = tuple[str, date, int, int, int]


def gaps_of(
    store: Store,
    codes: Sequence[str],
    days: Days | None = None,
    *,
    client: Client | None = None,
    now: datetime | None = None,
) -> pd.DataFrame:
    """Return what is missing of the minutes of some codes.

    Parameters
    ----------
    store : Store
    codes : sequence of str
    days : Days, optional
        Range of sessions of each market. By default, as where it has no bound, from the first recorded day
        of each code to the last recorded day of any of its market.
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
        first, last = (None, None) if days is None else days[prefix]
        bounds = _bounds(store, mine, first, last, until)
        if bounds is None:
            continue
        calendar = _calendar(prefix, *bounds, client)
        told[prefix] = sorted({session.source for session in calendar.sessions})
        minutes = _Minutes.of(calendar, until)
        for part in (mine[start : start + _MANY] for start in range(0, len(mine), _MANY)):
            runs = _gaps(store, part, minutes, first)
            whole = _whole(store, runs, calendar, until)
            found += [run for run in runs if run[:2] not in whole]
    return _frame(found, codes, told)


def _bounds(
    store: Store, codes: Sequence[str], first: date | None, last: date | None, until: datetime
) -> tuple[date, date] | None:
    """Return the range of sessions to look at, None where nothing is recorded and nothing else is said.

    No minute is missing that is not over.
    """
    if first is None or last is None:
        span = span_held(store, codes)
        if span is None:
            return None
        first, last = first or span[0], last or span[1]
    today = until.astimezone(MARKETS[codes[0].partition(".")[0]].tzinfo).date()
    begin, end = max(first, EARLIEST), min(last, today)
    return (begin, end) if begin <= end else None


def _calendar(prefix: str, first: date, last: date, client: Client | None) -> Calendar:
    question = question_of(prefix, first, last) if client is not None else None
    told = None
    if client is not None and question is not None:
        try:
            told = client.fetch(question)
        except GatewayError:
            told = None  # then others are asked
    return calendar_of(prefix, first, last, told)


@dataclass(frozen=True, slots=True, eq=False)
class _Minutes:
    """The minutes of a calendar that are over, ascending, the number of each one's session, and all rests."""

    days: list[date]
    times: NDArray[np.int64]
    owner: NDArray[np.int64]
    rests: NDArray[np.int64]

    @classmethod
    def of(cls, calendar: Calendar, until: datetime) -> Self:
        parts = [session.minutes(until) for session in calendar.sessions]
        owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        days = [session.day for session in calendar.sessions]
        rests = [np.empty((0, 2), np.int64), *(session.rests for session in calendar.sessions)]
        return cls(days, np.concatenate([*parts, np.empty(0, np.int64)]), owner, np.concatenate(rests))

    def runs(self, code: str, since: date, held: NDArray[np.int64]) -> Iterator[_Gap]:
        """Yield each run of minutes that are not held, of each session from a day on."""
        begin = int(np.searchsorted(self.owner, bisect_left(self.days, since)))
        times, owner = self.times[begin:], self.owner[begin:]
        missing = np.flatnonzero(~_is_in(times, self._under_either_name(held)))
        breaks = np.flatnonzero((np.diff(missing) > 1) | (np.diff(owner[missing]) > 0)) + 1
        for run in np.split(missing, breaks):
            if run.size:
                yield code, self.days[owner[run[0]]], int(times[run[0]]), int(times[run[-1]]), run.size

    def _under_either_name(self, held: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the minutes held, sorted, and the last before a rest where the first after it is held."""
        rows = np.sort(held)
        return np.sort(np.concatenate([rows, self.rests[_is_in(self.rests[:, 1], rows), 0]]))


def _gaps(store: Store, codes: Sequence[str], minutes: _Minutes, first: date | None) -> list[_Gap]:
    """Return the runs of minutes of which there is no row."""
    if not minutes.days:
        return []
    rows = held(store, INTRADAY, codes, minutes.days[0], minutes.days[-1])
    groups = {str(code): group for code, group in rows.groupby("code", observed=True)}
    found: list[_Gap] = []
    for code in codes:
        mine = groups.get(code, rows.iloc[:0])
        since = first or (mine["session"].min().date() if len(mine) else date.max)
        found += minutes.runs(code, since, _instants(mine))
    return found


def _whole(store: Store, found: Sequence[_Gap], calendar: Calendar, until: datetime) -> set[tuple[str, date]]:
    """Return codes and sessions that have gaps, and yet all that a gateway has of them."""
    if not found:
        return set()
    codes, days = sorted({gap[0] for gap in found}), [gap[1] for gap in found]
    rows = held(store, INTRADAY, codes, min(days), max(days), ("last_valid_time", "recorded_at"))
    key = ["code", "session"]
    order = rows.sort_values([*key, "empty", "time"], ascending=[True, True, False, True])
    lasts = order.drop_duplicates(key, keep="last")
    named = zip(lasts["code"], lasts["session"].dt.date, strict=True)
    return {
        (str(code), day)
        for (code, day), last in zip(named, lasts.itertuples(), strict=True)
        if (session := calendar.on(day)) is not None and _is_whole(last, session, until)
    }


def _is_whole(last: Any, session: Session, until: datetime) -> bool:
    """Tell whether no more can come of a session, given its last row or the mark that there was none."""
    if last.empty and until < session.closes:
        return True  # not traded so far
    reached = served_until(last.last_valid_time, last.recorded_at)
    return reached >= session.closes or (not last.empty and last.time >= session.closes)


def _instants(rows: pd.DataFrame) -> NDArray[np.int64]:
    times = pd.DatetimeIndex(rows["time"].dropna()).as_unit("us")
    return np.asarray(times.asi8, np.int64)


def _is_in(values: NDArray[np.int64], held: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell of each value whether it is held; those are sorted, so this is quicker than `numpy.isin`."""
    if not held.size:
        return np.zeros(len(values), bool)
    place = np.minimum(np.searchsorted(held, values), len(held) - 1)
    return np.asarray(held[place] == values, bool)


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
