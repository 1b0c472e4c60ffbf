"""When exchanges trade: their sessions, and whether they are open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from pd_capflow.flow.frames import ATTRS
from pd_capflow.flow.names import MARKET_STATES, TRADE_DATE_TYPES, name_of
from pd_capflow.flow.queries.question import (
    CodesQuery,
    Query,
    check_contents,
    parse_market,
    parse_range,
    sent,
)
from pd_capflow.flow.tables import code_frame, in_order, read_code
from pd_capflow.flow.times import epoch_us
from pd_capflow.protocol.messages import MARKET_STATE, TRADE_DATE, Method
from pd_capflow.security import MARKETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from pd_capflow.flow.tables import Row

__all__ = ["MarketState", "TradeDates"]

# ``Qot_Common.TradeDateMarket`` by prefix.
_CALENDARS = {"HK": 1, "US": 2, "SH": 3, "SZ": 3, "SG": 8, "MY": 9, "JP": 10}

Days = tuple["NDArray[np.int64]", list[str | None]]


@dataclass(frozen=True)
class TradeDates(Query[pd.DataFrame]):
    """The sessions of an exchange (``Qot_RequestTradeDate``, 3219).

    Parameters
    ----------
    market : {"HK", "US", "SH", "SZ", "SG", "MY", "JP"}
    start, end : date-like, optional
        First and last day, as of `CapitalFlow`.

    Notes
    -----
    What was closed without notice, as for a typhoon, is still in the gateway's calendar.
    """

    market: str
    start: date | None = None
    end: date | None = None

    method: ClassVar[Method] = TRADE_DATE

    def __post_init__(self) -> None:
        market = parse_market(self.market, _CALENDARS)
        start, end = parse_range(self.start, self.end, market)
        for name, value in (("market", market.prefix), ("start", start), ("end", end)):
            object.__setattr__(self, name, value)

    def request(self) -> Any:
        """Return the ``Qot_RequestTradeDate.Request``."""
        request = TRADE_DATE.request()
        request.c2s.market = _CALENDARS[self.market]
        request.c2s.beginTime = str(self.start)
        request.c2s.endTime = str(self.end)
        request.c2s.header.securityFirm = 0
        return request

    def read(self, response: Any) -> Days:
        """Return times and types of a ``Qot_RequestTradeDate.Response``."""
        days = check_contents(response, f"the sessions of {self.market}").tradeDateList
        stamps = np.array([sent(day, "timestamp", np.nan) for day in days], np.float64)
        times = epoch_us(stamps, [day.time for day in days], MARKETS[self.market].zone)
        kinds = [sent(day, "tradeDateType") for day in days]
        return times, [None if kind is None else name_of(TRADE_DATE_TYPES, kind) for kind in kinds]

    def result(self, answers: Sequence[Days], source: Mapping[str, Any]) -> pd.DataFrame:
        """Return the frame: one row a session, at the midnight with which it begins."""
        times, kinds = answers[0]
        zone = MARKETS[self.market].zone
        index = pd.DatetimeIndex(times, dtype=pd.DatetimeTZDtype("us", zone), name="time")
        frame = pd.DataFrame({"type": pd.array(kinds, dtype="str")}, index=index).sort_index()
        frame.attrs[ATTRS] = {"market": self.market, "tz": zone, "source": dict(source), "errors": {}}
        return frame


@dataclass(frozen=True)
class MarketState(CodesQuery):
    """Whether the markets of some codes are open (``Qot_GetMarketState``, 3223).

    Parameters
    ----------
    codes : str, or iterable of str
        Those that the gateway leaves out are told as by `StaticInfo`.
    """

    method: ClassVar[Method] = MARKET_STATE

    def request(self) -> Any:
        """Return the ``Qot_GetMarketState.Request``."""
        request = MARKET_STATE.request()
        self.write_codes(request.c2s)
        return request

    def read(self, response: Any) -> list[Row]:
        """Return the rows of a ``Qot_GetMarketState.Response``."""
        return self.asked_for(list(map(_state_row, self.contents(response).marketInfoList)))

    def result(self, answers: Sequence[list[Row]], source: Mapping[str, Any]) -> pd.DataFrame:
        """Return the frame: one row a code, in the order asked."""
        rows, errors = in_order(answers, self.codes)
        return code_frame(rows, {"name": "str", "state": "str"}, source=source, errors=errors)


def _state_row(info: Any) -> Row:
    return {
        "code": read_code(info.security),
        "name": info.name,
        "state": name_of(MARKET_STATES, info.marketState),
    }
