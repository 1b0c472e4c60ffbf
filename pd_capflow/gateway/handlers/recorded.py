"""What a gateway of recorded flow knows beside it: its codes, its days, and the time.

Nothing is made up: of a code it has the name at most, of a market the recorded sessions alone. Prices,
candlesticks, plates and watchlists were not recorded, and are refused.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, cast

from pd_capflow.gateway import calendar
from pd_capflow.gateway.handlers.scene import (
    Refusal,
    read_day,
    read_market,
    read_securities,
    success,
    write_security,
)
from pd_capflow.gateway.handlers.trading import exchange_of
from pd_capflow.gateway.listing import SecurityType, fingerprint
from pd_capflow.gateway.listing import exchange_of as exchange_number
from pd_capflow.protocol.messages import MARKET_STATE, STATIC_INFO, TRADE_DATE
from pd_capflow.security import Security

if TYPE_CHECKING:
    from pd_capflow.gateway.handlers.scene import Scene
    from pd_capflow.gateway.sources import RecordedSource

__all__ = ["market_state", "not_recorded", "static_info", "trade_dates"]

_IDS = 10**14
_UNKNOWN_TYPE = 0
_WHOLE_DAY = 0


def not_recorded(_scene: Scene, _c2s: Any) -> Any:
    """Refuse what no recorder keeps."""
    raise Refusal("not_recorded")


def static_info(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetStaticInfo``: of recorded codes, with the name alone."""
    source = _source(scene)
    response = success(STATIC_INFO)
    meant = _meant(source, c2s)
    for security, name in zip(meant, source.names(meant, scene.now), strict=True):
        _write_static(response.s2c.staticInfoList.add(), security, name)
    return response


def _meant(source: RecordedSource, c2s: Any) -> list[Security]:
    if c2s.securityList:
        return read_securities(c2s.securityList)
    market = read_market(c2s.market, "market")
    recorded = map(Security.parse, source.codes())
    return [
        security for security in recorded if security.home is market and c2s.secType == SecurityType.STOCK
    ]


def _write_static(info: Any, security: Security, name: str) -> None:
    basic = info.basic
    write_security(basic.security, security)
    basic.id = fingerprint(str(security)) % _IDS
    basic.lotSize = 0
    basic.secType = _UNKNOWN_TYPE
    basic.name = name
    basic.listTime = ""
    basic.exchType = exchange_number(security)


def trade_dates(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_RequestTradeDate`` with the recorded sessions."""
    market = exchange_of(c2s)
    first = read_day(c2s.beginTime, "beginTime", date.min)
    last = read_day(c2s.endTime, "endTime", date.max)
    response = success(TRADE_DATE)
    for day in _source(scene).days(market):
        if first <= day <= last:
            stamp = calendar.midnight(market, day)
            response.s2c.tradeDateList.add(time=day.isoformat(), timestamp=stamp, tradeDateType=_WHOLE_DAY)
    return response


def market_state(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetMarketState`` by the clock."""
    source = _source(scene)
    response = success(MARKET_STATE)
    asked = read_securities(c2s.securityList)
    for security, name in zip(asked, source.names(asked, scene.now), strict=True):
        state = calendar.market_state(security.home, scene.now)
        write_security(response.s2c.marketInfoList.add(name=name, marketState=state).security, security)
    return response


def _source(scene: Scene) -> RecordedSource:
    return cast("RecordedSource", scene.source)
