"""The worked packets of the protocol, byte for byte: made by the vendor's SDK, not by us.

What a client sends, and what a gateway answers to it: each is packed by our conversations out of the same
contents, and read by the other side.
"""

import json
from dataclasses import replace

import numpy as np
import pytest

from pd_capflow.errors import UnknownSecurityError
from pd_capflow.flow.queries import CapitalDistribution, CapitalFlow
from pd_capflow.protocol.body import BodyFormat, decode_body, encode_body
from pd_capflow.protocol.conversation import ClientConversation, ServerConversation
from pd_capflow.protocol.events import Asked, Opened, Pushed, Replied
from pd_capflow.protocol.messages import CAPITAL_FLOW, GLOBAL_STATE, INIT_CONNECT, KEEP_ALIVE, METHODS, NOTIFY
from pd_capflow.protocol.wire import CLIENT_BODY_LIMIT, HEADER, Packet, TcpWire

F1_INIT = bytes.fromhex(
    "4654e90300000000e90300002800000085a9e559ffd2b280eb0b8a2c51cf71cb67ff66d200000000000000000a2608ac02120850"
    "794e6f726d616c180120ffffffffffffffffff0128003206507974686f6e3800"
)
F2_INTRADAY = bytes.fromhex(
    "46548b0c00000000ea03000014000000a1775dac979a17fddf1bca6ad1b0fabebc62a3c900000000000000000a120a0908011205"
    "30303730301001a206020800"
)
F3_DAYS = bytes.fromhex(
    "46548b0c00000000eb0300003e00000019b5b226522783272491993e440002f5f3b2bf4800000000000000000a3c0a0908011205"
    "303037303010021a13323032342d30312d30322030303a30303a30302213323032352d30312d30312032333a35393a3539a20602"
    "0800"
)
F4_KEEP_ALIVE = bytes.fromhex(
    "4654ec0300000000ed03000008000000a574904e7c778af7b84d66bebdfda3c5553a555800000000000000000a060880e2cfaa06"
)
F5_ALIVE = bytes.fromhex(
    "4654ec0300000000ed0300000a0000003cd6e245a2d65f07ac2427fa55a81752c27efded0000000000000000080022060880e2cf"
    "aa06"
)
F6_DISTRIBUTION = bytes.fromhex(
    "46548c0c00000000ee03000012000000dc9958a8db4983e99e2f441f6e558690d56b67a900000000000000000a100a0908011205"
    "3030373030a206020800"
)
F7_STATE = bytes.fromhex(
    "4654ea0300000000f003000004000000fec47a46146e1892547e13cd580602c22c98b9aa00000000000000000a020800"
)
F8_ROWS = bytes.fromhex(
    "46548b0c00000000ea030000b8000000234715080466791a144872c4182c43a8adaad9f9000000000000000008001200180022af"
    "010a4b0900000000000000001213323032352d30312d30322030393a33303a303019000000067bddd94129000000000000000031"
    "00000000000000003900000000000000004100000000000000000a4b090000008060e336c11213323032352d30312d3032203039"
    "3a33313a303019000000157bddd941290000000080842ec13100000000c05c25c13900000000804f02414100000000f069e84012"
    "13323032352d30312d30322030393a33303a3431"
)
F9_REFUSAL = bytes.fromhex(
    "46548b0c00000000eb0300001f000000ad37b64ca2a73e849873e6eef3ff5e3889a3d91d000000000000000008ffffffffffffff"
    "ffff011210e69caae79fa5e882a1e7a5a82058595a1800"
)
F10_PUSH = bytes.fromhex(
    "4654eb0300000000010000000c000000ae9c421157b57a9cc3a443c8e7b94cb740c5fa7900000000000000000800220808032204"
    "08011000"
)
F11_STATE = bytes.fromhex(
    "4654ea0300000000f00300003a000000439f553171c97ed0484f9c26325d16d23594b4e000000000000000000800120018002232"
    "0806100b1806200628113001380040f30748c4375080e2cfaa065900001040fc54d9416202080a80018180f09d99ddbf9261"
)
F12_WELCOME = bytes.fromhex(
    "080012001800223a08f3071081ade204188180f09d99ddbf926122103031323334353637383961626364656628"
    "0a3210666564636261393837363534333231303801"
)
F13_HEADER = bytes.fromhex(
    "46548b0c00000100ef03000097000000c3746c811553f8024ff1c33ebfacbd4824568a6d0000000000000000"
)
F13_JSON = F13_HEADER + (
    json.dumps(
        {
            "c2s": {
                "security": {"market": 1, "code": "00700"},
                "periodType": 1,
                "header": {"securityFirm": 0},
            }
        },
        indent=2,
    ).encode()
)

SERIAL = 1001
TENCENT = CapitalFlow("HK.00700")


def packet_of(data):
    wire = TcpWire(CLIENT_BODY_LIMIT)
    wire.receive_data(data)
    packet = wire.next_packet()
    assert packet is not None
    assert wire.next_packet() is None
    return packet


def welcome():
    return replace(packet_of(F1_INIT), body=F12_WELCOME)


def opened_client(first_serial):
    """Return a client after its handshake, whose next serial number is the one given."""
    client = ClientConversation(client_id="PyNormal", first_serial=first_serial - 1)
    client.open()
    client.data_to_send()
    packed = TcpWire(CLIENT_BODY_LIMIT).pack(replace(welcome(), serial_no=first_serial - 1))
    client.receive_data(packed)
    (event,) = client.events_received()
    assert isinstance(event, Opened)
    return client


def opened_server():
    server = ServerConversation()
    server.receive_data(F1_INIT)
    (asked,) = server.events_received()
    server.accept(asked, decode_body(INIT_CONNECT.response, F12_WELCOME, BodyFormat.PROTOBUF))
    server.data_to_send()
    return server


# --- What a client sends ----------------------------------------------------------------------------------


def test_f1_init_connect():
    client = ClientConversation(client_id="PyNormal", first_serial=SERIAL)
    client.open()
    assert b"".join(client.data_to_send()) == F1_INIT


@pytest.mark.parametrize(
    ("query", "serial", "packed"),
    [
        (TENCENT, 1002, F2_INTRADAY),
        (CapitalFlow("HK.00700", "day", "2024-01-02", "2025-01-01"), 1003, F3_DAYS),
        (CapitalDistribution("HK.00700"), 1006, F6_DISTRIBUTION),
    ],
    ids=["F2", "F3", "F6"],
)
def test_f2_f3_f6_queries(query, serial, packed):
    client = opened_client(serial)
    assert client.request(query.method, query.request()) == serial
    assert b"".join(client.data_to_send()) == packed


def test_f4_keep_alive():
    client = opened_client(1005)
    client.tick(now=8.0, unix_time=1_700_000_000)
    assert b"".join(client.data_to_send()) == F4_KEEP_ALIVE


def test_f7_global_state():
    client = opened_client(1008)
    request = GLOBAL_STATE.request()
    request.c2s.userID = 0
    client.request(GLOBAL_STATE, request)
    assert b"".join(client.data_to_send()) == F7_STATE


@pytest.mark.parametrize(
    "packed",
    [F1_INIT, F2_INTRADAY, F3_DAYS, F4_KEEP_ALIVE, F6_DISTRIBUTION, F7_STATE, F13_JSON],
    ids=["F1", "F2", "F3", "F4", "F6", "F7", "F13"],
)
def test_a_gateway_reads_what_a_client_sends(packed):
    server = ServerConversation() if packed is F1_INIT else opened_server()
    server.receive_data(packed)
    (asked,) = server.events_received()
    assert isinstance(asked, Asked)
    assert asked.fault is None
    assert encode_body(asked.message, BodyFormat.PROTOBUF) == asked.packet.body or packed is F13_JSON


# --- What a gateway sends ---------------------------------------------------------------------------------


def test_f5_keep_alive_answered():
    server = opened_server()
    server.receive_data(F4_KEEP_ALIVE)
    (asked,) = server.events_received()
    response = KEEP_ALIVE.response(retType=0)
    response.s2c.time = asked.message.c2s.time
    server.reply(asked, response)
    assert b"".join(server.data_to_send()) == F5_ALIVE


def test_f5_keeps_a_client_quiet():
    client = opened_client(1005)
    client.tick(now=8.0, unix_time=1_700_000_000)
    client.receive_data(F5_ALIVE, now=9.0)
    assert client.events_received() == []
    assert not client.pending


def test_f8_rows_are_read():
    client = opened_client(1002)
    client.request(CAPITAL_FLOW, TENCENT.request())
    client.receive_data(F8_ROWS)
    (event,) = client.events_received()
    assert isinstance(event, Replied)
    columns = TENCENT.read(event.message)
    assert columns.time.tolist() == [1_735_781_400_000_000, 1_735_781_460_000_000]
    assert columns.last_valid_time == "2025-01-02T09:30:41+08:00"
    nan = np.nan
    np.testing.assert_array_equal(
        columns.amounts,
        [[0, nan, 0, 0, 0, 0], [-1_500_000.5, nan, -1_000_000, -700_000, 150_000, 49_999.5]],
    )


def test_f8_rows_are_packed():
    server = opened_server()
    server.receive_data(F2_INTRADAY)
    (asked,) = server.events_received()
    response = CAPITAL_FLOW.response(retType=0, retMsg="", errCode=0)
    for text, stamp, tiers in [
        ("2025-01-02 09:30:00", 1_735_781_400, (0, 0, 0, 0)),
        ("2025-01-02 09:31:00", 1_735_781_460, (-1_000_000, -700_000, 150_000, 49_999.5)),
    ]:
        item = response.s2c.flowItemList.add(inFlow=sum(tiers), time=text, timestamp=stamp)
        item.superInFlow, item.bigInFlow, item.midInFlow, item.smlInFlow = tiers
    response.s2c.lastValidTime = "2025-01-02 09:30:41"
    server.reply(asked, response)
    assert b"".join(server.data_to_send()) == F8_ROWS


def test_f9_a_refusal_is_read():
    client = opened_client(1003)
    client.request(CAPITAL_FLOW, TENCENT.request())
    client.receive_data(F9_REFUSAL)
    (event,) = client.events_received()
    with pytest.raises(UnknownSecurityError) as caught:
        TENCENT.read(event.message)
    assert (caught.value.ret_type, caught.value.ret_msg, caught.value.err_code) == (-1, "未知股票 XYZ", 0)


def test_f9_a_refusal_is_packed():
    server = opened_server()
    server.receive_data(F3_DAYS)
    (asked,) = server.events_received()
    server.refuse(asked, "未知股票 XYZ")
    assert b"".join(server.data_to_send()) == F9_REFUSAL


def test_f10_a_push_is_read():
    client = opened_client(1002)
    client.receive_data(F10_PUSH)
    (event,) = client.events_received()
    assert isinstance(event, Pushed)
    assert event.proto_id == NOTIFY.proto_id
    status = event.message.s2c.connectStatus
    assert (status.qotLogined, status.trdLogined) == (True, False)


def test_f10_a_push_is_packed():
    server = opened_server()
    response = NOTIFY.response(retType=0)
    response.s2c.type = 3
    response.s2c.connectStatus.qotLogined = True
    response.s2c.connectStatus.trdLogined = False
    server.push(NOTIFY, response)
    assert b"".join(server.data_to_send()) == F10_PUSH


def test_f11_a_global_state_is_read():
    client = opened_client(1008)
    request = GLOBAL_STATE.request()
    request.c2s.userID = 0
    client.request(GLOBAL_STATE, request)
    client.receive_data(F11_STATE)
    (event,) = client.events_received()
    s2c = event.message.s2c
    assert (s2c.marketHK, s2c.marketUS, s2c.marketSH, s2c.marketSZ, s2c.marketHKFuture) == (6, 11, 6, 6, 17)
    assert (s2c.qotLogined, s2c.trdLogined) == (True, False)
    assert (s2c.serverVer, s2c.serverBuildNo, s2c.connID) == (1011, 7108, 7_000_000_000_000_000_001)


def test_f12_a_welcome_is_read():
    client = ClientConversation(client_id="PyNormal", first_serial=SERIAL)
    client.open()
    client.receive_data(TcpWire(CLIENT_BODY_LIMIT).pack(welcome()))
    (event,) = client.events_received()
    assert (event.connection_id, event.keep_alive_interval, event.server_version, event.demo) == (
        7_000_000_000_000_000_001,
        10.0,
        1011,
        "",
    )


# --- JSON -------------------------------------------------------------------------------------------------


def test_f13_json_says_what_f2_says():
    packet = packet_of(F13_JSON)
    assert (packet.proto_id, packet.serial_no, packet.body_format) == (3211, 1007, BodyFormat.JSON)
    message = decode_body(CAPITAL_FLOW.request, packet.body, packet.body_format)
    assert encode_body(message, BodyFormat.PROTOBUF) == F2_INTRADAY[HEADER.size :]


def test_f13_json_is_written_as_the_sdk_writes_it():
    packed = TcpWire(CLIENT_BODY_LIMIT).pack(
        Packet(3211, 1007, encode_body(TENCENT.request(), BodyFormat.JSON), BodyFormat.JSON)
    )
    assert packed == F13_JSON


# --- Any of them ------------------------------------------------------------------------------------------

ALL = [
    F1_INIT,
    F2_INTRADAY,
    F3_DAYS,
    F4_KEEP_ALIVE,
    F5_ALIVE,
    F6_DISTRIBUTION,
    F7_STATE,
    F8_ROWS,
    F9_REFUSAL,
    F10_PUSH,
    F11_STATE,
    F13_JSON,
]


@pytest.mark.parametrize("packed", ALL)
def test_packing_undoes_unpacking(packed):
    assert TcpWire(CLIENT_BODY_LIMIT).pack(packet_of(packed)) == packed


@pytest.mark.parametrize("packed", [one for one in ALL if one is not F13_JSON])
def test_our_schema_knows_every_field(packed):
    packet = packet_of(packed)
    method = METHODS[packet.proto_id]
    answers = packet.body.startswith(b"\x08")  # retType, which no request has
    message = decode_body(method.response if answers else method.request, packet.body, packet.body_format)
    message.DiscardUnknownFields()
    assert encode_body(message, packet.body_format) == packet.body
