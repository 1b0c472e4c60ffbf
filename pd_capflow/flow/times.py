"""Times of the wire -> microseconds since the epoch, the one unit of every index.

The wire gives seconds since the epoch, or text in exchange time, or both. The number decides, since only
it is beyond doubt; where it is missing the text is read in the market's zone; where both are there and
differ by more than a minute, somebody has the wrong zone, and the user is warned.
"""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from pd_capflow.errors import CapflowWarning, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["NO_TIME", "epoch_us", "instant_us", "iso_time"]

# Seconds since the epoch that can be the time of a row: after 1970 began and before the year 10000.
_LATEST = 253402300800.0
_TOLERANCE_US = 60_000_000
_NO_TWO_CLOCK_CHANGES = timedelta(days=7)

NO_TIME = int(np.iinfo(np.int64).min)  # NaT


def epoch_us(
    timestamps: NDArray[np.float64], texts: Sequence[str] | NDArray[np.bytes_] | None, zone: str
) -> NDArray[np.int64]:
    """Return the instants of rows in microseconds since the epoch.

    Parameters
    ----------
    timestamps : ndarray of float64, shape (n,)
        Seconds since the epoch, NaN where none was sent.
    texts : sequence of str or bytes, length n, or None
        ``yyyy-MM-dd HH:mm:ss`` or ``yyyy-MM-dd`` in exchange time, empty where none was sent.
    zone : str
        IANA name of the exchange's zone.

    Raises
    ------
    ProtocolError
        If a row has neither, or text that is no time.
    """
    if _all_known(timestamps):
        instants = np.rint(timestamps * 1e6).astype(np.int64)
        if texts is None or _agree(instants, texts, zone):
            return instants
    return _look_closer(timestamps, texts, zone)


def _all_known(timestamps: NDArray[np.float64]) -> bool:
    # A minimum is NaN where any is, and NaN is not above 0.
    return timestamps.size > 0 and bool(timestamps.min() > 0 and timestamps.max() < _LATEST)


def _look_closer(
    timestamps: NDArray[np.float64], texts: Sequence[str] | NDArray[np.bytes_] | None, zone: str
) -> NDArray[np.int64]:
    known = (timestamps > 0) & (timestamps < _LATEST)
    instants = np.where(known, np.rint(timestamps * 1e6), NO_TIME).astype(np.int64)
    if texts is not None:
        told = _from_texts(texts, zone)
        instants = np.where(known, instants, told)
        _compare(instants, told, zone)
    if (missing := np.flatnonzero(instants == NO_TIME)).size:
        raise ProtocolError(f"row {missing[0]} of the answer has neither a timestamp nor a time")
    return instants


def iso_time(timestamp: float | None, text: str | None, zone: str) -> str | None:
    """Return one instant as ISO 8601 with the zone's offset, or None where neither form can be read."""
    if timestamp is not None and 0 < timestamp < _LATEST:
        return datetime.fromtimestamp(timestamp, ZoneInfo(zone)).isoformat()
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=ZoneInfo(zone)).isoformat()
    except ValueError:
        return None


def instant_us(timestamp: float | None, text: str | None, zone: str) -> int:
    """Return one instant in microseconds since the epoch; `NO_TIME` where neither form can be read."""
    told = iso_time(timestamp, text, zone)
    return NO_TIME if told is None else round(datetime.fromisoformat(told).timestamp() * 1e6)


def _agree(instants: NDArray[np.int64], texts: Sequence[str] | NDArray[np.bytes_], zone: str) -> bool:
    """Tell cheaply that the texts say the same; False means that it takes a closer look."""
    try:
        walls = _written(texts).astype("M8[us]").view(np.int64)
    except ValueError:
        return False
    first, last = (datetime.fromtimestamp(at / 1e6, ZoneInfo(zone)) for at in (instants[0], instants[-1]))
    offset = first.utcoffset()
    if offset != last.utcoffset() or abs(last - first) > _NO_TWO_CLOCK_CHANGES or offset is None:
        return False
    apart = walls - instants - round(offset.total_seconds() * 1e6)
    return bool(apart.max() <= _TOLERANCE_US and apart.min() >= -_TOLERANCE_US)


def _written(texts: Sequence[str] | NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    return texts if isinstance(texts, np.ndarray) else np.array(texts, dtype="S")


def _from_texts(texts: Sequence[str] | NDArray[np.bytes_], zone: str) -> NDArray[np.int64]:
    try:
        written = _written(texts)
        _check_digits(written)
        naive = pd.DatetimeIndex(written.astype("M8[us]"))
    except ValueError as error:
        raise ProtocolError(f"the time of a row cannot be read: {error}") from error
    return naive.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward").asi8


def _check_digits(written: NDArray[np.bytes_]) -> None:
    # NumPy reads words such as "now" as times too; no gateway may mean them.
    first = np.ndarray((len(written),), np.uint8, written, 0, written.strides)
    if np.any((first != 0) & ((first < ord("0")) | (first > ord("9")))):
        raise ValueError("it does not begin with a digit")


def _compare(instants: NDArray[np.int64], told: NDArray[np.int64], zone: str) -> None:
    both = told != NO_TIME
    apart = np.abs(instants - told, where=both, out=np.zeros_like(instants))
    worst = int(apart.argmax()) if apart.size else 0
    if apart.size and apart[worst] > _TOLERANCE_US:
        moment = datetime.fromtimestamp(instants[worst] / 1e6, UTC).isoformat()
        warnings.warn(
            f"the gateway's timestamp {moment} and its time text differ by {apart[worst] / 1e6:.0f} s in "
            f"zone {zone}; the timestamp is used",
            CapflowWarning,
            stacklevel=2,
        )
