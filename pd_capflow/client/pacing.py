"""Pacing: never more requests in a sliding window than the gateway grants.

The gateway counts each interface (each proto id) on its own, presumably for the account and not for the
connection. So all clients of a user on this machine that go to one address count their requests in one
ledger, whatever process, thread or event loop they run in, and each obeys its own rate over all of them.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Lock
from typing import TYPE_CHECKING

from pd_capflow.client.budget import Budget
from pd_capflow.client.clock import MONOTONIC
from pd_capflow.client.ledger import Ledger
from pd_capflow.client.ledgerfile import LedgerFile, ledger_path

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pd_capflow.client.address import Address
    from pd_capflow.client.clock import PacingClock
    from pd_capflow.client.settings import Rate
    from pd_capflow.protocol.messages import Method

__all__ = ["Booking", "Pacer", "pacer_for"]

_SECOND = 1_000_000
# Requests are counted when they leave and granted when they arrive. What is on its way a little longer
# than another must not land in the other's window; what is on its way for longer is counted later.
_MARGIN = 50_000
# Without any answer granted for so many windows, a refused request is given up.
_PATIENCE_WINDOWS = 2.0
_LONGEST = 1 << 60


@dataclass(frozen=True, slots=True)
class Booking:
    """What came of the wish to send a request.

    Attributes
    ----------
    wait : float
        Seconds to wait before wishing again; 0 if the request was counted and is to be sent now.
    stamp : int or None
        When it was counted, in microseconds; None where nobody counts.
    """

    wait: float = 0.0
    stamp: int | None = None


class Pacer:
    """The budget of one gateway, as one client has it.

    Parameters
    ----------
    rate : (int, float) or None
        Requests of capital flow per sliding window of seconds, and of every other interface in
        proportion to what OpenD grants of it; None for no limit: then nothing is counted.
    ledgers : Ledgers, optional
        Where requests are counted; by default where nobody else does.
    clock : PacingClock
        What to go by.
    """

    def __init__(
        self, rate: Rate | None, ledgers: Ledgers | None = None, clock: PacingClock = MONOTONIC
    ) -> None:
        self._rate = rate
        self._ledgers = ledgers or Ledgers()
        self._clock = clock
        self._lanes: dict[int, _Lane] = {}

    def now(self) -> float:
        """Return seconds on the clock that the pacer goes by."""
        return self._clock.now()

    def book(self, method: Method) -> Booking:
        """Count a request if it may be sent now."""
        lane = self._lane(method)
        return Booking() if lane is None else lane.book(self._now)

    async def acquire(
        self,
        method: Method,
        on_wait: Callable[[float], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> Booking:
        """Wait until a request may be sent, and count it.

        Parameters
        ----------
        method : Method
            The interface.
        on_wait : callable, optional
            Told the seconds whenever there is a wait.
        sleep : callable, optional
            How to wait for so many seconds; an exception of its ends the wait.
        """
        while (booking := self.book(method)).wait > 0:
            if on_wait is not None:
                on_wait(booking.wait)
            await (sleep or self._sleep)(booking.wait)
        return booking

    def answered(self, method: Method, booking: Booking) -> None:
        """Take note that a request was answered: the gateway has counted it by now, but maybe only now."""
        lane, now = self._lane(method), self._now()
        if lane is not None and booking.stamp is not None and now - booking.stamp > _MARGIN:
            lane.ledger.move(booking.stamp, now - _MARGIN)

    def room(self, method: Method) -> float:
        """Return how many requests could be sent at once now."""
        lane = self._lane(method)
        return float("inf") if lane is None else lane.room(self._now())

    def time_for(self, method: Method, requests: int) -> float:
        """Return the seconds until so many requests more can have been sent, if nobody else sends any."""
        lane = self._lane(method)
        return 0.0 if lane is None else lane.time_for(requests, self._now())

    def budget(self, method: Method) -> Budget:
        """Return the budget of an interface, and what is left of it now."""
        lane = self._lane(method)
        if lane is None or lane.requests is None or self._rate is None:
            return Budget()
        now = self._now()
        return Budget(lane.requests, self._rate[1], lane.room(now), lane.time_for(1, now))

    def granted(self, method: Method) -> None:
        """Take note that the gateway granted a request."""
        lane = self._lane(method)
        if lane is not None:
            self._ledgers.granted_at[method.proto_id] = self._now()

    def refused(self, method: Method, since: float) -> bool:
        """Take note of a refusal, have everybody wait out the window, and tell whether to ask again.

        Parameters
        ----------
        method : Method
            The interface.
        since : float
            When the request was sent first, as `now` told it.
        """
        lane, now = self._lane(method), self._now()
        if lane is None or lane.requests is None:
            return False
        lane.ledger.refuse(now)
        last = max(round(since * _SECOND), self._ledgers.granted_at.get(method.proto_id, 0))
        return now - last < _PATIENCE_WINDOWS * lane.window

    def _now(self) -> int:
        return round(self._clock.now() * _SECOND)

    async def _sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds, asyncio.Event())

    def _lane(self, method: Method) -> _Lane | None:
        if method.requests is None:
            return None
        lane = self._lanes.get(method.proto_id)
        if lane is None:
            ledger = self._ledgers.of(method.proto_id)
            lane = self._lanes[method.proto_id] = _Lane(ledger, *_limit(self._rate, method))
        return lane


@dataclass(frozen=True, slots=True)
class _Lane:
    """One interface: its ledger, and how many of its requests may be in a window of microseconds."""

    ledger: Ledger
    requests: int | None
    window: int

    def book(self, clock: Callable[[], int]) -> Booking:
        if self.requests is None:
            return Booking()  # who wants no pacing wants no bookkeeping either
        wait, now = self.ledger.book(clock, self.window, self.requests)
        return Booking(wait / _SECOND) if wait else Booking(stamp=now)

    def room(self, now: int) -> float:
        if self.requests is None:
            return float("inf")
        recent, opens = self.ledger.recent(now, self.window)
        return 0 if opens > now else max(self.requests - len(recent), 0)

    def time_for(self, count: int, now: int) -> float:
        """Return the seconds until so many requests have left: the n-th leaves a window after the n-30th."""
        if self.requests is None or count < 1:
            return 0.0
        recent, opens = self.ledger.recent(now, self.window)
        windows, place = divmod(count - 1, self.requests)
        before = len(recent) + place - self.requests
        first = opens if before < 0 else max(opens, int(recent[before]) + self.window)
        return (first - now + windows * self.window) / _SECOND


def _limit(rate: Rate | None, method: Method) -> tuple[int | None, int]:
    if rate is None:
        return None, 0
    usual, seconds = rate
    return method.budget(usual), min(round(seconds * _SECOND) + _MARGIN, _LONGEST)


class Ledgers:
    """The ledgers of one gateway.

    Parameters
    ----------
    place : str, optional
        Host and port; the ledgers are shared with other processes then.
    """

    def __init__(self, place: str | None = None) -> None:
        self.granted_at: dict[int, int] = {}
        self._place = place
        self._ledgers: dict[int, Ledger] = {}
        self._lock = Lock()

    def of(self, proto_id: int) -> Ledger:
        """Return the ledger of an interface."""
        with self._lock:
            if proto_id not in self._ledgers:
                self._ledgers[proto_id] = self._new(proto_id)
            return self._ledgers[proto_id]

    def renew_locks(self) -> None:
        """Let go of the locks that another process held when this one was forked off."""
        self._lock = Lock()
        for ledger in self._ledgers.values():
            ledger.renew_locks()

    def _new(self, proto_id: int) -> Ledger:
        return Ledger() if self._place is None else LedgerFile(ledger_path(self._place, proto_id))


_ledgers: dict[str, Ledgers] = {}
_lock = Lock()


def pacer_for(address: Address, rate: Rate | None) -> Pacer:
    """Return a pacer that counts with all others that go to the same address; a store needs no pacing."""
    place = place_of(address)
    with _lock:
        if place not in _ledgers:
            _ledgers[place] = Ledgers(None if address.is_embedded else place)
        return Pacer(None if address.is_store else rate, _ledgers[place])


def place_of(address: Address) -> str:
    """Return the host and port of an address; all names of this machine are one.

    Examples
    --------
    >>> from pd_capflow.client.address import parse_address
    >>> place_of(parse_address("ws://[::1]:11111")), place_of(parse_address("tcp://localhost:11111"))
    ('localhost:11111', 'localhost:11111')
    """
    if address.is_embedded:
        return address.path or address.scheme
    return f"{_host(address.host)}:{address.port}"


def _host(host: str) -> str:
    try:
        number = ip_address(host)
    except ValueError:
        name = host.rstrip(".").lower()
        return "localhost" if name.endswith(".localhost") else name
    return "localhost" if number.is_loopback or number.is_unspecified else str(number)


def _renew_locks() -> None:
    # A forked child must not share its parent's locks: those of threads, and those of open files.
    global _lock
    _lock = Lock()
    for ledgers in _ledgers.values():
        ledgers.renew_locks()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
