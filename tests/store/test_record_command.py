"""``capflow record``: its lines, its exit codes, its health file, and signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from pd_capflow.__main__ import main
from pd_capflow.client import Budget
from pd_capflow.errors import QueryError, StoreError
from pd_capflow.store import Store
from pd_capflow.store.recorder import record
from pd_capflow.store.recorder.status import Status, write_health
from tests.gateways import GatewayProcess
from tests.store.markets import CLOSED


@pytest.fixture
def place(tmp_path):
    return str(tmp_path / "flows")


@pytest.fixture
def evening():
    """A gateway in a process of its own, whose market has closed."""
    gateway = GatewayProcess(CLOSED)
    yield gateway
    gateway.kill()


def run(*words):
    return main(["record", *map(str, words)])


def test_invented_data_needs_its_flag(place, capsys):
    assert run("HK.00700", "--store", place, "--url", "demo://") == 1
    assert "opened with demo=True (--demo)" in capsys.readouterr().err


def test_the_store_can_be_named_once(place, monkeypatch, capsys):
    monkeypatch.setenv("PD_CAPFLOW_STORE", place)
    assert run("HK.00700", "--url", "demo://") == 1
    assert f"store {place}" in capsys.readouterr().err
    with record("HK.00700", url="demo://", demo=True) as recording:
        assert recording.store.path == place


def test_without_a_store_it_is_misuse(capsys):
    assert run("HK.00700", "--url", "demo://", "--demo") == 2
    assert "no store is named; give one, or name it once: PD_CAPFLOW_STORE" in capsys.readouterr().err
    with pytest.raises(QueryError, match="no store is named"):
        record("HK.00700", url="demo://", demo=True)


@pytest.mark.parametrize(
    "words", [("00700",), ("HK.00700", "--every", "1s"), ("HK.00700", "--until", "noon"), ("FX.EURUSD",)]
)
def test_what_cannot_be_asked_is_misuse(place, words, capsys):
    assert run(*words, "--store", place, "--url", "demo://", "--demo") == 2
    assert capsys.readouterr().err.startswith("capflow: ")


def test_a_health_file_that_cannot_be_written_is_refused_before_anything_is_asked(place, tmp_path, capsys):
    nowhere = tmp_path / "none" / "health.json"
    assert run("HK.00700", "--store", place, "--url", "demo://", "--demo", "--health", nowhere) == 1
    err = capsys.readouterr().err
    assert "health.json" in err
    assert ">" not in err


def in_the_way(tmp_path):
    (tmp_path / "flows").write_text("a file")
    return tmp_path / "flows"


def below_a_file(tmp_path):
    return in_the_way(tmp_path) / "flows"


def among_other_things(tmp_path):
    (tmp_path / "photo.jpg").write_text("a photo")
    return tmp_path


def where_none_can_be_made(tmp_path):
    return "/proc/flows"


@pytest.mark.parametrize("spoilt", [in_the_way, below_a_file, among_other_things, where_none_can_be_made])
def test_where_there_can_be_no_store_it_fails_at_once(spoilt, tmp_path, capsys):
    """Nothing would ever be kept, however often it was tried."""
    path = spoilt(tmp_path)
    assert run("HK.00700", "--store", path, "--url", "demo://", "--demo", "--until", "forever") == 1
    err = capsys.readouterr().err
    assert f"store {path}: " in err
    assert "not kept" not in err
    with pytest.raises(StoreError, match=r"give a new or empty folder|choose another path"):
        record("HK.00700", path, url="demo://", demo=True).wait(60)


def test_a_store_that_nothing_was_kept_in_yet_can_be_read(place):
    store = Store(place, demo=True)
    store.make()
    store.make()
    assert store.codes() == []
    assert store.days().empty
    assert store.gaps().empty
    assert store.verify()
    with pytest.raises(StoreError, match="invented"):
        Store(place)


def test_without_a_gateway_it_fails(place, capsys):
    assert run("HK.00700", "--store", place, "--url", "tcp://127.0.0.1:1") == 1
    assert "nobody listens" in capsys.readouterr().err


def service(*words):
    command = [sys.executable, "-m", "pd_capflow", "record", *map(str, words)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def lines_until(process, sign):
    """Return the lines of a service up to one that holds a sign."""
    lines = []
    for line in process.stderr:
        lines.append(line)
        if sign in line:
            return lines
    raise AssertionError(lines)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_when_what_is_under_way_is_kept(place, tmp_path, evening, number, code):
    health = tmp_path / "health.json"
    words = ("HK.00700", "HK.09988", "--store", place, "--demo", "--until", "forever", "--health", health)
    with service(*words, "--url", evening.url) as process:
        lines_until(process, "> asked intraday")
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait(30) == code, rest
    assert "stopped" in rest
    told = json.loads(health.read_text())
    assert (told["state"], told["codes"]) == ("stopped", 2)
    assert told["budget"]["requests"] == 30
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    store = Store(place, demo=True)
    if told["rows"]:
        assert store.verify()
        assert set(store.codes("intraday")) == {"HK.00700", "HK.09988"}


def test_a_service_says_a_line_a_step_and_waits_for_what_comes_next(place):
    """By the wall's clock: a checkpoint in the session, a sweep outside, and a refusal in both."""
    words = ("HK.00700", "HK.99999", "--store", place, "--demo", "--until", "forever", "--url", "demo://")
    with service(*words) as process:
        lines = [line.split(" ", 2)[2].strip() for line in lines_until(process, "= waits until")]
        process.terminate()
        process.wait(30)
    assert lines[0].startswith("= 2 codes each 0:10:00; sessions: HK 20")
    assert lines[1].startswith("> asked intraday of 2 codes (HK.00700, HK.99999, ")
    assert lines[2].startswith("! HK.99999: the gateway refused: unknown stock")
    assert lines[3].startswith("< 1 of 2 codes, ")
    assert lines[4].startswith("= kept: ")
    assert any(line.startswith("! missing: intraday of 20") for line in lines)


def test_a_health_file_is_whole_at_any_time_and_says_when_more_is_to_come(tmp_path):
    path, moment = tmp_path / "health.json", datetime(2026, 1, 5, 1, 30, tzinfo=UTC)
    status = Status("waiting", moment, 3, 2, 1, 0, 993, moment, moment, 0, "HK.1: <no>")
    write_health(path, status.facts(Budget(30, 30.0, 12)))
    told = json.loads(path.read_text())
    assert told["next_wake"] == told["last_commit"] == told["at"] == "2026-01-05T01:30:00+00:00"
    assert (told["rows"], told["answered"], told["failed"]) == (993, 2, 1)
    assert told["budget"] == {"requests": 30, "seconds": 30.0, "left": 12}
    write_health(path, Status().facts(Budget()))
    assert json.loads(path.read_text())["budget"] is None
    with pytest.raises(StoreError, match="choose another place"):
        write_health(tmp_path / "none" / "health.json", {})


def test_a_health_file_that_cannot_be_written_stays_as_it_was(tmp_path):
    """Here since a folder stands in its place; nothing is left beside it."""
    (tmp_path / "health.json" / "something").mkdir(parents=True)
    with pytest.raises(StoreError, match="choose another place"):
        write_health(tmp_path / "health.json", {"state": "waiting"})
    assert [path.name for path in tmp_path.iterdir()] == ["health.json"]


def test_a_health_file_whose_folder_goes_away_ends_no_recording_and_is_told_once(place, tmp_path):
    (tmp_path / "run").mkdir()
    words = ("HK.00700", "--store", place, "--demo", "--health", tmp_path / "run" / "health.json")
    with service(*words, "--until", "forever", "--url", "demo://") as process:
        lines = lines_until(process, "= 1 code each")
        (tmp_path / "run").rename(tmp_path / "gone")
        lines += lines_until(process, "= waits until")
        process.terminate()
        lines += process.stderr.readlines()
        assert process.wait(60) == 0, lines
    assert ["! health file" in line for line in lines].count(True) == 1
    assert json.loads((tmp_path / "gone" / "health.json").read_text())["codes"] == 1


def test_a_health_file_says_why_nothing_was_begun(place, tmp_path, capsys):
    """With all the names that it has later, so that a monitor misses none."""
    health = tmp_path / "health.json"
    for word, why in (("00700", "names no market"), ("HK.00700", "nobody listens")):
        assert run(word, "--store", place, "--url", "tcp://127.0.0.1:1", "--health", health) != 0
        told = json.loads(health.read_text())
        assert told["state"] == "failed"
        assert why in told["trouble"]
        assert set(told) == set(Status().facts(Budget()))


def test_a_status_is_one_line():
    moment = datetime(2026, 1, 5, 1, 30, tzinfo=UTC)
    status = Status("waiting", moment, 1200, 1199, 1, 0, 5000, moment, moment, 3, "no answer")
    assert status.text == (
        "waiting · 1,200 codes · 5,000 rows · 1 not answered · 3 missing · next at 01:30:00 UTC · no answer"
    )
