"""The queries beside capital flow: what they ask, and how they read what was and what was not sent."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from pd_capflow.errors import GatewayError, ProtocolError, QueryError, UnknownSecurityError
from pd_capflow.flow.queries import (
    History,
    MarketState,
    Plates,
    PlateSecurities,
    Snapshot,
    State,
    StaticInfo,
    TradeDates,
    Watchlist,
    Watchlists,
)

SOURCE = {"url": "tcp://127.0.0.1:11111", "demo": False}
QUERIES = [
    History("HK.00700"),
    MarketState("HK.00700"),
    Plates("HK"),
    PlateSecurities("HK.BK1001"),
    Snapshot("HK.00700"),
    State(),
    StaticInfo("HK.00700"),
    TradeDates("HK"),
    Watchlist("Tech"),
    Watchlists(),
]
OF_CODES = (MarketState, Snapshot, StaticInfo)
CODES = [f"HK.{number:05}" for number in range(1, 1002)]


def success(query):
    response = query.method.response(retType=0)
    response.s2c.SetInParent()
    return response


def result(query, *responses):
    return query.result([query.read(response) for response in responses], SOURCE)


def add_snapshot(response, symbol="00700", market=1, **fields):
    snapshot = response.s2c.snapshotList.add()
    basic = snapshot.basic
    basic.security.market, basic.security.code = market, symbol
    required = {
        "type": 3,
        "isSuspend": False,
        "listTime": "2004-06-16",
        "lotSize": 100,
        "priceSpread": 0.2,
        "updateTime": "2025-06-04 10:43:44",
        "highPrice": 605.0,
        "openPrice": 600.0,
        "lowPrice": 599.0,
        "lastClosePrice": 598.0,
        "curPrice": 601.0,
        "volume": 1000,
        "turnover": 600_500.0,
        "turnoverRate": 0.01,
    }
    for name, value in (required | fields).items():
        setattr(basic, name, value)
    return snapshot


def add_static(response, symbol="00700", market=1, **fields):
    basic = response.s2c.staticInfoList.add().basic
    basic.security.market, basic.security.code = market, symbol
    given = {"id": 1, "lotSize": 100, "secType": 3, "name": "TENCENT", "listTime": "2004-06-16"} | fields
    for name, value in given.items():
        setattr(basic, name, value)


def add_candle(response, time="2025-06-03 00:00:00", **fields):
    response.s2c.security.market, response.s2c.security.code = 1, "00700"
    response.s2c.klList.add(time=time, **({"isBlank": False} | fields))


# --- All of them ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: type(query).__name__)
def test_a_query_is_a_value_that_writes_a_whole_request(query):
    assert dataclasses.replace(query) == query
    assert query.request().IsInitialized()
    assert query.is_paced


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: type(query).__name__)
def test_success_without_contents_is_no_empty_answer(query):
    with pytest.raises(ProtocolError, match="no contents"):
        query.read(query.method.response(retType=0))


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: type(query).__name__)
def test_a_refusal_keeps_its_words(query):
    with pytest.raises(GatewayError, match="NN_ProtoRet_TimeOut") as caught:
        query.read(query.method.response(retType=-1, retMsg="NN_ProtoRet_TimeOut", errCode=4))
    assert (caught.value.ret_type, caught.value.err_code) == (-1, 4)


@pytest.mark.parametrize(
    "query", [query for query in QUERIES if not isinstance(query, (History, State, *OF_CODES))], ids=str
)
def test_no_rows_are_an_empty_frame_whose_facts_fit_into_json(query):
    frame = result(query, success(query))
    assert len(frame) == 0
    facts = frame.attrs["capflow"]
    assert json.loads(json.dumps(facts)) == facts
    assert facts["source"] == SOURCE


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Snapshot([]), "empty list"),
        (lambda: Snapshot("00700"), "names no market"),
        (lambda: StaticInfo(), "empty list"),
        (lambda: StaticInfo("HK.00700", market="HK"), "the one or the other"),
        (lambda: StaticInfo(market="XX"), "unknown market 'XX'"),
        (lambda: StaticInfo(market="HK", kind="cat"), "unknown kind 'cat'"),
        (lambda: Plates("hongkong"), "unknown market"),
        (lambda: Plates("HK", "other"), "'all', 'industry', 'region', 'concept'"),
        (lambda: PlateSecurities("BK1001"), "names no market"),
        (lambda: Watchlist(""), "watchlists"),
        (lambda: Watchlist(None), "watchlists"),
        (lambda: TradeDates("AU"), "'HK', 'US'"),
        (lambda: TradeDates("HK", "soon"), "start='soon'"),
        (lambda: TradeDates("HK", "2025-01-02", "2025-01-01"), "is before"),
        (lambda: History("HK.00700", "intraday"), "'minute', 'day', 'week', 'month'"),
        (lambda: History("HK.00700", adjust="up"), "'none', 'forward', 'backward'"),
        (lambda: History("HK.00700", "day", "2025-01-02", "2025-01-01"), "is before"),
    ],
)
def test_what_cannot_be_asked_says_why(make, reason):
    with pytest.raises(QueryError, match=reason):
        make()


def test_words_may_be_in_any_case():
    assert Plates("hk", "Industry") == Plates("HK", "industry")
    assert History("HK.00700", "DAY", adjust="Forward").adjust == "forward"


# --- Codes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OF_CODES)
@pytest.mark.parametrize("codes", [["HK.00700"], ["HK.00700", "US.AAPL"]])
def test_no_row_for_any_code_is_an_error_and_no_empty_frame(kind, codes):
    query = kind(codes)
    with pytest.raises(GatewayError, match="the gateway sent no row for it") as caught:
        result(query, success(query))
    assert caught.value.code == (codes[0] if len(codes) == 1 else None)
    if len(codes) == 1:
        assert codes[0] in str(caught.value)


@pytest.mark.parametrize("kind", [*OF_CODES, History])
@pytest.mark.parametrize(("market", "symbol"), [(1, "00005"), (11, "00700"), (777, "00700"), (1, "\n" * 99)])
def test_an_answer_about_another_code_breaks_the_protocol(kind, market, symbol):
    query = kind("HK.00700")
    response = success(query)
    if kind is History:
        add_candle(response, closePrice=1.0)
        response.s2c.security.market, response.s2c.security.code = market, symbol
    elif kind is MarketState:
        info = response.s2c.marketInfoList.add(name="", marketState=3)
        info.security.market, info.security.code = market, symbol
    else:
        {Snapshot: add_snapshot, StaticInfo: add_static}[kind](response, symbol, market)
    with pytest.raises(ProtocolError, match="which was not asked about") as caught:
        query.read(response)
    assert len(str(caught.value)) < 100
    assert str(caught.value).isprintable()


def test_a_whole_market_is_whoever_the_gateway_names():
    query = StaticInfo(market="HK")
    response = success(query)
    add_static(response, "00005")
    assert result(query, response).index.tolist() == ["HK.00005"]


@pytest.mark.parametrize("kind", OF_CODES)
def test_codes_are_asked_400_at_a_time_and_each_once(kind):
    query, asked = kind([*CODES, *CODES[:5]]), []
    while query is not None:
        request = query.request()
        assert len(request.c2s.securityList) <= 400
        asked += [f"HK.{security.code}" for security in request.c2s.securityList]
        query = query.follow_up([])
    assert asked == CODES


def test_rows_come_in_the_order_asked_and_missing_ones_are_told():
    query = Snapshot(["US.AAPL", "HK.00001", "HK.00700"])
    response = success(query)
    add_snapshot(response)
    add_snapshot(response, "AAPL", 11, updateTime="2025-06-03 16:00:00")
    frame = result(query, response)
    assert frame.index.tolist() == ["US.AAPL", "HK.00700"]
    facts = frame.attrs["capflow"]
    assert facts["errors"] == {"HK.00001": "the gateway sent no row for it"}
    assert (facts["currency"], facts["tz"]) == (None, "UTC")
    assert frame["currency"].tolist() == ["USD", "HKD"]
    assert frame["update_time"].iloc[0] == pd.Timestamp("2025-06-03 20:00", tz="UTC")


def test_a_single_unknown_code_is_named_in_its_error():
    with pytest.raises(UnknownSecurityError) as caught:
        Snapshot("HK.99999").read(Snapshot.method.response(retType=-1, retMsg="unknown stock 99999"))
    assert caught.value.code == "HK.99999"
    with pytest.raises(UnknownSecurityError) as caught:
        Snapshot(CODES).read(Snapshot.method.response(retType=-1, retMsg="unknown stock 99999"))
    assert caught.value.code is None


# --- Snapshots ------------------------------------------------------------------------------------------


def test_a_snapshot_that_has_the_least_is_nan_in_the_rest():
    response = success(Snapshot("HK.00700"))
    add_snapshot(response)
    frame = result(Snapshot("HK.00700"), response)
    row = frame.loc["HK.00700"]
    assert (row["last"], row["last_close"], row["volume"]) == (601.0, 598.0, 1000.0)
    assert row["update_time"] == pd.Timestamp("2025-06-04 10:43:44", tz="Asia/Hong_Kong")
    for column in ("pe", "market_value", "bid", "bid_volume", "amplitude", "high_52_weeks", "name"):
        assert pd.isna(row[column]), column
    numbers = frame.drop(columns=["name", "update_time", "type", "currency", "lot_size", "suspended"])
    assert set(numbers.dtypes) == {np.dtype("float64")}
    assert str(frame["update_time"].dtype) == "datetime64[us, Asia/Hong_Kong]"


def test_a_timestamp_goes_before_its_text_and_none_at_all_is_nat():
    query = Snapshot(["HK.00700", "HK.00001", "HK.00002", "HK.00003"])
    response = success(query)
    add_snapshot(response, updateTimestamp=1749005024.5)
    add_snapshot(response, "00001", updateTime="")
    add_snapshot(response, "00002", updateTime="20250604")
    add_snapshot(response, "00003", updateTime="", updateTimestamp=253402272000.0)
    times = result(query, response)["update_time"]
    assert times["HK.00700"].timestamp() == 1749005024.5
    assert times.isna().tolist() == [False, True, True, True]


def test_a_volume_of_fractions_goes_before_that_of_whole_numbers():
    response = success(Snapshot("CC.BTC"))
    add_snapshot(response, "BTC", 91, hpVolume=0.25, bidVol=3, hpAskVol=0.5)
    row = result(Snapshot("CC.BTC"), response).loc["CC.BTC"]
    assert (row["volume"], row["bid_volume"], row["ask_volume"]) == (0.25, 3.0, 0.5)


def test_fundamentals_are_those_of_stocks():
    response = success(Snapshot("HK.00700"))
    equity = add_snapshot(response).equityExData
    for number, field in enumerate(equity.DESCRIPTOR.fields):
        if number < 12:  # the required ones
            setattr(equity, field.name, number)
    row = result(Snapshot("HK.00700"), response).loc["HK.00700"]
    assert (row["market_value"], row["pe"], row["pb"]) == (1.0, 9.0, 10.0)
    assert np.isnan(row["dividend_ttm"])


# --- Static information, plates and lists ---------------------------------------------------------------


def test_static_information_without_options_is_absent_not_false():
    query = StaticInfo(["HK.00700", "HK.00001", "JP.7203", "HK.00002"])
    response = success(query)
    add_static(response, delisting=True, exchType=1, listTimestamp=1087315200.0)
    add_static(response, "00001", listTime="", secType=99)
    add_static(response, "7203", 41, listTime="1949-05-16", listTimestamp=-651229200.0)
    add_static(response, "00002", listTime="N/A", exchType=77)
    frame = result(query, response)
    assert frame["list_date"].tolist()[:3:2] == [pd.Timestamp("2004-06-16"), pd.Timestamp("1949-05-16")]
    assert frame["list_date"].isna().tolist() == [False, True, False, True]
    assert frame["exchange"].tolist()[::3] == ["HK_MAIN", "unknown 77"]
    assert frame["exchange"].isna().tolist() == [False, True, True, False]
    assert frame["delisted"].isna().tolist() == [False, True, True, True]
    assert frame["type"].tolist()[:2] == ["stock", "unknown 99"]
    assert frame["list_date"].dtype == np.dtype("datetime64[us]")


def test_a_market_that_is_not_known_does_not_cost_the_rest_of_a_watchlist():
    response = success(Watchlist("Tech"))
    add_static(response)
    add_static(response, "X.1", 777)
    frame = result(Watchlist("Tech"), response)
    assert frame.index.tolist() == ["HK.00700", "N/A.X.1"]
    assert frame.attrs["capflow"]["watchlist"] == "Tech"


def test_a_plate_may_lack_its_kind():
    query = Plates("HK")
    response = success(query)
    for code, kind in (("BK1", 1), ("BK2", None), ("BK3", 4)):
        info = response.s2c.plateInfoList.add(name=code)
        info.plate.market, info.plate.code = 1, code
        if kind is not None:
            info.plateType = kind
    frame = result(query, response)
    assert frame.index.tolist() == ["HK.BK1", "HK.BK2", "HK.BK3"]
    assert frame["kind"].isna().tolist() == [False, True, False]
    assert frame.loc["HK.BK3", "kind"] == "other"


def test_an_unknown_watchlist_names_the_remedy():
    for text in ("Unknown watchlists", "未知自选股分组"):
        with pytest.raises(GatewayError, match=r"watchlist 'No such'.*watchlists\(\)"):
            Watchlist("No such").read(Watchlist.method.response(retType=-1, retMsg=text))


# --- Sessions -------------------------------------------------------------------------------------------


def test_sessions_are_told_by_number_or_by_text():
    query = TradeDates("US", "2025-07-01", "2025-07-08")
    response = success(query)
    response.s2c.tradeDateList.add(time="2025-07-07", tradeDateType=0)
    response.s2c.tradeDateList.add(time="2025-07-03", timestamp=1751515200.0, tradeDateType=1)
    response.s2c.tradeDateList.add(time="2025-07-08")
    frame = result(query, response)
    assert str(frame.index.dtype) == "datetime64[us, America/New_York]"
    assert [str(day.date()) for day in frame.index] == ["2025-07-03", "2025-07-07", "2025-07-08"]
    assert frame["type"].tolist()[:2] == ["morning", "whole"]
    assert pd.isna(frame["type"].iloc[2])


# --- Candlesticks ---------------------------------------------------------------------------------------


def test_the_request_is_the_vendors_own():
    """The bytes of the official SDK for a month of days, forward adjusted."""
    request = History("HK.00700", "day", "2025-01-02", "2025-01-31", "forward").request()
    sdk = (
        "0a46080110021a090801120530303730302213323032352d30312d30322030303a30303a30302a13323032352d30312d3331"
        "2032333a35393a353930e80738ff075000a206020800"
    )
    assert request.SerializeToString().hex() == sdk


def test_pages_are_asked_until_there_is_none_and_one_alone_is_counted():
    query = History("HK.00700", "day", "2025-06-01", "2025-06-05")
    first = success(query)
    add_candle(first, "2025-06-03 00:00:00", closePrice=2.0)
    first.s2c.nextReqKey = b"next"
    last = success(query)
    add_candle(last, "2025-06-02 00:00:00", closePrice=1.0)
    page = query.read(first)
    second = query.follow_up(page)
    assert second.request().c2s.nextReqKey == b"next"
    assert (second.start, second.end, second.is_paced) == (query.start, query.end, False)
    rest = second.read(last)
    assert second.follow_up(rest) is None
    frame = query.result([page, rest], SOURCE)
    assert frame["close"].tolist() == [1.0, 2.0]
    assert str(frame.index.dtype) == "datetime64[us, Asia/Hong_Kong]"


def test_pages_without_end_are_no_answer():
    query = History("HK.00700", page=b"same")
    response = success(query)
    add_candle(response)
    response.s2c.nextReqKey = b"same"
    with pytest.raises(ProtocolError, match="for ever"):
        query.read(response)
    response.s2c.nextReqKey = b"other"
    assert query.read(response).next_page == b"other"
    del response.s2c.klList[:]
    with pytest.raises(ProtocolError, match="for ever"):
        query.read(response)


def test_what_a_candlestick_lacks_is_nan_and_a_blank_one_lacks_everything():
    response = success(History("HK.00700"))
    add_candle(response, "2025-06-02 00:00:00", closePrice=0.0, volume=5)
    add_candle(response, "2025-06-03 00:00:00", volume=5, hpVolume=5.5)
    add_candle(response, "2025-06-04 00:00:00", isBlank=True, closePrice=7.0)
    frame = result(History("HK.00700"), response)
    assert frame["close"].tolist()[0] == 0.0
    assert frame["volume"].tolist()[:2] == [5.0, 5.5]
    assert frame.iloc[0].isna().sum() == 8
    assert frame.iloc[2].isna().all()
    assert set(frame.dtypes) == {np.dtype("float64")}


def test_a_candlestick_without_any_time_is_no_answer():
    response = success(History("HK.00700"))
    add_candle(response, "")
    with pytest.raises(ProtocolError, match="neither a timestamp nor a time"):
        History("HK.00700").read(response)


def test_no_candlesticks_are_an_empty_frame_of_the_same_shape():
    query = History("HK.00700")
    response = success(query)
    response.s2c.security.market, response.s2c.security.code = 1, "00700"
    empty = result(query, response)
    add_candle(response)
    pd.testing.assert_frame_equal(empty, result(query, response).iloc[:0])
    facts = empty.attrs["capflow"]
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["codes"], facts["currency"], facts["period"]) == (["HK.00700"], "HKD", "day")


# --- State ----------------------------------------------------------------------------------------------


def state_response(**fields):
    response = success(State())
    given = {"marketHK": 3, "marketUS": 6, "marketSH": 4, "marketSZ": 4, "marketHKFuture": 99}
    given |= {
        "qotLogined": True,
        "trdLogined": False,
        "serverVer": 1011,
        "serverBuildNo": 5,
        "time": 1749005024,
    }
    for name, value in (given | fields).items():
        setattr(response.s2c, name, value)
    return response


def test_a_state_tells_what_was_told():
    state = State().read(state_response())
    assert state.markets == {
        "HK": "morning", "US": "closed", "SH": "rest", "SZ": "rest", "HK_FUTURE": "unknown 99",
    }  # fmt: skip
    assert (state.logged_in, state.trading_logged_in) == (True, False)
    assert state.time == dt.datetime(2025, 6, 4, 2, 43, 44, tzinfo=dt.UTC)
    assert (state.program_status, state.connection_id) == (None, None)
    assert (state.server_version, state.build) == (1011, 5)
    response = state_response(connID=7)
    response.s2c.programStatus.type = 5
    state = State().read(response)
    assert (state.program_status, state.connection_id) == ("login_failed", 7)


def test_a_clock_that_tells_no_time_is_no_answer():
    with pytest.raises(ProtocolError, match="no time"):
        State().read(state_response(time=2**62))
