"""``distribution(source=...)``: the row that was recorded last, and a gateway's where one answers."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

import pd_capflow
from pd_capflow.__main__ import main
from pd_capflow.errors import BatchError, CapflowWarning, ConnectError, QueryError, StoreError
from pd_capflow.gateway import Clock

CODES = ["HK.00700", "US.AAPL"]
HONG_KONG = dt.timezone(dt.timedelta(hours=8))


@pytest.fixture
def ask(gateway_at):
    """Return a client of a demo gateway at noon of a day of June 2025 in Hong Kong."""
    clients = []

    def start(day):
        clock = Clock(dt.datetime(2025, 6, day, 12, tzinfo=HONG_KONG), speed=0)
        clients.append(pd_capflow.connect(gateway_at(clock=clock)[0], rate=None))
        return clients[-1]

    yield start
    for client in clients:
        client.close()


@pytest.fixture
def nobody():
    """A client of a gateway that is not there."""
    from pd_capflow.client import Client, resolve

    return Client(resolve(url="tcp://127.0.0.1:1"))


@pytest.fixture
def store(tmp_path):
    return pd_capflow.Store(tmp_path / "flows", demo=True)


@pytest.fixture
def held(store, ask):
    """A store of three days, and what was served on the last of them."""
    for day in (3, 4, 5):
        served = ask(day).capital_distribution(CODES)
        store.write(served)
    return store, served


def source_of(frame):
    return frame.attrs["capflow"]["source"]


def test_a_store_tells_what_was_recorded_last(held, nobody):
    store, served = held
    assert len(store.distribution(CODES)) > len(CODES)
    for place in (store, store.path):
        found = pd_capflow.distribution(CODES, client=nobody, source="store", store=place)
        pd.testing.assert_frame_equal(found, served)
        assert source_of(found) == source_of(served)
    one = pd.DataFrame.capflow.distribution("HK.00700", store=store)
    pd.testing.assert_frame_equal(one, served.loc["HK.00700"].tz_convert("Asia/Hong_Kong"))
    assert one.attrs["capflow"]["last_valid_time"] == "2025-06-05T12:00:00+08:00"


def test_what_is_not_recorded_is_an_error_and_the_rest_comes(held, nobody):
    store, served = held
    ask = {"client": nobody, "source": "store", "store": store}
    with pytest.raises(StoreError, match=r"nothing is recorded of HK\.00005"):
        pd_capflow.distribution("HK.00005", **ask)
    with pytest.raises(BatchError, match=r"nothing is recorded of HK\.00005") as caught:
        pd_capflow.distribution([*CODES, "HK.00005"], **ask)
    pd.testing.assert_frame_equal(caught.value.frame, served)
    came = pd_capflow.distribution([*CODES, "HK.00005"], errors="collect", **ask)
    assert list(came.attrs["capflow"]["errors"]) == ["HK.00005"]
    none = pd_capflow.distribution("HK.00005", errors="collect", **ask)
    assert none.empty
    assert source_of(none) == {"url": store.url, "demo": True}


@pytest.mark.parametrize("source", ["store", "auto"])
@pytest.mark.parametrize("codes", ["HK.00700", CODES])
def test_a_store_that_is_not_there_is_an_error(ask, tmp_path, source, codes):
    with pytest.raises(StoreError, match="no store there"):
        pd_capflow.distribution(
            codes, source=source, store=tmp_path / "typo", errors="collect", client=ask(3)
        )
    assert not (tmp_path / "typo").exists()


def test_a_gateway_that_answers_is_asked(held, ask):
    store, _ = held
    client = ask(6)
    found = pd_capflow.distribution(CODES, client=client, source="auto", store=store)
    served = client.capital_distribution(CODES)
    pd.testing.assert_frame_equal(found, served)
    url = str(client.settings.address)
    assert source_of(found) == {
        "url": url,
        "demo": True,
        "by_code": dict.fromkeys(CODES, url),
        "parts": {code: {url: 1} for code in CODES},
    }
    assert len(store.distribution("HK.00700")) == 3  # nothing is written unasked


def test_without_a_gateway_the_last_recorded_one_stands_and_it_is_said(held, nobody):
    store, served = held
    said = r"no answer arrived, so this is what was recorded last: HK\.00700 of 2025-06-05T12:00:00\+08:00"
    with pytest.warns(CapflowWarning, match=rf"{said}.*tcp://127\.0\.0\.1:1") as told:
        found = pd_capflow.distribution(CODES, client=nobody, source="auto", store=store)
    assert told[0].filename == __file__
    pd.testing.assert_frame_equal(found, served)
    assert source_of(found)["by_code"] == dict.fromkeys(CODES, store.url)
    assert source_of(found)["demo"]
    with pytest.raises(ConnectError):
        pd_capflow.distribution("HK.00005", client=nobody, source="auto", store=store)


def test_a_refusal_is_an_answer(held, ask):
    """What the gateway does not know now is an error, however much was recorded of it."""
    store, _ = held
    lone = pd_capflow.distribution("HK.00700", store=store)
    lone.attrs["capflow"] |= {"codes": ["HK.99999"]}
    store.write(lone)
    client = ask(6)
    with pytest.raises(BatchError, match=r"unknown stock 99999") as caught:
        pd_capflow.distribution(["HK.99999", "US.AAPL"], client=client, source="auto", store=store)
    assert caught.value.frame.attrs["capflow"]["codes"] == ["US.AAPL"]


def test_what_is_asked_for_can_be_kept_in_a_new_store(ask, store):
    client = ask(3)
    served = pd_capflow.distribution(CODES, client=client, source="auto", store=store.path, keep=True)
    pd.testing.assert_frame_equal(store.distribution(CODES), served)
    with pytest.raises(QueryError, match="only source='auto' has something to write"):
        pd_capflow.distribution(CODES, client=client, store=store, keep=True)


def test_real_data_and_a_demo_never_stand_in_one_frame(held, ask, tmp_path):
    real = pd_capflow.Store(tmp_path / "real")
    frame = held[1].copy()
    frame.attrs["capflow"]["source"] = {"url": "tcp://10.0.0.1:11111", "demo": False}
    real.write(frame)
    with pytest.raises(StoreError, match="which never stand in one frame"):
        pd_capflow.distribution(CODES, client=ask(6), source="auto", store=real)


def test_magic_and_command_draw_what_was_recorded(held, shell, tmp_path, capsys):
    store, served = held
    drawn = tmp_path / "ring.png"
    command = ["fetch", "HK.00700", "--url", "tcp://127.0.0.1:1", "--store", store.path]
    assert main([*command, "--plot", str(drawn), "--kind", "distribution"]) == 0
    assert drawn.exists()
    assert "2025-06-05 12:00:00" in capsys.readouterr().out
    line = f"HK.00700 --url tcp://127.0.0.1:1 --store {store.path} --plot distribution"
    found = shell.run_line_magic("capflow", line)
    pd.testing.assert_frame_equal(found, served.loc["HK.00700"].tz_convert("Asia/Hong_Kong"))
