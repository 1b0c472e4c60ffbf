"""Capital flow and distribution."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pd_capflow.gateway.handlers.scene import Refusal, read_day, read_security, success, wall
from pd_capflow.protocol.messages import CAPITAL_DISTRIBUTION, CAPITAL_FLOW

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pd_capflow.gateway.handlers.scene import Scene
    from pd_capflow.gateway.market import InventedMarket, PeriodFlow
    from pd_capflow.security import Security

__all__ = ["capital_distribution", "capital_flow"]

_INTRADAY, _DAY, _WEEK, _MONTH = 1, 2, 3, 4


def capital_flow(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetCapitalFlow``."""
    market, now = scene.market, scene.now
    security = read_security(c2s.security)
    period = c2s.periodType or _INTRADAY
    response = success(CAPITAL_FLOW)
    if period == _INTRADAY:
        _write_session(response.s2c, market, security, now)
        return response
    if period not in (_DAY, _WEEK, _MONTH):
        raise Refusal("bad_parameter", name="periodType")
    first = read_day(c2s.beginTime, "beginTime", date.min)
    last = read_day(c2s.endTime, "endTime", date.max)
    rows = {_DAY: market.days, _WEEK: market.weeks, _MONTH: market.months}[period]
    _write_periods(response.s2c, rows(security, first, last, now), security)
    return response


def _write_session(s2c: Any, market: InventedMarket, security: Security, now: datetime) -> None:
    session = market.intraday(security, now)
    for stamp, tiers in zip(session.times.tolist(), session.cumulative.tolist(), strict=True):
        item = s2c.flowItemList.add()
        item.time = wall(security.home, stamp)
        item.timestamp = stamp
        _write_tiers(item, tiers)
    s2c.lastValidTime = wall(security.home, session.last_valid_time)


def _write_periods(s2c: Any, rows: PeriodFlow, security: Security) -> None:
    for stamp, tiers in zip(rows.times.tolist(), rows.flow.tolist(), strict=True):
        item = s2c.flowItemList.add()
        item.time = wall(security.home, stamp)
        item.timestamp = stamp
        item.mainInFlow = tiers[0] + tiers[1]
        _write_tiers(item, tiers)


def _write_tiers(item: Any, tiers: Iterable[int]) -> None:
    item.superInFlow, item.bigInFlow, item.midInFlow, item.smlInFlow = amounts = list(tiers)
    item.inFlow = sum(amounts)


def capital_distribution(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetCapitalDistribution``."""
    security = read_security(c2s.security)
    found = scene.market.distribution(security, scene.now)
    response = success(CAPITAL_DISTRIBUTION)
    s2c = response.s2c
    for way, amounts in (("In", found.inflow.tolist()), ("Out", found.outflow.tolist())):
        for tier, amount in zip(("Super", "Big", "Mid", "Small"), amounts, strict=True):
            setattr(s2c, f"capital{way}{tier}", amount)
    s2c.updateTime = wall(security.home, found.update_time)
    s2c.updateTimestamp = found.update_time
    return response
