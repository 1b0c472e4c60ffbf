"""``store://PATH``: a store is reached like a gateway, and everything runs on it unchanged."""

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

import pd_capflow
from pd_capflow.client.address import parse_address, parse_addresses
from pd_capflow.errors import GatewayError, QueryError, StoreError
from pd_capflow.gateway import Clock
from pd_capflow.store import Store
from tests.replay.conftest import real_flow

CODE = "HK.00700"


@pytest.fixture
def client(demo_path):
    with pd_capflow.connect(f"store://{demo_path}") as connected:
        yield connected


def same(ours, theirs):
    """Compare frames, and all facts but where they come from and what is asked beside."""
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    facts = [frame.attrs["capflow"] | {"source": None, "names": None} for frame in (ours, theirs)]
    assert facts[0] == facts[1]


class TestAddress:
    @pytest.mark.parametrize("path", ["/data/my flows", "/a,b#c?d=e%20f", "/data/流"])
    def test_a_path_is_taken_as_it_is(self, path):
        address = parse_address(f"store://{path}")
        assert (address.scheme, address.path) == ("store", str(Path(path).absolute()))
        assert [str(each) for each in parse_addresses(f"store://{path}")] == [str(address)]
        assert parse_address(str(address)) == address

    def test_a_relative_path_is_of_this_folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert parse_address("store://flows/hk").path == str(tmp_path / "flows" / "hk")

    def test_it_is_the_stores_own(self, recorded):
        assert str(parse_address(recorded.url)) == recorded.url

    def test_an_object_store_keeps_its_url(self):
        assert str(parse_address("store://s3://bucket/flows/")) == "store://s3://bucket/flows"

    @pytest.mark.parametrize("url", ["store://", "store://s3://me:secret@bucket/x"])
    def test_what_is_no_path_or_holds_a_secret_is_refused(self, url):
        with pytest.raises(QueryError) as caught:
            parse_address(url)
        assert "secret" not in str(caught.value)

    def test_it_stands_alone(self):
        with pytest.raises(QueryError, match="alone"):
            parse_addresses(["store:///a", "tcp://127.0.0.1:11111"])


def test_the_latest_session_of_each_code(client, recorded):
    same(client.capital_flow(CODE), recorded.read(CODE, "2025-06-04", "2025-06-04"))
    codes = ["HK.09988", CODE]
    same(client.capital_flow(codes), recorded.read(codes, "2025-06-04", "2025-06-04"))


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_other_periods(client, recorded, period):
    asked = (CODE, "2025-05-01", "2025-06-30")
    same(client.capital_flow(CODE, period, *asked[1:]), recorded.read(*asked, period))


def test_a_distribution_is_the_last(client, recorded):
    same(client.capital_distribution(CODE), recorded.distribution(CODE).iloc[1:])


def test_the_source_is_the_store(client, recorded):
    assert client.capital_flow(CODE).attrs["capflow"]["source"] == {"url": recorded.url, "demo": True}


def test_real_data_is_no_demo_and_stays_absent(real):
    with pd_capflow.connect(real.url) as client:
        frame = client.capital_flow("US.AAPL")
    same(frame, real.read("US.AAPL"))
    assert frame.attrs["capflow"]["source"] == {"url": real.url, "demo": False}
    assert frame["sml_in_flow"].isna().all()


def test_what_was_just_written_is_seen(real):
    with pd_capflow.connect(real.url) as client:
        assert len(client.capital_flow("US.AAPL")) == 4
        real.write(real_flow(minutes=9, last_valid="2025-06-04T09:38:00-04:00"))
        assert len(client.capital_flow("US.AAPL")) == 9
        real.write(real_flow(day=5, minutes=2, last_valid="2025-06-05T09:31:00-04:00"))
        assert str(client.capital_flow("US.AAPL").index[0].date()) == "2025-06-05"


def test_no_pacing(client):
    """A disk has no rate limit, so none is kept to, whatever rate is set."""
    assert not client.budget.is_limited


@pytest.mark.parametrize(
    "verb", [pd_capflow.connect, lambda url: pd_capflow.fetch(CODE, client=pd_capflow.connect(url))]
)
def test_no_store_there_is_a_store_error_that_names_the_path(tmp_path, verb):
    with pytest.raises(StoreError, match=str(tmp_path / "nowhere")):
        verb(f"store://{tmp_path / 'nowhere'}")


def test_a_default_of_the_environment(monkeypatch, recorded):
    monkeypatch.setenv("PD_CAPFLOW_URL", recorded.url)
    assert pd_capflow.fetch(CODE).attrs["capflow"]["source"]["url"] == recorded.url


def test_importing_loads_no_store():
    program = "import sys, pd_capflow; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "deltalake" not in told
    assert "pd_capflow.store" not in told


class TestAllElseRunsOnIt:
    def test_the_magic(self, shell, recorded):
        frame = shell.run_line_magic("capflow", f"{CODE} --url '{recorded.url}'")
        same(frame, recorded.read(CODE, "2025-06-04", "2025-06-04"))

    def test_the_command_line(self, recorded, capsys, tmp_path):
        from pd_capflow.__main__ import main

        out = tmp_path / "flow.csv"
        assert (
            main(["fetch", CODE, "--url", recorded.url, "--out", str(out), "--plot", str(tmp_path / "f.png")])
            == 0
        )
        told = capsys.readouterr().out
        assert recorded.url in told
        assert "DEMO DATA" in told
        assert len(out.read_text().splitlines()) > 331

    def test_the_dashboard(self, recorded):
        with pd_capflow.connect(recorded.url) as client:
            board = pd_capflow.dashboard([CODE, "HK.09988"], client=client)
            board.wait(1)
            picture = board.snapshot()
            board.close()
        assert picture is not None

    def test_the_doctor(self, recorded):
        report = pd_capflow.doctor(recorded.url)
        assert json.loads(report.json())
        assert recorded.url in report.text()


def test_stores_of_two_paths_are_two_gateways(recorded, real):
    with pd_capflow.connect(recorded.url) as first, pd_capflow.connect(real.url) as second:
        assert len(first.capital_flow(CODE)) == 331
        assert len(second.capital_flow("US.AAPL")) == 4


def test_what_was_recorded_lately_is_found_at_any_time_of_day(tmp_path):
    store = Store(tmp_path / "today", demo=True)
    with pd_capflow.connect("demo://") as demo:
        frame = demo.capital_flow([CODE, "US.AAPL"])
        store.write(frame)
        store.write(demo.capital_distribution(CODE))
    with pd_capflow.connect(store.url) as client:
        same(client.capital_flow([CODE, "US.AAPL"]), frame)
        same(client.capital_distribution(CODE), store.distribution(CODE))


def test_of_sessions_of_late_the_newest_is_served_whichever_was_written_last(tmp_path, served):
    store = Store(tmp_path / "late", demo=True)
    now = datetime.now(UTC)
    frames = []
    for clock in (now, now - timedelta(days=3)):  # never one session, also over a weekend
        address = served(clock=Clock(clock, speed=0))
        with pd_capflow.connect(address, rate=None) as client:
            frames.append(client.capital_flow([CODE, "US.AAPL"]))
            store.write(frames[-1])
    with pd_capflow.connect(store.url) as client:
        same(client.capital_flow([CODE, "US.AAPL"]), frames[0])
    assert frames[0].index[0] != frames[1].index[0]


def test_a_code_that_never_had_rows_gives_an_empty_frame(tmp_path):
    store = Store(tmp_path / "empty")
    store.write(real_flow(minutes=0, last_valid="2025-06-04T09:32:40-04:00"))
    with pd_capflow.connect(store.url) as client:
        assert client.capital_flow("US.AAPL").empty


def test_a_store_that_goes_away_meanwhile_is_told_not_waited_for(real):
    with pd_capflow.connect(real.url, timeout=30) as client:
        assert len(client.capital_flow("US.AAPL")) == 4
        shutil.rmtree(real.path)
        for ask in (lambda: client.capital_flow("US.AAPL"), lambda: client.trade_dates("US")):
            with pytest.raises(GatewayError, match=re.escape(real.path)):
                ask()


def test_a_store_of_minutes_long_ago_is_served_too(tmp_path):
    """The latest session is found however old it is, and whatever the other codes have."""
    store = Store(tmp_path / "old")
    store.write(real_flow(day=2))
    with pd_capflow.connect(store.url) as client:
        assert str(client.capital_flow("US.AAPL").index[0].date()) == "2025-06-02"


def test_a_store_with_a_strange_file_is_told_by_each_answer(real):
    """What cannot be read is a refusal with the store's own words, and the connection stays."""
    for file in Path(real.path).rglob("intraday/*/*.parquet"):
        pd.DataFrame({"a": [1]}).to_parquet(file)
    with pd_capflow.connect(real.url) as client:
        for _ in range(2):
            with pytest.raises(GatewayError, match=r"another file is in the place .*\.parquet is no file of"):
                client.capital_flow("US.AAPL")
        assert len(client.capital_distribution("US.AAPL")) == 1
