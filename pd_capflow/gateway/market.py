"""The invented market: every number is a function of seed, code and date, the same in every process.

Two levels make it. A day's totals by tier are drawn first, for many days at once; the path through the
session is drawn second, as a bridge from zero to those totals. So a day's row is its last intraday row to
the last digit, and weeks and months are exact sums of days. A minute's row never changes once it is shown.

Amounts are whole tens of the trading currency as int64, far below 2**53, and so exact as float64, and so
are their sums. Nothing reads a clock: `now` is handed in.

Tiers stand in the order super, big, mid, sml.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pd_capflow.gateway.calendar import (
    latest_session,
    local,
    midnight,
    minutes,
    minutes_until,
    month_of,
    session_ordinals,
    week_of,
)
from pd_capflow.gateway.chance import uniform
from pd_capflow.gateway.listing import look_up, quoted
from pd_capflow.gateway.sources import Flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pd_capflow.gateway.listing import Listing
    from pd_capflow.security import Market, Security

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = [
    "HISTORY_DAYS",
    "Amounts",
    "Distribution",
    "InventedMarket",
    "PeriodFlow",
    "SessionFlow",
    "day_totals",
    "session_amounts",
    "traded",
]

#: How many calendar days before today the history of days, weeks and months reaches.
HISTORY_DAYS = 365


@dataclass(frozen=True, slots=True, eq=False)
class SessionFlow:
    """The running net inflow of one session up to a clock.

    Attributes
    ----------
    times : ndarray of int64, shape (n,)
        Unix seconds at the end of each minute, the opening row first; ``n >= 1``. Read-only.
    cumulative : ndarray of int64, shape (n, 4)
        Net inflow since the open by tier, in the trading currency; the opening row is zero. Read-only.
    last_valid_time : int
        Unix seconds of the newest trade behind the last row: the clock, or where trading last stopped.
    """

    times: Ints
    cumulative: Ints
    last_valid_time: int


@dataclass(frozen=True, slots=True, eq=False)
class PeriodFlow:
    """The net inflow of days, weeks or months.

    Attributes
    ----------
    times : ndarray of int64, shape (n,)
        Unix seconds of the exchange's midnight of the day, or of the last day of the week or month;
        ascending. ``n`` may be zero.
    flow : ndarray of int64, shape (n, 4)
        Net inflow of the period by tier, in the trading currency.
    """

    times: Ints
    flow: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """What came in and what went out in one session up to a clock.

    Attributes
    ----------
    inflow, outflow : ndarray of int64 or float64, shape (4,)
        Gross amounts by tier in the trading currency; NaN where a recorded one was not sent. Invented
        ones are whole and positive, differ by the last row of the session's `SessionFlow`, and add up to
        about the session's turnover so far.
    update_time : float
        Unix seconds, as `SessionFlow.last_valid_time`; NaN where none was recorded.
    """

    inflow: Ints | Floats
    outflow: Ints | Floats
    update_time: float


@dataclass(frozen=True, slots=True)
class InventedMarket:
    """A market whose every past and future is settled by a seed.

    Parameters
    ----------
    seed : int
        Another seed is another market.

    Notes
    -----
    All methods raise `UnknownSecurity` and `UnsupportedSecurity` as `look_up` does, and `ValueError` for
    a `now` without time zone.
    """

    seed: int = 0

    demo: ClassVar[str] = "the demo gateway of pd_capflow: all numbers are invented"
    title: ClassVar[str] = "demo"
    recorded: ClassVar[str] = ""

    def flow(self, security: Security, period: str, first: date, last: date, now: datetime) -> Flow:
        """Return the rows of any period as they are sent, with main flow for all but ``intraday``."""
        if period == "intraday":
            session = self.intraday(security, now)
            main = np.full(len(session.times), np.nan)
            return _as_sent(session.times, session.cumulative, main, session.last_valid_time)
        rows = {"day": self.days, "week": self.weeks, "month": self.months}[period]
        found = rows(security, first, last, now)
        return _as_sent(found.times, found.flow, found.flow[:, :2].sum(axis=1), None)

    def intraday(self, security: Security, now: datetime) -> SessionFlow:
        """Return the latest session's running totals, minute by minute up to `now`.

        Parameters
        ----------
        security : Security
            What to look at.
        now : datetime
            An aware datetime.

        Returns
        -------
        SessionFlow
            At least the opening row. Before the open and on weekends it is the previous session, whole.
        """
        day = latest_session(_home(security), now)
        times = minutes_until(security.home, day, now)
        net = session_amounts(self.seed, security, day).net[: len(times)]
        return SessionFlow(times, net, _last_valid_time(times, now))

    def distribution(self, security: Security, now: datetime) -> Distribution:
        """Return gross inflow and outflow of the latest session up to `now`.

        Parameters
        ----------
        security : Security
            What to look at.
        now : datetime
            An aware datetime.
        """
        day = latest_session(_home(security), now)
        times = minutes_until(security.home, day, now)
        session, row = session_amounts(self.seed, security, day), len(times) - 1
        net, gross = session.net[row], session.gross[row]
        both = _both_sides(gross, net)
        update_time = _last_valid_time(times, now)
        return Distribution(both + np.maximum(net, 0), both + np.maximum(-net, 0), update_time)

    def update_time(self, security: Security, now: datetime) -> int:
        """Return the unix seconds of the newest price, also of what has no capital flow."""
        day = latest_session(quoted(security).security.home, now)
        return _last_valid_time(minutes_until(security.home, day, now), now)

    def days(self, security: Security, first: date, last: date, now: datetime) -> PeriodFlow:
        """Return one row for each session from `first` to `last`, as far as the history goes.

        Parameters
        ----------
        security : Security
            What to look at.
        first, last : date
            Days at the exchange, both inclusive. Days that lie after the latest session, or more than
            `HISTORY_DAYS` before the exchange's today, give no rows.
        now : datetime
            An aware datetime.

        Returns
        -------
        PeriodFlow
            Each row equals the last intraday row of its session; the running session's is that of `now`.
        """
        oldest, newest = _history(_home(security), now)
        days = session_ordinals(max(first.toordinal(), oldest), min(last.toordinal(), newest))
        return PeriodFlow(_midnights(security.home, days), self._flow(security, days, now))

    def weeks(self, security: Security, first: date, last: date, now: datetime) -> PeriodFlow:
        """Return one row for each week, dated with the last session that the week has so far.

        Parameters
        ----------
        security : Security
            What to look at.
        first, last : date
            Days at the exchange, both inclusive: the rows are those whose own date lies between them.
        now : datetime
            An aware datetime.

        Returns
        -------
        PeriodFlow
            Each row is the sum of all days of its week that `days` can give, whether or not these lie
            between `first` and `last`. The oldest one may thus be cut by the end of the history.
        """
        return self._groups(security, first, last, now, week_of)

    def months(self, security: Security, first: date, last: date, now: datetime) -> PeriodFlow:
        """Return one row for each calendar month; all else is as in `weeks`."""
        return self._groups(security, first, last, now, month_of)

    def _groups(
        self, security: Security, first: date, last: date, now: datetime, group_of: Callable[[Ints], Ints]
    ) -> PeriodFlow:
        """Sum the whole history by group and keep the rows dated from `first` to `last`."""
        days = session_ordinals(*_history(_home(security), now))
        ends = np.flatnonzero(np.diff(group_of(days), append=-1))
        starts = np.concatenate(([0], ends[:-1] + 1))
        flow = np.add.reduceat(self._flow(security, days, now), starts, axis=0)
        dates = days[ends]
        kept = (dates >= first.toordinal()) & (dates <= last.toordinal())
        return PeriodFlow(_midnights(security.home, dates[kept]), flow[kept])

    def _flow(self, security: Security, days: Ints, now: datetime) -> Ints:
        """Return the days' net inflow (n, 4), of the latest session only what there is by `now`."""
        flow = day_totals(self.seed, look_up(security), days).net
        latest = latest_session(security.home, now).toordinal()
        if len(days) and days[-1] == latest:
            flow[-1] = self.intraday(security, now).cumulative[-1]
        return flow


def _as_sent(times: Ints, tiers: Ints, main: Ints | Floats, last_valid: int | None) -> Flow:
    amounts = np.column_stack((tiers.sum(axis=1), main, tiers)).astype(np.float64)
    return Flow(times.astype(np.float64), amounts, last_valid)


def _both_sides(gross: Ints, net: Ints) -> Ints:
    """Return what came in and what went out at least, by tier; the net amount is more on its side."""
    least: Ints = np.maximum(gross - np.abs(net), 0) // 20 * 10 + 10
    return least


def traded(amounts: Amounts) -> Ints:
    """Return the turnover, (n,): what came in and what went out together, as in a `Distribution`."""
    both = 2 * _both_sides(amounts.gross, amounts.net) + np.abs(amounts.net)
    total: Ints = both.sum(axis=1)
    return total


def _home(security: Security) -> Market:
    """Return the market of a security that is listed, or raise that it is not."""
    return look_up(security).security.home


def _history(market: Market, now: datetime) -> tuple[int, int]:
    """Return the ordinals of the oldest day and of the newest session that there are rows for."""
    today = local(market, now).toordinal()
    return today - HISTORY_DAYS, latest_session(market, now).toordinal()


def _midnights(market: Market, days: Ints) -> Ints:
    return np.array([midnight(market, date.fromordinal(day)) for day in days.tolist()], dtype=np.int64)


def _last_valid_time(times: Ints, now: datetime) -> int:
    return min(int(now.timestamp() // 1), int(times[-1]))


def _whole_tens(amounts: Floats) -> Ints:
    return np.rint(amounts / 10).astype(np.int64) * 10


# --- Days -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """Turnover and net inflow by tier, both (n, 4): of days, or running through a session."""

    gross: Ints
    net: Ints


# How much of the turnover is each tier's, and how far each tier goes along with the day's mood: the large
# orders lead, the small ones stand on the other side.
_SHARES = np.array([0.28, 0.24, 0.26, 0.22])
_MOODS = np.array([1.6, 0.9, -0.1, -0.9])
_MOST = 0.75  # no tier's net is a larger part of its turnover than this


def day_totals(seed: int, listing: Listing, days: Ints) -> Amounts:
    """Draw turnover and net inflow of whole days."""
    draws = uniform(f"{seed}/{listing.security}/days", days, 21)
    turnover = listing.turnover * 0.64 / np.sqrt(0.08 + 0.92 * draws[:, :1])
    shares = _SHARES * (0.7 + 0.6 * draws[:, 1:5])
    gross = turnover * shares / shares.sum(axis=1, keepdims=True)
    return Amounts(_whole_tens(gross), _whole_tens(gross * _leanings(draws[:, 5:])))


def _leanings(draws: Floats) -> Floats:
    """Make net inflow as a part of turnover, (n, 4), out of 16 draws: a mood for all, and each its own."""
    heat = 0.08 / np.sqrt(0.01 + 0.99 * draws[:, :1])  # calm days and wild ones: fat tails
    bells = 2 * (draws[:, 1:6] + draws[:, 6:11] + draws[:, 11:16]) - 3  # mean 0, deviation 1
    lean = heat * (bells[:, :1] * _MOODS + 0.7 * bells[:, 1:])
    bounded: Floats = lean / (1 + np.abs(lean) / _MOST)
    return bounded


# --- The path through a session -------------------------------------------------------------------------

_AUCTION = 1 / 64  # what of the turnover is done at the open, with as much in as out
_SPELL = 20  # minutes for which one side has the upper hand
_COMMON = np.array([0.5, 0.4, -0.1, -0.5])  # the share of a minute's chance that all tiers have in common


@lru_cache(maxsize=512)
def session_amounts(seed: int, security: Security, day: date) -> Amounts:
    """Draw a whole session: running turnover and net inflow, read-only; the last row is the day's."""
    count = len(minutes(security.home, day)) - 1
    whole = day_totals(seed, quoted(security), np.array([day.toordinal()]))
    key = f"{seed}/{security}/{day.toordinal()}"
    pace = _pace(key, count)
    done = np.concatenate(([0.0], pace))[:, np.newaxis]
    gross = _whole_tens(whole.gross * (_AUCTION + (1 - _AUCTION) * done))
    room = whole.gross - np.abs(whole.net)  # straying no farther, neither side of the trading ever shrinks
    net = _whole_tens(whole.net * done + room * _bridge(key, pace))
    gross.setflags(write=False)
    net.setflags(write=False)
    return Amounts(gross, net)


def _pace(key: str, count: int) -> Floats:
    """Return what part of the day's trading is done after each minute: busy at the open and the close."""
    late = (np.arange(count) + 0.5) / count
    rush = np.stack((1 - late, late))
    for _ in range(3):
        rush *= rush  # the eighth power by products, which round alike everywhere
    chance = 0.4 + 1.2 * uniform(f"{key}/pace", np.arange(count), 1)[:, 0]
    work = np.cumsum(chance * (0.5 + 2.0 * rush[0] + 1.5 * rush[1]))
    pace: Floats = work / work[-1]
    return pace


def _bridge(key: str, pace: Floats) -> Floats:
    """Return a rough path that begins and ends at zero, (n + 1, 4), as a part of the day's turnover."""
    minute = np.arange(len(pace))
    chance = 0.35 * _sides(f"{key}/minutes", minute) + 0.15 * _spells(key, minute)
    path = np.cumsum(chance * np.diff(pace, prepend=0.0)[:, np.newaxis], axis=0)
    path -= pace[:, np.newaxis] * path[-1]
    return np.concatenate((np.zeros((1, 4)), path))


def _spells(key: str, minute: Ints) -> Floats:
    """Draw who has the upper hand for a spell, (n, 4), minute by minute."""
    spell = minute // _SPELL
    return _sides(f"{key}/spells", np.arange(spell[-1] + 1))[spell]


def _sides(key: str, rows: Ints) -> Floats:
    """Draw who has the upper hand, (n, 4) in [-1, 1], with the tiers correlated."""
    draws = 2 * uniform(key, rows, 5) - 1
    sides: Floats = draws[:, :1] * _COMMON + draws[:, 1:] * (1 - np.abs(_COMMON))
    return sides
