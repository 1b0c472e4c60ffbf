"""What the magic and the command line ask, down to the gateway."""

from __future__ import annotations

import asyncio

import pytest

import pd_capflow
from pd_capflow.asking import Question, look_of, name_codes
from pd_capflow.client.known import MOST_NAMES
from pd_capflow.client.portal import current_portal
from pd_capflow.errors import CapflowError, QueryError
from pd_capflow.flow.queries import StaticInfo
from pd_capflow.gateway import Gateway
from pd_capflow.gateway.handlers import Refusal
from pd_capflow.options import CHARTS, COLORS, LANGUAGES
from pd_capflow.protocol.messages import STATIC_INFO


class Counting(pd_capflow.Client):
    """A client that keeps what it was asked."""

    def _attach(self):
        self.asked = []
        super()._attach()

    def fetch(self, query):
        self.asked.append(type(query).__name__)
        return super().fetch(query)

    def capital_flow(self, *arguments, **keywords):
        self.asked.append("CapitalFlow")
        return super().capital_flow(*arguments, **keywords)

    def capital_distribution(self, *arguments, **keywords):
        self.asked.append("CapitalDistribution")
        return super().capital_distribution(*arguments, **keywords)


class Noting(Gateway):
    """A gateway that keeps for whom it was asked names, and may have none to tell."""

    names_of, is_telling = (), True

    def response(self, method, c2s):
        if method is STATIC_INFO:
            self.names_of = (*self.names_of, tuple(each.code for each in c2s.securityList))
            if not self.is_telling:
                raise Refusal("unknown_method")
        return super().response(method, c2s)


@pytest.fixture
def gateway():
    """A gateway that has told nothing yet."""
    portal = current_portal()
    there = Noting(limit=None)
    _, there.port = portal.run(there.listen(port=0))
    yield there
    portal.run(there.close())


@pytest.fixture
def client(gateway):
    """A client of it."""
    from pd_capflow.client.settings import resolve

    with Counting(resolve(url=f"tcp://127.0.0.1:{gateway.port}", rate=None)) as client:
        yield client


DAYS = {"period": "day", "start": "2026-01-05", "end": "2026-01-09"}


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ({}, ["CapitalFlow"]),
        (DAYS, ["CapitalFlow"]),
        ({"kind": "auto"}, ["CapitalFlow"]),
        ({"kind": "bars", **DAYS}, ["CapitalFlow"]),
        ({"price": True, **DAYS}, ["CapitalFlow", "History"]),
        ({"kind": "quadrant", **DAYS}, ["CapitalFlow", "History"]),
        ({"kind": "rank"}, ["CapitalFlow"]),
        ({"kind": "distribution"}, ["CapitalDistribution"]),
        ({"kind": "Distribution", "period": "intraday"}, ["CapitalDistribution"]),
    ],
)
def test_what_a_chart_needs_is_asked_for_and_no_more(client, question, asked):
    """A question about candlesticks is one of a quota."""
    frame = Question(codes="HK.00700", **question).ask(client)
    assert client.asked == asked
    assert ("close" in frame) is ("History" in asked)


@pytest.mark.parametrize("more", [DAYS, {"start": "2026-01-05"}, {"price": True}])
def test_a_distribution_is_of_no_days_and_has_no_price(more):
    with pytest.raises(QueryError, match="which is of the latest session; leave it out"):
        Question(codes="HK.00700", kind="distribution", **more)


def test_words_that_are_not_known_are_refused_before_anything_is_asked():
    for refused in (
        lambda: Question(codes="HK.00700", kind="pie"),
        lambda: look_of("red", None),
        lambda: look_of(None, "fr"),
    ):
        with pytest.raises(QueryError, match="expected one of"):
            refused()
    assert look_of(None, None) == {"colors": "auto", "lang": "en"}
    assert [look_of(color, lang) for color in COLORS for lang in LANGUAGES]
    assert [Question(codes="HK.00700", kind=kind) for kind in CHARTS]


def test_names_are_asked_for_once(client, gateway):
    frame = Question(codes=["HK.00700", "US.AAPL"]).ask(client)
    assert "names" not in frame.attrs["capflow"]
    assert name_codes(frame, client).attrs["capflow"]["names"] == {"HK.00700": "TENCENT", "US.AAPL": "Apple"}
    again = Question(codes=["US.AAPL", "JP.7203"]).ask(client)
    assert set(name_codes(again, client).attrs["capflow"]["names"]) == {"US.AAPL", "JP.7203"}
    once = Question(codes="HK.00700").ask(client)
    name_codes(once, client)
    assert gateway.names_of == (("00700", "AAPL"), ("7203",))


def test_names_of_very_many_codes_are_not_asked_for(client, gateway):
    codes = [f"US.A{number}" for number in range(MOST_NAMES + 1)]
    frame = Question(codes=codes, **DAYS).ask(client)
    assert "names" not in name_codes(frame, client).attrs["capflow"]
    assert gateway.names_of == ()


def test_a_name_that_cannot_be_had_costs_no_numbers_and_is_not_asked_for_again(client, gateway):
    gateway.is_telling = False
    frame = Question(codes="HK.00700").ask(client)
    for _ in range(3):
        assert "names" not in name_codes(frame, client).attrs["capflow"]
    assert gateway.names_of == (("00700",),)


def test_numbers_do_not_wait_for_a_name(client, monkeypatch):
    """The gateway never answers about names: the frame comes without, long before that request's deadline."""
    silence, asked = asyncio.Event(), []

    async def fetch(query):
        asked.append(type(query))
        await silence.wait()

    frame = Question(codes="HK.00700").ask(client)
    monkeypatch.setattr(client._async, "fetch", fetch)
    assert "names" not in name_codes(frame, client).attrs["capflow"]
    assert asked == [StaticInfo]
    current_portal().loop.call_soon_threadsafe(silence.set)


def test_a_name_does_not_wait_for_the_rate_budget(gateway):
    with pd_capflow.connect(f"tcp://127.0.0.1:{gateway.port}", rate=(2, 3600.0)) as client:
        for code in ("HK.00700", "US.AAPL"):
            client.static_info(code)
        frame = client.capital_flow("JP.7203")
        assert "names" not in name_codes(frame, client).attrs["capflow"]


def test_what_came_can_be_collected(client):
    question = Question(codes=["HK.00700", "HK.99999"], errors="collect")
    assert question.ask(client).attrs["capflow"]["codes"] == ["HK.00700"]
    with pytest.raises(CapflowError, match="1 of 2 codes failed"):
        Question(codes=["HK.00700", "HK.99999"]).ask(client)
