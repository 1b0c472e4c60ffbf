"""``fetch(..., source="store")`` and ``source="auto"``: recorded rows, and a gateway's for the rest."""

from __future__ import annotations

import datetime as dt
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pd_capflow
from pd_capflow.__main__ import main
from pd_capflow.errors import BatchError, ConnectError, QueryError, StoreError, UnknownSecurityError
from pd_capflow.flow.frames import Columns
from pd_capflow.gateway import Clock, Gateway
from pd_capflow.gateway.handlers import Refusal
from pd_capflow.protocol.messages import CAPITAL_FLOW, TRADE_DATE
from pd_capflow.store.merging import merged
from pd_capflow.store.union import columns_of

CODES = ["HK.00700", "US.AAPL"]
DAYS = ("day", "2025-05-26", "2025-06-03")
ZONES = {"HK.00700": "Asia/Hong_Kong", "US.AAPL": "America/New_York"}
HONG_KONG = dt.timezone(dt.timedelta(hours=8))


class Noting(Gateway):
    """A gateway that notes what capital flow it is asked for."""

    def __init__(self, **options):
        super().__init__(**options)
        self.asked = []

    answers_trade_dates = True
    half_days = holidays = ()

    def response(self, method, c2s):
        if method is CAPITAL_FLOW:
            self.asked.append((c2s.security.code, c2s.beginTime[:10], c2s.endTime[:10]))
        response = super().response(method, c2s)
        if method is TRADE_DATE:
            self._keep_holidays(response.s2c.tradeDateList)
        return response

    def _keep_holidays(self, dates):
        if not self.answers_trade_dates:
            raise Refusal("unknown_method")
        kept = [each for each in dates if each.time not in self.holidays]
        for each in kept:
            each.tradeDateType = 1 if each.time in self.half_days else 0
        del dates[:]
        dates.extend(kept)


def clock(*moment):
    return Clock(dt.datetime(*moment, tzinfo=HONG_KONG), speed=0)


@pytest.fixture
def ask(gateway_at):
    """Return a client of a demo gateway at a moment, and the gateway."""
    clients = []

    def start(*moment):
        url, gateway = gateway_at(kind=Noting, clock=clock(*moment or (2025, 6, 4, 12)))
        clients.append(pd_capflow.connect(url, rate=None))
        return clients[-1], gateway

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


def facts(frame):
    return frame.attrs["capflow"]


# From a store alone.


@pytest.mark.parametrize("codes", ["HK.00700", ["US.AAPL", "HK.00700"]])
@pytest.mark.parametrize("question", [("intraday",), DAYS, ("week", "2025-01-01", "2025-05-30")])
def test_what_is_recorded_comes_as_it_was_served_and_nobody_is_asked(ask, store, nobody, codes, question):
    frame = ask()[0].capital_flow(codes, *question)
    store.write(frame)
    for place in (store, store.path, os.path.relpath(store.path)):
        found = pd_capflow.fetch(codes, *question[:1], client=nobody, source="store", store=place)
        pd.testing.assert_frame_equal(found, frame)
        assert facts(found) == facts(frame)
    assert facts(pd.DataFrame.capflow.fetch(codes, question[0], store=store))["source"]["demo"]


def test_minutes_may_have_dates(ask, store, nobody):
    for day in (2, 3, 4):
        store.write(ask(2025, 6, day, 12)[0].capital_flow("HK.00700"))
    found = pd_capflow.fetch("HK.00700", start="2025-06-03", end="2025-06-03", store=store, client=nobody)
    assert {str(day) for day in found.index.date} == {"2025-06-03"}
    assert len(set(pd_capflow.fetch("HK.00700", store=store, client=nobody).index.date)) == 3


def by_configure(path, monkeypatch, tmp_path):
    pd_capflow.configure(store=path)


def by_environment(path, monkeypatch, tmp_path):
    monkeypatch.setenv("PD_CAPFLOW_STORE", path)


def by_file(path, monkeypatch, tmp_path):
    (tmp_path / "config.toml").write_text(f"store = '{path}'")
    monkeypatch.setenv("PD_CAPFLOW_CONFIG", str(tmp_path / "config.toml"))


@pytest.mark.parametrize("name_it", [by_configure, by_environment, by_file])
def test_the_store_can_be_named_once(ask, store, nobody, name_it, monkeypatch, tmp_path):
    frame = ask()[0].capital_flow("HK.00700", *DAYS)
    store.write(frame)
    name_it(store.path, monkeypatch, tmp_path)
    pd.testing.assert_frame_equal(pd_capflow.fetch("HK.00700", "day", source="store", client=nobody), frame)


def test_what_is_not_recorded_is_an_error(ask, store, nobody):
    """One code raises its own; of several, what came is in the error or in the frame."""
    frame = ask()[0].capital_flow("HK.00700", *DAYS)
    store.write(frame)
    options = {"source": "store", "store": store, "client": nobody}
    with pytest.raises(StoreError, match=r"US\.AAPL"):
        pd_capflow.fetch("US.AAPL", "day", **options)
    with pytest.raises(StoreError, match="2020-01-01"):
        pd_capflow.fetch("HK.00700", "day", "2020-01-01", "2020-02-01", **options)
    with pytest.raises(BatchError, match=r"1 of 2 codes failed: .*US\.AAPL") as caught:
        pd_capflow.fetch(["US.AAPL", "HK.00700"], "day", **options)
    assert isinstance(caught.value.errors["US.AAPL"], StoreError)
    assert caught.value.frame["in_flow"].tolist() == frame["in_flow"].tolist()
    found = pd_capflow.fetch(["US.AAPL", "HK.00700"], "day", errors="collect", **options)
    assert facts(found)["codes"] == ["HK.00700"]
    assert list(facts(found)["errors"]) == ["US.AAPL"]
    none = pd_capflow.fetch(["US.AAPL"], "day", errors="collect", **options)
    assert none.empty
    assert list(none.columns) == list(frame.columns)


@pytest.mark.parametrize("errors", ["raise", "collect"])
@pytest.mark.parametrize("codes", ["HK.00700", CODES])
@pytest.mark.parametrize("source", ["store", "auto"])
def test_a_store_that_is_not_there_is_an_error_whatever_is_collected(ask, tmp_path, codes, errors, source):
    with pytest.raises(StoreError, match="no store there"):
        pd_capflow.fetch(codes, "day", source=source, store=tmp_path / "typo", errors=errors, client=ask()[0])
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"source": "cloud"}, "expected one of 'gateway', 'store', 'auto'"),
        ({"source": "gateway", "store": "flows"}, "which reads none"),
        ({"source": "store", "store": "flows", "keep": True}, "keep=True with source='store'"),
        ({"keep": True}, "keep=True with source='gateway'"),
        ({"source": "store"}, "no store is named"),
        ({"source": "store", "store": 7}, "is no store"),
        ({"source": "store", "store": "flows", "errors": "ignore"}, "errors='ignore'"),
        ({"source": "store", "store": "flows", "period": "year"}, "unknown period"),
        ({"source": "store", "store": "f", "start": "2025-02-01", "end": "2025-01-01"}, "is before start"),
        ({"source": "store", "store": "f", "start": "soon"}, "is no date"),
        ({"source": "store", "store": "f", "codes": "plate:HK.BK1001"}, "only a gateway knows"),
        ({"source": "store", "store": "f", "codes": []}, "empty list of codes"),
    ],
)
def test_what_cannot_be_asked_is_refused(options, why, nobody, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QueryError, match=why):
        pd_capflow.fetch(**({"codes": "HK.00700", "client": nobody} | options))


def test_a_store_that_is_no_path_cannot_be_configured():
    with pytest.raises(QueryError, match="store is a int"):
        pd_capflow.configure(store=7)


# A store first, and a gateway for the rest.


@pytest.mark.parametrize("codes", ["HK.00700", CODES])
def test_the_gateway_is_asked_for_the_sessions_that_are_missing(ask, store, codes):
    client, gateway = ask()
    store.write(client.capital_flow(codes, "day", "2025-05-26", "2025-05-28"))
    whole = client.capital_flow(codes, *DAYS)
    gateway.asked.clear()
    found = pd_capflow.fetch(codes, *DAYS, source="auto", store=store, client=client)
    pd.testing.assert_frame_equal(found, whole)
    assert {asked[1:] for asked in gateway.asked} == {("2025-05-29", "2025-06-03")}
    source, url = facts(found)["source"], str(client.settings.address)
    assert source["url"] == url
    assert source["parts"]["HK.00700"] == {store.url: 3, url: 4}
    assert source["by_code"]["HK.00700"] == f"{store.url}, {url}"
    assert source["demo"]
    rest = {name: fact for name, fact in facts(found).items() if name != "source"}
    assert rest == {name: fact for name, fact in facts(whole).items() if name != "source"}


@pytest.mark.parametrize("codes", [CODES, CODES[::-1]])
@pytest.mark.parametrize(("source", "period"), [("store", "day"), ("auto", "day"), ("auto", "week")])
def test_a_moment_is_of_each_exchanges_own_day_as_with_a_gateway(ask, store, codes, source, period):
    """When it is five in the afternoon in New York, tomorrow has begun in Hong Kong."""
    client, _ = ask()
    whole = client.capital_flow(codes, period, "2025-05-22", "2025-06-03")
    store.write(whole if source == "store" else whole.loc[CODES[:1]])
    question = (codes, period, "2025-05-25T21:00Z", "2025-05-29T21:00Z")
    found = pd_capflow.fetch(*question, source=source, store=store, client=client)
    pd.testing.assert_frame_equal(found, client.capital_flow(*question))
    newest = {code: time.tz_convert(ZONES[code]).day for code, time in found.index}
    assert newest == ({"HK.00700": 30, "US.AAPL": 29} if period == "day" else {"HK.00700": 30})


@pytest.mark.parametrize("codes", [CODES, CODES[::-1]])
@pytest.mark.parametrize("period", ["day", "week"])
@pytest.mark.parametrize("days", [(), (None, "today"), ("today",)])
def test_what_is_not_said_is_by_each_exchanges_calendar(ask, store, codes, period, days):
    """For half of every day it is tomorrow in Hong Kong, and it is not in New York."""
    now = dt.datetime.now(HONG_KONG)
    client, _ = ask(*now.timetuple()[:5])
    asked = client.capital_flow(codes, period, *days)
    store.write(client.capital_flow("HK.00700", period, now - dt.timedelta(60), now - dt.timedelta(20)))
    found = pd_capflow.fetch(codes, period, *days, source="auto", store=store, client=client)
    pd.testing.assert_frame_equal(found, asked)


def test_a_hole_in_the_middle_is_filled(ask, store):
    client, gateway = ask()
    for days in (("2025-05-26", "2025-05-27"), ("2025-05-30", "2025-06-03")):
        store.write(client.capital_flow("HK.00700", "day", *days))
    gateway.asked.clear()
    found = pd_capflow.fetch("HK.00700", *DAYS, source="auto", store=store, client=client)
    assert gateway.asked == [("00700", "2025-05-28", "2025-05-29")]
    pd.testing.assert_frame_equal(found, client.capital_flow("HK.00700", *DAYS))


def test_nothing_is_asked_for_that_is_recorded(ask, store):
    client, gateway = ask()
    week = ("day", "2025-04-28", "2025-05-09")
    whole = client.capital_flow("SH.600519", *week)
    store.write(whole)
    gateway.asked.clear()
    found = pd_capflow.fetch("SH.600519", *week, source="auto", store=store, client=client)
    assert gateway.asked == []
    pd.testing.assert_frame_equal(found, whole)
    assert facts(found)["source"]["parts"] == {"SH.600519": {store.url: len(whole)}}


def test_a_row_that_was_served_before_its_session_was_over_is_asked_for_again(ask, store):
    client, gateway = ask()
    early = client.capital_flow("HK.00700", "day", "2025-06-02", "2025-06-03")
    facts(early)["last_valid_time"] = "2025-06-03T11:00:00+08:00"
    early.iloc[-1] = 1.0
    store.write(early)
    gateway.asked.clear()
    question = ("HK.00700", "day", "2025-06-02", "2025-06-03")
    found = pd_capflow.fetch(*question, source="auto", store=store, client=client)
    assert gateway.asked == [("00700", "2025-06-03", "2025-06-03")]
    assert found["in_flow"].tolist() == client.capital_flow(*question)["in_flow"].tolist()


@pytest.mark.parametrize("told", ["N/A", "2025-06-03T23:00:00"])
def test_a_last_valid_time_that_is_no_moment_does_no_harm(ask, store, told):
    """What tells none is as far as it was recorded, and one without a zone is of UTC."""
    client, gateway = ask()
    frame = client.capital_flow("HK.00700", "day", "2025-06-02", "2025-06-03")
    facts(frame)["last_valid_time"] = told
    store.write(frame)
    gateway.asked.clear()
    question = ("HK.00700", "day", "2025-06-02", "2025-06-03")
    found = pd_capflow.fetch(*question, source="auto", store=store, client=client)
    assert gateway.asked == []
    assert len(found) == 2


def test_holidays_are_no_gaps_and_a_half_day_is_over_when_it_ends(ask, store):
    """As the gateway's calendar has them: noon ends 24 December, and the next two days are none."""
    client, gateway = ask(2025, 12, 30, 12)
    gateway.half_days, gateway.holidays = ("2025-12-24",), ("2025-12-25", "2025-12-26")
    frame = client.capital_flow("HK.00700", "day", "2025-12-23", "2025-12-24")
    facts(frame)["last_valid_time"] = "2025-12-24T12:00:05+08:00"
    store.write(frame)
    gateway.asked.clear()
    question = ("HK.00700", "day", "2025-12-23", "2025-12-28")
    found = pd_capflow.fetch(*question, source="auto", store=store, client=client)
    assert gateway.asked == []
    assert found["in_flow"].tolist() == frame["in_flow"].tolist()
    gateway.half_days = ()
    pd_capflow.fetch(*question, source="auto", store=store, client=client)
    assert gateway.asked == [("00700", "2025-12-24", "2025-12-24")]


def test_a_gateway_that_knows_no_calendar_is_asked_all_the_same(ask, store, monkeypatch):
    """Without a calendar of its own, exchange_calendars tells what is missing, or the weekday does."""
    client, gateway = ask()
    store.write(client.capital_flow("HK.00700", "day", "2025-05-26", "2025-05-28"))
    whole = client.capital_flow("HK.00700", *DAYS)
    gateway.asked.clear()
    gateway.answers_trade_dates = False
    found = pd_capflow.fetch("HK.00700", *DAYS, source="auto", store=store, client=client)
    assert gateway.asked == [("00700", "2025-05-29", "2025-06-03")]
    pd.testing.assert_frame_equal(found, whole)


def test_weeks_are_asked_for_and_joined_with_what_only_the_store_has(ask, store):
    client, _ = ask()
    whole = client.capital_flow("HK.00700", "week", "2025-03-03", "2025-05-30")
    store.write(whole)
    found = pd_capflow.fetch(
        "HK.00700", "week", "2025-03-03", "2025-05-30", source="auto", store=store, client=client
    )
    pd.testing.assert_frame_equal(found, whole)


@pytest.mark.parametrize("period", ["week", "month"])
def test_a_week_or_month_that_was_recorded_while_it_ran_comes_once(ask, store, period):
    """Its row is dated with the last session that it had then, so the gateway's has another time."""
    question = ("HK.00700", period, "2025-05-01", "2025-06-04")
    store.write(ask(2025, 6, 3, 12)[0].capital_flow(*question))
    client, _ = ask(2025, 6, 4, 12)
    found = pd_capflow.fetch(*question, source="auto", store=store, client=client)
    pd.testing.assert_frame_equal(found, client.capital_flow(*question))


AUTUMN = (2025, 9, 1, 12)
JUNE = [("week", "2025-06-05"), ("month", "2025-06-10")]


@pytest.mark.parametrize("codes", ["HK.00700", ["SH.600519", "HK.00700"]])
@pytest.mark.parametrize(("period", "end"), JUNE)
def test_a_part_of_a_week_or_month_does_not_stand_for_the_whole(ask, store, codes, period, end):
    """The gateway dates the whole with a day after the last one asked for, so it sends none of it."""
    early = ask(2025, 6, 3, 12)[0].capital_flow("HK.00700", period, "2025-05-01", "2025-06-03")
    assert str(early.index[-1].date()) == "2025-06-03"
    store.write(early)
    client, _ = ask(*AUTUMN)
    question = (codes, period, "2025-05-01", end)
    found = pd_capflow.fetch(*question, source="auto", store=store, client=client)
    pd.testing.assert_frame_equal(found, client.capital_flow(*question))


@pytest.mark.parametrize(("period", "end"), JUNE)
def test_where_only_a_part_is_recorded_there_are_no_rows(ask, store, period, end):
    early = ask(2025, 6, 3, 12)[0].capital_flow("HK.00700", period, "2025-06-02", "2025-06-03")
    facts(early)["last_valid_time"] = "2025-06-03T12:00:00+08:00"
    store.write(early)
    client, _ = ask(*AUTUMN)
    question = ("HK.00700", period, "2025-06-02", end)
    found = pd_capflow.fetch(*question, source="auto", store=store, client=client)
    pd.testing.assert_frame_equal(found, client.capital_flow(*question))
    assert facts(found)["empty"] == facts(found)["codes"] == ["HK.00700"]
    assert facts(found)["last_valid_time"] is None


@pytest.mark.parametrize(("holidays", "count"), [((), 0), (("2025-06-04", "2025-06-05", "2025-06-06"), 1)])
def test_a_week_that_ends_before_a_holiday_is_whole(ask, store, holidays, count):
    store.write(ask(2025, 6, 3, 18)[0].capital_flow("HK.00700", "week", "2025-06-02", "2025-06-03"))
    client, gateway = ask(*AUTUMN)
    gateway.holidays = holidays
    question = ("HK.00700", "week", "2025-06-02", "2025-06-05")
    assert len(pd_capflow.fetch(*question, source="auto", store=store, client=client)) == count


@pytest.mark.parametrize(("last", "count"), [("2025-06-06T15:59:00", 4), ("2025-06-06T16:00:00", 5)])
@pytest.mark.parametrize(("period", "start"), [("day", "2025-06-02"), ("week", "2025-05-05")])
def test_what_a_gateway_has_no_more_is_as_recorded_if_it_is_whole(ask, store, period, start, last, count):
    frame = ask(2025, 6, 9, 12)[0].capital_flow("HK.00700", period, start, "2025-06-06")
    for _, row in frame.groupby(level=0):
        facts(row)["last_valid_time"] = f"{row.index[0]:%F}T23:59:00+08:00"
        if row.index[0] == frame.index[-1]:
            facts(row)["last_valid_time"] = f"{last}+08:00"
        store.write(row)
    client, _ = ask(2028, 6, 9, 12)
    question = ("HK.00700", period, start, "2025-06-06")
    assert client.capital_flow(*question).empty
    found = pd_capflow.fetch(*question, source="auto", store=store, client=client)
    pd.testing.assert_frame_equal(found, frame.iloc[:count])


def test_what_a_gateway_did_not_answer_is_as_recorded(ask, store, nobody):
    early = ask(2025, 6, 3, 12)[0].capital_flow("HK.00700", "week", "2025-05-01", "2025-06-03")
    store.write(early)
    options = {"source": "auto", "store": store, "client": nobody, "errors": "collect"}
    found = pd_capflow.fetch("HK.00700", "week", "2025-05-01", "2025-06-05", **options)
    pd.testing.assert_frame_equal(found, early)
    assert facts(found)["errors"]


WEEKEND = ("day", "2025-05-31", "2025-06-01")


@pytest.mark.parametrize("recorded", ["HK.00700", CODES])
@pytest.mark.parametrize("days", [DAYS, WEEKEND])
@pytest.mark.parametrize("codes", ["HK.00700", CODES])
def test_a_code_without_a_session_to_ask_for_came_without_rows_as_with_a_gateway(
    ask, store, recorded, days, codes
):
    client, gateway = ask()
    store.write(client.capital_flow(recorded, *DAYS))
    asked = client.capital_flow(codes, *days)
    gateway.asked.clear()
    found = pd_capflow.fetch(codes, *days, source="auto", store=store, client=client)
    pd.testing.assert_frame_equal(found, asked)
    for name in ("codes", "empty", "last_valid_time", "currency", "tz", "errors"):
        assert facts(found).get(name) == facts(asked).get(name)
    assert ("00700", *DAYS[1:]) not in gateway.asked
    assert facts(found)["source"]["url"]


def test_a_code_that_there_is_not_is_an_error_on_a_weekend_too(ask, store):
    """And nothing is written of a question that no answer could have rows for."""
    client, _ = ask()
    store.write(client.capital_flow("HK.00700", *DAYS))
    options = {"source": "auto", "store": store, "client": client, "keep": True}
    with pytest.raises(UnknownSecurityError):
        pd_capflow.fetch("HK.99999", *WEEKEND, **options)
    assert pd_capflow.fetch("US.AAPL", *WEEKEND, **options).empty
    assert store.codes() == ["HK.00700"]


def test_days_before_all_calendars_are_asked_for_as_with_a_gateway(ask, store):
    client, _ = ask()
    store.write(client.capital_flow("HK.00700", *DAYS))
    for days in (("0001-01-01", "2025-06-03"), ("1600-01-01", "1600-12-31")):
        found = pd_capflow.fetch("HK.00700", "day", *days, source="auto", store=store, client=client)
        pd.testing.assert_frame_equal(found, client.capital_flow("HK.00700", "day", *days))


def test_of_minutes_earlier_sessions_are_as_recorded_and_the_latest_is_the_gateways(ask, store):
    earlier = ask(2025, 6, 3, 17)[0].capital_flow(CODES)
    store.write(earlier)
    store.write(ask(2025, 6, 4, 10)[0].capital_flow(CODES))
    client, _ = ask(2025, 6, 4, 15)
    live = client.capital_flow(CODES)
    found = pd_capflow.fetch(CODES, source="auto", store=store, client=client)
    for code in CODES:
        now, then, both = (frame.loc[code] for frame in (live, earlier, found))
        pd.testing.assert_frame_equal(both.loc[now.index], now)
        before = then[then.index < now.index[0]]
        pd.testing.assert_frame_equal(both.loc[before.index], before)
        assert len(both) == len(before) + len(now)
    assert facts(found)["cumulative"]
    assert facts(found)["last_valid_time"] == facts(live)["last_valid_time"]
    days = pd_capflow.fetch(
        "HK.00700", start="2025-06-03", end="2025-06-03", source="auto", store=store, client=client
    )
    pd.testing.assert_frame_equal(
        days, earlier.loc["HK.00700"].tz_convert("Asia/Hong_Kong"), check_freq=False
    )


def test_a_past_range_of_minutes_asks_nobody(ask, store, nobody):
    for day in (3, 4):
        store.write(ask(2025, 6, day, 17)[0].capital_flow("HK.00700"))
    found = pd_capflow.fetch("HK.00700", end="2025-06-03", source="auto", store=store, client=nobody)
    assert set(found.index.date) == {dt.date(2025, 6, 3)}


def test_the_first_row_of_each_session_stands_for_all_since_its_open(scripted, kit, tmp_path):
    """A gateway may send no row at 09:30; what came in the first minute is then in the row of 09:31."""

    def of_day(number):
        def serve(peer):
            peer.handshake()
            while (asked := peer.asked()) is not None:
                response = kit.good_response(asked, 5.0)
                for item in response.s2c.flowItemList:
                    item.timestamp += 60 + number * 86_400
                peer.reply(asked, response)

        return scripted(serve).url

    store = pd_capflow.Store(tmp_path / "flows")
    for day in (0, 1):
        with pd_capflow.connect(of_day(day), rate=None) as client:
            found = pd_capflow.fetch("HK.00700", source="auto", store=store, client=client, keep=True)
    assert found.index.strftime("%d %H:%M").tolist() == ["02 09:31", "02 09:32", "03 09:31", "03 09:32"]
    assert found.capflow.delta()["in_flow"].tolist() == [5.0, 1.0, 5.0, 1.0]


@pytest.mark.parametrize("keep", [False, True])
def test_what_was_topped_up_is_written_only_if_it_is_to_be_kept(ask, store, keep):
    client, _ = ask()
    store.write(client.capital_flow("HK.00700", "day", "2025-05-26", "2025-05-28"))
    pd_capflow.fetch("HK.00700", *DAYS, source="auto", store=store, client=client, keep=keep)
    assert len(store.read("HK.00700", period="day")) == (7 if keep else 3)


def test_a_new_store_is_made_of_the_gateways_kind(ask, tmp_path):
    client, _ = ask()
    whole = client.capital_flow(CODES, *DAYS)
    options = {"source": "auto", "store": tmp_path / "new", "client": client, "keep": True}
    for _ in range(2):
        found = pd_capflow.fetch(CODES, *DAYS, **options)
        pd.testing.assert_frame_equal(found, whole)
    assert pd_capflow.Store(tmp_path / "new", demo=True).codes() == CODES


def test_selectors_are_known_to_the_gateway(ask, store):
    client, _ = ask()
    whole = client.capital_flow("plate:HK.BK1001", *DAYS)
    found = pd_capflow.fetch("plate:HK.BK1001", *DAYS, source="auto", store=store, client=client, keep=True)
    pd.testing.assert_frame_equal(found, whole)
    assert facts(found)["asked"] == ["plate:HK.BK1001"]


def test_what_the_gateway_refuses_is_an_error_and_what_is_recorded_is_not_lost(ask, store):
    client, _ = ask()
    kept = client.capital_flow("HK.00700", *DAYS)
    store.write(kept)
    options = {"source": "auto", "store": store, "client": client}
    with pytest.raises(UnknownSecurityError):
        pd_capflow.fetch("HK.99999", *DAYS, **options)
    with pytest.raises(BatchError) as caught:
        pd_capflow.fetch(["HK.99999", "HK.00700"], *DAYS, **options)
    assert list(caught.value.errors) == ["HK.99999"]
    assert caught.value.frame["in_flow"].tolist() == kept["in_flow"].tolist()
    found = pd_capflow.fetch(["HK.99999", "HK.00700"], *DAYS, errors="collect", **options)
    assert list(facts(found)["errors"]) == ["HK.99999"]


def test_a_gateway_that_is_not_there_is_an_error_where_it_is_needed(ask, store, nobody):
    """Half of the answer is no answer, unless errors are collected; then they say that half is missing."""
    store.write(ask()[0].capital_flow("HK.00700", "day", "2025-05-26", "2025-05-28"))
    options = {"source": "auto", "store": store, "client": nobody}
    with pytest.raises(ConnectError):
        pd_capflow.fetch("HK.00700", *DAYS, **options)
    found = pd_capflow.fetch("HK.00700", *DAYS, errors="collect", **options)
    assert len(found) == 3
    assert "no gateway at" in facts(found)["errors"]["HK.00700"]


def test_demo_data_and_real_data_are_never_joined(scripted, ask, tmp_path):
    """Neither are the invented numbers of a demo put beside recorded ones, nor the other way round."""
    with pd_capflow.connect(scripted().url, rate=None) as real:
        frame = real.capital_flow("HK.00700")
        store = pd_capflow.Store(tmp_path / "real")
        store.write(frame)
        demo, _ = ask()
        with pytest.raises(StoreError, match="never stand in one frame"):
            pd_capflow.fetch("HK.00700", source="auto", store=store, client=demo, keep=True)
        pd.testing.assert_frame_equal(store.read("HK.00700"), frame)
        other = pd_capflow.Store(tmp_path / "demo", demo=True)
        other.write(demo.capital_flow("HK.00700"))
        with pytest.raises(StoreError, match="never stand in one frame"):
            pd_capflow.fetch("HK.00700", source="auto", store=other, client=real)


# What is made of two answers.


ZONE = "Asia/Hong_Kong"
HOUR_US = 3_600_000_000


def part(rows, last=None):
    times = np.array([time for time, _ in rows], np.int64)
    return Columns(times, np.array([[value] for _, value in rows]).reshape(len(rows), 1), last)


def rows_of(columns):
    return list(zip(columns.time.tolist(), columns.amounts[:, 0].tolist(), strict=True))


def at_midnight(*days):
    """Microseconds since the epoch of midnights in Hong Kong."""
    return [(24 * day - 8) * HOUR_US for day in days]


def test_a_gateway_that_lags_does_not_take_back_what_is_recorded():
    held = part([(1, 1.0), (2, 2.0), (3, 3.0)], "2025-06-04T11:03:00+08:00")
    fresh = part([(1, 1.0), (2, 1.5)], "2025-06-04T11:01:30+08:00")
    found = merged(held, fresh)
    assert rows_of(found) == [(1, 1.0), (2, 2.0), (3, 3.0)]
    assert found.last_valid_time == held.last_valid_time


def test_an_earlier_day_is_as_the_gateway_tells_it_now():
    """A row of a day that ends a range asked for is no older for that: a later day was recorded since."""
    first, second = at_midnight(1, 2)
    held = part([(first, 1.0), (second, 2.0)], "2025-06-04T16:00:00+08:00")
    fresh = part([(first, 1.5)], "2025-06-03T16:00:00+08:00")
    assert rows_of(merged(held, fresh, zone=ZONE)) == [(first, 1.5), (second, 2.0)]


def test_a_day_has_one_row_whatever_the_hour_that_it_was_told_at():
    """Two rows of one day would count it twice in every sum."""
    first, second = at_midnight(1, 2)
    held = part([(first + 16 * HOUR_US, 1.0), (second + 16 * HOUR_US, 2.0)])
    fresh = part([(second, 2.5)])
    assert rows_of(merged(held, fresh, zone=ZONE)) == [(first + 16 * HOUR_US, 1.0), (second, 2.5)]


answers = st.dictionaries(st.integers(0, 12), st.floats(allow_nan=True, width=32), max_size=8)
moments = st.sampled_from([None, "2025-06-04T11:00:00+08:00", "2025-06-04T03:30:00+00:00"])


@given(answers, answers, moments, moments, st.sampled_from([None, ZONE]))
def test_a_union_has_every_time_once_and_no_row_of_its_own(held, fresh, one, other, zone):
    held, fresh = (dict(zip(at_midnight(*each), each.values(), strict=True)) for each in (held, fresh))
    found = merged(part(sorted(held.items()), one), part(sorted(fresh.items()), other), zone=zone)
    assert found.time.tolist() == sorted({*held, *fresh})
    for time, value in rows_of(found):
        those = [each[time] for each in (held, fresh) if time in each]
        assert any(np.array_equal(value, mine, equal_nan=True) for mine in those)


@pytest.mark.parametrize("codes", ["HK.00700", CODES])
def test_a_frame_can_be_taken_apart(ask, codes):
    frame = ask()[0].capital_flow(codes)
    parts = columns_of(frame)
    assert [str(code) for code in parts] == facts(frame)["codes"]
    assert sum(len(each.time) for each in parts.values()) == len(frame)
    assert np.array_equal(
        np.concatenate([each.amounts for each in parts.values()]), frame.to_numpy(), equal_nan=True
    )


# At a prompt.


@pytest.fixture
def week_in_store(ask, store):
    """A store with a week, and that week."""
    frame = ask()[0].capital_flow("HK.00700", "day", "2025-05-26", "2025-05-30")
    store.write(frame)
    return frame


def test_the_command_reads_a_store(week_in_store, store, tmp_path, capsys):
    out = tmp_path / "week.csv"
    command = ["fetch", "HK.00700", "--period", "day", "--url", "tcp://127.0.0.1:1", "--store", store.path]
    assert main([*command, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "DEMO DATA" in printed
    assert len(pd.read_csv(out)) == len(week_in_store)
    assert main([*command, "--start", "2020-01-01", "--end", "2020-01-31"]) == 1
    assert "nothing is recorded of HK.00700" in capsys.readouterr().err
    assert main([*command, "--source", "cloud"]) == 2
    assert "'store', 'auto'" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["store", "auto"])
def test_where_nothing_comes_the_frame_still_tells_where_from(week_in_store, store, nobody, capsys, source):
    asked = {"source": source, "store": store, "errors": "collect", "client": nobody}
    found = pd_capflow.fetch("HK.00005", *DAYS, **asked)
    assert found.empty
    assert facts(found)["source"] == {"url": store.url, "demo": True}
    command = ["fetch", "HK.00005", "-p", "day", "--url", "tcp://127.0.0.1:1", "--store", store.path]
    assert main([*command, "--source", source, "--errors", "collect"]) == 0
    assert "capflow: no answer: " in capsys.readouterr().err


def test_the_command_tops_up(week_in_store, store, ask, capsys):
    url = str(ask()[0].settings.address)
    command = ["fetch", "HK.00700", "--period", "day", "--start", DAYS[1], "--end", DAYS[2], "--url", url]
    assert main([*command, "--store", store.path, "--source", "auto"]) == 0
    assert "[7 rows x 6 columns]" in capsys.readouterr().out


def test_the_magic_reads_a_store_and_asks_nobody(week_in_store, store, shell, monkeypatch):
    monkeypatch.setenv("PD_CAPFLOW_STORE", store.path)
    line = "HK.00700 -p day --url tcp://127.0.0.1:1"
    for options in (f"--store {store.path}", "--source store"):
        found = shell.run_line_magic("capflow", f"{line} {options}")
        pd.testing.assert_frame_equal(found, week_in_store)


def test_the_magic_refuses_a_store_where_it_has_no_part(store, shell, capsys):
    result = shell.run_cell(f"%capflow HK.00700 --store {store.path} --live")
    assert isinstance(result.error_in_exec, QueryError)
    assert "--store" in "".join(capsys.readouterr())
