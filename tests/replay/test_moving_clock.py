"""A recorded market on a moving clock: nothing before its time, nothing made up."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

import pd_capflow
from pd_capflow.__main__ import main
from pd_capflow.errors import GatewayError, UnknownSecurityError
from pd_capflow.gateway import Clock
from pd_capflow.security import Security
from pd_capflow.store.replay import RecordedMarket
from pd_capflow.store.replay.market import _until
from pd_capflow.store.replay.shelf import Rows

CODE = "HK.00700"


def at(text):
    return Clock(datetime.fromisoformat(text), speed=0)


@pytest.fixture
def client_at(served, recorded):
    """Return a client of a replay whose clock stands."""
    clients = []

    def make(text, store=recorded):
        address = served(market=RecordedMarket(store, moving=True), clock=at(text))
        clients.append(pd_capflow.connect(address, rate=None))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.mark.parametrize(
    ("clock", "last", "rows"),
    [
        ("2025-06-04T09:30:00+08:00", "09:30", 1),
        ("2025-06-04T09:30:01+08:00", "09:31", 2),
        ("2025-06-04T10:43:44+08:00", "10:44", 75),
        ("2025-06-04T10:44:00+08:00", "10:44", 75),
        ("2025-06-04T12:30:00+08:00", "12:00", 151),
        ("2025-06-04T16:00:00+08:00", "16:00", 331),
        ("2025-06-04T23:00:00+08:00", "16:00", 331),
    ],
)
def test_rows_come_with_the_minute_that_runs(client_at, recorded, clock, last, rows):
    frame = client_at(clock).capital_flow(CODE)
    assert len(frame) == rows
    assert frame.index[-1].strftime("%H:%M") == last
    whole = recorded.read(CODE, "2025-06-04", "2025-06-04")
    pd.testing.assert_frame_equal(frame, whole.iloc[:rows], check_flags=False)


@pytest.mark.parametrize("clock", ["2025-06-04T09:29:59+08:00", "2025-06-03T23:00:00+08:00"])
def test_before_the_open_it_is_the_session_before(client_at, recorded, clock):
    frame = client_at(clock).capital_flow(CODE)
    pd.testing.assert_frame_equal(frame, recorded.read(CODE, "2025-06-03", "2025-06-03"))


def test_before_anything_was_recorded_nothing_is_served(client_at):
    with pytest.raises(GatewayError, match="no session"):
        client_at("2025-06-02T12:00:00+08:00").capital_flow(CODE)


def test_before_the_first_open_there_are_no_rows(client_at):
    assert client_at("2025-06-03T09:00:00+08:00").capital_flow(CODE).empty


@pytest.mark.parametrize(
    ("clock", "valid"),
    [
        ("2025-06-04T10:43:44+08:00", "2025-06-04T10:43:44+08:00"),
        ("2025-06-04T12:30:00+08:00", "2025-06-04T12:00:00+08:00"),
        ("2025-06-04T18:00:00+08:00", "2025-06-04T16:00:00+08:00"),
    ],
)
def test_the_last_valid_time_is_not_of_the_future(client_at, clock, valid):
    assert client_at(clock).capital_flow(CODE).attrs["capflow"]["last_valid_time"] == valid


def test_where_the_recording_ends_so_does_what_is_valid(client_at, real):
    """A recorder that saw 09:32:40 last knows no later trade, however late the replay's clock is."""
    frame = client_at("2025-06-04T15:00:00-04:00", real).capital_flow("US.AAPL")
    assert frame.attrs["capflow"]["last_valid_time"] == "2025-06-04T09:32:40-04:00"
    assert len(frame) == 4


@pytest.mark.parametrize(
    ("clock", "newest"),
    [
        ("2025-06-04T15:59:59+08:00", "2025-06-03"),
        ("2025-06-04T16:00:00+08:00", "2025-06-04"),
        ("2025-06-03T09:00:00+08:00", "2025-06-02"),
    ],
)
def test_a_day_has_its_row_when_it_is_over(client_at, clock, newest):
    days = client_at(clock).capital_flow(CODE, "day", "2025-05-01", "2025-06-30")
    assert str(days.index[-1].date()) == newest


def test_days_are_those_asked_for(client_at, recorded):
    client = client_at("2025-06-04T20:00:00+08:00")
    days = client.capital_flow(CODE, "day", "2025-05-07", "2025-05-09")
    pd.testing.assert_frame_equal(days, recorded.read(CODE, "2025-05-07", "2025-05-09", "day"))
    assert client.capital_flow(CODE, "day", "2025-05-03", "2025-05-04").empty


def test_a_distribution_comes_not_before_it_was_recorded(client_at, recorded):
    early = client_at("2025-06-04T12:00:00+08:00").capital_distribution(CODE)
    late = client_at("2025-06-04T20:00:00+08:00").capital_distribution(CODE)
    both = recorded.distribution(CODE)
    pd.testing.assert_frame_equal(early, both.iloc[:1])
    pd.testing.assert_frame_equal(late, both.iloc[1:])
    with pytest.raises(GatewayError, match="distribution"):
        client_at("2025-06-02T12:00:00+08:00").capital_distribution(CODE)


def test_what_was_not_sent_is_not_sent_again(real):
    """Absent is absent on the wire too, not a number."""
    from pd_capflow.gateway.handlers import answer
    from pd_capflow.protocol.messages import CAPITAL_DISTRIBUTION, CAPITAL_FLOW

    market = RecordedMarket(real, moving=True)
    now = datetime.fromisoformat("2025-06-04T20:00:00-04:00")
    request = CAPITAL_FLOW.request()
    request.c2s.security.market, request.c2s.security.code = 11, "AAPL"
    items = answer(CAPITAL_FLOW, market, now, request.c2s).s2c.flowItemList
    assert [item.inFlow for item in items] == [0.0, 1.25, 2.5, 3.75]
    for item in items:
        assert item.HasField("superInFlow")
        assert not item.HasField("mainInFlow")
        assert not item.HasField("smlInFlow")
    s2c = answer(CAPITAL_DISTRIBUTION, market, now, request.c2s).s2c
    assert not s2c.HasField("capitalInSuper")
    assert not s2c.HasField("capitalOutSuper")
    assert (s2c.capitalInBig, s2c.capitalOutSmall) == (3.5, 8.0)


@pytest.mark.parametrize(("kind", "is_demo"), [("recorded", True), ("real", False)])
def test_only_a_demos_store_is_a_demo(served, request, kind, is_demo):
    store = request.getfixturevalue(kind)
    address = served(market=RecordedMarket(store, moving=True), clock=at("2025-06-04T20:00:00-04:00"))
    with pd_capflow.connect(address, rate=None) as client:
        frame = client.capital_flow(store.codes()[0])
        told = {"url": address, "demo": is_demo, "recorded": "a replay of a store"}
        assert frame.attrs["capflow"]["source"] == told
    with pd_capflow.connect(store.url) as client:  # whose address says it
        frame = client.capital_flow(store.codes()[0])
        assert frame.attrs["capflow"]["source"] == {"url": store.url, "demo": is_demo}


def test_a_replay_is_told_wherever_its_numbers_are_shown(served, real, shell, tmp_path, capsys):
    market = RecordedMarket(real, moving=True)
    address = served(market=market, clock=at("2025-06-04T20:00:00-04:00"))
    assert main(["fetch", "US.AAPL", "--url", address]) == 0
    assert "\nRECORDED, not live: a replay of a store\n" in capsys.readouterr().out
    frame = shell.run_line_magic("capflow", f"US.AAPL --url {address}")
    shown = shell.display_formatter.format(frame)[0]
    for text in (shown["text/plain"], shown["text/html"]):
        assert f"{address} · RECORDED, not live: a replay of a store" in text
    footnote = frame.capflow.plot(ax=Figure().subplots()).get_xlabel()
    assert footnote.replace("\n", " · ").endswith(f"source {address} · recorded, not live")
    kept = pd_capflow.fetch(
        "US.AAPL", source="auto", store=tmp_path / "kept", keep=True, client=pd_capflow.connect(address)
    )
    assert kept.attrs["capflow"]["source"]["recorded"] == "a replay of a store"


def test_the_doctor_minds_no_clock_of_a_replay(served, real):
    market = RecordedMarket(real, moving=True)
    address = served(market=market, clock=at("2025-06-04T20:00:00-04:00"))
    report = pd_capflow.doctor(address, codes=["US.AAPL"])
    assert report["clock"].status == "ok"
    assert "one of its own, at 2025-06-05 00:0" in report["clock"].found
    assert report["protocol"].found == "it speaks OpenD's protocol; it is a replay of a store"
    assert report.ok


def test_what_nobody_records_is_refused_not_invented(client_at):
    client = client_at("2025-06-04T20:00:00+08:00")
    for ask in (
        lambda: client.snapshot(CODE),
        lambda: client.history(CODE),
        lambda: client.plates("HK"),
        lambda: client.watchlists(),
    ):
        with pytest.raises(GatewayError, match="not recorded"):
            ask()
    with pytest.raises(UnknownSecurityError, match=r"HK\.00005"):
        client.capital_flow("HK.00005")
    with pytest.raises(UnknownSecurityError, match=r"HK\.00005"):
        client.static_info([CODE, "HK.00005"])


def test_what_is_not_recorded_is_told_as_a_gateway_tells_it(client_at, recorded, real):
    """A client of the network has no store, and so no use for what its user could do."""
    early, late = client_at("2025-06-02T12:00:00+08:00"), client_at("2025-06-04T20:00:00+08:00", real)
    for ask, words in (
        (lambda: early.capital_flow(CODE), f"no session of {CODE} is recorded up to 2025-06-02"),
        (lambda: early.capital_distribution(CODE), f"no distribution of {CODE} is recorded up to 2025-06-02"),
        (lambda: early.capital_flow("HK.00005"), "unknown stock HK.00005: nothing is recorded of it"),
        (lambda: late.capital_flow("US.AAPL", "day"), "no rows of US.AAPL by day are recorded"),
    ):
        with pytest.raises(GatewayError) as caught:
            ask()
        assert caught.value.ret_msg == words
    with pd_capflow.connect(real.url) as whole, pytest.raises(GatewayError) as caught:
        whole.capital_flow("US.AAPL", "week")
    assert caught.value.ret_msg == "no rows of US.AAPL by week are recorded"


def test_a_refusal_does_not_tell_where_the_store_is(client_at, real):
    """Not even where it is the store that cannot be read."""
    client = client_at("2025-06-04T15:00:00-04:00", real)
    for code, why in (("HK.00005", "nothing is recorded"), ("US.AAPL", "damaged")):
        with pytest.raises(GatewayError, match=why) as caught:
            client.capital_flow(code)
        assert real.path not in str(caught.value)
        for file in Path(real.path).rglob("*.parquet"):
            file.write_bytes(b"no parquet")


def test_codes_days_and_the_market_are_known(client_at):
    client = client_at("2025-06-04T10:00:00+08:00")
    assert client.static_info(CODE)["name"].tolist() == [CODE]
    assert [str(day.date()) for day in client.trade_dates("HK", "2025-01-01", "2025-12-31").index] == [
        "2025-06-03",
        "2025-06-04",
    ]
    assert client.market_state(CODE)["state"].tolist() == ["morning"]


@given(
    minutes=st.integers(1, 20),
    valid=st.none() | st.integers(-600, 30),
    stamp=st.integers(0, 1_300_000).map(lambda milliseconds: milliseconds / 1000),
)
def test_no_row_and_no_time_is_of_the_future(minutes, valid, stamp):
    """Of any recording and clock: rows to the running minute's end, valid until clock or record."""
    times = np.arange(minutes) * 60.0
    last = None if valid is None else float(times[-1] + valid)
    flow = _until(Rows(times, np.zeros((minutes, 6)), last), stamp)
    assert flow.times.tolist() == [time for time in times if time - 60 < stamp]
    assert len(flow.amounts) == len(flow.times)
    assert (flow.last_valid is None) == (last is None)
    if last is not None:
        assert flow.last_valid <= min(stamp, last)


def test_a_moving_market_reads_once(recorded):
    """A replay is of what was recorded when it began: later writes do not change a day that happens."""
    market = RecordedMarket(recorded, moving=True)
    now = datetime.fromisoformat("2025-06-04T20:00:00+08:00")
    security = Security.parse(CODE)
    flows = [
        market.flow(security, "intraday", now.date(), now.date(), now + timedelta(hours=h)) for h in (0, 1)
    ]
    assert flows[0].times.base is flows[1].times.base is not None
