"""Dashboards on real gateways, in this process and in others, and what tests ask of them."""

from __future__ import annotations

import pytest

import pd_capflow
from pd_capflow.client.portal import current_portal
from pd_capflow.gateway import Clock, Gateway
from pd_capflow.gateway.handlers import Refusal
from tests.gateways import MORNING, GatewayProcess

#: Seconds that anything may take before the test says that it hangs.
BOUND = 30.0


class CountingGateway(Gateway):
    """A gateway that notes what it was asked, and counts what it refused for being asked too often."""

    def __init__(self, **options):
        super().__init__(**options)
        self.asked, self.refused = [], 0
        self.on_request = lambda method, c2s: None

    def response(self, method, c2s):
        self.asked.append(method.name)
        self.on_request(method, c2s)
        try:
            return super().response(method, c2s)
        except Refusal as refusal:
            self.refused += refusal.key == "too_often"
            raise


@pytest.fixture
def gateway_at():
    """Start gateways in this process, each at a time of the market's, and return the last one."""
    portal, started = current_portal(), []

    def start(moment=MORNING, *, speed=60.0, limit=None):
        there = CountingGateway(clock=Clock(moment, speed=speed), limit=limit)
        host, port = portal.run(there.listen(port=0))
        there.url = f"tcp://{host}:{port}"
        started.append(there)
        return there

    yield start
    for there in started:
        portal.run(there.close())


@pytest.fixture
def gateway_process():
    """Such a gateway."""
    there = GatewayProcess()
    yield there
    there.kill()


@pytest.fixture
def board_of():
    """Make dashboards, and close them in the end."""
    made = []

    def make(codes, **options):
        pd_capflow.configure(rate=None)
        made.append(pd_capflow.dashboard(codes, **{"url": "demo://"} | options))
        return made[-1]

    yield make
    for board in made:
        board.close()


def screen_of(board):
    """Return what a dashboard is shown on, and its panel."""
    return board._screen, board._screen.panel


def until(board, is_so):
    """Wait until something is so of a dashboard."""
    assert board._screen.wait_until(is_so, BOUND), (
        f"never so; {board.status}; {board._screen.panel.message.value}"
    )
