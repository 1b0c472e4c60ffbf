"""Candlesticks of the past."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from pd_capflow.errors import ProtocolError
from pd_capflow.flow.frames import ATTRS
from pd_capflow.flow.queries.question import (
    Query,
    check_contents,
    one_of,
    parse_range,
    sent,
    write_security,
)
from pd_capflow.flow.tables import check_asked, read_code
from pd_capflow.flow.times import epoch_us
from pd_capflow.protocol.messages import HISTORY_KL, Method
from pd_capflow.security import Security

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from typing import Self

    from numpy.typing import NDArray

__all__ = ["ADJUSTMENTS", "BARS", "History"]

#: Names of candlesticks and their ``Qot_Common.KLType``.
BARS = {"minute": 1, "day": 2, "week": 3, "month": 4}
#: Names of adjustments and their ``Qot_Common.RehabType``.
ADJUSTMENTS = {"none": 0, "forward": 1, "backward": 2}

_CANDLE = {
    "open": "openPrice",
    "high": "highPrice",
    "low": "lowPrice",
    "close": "closePrice",
    "last_close": "lastClosePrice",
    "volume": "volume",
    "turnover": "turnover",
    "turnover_rate": "turnoverRate",
    "pe": "pe",
    "change_rate": "changeRate",
}
_ALL_FIELDS = 1023
_ROWS_A_PAGE = 1000


@dataclass(frozen=True, slots=True, eq=False)
class _Page:
    """What one page of candlesticks holds."""

    time: NDArray[np.int64]
    prices: NDArray[np.float64]
    name: str | None
    next_page: bytes


@dataclass(frozen=True)
class History(Query[pd.DataFrame]):
    """Candlesticks of one security (``Qot_RequestHistoryKL``, 3103), asked page by page.

    Parameters
    ----------
    security : str or Security
        Such as ``"HK.00700"``.
    period : {"day", "week", "month", "minute"}
    start, end : date-like, optional
        First and last day, as of `CapitalFlow`.
    adjust : {"none", "forward", "backward"}
        How prices before dividends and splits are adjusted.
    page : bytes
        Which page: empty for the first, which is the only one that the gateway's rate limit counts.

    Notes
    -----
    OpenD has a quota of securities whose history may be asked for in 30 days.

    Examples
    --------
    >>> History("HK.00700", "week", "2025-01-02", "2025-01-31").period
    'week'
    """

    security: Security
    period: str = "day"
    start: date | None = None
    end: date | None = None
    adjust: str = "none"
    page: bytes = field(default=b"", repr=False)

    method: ClassVar[Method] = HISTORY_KL

    def __post_init__(self) -> None:
        security = Security.parse(self.security)
        start, end = parse_range(self.start, self.end, security.home)
        period = one_of("period", self.period, BARS)
        adjust = one_of("adjustment", self.adjust, ADJUSTMENTS)
        parsed = {"security": security, "period": period, "start": start, "end": end, "adjust": adjust}
        for name, value in parsed.items():
            object.__setattr__(self, name, value)

    @property
    def is_paced(self) -> bool:
        """Whether this is the first page."""
        return not self.page

    def request(self) -> Any:
        """Return the ``Qot_RequestHistoryKL.Request``."""
        request = HISTORY_KL.request()
        c2s = request.c2s
        c2s.rehabType = ADJUSTMENTS[self.adjust]
        c2s.klType = BARS[self.period]
        write_security(c2s.security, self.security)
        c2s.beginTime = f"{self.start} 00:00:00"
        c2s.endTime = f"{self.end} 23:59:59"
        c2s.maxAckKLNum = _ROWS_A_PAGE
        c2s.needKLFieldsFlag = _ALL_FIELDS
        if self.page:
            c2s.nextReqKey = self.page
        c2s.session = 0
        c2s.header.securityFirm = 0
        return request

    def read(self, response: Any) -> _Page:
        """Return the page that a ``Qot_RequestHistoryKL.Response`` holds."""
        code = str(self.security)
        s2c = check_contents(response, code, code)
        check_asked([read_code(s2c.security)], [self.security])
        candles = s2c.klList
        if s2c.nextReqKey and (not len(candles) or s2c.nextReqKey == self.page):
            raise ProtocolError(f"{code}: the gateway has a next page, and would have it for ever")
        stamps = np.array([sent(candle, "timestamp", np.nan) for candle in candles], np.float64)
        time = epoch_us(stamps, [candle.time for candle in candles], self.security.home.zone)
        values = np.array([_candle(candle) for candle in candles], np.float64).reshape(-1, len(_CANDLE))
        return _Page(time, values, sent(s2c, "name"), s2c.nextReqKey)

    def follow_up(self, answer: _Page) -> Self | None:
        """Return the question for the next page."""
        return replace(self, page=answer.next_page) if answer.next_page else None

    def result(self, answers: Sequence[_Page], source: Mapping[str, Any]) -> pd.DataFrame:
        """Return the frame: one row a candlestick, indexed by ``time``."""
        zone = self.security.home.zone
        time = np.concatenate([page.time for page in answers])
        values = np.concatenate([page.prices for page in answers])
        order = np.argsort(time, kind="stable")
        index = pd.DatetimeIndex(time[order], dtype=pd.DatetimeTZDtype("us", zone), name="time")
        frame = pd.DataFrame(values[order], index=index, columns=pd.Index(list(_CANDLE), dtype="str"))
        frame.attrs[ATTRS] = {
            "codes": [str(self.security)],
            "name": answers[0].name,
            "period": self.period,
            "adjust": self.adjust,
            "currency": self.security.currency,
            "tz": zone,
            "source": dict(source),
            "errors": {},
        }
        return frame


def _candle(candle: Any) -> list[float]:
    if candle.isBlank:
        return [np.nan] * len(_CANDLE)
    values = [sent(candle, name, np.nan) for name in _CANDLE.values()]
    if candle.HasField("hpVolume"):
        values[_VOLUME] = candle.hpVolume
    return values


_VOLUME = list(_CANDLE).index("volume")
