"""The gateway over real sockets: what it serves, and what it refuses as OpenD refuses it."""

from __future__ import annotations

import pytest

from pd_capflow.gateway import Limit
from pd_capflow.gateway.market import InventedMarket
from pd_capflow.gateway.server import MAX_CONNECTIONS
from pd_capflow.protocol.body import BodyFormat, decode_body
from pd_capflow.protocol.messages import (
    CAPITAL_DISTRIBUTION,
    CAPITAL_FLOW,
    GLOBAL_STATE,
    INIT_CONNECT,
    KEEP_ALIVE,
    Method,
)
from pd_capflow.protocol.wire import GATEWAY_BODY_LIMIT, HEADER, MAGIC, Packet


def _flow(market=1, symbol="00700", **fields):
    request = CAPITAL_FLOW.request()
    request.c2s.security.market = market
    request.c2s.security.code = symbol
    for name, value in fields.items():
        setattr(request.c2s, name, value)
    return request


def test_a_session_has_a_number_of_its_own_and_keys_even_without_encryption(gateway_at, raw):
    _, address = gateway_at()
    welcomes = [INIT_CONNECT.response.FromString(raw(address, opened=False).open()).s2c for _ in range(3)]
    assert len({welcome.connID for welcome in welcomes}) == 3
    for welcome in welcomes:
        assert len(welcome.connAESKey) == len(welcome.aesCBCiv) == 16
        assert welcome.keepAliveInterval == 10
        assert "invented" in welcome.demo


def test_intraday_rows_end_at_the_clock_and_their_tiers_add_up(gateway_at, raw):
    _, address = gateway_at()
    response = raw(address).ask(CAPITAL_FLOW, _flow(periodType=1))
    items = response.s2c.flowItemList
    assert (response.retType, response.retMsg, response.errCode) == (0, "", 0)
    assert (items[0].time, items[-1].time) == ("2025-06-04 09:30:00", "2025-06-04 11:31:00")
    assert response.s2c.lastValidTime == "2025-06-04 11:30:20"
    for item in items:
        assert item.inFlow == item.superInFlow + item.bigInFlow + item.midInFlow + item.smlInFlow
        assert not item.HasField("mainInFlow")


@pytest.mark.parametrize("fields", [{}, {"periodType": 0}, {"beginTime": "rubbish"}])
def test_without_a_period_the_latest_session_is_meant_and_dates_are_ignored(gateway_at, raw, fields):
    _, address = gateway_at()
    assert len(raw(address).ask(CAPITAL_FLOW, _flow(**fields)).s2c.flowItemList) == 122


@pytest.mark.parametrize(
    ("begin", "end"), [("2025-05-26", "2025-06-04"), ("2025-05-26 00:00:00", "2025-06-04 23:59:59")]
)
def test_days_have_a_main_flow_and_no_last_valid_time(gateway_at, raw, begin, end):
    _, address = gateway_at()
    client = raw(address)
    days = client.ask(CAPITAL_FLOW, _flow(periodType=2, beginTime=begin, endTime=end)).s2c
    today = client.ask(CAPITAL_FLOW, _flow(periodType=1)).s2c.flowItemList[-1]
    assert len(days.flowItemList) == 8
    assert not days.HasField("lastValidTime")
    for day in days.flowItemList:
        assert day.mainInFlow == day.superInFlow + day.bigInFlow
    assert days.flowItemList[-1].inFlow == today.inFlow


def test_a_week_is_the_sum_of_its_days(gateway_at, raw):
    _, address = gateway_at()
    client = raw(address)
    dates = {"beginTime": "2025-05-26", "endTime": "2025-06-04"}
    days = client.ask(CAPITAL_FLOW, _flow(periodType=2, **dates)).s2c.flowItemList
    weeks = client.ask(CAPITAL_FLOW, _flow(periodType=3, **dates)).s2c.flowItemList
    assert [week.inFlow for week in weeks] == [
        sum(day.inFlow for day in days[:5]),
        sum(day.inFlow for day in days[5:]),
    ]


def test_the_distribution_agrees_with_the_flow(gateway_at, raw):
    _, address = gateway_at()
    client = raw(address)
    last = client.ask(CAPITAL_FLOW, _flow(periodType=1)).s2c.flowItemList[-1]
    request = CAPITAL_DISTRIBUTION.request()
    request.c2s.security.CopyFrom(_flow().c2s.security)
    gross = client.ask(CAPITAL_DISTRIBUTION, request).s2c
    assert gross.capitalInSuper - gross.capitalOutSuper == last.superInFlow
    assert gross.capitalInSmall - gross.capitalOutSmall == last.smlInFlow
    assert gross.updateTime == "2025-06-04 11:30:20"


def test_the_state_tells_which_market_is_open(gateway_at, raw):
    _, address = gateway_at()
    request = GLOBAL_STATE.request()
    request.c2s.userID = 0
    state = raw(address).ask(GLOBAL_STATE, request).s2c
    assert (state.marketHK, state.marketSH, state.marketUS) == (3, 4, 6)
    assert state.qotLogined
    assert state.programStatus.type == 10


@pytest.mark.parametrize("language", ["en", "chs"])
@pytest.mark.parametrize(
    ("market", "symbol", "texts"),
    [
        (1, "99999", ("unknown stock 99999", "未知股票 99999")),
        (11, "NOSUCH", ("unknown stock NOSUCH", "未知股票 NOSUCH")),
        (1, "700", ("unknown stock 700", "未知股票 700")),
        (1, "'; drop", ("unknown stock '; drop", "未知股票 '; drop")),
        (1, "800000", ("Only stocks, warrants, and funds are supported", "只支持正股、窝轮和基金")),
        (77, "00700", ("wrong parameter: security.market", "参数错误: security.market")),
    ],
)
def test_securities_are_refused_in_opends_words(gateway_at, raw, language, market, symbol, texts):
    _, address = gateway_at(language=language)
    response = raw(address).ask(CAPITAL_FLOW, _flow(market, symbol, periodType=1))
    assert response.retType == -1
    assert response.retMsg.startswith(texts[language == "chs"])
    assert not response.HasField("s2c")


@pytest.mark.parametrize("fields", [{"periodType": 9}, {"periodType": 2, "beginTime": "soon"}])
def test_parameters_without_meaning_are_refused(gateway_at, raw, fields):
    _, address = gateway_at()
    response = raw(address).ask(CAPITAL_FLOW, _flow(**fields))
    assert (response.retType, response.retMsg) == (-1, f"wrong parameter: {list(fields)[-1]}")


def test_an_unknown_method_is_refused_and_the_connection_lives(gateway_at, raw):
    _, address = gateway_at()
    client = raw(address)
    response = client.ask(Method(9999, "?", None, KEEP_ALIVE.response, "?"), b"")
    assert (response.retType, response.retMsg) == (-1, "未知的协议ID")
    assert client.ask(CAPITAL_FLOW, _flow()).retType == 0


def test_a_body_that_cannot_be_read_is_refused_and_the_connection_lives(gateway_at, raw):
    _, address = gateway_at()
    client = raw(address)
    assert client.ask(CAPITAL_FLOW, b"\xff\xff").retType == -500
    assert client.ask(CAPITAL_FLOW, _flow()).retType == 0


def test_the_limit_counts_each_interface_over_all_connections(gateway_at, raw):
    gateway, address = gateway_at(limit=Limit(3, 30.0))
    now = [0.0]
    gateway.limiter._timer = lambda: now[0]
    first, second = raw(address), raw(address)
    granted = [client.ask(CAPITAL_FLOW, _flow()).retType for client in (first, second, first)]
    refused = second.ask(CAPITAL_FLOW, _flow())
    assert granted == [0, 0, 0]
    assert refused.retMsg == (
        "Get Capital Flow request failed due to high frequency. Maximum 3 times per 30 seconds."
    )
    request = CAPITAL_DISTRIBUTION.request()
    request.c2s.security.CopyFrom(_flow().c2s.security)
    assert first.ask(CAPITAL_DISTRIBUTION, request).retType == 0
    now[0] = 29.999
    assert first.ask(CAPITAL_FLOW, _flow()).retType == -1
    now[0] = 30.0
    assert first.ask(CAPITAL_FLOW, _flow()).retType == 0


def test_a_keep_alive_is_answered_even_when_the_budget_is_gone(gateway_at, raw):
    _, address = gateway_at(limit=Limit(1, 3600.0))
    client = raw(address)
    client.ask(CAPITAL_FLOW, _flow())
    request = KEEP_ALIVE.request()
    request.c2s.time = 1
    assert client.ask(KEEP_ALIVE, request).s2c.time == 1749007820


def test_a_first_packet_that_is_not_init_connect_is_refused_and_ends_it(gateway_at, raw):
    _, address = gateway_at()
    client = raw(address, opened=False)
    assert client.ask(CAPITAL_FLOW, _flow()).retType == -1
    assert client.packet() is None


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        HEADER.pack(MAGIC, 1001, 0, 0, 1, GATEWAY_BODY_LIMIT + 1, bytes(20), bytes(8)),
        HEADER.pack(MAGIC, 1001, 0, 0, 1, 4, bytes(20), bytes(8)) + b"body",
        HEADER.pack(MAGIC, 1001, 9, 0, 1, 4, bytes(20), bytes(8)),
    ],
    ids=["magic", "length", "hash", "format"],
)
def test_what_breaks_the_layout_ends_the_connection_and_nothing_else(gateway_at, raw, data):
    _, address = gateway_at()
    other, client = raw(address), raw(address, opened=False)
    client.send(data)
    assert client.packet() is None
    assert other.ask(CAPITAL_FLOW, _flow()).retType == 0


def test_json_is_answered_in_json(gateway_at, raw):
    _, address = gateway_at()
    client = raw(address)
    body = b'{"c2s":{"security":{"market":1,"code":"00700"},"periodType":1,"header":{"securityFirm":0}}}'
    client.send(client.wire.pack(Packet(3211, 9, body, BodyFormat.JSON)))
    packet = client.packet()
    assert packet.body_format is BodyFormat.JSON
    response = decode_body(CAPITAL_FLOW.response, packet.body, BodyFormat.JSON)
    assert response == client.ask(CAPITAL_FLOW, _flow(periodType=1))


def test_the_connection_after_the_last_one_is_closed_and_a_free_place_taken_again(gateway_at, raw):
    gateway, address = gateway_at()
    clients = [raw(address) for _ in range(MAX_CONNECTIONS)]
    late = raw(address, opened=False)
    with pytest.raises((ConnectionError, AttributeError)):
        late.open()
    clients[0].close()
    # The gateway sees the end of one connection before or after the beginning of the next.
    for _ in range(1000):
        if gateway.connections < MAX_CONNECTIONS:
            break
        clients[1].ask(CAPITAL_FLOW, _flow())
    assert raw(address).ask(CAPITAL_FLOW, _flow()).retType == 0


def test_requests_in_one_segment_are_all_answered(gateway_at, raw):
    _, address = gateway_at()
    client = raw(address)
    body = _flow(periodType=1).SerializeToString()
    client.send(b"".join(client.wire.pack(Packet(3211, serial, body)) for serial in range(10, 110)))
    assert [client.packet().serial_no for _ in range(100)] == list(range(10, 110))


def test_a_client_that_does_not_read_is_read_no_further(gateway_at, raw):
    """Its answers would pile up in the gateway's memory otherwise."""
    gateway, address = gateway_at()
    client = raw(address)
    packets = client.wire.pack(Packet(3211, 10, _flow(periodType=1).SerializeToString())) * 1000
    client.socket.settimeout(2)
    with pytest.raises(TimeoutError):
        _send_for_ever(client, packets)
    assert raw(address).ask(CAPITAL_FLOW, _flow()).retType == 0
    (stuck,) = (session for session in gateway._sessions if session._stuck)
    assert stuck._transport.get_write_buffer_size() < 200_000


def _send_for_ever(client, data):
    while True:
        client.send(data)


class FailingMarket(InventedMarket):
    """Cannot tell flow, and not for a reason that anybody thought of."""

    def flow(self, *asked):
        raise KeyError("/a/path/that/is/nobody's/business")


@pytest.mark.parametrize(
    ("language", "words"), [("en", "the gateway failed (KeyError)"), ("chs", "KeyError")]
)
def test_a_fault_of_the_gateway_costs_its_request_and_not_the_connection(
    gateway_at, raw, caplog, language, words
):
    _, address = gateway_at(market=FailingMarket(), language=language)
    client = raw(address)
    refused = client.ask(CAPITAL_FLOW, _flow())
    assert refused.retType == -1
    assert words in refused.retMsg
    assert "/a/path" not in refused.retMsg
    assert "/a/path" in caplog.text
    request = KEEP_ALIVE.request()
    request.c2s.time = 1
    assert client.ask(KEEP_ALIVE, request).retType == 0
