"""Replies find their requests, whatever comes in between and in whatever order."""

from __future__ import annotations

import random

import pytest

from pd_capflow.errors import BatchError, DisconnectedError, ProtocolError, ReplyTimeoutError
from pd_capflow.protocol.messages import CAPITAL_DISTRIBUTION
from pd_capflow.protocol.wire import Packet

CODE = "HK.00700"
CODES = ["HK.00700", "HK.09988", "US.AAPL", "SH.600519", "SZ.000001", "US.BRK.B", "HK.00005", "SH.601318"]
WRONG = -1.0


def all_right(frame, kit, codes=CODES):
    assert list(dict.fromkeys(frame.index.get_level_values("code"))) == list(codes)
    return all(kit.has_value(frame.loc[code], code) for code in codes)


def wrong(kit, asked):
    """Bytes of a good reply to a request, but for the number in it."""
    return kit.pack(kit.reply_packet(asked, kit.good_response(asked, WRONG)))


def serve_batches(kit, answer, count=8):
    """A script that answers so many requests at a time with a function of its own, then behaves."""

    def script(peer):
        peer.handshake()
        answer(peer, peer.asked_many(count))
        peer.serve_on()

    return script


def test_replies_in_reverse_order_are_matched(gateway, connect, kit):
    def backwards(peer, asked):
        for each in reversed(asked):
            peer.reply(each)

    there = gateway(serve_batches(kit, backwards))
    assert all_right(connect(there).capital_flow(CODES), kit)
    assert there.connections == 1


@pytest.mark.parametrize("seed", range(5))
def test_any_order_with_anything_between(seed, gateway, connect, kit):
    """Strays, pushes and duplicates among shuffled replies change nothing."""
    chance = random.Random(seed)

    def jumble(peer, asked):
        chance.shuffle(asked)
        for number, each in enumerate(asked):
            stray = Packet(3211, 90_000 + number, kit.good_response(each, WRONG).SerializeToString())
            between = [
                lambda stray=stray: peer.send(kit.pack(stray)),
                lambda number=number: peer.push(serial_no=number),
                lambda number=number: peer.push(3005, number, b"\xff\xfe not of our messages"),
            ]
            for act in chance.sample(between, chance.randint(0, 3)):
                act()
            peer.reply(each)
            if chance.random() < 0.5:
                peer.send(wrong(kit, each))

    there = gateway(serve_batches(kit, jumble))
    client = connect(there)
    assert all_right(client.capital_flow(CODES), kit)
    assert all_right(client.capital_flow(CODES), kit), "what was left over spoiled the next call"
    assert there.connections == 1


def test_a_reply_to_an_unknown_serial_is_ignored(gateway, connect, kit):
    """Even when its body is no message: nobody reads it."""

    def stray(peer, asked):
        serial = asked[0].packet.serial_no
        peer.send(kit.pack(Packet(3211, serial + 1, kit.good_response(asked[0], WRONG).SerializeToString())))
        peer.send(kit.pack(Packet(3211, 2**32 - 1, b"\xff" * 30)))
        peer.reply(asked[0])

    there = gateway(serve_batches(kit, stray, 1))
    client = connect(there)
    assert kit.has_value(client.capital_flow(CODE), CODE)
    assert kit.has_value(client.capital_flow("US.AAPL"), "US.AAPL")
    assert there.connections == 1


def test_the_right_serial_with_another_methods_proto_id_breaks_the_protocol(gateway, connect, kit):
    """At once, and for the request of that number alone."""

    def other(peer, asked):
        serial = asked[0].packet.serial_no
        response = CAPITAL_DISTRIBUTION.response(retType=-1, retMsg="not for you")
        peer.send(kit.pack(Packet(3212, serial, response.SerializeToString())))
        peer.until_gone()

    there = gateway(serve_batches(kit, other))
    with kit.within(5), pytest.raises(BatchError) as caught:
        connect(there).capital_flow(CODES)
    ((guilty, error),) = caught.value.errors.items()
    assert (guilty, type(error)) == (there.codes[0], ProtocolError)
    assert "a packet 3212, and should be a 3211" in str(error)
    assert all_right(caught.value.frame, kit, [code for code in CODES if code != guilty])


def test_answers_that_break_the_protocol_cost_nobody_else_his(gateway, connect, kit):
    """However many of them there are in one batch: each costs the connection, and itself alone."""
    guilty = CODES[1:6]

    def reply(peer, asked):
        if kit.code_of(asked) in guilty:
            peer.send(kit.pack(Packet(3211, asked.packet.serial_no, b"\xff")))
        else:
            peer.reply(asked)

    def serve(peer):
        peer.handshake()
        first = peer.asked()
        if first is None:
            return
        # Whoever else is in flight loses this connection, if one of the guilty is among them.
        waiting = [first, *peer.asked_many(len(CODES) - 1 - peer.number)]
        waiting.sort(key=lambda asked: kit.code_of(asked) not in guilty)
        for asked in waiting:
            reply(peer, asked)
        peer.serve_on()

    there = gateway(*[serve] * len(CODES))
    with kit.within(8), pytest.raises(BatchError) as caught:
        connect(there).capital_flow(CODES)
    assert list(caught.value.errors) == guilty
    assert {type(error) for error in caught.value.errors.values()} == {ProtocolError}
    assert all_right(caught.value.frame, kit, [code for code in CODES if code not in guilty])
    assert there.connections == len(guilty) + 1


def test_a_broken_answer_to_nobody_is_not_met_again_and_again(gateway, connect, kit):
    """A packet whose hash is wrong, under a number that nobody has asked with: asked again once, as ever."""

    def lie(peer):
        peer.handshake()
        if peer.asked() is not None:
            packet = kit.pack(Packet(3211, 4000, b"\x08\x00"))
            peer.send(packet[:16] + bytes(20) + packet[36:])
            peer.until_gone()

    there = gateway(*[lie] * 8)
    with kit.within(5), pytest.raises(DisconnectedError, match="SHA-1"):
        connect(there).capital_flow(CODE)
    assert there.codes == [CODE] * 2


def test_the_right_serial_with_a_proto_id_that_nobody_knows_is_ignored(gateway, connect, kit):
    """A later version may push what is no push yet, and a push has any number."""

    def other(peer, asked):
        peer.send(kit.pack(Packet(9999, asked[0].packet.serial_no, b"\xff")))
        peer.reply(asked[0])

    there = gateway(serve_batches(kit, other, 1))
    assert kit.has_value(connect(there).capital_flow(CODE), CODE)
    assert there.connections == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (1, "the gateway got no answer in time (error 1, TIME OUT)"),
        (2, "the OpenD behind the WebSocket got no answer in time (error 2, TIME OUT)"),
    ],
)
def test_an_error_in_a_websockets_header_is_told_in_its_own_words(error, told, gateway, connect, kit):
    """And not as a time-out of ours, which it was not. The connection is as good as before."""

    def at_fault(peer, asked):
        header = Packet(3211, asked[0].packet.serial_no, b"", error=error, error_text="TIME\nOUT")
        peer.send(peer.layout.pack(header))

    there = gateway(serve_batches(kit, at_fault, 1), layout="ws")
    client = connect(there)
    with kit.within(5), pytest.raises(ReplyTimeoutError) as caught:
        client.capital_flow(CODE)
    assert f"{there.url}: {told}" in str(caught.value)
    assert "within" not in str(caught.value)
    assert kit.has_value(client.capital_flow(CODE), CODE)
    assert there.connections == 1


@pytest.mark.parametrize(("proto_id", "body"), [(1003, None), (3005, b"\xff\xff"), (2208, b"x"), (3452, b"")])
def test_a_push_with_the_serial_of_a_request_is_no_reply(proto_id, body, gateway, connect, kit):
    """Pushes are numbered on their own, so their numbers meet those of requests."""

    def push_first(peer, asked):
        peer.push(proto_id, asked[0].packet.serial_no, body)
        peer.reply(asked[0])

    there = gateway(serve_batches(kit, push_first, 1))
    assert kit.has_value(connect(there).capital_flow(CODE), CODE)
    assert there.connections == 1


def test_pushes_before_the_handshakes_answer_are_no_answer(gateway, connect, kit):
    def eager(peer):
        peer.push(serial_no=1)
        peer.push(3005, 1, b"\xff")
        peer.serve()

    assert kit.has_value(connect(gateway(eager)).capital_flow(CODE), CODE)


def test_the_first_of_two_replies_counts(gateway, connect, kit):
    def twice(peer, asked):
        peer.send(kit.pack(kit.reply_packet(asked[0], kit.good_response(asked[0]))) + wrong(kit, asked[0]))

    there = gateway(serve_batches(kit, twice, 1))
    client = connect(there)
    assert kit.has_value(client.capital_flow(CODE), CODE)
    assert kit.has_value(client.capital_flow(CODE), CODE)
    assert there.connections == 1


def test_a_late_reply_is_not_the_next_calls(gateway, connect, kit):
    """A slow answer costs its own call; the connection, on which others were answered, stays."""
    others_answer = []

    def slow(peer):
        peer.handshake()
        first, second = peer.asked_many(2)
        peer.reply(second)
        others_answer.append(kit.code_of(second))
        third = peer.asked()
        peer.send(wrong(kit, first))
        peer.reply(third)
        peer.serve_on()

    there = gateway(slow)
    client = connect(there, timeout=1.0)
    calls = {code: kit.background(client.capital_flow, code) for code in CODES[:2]}
    errors = {code: call.exception(kit.bound) for code, call in calls.items()}
    (late,) = (code for code in calls if code not in others_answer)
    assert type(errors.pop(late)) is ReplyTimeoutError
    assert set(errors.values()) == {None}
    assert kit.has_value(client.capital_flow(late), late)
    assert there.connections == 1


def test_a_reply_may_come_byte_by_byte(gateway, connect, kit):
    def in_pieces(peer, asked):
        data = kit.pack(kit.reply_packet(asked[0], kit.good_response(asked[0])))
        for number in range(len(data)):
            peer.send(data[number : number + 1])

    there = gateway(serve_batches(kit, in_pieces, 1))
    assert kit.has_value(connect(there).capital_flow(CODE), CODE)


def test_many_replies_may_come_in_one_piece(gateway, connect, kit):
    def at_once(peer, asked):
        peer.send(b"".join(kit.pack(kit.reply_packet(each, kit.good_response(each))) for each in asked))

    there = gateway(serve_batches(kit, at_once))
    assert all_right(connect(there).capital_flow(CODES), kit)


def test_both_interfaces_on_one_connection_are_told_apart(gateway, connect, kit):
    there = gateway()
    client = connect(there)
    for code in CODES:
        assert kit.has_value(client.capital_flow(code), code)
        assert (client.capital_distribution(code) == kit.value_of(code)).all(axis=None)
    assert there.connections == 1


def test_a_big_answer_arrives_whole(gateway, connect, kit):
    """Far more than fits a socket's buffer, below the limit of 16 MiB."""
    rows = 100_000

    def big(peer, asked):
        response = kit.good_response(asked[0])
        del response.s2c.flowItemList[:]
        for number in range(rows):
            response.s2c.flowItemList.add(inFlow=number, timestamp=kit.nine_thirty + number)
        peer.reply(asked[0], response)

    frame = connect(gateway(serve_batches(kit, big, 1))).capital_flow(CODE)
    assert frame["in_flow"].tolist() == list(range(rows))


def test_whether_it_is_an_opend_is_asked_only_before_it_has_spoken_like_one(
    gateway, make_client, connect, kit
):
    def broken(peer, asked):
        peer.send(b"HTTP/1.1 400")

    open_one = connect(gateway(serve_batches(kit, broken, 1)))
    closed_one = make_client(gateway(lambda peer: peer.send(b"HTTP/1.1 400") or peer.until_gone()))
    told = []
    for client in (open_one, closed_one):
        with pytest.raises(ProtocolError, match="a packet begins with b'HT'") as caught:
            client.capital_flow(CODE)
        told.append(str(caught.value).partition("b'FT'")[2])
    assert told == ["", ". Is this an OpenD, and is the port its API port?"]
