"""Where running totals begin.

Intraday rows as served are totals since the open. All other totals were added up here, from some row on:
``attrs["capflow"]["begins"]`` names that row's time for each code, one for each session of minutes that
does not begin at the open. Only a row that stands at such a time is its own flow. So a frame that lost its
first rows does not take the whole total for the flow of one row.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from pd_capflow.flow.frames import ATTRS, OPENING
from pd_capflow.flow.intervals import MinuteInterval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from pd_capflow.flow.sessions import Rows

    Mask = NDArray[np.bool_]

__all__ = ["BEGINS", "beginnings", "from_zero", "opens", "record"]

#: Key of the times in ``attrs["capflow"]``.
BEGINS = "begins"


def beginnings(facts: Mapping[str, Any], code: str) -> list[datetime]:
    """Return the recorded times at which totals of a code begin otherwise than at the open."""
    return _told(facts.get(BEGINS), code)


def from_zero(frame: pd.DataFrame, rows: Rows, first: NDArray[np.int64]) -> Mask:
    """Tell of each row whether its total began at zero with this row.

    A recorded row is where its total began, whatever stands before it; a row at the open is if it is among
    the `first` of all totals, given by their positions.
    """
    facts = frame.attrs[ATTRS]
    stands, cut = np.zeros(len(frame), np.bool_), np.zeros(len(frame), np.bool_)
    for number, names in enumerate(rows.names):
        told = [_microseconds(beginnings(facts, name)) for name in names]
        mine = rows.code == number
        # Rows of one of several codes: only what is true of all of them is sure.
        stands[mine] = np.isin(rows.instant[mine], list(set.intersection(*told)))
        cut[mine] = np.isin(rows.session[mine], rows.sessions_at(number, set.union(*told)))
    if facts.get("period") != "intraday":
        return stands
    stands[first] |= (opens(frame, rows) & ~cut)[first]
    return stands


def opens(frame: pd.DataFrame, rows: Rows) -> Mask:
    """Tell of each row of minutes whether there is nothing of its session before it."""
    facts = frame.attrs[ATTRS]
    interval = MinuteInterval.of(facts)
    mask = interval.opens(rows)
    if not interval.served or OPENING not in facts:
        return mask
    for number, names in enumerate(rows.names):
        told = [_microseconds(_told(facts[OPENING], name)) for name in names]
        mask |= (rows.code == number) & np.isin(rows.instant, list(set.intersection(*told)))
    return mask


def record(frame: pd.DataFrame, rows: Rows, first: NDArray[np.int64]) -> dict[str, list[str]]:
    """Return what to note of totals that begin at the rows of these positions."""
    if frame.attrs[ATTRS].get("period") == "intraday":
        first = first[~opens(frame, rows)[first]]
    noted: dict[str, list[str]] = {}
    for number, moment in zip(rows.code[first], rows.times[first], strict=True):
        for name in rows.names[number]:
            noted.setdefault(name, []).append(moment.isoformat())
    return noted


def _told(told: Any, code: str) -> list[datetime]:
    """Read the times of a code, one or many; what is no time with a zone counts as none."""
    texts = told.get(code) if isinstance(told, dict) else None
    known = (_instant(text) for text in (texts if isinstance(texts, list) else [texts]))
    return [time for time in known if time is not None]


def _instant(text: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return time if time is not None and time.tzinfo else None


def _microseconds(times: Iterable[datetime]) -> set[int]:
    return {round(time.timestamp() * 1e6) for time in times}
