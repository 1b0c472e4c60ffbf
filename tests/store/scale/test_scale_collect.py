"""Collection over a real cluster, at real gateways, some of which die in the middle."""

from __future__ import annotations

import os
import signal

import pandas as pd
import pytest

import pd_capflow
from pd_capflow.errors import QueryError, StoreError
from pd_capflow.store import Store
from pd_capflow.store.scale import collect, collecting
from tests.gateways import GatewayProcess

CODES = ["HK.00700", "HK.09988", "HK.00005", "HK.03690", "HK.00388", "HK.01810", "HK.00939", "HK.02318"]
WEEK = ("day", "2025-12-29", "2026-01-02")


@pytest.fixture
def gateways():
    processes = [GatewayProcess(), GatewayProcess()]
    yield processes
    for process in processes:
        process.kill()


@pytest.fixture
def after_the_first(monkeypatch):
    """Do something in the middle: when the first answer has come and others have not been asked for."""

    def arrange(deed):
        take, left = collecting._Round._take, [deed]

        def taking(self, answer):
            if left:
                left.pop()(answer)
            return take(self, answer)

        monkeypatch.setattr(collecting._Round, "_take", taking)

    return arrange


def gathered(store, cluster, urls, codes=CODES, **options):
    period, start, end = WEEK
    return collect(
        codes, store, client=cluster, gateways=urls, period=period, start=start, end=end, at_once=1, **options
    )


def assert_all_there(store, url):
    with pd_capflow.connect(url) as client:
        expected = client.capital_flow(CODES, *WEEK)
    got = store.read(CODES, *WEEK[1:], WEEK[0])
    pd.testing.assert_frame_equal(got, expected)
    assert not got.index.duplicated().any()


def test_each_gateway_serves_a_part(tmp_path, cluster, gateways):
    """And a code that none knows is told, as is each code's count of rows."""
    store = Store(tmp_path / "store", demo=True)
    report = gathered(store, cluster, [each.url for each in gateways], [*CODES, "HK.99999"])
    assert list(report.failures) == ["HK.99999"]
    assert sorted(report.rows) == sorted(CODES)
    assert sum(report.rows.values()) == len(store.read(period="day"))
    assert all(report.gateways[each.url] > 0 for each in gateways)
    assert report.lost == {}
    assert_all_there(store, gateways[0].url)


def test_no_two_tasks_ask_a_gateway_at_once(tmp_path, cluster, gateways, monkeypatch):
    """So no two workers use up one budget, though there are more workers than gateways."""
    submit, take, asked, most = collecting._Round._submit, collecting._Round._take, [], []

    def submitting(self, gateway, codes):
        asked.append(gateway)
        most.append(len(asked))
        return submit(self, gateway, codes)

    def taking(self, answer):
        asked.remove(answer.gateway)
        return take(self, answer)

    monkeypatch.setattr(collecting._Round, "_submit", submitting)
    monkeypatch.setattr(collecting._Round, "_take", taking)
    store = Store(tmp_path / "store", demo=True)
    report = gathered(store, cluster, [gateways[0].url, gateways[0].url])
    assert most == [1] * len(CODES)
    assert report.gateways == {gateways[0].url: len(CODES)}


def test_a_gateway_that_dies_is_left_out(tmp_path, cluster, gateways, after_the_first):
    """The other one serves its codes, and the report says so."""
    dies, stays = gateways
    after_the_first(lambda _: dies.kill())
    store = Store(tmp_path / "store", demo=True)
    report = gathered(store, cluster, [dies.url, stays.url], timeout=2.0)
    assert list(report.lost) == [dies.url]
    assert report.failures == {}
    assert_all_there(store, stays.url)


def test_a_worker_that_dies_changes_nothing(tmp_path, cluster, gateways, after_the_first):
    pids = cluster.run(os.getpid)
    after_the_first(lambda _: os.kill(min(pids.values()), signal.SIGKILL))
    store = Store(tmp_path / "store", demo=True)
    report = gathered(store, cluster, [each.url for each in gateways])
    assert (report.lost, report.failures) == ({}, {})
    assert_all_there(store, gateways[0].url)


def test_without_a_gateway_each_code_says_why(tmp_path, cluster, gateways):
    for each in gateways:
        each.kill()
    report = gathered(
        Store(tmp_path / "store", demo=True), cluster, [each.url for each in gateways], timeout=1.0
    )
    assert sorted(report.failures) == sorted(CODES)
    assert all(gateways[0].url in why for why in report.failures.values())
    assert report.rows == {}


def test_what_the_store_refuses_is_an_error(tmp_path, cluster, gateways):
    """Invented numbers never get into a store of real ones, whichever worker writes."""
    with pytest.raises(StoreError, match="demo data"):
        gathered(Store(tmp_path / "store"), cluster, [gateways[0].url])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gateways": []}, "expected a list of addresses"),
        ({"gateways": "tcp://127.0.0.1:11111"}, "expected a list of addresses"),
        ({"gateways": ["nonsense://x"]}, "nonsense"),
        ({"at_once": 0}, "at_once=0"),
        ({"period": "year"}, "period"),
        ({"codes": ["nonsense"]}, "nonsense"),
        ({"codes": []}, "empty list of codes"),
    ],
)
def test_what_cannot_be_asked_is_asked_of_no_worker(changes, words, tmp_path):
    options = {"codes": CODES, "gateways": ["demo://"], "client": None} | changes
    with pytest.raises(QueryError, match=words):
        collect(options.pop("codes"), Store(tmp_path / "store"), **options)
