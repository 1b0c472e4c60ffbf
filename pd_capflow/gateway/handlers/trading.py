"""Sessions, and whether markets are open."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from pd_capflow.gateway import calendar
from pd_capflow.gateway.handlers.scene import (
    Refusal,
    read_day,
    read_securities,
    read_security,
    success,
    write_security,
)
from pd_capflow.gateway.listing import quoted
from pd_capflow.protocol.messages import MARKET_STATE, TRADE_DATE
from pd_capflow.security import MARKETS

if TYPE_CHECKING:
    from pd_capflow.gateway.handlers.scene import Scene
    from pd_capflow.security import Market

__all__ = ["exchange_of", "market_state", "trade_dates"]

# ``Qot_Common.TradeDateMarket``; those of the mainland share one, and so do those that trade with it.
_CALENDARS = {1: "HK", 2: "US", 3: "SH", 4: "SH", 5: "HK", 8: "SG", 9: "MY", 10: "JP"}
_OLDEST = date(1990, 1, 1)
_WHOLE_DAY = 0


def trade_dates(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_RequestTradeDate``, as far as to the end of the clock's year."""
    market = exchange_of(c2s)
    newest = date(scene.now.year, 12, 31)
    first = max(read_day(c2s.beginTime, "beginTime", _OLDEST), _OLDEST)
    last = min(read_day(c2s.endTime, "endTime", newest), newest)
    response = success(TRADE_DATE)
    for day in calendar.sessions_between(market, first, last):
        stamp = calendar.midnight(market, day)
        response.s2c.tradeDateList.add(time=day.isoformat(), timestamp=stamp, tradeDateType=_WHOLE_DAY)
    return response


def exchange_of(c2s: Any) -> Market:
    """Return the market whose calendar a ``Qot_RequestTradeDate`` asks for."""
    if c2s.HasField("security"):
        return quoted(read_security(c2s.security)).security.home
    if c2s.market not in _CALENDARS:
        raise Refusal("bad_parameter", name="market")
    return MARKETS[_CALENDARS[c2s.market]]


def market_state(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetMarketState``."""
    response = success(MARKET_STATE)
    for security in read_securities(c2s.securityList):
        state = calendar.market_state(security.home, scene.now)
        info = response.s2c.marketInfoList.add(name=scene.name(quoted(security)), marketState=state)
        write_security(info.security, security)
    return response
