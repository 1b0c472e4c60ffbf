"""The budget that a client tells of: the same for all who share it, and true of what may be sent."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

import pd_capflow
from pd_capflow.client import Budget
from pd_capflow.client.portal import current_portal
from pd_capflow.gateway import Gateway

RATE = (5, 600.0)  # a window that no test outlives
CODE = "HK.00700"


@pytest.fixture
def addresses():
    """Two demo gateways without a limit of their own."""
    portal = current_portal()
    gateways = [Gateway(limit=None) for _ in range(2)]
    ports = [portal.run(gateway.listen(port=0))[1] for gateway in gateways]
    yield [f"tcp://127.0.0.1:{port}" for port in ports]
    for gateway in gateways:
        portal.run(gateway.close())


def test_a_client_tells_what_is_left_and_asks_nobody(addresses, connect):
    client = connect(addresses[0], rate=RATE)
    assert client.budget == Budget(5, 600.0, left=5, opens_in=0.0)
    client.capital_flow(CODE)
    assert client.budget.left == 4


def test_a_used_up_budget_tells_when_it_opens(addresses, connect):
    client = connect(addresses[0], rate=RATE)
    for _ in range(RATE[0]):
        client.capital_flow(CODE)
    assert client.budget.left == 0
    assert 0 < client.budget.opens_in <= 601


def test_other_interfaces_have_budgets_of_their_own(addresses, connect):
    client = connect(addresses[0], rate=RATE)
    client.capital_distribution(CODE)
    client.snapshot(CODE)
    assert client.budget.left == 5


def test_clients_of_one_gateway_tell_of_one_budget(addresses, connect):
    first, second = (connect(addresses[0], rate=RATE) for _ in range(2))
    first.capital_flow(CODE)
    assert first.budget.left == second.budget.left == 4


def test_without_pacing_there_is_no_limit(addresses, connect):
    client = connect(addresses[0], rate=None)
    assert client.budget == Budget()
    assert not client.budget.is_limited
    assert client.budget.rate == float("inf")


def test_several_gateways_grant_together(addresses):
    with pd_capflow.connect(addresses, rate=RATE) as client:
        assert client.budget == Budget(10, 600.0, left=10, opens_in=0.0)
        client.capital_flow([CODE, "HK.00005", "HK.09988"])
        assert client.budget.left in (6, 7)  # a gateway may have kept a place for a code that the other took
        assert client.budget.rate == pytest.approx(10 / 600)


def test_an_asynchronous_client_tells_it_too(addresses):
    async def main():
        async with await pd_capflow.connect_async(addresses[0], rate=RATE) as client:
            await client.capital_flow(CODE)
            return client.budget

    assert asyncio.run(main()).left == 4


def test_the_budget_is_a_value():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Budget().left = 3


def test_work_for_the_io_thread_gets_the_asynchronous_client(addresses, connect):
    client = connect(addresses[0], rate=RATE)
    frame = client.submit(lambda there: there.capital_flow(CODE, "day")).result(timeout=20)
    assert frame.attrs["capflow"]["codes"] == [CODE]
    assert client.budget.left == 4
