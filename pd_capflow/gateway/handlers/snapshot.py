"""The latest quotes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pd_capflow.gateway.calendar import latest_session, midnight
from pd_capflow.gateway.handlers.scene import read_securities, success, wall, write_security
from pd_capflow.gateway.listing import SecurityType, fundamentals, look_up
from pd_capflow.gateway.prices import THOUSANDTHS, price_step
from pd_capflow.protocol.messages import SNAPSHOT

if TYPE_CHECKING:
    from pd_capflow.gateway.handlers.scene import Scene
    from pd_capflow.gateway.listing import Listing
    from pd_capflow.gateway.prices import Bars

__all__ = ["snapshot"]

_YEAR = timedelta(days=365)


def snapshot(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetSecuritySnapshot``; one code that is unknown fails them all."""
    response = success(SNAPSHOT)
    for listing in [look_up(security) for security in read_securities(c2s.securityList)]:
        _write_snapshot(response.s2c.snapshotList.add(), listing, scene)
    return response


def _write_snapshot(found: Any, listing: Listing, scene: Scene) -> None:
    security = listing.security
    today = latest_session(security.home, scene.now)
    year = scene.prices.days(security, today - _YEAR, today, scene.now)
    basic = found.basic
    write_security(basic.security, security)
    basic.type = listing.security_type
    basic.name = scene.name(listing)
    basic.isSuspend = False
    basic.listTime = listing.listed.isoformat()
    basic.listTimestamp = midnight(security.home, listing.listed)
    basic.lotSize = listing.lot_size
    stamp = scene.market.distribution(security, scene.now).update_time
    basic.updateTime, basic.updateTimestamp = wall(security.home, stamp), stamp
    _write_prices(basic, year, listing)
    if listing.security_type is SecurityType.STOCK:
        _write_equity(found.equityExData, basic.curPrice, listing)


def _write_prices(basic: Any, year: Bars, listing: Listing) -> None:
    today = year[-1:]
    step = price_step(listing) / THOUSANDTHS
    basic.priceSpread = step
    for name, column in (
        ("openPrice", today.opens),
        ("highPrice", today.highs),
        ("lowPrice", today.lows),
        ("curPrice", today.closes),
        ("lastClosePrice", today.last_closes),
    ):
        setattr(basic, name, column[0] / THOUSANDTHS)
    basic.volume, basic.turnover = int(today.volumes[0]), float(today.turnovers[0])
    basic.turnoverRate = basic.volume / fundamentals(listing).float_shares * 100
    basic.amplitude = (basic.highPrice - basic.lowPrice) / basic.lastClosePrice * 100
    basic.avgPrice = basic.turnover / basic.volume
    basic.bidPrice, basic.askPrice = basic.curPrice, basic.curPrice + step
    basic.bidVol = basic.askVol = 10 * listing.lot_size
    basic.highest52WeeksPrice = year.highs.max() / THOUSANDTHS
    basic.lowest52WeeksPrice = year.lows.min() / THOUSANDTHS


def _write_equity(equity: Any, price: float, listing: Listing) -> None:
    facts = fundamentals(listing)
    equity.issuedShares, equity.outstandingShares = facts.shares, facts.float_shares
    equity.issuedMarketVal = facts.shares * price
    equity.outstandingMarketVal = facts.float_shares * price
    equity.earningsPershare, equity.netAssetPershare = facts.earnings, facts.assets
    equity.netProfit, equity.netAsset = facts.earnings * facts.shares, facts.assets * facts.shares
    equity.eyRate = facts.earnings / facts.assets * 100
    equity.peRate = equity.peTTMRate = price / facts.earnings
    equity.pbRate = price / facts.assets
