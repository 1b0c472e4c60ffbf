"""Times of the wire -> microseconds since the epoch, the one unit of every index.

The wire gives seconds since the epoch, or text in exchange time, or both. The number decides, since only
it is beyond doubt; where it is missing the text is read in the market's zone; where both are there and
differ by more than a minute, somebody has the wrong zone, and the user is warned. Text is
``yyyy-MM-dd HH:mm:ss`` or ``yyyy-MM-dd`` and nothing else, whatever else NumPy and Python would read.
"""

from __future__ import annotations

import re
import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from pd_capflow.errors import CapflowWarning, ProtocolError
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Texts = Sequence[str] | NDArray[np.bytes_]

__all__ = ["NO_TIME", "day_of", "epoch_us", "instant_us", "iso_time"]

# Seconds since the epoch that can be a time: after 1970 began, and a day before the year 10000 does, so that
# the clock of every zone can show them. Text may tell them from a day later on, whatever its zone.
_LATEST = 253402214400.0
_DAY_US = 86_400_000_000
_LATEST_US = int(_LATEST) * 1_000_000
_TOLERANCE_US = 60_000_000
_NO_TWO_CLOCK_CHANGES = timedelta(days=7)

_FORM = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d{1,6})?)?", re.ASCII)
# The usual texts by their length, and what makes every digit a zero.
_USUAL = {len(text): text for text in (b"0000-00-00", b"0000-00-00 00:00:00")}
_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_EXPECTED = "expected yyyy-MM-dd HH:mm:ss, from 1970 to 9999"

NO_TIME = int(np.iinfo(np.int64).min)  # NaT


def epoch_us(timestamps: NDArray[np.float64], texts: Texts | None, zone: str) -> NDArray[np.int64]:
    """Return the instants of rows in microseconds since the epoch.

    Parameters
    ----------
    timestamps : ndarray of float64, shape (n,)
        Seconds since the epoch, NaN where none was sent.
    texts : sequence of str or bytes, length n, or None
        ``yyyy-MM-dd HH:mm:ss`` or ``yyyy-MM-dd`` in exchange time, empty where none was sent. Seconds may
        have a fraction.
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


def iso_time(timestamp: float | None, text: str | None, zone: str) -> str | None:
    """Return one instant as ISO 8601 with the zone's offset, or None where neither form was sent.

    Raises
    ------
    ProtocolError
        If something was sent, and it is no time.
    """
    if timestamp is not None and 0 < timestamp < _LATEST:
        return datetime.fromtimestamp(timestamp, ZoneInfo(zone)).isoformat()
    if text:
        try:
            return _read(text).replace(tzinfo=ZoneInfo(zone)).isoformat()
        except ValueError as error:
            raise ProtocolError(f"the answer tells of the time {one_line(text)!r}: {error}") from None
    if timestamp:
        raise ProtocolError(f"the answer tells of the timestamp {timestamp:.17g}: {_EXPECTED}")
    return None


def instant_us(timestamp: float | None, text: str | None, zone: str) -> int:
    """Return one instant in microseconds since the epoch, as `iso_time` does; `NO_TIME` for None."""
    told = iso_time(timestamp, text, zone)
    return NO_TIME if told is None else round(datetime.fromisoformat(told).timestamp() * 1e6)


def day_of(timestamp: float | None, text: str, zone: str) -> str | None:
    """Return the exchange's day of one instant, also before 1970; None where neither form can be read."""
    if timestamp is not None and 0 < timestamp < _LATEST:
        return datetime.fromtimestamp(timestamp, ZoneInfo(zone)).date().isoformat()
    try:
        return _parse(text).date().isoformat()
    except ValueError:
        return None


def _all_known(timestamps: NDArray[np.float64]) -> bool:
    # A minimum is NaN where any is, and NaN is not above 0.
    return timestamps.size > 0 and bool(timestamps.min() > 0 and timestamps.max() < _LATEST)


def _look_closer(timestamps: NDArray[np.float64], texts: Texts | None, zone: str) -> NDArray[np.int64]:
    known = (timestamps > 0) & (timestamps < _LATEST)
    instants = np.where(known, np.rint(timestamps * 1e6, where=known, out=np.zeros_like(timestamps)), 0)
    instants = np.where(known, instants.astype(np.int64), NO_TIME)
    if texts is not None:
        told = _from_texts(texts, zone)
        instants = np.where(known, instants, told)
        _compare(instants, told, zone)
    if (missing := np.flatnonzero(instants == NO_TIME)).size:
        _explain(int(missing[0]), timestamps, texts, zone)
    return instants


def _explain(row: int, timestamps: NDArray[np.float64], texts: Texts | None, zone: str) -> NoReturn:
    """Raise why a row has no instant."""
    text, stamp = "" if texts is None else _plain(texts[row]), timestamps[row]
    if text:
        told = f"the time {text!r}, which the clocks of {zone} show twice, and no timestamp to tell which"
    elif not np.isnan(stamp) and stamp:
        told = f"the timestamp {stamp:.17g}, which is no time: {_EXPECTED}"
    else:
        told = "neither a timestamp nor a time"
    raise ProtocolError(f"row {row} of the answer has {told}")


def _agree(instants: NDArray[np.int64], texts: Texts, zone: str) -> bool:
    """Tell cheaply that the texts say the same; False means that it takes a closer look."""
    walls = _usual_walls(texts)
    if walls is None:
        return False
    first, last = (datetime.fromtimestamp(at / 1e6, ZoneInfo(zone)) for at in (instants[0], instants[-1]))
    offset = first.utcoffset()
    if offset != last.utcoffset() or abs(last - first) > _NO_TWO_CLOCK_CHANGES or offset is None:
        return False
    apart = walls - instants - round(offset.total_seconds() * 1e6)
    return bool(apart.max() <= _TOLERANCE_US and apart.min() >= -_TOLERANCE_US)


def _from_texts(texts: Texts, zone: str) -> NDArray[np.int64]:
    walls = _usual_walls(texts)
    if walls is None or not (walls.min() > _DAY_US and walls.max() < _LATEST_US):
        walls = np.array([_wall(row, _plain(text)) for row, text in enumerate(texts)], np.int64)
    naive = pd.DatetimeIndex(walls.view("M8[us]"))
    return naive.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward").asi8


def _usual_walls(texts: Texts) -> NDArray[np.int64] | None:
    """Return the microseconds of texts that are all of one usual length; None if one looks different."""
    try:
        written = texts if isinstance(texts, np.ndarray) else np.array(texts, dtype="S")
        usual = _USUAL.get(written.dtype.itemsize, b"") * len(written)
        if not usual or written.tobytes().translate(_TO_ZERO) != usual:
            return None
        return written.astype("M8[us]").view(np.int64)
    except ValueError:  # letters beyond ASCII, or no day of the calendar
        return None


def _wall(row: int, text: str) -> int:
    """Return the microseconds of a row's text on the exchange's clock; `NO_TIME` where there is none."""
    if not text:
        return NO_TIME
    try:
        return int(np.datetime64(_read(text), "us").astype(np.int64))
    except ValueError as error:
        raise ProtocolError(f"row {row} of the answer has the time {one_line(text)!r}: {error}") from None


def _read(text: str) -> datetime:
    """Return the moment on an exchange's clock that a text tells, within what can be a time."""
    moment = _parse(text)
    if not _DAY_US / 1e6 < moment.replace(tzinfo=UTC).timestamp() < _LATEST:
        raise ValueError(_EXPECTED)
    return moment


def _parse(text: str) -> datetime:
    """Return what a text of one of the forms tells, in whatever year."""
    if not _FORM.fullmatch(text):
        raise ValueError(_EXPECTED)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("no such day or time of day") from None


def _plain(text: str | bytes) -> str:
    return text.decode("ascii", "replace") if isinstance(text, bytes) else text


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
