"""The vendor's SDK reads a recorded day out of ``capflow replay``, equal to what the store holds."""

import asyncio
from datetime import datetime

import pytest

from pd_capflow.client import connect_async
from pd_capflow.gateway import Clock, Gateway
from pd_capflow.store import Store
from tests.sdk.sdk_oracle import ask_sdk, gateway
from tests.sdk.test_sdk_numbers import DISTRIBUTION, present, sent, walls

CODES = ("HK.00700", "SH.600519")
DAY = "2025-06-04"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """What a gateway served in an evening."""
    recorded = Store(tmp_path_factory.mktemp("recorded") / "flows", demo=True)
    asyncio.run(record(recorded))
    return recorded


async def record(store):
    clock = Clock(datetime.fromisoformat(f"{DAY}T20:00:00+08:00"), speed=0)
    async with Gateway(clock=clock, limit=None) as market:
        host, port = await market.listen(port=0)
        async with await connect_async(f"tcp://{host}:{port}", rate=None) as client:
            store.write(await client.capital_flow(CODES))
            store.write(await client.capital_distribution(CODES))
            store.write(await client.capital_flow(CODES[0], "day", "2025-05-01", DAY))


QUESTIONS = [["get_capital_flow", {"stock_code": code, "period_type": "INTRADAY"}] for code in CODES]
QUESTIONS += [["get_capital_distribution", {"stock_code": code}] for code in CODES]
DAYS = {"stock_code": CODES[0], "period_type": "DAY", "start": "2025-05-01", "end": DAY}
QUESTIONS += [
    ["get_capital_flow", DAYS],
    ["request_trading_days", {"market": "HK", "start": DAY, "end": DAY}],
]
QUESTIONS += [["get_market_snapshot", {"code_list": [CODES[0]]}]]


def answers(store, home, at):
    options = (store.path, "--date", DAY, "--at", at, "--speed", "0", "--limit", "none")
    with gateway(*options, command="replay") as port:
        return ask_sdk(port, QUESTIONS, home)


@pytest.fixture(scope="module")
def evening(store, home):
    return answers(store, home, "20:00")


def assert_holds(theirs, ours):
    assert len(ours) > 0
    assert theirs["capital_flow_item_time"] == walls(ours.index)
    for column in ours:
        assert [sent(value) for value in theirs[column]] == present(ours[column]), column


@pytest.mark.parametrize(("number", "code"), list(enumerate(CODES)))
def test_the_whole_session_to_the_last_bit(evening, store, number, code):
    ret, theirs = evening[number]
    assert ret == 0, theirs
    assert_holds(theirs, store.read(code, DAY, DAY))


@pytest.mark.parametrize(("number", "code"), list(enumerate(CODES)))
def test_the_distribution(evening, store, number, code):
    ret, theirs = evening[len(CODES) + number]
    assert ret == 0, theirs
    ours = store.distribution(code)
    assert {name: theirs[name] for name in DISTRIBUTION.values()} == {
        DISTRIBUTION[column]: ours[column].tolist() for column in ours
    }
    assert theirs["update_time"] == walls(ours.index)


def test_the_days_before_and_the_day_itself(evening, store):
    ret, theirs = evening[2 * len(CODES)]
    assert ret == 0, theirs
    assert_holds(theirs, store.read(CODES[0], period="day"))
    assert theirs["capital_flow_item_time"][-1] == f"{DAY} 00:00:00"


def test_the_recorded_days_and_no_prices(evening):
    days, snapshot = evening[-2:]
    assert days[0] == 0
    assert DAY in str(days[1])
    assert snapshot[0] == -1
    assert "not recorded" in snapshot[1]


def test_in_the_middle_of_the_morning(store, home):
    """At 10:43:44 there is the row of the running minute, and no more; and no distribution yet."""
    told = answers(store, home, "10:43:44")
    ours = store.read(CODES[0], DAY, DAY).iloc[:75]
    assert_holds(told[0][1], ours)
    assert told[0][1]["capital_flow_item_time"][-1] == f"{DAY} 10:44:00"
    assert set(told[0][1]["last_valid_time"]) == {f"{DAY} 10:43:44"}
    assert told[2][0] == -1
    assert told[4][1]["capital_flow_item_time"][-1] == "2025-06-03 00:00:00"
