"""What of the sessions at hand a store holds to the end: a recorder that starts again need not ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pd_capflow.errors import StoreError
from pd_capflow.store.held import held
from pd_capflow.store.layout import DISTRIBUTIONS, INTRADAY, PERIODS
from pd_capflow.store.recorder.tasks import Key
from pd_capflow.store.rows import instant_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from pd_capflow.security import Security
    from pd_capflow.store import Store
    from pd_capflow.store.calendar import Calendar, Session

__all__ = ["settled"]

_TABLES = {"intraday": INTRADAY, "distribution": DISTRIBUTIONS, "day": PERIODS}


def settled(
    store: Store,
    codes: Sequence[Security],
    calendars: Mapping[str, Calendar],
    now: datetime,
    unread: Callable[[str, date, StoreError], object],
) -> list[Key]:
    """Return what was asked for after the close of the latest session, and kept.

    Rows say it themselves: the last one of an answer tells how far the data behind it went. Of a table that
    cannot be read nothing is known, which `unread` is told: it is asked for again.
    """
    latest = {prefix: calendar.latest(now) for prefix, calendar in calendars.items()}
    found: list[Key] = []
    for prefix, session in latest.items():
        if session is None or now < session.closes:
            continue
        mine = [str(code) for code in codes if code.market == prefix]
        for what in _TABLES:
            try:
                whole = _whole(store, what, mine, session)
            except StoreError as error:
                unread(what, session.day, error)
            else:
                found += [Key(code, session.day, what) for code in mine if code in whole]
    return found


def _whole(store: Store, what: str, codes: list[str], session: Session) -> set[str]:
    """Return the codes of which a table holds all of a session."""
    rows = held(store, _TABLES[what], codes, session.day, session.day, ("last_valid_time", "recorded_at"))
    return {str(code) for code, group in rows.groupby("code") if _is_whole(group, what, session)}


def _is_whole(rows: pd.DataFrame, what: str, session: Session) -> bool:
    """Tell whether the rows of a code's session are those of an answer after its close."""
    last = rows.sort_values("time").iloc[-1]
    if what == "day":  # whose time is its date
        return bool(last["recorded_at"] >= session.closes)
    if what == "distribution" and pd.notna(last["time"]):
        return bool(last["time"] >= session.closes)
    reached = instant_of(last["last_valid_time"] if isinstance(last["last_valid_time"], str) else None)
    return reached is not None and reached >= session.closes
