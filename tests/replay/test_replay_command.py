"""``capflow replay`` and ``capflow gateway --replay``: which day, what time, and what they say they serve."""

import re
import subprocess
import sys
from datetime import datetime

import pandas as pd
import pytest

import pd_capflow
from pd_capflow.__main__ import main
from pd_capflow.errors import QueryError, StoreError
from pd_capflow.store import Store
from pd_capflow.store.replay import Replay
from tests.replay.conftest import HONG_KONG, real_flow

CODE = "HK.00700"


@pytest.fixture
def run():
    """Start a command, and return the line that it prints and the address in it."""
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "pd_capflow", *map(str, arguments), "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        line = process.stdout.readline()
        return line, re.search(r"tcp://127\.0\.0\.1:\d+", line)[0]

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=60)
        assert process.returncode == 0  # it ends cleanly


def test_the_latest_day_at_its_open_by_default(recorded):
    replay = Replay.of(recorded)
    assert (str(replay.day), replay.codes) == ("2025-06-04", 2)
    assert replay.start == datetime(2025, 6, 4, 9, 30, tzinfo=HONG_KONG)


def test_a_day_and_a_time_of_the_exchange(recorded):
    replay = Replay.of(recorded, "2025-06-03", at="13:05:07", speed=0)
    assert replay.clock()() == datetime(2025, 6, 3, 13, 5, 7, tzinfo=HONG_KONG)


def test_of_several_exchanges_the_first_to_open_sets_the_time(real):
    frame = real_flow()
    frame.attrs["capflow"]["codes"] = ["HK.00005"]
    hong_kong = frame.set_axis((frame.index - pd.Timedelta("12h")).tz_convert(HONG_KONG))
    hong_kong.attrs["capflow"] |= {"tz": "Asia/Hong_Kong", "currency": "HKD"}
    real.write(hong_kong)
    assert Replay.of(real).start == datetime(2025, 6, 4, 9, 30, tzinfo=HONG_KONG)


def test_the_clock_moves_as_fast_as_asked(recorded):
    clock = Replay.of(recorded, speed=3600).clock()
    first = clock()
    while clock() == first:
        pass
    assert clock() > first


def test_a_day_without_anything_names_the_days_there_are(recorded):
    with pytest.raises(StoreError, match=r"2025-06-05; recorded are 2025-06-03, 2025-06-04"):
        Replay.of(recorded, "2025-06-05")


def test_a_store_without_minutes_cannot_be_replayed(tmp_path):
    store = Store(tmp_path / "days", demo=True)
    with pd_capflow.connect("demo://") as client:
        store.write(client.capital_flow(CODE, "day", "2026-01-05", "2026-01-09"))
    with pytest.raises(StoreError, match="no session is recorded"):
        Replay.of(store)


@pytest.mark.parametrize(
    "wrong", [{"at": "25:00"}, {"at": "10:00+08:00"}, {"speed": -1}, {"speed": float("nan")}, {"day": "soon"}]
)
def test_what_cannot_be_understood_is_a_query_error(recorded, wrong):
    with pytest.raises(QueryError):
        Replay.of(recorded, **wrong)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["replay", "{nowhere}"], 1, "no store there"),
        (["replay"], 2, "no store is named"),
        (["replay", "{store}", "--date", "2025-06-05"], 1, "2025-06-04"),
        (["replay", "{store}", "--at", "noon"], 2, "noon"),
        (["replay", "{store}", "--limit", "many"], 2, "30/30"),
        (["gateway", "--replay", "{store}", "--clock", "2025-06-05T10:00+08:00"], 1, "2025-06-05"),
        (["gateway", "--date", "2025-06-05"], 2, "--replay STORE"),
    ],
)
def test_the_command_says_what_is_wrong(demo_path, tmp_path, capsys, arguments, code, told):
    places = {"nowhere": tmp_path / "nowhere", "store": demo_path}
    assert main([argument.format(**places) for argument in arguments]) == code
    assert told in capsys.readouterr().err


def test_the_replay_of_a_demo_says_so_and_serves_it(run, recorded):
    line, address = run("replay", recorded.path, "--date", "2025-06-03", "--at", "10:43:44", "--speed", "0")
    assert "replay of 2025-06-03" in line
    assert "2 codes" in line
    assert "invented data" in line
    with pd_capflow.connect(address) as client:
        frame = client.capital_flow(CODE)
    pd.testing.assert_frame_equal(frame, recorded.read(CODE, "2025-06-03", "2025-06-03").iloc[:75])
    assert frame.attrs["capflow"]["source"]["demo"]


def test_the_store_can_be_named_once(run, recorded, monkeypatch):
    monkeypatch.setenv("PD_CAPFLOW_STORE", recorded.path)
    line, _ = run("replay", "--date", "2025-06-03")
    assert "replay of 2025-06-03" in line


def test_the_day_happens_again_before_a_clients_eyes(run, recorded):
    """An hour of the exchange in a second: rows are added to those before, which stay as they are."""
    _, address = run("replay", recorded.path, "--at", "10:00", "--speed", "3600", "--limit", "none")
    with pd_capflow.connect(address, rate=None) as client:
        first = client.capital_flow(CODE)
        while len(later := client.capital_flow(CODE)) == len(first):
            pass
    pd.testing.assert_frame_equal(later.iloc[: len(first)], first)
    assert later.index[0] == first.index[0]


def test_a_replay_of_real_data_claims_to_be_no_demo(run, real):
    line, address = run("gateway", "--replay", real.url, "--clock", "2025-06-04T20:00-04:00", "--speed", "0")
    assert "recorded data" in line
    assert "invented" not in line
    with pd_capflow.connect(address) as client:
        frame = client.capital_flow("US.AAPL")
    pd.testing.assert_frame_equal(frame, real.read("US.AAPL"))
    assert not frame.attrs["capflow"]["source"]["demo"]
