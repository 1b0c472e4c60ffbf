"""The I/O thread outlives what callers do, and where it ends nobody is left waiting."""

from __future__ import annotations

import threading

import pytest

from pd_capflow.client.portal import Portal, current_portal
from pd_capflow.errors import DisconnectedError

CODE = "HK.00700"
CODES = [f"HK.{number:05d}" for number in range(1, 31)]


class Last(BaseException):
    """No Exception."""


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, Last, LookupError])
def test_what_a_progress_function_raises_ends_the_batch_in_the_callers_thread(kind, gateway, connect, kit):
    """And neither the I/O thread nor the connection; codes that were not asked for yet are not asked for."""
    told = []

    def progress(state):
        told.append(state.done)
        raise kind("enough")

    there = gateway()
    client = connect(there, rate=(5, 0.2))
    before = current_portal()
    with kit.within(8), pytest.raises(kind, match="enough"):
        client.capital_flow(CODES, progress=progress)
    assert len(told) == 1
    assert kit.has_value(client.capital_flow(CODE), CODE)
    assert current_portal() is before
    assert there.connections == 1
    assert len(there.codes) < len(CODES)


def raising(error):
    async def work():
        raise error

    return work()


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_work_that_ends_the_thread_is_told_and_the_next_call_has_another(kind, gateway, connect, kit):
    there = gateway()
    client = connect(there)
    portal = current_portal()
    with kit.within(8), pytest.raises(kind):
        portal.run(raising(kind()))
    portal._thread.join(kit.bound)
    assert not portal.is_alive
    with kit.within(8):
        assert kit.has_value(client.capital_flow(CODE), CODE)
    assert current_portal() is not portal
    assert there.peer(0).gone.wait(kit.bound), "the connection of the thread that ended is left open"


def test_the_end_of_the_thread_releases_every_call(gateway, connect, kit):
    asked = threading.Event()

    def silent(peer):
        peer.handshake()
        peer.asked_many(2)
        asked.set()
        peer.until_gone()

    client = connect(gateway(silent))
    calls = [kit.background(client.capital_flow, code) for code in CODES[:2]]
    assert asked.wait(kit.bound)
    current_portal().stop()
    for call in calls:
        with kit.within(5), pytest.raises(DisconnectedError, match="I/O thread"):
            call.result(kit.bound)
    assert kit.has_value(client.capital_flow(CODE), CODE)


def test_work_for_a_thread_that_has_ended_is_refused(kit):
    portal = Portal()
    portal.stop()
    with kit.within(5), pytest.raises(DisconnectedError, match="I/O thread"):
        portal.run(raising(AssertionError("it was started")))


def test_a_closed_client_stays_closed_on_another_thread(gateway, connect):
    client = connect(gateway())
    client.close()
    current_portal().stop()
    with pytest.raises(DisconnectedError, match="closed"):
        client.capital_flow(CODE)
