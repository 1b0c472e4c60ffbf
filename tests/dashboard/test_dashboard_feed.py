"""The feed asks what is due, leaves room to others, and tells of each code what became of it."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace
from threading import Condition

import pytest

import pd_capflow
from pd_capflow.client import Client, resolve, settings
from pd_capflow.gateway.handlers import Refusal
from pd_capflow.gateway.limits import Limit
from pd_capflow.gateway.session import Session
from pd_capflow.notebook.dashboard import feed as feed_module
from pd_capflow.notebook.dashboard.feed import Feed
from pd_capflow.notebook.dashboard.harvest import LONG_AGO
from pd_capflow.notebook.dashboard.pace import AT_REST_SECONDS
from pd_capflow.notebook.dashboard.timetable import Timetable
from pd_capflow.notebook.dashboard.wish import Wish
from pd_capflow.protocol.messages import CAPITAL_DISTRIBUTION, CAPITAL_FLOW, SNAPSHOT
from pd_capflow.security import Security
from tests.dashboard.conftest import BOUND, MORNING

NIGHT = MORNING.replace(hour=20)
FLOW = CAPITAL_FLOW.name


def wish_for(*codes, **options):
    return Wish.of(map(Security.parse, codes), **options)


class Listener:
    """Runs a feed, and keeps what it tells."""

    def __init__(self, url, wish, rate=None):
        self.client = Client(resolve(url=url, rate=rate))
        self.readings, self._news = [], Condition()
        self.feed = Feed(wish, self._told)
        self._running = self.client.submit(self.feed.run)

    def _told(self, reading):
        with self._news:
            self.readings.append(reading)
            self._news.notify_all()

    @property
    def last(self):
        return self.readings[-1]

    def until(self, is_so):
        with self._news:
            assert self._news.wait_for(lambda: self.readings and is_so(self.last), BOUND), self.last
        return self.last

    def wish(self, **changes):
        self.feed.wish = replace(self.feed.wish, **changes)
        self.feed.wake()

    def close(self):
        self._running.cancel()
        self.client.close()


@pytest.fixture
def listen():
    """Start feeds, and end them."""
    made = []

    def start(url, wish, **options):
        made.append(Listener(url, wish, **options))
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_what_came_is_what_the_client_would_have_returned(gateway_at, listen):
    there = gateway_at(speed=0)
    codes = ["HK.00700", "US.AAPL", "HK.09988"]
    reading = listen(there.url, wish_for(*codes)).until(lambda reading: reading.rounds)
    with pd_capflow.connect(there.url) as client:
        expected = client.capital_flow(codes)
        assert reading.frame(reading.codes).equals(expected)
        assert reading.frame(reading.codes).attrs["capflow"]["codes"] == codes
        assert reading.flow(reading.codes[0]).equals(client.capital_flow(codes[0]))
    assert reading.is_demo
    assert reading.markets["HK"] == "morning"


def test_a_refused_code_has_an_error_of_its_own_and_the_others_go_on(gateway_at, listen):
    there = gateway_at()
    feed = listen(there.url, wish_for("HK.00700", "HK.99999999", interval=1.0))
    first = feed.until(lambda reading: reading.rounds == 1)
    assert [str(security) for security in first.errors] == ["HK.99999999"]
    assert "unknown stock" in str(first.errors[Security.parse("HK.99999999")])
    later = feed.until(lambda reading: reading.rounds == 3)
    assert [str(security) for security in later.flows] == ["HK.00700"]
    before, now = (reading.flows[Security.parse("HK.00700")].last_valid_time for reading in (first, later))
    assert now > before, "the good code was not refreshed any more"
    assert later.trouble is None


def test_a_code_that_is_answered_again_has_no_error_any_more(gateway_at, listen):
    there = gateway_at()
    refusing = threading.Event()
    refusing.set()

    def refuse(method, c2s):
        if method is CAPITAL_FLOW and refusing.is_set():
            raise Refusal("unknown_security", symbol="00700")

    there.on_request = refuse
    feed = listen(there.url, wish_for("HK.00700", interval=1.0))
    assert feed.until(lambda reading: reading.errors).flows == {}
    refusing.clear()
    assert feed.until(lambda reading: reading.flows).errors == {}
    refusing.set()
    assert feed.until(lambda reading: reading.errors).flows, "what came before is kept"


def test_prices_and_names_come_with_the_flow(gateway_at, listen):
    there = gateway_at()
    reading = listen(there.url, wish_for("HK.00700", "US.AAPL", "HK.99999999")).until(lambda r: r.rounds)
    assert {str(who): quote.name for who, quote in reading.quotes.items()} == {
        "HK.00700": "TENCENT",
        "US.AAPL": "Apple",
    }
    assert reading.quotes[Security.parse("HK.00700")].day == dt.date(2026, 1, 5)


def test_a_feed_leaves_a_sixth_of_the_budget_to_others_and_is_never_refused(gateway_at, listen):
    """36 codes at 30 a window: 25 go out, the others wait, and 5 requests are left for the user's cells."""
    there = gateway_at(limit=Limit(30, 600.0))
    feed = listen(there.url, wish_for(*(f"HK.{n:05d}" for n in range(1, 37))), rate=(30, 600.0))
    reading = feed.until(lambda reading: len(reading.flows) == 25)
    assert reading.budget.left == 5
    assert reading.is_squeezed
    assert (reading.next_at - dt.datetime.now(dt.UTC)).total_seconds() > 300
    assert there.asked.count(FLOW) == 25
    feed.wish(period="day")  # whatever is wished for now, there is no room
    feed.until(lambda reading: reading.period == "day")
    for _ in range(5):
        feed.client.capital_flow("HK.00700", "week")
    assert there.asked.count(FLOW) == 30
    assert there.refused == 0


def test_two_feeds_of_one_gateway_share_what_they_may_use(gateway_at, listen):
    """20 and 10 codes are refreshed every 36 s, as 30 of one feed would be."""
    there = gateway_at(limit=None)
    one = listen(there.url, wish_for(*(f"HK.{n:05d}" for n in range(1, 21))), rate=(30, 30.0))
    one.until(lambda reading: reading.rounds)
    other = listen(there.url, wish_for(*(f"HK.{n:05d}" for n in range(21, 31))), rate=(30, 30.0))
    assert other.until(lambda reading: reading.link.status == "connected").pace.every == pytest.approx(36.0)


def test_a_feed_at_rest_gives_its_share_back(gateway_at, listen):
    """In Hong Kong's morning New York is closed: 20 codes there leave 10 here their 12 s."""
    there = gateway_at(limit=None)
    one = listen(there.url, wish_for(*(f"US.A{n}" for n in range(20))), rate=(30, 30.0))
    one.until(lambda reading: reading.rounds and len(reading.at_rest) == 20)
    other = listen(there.url, wish_for(*(f"HK.{n:05d}" for n in range(21, 31))), rate=(30, 30.0))
    assert other.until(lambda reading: reading.rounds).pace.every == pytest.approx(12.0)
    one.wish(in_a_hurry=True)  # who waits takes part
    one.until(lambda reading: not reading.at_rest)
    other.wish(period="day")
    assert other.until(lambda reading: reading.period == "day" and reading.rounds > 1).pace.every == 36.0


def test_a_feed_knows_how_far_the_clock_of_its_gateway_is_off(gateway_at, listen):
    feed = listen(gateway_at(MORNING, speed=0).url, wish_for("HK.00700"))
    reading = feed.until(lambda reading: reading.rounds)
    off = dt.datetime.now(dt.UTC) + reading.ahead - MORNING
    assert abs(off.total_seconds()) < BOUND


def test_codes_whose_market_is_closed_are_refreshed_rarely(gateway_at, listen):
    there = gateway_at(NIGHT, speed=0)
    feed = listen(there.url, wish_for("HK.00700", "HK.09988", interval=1.0))
    reading = feed.until(lambda reading: reading.rounds)
    assert reading.markets == {"HK": "closed"}
    assert reading.at_rest == set(reading.codes)
    seconds = (reading.next_at - dt.datetime.now(dt.UTC)).total_seconds()
    assert AT_REST_SECONDS - BOUND < seconds <= AT_REST_SECONDS
    assert there.asked.count(FLOW) == 2


def test_somebody_who_waits_does_not_wait_for_the_market_to_open(gateway_at, listen):
    there = gateway_at(NIGHT, speed=0)
    feed = listen(there.url, wish_for("HK.00700", interval=1.0))
    feed.until(lambda reading: reading.rounds)
    feed.wish(in_a_hurry=True)
    assert feed.until(lambda reading: reading.rounds == 3).at_rest == frozenset()


@pytest.mark.parametrize("off", [{"is_live": False}, {"is_seen": False}, {"codes": ()}])
def test_what_nobody_wants_is_not_asked_for(gateway_at, listen, off):
    there = gateway_at()
    feed = listen(there.url, wish_for("HK.00700", interval=1.0))
    feed.until(lambda reading: reading.rounds)
    feed.wish(**off)
    assert feed.until(lambda reading: reading.next_at is None).link.status == "connected"
    asked = there.asked.count(FLOW)
    feed.wish(codes=(Security.parse("HK.00005"),), is_live=True, is_seen=True)
    feed.until(lambda reading: Security.parse("HK.00005") in reading.flows)
    assert there.asked.count(FLOW) == asked + 1


def test_another_period_begins_anew(gateway_at, listen):
    there = gateway_at()
    feed = listen(there.url, wish_for("HK.00700"))
    feed.until(lambda reading: reading.rounds)
    feed.wish(period="week")
    reading = feed.until(lambda reading: reading.period == "week" and reading.flows)
    frame = reading.flow(Security.parse("HK.00700"))
    assert frame.attrs["capflow"]["period"] == "week"
    assert frame.attrs["capflow"]["cumulative"] is False
    assert len(frame) == len(feed.client.capital_flow("HK.00700", "week"))


def test_an_answer_that_comes_after_another_period_was_wished_for_is_dropped(gateway_at, listen):
    """Minutes must not be shown as days."""
    there = gateway_at()
    feed = listen(there.url, wish_for("HK.00700", is_live=False))
    feed.until(lambda reading: reading.link)

    def wish_for_days(method, c2s):
        if method is CAPITAL_FLOW and feed.feed.wish.period == "intraday":
            feed.wish(period="day")

    there.on_request = wish_for_days
    feed.wish(is_live=True)
    feed.until(lambda reading: reading.period == "day" and reading.flows)
    minutes = [reading for reading in feed.readings if reading.flows and reading.period == "intraday"]
    assert minutes == []


def test_a_distribution_is_asked_for_only_where_it_is_shown(gateway_at, listen):
    there = gateway_at()
    feed = listen(there.url, wish_for("HK.00700", "HK.09988"))
    feed.until(lambda reading: reading.rounds)
    assert "Qot_GetCapitalDistribution" not in there.asked
    feed.wish(kind="distribution", chosen=Security.parse("HK.09988"))
    reading = feed.until(lambda reading: reading.distributions)
    assert list(map(str, reading.distributions)) == ["HK.09988"]
    assert len(reading.distribution(Security.parse("HK.09988"))) == 1


def test_a_gateway_that_is_not_there_is_told_and_tried_again(listen, gateway_process):
    gateway_process.kill()
    feed = listen(gateway_process.url, wish_for("HK.00700"))
    reading = feed.until(lambda reading: reading.trouble is not None)
    assert gateway_process.url in str(reading.trouble)
    assert not reading.flows
    gateway_process.start()
    assert feed.until(lambda reading: reading.flows).trouble is None


@pytest.fixture
def silence(monkeypatch):
    """Have gateways take some requests and never answer them."""
    answer = Session._answer

    def keep_silent(*methods):
        def answer_others(session, asked):
            if asked.method not in methods:
                answer(session, asked)

        monkeypatch.setattr(Session, "_answer", answer_others)

    return keep_silent


def test_flows_are_shown_while_prices_are_still_awaited(gateway_at, listen, silence):
    silence(SNAPSHOT)
    feed = listen(gateway_at().url, wish_for("HK.00700"))
    reading = feed.until(lambda reading: reading.flows)
    assert not reading.quotes
    assert reading.rounds == 0  # it is not over


def test_a_distribution_that_never_comes_is_told(gateway_at, listen, silence, monkeypatch):
    monkeypatch.setattr(settings, "_configured", {"timeout": 0.5})
    silence(CAPITAL_DISTRIBUTION)
    feed = listen(gateway_at().url, wish_for("HK.00700", kind="distribution"))
    reading = feed.until(lambda reading: reading.trouble is not None)
    assert "Qot_GetCapitalDistribution" in str(reading.trouble)
    assert reading.flows
    silence()
    assert feed.until(lambda reading: reading.distributions).trouble is None


def test_a_feed_reads_the_budget_a_few_times_a_round_however_many_codes(gateway_at, listen, monkeypatch):
    """It is on the I/O thread, which all clients share, and the budget is in a file."""
    made = []
    monkeypatch.setattr(feed_module, "Timetable", lambda *given: made.append(1) or Timetable(*given))
    codes = [f"HK.{number:05}" for number in range(1, 101)]
    feed = listen(gateway_at().url, wish_for(*codes, interval=1.0))
    feed.until(lambda reading: reading.rounds == 1)
    made.clear()
    feed.feed._states_at = LONG_AGO
    feed.until(lambda reading: reading.rounds == 2)
    assert len(made) < 20
