"""Several gateways as one: nothing lost, nothing double, and the answer says who served what."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import Counter

import pytest

import pd_capflow
from pd_capflow.client import resolve
from pd_capflow.client.portal import current_portal
from pd_capflow.errors import BatchError, ConnectError, QueryError, UnknownSecurityError
from pd_capflow.gateway import Gateway
from pd_capflow.gateway.limits import Limit
from pd_capflow.protocol.messages import CAPITAL_DISTRIBUTION

CODES = [f"HK.{number:05d}" for number in range(1, 91)]
NOBODY = "tcp://127.0.0.1:1"


class CountingGateway(Gateway):
    """A gateway that counts what it was asked for, and may hold its answers back."""

    def __init__(self, **options):
        super().__init__(**options)
        self.asked = Counter()

    def response(self, method, c2s):
        if method is CAPITAL_DISTRIBUTION:
            self.asked[f"HK.{c2s.security.code}"] += 1
        return super().response(method, c2s)


@pytest.fixture
def gateways():
    """Start gateways on loopback, and return them with their addresses."""
    portal, started = current_portal(), []

    def start(count, **options):
        for _ in range(count):
            there = CountingGateway(**{"limit": None} | options)
            host, port = portal.run(there.listen(port=0))
            there.url = f"tcp://{host}:{port}"
            started.append(there)
        return started[-count:]

    yield start
    for there in started:
        portal.run(there.close())


def test_codes_are_spread_and_the_answer_says_how(gateways):
    there = gateways(3)
    with pd_capflow.connect([each.url for each in there], rate=(10, 0.5)) as client:
        frame = client.capital_distribution(CODES)
    assert frame.index.get_level_values("code").tolist() == CODES
    assert sum((each.asked for each in there), Counter()) == Counter(CODES)
    assert min(len(each.asked) for each in there) >= 20, "work was not shared"
    source = frame.attrs["capflow"]["source"]
    assert source["by_code"] == {code: each.url for each in there for code in each.asked}
    assert source["url"] == ", ".join(each.url for each in there)
    assert source["demo"] is True


def test_each_gateway_has_its_own_budget(gateways):
    """60 codes at 30 a window by two gateways need no wait, and meet no refusal."""
    there = gateways(2, limit=Limit(30, 60.0))
    seen = []
    with pd_capflow.connect([each.url for each in there], rate=(30, 60.0)) as client:
        frame = client.capital_distribution(CODES[:60], progress=seen.append)
    assert len(frame) == 60
    assert [len(each.asked) for each in there] == [30, 30]
    assert seen[-1].done == 60


def test_a_gateway_that_is_killed_in_the_middle_loses_nothing(gateways):
    """One of three, in a process of its own."""
    command = [sys.executable, "-m", "pd_capflow", "gateway", "--port", "0", "--limit", "none"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            doomed = re.search(r"tcp://[\d.]+:\d+", process.stdout.readline())[0]
            there = gateways(2)

            def kill(progress):
                if progress.done == 30:
                    os.kill(process.pid, signal.SIGKILL)

            with pd_capflow.connect([doomed, *(each.url for each in there)], rate=(5, 0.2)) as client:
                frame = client.capital_distribution(CODES, progress=kill)
        finally:
            process.kill()
    assert frame.index.get_level_values("code").tolist() == CODES
    assert frame.notna().all(axis=None)
    by_code = frame.attrs["capflow"]["source"]["by_code"]
    assert set(by_code) == set(CODES)
    assert doomed in by_code.values()
    for each in there:
        assert all(each.asked[code] == 1 for code, url in by_code.items() if url == each.url)


def test_one_that_was_never_there_is_left_out(gateways):
    (there,) = gateways(1)
    with pd_capflow.connect([NOBODY, there.url]) as client:
        assert client.connected
        frame = client.capital_distribution(CODES[:5], progress=False)
        assert client.state().logged_in
        assert client.capital_distribution(CODES[0]).shape == (1, 8)
    assert set(frame.attrs["capflow"]["source"]["by_code"].values()) == {there.url}


def test_one_that_comes_back_is_asked_again(gateways):
    first, second = gateways(2)
    portal = current_portal()
    with pd_capflow.connect([first.url, second.url], rate=None) as client:
        port = int(first.url.rpartition(":")[2])
        portal.run(first.close())
        assert len(client.capital_distribution(CODES[:10])) == 10
        again = CountingGateway(limit=None)
        portal.run(again.listen(port=port))
        try:
            client.connect()
            client.capital_distribution(CODES)
        finally:
            portal.run(again.close())
    assert again.asked


def test_if_nobody_is_left_all_are_named(gateways):
    with pytest.raises(ConnectError, match=r"none of 2 gateways answers: .*:1\b.*:2\b") as told:
        pd_capflow.connect([NOBODY, "tcp://127.0.0.1:2"])
    assert told.value.address == f"{NOBODY}, tcp://127.0.0.1:2"
    there = gateways(2)
    client = pd_capflow.connect([each.url for each in there], timeout=1.0)
    for each in there:
        current_portal().run(each.close())
    with pytest.raises(BatchError) as several:
        client.capital_distribution(CODES[:3])
    assert list(several.value.errors) == CODES[:3]
    assert all("none of 2 gateways answers" in str(error) for error in several.value.errors.values())
    client.close()


def test_what_a_gateway_refuses_no_other_is_asked(gateways):
    there = gateways(2)
    with pd_capflow.connect([each.url for each in there]) as client:
        frame = client.capital_distribution(["HK.99999", *CODES[:4]], errors="collect")
        assert list(frame.attrs["capflow"]["errors"]) == ["HK.99999"]
        with pytest.raises(UnknownSecurityError):
            client.capital_distribution("HK.99999")
    assert sum(each.asked["HK.99999"] for each in there) == 2


def test_demo_gateways_do_not_mix_with_others(gateways):
    """That a gateway over TCP is a demo is known once it is connected."""

    class Real(CountingGateway):
        def welcome(self, *arguments):
            response = super().welcome(*arguments)
            response.s2c.ClearField("demo")
            return response

    (demo,) = gateways(1)
    real = Real(limit=None)
    host, port = current_portal().run(real.listen(port=0))
    try:
        with pytest.raises(QueryError, match="invented numbers must not mix"):
            pd_capflow.connect([demo.url, f"tcp://{host}:{port}"])
    finally:
        current_portal().run(real.close())


@pytest.mark.parametrize(
    ("urls", "reason"),
    [
        ([], "is empty"),
        (["tcp://a:1", "tcp://a:1"], "twice"),
        (["tcp://a:1", "nothing"], "scheme"),
        (["tcp://a:1", 5], "no text"),
        (["tcp://a:1", "demo://"], "stands alone"),
        ("tcp://a:1,", "scheme"),
        (7, "no text"),
    ],
)
def test_bad_lists_are_refused_before_anything_is_sent(urls, reason):
    with pytest.raises(QueryError, match=reason):
        pd_capflow.connect(urls)
    with pytest.raises(QueryError, match=reason):
        pd_capflow.configure(url=urls)


def test_several_can_be_configured(gateways, monkeypatch):
    there = gateways(2)
    urls = [each.url for each in there]
    monkeypatch.setenv("PD_CAPFLOW_URL", ", ".join(urls))
    assert [str(each.address) for each in resolve().each] == urls
    pd_capflow.configure(url=urls, rate=None)
    pd_capflow.distribution(CODES)
    assert sum(len(each.asked) for each in there) == len(CODES)


def test_it_can_be_awaited_and_listened_to(gateways):
    there = gateways(2)
    seen = []

    async def main():
        async with await pd_capflow.connect_async([each.url for each in there]) as client:
            client.on_state(lambda link: seen.append(link.status))
            assert {link.status for link in client.links.values()} == {"connected"}
            assert client.link.status == "connected"
            return await client.capital_distribution(CODES[:4])

    assert len(asyncio.run(main())) == 4
    assert seen == ["closed", "closed"]


def test_stopping_in_the_middle_keeps_what_came(gateways):
    """Ctrl-C: a real signal, in a process of its own; the client goes on to be of use."""
    (there,) = gateways(1)
    script = """
import os, signal, sys, pd_capflow

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may ignore it
stops = [signal.SIGINT]

def stop(progress):
    if progress.done == 5 and stops:
        os.kill(os.getpid(), stops.pop())

client = pd_capflow.connect(sys.argv[1], rate=(5, 60.0))
try:
    client.capital_distribution(sys.argv[2].split(","), progress=stop)
except KeyboardInterrupt as stopped:
    print(type(stopped).__name__, len(stopped.frame), stopped)
print(len(client.capital_flow("HK.00700", "day")) > 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, there.url, ",".join(CODES)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "BatchInterrupted 5 stopped after 5 of 90 codes; what came is in .frame",
        "True",
    ]
