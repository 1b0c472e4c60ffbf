"""Capital flow and distribution."""

from __future__ import annotations

from datetime import date
from math import isnan
from typing import TYPE_CHECKING, Any

from pd_capflow.flow.rows import FLOW_FIELDS
from pd_capflow.gateway.handlers.scene import Refusal, read_day, read_security, success, wall
from pd_capflow.protocol.messages import CAPITAL_DISTRIBUTION, CAPITAL_FLOW

if TYPE_CHECKING:
    from pd_capflow.gateway.handlers.scene import Scene
    from pd_capflow.gateway.sources import Flow
    from pd_capflow.security import Security

__all__ = ["capital_distribution", "capital_flow"]

_INTRADAY = 1
_PERIODS = {_INTRADAY: "intraday", 2: "day", 3: "week", 4: "month"}
_REQUIRED = "inFlow"
_SOMETIMES = "Super"  # the one tier of which the schema lets a gateway send nothing


def capital_flow(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetCapitalFlow``."""
    security = read_security(c2s.security)
    period = _PERIODS.get(c2s.periodType or _INTRADAY)
    if period is None:
        raise Refusal("bad_parameter", name="periodType")
    first, last = date.min, date.max
    if period != "intraday":
        first = read_day(c2s.beginTime, "beginTime", first)
        last = read_day(c2s.endTime, "endTime", last)
    response = success(CAPITAL_FLOW)
    _write_flow(response.s2c, scene.source.flow(security, period, first, last, scene.now), security)
    return response


def _write_flow(s2c: Any, flow: Flow, security: Security) -> None:
    for stamp, amounts in zip(flow.times.tolist(), flow.amounts.tolist(), strict=True):
        item = s2c.flowItemList.add()
        item.time = wall(security.home, stamp)
        item.timestamp = stamp
        for name, amount in zip(FLOW_FIELDS.values(), amounts, strict=True):
            if name == _REQUIRED or not isnan(amount):
                setattr(item, name, amount)
    if flow.last_valid is not None:
        s2c.lastValidTime = wall(security.home, flow.last_valid)


def capital_distribution(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetCapitalDistribution``."""
    security = read_security(c2s.security)
    found = scene.source.distribution(security, scene.now)
    response = success(CAPITAL_DISTRIBUTION)
    s2c = response.s2c
    for way, amounts in (("In", found.inflow.tolist()), ("Out", found.outflow.tolist())):
        for tier, amount in zip(("Super", "Big", "Mid", "Small"), amounts, strict=True):
            if tier != _SOMETIMES or not isnan(amount):
                setattr(s2c, f"capital{way}{tier}", amount)
    if not isnan(found.update_time):
        s2c.updateTime = wall(security.home, found.update_time)
        s2c.updateTimestamp = found.update_time
    return response
