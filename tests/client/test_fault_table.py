"""The fault table: whatever goes wrong, at whatever stage, over either layout.

Each cell says what the caller gets. ``healed`` is a good answer, ``Handshake`` and the like is that error,
``each ...`` that error for every code, and ``one ...`` the error for the request at fault and good answers
for those beside it. All of it comes within the deadline, the next call works, and in the end
threads, tasks and file descriptors are back to where they were.
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
from pathlib import Path

import pytest

import pd_capflow
from pd_capflow import errors
from pd_capflow.client.portal import current_portal
from pd_capflow.protocol.wire import Packet

TABLE = {
    "tcp": """
        fault        | connect      | handshake    | idle         | one          | many
        close        | Handshake    | Handshake    | healed       | healed       | healed
        reset        | Transport    | Handshake    | healed       | healed       | healed
        half_packet  | Handshake    | Handshake    | ReplyTimeout | ReplyTimeout | each ReplyTimeout
        silence      | Handshake    | Handshake    | ReplyTimeout | ReplyTimeout | each ReplyTimeout
        garbage      | Protocol     | Protocol     | healed       | Protocol     | each Protocol
        slow_drip    | Handshake    | Handshake    | ReplyTimeout | ReplyTimeout | each ReplyTimeout
        out_of_order | healed       | healed       | healed       | healed       | healed
        stray        | healed       | healed       | healed       | healed       | healed
        wrong_hash   | Protocol     | Protocol     | healed       | Protocol     | one Protocol
    """,
    # Before its opening is through, whatever is no HTTP is no WebSocket. There is no hash; the sign at the
    # head of a message is what can be wrong, and a message without it is nobody's.
    "ws": """
        fault        | connect      | handshake    | idle         | one          | many
        close        | Handshake    | Handshake    | healed       | healed       | healed
        reset        | Transport    | Handshake    | healed       | healed       | healed
        half_packet  | Handshake    | Handshake    | ReplyTimeout | ReplyTimeout | each ReplyTimeout
        silence      | Handshake    | Handshake    | ReplyTimeout | ReplyTimeout | each ReplyTimeout
        garbage      | Handshake    | Protocol     | healed       | Protocol     | each Protocol
        slow_drip    | Handshake    | Handshake    | ReplyTimeout | ReplyTimeout | each ReplyTimeout
        out_of_order | Handshake    | healed       | healed       | healed       | healed
        stray        | Handshake    | healed       | healed       | healed       | healed
        wrong_hash   | Handshake    | Protocol     | healed       | Protocol     | each Protocol
    """,
}  # fmt: skip


CODES = ["HK.00700", "HK.09988", "US.AAPL", "SH.600519", "SZ.000001"]
TIMEOUT = 0.5
NOISE = b"\xff" + random.Random(7).randbytes(200)
FDS = Path("/proc/self/fd")


class Faults:
    """What a peer does in place of sending a packet that is due; `after` goes on as if it had been good."""

    @staticmethod
    def close(peer, packet, after):
        peer.close()

    @staticmethod
    def reset(peer, packet, after):
        peer.reset()

    @staticmethod
    def half_packet(peer, packet, after):
        data = peer.layout.pack(packet)
        peer.send(data[: len(data) // 2])
        peer.until_gone()

    @staticmethod
    def silence(peer, packet, after):
        peer.until_gone()

    @staticmethod
    def garbage(peer, packet, after):
        peer.send(NOISE)
        peer.until_gone()

    @staticmethod
    def slow_drip(peer, packet, after):
        peer.drip(peer.layout.pack(packet))
        peer.until_gone()

    @staticmethod
    def out_of_order(peer, packet, after):
        peer.push(serial_no=packet.serial_no + 5)
        peer.unanswered.reverse()
        after()

    @staticmethod
    def stray(peer, packet, after):
        peer.send(peer.layout.pack(Packet(packet.proto_id, 4_000_000_000, packet.body)))
        after()

    @staticmethod
    def wrong_hash(peer, packet, after):
        data = peer.layout.pack(packet)
        at = data.index(b"ft-v1.0") if b"ft-v1.0" in data else 16
        peer.send(data[:at] + bytes(7) + data[at + 7 :])
        peer.until_gone()


class Stages:
    """Scripts that come to a stage in good order, and commit a fault there."""

    @staticmethod
    def connect(peer, fault, kit, idle):
        welcome = Packet(1001, 1, peer.layout.welcome(10).SerializeToString())
        is_http = peer.layout.scheme == "ws" and fault in (Faults.half_packet, Faults.slow_drip)
        if is_http:
            half = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: "
            (peer.send if fault is Faults.half_packet else peer.drip)(half)
            peer.until_gone()
        else:
            fault(peer, welcome, peer.serve)

    @staticmethod
    def handshake(peer, fault, kit, idle):
        asked = peer.asked()

        def welcome():
            peer._talk.accept(asked, peer.layout.welcome(10))
            peer.send(b"".join(peer._talk.data_to_send()))
            peer.serve_on()

        fault(peer, kit.reply_packet(asked, peer.layout.welcome(10)), welcome)

    @staticmethod
    def idle(peer, fault, kit, idle):
        peer.handshake()
        assert idle.wait(kit.bound)
        fault(peer, Packet(1003, 0, kit.good_notify().SerializeToString()), peer.serve_on)

    @staticmethod
    def one(peer, fault, kit, idle):
        Stages.in_flight(peer, fault, kit, 1)

    @staticmethod
    def many(peer, fault, kit, idle):
        Stages.in_flight(peer, fault, kit, len(CODES))

    @staticmethod
    def in_flight(peer, fault, kit, count):
        peer.handshake()
        peer.unanswered = peer.asked_many(count)
        last = peer.unanswered[-1]

        def answer():
            for asked in peer.unanswered:
                peer.reply(asked)
            peer.serve_on()

        fault(peer, kit.reply_packet(last, kit.good_response(last)), answer)


def cells():
    """Yield the table, cell by cell."""
    for layout, text in TABLE.items():
        head, *rows = [[cell.strip() for cell in row.split("|")] for row in text.strip().splitlines()]
        for fault, *outcomes in rows:
            for stage, outcome in zip(head[1:], outcomes, strict=True):
                yield pytest.param(layout, fault, stage, outcome, id=f"{layout}-{stage}-{fault}")


def resources():
    """Return the threads, tasks and file descriptors that there are."""

    async def tasks():
        return len(asyncio.all_tasks())

    fds = len(os.listdir(FDS)) if FDS.exists() else 0  # noqa: PTH208  # no paths wanted
    return threading.active_count(), current_portal().run(tasks()), fds


@pytest.mark.parametrize(("layout", "fault", "stage", "outcome"), list(cells()))
def test_fault(layout, fault, stage, outcome, kit):
    kit.settle()
    before = resources()
    idle = threading.Event()
    commit, script = getattr(Faults, fault), getattr(Stages, stage)
    there = kit.gateway((lambda peer: script(peer, commit, kit, idle),), layout)
    client = pd_capflow.client.Client(pd_capflow.client.resolve(url=there.url, timeout=TIMEOUT, rate=None))
    try:
        if stage == "idle":
            client.connect()
            idle.set()
            if fault in ("garbage", "wrong_hash"):
                assert there.peer(0).gone.wait(kit.bound), "the client goes on with a broken connection"
        with kit.within(8 * TIMEOUT):
            _check(client, there, CODES if stage == "many" else CODES[0], outcome, kit)
        assert kit.has_value(client.capital_flow(CODES[0]), CODES[0]), "the next call does not work"
    finally:
        client.close()
        first_left = fault in ("close", "reset")  # and not the client
        assert all(peer.gone.wait(kit.bound) for peer in there.peers[first_left:])
        there.close()
    kit.settle()
    assert resources() == before


def _check(client, there, codes, outcome, kit):
    many = not isinstance(codes, str)
    how, _, name = outcome.rpartition(" ")
    if outcome == "healed":
        frame = client.capital_flow(codes)
        found = {code: frame.loc[code] for code in codes} if many else {codes: frame}
        assert all(kit.has_value(part, code) for code, part in found.items())
        return
    kind = getattr(errors, f"{name}Error")
    with pytest.raises(errors.BatchError if many else kind) as caught:
        client.capital_flow(codes)
    failed = caught.value.errors if many else {codes: caught.value}
    # By silence a connection ends when the first has waited long enough; who began later may have time left
    # to be answered on the next, on a machine that is busy enough.
    least = 1 if how == "one" or not many or name == "ReplyTimeout" else len(codes)
    most = 1 if how == "one" or not many else len(codes)
    assert least <= len(failed) <= most
    for error in failed.values():
        assert isinstance(error, kind)
        assert there.url in str(error)
    for code in set(codes if many else []) - set(failed):
        assert kit.has_value(caught.value.frame.loc[code], code)
