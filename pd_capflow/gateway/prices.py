"""What the invented securities cost: every price is a function of seed, code and date.

As with the flow, days are drawn first and the path through a session second, as a bridge from the open to
the close that leans to where the money goes. So a day's bar is the sum of its minutes, and weeks and months
are sums of days. The turnover is the flow's own, and the volume is the turnover in shares.

Prices are whole thousandths of the trading currency as int64, in steps as an exchange has them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pd_capflow.gateway.calendar import (
    latest_session,
    midnight,
    minutes,
    minutes_until,
    month_of,
    session_ordinals,
    week_of,
)
from pd_capflow.gateway.chance import uniform, uniforms
from pd_capflow.gateway.listing import quoted
from pd_capflow.gateway.market import day_totals, session_amounts, traded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from numpy.typing import NDArray

    from pd_capflow.gateway.listing import Listing
    from pd_capflow.security import Market, Security

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["NO_BARS", "THOUSANDTHS", "Bars", "InventedPrices", "joined", "price_step"]

#: Prices are counted in these.
THOUSANDTHS = 1000

_DAY = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Candlesticks, ascending; ``n`` may be zero.

    Attributes
    ----------
    times : ndarray of int64, shape (n,)
        Unix seconds: the end of the minute, or the exchange's midnight of the last day.
    opens, highs, lows, closes, last_closes : ndarray of int64, shape (n,)
        Thousandths of the trading currency; the last ones are of the bar before.
    volumes : ndarray of int64, shape (n,)
        Shares.
    turnovers : ndarray of int64, shape (n,)
        In the trading currency.
    """

    times: Ints
    opens: Ints
    highs: Ints
    lows: Ints
    closes: Ints
    last_closes: Ints
    volumes: Ints
    turnovers: Ints

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, rows: slice | NDArray[Any]) -> Bars:
        """Return some of the rows."""
        return Bars(*(column[rows] for column in _columns(self)))


def _columns(bars: Bars) -> list[Ints]:
    return [getattr(bars, field.name) for field in fields(Bars)]


#: None at all.
NO_BARS = Bars(*[np.empty(0, np.int64)] * 8)


def joined(parts: list[Bars]) -> Bars:
    """Return bars one after another; at least one part."""
    return Bars(*(np.concatenate(columns) for columns in zip(*map(_columns, parts), strict=True)))


@dataclass(frozen=True, slots=True)
class InventedPrices:
    """The prices of a market whose every past and future is settled by a seed.

    Parameters
    ----------
    seed : int
        That of the `InventedMarket` beside it.

    Notes
    -----
    All methods raise as those of `InventedMarket` do.
    """

    seed: int = 0

    def minutes(self, security: Security, day: date, now: datetime) -> Bars:
        """Return the bars of a session, minute by minute up to `now`, the opening auction first."""
        times = minutes_until(security.home, day, now)
        return _session_bars(self.seed, security, day)[: len(times)]

    def days(self, security: Security, first: date, last: date, now: datetime) -> Bars:
        """Return the bars of the sessions from `first` to `last` since the security's list date."""
        listing = quoted(security)
        latest = latest_session(security.home, now)
        oldest, newest = max(first, listing.listed), min(last, latest)
        bars = _days_between(self.seed, security, oldest, newest)
        if len(bars) == 0 or newest < latest or _is_over(security.home, latest, now):
            return bars
        so_far = _summed(self.minutes(security, latest, now), np.array([0]))
        so_far.times[:] = bars.times[-1]
        return joined([bars[:-1], so_far])

    def extremes(self, security: Security, first: date, last: date) -> tuple[int, int]:
        """Return the highest and the lowest price of whole sessions; without any, 0 and the largest."""
        return _extremes(self.seed, security, max(first, quoted(security).listed), last)

    def weeks(self, security: Security, first: date, last: date, now: datetime) -> Bars:
        """Return the bars of weeks, dated with their last session so far, from `first` to `last`."""
        return self._groups(security, first, last, now, week_of)

    def months(self, security: Security, first: date, last: date, now: datetime) -> Bars:
        """Return the bars of calendar months; all else is as in `weeks`."""
        return self._groups(security, first, last, now, month_of)

    def _groups(
        self, security: Security, first: date, last: date, now: datetime, group_of: Callable[[Ints], Ints]
    ) -> Bars:
        """Sum days by group. A month more on either side makes those whole that are kept."""
        days = self.days(security, _moved(first, -31), _moved(last, 31), now)
        dates = _ordinals(days.times)
        starts = np.flatnonzero(np.diff(group_of(dates), prepend=-1))
        groups = _summed(days, starts)
        dates = _ordinals(groups.times)
        return groups[(dates >= first.toordinal()) & (dates <= last.toordinal())]


def _is_over(market: Market, day: date, now: datetime) -> bool:
    """Tell whether a session has all its minutes, whose sum its day is."""
    return len(minutes_until(market, day, now)) == len(minutes(market, day))


def _moved(day: date, by: int) -> date:
    return date.fromordinal(min(max(day.toordinal() + by, 1), date.max.toordinal()))


def _ordinals(times: Ints) -> Ints:
    """Return the days of midnights: no exchange's is farther than half a day from that of UTC."""
    return (times + _DAY // 2) // _DAY + date(1970, 1, 1).toordinal()


def _summed(bars: Bars, starts: Ints) -> Bars:
    """Return the bars of runs of bars, each of which begins at one of `starts`."""
    if len(bars) == 0:
        return bars
    ends = np.append(starts[1:], len(bars)) - 1
    return Bars(
        times=bars.times[ends],
        opens=bars.opens[starts],
        highs=np.maximum.reduceat(bars.highs, starts),
        lows=np.minimum.reduceat(bars.lows, starts),
        closes=bars.closes[ends],
        last_closes=bars.last_closes[starts],
        volumes=np.add.reduceat(bars.volumes, starts),
        turnovers=np.add.reduceat(bars.turnovers, starts),
    )


# --- Steps ----------------------------------------------------------------------------------------------

# Below which price, in thousandths, a step of so many thousandths is used.
_HONG_KONG_STEPS = (
    (250, 1),
    (500, 5),
    (10_000, 10),
    (20_000, 20),
    (100_000, 50),
    (200_000, 100),
    (500_000, 200),
)
_STEPS = {"HK": (_HONG_KONG_STEPS, 500), "JP": (((1_000_000, 100),), 1_000)}
_USUAL_STEPS = (((1_000, 1),), 10)


def price_step(listing: Listing) -> int:
    """Return the step of a security's prices in thousandths; one for all days, by its rough price."""
    steps, largest = _STEPS.get(listing.security.market, _USUAL_STEPS)
    return next((step for below, step in steps if listing.price * THOUSANDTHS < below), largest)


def _in_steps(amounts: Floats, step: int) -> Ints:
    return np.maximum(np.rint(amounts / step).astype(np.int64), 1) * step


# --- Days -----------------------------------------------------------------------------------------------

# Waves of so many sessions, each of so much of the price: long ones are high.
_WAVES = ((250, 0.22), (60, 0.10), (15, 0.05), (4, 0.03), (1, 0.015))
_GAP = 0.006  # from the close before to the open, at most
_REACH = 0.015  # from open and close to high and low, at most


@lru_cache(maxsize=512)
def _days_between(seed: int, security: Security, oldest: date, newest: date) -> Bars:
    """Draw the days of a range; read-only, since they are kept."""
    days = session_ordinals(oldest.toordinal(), newest.toordinal())
    bars = _day_bars(seed, quoted(security), days) if len(days) else NO_BARS
    for column in _columns(bars):
        column.setflags(write=False)
    return bars


@lru_cache(maxsize=4096)
def _extremes(seed: int, security: Security, oldest: date, newest: date) -> tuple[int, int]:
    """Return the highest and the lowest price of whole days, without drawing what was traded.

    They are kept, since snapshots ask for the same year again and again.
    """
    days = session_ordinals(oldest.toordinal(), newest.toordinal())
    if len(days) == 0:
        return 0, np.iinfo(np.int64).max
    prices = _day_prices(seed, quoted(security), days)
    return int(prices.highs.max()), int(prices.lows.min())


class _Prices(NamedTuple):
    """The prices of whole days."""

    opens: Ints
    highs: Ints
    lows: Ints
    closes: Ints
    last_closes: Ints


def _day_prices(seed: int, listing: Listing, days: Ints) -> _Prices:
    """Draw the prices of whole days: at least one, ascending."""
    step = price_step(listing)
    number = (days - 1) // 7 * 5 + (days - 1) % 7
    draws = uniform(f"{seed}/{listing.security}/prices", days, 3)
    drawn = _closes(seed, listing, np.arange(number[0] - 1, number[-1] + 1))
    closes, last_closes = drawn[number - number[0] + 1], drawn[number - number[0]]
    opens = _in_steps(last_closes * (1 + _GAP * (2 * draws[:, 0] - 1)), step)
    highs, lows = np.maximum(opens, closes), np.minimum(opens, closes)
    highs = _in_steps(highs * (1 + _REACH * draws[:, 1]), step)
    lows = _in_steps(lows * (1 - _REACH * draws[:, 2]), step)
    return _Prices(opens, highs, lows, closes, last_closes)


def _day_bars(seed: int, listing: Listing, days: Ints) -> Bars:
    """Draw whole days: at least one, ascending."""
    prices = _day_prices(seed, listing, days)
    turnovers = traded(day_totals(seed, listing, days))
    average = (prices.opens + prices.highs + prices.lows + prices.closes) / (4 * THOUSANDTHS)
    volumes = np.rint(turnovers / average).astype(np.int64)
    market = listing.security.home
    times = np.array([midnight(market, date.fromordinal(day)) for day in days.tolist()], dtype=np.int64)
    return Bars(times, *prices, volumes, turnovers)


def _closes(seed: int, listing: Listing, number: Ints) -> Ints:
    """Return the closing prices of sessions, which are numbered through, ascending."""
    keys = [f"{seed}/{listing.security}/waves/{span}" for span, _ in _WAVES]
    lefts = [number // span for span, _ in _WAVES]
    ends = uniforms(keys, [np.arange(left[0], left[-1] + 2) for left in lefts])
    level = np.ones(len(number))
    for (span, height), left, drawn in zip(_WAVES, lefts, ends, strict=True):
        place = left - left[0]
        low, high = drawn[place], drawn[place + 1]
        level += height * (2 * (low + (high - low) * (number % span / span)) - 1)
    return _in_steps(listing.price * THOUSANDTHS * level, price_step(listing))


# --- The path through a session -------------------------------------------------------------------------

_LEAN = 0.4  # how far the price follows the money, as a part of it


@lru_cache(maxsize=512)
def _session_bars(seed: int, security: Security, day: date) -> Bars:
    """Draw a whole session; the sum of its bars is the day's."""
    listing = quoted(security)
    whole = _days_between(seed, security, day, day)
    amounts = session_amounts(seed, security, day)
    path = _path(whole, amounts.net.sum(axis=1), price_step(listing))
    befores = np.concatenate((path[:1], path[:-1]))
    highs, lows = _reaches(f"{seed}/{security}/{day.toordinal()}/prices", whole, path, price_step(listing))
    turnovers = np.diff(traded(amounts), prepend=0)
    return Bars(
        times=minutes(security.home, day),
        opens=befores,
        highs=highs,
        lows=lows,
        closes=path,
        last_closes=np.concatenate((whole.last_closes, path[:-1])),
        volumes=_volumes(int(whole.volumes[0]), turnovers / (befores + path)),
        turnovers=turnovers,
    )


def _path(whole: Bars, net: Ints, step: int) -> Ints:
    """Return the price after each minute, from the open to the close, between low and high."""
    part = np.arange(len(net)) / (len(net) - 1)
    money = (net - part * net[-1]) / int(whole.turnovers[0])
    first, last = int(whole.opens[0]), int(whole.closes[0])
    path = _in_steps(first + (last - first) * part + _LEAN * first * money, step)
    kept: Ints = np.clip(path, whole.lows[0], whole.highs[0])
    kept[0], kept[-1] = first, last
    return kept


def _reaches(key: str, whole: Bars, path: Ints, step: int) -> tuple[Ints, Ints]:
    """Return each minute's high and low; the day's own are among them."""
    befores = np.concatenate((path[:1], path[:-1]))
    chance = (3 * uniform(key, np.arange(len(path)), 2)).astype(np.int64) * step
    highs = np.minimum(np.maximum(befores, path) + chance[:, 0], whole.highs[0])
    lows = np.maximum(np.minimum(befores, path) - chance[:, 1], whole.lows[0])
    highs[path.argmax()] = whole.highs[0]
    lows[path.argmin()] = whole.lows[0]
    return highs, lows


def _volumes(total: int, work: Floats) -> Ints:
    """Divide the day's shares among minutes."""
    done = np.cumsum(work)
    volumes: Ints = np.diff(np.rint(total * (done / done[-1])).astype(np.int64), prepend=0)
    return volumes
