"""Calendars: who knows a session, how long it is, and what minutes it has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.gateway.calendar import minutes
from pd_capflow.security import MARKETS
from pd_capflow.store.almanac import calendar_of, question_of
from pd_capflow.store.calendar import Session

TRADING = sorted(prefix for prefix, market in MARKETS.items() if market.sessions)


def told(market, days):
    index = pd.DatetimeIndex(list(days), tz=MARKETS[market].zone, name="time").as_unit("us")
    return pd.DataFrame({"type": pd.array(list(days.values()), dtype="str")}, index=index)


@pytest.mark.parametrize(("prefix", "rows"), [("HK", 331), ("SH", 241), ("SZ", 241), ("US", 391)])
def test_a_session_has_the_opening_row_and_the_end_of_each_minute(prefix, rows):
    session = Session(MARKETS[prefix], date(2026, 1, 5), MARKETS[prefix].sessions, "weekdays")
    assert len(session.minutes()) == rows


@given(st.sampled_from(TRADING), st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_a_sessions_minutes_are_those_that_the_demo_gateway_serves(prefix, day):
    session = Session(MARKETS[prefix], day, MARKETS[prefix].sessions, "weekdays")
    assert (session.minutes() == minutes(MARKETS[prefix], day) * 1_000_000).all()


@given(st.sampled_from(TRADING), st.integers(-3600, 40_000))
def test_minutes_until_a_moment_are_those_that_were_over_then(prefix, seconds):
    session = Session(MARKETS[prefix], date(2026, 3, 9), MARKETS[prefix].sessions, "weekdays")
    moment = session.opens + timedelta(seconds=seconds)
    cut = session.minutes(moment)
    assert (cut <= moment.timestamp() * 1e6).all()
    assert len(cut) == np.searchsorted(session.minutes(), moment.timestamp() * 1e6, side="right")


@pytest.mark.parametrize(
    ("prefix", "day", "kind", "closes", "rows"),
    [
        ("HK", "2026-12-24", "morning", "12:00", 151),
        ("US", "2026-11-27", "morning", "13:00", 211),
        ("HK", "2026-12-24", "afternoon", "16:00", 181),
        ("SH", "2026-12-24", None, "15:00", 241),
        ("SH", "2026-12-24", "unknown 9", "15:00", 241),
    ],
)
def test_the_gateway_tells_half_days_by_their_type(prefix, day, kind, closes, rows):
    when = date.fromisoformat(day)
    (session,) = calendar_of(prefix, when, when, told(prefix, {day: kind})).sessions
    assert (f"{session.closes:%H:%M}", len(session.minutes())) == (closes, rows)
    assert session.source == "gateway"


@pytest.mark.parametrize(("prefix", "day", "rows"), [("HK", "2026-12-24", 151), ("US", "2026-11-27", 211)])
def test_exchange_calendars_knows_half_days_where_no_gateway_is_asked(prefix, day, rows):
    when = date.fromisoformat(day)
    (session,) = calendar_of(prefix, when, when).sessions
    assert (len(session.minutes()), session.source) == (rows, "exchange_calendars")


@pytest.mark.parametrize(("prefix", "rest"), [("SG", 2), ("MY", 2), ("HK", 2), ("US", 1), ("JP", 2)])
def test_rests_come_from_our_own_table_since_exchange_calendars_lacks_some(prefix, rest):
    (session,) = calendar_of(prefix, date(2026, 3, 10), date(2026, 3, 10)).sessions
    assert (len(session.parts), session.source) == (rest, "exchange_calendars")


def test_tokyo_closed_half_an_hour_earlier_until_november_2024():
    before, after = calendar_of("JP", date(2024, 11, 1), date(2024, 11, 5)).sessions
    assert (f"{before.closes:%H:%M}", f"{after.closes:%H:%M}") == ("15:00", "15:30")


def test_what_the_gateway_tells_goes_before_what_the_package_knows():
    """A weekday inside the gateway's answer that is not in it is a holiday, whoever says otherwise."""
    days = {"2026-03-09": "whole", "2026-03-11": "whole"}
    calendar = calendar_of("HK", date(2026, 3, 9), date(2026, 3, 12), told("HK", days))
    assert [(str(session.day), session.source) for session in calendar.sessions] == [
        ("2026-03-09", "gateway"), ("2026-03-11", "gateway"), ("2026-03-12", "exchange_calendars"),
    ]  # fmt: skip


@pytest.mark.parametrize("prefix", ["SH", "SZ", "SG"])
def test_beyond_the_end_of_the_package_every_weekday_is_a_session(prefix):
    """XSHG and XSES end on 2026-12-31, and asking them for more raises."""
    calendar = calendar_of(prefix, date(2026, 12, 30), date(2027, 1, 5))
    sources = [session.source for session in calendar.sessions]
    assert sources == ["exchange_calendars"] * 2 + ["weekdays"] * 3


def test_without_the_package_every_weekday_is_a_session(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "exchange_calendars", None)
    calendar = calendar_of("HK", date(2026, 12, 24), date(2026, 12, 28))
    assert [str(session.day) for session in calendar.sessions] == ["2026-12-24", "2026-12-25", "2026-12-28"]


def test_a_market_without_hours_has_no_sessions():
    assert calendar_of("FX", date(2026, 1, 1), date(2026, 1, 9)).sessions == ()


def test_the_latest_session_is_the_last_that_began_in_the_exchanges_own_zone():
    """New York on the Monday after its clocks went forward, 2026-03-09: 09:30 is 13:30 UTC, no more 14:30."""
    calendar = calendar_of("US", date(2026, 3, 5), date(2026, 3, 10))
    assert calendar.latest(datetime(2026, 3, 9, 13, 29, tzinfo=UTC)).day == date(2026, 3, 6)
    assert calendar.latest(datetime(2026, 3, 9, 13, 30, tzinfo=UTC)).day == date(2026, 3, 9)
    assert calendar.following(datetime(2026, 3, 9, 13, 30, tzinfo=UTC)).day == date(2026, 3, 10)
    assert calendar.following(datetime(2026, 3, 10, 20, 0, tzinfo=UTC)) is None
    assert calendar.latest(datetime(2026, 3, 1, tzinfo=UTC)) is None
    assert calendar.on(date(2026, 3, 7)) is None
    assert calendar.on(date(2026, 3, 9)).opens.utcoffset() == timedelta(hours=-4)


def test_a_gateway_is_asked_for_more_days_than_are_wanted_and_never_for_a_market_it_has_no_calendar_of():
    question = question_of("HK", date(2026, 3, 9), date(2026, 3, 9))
    assert (str(question.start), str(question.end)) == ("2026-02-23", "2026-03-23")
    assert question_of("AU", date(2026, 3, 9), date(2026, 3, 9)) is None
    assert str(question_of("HK", date.min, date.min).start) == "0001-01-01"
