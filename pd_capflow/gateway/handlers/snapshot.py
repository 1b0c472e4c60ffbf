"""The latest quotes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pd_capflow.gateway.calendar import latest_session, midnight
from pd_capflow.gateway.handlers.scene import read_securities, success, wall, write_security
from pd_capflow.gateway.listing import SecurityType, fingerprint, fundamentals, quoted
from pd_capflow.gateway.plates import PLATES
from pd_capflow.gateway.prices import THOUSANDTHS, price_step
from pd_capflow.protocol.messages import SNAPSHOT

if TYPE_CHECKING:
    from datetime import date

    from pd_capflow.gateway.handlers.scene import Scene
    from pd_capflow.gateway.listing import Listing
    from pd_capflow.gateway.prices import Bars

__all__ = ["snapshot"]

_DAY, _YEAR = timedelta(days=1), timedelta(days=365)
_MEMBERS = 50


def snapshot(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetSecuritySnapshot``; one code that is unknown fails them all."""
    response = success(SNAPSHOT)
    for listing in [quoted(security) for security in read_securities(c2s.securityList)]:
        _write_snapshot(response.s2c.snapshotList.add(), listing, scene)
    return response


def _write_snapshot(found: Any, listing: Listing, scene: Scene) -> None:
    security = listing.security
    today = latest_session(security.home, scene.now)
    day = scene.prices.days(security, today, today, scene.now)
    basic = found.basic
    write_security(basic.security, security)
    basic.type = listing.security_type
    basic.name = scene.name(listing)
    basic.isSuspend = False
    basic.listTime = listing.listed.isoformat()
    basic.listTimestamp = midnight(security.home, listing.listed)
    basic.lotSize = listing.lot_size
    stamp = scene.market.update_time(security, scene.now)
    basic.updateTime, basic.updateTimestamp = wall(security.home, stamp), stamp
    _write_prices(basic, day, listing)
    highest, lowest = scene.prices.extremes(security, today - _YEAR, today - _DAY)
    basic.highest52WeeksPrice = max(highest, day.highs[0]) / THOUSANDTHS
    basic.lowest52WeeksPrice = min(lowest, day.lows[0]) / THOUSANDTHS
    if listing.security_type is SecurityType.STOCK:
        _write_equity(found.equityExData, basic.curPrice, listing)
    elif listing.security_type is SecurityType.INDEX:
        _write_counts(found.indexExData, _drawn_counts(listing, today))
    elif listing.security_type is SecurityType.PLATE:
        _write_counts(found.plateExData, _member_counts(listing, scene))


def _write_counts(beside: Any, counts: tuple[int, int, int]) -> None:
    beside.raiseCount, beside.fallCount, beside.equalCount = counts


def _member_counts(listing: Listing, scene: Scene) -> tuple[int, int, int]:
    """Count a plate's members that stand above, below and at their last close."""
    ways = []
    for security in PLATES[listing.security].members:
        today = latest_session(security.home, scene.now)
        bars = scene.prices.days(security, today, today, scene.now)
        ways.append((bars.closes[-1] > bars.last_closes[-1], bars.closes[-1] < bars.last_closes[-1]))
    up, down = (sum(map(bool, way)) for way in zip(*ways, strict=True))
    return up, down, len(ways) - up - down


def _drawn_counts(listing: Listing, day: date) -> tuple[int, int, int]:
    """Draw the counts of an index, whose members nobody invented."""
    chance = fingerprint(f"{listing.security}/{day}/counts")
    up = chance % (_MEMBERS + 1)
    down = chance // 31 % (_MEMBERS + 1 - up)
    return up, down, _MEMBERS - up - down


def _write_prices(basic: Any, today: Bars, listing: Listing) -> None:
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
    has_shares = listing.lot_size > 0
    basic.turnoverRate = basic.volume / fundamentals(listing).float_shares * 100 if has_shares else 0.0
    basic.amplitude = (basic.highPrice - basic.lowPrice) / basic.lastClosePrice * 100
    basic.avgPrice = basic.turnover / basic.volume
    basic.bidPrice, basic.askPrice = basic.curPrice, basic.curPrice + step
    basic.bidVol = basic.askVol = 10 * listing.lot_size


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
