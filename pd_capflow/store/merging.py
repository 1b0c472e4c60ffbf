"""Two answers about one code -> one: recorded rows and a gateway's, each row of one of them.

Law: no row is made of two. Where both have one, the gateway's is taken, unless it is the last row of an
answer that ends before what is recorded: an older row of a running total is no news.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pd_capflow.flow.frames import Columns
from pd_capflow.store.spans import begins_of

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

__all__ = ["days_of", "keys_of", "merged"]


def merged(held: Columns, fresh: Columns, *, zone: str | None = None, period: str = "day") -> Columns:
    """Return the union of recorded rows and a gateway's, in the order of time.

    Parameters
    ----------
    held, fresh : Columns
        What is recorded, and what a gateway answered now.
    zone : str, optional
        The exchange's zone, where there is one row a day at most, at whatever hour. By default rows are
        running totals, of which a later answer holds all earlier rows as they ended.
    period : str
        Of what there is one row at most where there is a zone: a running week's is dated with the last
        session that it has so far.

    Examples
    --------
    >>> import numpy as np
    >>> held = Columns(np.array([1, 2]), np.array([[1.0], [2.0]]))
    >>> fresh = Columns(np.array([2, 3]), np.array([[2.5], [3.0]]))
    >>> merged(held, fresh).amounts.tolist()
    [[1.0], [2.5], [3.0]]
    """
    recorded, told = keys_of(held, zone, period), keys_of(fresh, zone, period)
    taken = np.ones(len(told), bool)
    is_older = _is_older(fresh.last_valid_time, held.last_valid_time)
    if is_older and len(told) and len(recorded):
        contested = (told[-1] in recorded) if zone is None else (told[-1] == recorded[-1])
        taken &= (told != told[-1]) | (not contested)
    kept = ~np.isin(recorded, told[taken])
    time = np.concatenate([held.time[kept], fresh.time[taken]])
    amounts = np.concatenate([held.amounts[kept], fresh.amounts[taken]])
    order = np.argsort(time, kind="stable")
    newest = held.last_valid_time if is_older else fresh.last_valid_time or held.last_valid_time
    return Columns(time[order], amounts[order], newest)


def keys_of(part: Columns, zone: str | None, period: str) -> NDArray[np.int64]:
    """Return what tells a row from others: its time, or its day, week or month at the exchange."""
    if zone is None:
        return part.time
    return begins_of(_local(part, zone).to_series(), period).to_numpy("M8[s]").astype(np.int64)


def days_of(part: Columns, zone: str) -> list[date]:
    """Return the day at the exchange of each row."""
    return [stamp.date() for stamp in _local(part, zone)]


def _local(part: Columns, zone: str) -> pd.DatetimeIndex:
    local = pd.DatetimeIndex(part.time.view("M8[us]"), tz="UTC").tz_convert(zone).tz_localize(None)
    return local.normalize()


def _is_older(one: str | None, other: str | None) -> bool:
    return bool(one and other) and datetime.fromisoformat(str(one)) < datetime.fromisoformat(str(other))
