"""The neighbours of capital flow over real sockets: what they serve, and what they refuse."""

from __future__ import annotations

import pytest

from pd_capflow.gateway import Limit
from pd_capflow.gateway.handlers import HANDLERS, PACED, is_counted
from pd_capflow.gateway.limits import RateLimiter
from pd_capflow.protocol.messages import (
    CAPITAL_DISTRIBUTION,
    CAPITAL_FLOW,
    HISTORY_KL,
    KEEP_ALIVE,
    MARKET_STATE,
    METHODS,
    PLATE_SECURITY,
    PLATE_SET,
    SNAPSHOT,
    STATIC_INFO,
    TRADE_DATE,
    USER_SECURITY,
    USER_SECURITY_GROUP,
)


@pytest.fixture
def client(gateway_at, raw):
    return raw(gateway_at()[1])


def codes_request(method, *symbols, market=1):
    request = method.request()
    request.c2s.SetInParent()
    for symbol in symbols:
        request.c2s.securityList.add(market=market, code=symbol)
    return request


def history_request(symbol="00700", **fields):
    request = HISTORY_KL.request()
    request.c2s.security.market, request.c2s.security.code = 1, symbol
    given = {"rehabType": 0, "klType": 2, "beginTime": "2025-05-26", "endTime": "2025-06-04"} | fields
    for name, value in given.items():
        setattr(request.c2s, name, value)
    return request


def test_a_snapshot_agrees_with_flow_and_candlesticks(client):
    snapshot = client.ask(SNAPSHOT, codes_request(SNAPSHOT, "00700")).s2c.snapshotList[0]
    basic, equity = snapshot.basic, snapshot.equityExData
    candle = client.ask(HISTORY_KL, history_request()).s2c.klList[-1]
    assert (basic.curPrice, basic.openPrice) == (candle.closePrice, candle.openPrice)
    assert (basic.highPrice, basic.lowPrice) == (candle.highPrice, candle.lowPrice)
    assert (basic.volume, basic.turnover) == (candle.volume, candle.turnover)
    assert (basic.lastClosePrice, basic.turnoverRate) == (candle.lastClosePrice, candle.turnoverRate)
    assert equity.peRate == candle.pe
    request = CAPITAL_DISTRIBUTION.request()
    request.c2s.security.market, request.c2s.security.code = 1, "00700"
    gross = client.ask(CAPITAL_DISTRIBUTION, request).s2c
    tiers = ("Super", "Big", "Mid", "Small")
    assert basic.turnover == sum(
        getattr(gross, f"capital{way}{tier}") for way in ("In", "Out") for tier in tiers
    )
    assert basic.updateTime == gross.updateTime == "2025-06-04 11:30:20"
    assert (basic.name, basic.lotSize, basic.listTime) == ("TENCENT", 100, "2004-06-16")


def test_a_fund_has_no_fundamentals(client):
    snapshot = client.ask(SNAPSHOT, codes_request(SNAPSHOT, "02800")).s2c.snapshotList[0]
    assert snapshot.basic.type == 4
    assert not snapshot.HasField("equityExData")
    candle = client.ask(HISTORY_KL, history_request("02800")).s2c.klList[-1]
    assert not candle.HasField("pe")


@pytest.mark.parametrize("method", [SNAPSHOT, STATIC_INFO, MARKET_STATE], ids=lambda method: method.name)
def test_one_unknown_code_fails_its_whole_batch(client, method):
    response = client.ask(method, codes_request(method, "00700", "99999", "09988"))
    assert (response.retType, response.retMsg) == (-1, "unknown stock 99999")
    assert not response.HasField("s2c")


@pytest.mark.parametrize("method", [SNAPSHOT, STATIC_INFO, MARKET_STATE], ids=lambda method: method.name)
def test_400_codes_are_served_and_one_more_is_not(client, method):
    symbols = [f"{number:05}" for number in range(1, 402)]
    assert client.ask(method, codes_request(method, *symbols[:400])).retType == 0
    response = client.ask(method, codes_request(method, *symbols))
    assert (response.retType, response.retMsg) == (-1, "请求个数超过限制")


def test_static_information_is_told_of_a_whole_market(client):
    request = STATIC_INFO.request()
    request.c2s.market, request.c2s.secType = 1, 4
    (info,) = client.ask(STATIC_INFO, request).s2c.staticInfoList
    assert (info.basic.name, info.basic.security.code, info.basic.exchType) == ("TRACKER FUND", "02800", 1)


def test_plates_lead_to_their_members(client):
    request = PLATE_SET.request()
    request.c2s.market, request.c2s.plateSetType = 1, 0
    plates = client.ask(PLATE_SET, request).s2c.plateInfoList
    assert [plate.plate.code for plate in plates] == ["BK1001", "BK1002", "BK1003"]
    request = PLATE_SECURITY.request()
    request.c2s.plate.CopyFrom(plates[0].plate)
    members = client.ask(PLATE_SECURITY, request).s2c.staticInfoList
    codes = [member.basic.security.code for member in members]
    assert codes == sorted(codes)
    request.c2s.ascend = False
    members = client.ask(PLATE_SECURITY, request).s2c.staticInfoList
    assert [member.basic.security.code for member in members] == codes[::-1]
    request.c2s.plate.code = "BK9999"
    assert client.ask(PLATE_SECURITY, request).retMsg == "unknown stock BK9999"


def test_the_mainland_has_one_set_of_plates(client):
    request = PLATE_SET.request()
    request.c2s.plateSetType = 1
    request.c2s.market = 21
    shanghai = client.ask(PLATE_SET, request)
    request.c2s.market = 22
    assert client.ask(PLATE_SET, request) == shanghai
    assert len(shanghai.s2c.plateInfoList) == 2


@pytest.mark.parametrize(("language", "text"), [("en", "Unknown watchlists"), ("chs", "未知自选股分组")])
def test_watchlists_have_members_and_others_are_unknown(gateway_at, raw, language, text):
    client = raw(gateway_at(language=language)[1])
    request = USER_SECURITY_GROUP.request()
    for kind, names in ((3, ["Favorites", "Tech"]), (1, ["Tech"]), (2, ["Favorites"])):
        request.c2s.groupType = kind
        found = client.ask(USER_SECURITY_GROUP, request).s2c.groupList
        assert [group.groupName for group in found] == names
    request = USER_SECURITY.request()
    request.c2s.groupName = "Tech"
    members = client.ask(USER_SECURITY, request).s2c.staticInfoList
    assert members[0].basic.security.code == "00700"
    request.c2s.groupName = "No such"
    assert client.ask(USER_SECURITY, request).retMsg == text


def test_sessions_are_told_to_the_end_of_the_year(client):
    request = TRADE_DATE.request()
    request.c2s.market, request.c2s.beginTime, request.c2s.endTime = 1, "2025-12-26", "2027-01-01"
    days = client.ask(TRADE_DATE, request).s2c.tradeDateList
    assert [day.time for day in days] == ["2025-12-26", "2025-12-29", "2025-12-30", "2025-12-31"]
    assert days[0].timestamp == 1766678400
    request.c2s.market = 2
    request.c2s.security.market, request.c2s.security.code = 1, "00700"  # and not New York
    assert client.ask(TRADE_DATE, request).s2c.tradeDateList[0].timestamp == 1766678400


def test_candlesticks_come_in_pages(client):
    request = history_request(klType=1, beginTime="2025-06-02", endTime="2025-06-03", maxAckKLNum=200)
    times, pages = [], 0
    while True:
        s2c = client.ask(HISTORY_KL, request).s2c
        times += [candle.timestamp for candle in s2c.klList]
        pages += 1
        if not s2c.HasField("nextReqKey"):
            break
        request.c2s.nextReqKey = s2c.nextReqKey
    assert pages == 4
    request = history_request(klType=1, beginTime="2025-06-02", endTime="2025-06-03")
    whole = client.ask(HISTORY_KL, request).s2c
    assert times == [candle.timestamp for candle in whole.klList]
    assert len(times) == 662
    assert not whole.HasField("nextReqKey")


@pytest.mark.parametrize("klType", [2, 3, 4])
def test_a_page_goes_on_where_the_last_one_ended(client, klType):  # noqa: N803  # the field's name
    fields = {"klType": klType, "beginTime": "2024-01-01"}
    whole = client.ask(HISTORY_KL, history_request(**fields)).s2c.klList
    first = client.ask(HISTORY_KL, history_request(**fields, maxAckKLNum=5)).s2c
    rest = client.ask(HISTORY_KL, history_request(**fields, nextReqKey=first.nextReqKey)).s2c
    assert [*first.klList, *rest.klList] == list(whole)


@pytest.mark.parametrize(
    "fields",
    [
        {"klType": 99},
        {"rehabType": 7},
        {"beginTime": "soon"},
        {"nextReqKey": b"x"},
        {"nextReqKey": b"9" * 40},
        {"klType": 1, "nextReqKey": b"-1"},
    ],
    ids=str,
)
def test_candlesticks_that_cannot_be_meant_are_refused(client, fields):
    response = client.ask(HISTORY_KL, history_request(**fields))
    assert (response.retType, response.retMsg) == (-1, f"wrong parameter: {list(fields)[-1]}")


@pytest.mark.parametrize(
    ("method", "fields", "name"),
    [
        (SNAPSHOT, {}, "securityList"),
        (STATIC_INFO, {"market": 999}, "market"),
        (PLATE_SET, {"market": 1, "plateSetType": 9}, "plateSetType"),
        (TRADE_DATE, {"market": 77, "beginTime": "2025-01-01", "endTime": "2025-01-02"}, "market"),
        (TRADE_DATE, {"market": 1, "beginTime": "soon", "endTime": "2025-01-02"}, "beginTime"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_parameters_without_meaning_are_refused(client, method, fields, name):
    request = method.request()
    request.c2s.SetInParent()
    for field, value in fields.items():
        setattr(request.c2s, field, value)
    assert client.ask(method, request).retMsg == f"wrong parameter: {name}"


def test_markets_are_open_or_not(client):
    info = client.ask(MARKET_STATE, codes_request(MARKET_STATE, "00700")).s2c.marketInfoList[0]
    assert (info.name, info.marketState) == ("TENCENT", 3)
    info = client.ask(MARKET_STATE, codes_request(MARKET_STATE, "AAPL", market=11)).s2c.marketInfoList[0]
    assert (info.name, info.marketState) == ("Apple", 6)


# --- What counts ----------------------------------------------------------------------------------------


def test_what_has_a_budget_is_counted_and_has_a_handler():
    counted = {method for method in METHODS.values() if method.requests is not None}
    assert set(PACED) == counted == {method for method in HANDLERS if method.requests is not None}


@pytest.mark.parametrize(
    ("method", "requests"), [(CAPITAL_FLOW, 30), (SNAPSHOT, 60), (HISTORY_KL, 60), (PLATE_SET, 10)]
)
def test_each_interface_is_granted_its_own_number(method, requests):
    limiter = RateLimiter(Limit(), timer=lambda: 0.0)
    assert [limiter.grants(method.proto_id) for _ in range(requests + 1)] == [True] * requests + [False]
    assert limiter.requests(method.proto_id) == requests


def test_another_limit_is_shared_out_in_proportion():
    limiter = RateLimiter(Limit(3, 30.0))
    assert [limiter.requests(method.proto_id) for method in (CAPITAL_FLOW, SNAPSHOT, PLATE_SET)] == [3, 6, 1]


def test_later_pages_are_not_counted():
    request = history_request()
    assert is_counted(HISTORY_KL, request.c2s)
    request.c2s.nextReqKey = b"1"
    assert not is_counted(HISTORY_KL, request.c2s)
    assert not is_counted(KEEP_ALIVE, KEEP_ALIVE.request().c2s)


@pytest.mark.parametrize(("symbol", "kind", "field"), [("800000", 6, "index"), ("BK1001", 7, "plate")])
def test_indices_and_plates_have_prices_but_no_flow(symbol, kind, field, client):
    """Snapshots, candlesticks, names and states are of anything quoted; capital flow is of what is traded."""
    snapshot = client.ask(SNAPSHOT, codes_request(SNAPSHOT, symbol)).s2c.snapshotList[0]
    candle = client.ask(HISTORY_KL, history_request(symbol)).s2c.klList[-1]
    assert (snapshot.basic.type, snapshot.basic.curPrice) == (kind, candle.closePrice)
    assert (snapshot.basic.lotSize, snapshot.basic.turnoverRate) == (0, 0)
    assert [name for name in ("index", "plate", "equity") if snapshot.HasField(f"{name}ExData")] == [field]
    beside = getattr(snapshot, f"{field}ExData")
    members = {"index": 50, "plate": 5}[field]
    assert beside.raiseCount + beside.fallCount + beside.equalCount == members
    info = client.ask(STATIC_INFO, codes_request(STATIC_INFO, symbol)).s2c.staticInfoList[0].basic
    assert (info.secType, info.name) == (kind, snapshot.basic.name)
    assert client.ask(MARKET_STATE, codes_request(MARKET_STATE, symbol)).retType == 0
    request = CAPITAL_FLOW.request()
    request.c2s.security.market, request.c2s.security.code = 1, symbol
    assert "Only stocks, warrants, and funds" in client.ask(CAPITAL_FLOW, request).retMsg


@pytest.mark.parametrize("symbol", ["BK9999", "HSImain", "99999"])
def test_what_has_no_price_is_unknown_and_not_unsupported(symbol, client):
    """The words about capital flow would mislead whoever asks for a price."""
    assert client.ask(SNAPSHOT, codes_request(SNAPSHOT, symbol)).retMsg == f"unknown stock {symbol}"


def test_the_indices_of_a_market_can_be_listed(client):
    request = STATIC_INFO.request()
    request.c2s.market, request.c2s.secType = 1, 6
    codes = [info.basic.security.code for info in client.ask(STATIC_INFO, request).s2c.staticInfoList]
    assert codes == ["800000", "800100", "800700"]
