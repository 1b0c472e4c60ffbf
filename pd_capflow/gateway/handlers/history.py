"""Candlesticks, a page at a time."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from pd_capflow.gateway.calendar import latest_session, local_day, sessions_between
from pd_capflow.gateway.handlers.scene import Refusal, read_day, read_security, success, wall, write_security
from pd_capflow.gateway.listing import SecurityType, fundamentals, quoted
from pd_capflow.gateway.prices import NO_BARS, THOUSANDTHS, joined
from pd_capflow.protocol.messages import HISTORY_KL

if TYPE_CHECKING:
    from pd_capflow.gateway.handlers.scene import Scene
    from pd_capflow.gateway.listing import Listing
    from pd_capflow.gateway.prices import Bars

__all__ = ["history"]

_MINUTE, _DAY, _WEEK, _MONTH = 1, 2, 3, 4
_ADJUSTMENTS = (0, 1, 2)
# Rows of a page, also where the request names more or no limit.
_MOST_ROWS = 5000
_LONGEST_KEY = 11  # the digits of a time


def history(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_RequestHistoryKL``.

    The key of the next page is the time of the last row. Nobody here pays dividends or splits shares, so
    all adjustments are alike.
    """
    listing = quoted(read_security(c2s.security))
    if c2s.rehabType not in _ADJUSTMENTS:
        raise Refusal("bad_parameter", name="rehabType")
    after = _after(c2s.nextReqKey)
    rows = min(c2s.maxAckKLNum if c2s.maxAckKLNum > 0 else _MOST_ROWS, _MOST_ROWS)
    bars = _bars(scene, listing, c2s, after, rows + 1)
    response = success(HISTORY_KL)
    s2c = response.s2c
    write_security(s2c.security, listing.security)
    s2c.name = scene.name(listing)
    _write_bars(s2c.klList, bars[:rows], listing)
    if len(bars) > rows:
        s2c.nextReqKey = b"%d" % bars.times[rows - 1]
    return response


def _after(key: bytes) -> int:
    """Return the time after which a page begins."""
    if not key:
        return int(np.iinfo(np.int64).min)
    if not (key.isdigit() and len(key) <= _LONGEST_KEY):
        raise Refusal("bad_parameter", name="nextReqKey")
    return int(key)


def _bars(scene: Scene, listing: Listing, c2s: Any, after: int, enough: int) -> Bars:
    """Return the bars of the range asked for after a time, at least so many of them if there are."""
    first = read_day(c2s.beginTime, "beginTime", date.min)
    last = read_day(c2s.endTime, "endTime", date.max)
    if c2s.klType == _MINUTE:
        return _minutes(scene, listing, max(first, listing.listed), last, after, enough)
    kinds = {_DAY: scene.prices.days, _WEEK: scene.prices.weeks, _MONTH: scene.prices.months}
    if c2s.klType not in kinds:
        raise Refusal("bad_parameter", name="klType")
    bars = kinds[c2s.klType](listing.security, first, last, scene.now)
    return bars[bars.times > after]


def _minutes(scene: Scene, listing: Listing, first: date, last: date, after: int, enough: int) -> Bars:
    security = listing.security
    market = security.home
    if after > 0:
        first = max(first, local_day(market, after))
    parts = [NO_BARS]
    count = 0
    for day in sessions_between(market, first, min(last, latest_session(market, scene.now))):
        bars = scene.prices.minutes(security, day, scene.now)
        parts.append(bars[bars.times > after])
        count += len(parts[-1])
        if count >= enough:
            break
    return joined(parts)


def _write_bars(candles: Any, bars: Bars, listing: Listing) -> None:
    facts = fundamentals(listing)
    is_stock = listing.security_type is SecurityType.STOCK
    prices = (bars.opens, bars.highs, bars.lows, bars.closes, bars.last_closes)
    columns = [(column / THOUSANDTHS).tolist() for column in prices]
    amounts = (bars.volumes.tolist(), bars.turnovers.tolist())
    for stamp, first, high, low, last, before, volume, turnover in zip(
        bars.times.tolist(), *columns, *amounts, strict=True
    ):
        candle = candles.add(
            time=wall(listing.security.home, stamp),
            timestamp=stamp,
            isBlank=False,
            openPrice=first,
            highPrice=high,
            lowPrice=low,
            closePrice=last,
            lastClosePrice=before,
            volume=volume,
            turnover=turnover,
            turnoverRate=volume / facts.float_shares * 100 if listing.lot_size else 0.0,
            changeRate=(last - before) / before * 100,
        )
        if is_stock:
            candle.pe = last / facts.earnings
