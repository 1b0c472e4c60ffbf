"""Gateways whose market has a clock of its own, for recorders that go by it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pd_capflow
from pd_capflow.client.portal import current_portal
from pd_capflow.gateway import Clock, Gateway
from pd_capflow.gateway.market import InventedMarket

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.gateway.sources import Flow

__all__ = ["CLOSED", "CODES", "FAST", "HONG_KONG", "MORNING", "Altered", "Hand", "Market", "States"]

HONG_KONG = timezone(timedelta(hours=8))
MORNING = datetime(2026, 1, 5, 10, 0, tzinfo=HONG_KONG)
CLOSED = datetime(2026, 1, 5, 16, 30, tzinfo=HONG_KONG)
CODES = ["HK.00700", "HK.09988", "HK.00005"]
FAST = 3600.0  # an hour of the market in a second


class Hand:
    """A clock that is moved by hand: it tells `moment`."""

    def __init__(self, moment):
        self.moment = moment

    def __call__(self):
        return self.moment


@dataclass(frozen=True)
class Altered(InventedMarket):
    """The invented market, but for what `alter` makes of its minutes, given the clock."""

    alter: Callable[[Flow, datetime], Flow] = lambda flow, now: flow

    def flow(self, security, period, first, last, now):
        found = InventedMarket.flow(self, security, period, first, last, now)
        return self.alter(found, now) if period == "intraday" else found


class Market:
    """A gateway on a loopback port, in this process, and a client of it; a context manager."""

    def __init__(self, start=CLOSED, speed=0.0, *, clock=None, source=None):
        self.clock, self.source = clock or Clock(start, speed), source
        self.port = 0
        self.open()
        self.client = pd_capflow.connect(self.url, rate=None, timeout=2.0)

    @property
    def url(self):
        return f"tcp://127.0.0.1:{self.port}"

    def open(self):
        """Listen, after a first time at the same place."""
        self.gateway = Gateway(market=self.source, clock=self.clock, limit=None)
        _, self.port = current_portal().run(self.gateway.listen("127.0.0.1", self.port))

    def close(self):
        """Hang up on everybody, and listen no more."""
        current_portal().run(self.gateway.close())

    def record(self, codes, store, **options):
        options = {"every": "10min", "nap": 0.02} | options
        return pd_capflow.record(codes, store, client=self.client, now=self.clock, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
        self.close()


class States:
    """The states that a recording has been in, to wait for one of them."""

    def __init__(self, recording):
        self.seen = []
        self._came = threading.Condition()
        recording.on_status(self._note)

    def _note(self, status):
        with self._came:
            self.seen.append(status)
            self._came.notify_all()

    def wait(self, holds, seconds=30):
        """Wait until a status holds."""
        with self._came:
            assert self._came.wait_for(lambda: any(holds(status) for status in self.seen), seconds), (
                self.seen[-1]
            )
