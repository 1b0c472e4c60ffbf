"""A recorded market: what a store holds, as a gateway serves it.

On a moving clock nothing is served before its time. A minute's row is there as soon as the minute runs,
under its end, as OpenD serves it, but with the amounts that it had in the end: what they were on the way
was not recorded. The row of a day, a week or a month is there once its last session is over.
"""

from __future__ import annotations

from datetime import date, datetime
from math import ceil, isnan
from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.flow.frames import FLOW_COLUMNS
from pd_capflow.gateway import Flow, NotRecorded
from pd_capflow.gateway.market import Distribution
from pd_capflow.store.replay.shelf import Rows, Shelf

if TYPE_CHECKING:
    from pd_capflow.security import Market, Security
    from pd_capflow.store.store import Store

__all__ = ["RecordedMarket"]

_MINUTE = 60
_DEMO = "a replay of pd_capflow's demo gateway: all numbers are invented"
# Columns of a recorded distribution are pairs of in and out, by tier.
_IN, _OUT = slice(0, None, 2), slice(1, None, 2)
_NO_ROWS = Flow(np.empty(0), np.empty((0, len(FLOW_COLUMNS))))


class RecordedMarket:
    """Serves a store; a `pd_capflow.gateway.RecordedSource`.

    Parameters
    ----------
    store : Store
        What was recorded.
    moving : bool
        Whether to serve each row not before its time, from what the store holds now, read once. Else all
        is served, read anew for each question.
    """

    def __init__(self, store: Store, *, moving: bool) -> None:
        self.demo = _DEMO if store.demo else ""
        self.recorded = "a replay of a store" if moving else ""
        self.title = "replay"
        self._moving = moving
        self._shelf = Shelf(store, frozen=moving)

    def flow(self, security: Security, period: str, first: date, last: date, now: datetime) -> Flow:
        """Return recorded rows up to the clock.

        Raises
        ------
        NotRecorded
            If nothing is recorded of the security.
        """
        if period == "intraday":
            return self._intraday(security, now)
        rows = self._shelf.period(security, period)
        newest = self._newest_whole_day(security.home, now)
        zone = security.home.tzinfo
        days = [datetime.fromtimestamp(stamp, zone).date() for stamp in rows.times.tolist()]
        kept = np.array([first <= day <= min(last, newest) for day in days], dtype=bool)
        return Flow(rows.times[kept], rows.amounts[kept])

    def distribution(self, security: Security, now: datetime) -> Distribution:
        """Return the last distribution that was recorded up to the clock.

        Raises
        ------
        NotRecorded
            If none is recorded until then.
        """
        rows = self._shelf.distributions(security, self._today(security, now))
        limit = now.timestamp() if self._moving else float("inf")
        seen = [number for number, stamp in enumerate(rows.times.tolist()) if isnan(stamp) or stamp <= limit]
        if not seen:
            raise NotRecorded(f"no distribution of {security} is recorded up to {now.isoformat()}")
        amounts = rows.amounts[seen[-1]]
        return Distribution(amounts[_IN], amounts[_OUT], float(rows.times[seen[-1]]))

    def codes(self) -> list[str]:
        """Return the codes of which something is recorded, sorted."""
        return self._shelf.codes()

    def names(self, securities: list[Security], now: datetime) -> list[str]:
        """Return names as they were recorded, else codes.

        Raises
        ------
        NotRecorded
            If nothing is recorded of one.
        """
        codes = [str(security) for security in securities]
        if missing := sorted({*codes} - {*self.codes()}):
            raise NotRecorded(f"unknown stock {missing[0]}: nothing is recorded of it")
        names = self._shelf.names(tuple(dict.fromkeys(codes)), self._date(now)) if codes else {}
        return [names.get(code, code) for code in codes]

    def days(self, market: Market) -> list[date]:
        """Return the recorded sessions of a market, ascending."""
        return self._shelf.days(market)

    def _intraday(self, security: Security, now: datetime) -> Flow:
        """Return the latest session that has begun."""
        if not self._moving:
            rows = self._shelf.latest(security)
            return _NO_ROWS if rows is None else Flow(rows.times, rows.amounts, rows.last_valid)
        for day in reversed(self._shelf.sessions(security, self._today(security, now))):
            rows = self._shelf.session(security, day)
            if _has_begun(security.home, day, rows, now):
                return _until(rows, now.timestamp())
        return _NO_ROWS

    def _today(self, security: Security, now: datetime) -> date | None:
        """Return the last day whose rows may be served; None if all may."""
        return self._date(now.astimezone(security.home.tzinfo))

    def _date(self, now: datetime) -> date | None:
        return now.date() if self._moving else None

    def _newest_whole_day(self, market: Market, now: datetime) -> date:
        if not self._moving:
            return date.max
        here = now.astimezone(market.tzinfo)
        is_over = not market.sessions or here.time() >= market.sessions[-1][1]
        return here.date() if is_over else date.fromordinal(here.toordinal() - 1)


def _has_begun(market: Market, day: date, rows: Rows, now: datetime) -> bool:
    opens = [datetime.combine(day, first, market.tzinfo).timestamp() for first, _ in market.sessions[:1]]
    begins: float = min([*opens, *rows.times[:1].tolist()])
    return now.timestamp() >= begins


def _until(rows: Rows, stamp: float) -> Flow:
    """Return the rows up to the end of the running minute."""
    count = int(np.searchsorted(rows.times, ceil(stamp / _MINUTE) * _MINUTE, side="right"))
    shown = rows.times[:count]
    return Flow(shown, rows.amounts[:count], _last_valid(rows, count, stamp))


def _last_valid(rows: Rows, count: int, stamp: float) -> float | None:
    if rows.last_valid is None or not count:
        return None
    if count == len(rows.times) and stamp >= rows.last_valid:
        return rows.last_valid
    return min(float(stamp // 1), float(rows.times[count - 1]), rows.last_valid)
