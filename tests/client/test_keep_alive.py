"""The client shows that it is there, and notices when the gateway is not."""

from __future__ import annotations

import pytest

CODE = "HK.00700"


def test_keep_alives_come_by_themselves_and_the_connection_stays(gateway, connect, kit):
    def short(peer):
        peer.handshake(interval=1)
        peer.serve_on()

    there = gateway(short)
    client = connect(there)
    peer = there.peer(0)
    assert peer.kept_alive.wait(kit.bound), "no keep-alive came"
    peer.kept_alive.clear()
    assert peer.kept_alive.wait(kit.bound), "only one keep-alive came"
    assert client.connected
    assert kit.has_value(client.capital_flow(CODE), CODE)
    assert there.connections == 1


def test_a_gateway_that_has_gone_silent_is_given_up(gateway, connect, kit):
    """Nobody asks anything, and still the connection ends; the next call makes another."""

    def mute(peer):
        peer.answers_keep_alive = False
        peer.handshake(interval=1)
        assert peer.asked() is None

    there = gateway(mute)
    client = connect(there)
    peer = there.peer(0)
    with kit.within(15):
        assert peer.gone.wait(kit.bound), "the client holds on to a dead connection"
    assert peer.keep_alives >= 2, "it was given up without being asked for a sign of life"
    kit.settle()
    assert not client.connected
    assert kit.has_value(client.capital_flow(CODE), CODE)
    assert there.connections == 2


@pytest.mark.parametrize("interval", [0, -5])
def test_an_absurd_interval_is_no_flood(interval, gateway, connect, kit):
    """A gateway that asks for a keep-alive every 0 seconds gets one a second at most."""

    def hasty(peer):
        peer.handshake(interval)
        peer.serve_on()

    there = gateway(hasty)
    client = connect(there)
    assert there.peer(0).kept_alive.wait(kit.bound)
    assert kit.has_value(client.capital_flow(CODE), CODE)
    # Keep-alives that overtook the answer to one call: a flood would be thousands.
    assert there.peer(0).keep_alives < 5
