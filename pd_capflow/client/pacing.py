"""Pacing: never more requests in a sliding window than the gateway grants.

The gateway counts each interface (each proto id) on its own, presumably for the account and not for the
connection. So the clients of one process that go to one address share one pacer, whatever thread or
event loop they run in.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from pyrate_limiter import InMemoryBucket, RateItem
from pyrate_limiter import Rate as BucketRate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pd_capflow.client.address import Address
    from pd_capflow.client.settings import Rate
    from pd_capflow.protocol.messages import Method

__all__ = ["Pacer", "pacer_for"]

# Requests are counted when they leave and granted when they arrive. What is on its way a little longer
# than another must not land in the other's window.
_MARGIN_MS = 50
# Without any answer granted for so many windows, a refused request is given up.
_PATIENCE_WINDOWS = 2.0


class Pacer:
    """The budget of one gateway.

    Parameters
    ----------
    rate : (int, float) or None
        Requests of capital flow per sliding window of seconds, and of every other interface in
        proportion to what OpenD grants of it; None for no limit.
    """

    def __init__(self, rate: Rate | None) -> None:
        self._rate = rate
        self._lanes: dict[int, _Lane] = {}
        self._lock = Lock()

    async def acquire(
        self,
        method: Method,
        on_wait: Callable[[float], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
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
        lane = self._lane(method)
        while lane is not None and (wait := lane.take()) > 0:
            if on_wait is not None:
                on_wait(wait)
            await sleep(wait)

    def room(self, method: Method) -> float:
        """Return how many requests could be sent at once now."""
        lane = self._lane(method)
        return float("inf") if lane is None else lane.room()

    def granted(self, method: Method) -> None:
        """Take note that the gateway answered."""
        lane = self._lane(method)
        if lane is not None:
            lane.granted_at = time.monotonic()

    def refused(self, method: Method, since: float) -> bool:
        """Take note that the gateway refused, wait out the window, and tell whether to ask again.

        Parameters
        ----------
        method : Method
            The interface.
        since : float
            When the request was sent first, on the monotonic clock.
        """
        lane = self._lane(method)
        return lane is not None and lane.shut(since)

    def renew_locks(self) -> None:
        """Let go of the locks that another process held when this one was forked off."""
        self._lock = Lock()
        for lane in self._lanes.values():
            lane.renew_lock()

    def _lane(self, method: Method) -> _Lane | None:
        if self._rate is None or method.requests is None:
            return None
        with self._lock:
            lane = self._lanes.get(method.proto_id)
            if lane is None:
                usual, seconds = self._rate
                lane = self._lanes[method.proto_id] = _Lane(method.budget(usual) or usual, seconds)
            return lane


@dataclass(slots=True)
class _Lane:
    """The budget of one interface."""

    requests: int
    seconds: float
    granted_at: float = float("-inf")
    shut_until: float = float("-inf")
    bucket: InMemoryBucket = field(init=False)

    def __post_init__(self) -> None:
        window_ms = round(self.seconds * 1000) + _MARGIN_MS
        self.bucket = InMemoryBucket([BucketRate(self.requests, window_ms)])

    def renew_lock(self) -> None:
        """Count on in a bucket of this process."""
        items = self.bucket.items
        self.__post_init__()
        self.bucket.items = items

    def take(self) -> float:
        """Count a request and return 0, or return the seconds to wait before trying again."""
        shut = self.shut_until - time.monotonic()
        if shut > 0:
            return shut
        now = _now_ms()
        self.bucket.leak(now)
        item = RateItem("", now)
        if self.bucket.put(item):
            return 0.0
        return max(int(self.bucket.waiting(item)), 1) / 1000  # type: ignore[arg-type]  # no coroutine here

    def room(self) -> int:
        """Return how many requests fit now."""
        self.bucket.leak(_now_ms())
        return self.requests - self.bucket.count()

    def shut(self, since: float) -> bool:
        """Let nothing pass for a window; return whether asking again then makes sense."""
        now = time.monotonic()
        self.shut_until = max(self.shut_until, now + self.seconds)
        return now - max(since, self.granted_at) < _PATIENCE_WINDOWS * self.seconds


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


_pacers: dict[tuple[Address, Rate | None], Pacer] = {}
_pacers_lock = Lock()


def pacer_for(address: Address, rate: Rate | None) -> Pacer:
    """Return the pacer that this process keeps for an address."""
    with _pacers_lock:
        return _pacers.setdefault((address, rate), Pacer(rate))


def _renew_locks() -> None:
    global _pacers_lock  # a forked child must not inherit a lock that another thread holds
    _pacers_lock = Lock()
    for pacer in _pacers.values():
        pacer.renew_locks()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
