"""Requests -> responses, out of the invented market: one handler a method.

A new endpoint is a handler here and a line in `HANDLERS`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import QueryError
from pd_capflow.gateway.calendar import market_state
from pd_capflow.gateway.listing import UnknownSecurity, UnsupportedSecurity
from pd_capflow.protocol.messages import (
    CAPITAL_DISTRIBUTION,
    CAPITAL_FLOW,
    GLOBAL_STATE,
    KEEP_ALIVE,
    Method,
)
from pd_capflow.security import MARKETS, Security

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pd_capflow.gateway.market import InventedMarket, PeriodFlow

__all__ = ["HANDLERS", "PACED", "Refusal", "answer", "success"]

SERVER_VERSION = 1011
SERVER_BUILD = 7108

_INTRADAY, _DAY, _WEEK, _MONTH = 1, 2, 3, 4
_BY_NUMBER = {market.number: market for market in MARKETS.values()}


class Refusal(Exception):  # noqa: N818  # an answer, not a fault
    """A request that is answered with a no.

    Parameters
    ----------
    key : str
        Which of `texts`.
    **facts
        What is to be filled in.
    """

    def __init__(self, key: str, **facts: object) -> None:
        super().__init__(key)
        self.key = key
        self.facts = facts


def success(method: Method) -> Any:
    """Return a response that reports success and has no contents yet."""
    response = method.response()
    response.retType = 0
    response.retMsg = ""
    response.errCode = 0
    response.s2c.SetInParent()
    return response


def _keep_alive(_market: InventedMarket, now: datetime, _c2s: Any) -> Any:
    response = success(KEEP_ALIVE)
    response.s2c.time = int(now.timestamp())
    return response


def _global_state(_market: InventedMarket, now: datetime, _c2s: Any) -> Any:
    response = success(GLOBAL_STATE)
    s2c = response.s2c
    for prefix in ("HK", "US", "SH", "SZ", "SG", "MY", "JP"):
        setattr(s2c, f"market{prefix}", market_state(MARKETS[prefix], now))
    s2c.marketHKFuture = 0
    s2c.qotLogined = True
    s2c.trdLogined = False
    s2c.serverVer = SERVER_VERSION
    s2c.serverBuildNo = SERVER_BUILD
    s2c.time = int(now.timestamp())
    s2c.localTime = now.timestamp()
    s2c.programStatus.type = 10
    s2c.programStatus.strExtDesc = "demo"
    return response


def _capital_flow(market: InventedMarket, now: datetime, c2s: Any) -> Any:
    security = _security(c2s.security)
    period = c2s.periodType or _INTRADAY
    response = success(CAPITAL_FLOW)
    if period == _INTRADAY:
        _write_session(response.s2c, market, security, now)
        return response
    if period not in (_DAY, _WEEK, _MONTH):
        raise Refusal("bad_parameter", name="periodType")
    first = _day(c2s.beginTime, "beginTime", date.min)
    last = _day(c2s.endTime, "endTime", date.max)
    rows = {_DAY: market.days, _WEEK: market.weeks, _MONTH: market.months}[period]
    _write_periods(response.s2c, rows(security, first, last, now), security)
    return response


def _write_session(s2c: Any, market: InventedMarket, security: Security, now: datetime) -> None:
    session = market.intraday(security, now)
    zone = security.home.tzinfo
    for stamp, tiers in zip(session.times.tolist(), session.cumulative.tolist(), strict=True):
        item = s2c.flowItemList.add()
        item.time = f"{datetime.fromtimestamp(stamp, zone):%Y-%m-%d %H:%M:%S}"
        item.timestamp = stamp
        _write_tiers(item, tiers)
    s2c.lastValidTime = f"{datetime.fromtimestamp(session.last_valid_time, zone):%Y-%m-%d %H:%M:%S}"


def _write_periods(s2c: Any, rows: PeriodFlow, security: Security) -> None:
    zone = security.home.tzinfo
    for stamp, tiers in zip(rows.times.tolist(), rows.flow.tolist(), strict=True):
        item = s2c.flowItemList.add()
        item.time = f"{datetime.fromtimestamp(stamp, zone):%Y-%m-%d %H:%M:%S}"
        item.timestamp = stamp
        item.mainInFlow = tiers[0] + tiers[1]
        _write_tiers(item, tiers)


def _write_tiers(item: Any, tiers: Iterable[int]) -> None:
    item.superInFlow, item.bigInFlow, item.midInFlow, item.smlInFlow = amounts = list(tiers)
    item.inFlow = sum(amounts)


def _capital_distribution(market: InventedMarket, now: datetime, c2s: Any) -> Any:
    security = _security(c2s.security)
    found = market.distribution(security, now)
    response = success(CAPITAL_DISTRIBUTION)
    s2c = response.s2c
    for way, amounts in (("In", found.inflow.tolist()), ("Out", found.outflow.tolist())):
        for tier, amount in zip(("Super", "Big", "Mid", "Small"), amounts, strict=True):
            setattr(s2c, f"capital{way}{tier}", amount)
    updated = datetime.fromtimestamp(found.update_time, security.home.tzinfo)
    s2c.updateTime = f"{updated:%Y-%m-%d %H:%M:%S}"
    s2c.updateTimestamp = found.update_time
    return response


def _security(message: Any) -> Security:
    market = _BY_NUMBER.get(message.market)
    if market is None:
        raise Refusal("bad_parameter", name="security.market")
    try:
        return Security(market.prefix, message.code)
    except QueryError:
        raise Refusal("unknown_security", symbol=message.code) from None


def _day(text: str, name: str, default: date) -> date:
    if not text:
        return default
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise Refusal("bad_parameter", name=name) from None


HANDLERS: dict[Method, Any] = {
    KEEP_ALIVE: _keep_alive,
    GLOBAL_STATE: _global_state,
    CAPITAL_FLOW: _capital_flow,
    CAPITAL_DISTRIBUTION: _capital_distribution,
}

#: Methods that count against the rate limit, and what they are called in Chinese.
PACED = {CAPITAL_FLOW: "获取资金流向", CAPITAL_DISTRIBUTION: "获取资金分布"}


def answer(method: Method, market: InventedMarket, now: datetime, c2s: Any) -> Any:
    """Return the response to a request, or raise its `Refusal`."""
    try:
        return HANDLERS[method](market, now, c2s)
    except UnknownSecurity as error:
        raise Refusal("unknown_security", symbol=error.security.symbol) from None
    except UnsupportedSecurity:
        raise Refusal("unsupported_security") from None
