"""The vendor's SDK and our client read the same numbers and times from one gateway."""

import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

import pd_capflow
from pd_capflow import MARKETS
from tests.sdk.sdk_oracle import ask_sdk

CODES = ("HK.00700", "HK.09988", "US.AAPL", "SH.600519", "SZ.000001")
ROWS = ("day", "week", "month")
# The second is the last trading day of its week and of its month, so that every period has a row on it.
RANGES = (
    {"start": "2024-11-01", "end": "2025-06-04"},
    {"start": "2025-05-30", "end": "2025-05-30"},
    {"start": "2025-01-02"},
    {"end": "2025-03-31"},
)
FLOW = [(code, "intraday", {}) for code in CODES]
FLOW += [(code, period, days) for code in CODES for period in ROWS for days in RANGES]

DISTRIBUTION = {
    "super_in": "capital_in_super",
    "super_out": "capital_out_super",
    "big_in": "capital_in_big",
    "big_out": "capital_out_big",
    "mid_in": "capital_in_mid",
    "mid_out": "capital_out_mid",
    "sml_in": "capital_in_small",
    "sml_out": "capital_out_small",
}


@pytest.fixture(scope="module")
def client(port):
    with pd_capflow.connect(f"tcp://127.0.0.1:{port}", rate=None) as connected:
        yield connected


@pytest.fixture(scope="module")
def told(port, home):
    """What the SDK was told: each question and its answer, all asked by one process."""
    questions = [flow_question(*case) for case in FLOW]
    questions += [["get_capital_distribution", {"stock_code": code}] for code in CODES]
    questions.append(["get_global_state", {}])
    return dict(zip(map(str, questions), ask_sdk(port, questions, home), strict=True))


def flow_question(code, period, days):
    return ["get_capital_flow", {"stock_code": code, "period_type": period.upper(), **days}]


def answer(told, question):
    ret, data = told[str(question)]
    assert ret == 0, data
    return data


def assert_same_flow(theirs, ours):
    assert set(theirs) == {*ours.columns, "capital_flow_item_time", "last_valid_time"}
    assert theirs["capital_flow_item_time"] == walls(ours.index)
    for column in ours:
        assert [sent(value) for value in theirs[column]] == present(ours[column]), column
    newest = ours.attrs["capflow"]["last_valid_time"]
    newest = dt.datetime.fromisoformat(newest).strftime("%Y-%m-%d %H:%M:%S") if newest else "N/A"
    assert set(theirs["last_valid_time"]) <= {newest}


def walls(index):
    return list(index.strftime("%Y-%m-%d %H:%M:%S"))


def sent(value):
    """Return an amount of the SDK's, None where it was not sent."""
    return None if value == "N/A" else value


def present(column):
    """Return the amounts of a column of ours, None where they were not sent."""
    return [None if pd.isna(value) else value for value in column.tolist()]


@pytest.mark.parametrize(("code", "period", "days"), FLOW, ids=str)
def test_capital_flow_is_the_same_to_the_last_bit(told, client, code, period, days):
    ours = client.capital_flow(code, period, **days)
    assert len(ours) > 0
    assert str(ours.index.tz) == MARKETS[code.partition(".")[0]].zone
    assert_same_flow(answer(told, flow_question(code, period, days)), ours)


@pytest.mark.parametrize(("code", "rows"), [("HK.00700", 75), ("US.AAPL", 391), ("SH.600519", 75)])
def test_a_session_has_its_rows(client, code, rows):
    """Comparing equal means nothing where both are empty."""
    ours = client.capital_flow(code)
    assert len(ours) == rows
    assert ours["main_in_flow"].isna().all()
    assert ours.drop(columns="main_in_flow").notna().all(axis=None)


@pytest.mark.parametrize("code", CODES)
def test_many_codes_hold_what_one_code_holds(told, client, code):
    ours = client.capital_flow(CODES).loc[code]
    theirs = answer(told, flow_question(code, "intraday", {}))
    assert theirs["capital_flow_item_time"] == walls(
        ours.index.tz_convert(MARKETS[code.partition(".")[0]].zone)
    )
    assert theirs["in_flow"] == ours["in_flow"].tolist()


@pytest.mark.parametrize("code", CODES)
def test_capital_distribution_is_the_same(told, client, code):
    theirs = answer(told, ["get_capital_distribution", {"stock_code": code}])
    ours = client.capital_distribution(code)
    assert {name: theirs[name] for name in DISTRIBUTION.values()} == {
        DISTRIBUTION[column]: ours[column].tolist() for column in ours
    }
    assert theirs["update_time"] == walls(ours.index)


def test_global_state_is_read_as_the_clock_says(told):
    state = answer(told, ["get_global_state", {}])
    assert state["timestamp"] == "1749005024"
    assert {market: state[f"market_{market}"] for market in ("hk", "sh", "sz", "us", "jp")} == {
        "hk": "MORNING",
        "sh": "MORNING",
        "sz": "MORNING",
        "us": "CLOSED",
        "jp": "REST",
    }
    assert state["qot_logined"] is True
    assert state["program_status_type"] == "READY"


@pytest.mark.parametrize("code", ["HK.00700", "US.AAPL"])
def test_without_dates_both_ask_for_the_same_year(live_port, home, code):
    """The SDK takes the machine's day for today, we take the exchange's; here the machine is there."""
    zone = ZoneInfo(MARKETS[code.partition(".")[0]].zone)
    questions = [flow_question(code, period, {}) for period in ROWS]
    today = dt.datetime.now(zone).date()
    theirs = ask_sdk(live_port, questions, home, TZ=zone.key)
    with pd_capflow.connect(f"tcp://127.0.0.1:{live_port}", rate=None) as client:
        ours = [client.capital_flow(code, period) for period in ROWS]
    if dt.datetime.now(zone).date() != today:
        pytest.skip("the day changed meanwhile")
    for (ret, data), frame in zip(theirs, ours, strict=True):
        assert ret == 0, data
        assert len(frame) > 0
        assert_same_flow(data, frame)
