"""The rate limit: so many requests of each interface in a sliding window, over all connections.

Interfaces of which OpenD grants more or fewer than of capital flow are granted in proportion.

Request n + 30 is granted from 30 seconds after request n on. What was refused does not count.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pd_capflow.protocol.messages import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Limit", "RateLimiter"]


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds."""

    requests: int = 30
    seconds: float = 30.0

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read ``"30/30"``; raise `ValueError` if it is nothing like that."""
        requests, slash, seconds = text.partition("/")
        limit = cls(int(requests), float(seconds)) if slash else cls(0)
        if limit.requests < 1 or not 0 < limit.seconds < float("inf"):
            raise ValueError(f"{text!r}; expected REQUESTS/SECONDS such as 30/30")
        return limit


class RateLimiter:
    """Counts the requests of each interface.

    Parameters
    ----------
    limit : Limit or None
        None grants everything.
    timer : callable
        Seconds on a clock that never goes back.
    """

    def __init__(self, limit: Limit | None, timer: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._timer = timer
        self._granted: dict[int, deque[float]] = {}

    def grants(self, proto_id: int) -> bool:
        """Count a request and return True, or return False if it is one too many."""
        if self.limit is None:
            return True
        requests = self.requests(proto_id)
        granted = self._granted.setdefault(proto_id, deque(maxlen=requests))
        now = self._timer()
        if len(granted) == requests and now - granted[0] < self.limit.seconds:
            return False
        granted.append(now)
        return True

    def requests(self, proto_id: int) -> int:
        """Return how many requests of an interface a window grants."""
        usual = (self.limit or Limit()).requests
        method = METHODS.get(proto_id)
        return usual if method is None else method.budget(usual) or usual
