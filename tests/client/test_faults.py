"""The fault table: whatever a gateway does to a connection, and whenever, costs at most that call.

Every cell says which exception the caller gets, that it comes in time, that it names the address, and
that the next call works, on a gateway that has come to its senses by then.
"""

from __future__ import annotations

import random
import socket
import threading

import pytest

from pd_capflow.errors import (
    BatchError,
    ConnectError,
    DisconnectedError,
    HandshakeError,
    ProtocolError,
    ReplyTimeoutError,
    TransportError,
)
from pd_capflow.protocol.messages import NOTIFY
from pd_capflow.protocol.wire import HEADER, Packet

CODE = "HK.00700"
CODES = ["HK.00700", "HK.09988", "US.AAPL", "SH.600519", "SZ.000001"]
NOISE = random.Random(7).randbytes(200)


# What can go wrong with a packet: functions of the gateway's end, a good packet and its bytes.


def close(peer, packet, data):
    peer.close()


def reset(peer, packet, data):
    peer.reset()


def silence(peer, packet, data):
    peer.until_gone()


def half(peer, packet, data):
    peer.send(data[: len(data) // 2])
    peer.until_gone()


def drip(peer, packet, data):
    peer.drip(data)
    peer.until_gone()


def magic(peer, packet, data):
    peer.send(b"XY" + data[2:])
    peer.until_gone()


def sha(peer, packet, data):
    peer.send(data[:16] + bytes(20) + data[36:])
    peer.until_gone()


def huge(peer, packet, data):
    peer.send(data[:12] + (2**31).to_bytes(4, "little") + data[16:])
    peer.until_gone()


def noise(peer, packet, data):
    _send_body(peer, packet, NOISE)


def missing(peer, packet, data):
    _send_body(peer, packet, b"\x12\x02ok")  # retMsg, but no retType


def missing_inside(peer, packet, data):
    _send_body(peer, packet, b"\x08\x00\x22\x04\x0a\x02\x12\x00")  # an s2c with a hole in it


def format_7(peer, packet, data):
    peer.send(data[:6] + b"\x07" + data[7:])
    peer.until_gone()


def no_contents(peer, packet, data):
    peer.send(_with_body(packet, b"\x08\x00"))
    peer.serve_on()


def no_session(peer, packet, data):
    _send_body(peer, packet, b"\x08\x00")


def empty(peer, packet, data):
    """Answer one request with a success without contents, and all the others well."""
    peer.send(_with_body(packet, b"\x08\x00"))
    for asked in peer.unanswered[:-1]:
        peer.reply(asked)
    peer.serve_on()


def _send_body(peer, packet, body):
    peer.send(_with_body(packet, body))
    peer.until_gone()


def _with_body(packet, body):
    from hashlib import sha1

    digest = sha1(body, usedforsecurity=False).digest()
    head = HEADER.pack(b"FT", packet.proto_id, 0, 0, packet.serial_no, len(body), digest, bytes(8))
    return head + body


ENDS = [close, reset]
STALLS = [silence, half, drip]
# Faults of the packet's layout, and of its body.
LAYOUTS = [magic, huge, format_7]
BODIES = [sha, noise, missing, missing_inside]
# Faults of a packet that tells by its header whose it is.
NUMBERED = [huge, format_7, *BODIES]
BREACHES = [*LAYOUTS, *BODIES]


def named(faults):
    return pytest.mark.parametrize("fault", faults, ids=lambda fault: fault.__name__)


@pytest.fixture
def scripts(kit):
    """Scripts that commit a fault at a stage."""

    def bad_reply(peer, fault, asked):
        packet = kit.reply_packet(asked, kit.good_response(asked))
        fault(peer, packet, kit.pack(packet))

    class Scripts:
        @staticmethod
        def at_connect(fault):
            def script(peer):
                body = kit.good_welcome().SerializeToString()
                packet = Packet(1001, 1, body)
                fault(peer, packet, kit.pack(packet))

            return script

        @staticmethod
        def at_handshake(fault):
            def script(peer):
                packet = kit.reply_packet(peer.asked(), kit.good_welcome())
                fault(peer, packet, kit.pack(packet))

            return script

        @staticmethod
        def when_idle(fault):
            def script(peer):
                peer.handshake()
                peer.gateway.peer(0)
                packet = Packet(NOTIFY.proto_id, 1, kit.good_notify().SerializeToString())
                fault(peer, packet, kit.pack(packet))

            return script

        @staticmethod
        def in_flight(fault, count=1):
            def script(peer):
                peer.handshake()
                peer.unanswered = peer.asked_many(count)
                bad_reply(peer, fault, peer.unanswered[-1])

            return script

    return Scripts


def check(error, gateway):
    """The address is named, in the text and as a fact."""
    assert gateway.url in str(error)
    if isinstance(error, TransportError):
        assert error.address == gateway.url


def works(client, kit):
    return kit.has_value(client.capital_flow(CODE), CODE)


class TestNoSession:
    """Stages connect and handshake."""

    @pytest.fixture(params=["at_connect", "at_handshake"])
    def stage(self, request, scripts):
        return getattr(scripts, request.param)

    @named(ENDS)
    def test_an_end_is_a_handshake_error(self, fault, stage, gateway, make_client, kit):
        there = gateway(stage(fault))
        client = make_client(there)
        # A reset may be quick enough to hit the attempt to connect.
        with kit.within(5), pytest.raises((HandshakeError, ConnectError)) as caught:
            client.connect()
        assert fault is reset or type(caught.value) is HandshakeError
        check(caught.value, there)
        assert not client.connected
        assert works(client, kit)
        assert there.connections == 2

    @named(STALLS)
    def test_a_stall_is_a_handshake_error_at_the_deadline(self, fault, stage, gateway, make_client, kit):
        there = gateway(stage(fault))
        client = make_client(there, timeout=0.5)
        with kit.within(5), pytest.raises(HandshakeError, match="opened no session within") as caught:
            client.connect()
        check(caught.value, there)
        assert there.peer(0).gone.wait(kit.bound), "the socket was left open"
        assert works(make_client(there), kit)

    @named([*BREACHES, no_session])
    def test_a_breach_is_a_protocol_error(self, fault, stage, gateway, make_client, kit):
        there = gateway(stage(fault))
        client = make_client(there)
        with kit.within(5), pytest.raises(ProtocolError) as caught:
            client.connect()
        check(caught.value, there)
        assert there.peer(0).gone.wait(kit.bound), "the socket was left open"
        assert works(client, kit)
        assert there.connections == 2

    def test_a_call_gets_the_same_error_and_is_not_retried(self, scripts, gateway, make_client, kit):
        there = gateway(scripts.at_handshake(close))
        client = make_client(there)
        with kit.within(5), pytest.raises(HandshakeError):
            client.capital_flow(CODE)
        assert there.connections == 1
        assert works(client, kit)

    def test_a_refused_session_tells_the_reason(self, gateway, make_client, kit):
        """The text is the gateway's, on one line; and the end that follows does not cover it."""

        def refuse(peer):
            asked = peer.asked()
            response = asked.method.response(retType=-1, retMsg="登录失败\nplease log in", errCode=0)
            peer.reply(asked, response)

        there = gateway(refuse)
        client = make_client(there)
        with kit.within(5), pytest.raises(HandshakeError, match=r"登录失败\\nplease log in") as caught:
            client.connect()
        check(caught.value, there)
        assert works(client, kit)


class TestIdle:
    """Nobody waits for anything when it happens, so nobody gets an error that another try would heal."""

    # What comes unasked is a push, and one whose body cannot be read ends nothing.
    @named([close, *LAYOUTS, sha])
    def test_a_connection_that_ended_is_made_again(self, fault, scripts, gateway, make_client, kit):
        there = gateway(scripts.when_idle(fault))
        client = make_client(there)
        client.connect()
        if fault is not close:
            assert there.peer(0).gone.wait(kit.bound), "the client goes on with a broken connection"
        with kit.within(5):
            assert works(client, kit)
        assert there.connections == 2

    def test_a_reset_is_healed(self, scripts, gateway, make_client, kit):
        there = gateway(scripts.when_idle(reset))
        client = make_client(there)
        client.connect()
        with kit.within(5):
            assert works(client, kit)
        assert there.connections == 2

    @named(STALLS)
    def test_a_stall_costs_one_call(self, fault, scripts, gateway, make_client, kit):
        there = gateway(scripts.when_idle(fault))
        client = make_client(there, timeout=0.5)
        client.connect()
        with (
            kit.within(5),
            pytest.raises(ReplyTimeoutError, match="did not answer Qot_GetCapitalFlow") as caught,
        ):
            client.capital_flow(CODE)
        check(caught.value, there)
        assert there.peer(0).gone.wait(kit.bound), "the stuck connection was kept"
        assert works(client, kit)
        assert there.connections == 2

    def test_a_breach_in_one_piece_with_the_welcome_is_healed(self, gateway, make_client, kit):
        """The session stood for no time at all: the first call asks on another connection."""

        def welcome_and_garbage(peer):
            welcome = kit.pack(kit.reply_packet(peer.asked(), kit.good_welcome()))
            peer.send(welcome + b"garbage")
            peer.until_gone()

        there = gateway(welcome_and_garbage)
        client = make_client(there)
        with kit.within(5):
            assert works(client, kit)
        assert there.connections == 2

    def test_a_push_without_contents_is_no_fault(self, scripts, gateway, make_client, kit):
        there = gateway(scripts.when_idle(no_contents))
        client = make_client(there)
        client.connect()
        assert works(client, kit)
        assert there.connections == 1


class TestOneInFlight:
    @named(ENDS)
    def test_it_is_asked_again(self, fault, scripts, gateway, connect, kit):
        there = gateway(scripts.in_flight(fault))
        client = connect(there)
        with kit.within(5):
            assert works(client, kit)
        assert there.requests == [(0, CODE), (1, CODE)]

    @named(STALLS)
    def test_a_stall_is_a_reply_timeout(self, fault, scripts, gateway, connect, kit):
        there = gateway(scripts.in_flight(fault))
        client = connect(there, timeout=0.5)
        with kit.within(5), pytest.raises(ReplyTimeoutError, match="Qot_GetCapitalFlow") as caught:
            client.capital_flow(CODE)
        check(caught.value, there)
        assert isinstance(caught.value, TimeoutError)
        assert there.peer(0).gone.wait(kit.bound), "the stuck connection was kept"
        assert works(client, kit)
        assert there.requests == [(0, CODE), (1, CODE)]

    @named([*BREACHES, no_contents])
    def test_a_breach_is_a_protocol_error_and_not_retried(self, fault, scripts, gateway, connect, kit):
        there = gateway(scripts.in_flight(fault))
        client = connect(there)
        with kit.within(5), pytest.raises(ProtocolError) as caught:
            client.capital_flow(CODE)
        check(caught.value, there)
        assert there.requests == [(0, CODE)]
        assert works(client, kit)

    @named(BREACHES)
    def test_a_breach_costs_the_connection(self, fault, scripts, gateway, connect, kit):
        there = gateway(scripts.in_flight(fault))
        client = connect(there)
        with pytest.raises(ProtocolError):
            client.capital_flow(CODE)
        assert not client.connected
        assert there.peer(0).gone.wait(kit.bound)
        assert works(client, kit)
        assert there.connections == 2

    @named(NUMBERED)
    def test_the_serial_number_at_fault_is_told(self, fault, scripts, gateway, connect):
        client = connect(gateway(scripts.in_flight(fault)))
        with pytest.raises(ProtocolError) as caught:
            client.capital_flow(CODE)
        assert caught.value.serial_no == 2  # after InitConnect's

    @named([close, reset])
    def test_dying_twice_is_a_disconnected_error(self, fault, scripts, gateway, connect, kit):
        """Asked again once, and not for ever."""
        there = gateway(scripts.in_flight(fault), scripts.in_flight(fault))
        client = connect(there)
        with kit.within(5), pytest.raises(DisconnectedError) as caught:
            client.capital_flow(CODE)
        check(caught.value, there)
        assert there.requests == [(0, CODE), (1, CODE)]
        assert works(client, kit)
        assert there.connections == 3

    def test_dying_and_then_nobody_there_is_a_disconnected_error(self, gateway, connect, kit):
        """It may be restarting, so it is waited for until the deadline; the next call is not kept waiting.

        The first error is the one raised; why there was no second try stands behind it.
        """

        def last_words(peer):
            peer.handshake()
            peer.asked()
            peer.gateway.stop_listening()

        there = gateway(last_words)
        client = connect(there, timeout=1.0)
        with kit.within(5), pytest.raises(DisconnectedError) as caught:
            client.capital_flow(CODE)
        check(caught.value, there)
        assert isinstance(caught.value.__cause__, ConnectError)
        with kit.within(5), pytest.raises(ConnectError):
            client.capital_flow(CODE)

    def test_dying_and_then_another_is_there_is_healed(self, gateway, connect, kit):
        """As a gateway that restarts: nobody listens for a while, and then somebody does again."""
        refused = threading.Event()

        def last_words(peer):
            peer.handshake()
            peer.asked()
            peer.gateway.stop_listening()

        there = gateway(last_words)
        client = connect(there)
        client.on_state(lambda link: refused.set() if link.status == "waiting" else None)
        call = kit.background(client.capital_flow, CODE)
        assert refused.wait(kit.bound)
        with socket.create_server(("127.0.0.1", there.port)) as listener:
            listener.settimeout(kit.bound)
            sock, _ = listener.accept()
            peer = kit.peer(there, sock, 1)
            peer.handshake()
            peer.reply(peer.asked())
            assert kit.has_value(call.result(kit.bound), CODE)
            sock.close()

    def test_what_the_system_said_is_the_cause(self, scripts, gateway, connect):
        """A reset has a reason of the operating system's own; it is not lost on the way."""
        there = gateway(scripts.in_flight(reset), scripts.in_flight(reset))
        with pytest.raises(DisconnectedError) as caught:
            connect(there).capital_flow(CODE)
        assert isinstance(caught.value.__cause__, ConnectionResetError)

    def test_what_cannot_be_read_costs_the_connection(self, scripts, gateway, connect, kit):
        """Also where the packet is good and its contents are not."""
        there = gateway(scripts.in_flight(empty))
        client = connect(there)
        with pytest.raises(ProtocolError) as caught:
            client.capital_flow(CODE)
        check(caught.value, there)
        assert caught.value.serial_no == 2
        assert there.peer(0).gone.wait(kit.bound), "the connection was kept"
        assert works(client, kit)
        assert there.connections == 2

    @named([silence, half, drip])
    def test_dying_and_then_a_stall_ends_by_the_deadline(self, fault, scripts, gateway, connect, kit):
        there = gateway(scripts.in_flight(close), scripts.at_handshake(fault))
        client = connect(there, timeout=0.5)
        with kit.within(5), pytest.raises(DisconnectedError) as caught:
            client.capital_flow(CODE)
        check(caught.value, there)
        assert works(client, kit)

    def test_the_first_error_wins(self, gateway, connect, kit):
        """A socket that closes behind a breach does not turn it into a disconnection."""

        def breach_and_end(peer):
            peer.handshake()
            peer.asked()
            peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        there = gateway(breach_and_end)
        with kit.within(5), pytest.raises(ProtocolError, match="HT"):
            connect(there).capital_flow(CODE)
        assert there.requests == [(0, CODE)]


class TestManyInFlight:
    @named(ENDS)
    def test_all_are_asked_again(self, fault, scripts, gateway, connect, kit):
        there = gateway(scripts.in_flight(fault, len(CODES)))
        client = connect(there)
        with kit.within(5):
            frame = client.capital_flow(CODES)
        assert all(kit.has_value(frame.loc[code], code) for code in CODES)
        assert there.connections == 2
        assert sorted(there.codes) == sorted(CODES * 2)

    @named(STALLS)
    def test_a_stall_is_a_reply_timeout_for_each(self, fault, scripts, gateway, connect, kit):
        there = gateway(scripts.in_flight(fault, len(CODES)))
        client = connect(there, timeout=0.5)
        with kit.within(5), pytest.raises(BatchError) as caught:
            client.capital_flow(CODES)
        assert list(caught.value.errors) == CODES
        for error in caught.value.errors.values():
            assert type(error) is ReplyTimeoutError
            check(error, there)
        assert caught.value.frame.empty
        assert works(client, kit)
        assert there.connections >= 2  # one may have had a moment left for another

    def test_a_stall_is_a_reply_timeout_also_for_who_asked_later(self, gateway, connect, kit):
        """The connection is given up at the first one's deadline; the others' time runs out on the next."""
        first_asked = threading.Event()

        def silent(peer):
            peer.handshake()
            if peer.asked() is not None:
                first_asked.set()
            peer.until_gone()

        there = gateway(silent, silent)
        client = connect(there, timeout=0.5)
        first = kit.background(client.capital_flow, CODES[0])
        assert first_asked.wait(kit.bound)
        later = kit.background(client.capital_flow, CODES[1:])
        with kit.within(5):
            assert type(first.exception(kit.bound)) is ReplyTimeoutError
            errors = later.exception(kit.bound).errors
        assert {type(error) for error in errors.values()} == {ReplyTimeoutError}
        assert all(there.url in str(error) for error in errors.values())

    @named([*NUMBERED, empty])
    def test_the_innocent_are_healed(self, fault, scripts, gateway, connect, kit):
        """One reply is bad: its own request is told so, those beside it are asked again."""
        there = gateway(scripts.in_flight(fault, len(CODES)))
        client = connect(there)
        with kit.within(5), pytest.raises(BatchError) as caught:
            client.capital_flow(CODES)
        (guilty,) = caught.value.errors
        assert guilty == there.codes[len(CODES) - 1]
        assert type(caught.value.errors[guilty]) is ProtocolError
        check(caught.value.errors[guilty], there)
        innocent = [code for code in CODES if code != guilty]
        assert all(kit.has_value(caught.value.frame.loc[code], code) for code in innocent)
        assert guilty not in caught.value.frame.index.get_level_values("code")
        assert works(client, kit)

    @pytest.mark.parametrize(
        ("row", "last"),
        [
            ({"time": "0001-01-01 00:00:00"}, None),
            ({"time": "20250102"}, None),
            ({"time": "2025-01-02T09:30:00+08:00"}, None),
            ({"timestamp": 253402300000.0}, None),
            ({}, 253402272000.0),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("period", ["intraday", "day"])
    def test_a_time_that_no_exchange_has_costs_its_own_code(self, row, last, period, gateway, connect, kit):
        def odd(peer):
            peer.handshake()
            while (asked := peer.asked()) is not None:
                response = kit.good_response(asked)
                if kit.code_of(asked) == CODES[1]:
                    del response.s2c.flowItemList[:]
                    response.s2c.flowItemList.add(inFlow=1.0, **({"timestamp": kit.nine_thirty} | row))
                    if "time" in row:
                        response.s2c.flowItemList[0].ClearField("timestamp")
                    if last is not None:
                        response.s2c.lastValidTimestamp = last
                peer.reply(asked, response)

        with kit.within(5), pytest.raises(BatchError) as caught:
            connect(gateway(odd)).capital_flow(CODES, period)
        assert {code: type(error) for code, error in caught.value.errors.items()} == {CODES[1]: ProtocolError}
        assert all(kit.has_value(caught.value.frame.loc[code], code) for code in CODES if code != CODES[1])

    def test_a_bad_magic_is_everybodys(self, scripts, gateway, connect):
        there = gateway(scripts.in_flight(magic, len(CODES)))
        with pytest.raises(BatchError) as caught:
            connect(there).capital_flow(CODES)
        assert list(caught.value.errors) == CODES
        assert there.connections == 1

    def test_what_was_answered_before_the_end_counts(self, gateway, connect, kit):
        """A connection that dies after three of five answers costs the other two a second try."""

        def some(peer):
            peer.handshake()
            for asked in peer.asked_many(len(CODES))[:3]:
                peer.reply(asked)

        there = gateway(some)
        frame = connect(there).capital_flow(CODES)
        assert all(kit.has_value(frame.loc[code], code) for code in CODES)
        assert len(there.codes) == len(CODES) + 2

    def test_those_beside_what_cannot_be_read_are_asked_again(self, gateway, connect, kit):
        """The row's time is no time; the others wait for answers on the connection that it costs."""

        def unreadable(peer):
            peer.handshake()
            bad = peer.asked_many(len(CODES))[1]
            response = kit.good_response(bad)
            response.s2c.flowItemList[0].ClearField("timestamp")
            response.s2c.flowItemList[0].time = "soon"
            peer.reply(bad, response)
            peer.until_gone()

        there = gateway(unreadable)
        with kit.within(5), pytest.raises(BatchError) as caught:
            connect(there).capital_flow(CODES)
        (guilty,) = caught.value.errors
        assert guilty == there.codes[1]
        assert type(caught.value.errors[guilty]) is ProtocolError
        innocent = [code for code in CODES if code != guilty]
        assert all(kit.has_value(caught.value.frame.loc[code], code) for code in innocent)
        assert there.connections == 2

    def test_a_gateway_that_went_silent_costs_two_timeouts_and_not_one_for_each_few(
        self, gateway, connect, kit
    ):
        """Every code is told why, however many there are."""
        codes = [f"US.A{number}" for number in range(600)]

        def silent(peer):
            peer.handshake()
            peer.until_gone()

        there = gateway(*[silent] * 40)
        client = connect(there, timeout=0.5)
        with kit.within(4), pytest.raises(BatchError) as caught:  # ten times 64 would take 5
            client.capital_flow(codes)
        assert list(caught.value.errors) == codes
        for error in caught.value.errors.values():
            assert isinstance(error, TransportError)
            check(error, there)

    def test_a_gateway_that_answers_again_is_given_all_of_them(self, gateway, connect, kit):
        """One silent connection is not the end of a batch: the next one may answer."""
        codes = [f"US.A{number}" for number in range(200)]

        def silent(peer):
            peer.handshake()
            peer.until_gone()

        there = gateway(silent)
        with kit.within(8), pytest.raises(BatchError) as caught:
            connect(there, timeout=0.5).capital_flow(codes)
        assert 0 < len(caught.value.errors) <= 64
        came = caught.value.frame.index.get_level_values("code").unique()
        assert len(came) == len(codes) - len(caught.value.errors)

    def test_dying_twice_fails_them_all(self, scripts, gateway, connect, kit):
        there = gateway(scripts.in_flight(close, len(CODES)), scripts.in_flight(reset, len(CODES)))
        client = connect(there)
        with kit.within(5), pytest.raises(BatchError) as caught:
            client.capital_flow(CODES)
        assert [type(error) for error in caught.value.errors.values()] == [DisconnectedError] * len(CODES)
        assert there.connections == 2
        assert works(client, kit)


class TestManyWithoutASession:
    """Many codes at once over a connection that does not come about: each is told why."""

    def test_a_silent_gateway_is_a_handshake_error_for_each(self, gateway, make_client, kit):
        """Those who waited for the first one's attempt are not told that nobody listens there."""
        there = gateway(*[lambda peer: peer.until_gone()] * 20)
        client = make_client(there, timeout=0.5)
        with kit.within(5), pytest.raises(BatchError) as caught:
            client.capital_flow(CODES)
        assert list(caught.value.errors) == CODES
        for error in caught.value.errors.values():
            assert type(error) is HandshakeError
            check(error, there)

    def test_a_gateway_that_closes_is_a_handshake_error_for_each(self, gateway, make_client, kit):
        there = gateway(*[lambda peer: peer.asked()] * 20)
        client = make_client(there)
        with kit.within(5), pytest.raises(BatchError) as caught:
            client.capital_flow(CODES)
        assert [type(error) for error in caught.value.errors.values()] == [HandshakeError] * len(CODES)
