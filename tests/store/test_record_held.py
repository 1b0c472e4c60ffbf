"""Recordings that cannot keep an answer keep all others, and a gateway of the other kind spoils nothing."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import ClassVar

import pandas as pd
import pytest

from pd_capflow.gateway.listing import UnknownSecurity
from pd_capflow.gateway.market import InventedMarket
from pd_capflow.store import Store
from tests.store.markets import CODES, HONG_KONG, Hand, Market, States

CODE = "HK.00700"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "flows", demo=True)


def on(day, hour, minute=0):
    return datetime(2026, 1, day, hour, minute, tzinfo=HONG_KONG)


class Sober(InventedMarket):
    """The invented market, which does not say that it is one."""

    demo: ClassVar[str] = ""


class Stranger(Sober):
    """A market that knows no code at all."""

    def flow(self, security, *_):
        raise UnknownSecurity(security)


def errors(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


@pytest.fixture
def damaged(store):
    """A recording on Tuesday after the close, whose store cannot read Monday's rows of days any more."""
    clock = Hand(on(5, 16, 31))
    with Market(clock=clock) as market:
        recording = market.record(CODE, store, until="forever")
        states = States(recording)
        states.wait(lambda status: status.settled == 1 and status.state == "waiting")
        files = {path: path.read_bytes() for path in (Path(store.path) / "periods").rglob("*.parquet")}
        for path, content in files.items():
            path.write_bytes(content[:500])
        clock.moment = on(6, 16, 31)
        states.wait(lambda status: status.state == "no store" and "is damaged" in status.trouble)
        yield recording, states, clock, files
        recording.stop()


def test_what_cannot_be_kept_of_one_table_keeps_no_other_from_it(damaged, store, caplog):
    recording, states, clock, _ = damaged
    for day in (7, 8):
        clock.moment = on(day, 16, 31)
        states.wait(lambda status, day=day: status.rows == 339 + 332 * (day - 5))
    assert store.days()["rows"].tolist() == [331] * 4
    assert not any("not looked up again" in line for line in caplog.messages)
    assert len(store.distribution(CODE)) == 4
    assert recording.stop().status.state == "stopped"
    assert "is damaged" in recording.status.trouble


def test_the_trouble_is_told_as_long_as_there_is_some_and_no_longer(damaged, store):
    recording, states, clock, files = damaged
    clock.moment = on(7, 10)
    states.wait(lambda status: status.rows > 671)
    last = recording.status
    assert "is damaged" in last.trouble
    for path, content in files.items():
        path.write_bytes(content)
    states.wait(lambda status: status.at == on(7, 10) and status.state == "waiting" and not status.trouble)
    assert pd.Timestamp("2026-01-06", tz="Asia/Hong_Kong") in store.read(CODE, period="day").index


def test_a_recorder_begins_where_one_table_cannot_be_read(damaged, store, caplog):
    first, _, clock, _ = damaged
    first.stop()
    clock.moment = on(7, 16, 31)
    with Market(clock=clock) as market:
        recording = market.record(CODE, store, until="forever")
        States(recording).wait(lambda status: status.rows == 332 and status.state == "no store")
        recording.stop()
    assert store.days()["rows"].tolist() == [331] * 3
    assert any(line.startswith("! day of 2026-01-07 is asked for again: store ") for line in caplog.messages)


def test_who_ends_it_is_told_what_is_lost_and_what_may_be_asked_for_again(damaged, caplog):
    caplog.set_level(logging.INFO, "pd_capflow.recorder")
    recording, states, clock, _ = damaged
    clock.moment = on(7, 16, 31)
    states.wait(lambda _: "< 1 of 1 code, 8 rows" in caplog.messages)  # of days: it is held
    recording.stop()
    assert recording.missing[["session", "what"]].astype("str").to_numpy().tolist() == [["2026-01-06", "day"]]
    assert "is damaged" in recording.missing["why"][0]
    assert errors(caplog)[-1] == "! not kept: 1 answer, which may be asked for again until the next open"


@pytest.mark.parametrize("other", [Sober(), Stranger()])
def test_what_a_gateway_of_the_other_kind_answers_is_refused_and_all_is_asked_for_again(store, other):
    """For a while it stands at the same port: nothing of it is held, nor believed."""
    clock = Hand(on(5, 10))
    with Market(clock=clock) as market:
        recording = market.record(CODES, store)
        states = States(recording)
        states.wait(lambda status: status.rows == 93)
        change(market, other)
        clock.moment = on(5, 10, 31)
        states.wait(lambda status: status.failed == 3 and "serves real data" in status.trouble)
        assert (recording.status.rows, recording.status.missing) == (93, 0)
        change(market, None)
        clock.moment = on(5, 17)
        assert recording.wait(60)
        assert (recording.status.state, recording.status.trouble) == ("done", "")
        assert recording.missing.empty
        pd.testing.assert_frame_equal(store.read(CODES), market.client.capital_flow(CODES), check_exact=True)


def test_codes_are_not_looked_up_at_a_gateway_of_the_other_kind(store, caplog):
    clock = Hand(on(5, 10))
    with Market(clock=clock) as market:
        recording = market.record("plate:HK.BK1003", store, until="forever")
        states = States(recording)
        states.wait(lambda status: status.rows == 62)
        change(market, Sober())
        clock.moment = on(6, 10)
        states.wait(lambda status: status.at == on(6, 10) and status.failed == 2)
        recording.stop()
    assert any(line.startswith("! codes are not looked up again: store ") for line in caplog.messages)


def change(market, source):
    """Let a gateway that serves something else take the place of a market's."""
    market.close()
    market.source = source
    market.open()
