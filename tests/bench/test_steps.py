"""What the steps of one call cost, each on its own: 331 rows, and 300 times 331."""

import pytest

from pd_capflow.flow.frames import build_frame
from pd_capflow.flow.queries import CapitalFlow
from pd_capflow.protocol.body import BodyFormat, decode_body
from pd_capflow.protocol.conversation import ClientConversation
from pd_capflow.protocol.messages import CAPITAL_FLOW
from pd_capflow.protocol.wire import CLIENT_BODY_LIMIT, Packet, TcpWire
from tests.bench.canned_gateway import GATEWAY, ROWS, response_of

QUERY = CapitalFlow("HK.00700")
MANY = [CapitalFlow(f"HK.{number:05}") for number in range(1, 301)]
SOURCE = {"url": "tcp://127.0.0.1:11111", "demo": False}


@pytest.fixture(scope="module")
def body():
    return response_of(CAPITAL_FLOW).SerializeToString()


@pytest.fixture(scope="module")
def response(body):
    return decode_body(CAPITAL_FLOW.response, body, BodyFormat.PROTOBUF)


def test_request(benchmark):
    assert benchmark(QUERY.request).c2s.security.code == "00700"


def test_conversation(benchmark, body):
    """Bytes in, event out, with the request before it."""
    wire = TcpWire(CLIENT_BODY_LIMIT)
    client = ClientConversation()
    client.open()
    client.receive_data(wire.pack(Packet(1001, 1, GATEWAY.welcome().SerializeToString())))
    client.events_received()
    request = QUERY.request()

    def exchange(data):
        client.receive_data(data)
        return client.events_received()

    def prepared():
        serial = client.request(CAPITAL_FLOW, request)
        client.data_to_send()
        return (wire.pack(Packet(3211, serial, body)),), {}

    (event,) = benchmark.pedantic(exchange, setup=prepared, rounds=1000)
    assert event.method is CAPITAL_FLOW


def test_decode_body(benchmark, body):
    assert benchmark(decode_body, CAPITAL_FLOW.response, body, BodyFormat.PROTOBUF).retType == 0


def test_read(benchmark, response):
    assert len(benchmark(QUERY.read, response).time) == ROWS


def test_build_one(benchmark, response):
    parts = {QUERY.security: QUERY.read(response)}
    frame = benchmark(
        build_frame, QUERY.shape, [QUERY.security], parts, period="intraday", single=True, source=SOURCE
    )
    assert len(frame) == ROWS


def test_build_300(benchmark, response):
    asked = [query.security for query in MANY]
    parts = {query.security: query.read(response) for query in MANY}
    frame = benchmark(build_frame, QUERY.shape, asked, parts, period="intraday", single=False, source=SOURCE)
    assert len(frame) == len(MANY) * ROWS
