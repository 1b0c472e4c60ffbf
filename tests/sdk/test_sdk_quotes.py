"""Beside capital flow, too, the vendor's SDK and our client read the same from one gateway."""

import json

import pandas as pd
import pytest

import pd_capflow
from tests.sdk.sdk_oracle import ask_sdk, at_home, run

CODES = ["HK.00700", "HK.02800", "US.AAPL", "SH.600519", "SZ.000001", "JP.7203", "HK.01234"]
RANGE = {"start": "2025-01-02", "end": "2025-06-04"}
BARS = {"day": "K_DAY", "week": "K_WEEK", "month": "K_MON"}

QUESTIONS = {
    "static": ["get_stock_basicinfo", {"market": "HK", "code_list": CODES}],
    "funds": ["get_stock_basicinfo", {"market": "HK", "stock_type": "ETF"}],
    "snapshot": ["get_market_snapshot", {"code_list": CODES}],
    "plates": ["get_plate_list", {"market": "HK", "plate_class": "ALL"}],
    "industries": ["get_plate_list", {"market": "SH", "plate_class": "INDUSTRY"}],
    "members": ["get_plate_stock", {"plate_code": "HK.BK1001"}],
    "watchlist": ["get_user_security", {"group_name": "Tech"}],
    "no watchlist": ["get_user_security", {"group_name": "No such"}],
    "watchlists": ["get_user_security_group", {}],
    "days": ["request_trading_days", {"market": "US", **RANGE}],
    "open": ["get_market_state", {"code_list": CODES}],
    "state": ["get_global_state", {}],
}

HISTORY = """
import json, os, sys, traceback
output, sys.stdout = sys.stdout, sys.stderr  # the SDK prints

def main():
    import futu

    context = futu.OpenQuoteContext(host="127.0.0.1", port={port})
    answers = []
    for code, kind, start, end, rows in {cases}:
        pages, key = [], None
        while True:
            ret, data, key = context.request_history_kline(
                code, start, end, kind, autype=futu.AuType.NONE, max_count=rows, page_req_key=key
            )
            assert ret == 0, data
            pages.append(data.to_dict("list"))
            if key is None:
                break
        answers.append(pages)
    json.dump(answers, output)
    output.flush()

try:
    main()
except Exception:
    traceback.print_exc()
    os._exit(1)
os._exit(0)
"""


@pytest.fixture(scope="module")
def client(port):
    with pd_capflow.connect(f"tcp://127.0.0.1:{port}", rate=None) as connected:
        yield connected


@pytest.fixture(scope="module")
def told(port, home):
    return dict(zip(QUESTIONS, ask_sdk(port, list(QUESTIONS.values()), home), strict=True))


def answer(told, name):
    ret, data = told[name]
    assert ret == 0, data
    return data


def assert_same(theirs, ours, names):
    assert len(ours) > 0
    for column, name in names.items():
        assert ours[column].tolist() == theirs[name], column


STATIC = {"name": "name", "lot_size": "lot_size", "delisted": "delisting"}
QUOTES = {
    "name": "name",
    "last": "last_price",
    "open": "open_price",
    "high": "high_price",
    "low": "low_price",
    "last_close": "prev_close_price",
    "volume": "volume",
    "turnover": "turnover",
    "turnover_rate": "turnover_rate",
    "amplitude": "amplitude",
    "average": "avg_price",
    "bid": "bid_price",
    "ask": "ask_price",
    "bid_volume": "bid_vol",
    "ask_volume": "ask_vol",
    "high_52_weeks": "highest52weeks_price",
    "low_52_weeks": "lowest52weeks_price",
    "price_step": "price_spread",
    "lot_size": "lot_size",
    "suspended": "suspension",
}
EQUITY = {
    "market_value": "total_market_val",
    "float_market_value": "circular_market_val",
    "shares": "issued_shares",
    "float_shares": "outstanding_shares",
    "pe": "pe_ratio",
    "pe_ttm": "pe_ttm_ratio",
    "pb": "pb_ratio",
    "earnings_per_share": "earning_per_share",
    "net_asset_per_share": "net_asset_per_share",
}


def assert_same_static(theirs, ours):
    assert theirs["code"] == ours.index.tolist()
    names = {column: name for column, name in STATIC.items() if name in theirs}
    assert_same(theirs, ours, names)
    dates = ours["list_date"].dt.strftime("%Y-%m-%d").tolist()
    assert dates == theirs["listing_date" if "listing_date" in theirs else "list_time"]
    kinds = {"stock": "STOCK", "fund": "ETF"}
    assert [kinds[kind] for kind in ours["type"]] == theirs["stock_type"]


def test_static_information(told, client):
    theirs, ours = answer(told, "static"), client.static_info(CODES)
    assert_same_static(theirs, ours)
    exchanges = dict(zip(ours.index, theirs["exchange_type"], strict=True))
    assert exchanges["HK.00700"] == "HK_MAINBOARD"
    assert exchanges["US.AAPL"] == "US_NASDAQ"
    assert ours["exchange"].tolist()[:3] == ["HK_MAIN", "HK_MAIN", "NASDAQ"]
    assert_same_static(answer(told, "funds"), client.static_info(market="HK", kind="fund"))


def test_snapshots(told, client):
    theirs, ours = answer(told, "snapshot"), client.snapshot(CODES)
    assert theirs["code"] == ours.index.tolist()
    assert_same(theirs, ours, QUOTES)
    zones = [pd_capflow.Security.parse(code).home.zone for code in ours.index]
    walls = [moment.tz_convert(zone) for moment, zone in zip(ours["update_time"], zones, strict=True)]
    assert [f"{wall:%Y-%m-%d %H:%M:%S}" for wall in walls] == theirs["update_time"]
    stocks = ours["type"] == "stock"
    assert stocks.tolist() == theirs["equity_valid"]
    for column, name in EQUITY.items():
        known = [value for value, stock in zip(theirs[name], stocks, strict=True) if stock]
        assert ours.loc[stocks, column].tolist() == known, column
        assert ours.loc[~stocks, column].isna().all()


def test_plates_and_their_members(told, client):
    for name, question in (("plates", ("HK", "all")), ("industries", ("SH", "industry"))):
        theirs, ours = answer(told, name), client.plates(*question)
        assert theirs["code"] == ours.index.tolist()
        assert_same(theirs, ours, {"name": "plate_name"})
    theirs, ours = answer(told, "members"), client.plate_securities("HK.BK1001")
    assert theirs["stock_name"] == ours["name"].tolist()
    assert_same_static(theirs, ours)


def test_watchlists(told, client):
    theirs, ours = answer(told, "watchlists"), client.watchlists()
    assert theirs["group_name"] == ours.index.tolist()
    assert theirs["group_type"] == ours["kind"].str.upper().tolist()
    assert_same_static(answer(told, "watchlist"), client.watchlist("Tech"))
    with pytest.raises(pd_capflow.errors.GatewayError) as caught:
        client.watchlist("No such")
    assert told["no watchlist"] == [-1, caught.value.ret_msg]


def test_sessions(told, client):
    theirs, ours = answer(told, "days"), client.trade_dates("US", **RANGE)
    assert [day["time"] for day in theirs] == ours.index.strftime("%Y-%m-%d").tolist()
    assert {day["trade_date_type"] for day in theirs} == {"WHOLE"} == set(ours["type"].str.upper())


def test_market_states(told, client):
    theirs, ours = answer(told, "open"), client.market_state(CODES)
    assert theirs["code"] == ours.index.tolist()
    assert theirs["stock_name"] == ours["name"].tolist()
    assert theirs["market_state"] == ours["state"].str.upper().tolist()


def test_the_state(told, client):
    theirs, ours = answer(told, "state"), client.state()
    assert int(theirs["timestamp"]) == ours.time.timestamp()
    assert theirs["qot_logined"] == ours.logged_in
    assert theirs["trd_logined"] == ours.trading_logged_in
    assert (int(theirs["server_ver"]), theirs["program_status_type"]) == (ours.server_version, "READY")
    for prefix in ("HK", "US", "SH", "SZ", "JP"):
        assert theirs[f"market_{prefix.lower()}"] == ours.markets[prefix].upper()


CANDLES = {
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "last_close": "last_close",
    "volume": "volume",
    "turnover": "turnover",
    "turnover_rate": "turnover_rate",
    "change_rate": "change_rate",
}
CASES = [(code, period) for code in ("HK.00700", "US.AAPL", "SH.600519", "HK.02800") for period in BARS]
MINUTES = ("HK.00700", "2025-05-26", "2025-06-04")


@pytest.fixture(scope="module")
def candles(port, home):
    """What the SDK was told, several pages a question."""
    cases = [(code, BARS[period], *RANGE.values(), 3) for code, period in CASES]
    cases.append((MINUTES[0], "K_1M", *MINUTES[1:], 1000))
    pages = json.loads(run(["-c", HISTORY.format(port=port, cases=cases)], at_home(home)))
    return dict(zip([*CASES, "minutes"], pages, strict=True))


def assert_same_candles(pages, ours):
    assert len(pages) > 1
    theirs = pd.concat([pd.DataFrame(page) for page in pages])
    assert theirs["time_key"].tolist() == ours.index.strftime("%Y-%m-%d %H:%M:%S").tolist()
    for column, name in CANDLES.items():
        assert theirs[name].tolist() == ours[column].tolist(), column
    if ours["pe"].notna().all():
        assert theirs["pe_ratio"].tolist() == ours["pe"].tolist()


@pytest.mark.parametrize(("code", "period"), CASES)
def test_candlesticks(candles, client, code, period):
    ours = client.history(code, period, **RANGE)
    assert_same_candles(candles[code, period], ours)
    assert ours["pe"].isna().all() == (code == "HK.02800")


def test_minutes_in_several_pages(candles, client):
    ours = client.history(MINUTES[0], "minute", *MINUTES[1:])
    assert len(ours) == 7 * 331 + 75
    assert_same_candles(candles["minutes"], ours)
    flow = client.capital_flow(MINUTES[0])
    assert flow.index.equals(ours.index[-75:])
    assert ours["turnover"].iloc[-75:].sum() == client.snapshot(MINUTES[0])["turnover"].iloc[0]
