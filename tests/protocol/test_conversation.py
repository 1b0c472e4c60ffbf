"""Both ends of the conversation, joined by bytes: no socket, no clock, no port."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.errors import CapflowError, DisconnectedError, HandshakeError, ProtocolError
from pd_capflow.protocol.body import BodyFormat
from pd_capflow.protocol.conversation import ClientConversation, ServerConversation, State
from pd_capflow.protocol.events import Asked, Broken, Heard, Opened, Pushed, Quiet, Replied
from pd_capflow.protocol.messages import CAPITAL_FLOW, INIT_CONNECT, KEEP_ALIVE, NOTIFY
from pd_capflow.protocol.wire import CLIENT_BODY_LIMIT, Packet, TcpWire


def _question(code="00700"):
    request = CAPITAL_FLOW.request()
    request.c2s.security.market = 1
    request.c2s.security.code = code
    return request


def _answer(amount=0.0):
    response = CAPITAL_FLOW.response()
    response.retType = 0
    response.s2c.flowItemList.add().inFlow = amount
    return response


def _welcome(interval=10):
    response = INIT_CONNECT.response()
    response.retType = 0
    response.s2c.serverVer = 1011
    response.s2c.loginUserID = 1
    response.s2c.connID = 5
    response.s2c.connAESKey = "0123456789abcdef"
    response.s2c.keepAliveInterval = interval
    return response


def _sent(machine):
    return b"".join(machine.data_to_send())


def _cut(data, cuts):
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def _open_pair(body_format=BodyFormat.PROTOBUF, *, interval=10):
    client, server = ClientConversation(body_format=body_format), ServerConversation()
    client.open()
    server.receive_data(_sent(client))
    (asked,) = server.events_received()
    server.accept(asked, _welcome(interval))
    client.receive_data(_sent(server))
    (opened,) = client.events_received()
    assert isinstance(opened, Opened)
    return client, server


@given(
    codes=st.lists(st.text("0123456789", min_size=1, max_size=6), min_size=1, max_size=8),
    order=st.randoms(use_true_random=False),
    cuts=st.lists(st.integers(0, 100_000), max_size=12),
    body_format=st.sampled_from(BodyFormat),
)
def test_every_question_gets_its_own_answer_in_any_order_and_chunking(codes, order, cuts, body_format):
    client, server = _open_pair(body_format)
    asked_for = {client.request(CAPITAL_FLOW, _question(code)): code for code in codes}
    for piece in _cut(_sent(client), cuts):
        server.receive_data(piece)
    questions = server.events_received()
    order.shuffle(questions)
    for asked in questions:
        server.reply(asked, _answer(float(asked.message.c2s.security.code)))
    for piece in _cut(_sent(server), cuts):
        client.receive_data(piece)

    replies = client.events_received()
    amounts = {reply.serial_no: reply.message.s2c.flowItemList[0].inFlow for reply in replies}
    assert amounts == {serial: float(code) for serial, code in asked_for.items()}
    assert client.pending == frozenset()


@given(noise=st.binary(min_size=1, max_size=400), opened=st.booleans())
def test_noise_breaks_a_client_with_a_protocol_error_and_nothing_else(noise, opened):
    client = _open_pair()[0] if opened else ClientConversation()
    client.receive_data(noise)
    for event in client.events_received():
        assert isinstance(event, Broken | Pushed)
        if isinstance(event, Broken):
            assert type(event.error) is ProtocolError


@given(noise=st.binary(min_size=1, max_size=400), opened=st.booleans())
def test_noise_breaks_a_gateway_with_a_protocol_error_and_nothing_else(noise, opened):
    server = _open_pair()[1] if opened else ServerConversation()
    server.receive_data(noise)
    for event in server.events_received():
        assert isinstance(event, Asked) or type(event.error) is ProtocolError


@given(body=st.binary(max_size=100))
def test_noise_in_a_reply_breaks_with_the_serial_number_of_the_request(body):
    client, _ = _open_pair()
    serial = client.request(CAPITAL_FLOW, _question())
    client.receive_data(TcpWire(CLIENT_BODY_LIMIT).pack(Packet(3211, serial, body)))
    (event,) = client.events_received()
    if isinstance(event, Broken):
        assert (type(event.error), event.error.serial_no) == (ProtocolError, serial)
    else:
        assert event.message.IsInitialized()


def test_a_broken_conversation_is_deaf_and_keeps_its_first_error():
    client, _ = _open_pair()
    client.receive_data(b"garbage")
    client.receive_data(b"more")
    client.receive_eof()
    (event,) = client.events_received()
    assert isinstance(event.error, ProtocolError)


def test_a_reply_needs_both_the_serial_number_and_the_proto_id():
    client, _ = _open_pair()
    serial = client.request(CAPITAL_FLOW, _question())
    wire = TcpWire(CLIENT_BODY_LIMIT)
    body = _answer().SerializeToString()
    client.receive_data(wire.pack(Packet(9999, serial, body)))  # perhaps a push of a later version
    client.receive_data(wire.pack(Packet(3211, serial + 1, body)))
    assert client.events_received() == []
    client.receive_data(wire.pack(Packet(3211, serial, body)))
    (event,) = client.events_received()
    assert isinstance(event, Replied)


@pytest.mark.parametrize("proto_id", [1001, 1002, 1004, 3212])
def test_another_methods_answer_with_the_number_of_a_request_breaks_the_protocol(proto_id):
    client, _ = _open_pair()
    serial = client.request(CAPITAL_FLOW, _question())
    client.receive_data(TcpWire(CLIENT_BODY_LIMIT).pack(Packet(proto_id, serial, b"\x08\x00")))
    (event,) = client.events_received()
    assert (type(event.error), event.error.serial_no) == (ProtocolError, serial)
    assert f"a packet {proto_id}, and should be a 3211" in str(event.error)


@pytest.mark.parametrize("proto_id", [1002, 3212])
def test_another_methods_answer_to_nothing_that_is_asked_is_a_stray(proto_id):
    client, _ = _open_pair()
    serial = client.request(CAPITAL_FLOW, _question())
    client.receive_data(TcpWire(CLIENT_BODY_LIMIT).pack(Packet(proto_id, serial + 1, b"\x08\x00")))
    assert client.events_received() == []


def test_a_forgotten_request_turns_its_reply_into_a_stray():
    client, server = _open_pair()
    serial = client.request(CAPITAL_FLOW, _question())
    server.receive_data(_sent(client))
    client.forget(serial)
    server.reply(server.events_received()[0], _answer())
    client.receive_data(_sent(server))
    assert client.events_received() == []
    assert client.state is State.OPEN


def test_pushes_are_told_by_their_id_and_numbered_on_their_own():
    client, server = _open_pair()
    notice = NOTIFY.response()
    notice.retType = 0
    notice.s2c.type = 3
    notice.s2c.connectStatus.qotLogined = True
    notice.s2c.connectStatus.trdLogined = False
    server.push(NOTIFY, notice)
    client.receive_data(_sent(server))
    (event,) = client.events_received()
    assert event == Pushed(1003, notice)


def test_a_push_of_unknown_content_is_handed_out_without_a_message():
    client, _ = _open_pair()
    client.receive_data(TcpWire(CLIENT_BODY_LIMIT).pack(Packet(3005, 1, b"whatever")))
    assert client.events_received() == [Pushed(3005, None)]


def test_a_push_that_cannot_be_read_costs_nobody_an_answer():
    client, server = _open_pair()
    serial = client.request(CAPITAL_FLOW, _question())
    client.receive_data(TcpWire(CLIENT_BODY_LIMIT).pack(Packet(1003, 1, b"\xff\xff")))
    server.receive_data(_sent(client))
    server.reply(server.events_received()[0], _answer())
    client.receive_data(_sent(server))
    pushed, replied = client.events_received()
    assert pushed == Pushed(1003, None)
    assert replied.serial_no == serial


def test_a_push_may_share_a_number_with_a_request():
    client, _ = _open_pair()
    serial = client.request(CAPITAL_FLOW, _question())
    client.receive_data(TcpWire(CLIENT_BODY_LIMIT).pack(Packet(3005, serial, b"")))
    assert client.events_received() == [Pushed(3005, None)]
    assert client.pending == {serial}


def test_serial_numbers_begin_anew_before_they_run_out():
    client, server = ClientConversation(first_serial=2**32 - 2), ServerConversation()
    client.open()
    server.receive_data(_sent(client))
    server.accept(server.events_received()[0], _welcome())
    client.receive_data(_sent(server))
    serials = [client.request(CAPITAL_FLOW, _question()) for _ in range(2)]
    assert serials == [2**32 - 1, 1]


def test_keep_alives_are_due_at_four_fifths_of_the_interval_the_gateway_gave():
    client = ClientConversation()
    assert client.due is None
    client.open()
    server = ServerConversation()
    server.receive_data(_sent(client))
    server.accept(server.events_received()[0], _welcome(interval=10))
    client.receive_data(_sent(server), now=100.0)
    assert client.due == 108.0

    client.tick(now=107.9, unix_time=1_700_000_000)
    assert _sent(client) == b""
    client.tick(now=108.0, unix_time=1_700_000_000)
    server.receive_data(_sent(client))
    (asked,) = server.events_received()
    assert (asked.method, asked.message.c2s.time) == (KEEP_ALIVE, 1_700_000_000)
    assert client.due == 116.0


@pytest.mark.parametrize(("asked", "due"), [(0, 0.8), (-5, 0.8), (2**31 - 1, 2880.0)])
def test_an_absurd_keep_alive_interval_is_brought_into_bounds(asked, due):
    client, _ = _open_pair(interval=asked)
    assert client.due == pytest.approx(due)


def test_a_silent_gateway_is_quiet_after_two_intervals_and_gone_after_three():
    """At these very times: each of them is one of those at which something is due."""
    client, _ = _open_pair(interval=10)
    dues, events = [], []
    while not client.is_broken:
        dues.append(client.due)
        client.tick(now=client.due, unix_time=0)
        events.append([type(event) for event in client.events_received()])
    assert dues == [8.0, 16.0, 20.0, 24.0, 30.0]
    assert events == [[], [], [Quiet], [], [Broken]]
    assert client.due is None


def test_the_end_by_silence_is_a_disconnect():
    client, _ = _open_pair(interval=10)
    client.tick(now=30.0, unix_time=0)
    (event,) = client.events_received()
    assert isinstance(event.error, DisconnectedError)
    assert "nothing for 30 s" in str(event.error)


def test_any_byte_ends_the_quiet():
    client, _ = _open_pair(interval=10)
    client.tick(now=20.0, unix_time=0)
    assert client.events_received() == [Quiet()]
    client.receive_data(b"F", now=29.0)
    assert client.events_received() == [Heard()]
    client.tick(now=48.0, unix_time=0)
    assert client.events_received() == []
    client.tick(now=49.0, unix_time=0)
    assert client.events_received() == [Quiet()]


def test_an_end_before_the_handshake_is_a_handshake_error_and_after_it_a_disconnect():
    early = ClientConversation()
    early.open()
    early.receive_eof()
    late, _ = _open_pair()
    late.receive_eof()
    error = early.events_received()[0].error
    assert type(error) is HandshakeError
    assert str(error).endswith(
        "InitConnect. If OpenD has an RSA key (its setting rsa_private_key), name the same file as rsa_key="
    )
    assert type(late.events_received()[0].error) is DisconnectedError


def test_a_refused_session_tells_the_gateways_reason_on_one_line():
    client, server = ClientConversation(), ServerConversation()
    client.open()
    server.receive_data(_sent(client))
    server.refuse(server.events_received()[0], "版本过低\nupdate \x1b[31mnow")
    client.receive_data(_sent(server))
    (event,) = client.events_received()
    assert type(event.error) is HandshakeError
    assert "版本过低\\nupdate \\x1b[31mnow" in str(event.error)


def test_a_session_without_contents_breaks_the_protocol():
    client, server = ClientConversation(), ServerConversation()
    client.open()
    server.receive_data(_sent(client))
    server.refuse(server.events_received()[0], "", ret_type=0)
    client.receive_data(_sent(server))
    assert type(client.events_received()[0].error) is ProtocolError


def test_no_request_goes_out_before_the_handshake():
    with pytest.raises(RuntimeError, match="NEW"):
        ClientConversation().request(CAPITAL_FLOW, _question())


def test_a_first_packet_that_is_not_init_connect_is_refused_and_ends_it():
    server = ServerConversation()
    body = _question().SerializeToString()
    server.receive_data(TcpWire(CLIENT_BODY_LIMIT).pack(Packet(3211, 9, body)))
    (event,) = server.events_received()
    assert isinstance(event.error, CapflowError)
    wire = TcpWire(CLIENT_BODY_LIMIT)
    wire.receive_data(_sent(server))
    packet = wire.next_packet()
    assert (packet.proto_id, packet.serial_no) == (3211, 9)
    assert CAPITAL_FLOW.response.FromString(packet.body).retType == -1


def test_a_question_in_the_same_segment_as_init_connect_is_not_the_first_packet():
    client, server = ClientConversation(), ServerConversation()
    client.open()
    first = _sent(client)
    question = TcpWire(CLIENT_BODY_LIMIT).pack(Packet(3211, 2, _question().SerializeToString()))
    server.receive_data(first + question)
    assert [event.method for event in server.events_received()] == [INIT_CONNECT, CAPITAL_FLOW]


def test_a_body_that_cannot_be_read_is_the_owners_to_refuse():
    _, server = _open_pair()
    server.receive_data(TcpWire(CLIENT_BODY_LIMIT).pack(Packet(3211, 3, b"\xff")))
    (asked,) = server.events_received()
    assert (asked.message, type(asked.fault)) == (None, ProtocolError)


def test_an_unknown_method_is_the_owners_to_refuse():
    _, server = _open_pair()
    server.receive_data(TcpWire(CLIENT_BODY_LIMIT).pack(Packet(9999, 3, b"")))
    (asked,) = server.events_received()
    assert (asked.method, asked.fault) == (None, None)
