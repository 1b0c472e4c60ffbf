"""Recordings of real gateways into real stores, on the gateway's own clock."""

from __future__ import annotations

import logging
import subprocess
import threading
from contextlib import suppress
from datetime import datetime, timedelta

import pandas as pd
import pytest

import pd_capflow
from pd_capflow.client.portal import current_portal
from pd_capflow.errors import ConnectError, DisconnectedError, QueryError, StoreError
from pd_capflow.gateway.sources import Flow, NotRecorded
from pd_capflow.store import Store
from tests.store.markets import CODES, FAST, HONG_KONG, MORNING, Altered, Hand, Market, States


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "flows", demo=True)


def questions(caplog):
    return [record.getMessage() for record in caplog.records if record.getMessage().startswith("> ")]


def errors(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


def check_is_whole(store, market, codes=CODES):
    """The store gives what the gateway gives, and lacks nothing."""
    served = market.client.capital_flow(codes)
    kept = store.read(codes)
    pd.testing.assert_frame_equal(kept, served, check_exact=True)
    assert store.verify(), store.verify()
    assert store.gaps(codes, "2026-01-05", "2026-01-05").empty


def test_a_day_is_recorded_from_the_morning_to_the_sweep(store, caplog):
    caplog.set_level(logging.INFO, "pd_capflow.recorder")
    with Market(MORNING, FAST) as market:
        recording = market.record(CODES, store)
        assert recording.wait(60)
        assert recording.status.state == "done"
        assert recording.missing.empty
        assert not recording.is_running
        assert caplog.messages[-1].startswith("= compacted: ")
        check_is_whole(store, market)
        assert sorted(store.distribution().index.get_level_values("code")) == sorted(CODES)
        assert pd.Timestamp("2026-01-05", tz="Asia/Hong_Kong") in store.read("HK.00700", period="day").index


def test_rows_of_the_day_are_in_the_store_before_it_is_over(store):
    with Market(MORNING) as market:  # its clock stands still
        recording = market.record(CODES, store)
        States(recording).wait(lambda status: status.rows > 0)
        assert store.days()["codes"].tolist() == [3]
        assert recording.status.last_commit == MORNING
        assert recording.is_running
        assert recording.stop().status.state == "stopped"


def test_what_the_store_holds_to_the_end_is_not_asked_for_again(store, caplog):
    caplog.set_level(logging.INFO, "pd_capflow.recorder")
    with Market() as market:
        assert market.record(CODES, store).wait(60)
        assert len(questions(caplog)) == 3
        caplog.clear()
        again = market.record([*CODES, "HK.00941"], store)
        assert again.wait(60)
        assert questions(caplog) == [
            f"> asked {what} of 1 code (HK.00941, sweep of 2026-01-05)"
            for what in ("intraday", "distribution", "day")
        ]
        caplog.clear()
        assert market.record(CODES, store).wait(60)
        assert questions(caplog) == []


def test_a_session_that_was_recorded_before_its_close_is_swept(store):
    with Market(MORNING) as market:
        store.write(market.client.capital_flow(CODES))
    with Market() as market:
        assert market.record(CODES, store).wait(60)
        check_is_whole(store, market)


def test_what_cannot_be_got_is_told_and_the_rest_recorded(store):
    with Market() as market:
        recording = market.record(["HK.00700", "HK.99999"], store)
        assert recording.wait(60)
        assert recording.missing["code"].tolist() == ["HK.99999"] * 3
        assert recording.missing["what"].tolist() == ["intraday", "distribution", "day"]
        assert recording.missing["why"].str.contains("unknown stock").all()
        assert (recording.status.state, recording.status.missing) == ("done", 3)
        check_is_whole(store, market, ["HK.00700"])


def test_a_plate_stands_for_its_members(store):
    with Market() as market:
        assert market.record("plate:HK.BK1003", store).wait(60)
    assert store.codes("intraday") == ["HK.00883", "HK.00941"]


def on_the_fifth(hour, minute=0):
    return datetime(2026, 1, 5, hour, minute, tzinfo=HONG_KONG)


def test_it_goes_on_when_the_gateway_is_back(store):
    clock = Hand(on_the_fifth(15))
    with Market(clock=clock) as market:
        recording = market.record(CODES, store)
        states = States(recording)
        states.wait(lambda status: status.rows > 0)
        market.close()
        clock.moment = on_the_fifth(15, 20)
        states.wait(lambda status: status.state == "no gateway" and status.trouble)
        market.open()
        clock.moment = on_the_fifth(17)
        assert recording.wait(60)
        assert (recording.status.state, recording.status.trouble) == ("done", "")
        assert recording.missing.empty
        check_is_whole(store, market)


def test_without_a_gateway_until_the_next_open_it_ends_and_says_what_is_missing(store):
    clock = Hand(on_the_fifth(15))
    with Market(clock=clock) as market:
        recording = market.record(["HK.00700"], store)
        states = States(recording)
        states.wait(lambda status: status.rows > 0)
        market.close()
        clock.moment = on_the_fifth(17)
        states.wait(lambda status: status.state == "no gateway")
        clock.moment = on_the_fifth(17) + timedelta(hours=18)
        assert recording.wait(60)
        assert recording.missing["session"].astype("str").tolist() == ["2026-01-05"] * 3
        assert recording.missing["what"].tolist() == ["intraday", "distribution", "day"]
        assert "127.0.0.1" in recording.missing["why"][0]
        assert store.gaps("HK.00700", "2026-01-05", "2026-01-05")["missing"].tolist() == [60]


def test_a_gateway_that_is_not_logged_in_is_told_on_one_line_until_it_is_again(store, caplog):
    caplog.set_level(logging.INFO, "pd_capflow.recorder")
    clock = Hand(on_the_fifth(15))
    with Market(clock=clock) as market:
        recording = market.record(CODES, store)
        states = States(recording)
        states.wait(lambda status: status.rows > 0)
        log_out, log_in = market.gateway.log_out, market.gateway.log_in
        current_portal().run(on_the_loop(log_out))
        caplog.clear()
        clock.moment = on_the_fifth(15, 20)
        states.wait(lambda status: status.failed == 3 and "not logged in" in status.trouble)
        refused = [line for line in caplog.messages if line.startswith("! ")]
        assert len(refused) == 1
        assert refused[0].startswith("! HK.00700, HK.09988, HK.00005: the gateway refused: ")
        current_portal().run(on_the_loop(log_in))
        clock.moment = on_the_fifth(17)
        assert recording.wait(60)
        assert (recording.status.state, recording.status.trouble) == ("done", "")
        check_is_whole(store, market)


async def on_the_loop(deed):
    deed()


def test_a_client_that_was_closed_ends_it(store):
    """As `%unload_ext` does: no time brings it back, and the recording says what to do."""
    clock = Hand(on_the_fifth(15))
    with Market(clock=clock) as market:
        recording = market.record(CODES, store, until="forever")
        States(recording).wait(lambda status: status.rows > 0)
        market.client.close()
        clock.moment = on_the_fifth(15, 20)
        with pytest.raises(DisconnectedError, match="connect anew"):
            recording.wait(60)
        assert recording.status.state == "failed"


@pytest.fixture
def small_disk(tmp_path):
    """A disk of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(path):
    """Write until there is no room left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"0" * 4096):
            pass


def test_an_answer_is_held_while_the_disk_is_full_and_kept_when_there_is_room(small_disk):
    store = Store(small_disk / "flows", demo=True)
    ballast = small_disk / "ballast"
    with Market() as market:
        store.write(market.client.capital_flow("HK.00941"))
        fill(ballast)
        recording = market.record(CODES, store)
        states = States(recording)
        states.wait(lambda status: status.state == "no store" and "disk is full" in status.trouble)
        assert store.codes("intraday") == ["HK.00941"]
        ballast.unlink()
        assert recording.wait(60)
        assert (recording.status.state, recording.status.trouble) == ("done", "")
        check_is_whole(store, market)


def until(clock, tells=None):
    """Return what cuts minutes off at a time of Monday, and tells that as the last valid time, or another."""
    end = datetime.fromisoformat(f"2026-01-05 {clock}+08:00").timestamp()

    def cut(flow, now):
        mine = flow.times <= end
        told = flow.times[mine][-1] if tells is None else on_the_fifth(*tells).timestamp()
        return Flow(flow.times[mine], flow.amounts[mine], told)

    return cut


def sweeps_of_minutes(caplog):
    return [line for line in questions(caplog) if "intraday" in line and "sweep" in line]


def test_minutes_that_end_before_the_close_are_all_that_there_is_if_they_still_do_much_later(store, caplog):
    """A code that was not traded any more: asked six times in half an hour, kept, and nothing is missing."""
    caplog.set_level(logging.INFO, "pd_capflow.recorder")
    source = Altered(alter=until("15:40"))
    with Market(on_the_fifth(15, 59), 900.0, source=source) as market:
        recording = market.record(["HK.00700"], store)
        assert recording.wait(60)
        assert (recording.status.state, recording.missing.empty) == ("done", True)
        assert recording.status.at >= on_the_fifth(16, 30)
        assert 3 <= len(sweeps_of_minutes(caplog)) <= 6
        taken = [line for line in caplog.messages if line.startswith("= taken for all of 2026-01-05: ")]
        assert taken == ["= taken for all of 2026-01-05: HK.00700: the gateway's minutes end at 15:40"]
        assert len(store.read("HK.00700")) == 311


def test_at_night_they_are_asked_for_twice(store, caplog):
    caplog.set_level(logging.INFO, "pd_capflow.recorder")
    with Market(on_the_fifth(20), 60.0, source=Altered(alter=until("15:40"))) as market:
        assert market.record(["HK.00700"], store).wait(60)
        assert len(sweeps_of_minutes(caplog)) == 2


def test_a_gateway_that_lags_is_asked_until_it_has_the_close(store, caplog):
    caplog.set_level(logging.INFO, "pd_capflow.recorder")

    def lagging(flow, now):
        mine = flow.times <= now.timestamp() - 20 * 60
        return Flow(flow.times[mine], flow.amounts[mine], flow.times[mine][-1])

    with Market(on_the_fifth(16, 1), 900.0, source=Altered(alter=lagging)) as market:
        assert market.record(["HK.00700"], store).wait(60)
        assert len(sweeps_of_minutes(caplog)) > 1
        assert not [line for line in caplog.messages if "taken for all" in line]
        check_is_whole(store, market, ["HK.00700"])


def test_minutes_that_go_to_the_close_without_a_row_there_are_asked_for_once(store, caplog):
    """A gateway may leave out minutes in which nothing was traded."""
    caplog.set_level(logging.INFO, "pd_capflow.recorder")
    with Market(source=Altered(alter=until("15:40", tells=(16,)))) as market:
        for _ in range(2):
            assert market.record(["HK.00700"], store).wait(60)
        assert len(sweeps_of_minutes(caplog)) == 1


def test_a_quote_right_that_comes_back_costs_no_session(store):
    """At another login it is taken away; that a checkpoint was refused says nothing of the sweep."""
    clock = Hand(on_the_fifth(15))

    def refusing(flow, now):
        if now < on_the_fifth(16, 10):
            raise NotRecorded("no quote right of this market")
        return flow

    with Market(clock=clock, source=Altered(alter=refusing)) as market:
        recording = market.record(["HK.00700"], store)
        states = States(recording)
        states.wait(lambda status: status.failed == 1)
        clock.moment = on_the_fifth(16, 1)
        states.wait(lambda status: status.settled == 0 and status.rows == 8)  # all but minutes
        assert recording.missing.empty
        clock.moment = on_the_fifth(16, 30)
        assert recording.wait(60)
        assert recording.missing.empty
        check_is_whole(store, market, ["HK.00700"])


def test_a_quote_right_that_stays_away_is_told_half_an_hour_after_the_close(store):
    def refusing(flow, now):
        raise NotRecorded("no quote right of this market")

    with Market(on_the_fifth(16, 1), 900.0, source=Altered(alter=refusing)) as market:
        recording = market.record(["HK.00700"], store)
        assert recording.wait(60)
        assert on_the_fifth(16, 30) <= recording.status.at < on_the_fifth(18)
        assert recording.missing["what"].tolist() == ["intraday"]


def test_while_the_disk_is_full_others_are_asked_all_the_same(small_disk, caplog):
    """Their minutes are served until the next open only: all are held, and kept when there is room."""
    caplog.set_level(logging.INFO, "pd_capflow.recorder")
    store = Store(small_disk / "flows", demo=True)
    codes = ["HK.00700", "US.AAPL"]
    with Market(on_the_fifth(12) + timedelta(days=5)) as market:  # Saturday
        store.write(market.client.capital_flow("HK.00941"))
        fill(small_disk / "ballast")
        recording = market.record(codes, store)
        States(recording).wait(lambda _: len(questions(caplog)) == 6)
        assert store.codes("intraday") == ["HK.00941"]
        assert recording.status.settled == 0
        (small_disk / "ballast").unlink()
        assert recording.wait(60)
        assert len(questions(caplog)) == 6
        assert (recording.status.state, recording.missing.empty) == ("done", True)
        pd.testing.assert_frame_equal(store.read(codes), market.client.capital_flow(codes))
        assert set(store.distribution().index.get_level_values("code")) == set(codes)


def test_a_checkpoint_that_is_held_does_not_keep_the_sweep_from_being_made(small_disk, caplog):
    caplog.set_level(logging.INFO, "pd_capflow.recorder")
    store = Store(small_disk / "flows", demo=True)
    clock = Hand(on_the_fifth(15))
    with Market(clock=clock) as market:
        store.write(market.client.capital_flow("HK.00941"))
        fill(small_disk / "ballast")
        recording = market.record(["HK.00700"], store)
        states = States(recording)
        states.wait(lambda status: status.state == "no store")
        clock.moment = on_the_fifth(17)
        states.wait(lambda _: len(questions(caplog)) == 4)
        (small_disk / "ballast").unlink()
        assert recording.wait(60)
        check_is_whole(store, market, ["HK.00700"])


def test_who_stops_it_while_the_disk_is_full_is_told_what_is_not_kept(small_disk, caplog):
    store = Store(small_disk / "flows", demo=True)
    with Market() as market:
        store.write(market.client.capital_flow("HK.00941"))
        fill(small_disk / "ballast")
        recording = market.record(["HK.00700"], store)
        States(recording).wait(lambda _: len(errors(caplog)) == 3)
        recording.stop()
        assert errors(caplog)[-1].startswith("! not kept: 3 answers, ")
        assert recording.status.state == "stopped"
        assert "disk is full" in recording.status.trouble
        (small_disk / "ballast").unlink()
        assert market.record(["HK.00700"], store).wait(60)
        check_is_whole(store, market, ["HK.00700"])


def test_what_the_disk_never_took_is_told_at_the_next_open(small_disk, caplog):
    caplog.set_level(logging.INFO, "pd_capflow.recorder")
    store = Store(small_disk / "flows", demo=True)
    clock = Hand(on_the_fifth(17))
    with Market(clock=clock) as market:
        store.write(market.client.capital_flow("HK.00941"))
        fill(small_disk / "ballast")
        recording = market.record(["HK.00700"], store)
        failed = [f"! not kept: store {store.path}: the disk is full"] * 3
        States(recording).wait(lambda _: [line[: len(failed[0])] for line in errors(caplog)[:3]] == failed)
        clock.moment = on_the_fifth(17) + timedelta(hours=18)
        assert recording.wait(60)
        assert recording.missing["what"].tolist() == ["intraday", "distribution", "day"]
        assert recording.missing["why"].str.contains("the disk is full").all()


def test_invented_data_is_refused_before_anything_is_asked(tmp_path, caplog):
    caplog.set_level(logging.INFO, "pd_capflow.recorder")
    with Market() as market:
        recording = pd_capflow.record("HK.00700", tmp_path / "real", url="demo://")
        with pytest.raises(StoreError, match=r"invented data.*demo=True \(--demo\)"):
            recording.wait(60)
        assert recording.status.state == "failed"
        assert questions(caplog) == []
        assert not (tmp_path / "real").exists()
        with pytest.raises(StoreError, match="without demo=True"):
            market.record("HK.00700", Store(tmp_path / "other"), demo=True)


def test_where_nobody_listens_it_does_not_begin(tmp_path):
    recording = pd_capflow.record("HK.00700", tmp_path / "flows", url="tcp://127.0.0.1:1")
    with pytest.raises(ConnectError, match="nobody listens"):
        recording.wait(60)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"every": "often"}, "expected a time such as '10min'"),
        ({"every": "1ms"}, "at least 5 seconds"),
        ({"every": None}, "every=None"),
        ({"until": "noon"}, "close"),
        ({"codes": "00700"}, "names no market"),
        ({"codes": []}, "code"),
        ({"client": object(), "url": "demo://"}, "one of them"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(tmp_path, options, says):
    codes = options.pop("codes", "HK.00700")
    with pytest.raises(QueryError, match=says):
        pd_capflow.record(codes, tmp_path / "flows", **options)


def test_stopping_is_quick_and_may_be_done_twice(store):
    with Market(MORNING) as market:
        with market.record(CODES, store, until="forever") as recording:
            assert recording.is_running
        assert recording.status.state == "stopped"
        assert recording.stop().wait(0)
        assert "stopped" in repr(recording)


def test_a_listener_that_raises_ends_no_recording(store, caplog):
    def careless(status):
        raise KeyError(status.state)

    with Market() as market:
        recording = market.record(CODES, store)
        recording.on_status(careless)
        assert recording.wait(60)
        assert recording.status.state == "done"
    assert any("a listener raised" in message for message in caplog.messages)


def test_who_begins_to_watch_is_told_the_last_state_last(store):
    """Be it that the recording ends while he is told how it stands, and is quicker to tell him that."""
    seen = []

    def slow(status):
        if threading.current_thread() is threading.main_thread() and not seen:
            recording.stop()
        seen.append(status.state)

    with Market(MORNING) as market:
        recording = market.record(CODES, store)
        recording.on_status(slow)
    assert len(seen) > 1
    assert seen[-1] == "stopped"


def test_two_recorders_of_one_store_keep_each_row_once(store, tmp_path):
    with Market(MORNING, FAST) as market:
        other = Store(tmp_path / "flows", demo=True)
        recordings = [market.record(CODES, each, every="2min") for each in (store, other)]
        for recording in recordings:
            assert recording.wait(60)
            assert recording.status.state == "done"
        check_is_whole(store, market)
        assert not store.distribution().index.duplicated().any()


def test_days_pass_and_each_is_recorded(store, caplog):
    """From Monday's noon to Wednesday: two nights, and codes that are looked up at each open."""
    caplog.set_level(logging.INFO, "pd_capflow.recorder")
    begun = datetime(2026, 1, 5, 12, 30, tzinfo=HONG_KONG)
    with Market(begun, FAST * 4) as market:
        recording = market.record(["HK.00700", "US.AAPL"], store, every="1h", until="forever")
        states = States(recording)
        states.wait(lambda status: status.at and status.at > begun + timedelta(hours=45), 60)
        recording.stop()
    looked_up = [line.partition("sessions: ")[2] for line in caplog.messages if "sessions: " in line]
    assert looked_up[:4] == [
        f"HK 2026-01-{hong_kong}, US 2026-01-{new_york}"
        for hong_kong, new_york in (("05", "02"), ("05", "05"), ("06", "05"), ("06", "06"))
    ]
    gaps = store.gaps(None, "2026-01-05", "2026-01-06")
    assert gaps.empty, gaps
    assert recording.missing.empty
