from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.gateway.calendar import (
    is_session,
    latest_session,
    local,
    midnight,
    minutes,
    minutes_until,
    month_of,
    sessions_between,
    week_of,
)
from pd_capflow.security import MARKETS

HK, SH, US = MARKETS["HK"], MARKETS["SH"], MARKETS["US"]
TRADING = [market for market in MARKETS.values() if market.sessions]
FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)

instants = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
markets = st.sampled_from(TRADING)
days = st.dates(date(2000, 1, 1), date(2040, 1, 1))


def at(market, day, clock):
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=market.tzinfo)


def clocks(market, times):
    return [datetime.fromtimestamp(int(second), market.tzinfo).strftime("%H:%M:%S") for second in times]


@pytest.mark.parametrize(
    ("prefix", "rows"),
    [("HK", 331), ("SH", 241), ("SZ", 241), ("US", 391), ("CA", 391), ("JP", 331), ("AU", 361), ("SG", 421)],
)
def test_rows_of_a_session(prefix, rows):
    times = minutes(MARKETS[prefix], FRIDAY)
    assert times.dtype == np.int64
    assert len(times) == rows


def test_lunch_drops_the_later_edge():
    labels = clocks(HK, minutes(HK, FRIDAY))
    assert labels[:2] == ["09:30:00", "09:31:00"]
    assert labels[149:153] == ["11:59:00", "12:00:00", "13:01:00", "13:02:00"]
    assert labels[-1] == "16:00:00"
    assert clocks(SH, minutes(SH, FRIDAY))[119:122] == ["11:29:00", "11:30:00", "13:01:00"]


def test_instants_that_the_vendor_documents():
    assert minutes(HK, date(2021, 7, 27))[0] == 1627349400
    assert minutes(HK, date(2021, 6, 24))[[0, -1]].tolist() == [1624498200, 1624521600]
    assert midnight(HK, date(2021, 6, 9)) == 1623202200 - 34_200


@pytest.mark.parametrize(
    ("day", "opening"),
    [
        (date(2026, 3, 6), "14:30"),  # winter time ended on Sunday, March 8
        (date(2026, 3, 9), "13:30"),
        (date(2026, 10, 30), "13:30"),  # and began again on Sunday, November 1
        (date(2026, 11, 2), "14:30"),
    ],
)
def test_daylight_saving_moves_the_us_session_in_utc_and_not_in_new_york(day, opening):
    times = minutes(US, day)
    assert datetime.fromtimestamp(int(times[0]), UTC).strftime("%H:%M") == opening
    assert clocks(US, times[[0, -1]]) == ["09:30:00", "16:00:00"]
    assert clocks(US, [midnight(US, day)]) == ["00:00:00"]


def test_midnight_of_the_days_on_which_the_clocks_change():
    spring = midnight(US, date(2026, 3, 9)) - midnight(US, date(2026, 3, 8))
    autumn = midnight(US, date(2026, 11, 2)) - midnight(US, date(2026, 11, 1))
    assert (spring, autumn) == (23 * 3600, 25 * 3600)


@given(market=markets, day=days)
def test_every_row_is_within_trading_hours_one_minute_after_another_but_for_lunch(market, day):
    times = minutes(market, day)
    steps = np.diff(times)
    assert (steps == 60).sum() >= len(steps) - (len(market.sessions) - 1)
    assert (steps >= 60).all()
    for label in clocks(market, times):
        assert any(f"{first}" <= label <= f"{last}" for first, last in market.sessions)


def test_the_rows_of_a_session_cannot_be_overwritten():
    with pytest.raises(ValueError, match="read-only"):
        minutes(HK, FRIDAY)[0] = 0


@pytest.mark.parametrize(
    ("clock", "rows", "last"),
    [
        ("09:29:59.999999", 0, None),
        ("09:30:00", 1, "09:30:00"),
        ("09:30:00.000001", 2, "09:31:00"),
        ("09:30:01", 2, "09:31:00"),
        ("09:31:00", 2, "09:31:00"),
        ("10:43:44", 75, "10:44:00"),
        ("10:44:00", 75, "10:44:00"),
        ("10:44:00.5", 76, "10:45:00"),
        ("11:59:59", 151, "12:00:00"),
        ("12:00:00", 151, "12:00:00"),
        ("12:30:00", 151, "12:00:00"),
        ("13:00:00", 151, "12:00:00"),
        ("13:00:01", 152, "13:01:00"),
        ("15:59:00", 330, "15:59:00"),
        ("15:59:59", 331, "16:00:00"),
        ("16:00:00", 331, "16:00:00"),
        ("23:59:59", 331, "16:00:00"),
    ],
)
def test_rows_up_to_a_clock(clock, rows, last):
    times = minutes_until(HK, FRIDAY, at(HK, FRIDAY, clock))
    assert len(times) == rows
    assert clocks(HK, times[-1:]) == ([last] if last else [])
    assert times.tolist() == minutes(HK, FRIDAY)[:rows].tolist()


def test_rows_up_to_a_clock_of_another_zone():
    now = datetime(2026, 11, 20, 2, 43, 44, tzinfo=UTC)
    assert len(minutes_until(HK, FRIDAY, now)) == 75


def test_a_session_to_come_has_no_rows_and_one_of_the_past_has_all():
    assert len(minutes_until(HK, MONDAY, at(HK, FRIDAY, "12:00"))) == 0
    assert len(minutes_until(HK, FRIDAY, at(HK, MONDAY, "08:00"))) == 331


@pytest.mark.parametrize(
    ("market", "now", "day"),
    [
        (HK, at(HK, FRIDAY, "09:30:00"), FRIDAY),
        (HK, at(HK, FRIDAY, "23:59:59"), FRIDAY),
        (HK, at(HK, FRIDAY, "09:29:59.999999"), date(2026, 11, 19)),
        (HK, at(HK, date(2026, 11, 21), "12:00"), FRIDAY),
        (HK, at(HK, date(2026, 11, 22), "09:30"), FRIDAY),
        (HK, at(HK, MONDAY, "09:29:59"), FRIDAY),
        (HK, at(HK, MONDAY, "09:30:00"), MONDAY),
        (US, at(HK, date(2026, 11, 21), "04:00"), FRIDAY),  # Saturday there, Friday afternoon in New York
        (US, at(HK, MONDAY, "22:29:59"), FRIDAY),
        (US, at(HK, MONDAY, "22:30:00"), MONDAY),
        (US, datetime(2026, 3, 9, 13, 30, tzinfo=UTC), date(2026, 3, 9)),
        (US, datetime(2026, 3, 9, 13, 29, 59, tzinfo=UTC), date(2026, 3, 6)),
    ],
)
def test_latest_session(market, now, day):
    assert latest_session(market, now) == day


@given(market=markets, now=instants)
def test_the_latest_session_is_the_last_one_that_has_rows(market, now):
    day = latest_session(market, now)
    assert is_session(market, day)
    assert len(minutes_until(market, day, now)) >= 1
    (following, *_) = sessions_between(market, day + timedelta(days=1), day + timedelta(days=7))
    assert len(minutes_until(market, following, now)) == 0


def test_weekends_and_markets_without_hours_have_no_sessions():
    week = [date(2026, 11, 16) + timedelta(days=number) for number in range(7)]
    assert [is_session(HK, day) for day in week] == [True] * 5 + [False] * 2
    assert not any(is_session(MARKETS["FX"], day) for day in week)
    assert sessions_between(MARKETS["FX"], week[0], week[-1]) == []
    with pytest.raises(ValueError, match="FX has no sessions"):
        latest_session(MARKETS["FX"], at(HK, FRIDAY, "12:00"))


def test_sessions_between_counts_both_ends():
    assert sessions_between(HK, FRIDAY, MONDAY) == [FRIDAY, MONDAY]
    assert sessions_between(HK, FRIDAY, FRIDAY) == [FRIDAY]
    assert sessions_between(HK, date(2026, 11, 21), date(2026, 11, 22)) == []
    assert sessions_between(HK, MONDAY, FRIDAY) == []


@given(first=days, length=st.integers(-10, 400))
def test_sessions_are_the_weekdays(first, length):
    span = [first + timedelta(days=number) for number in range(length + 1)]
    expected = [day for day in span if is_session(HK, day)]
    assert sessions_between(HK, first, first + timedelta(days=length)) == expected


@given(first=days)
def test_weeks_and_months_group_as_the_calendar_does(first):
    ordinals = first.toordinal() + np.arange(400)
    span = [date.fromordinal(int(ordinal)) for ordinal in ordinals]
    weeks = [day.isocalendar()[:2] for day in span]
    months = [(day.year, day.month) for day in span]
    for group_of, names in ((week_of, weeks), (month_of, months)):
        groups = group_of(ordinals).tolist()
        assert groups == sorted(groups)
        assert len(set(zip(groups, names, strict=True))) == len(set(groups)) == len(set(names))


@pytest.mark.parametrize(
    "read", [local, latest_session, lambda market, now: minutes_until(market, FRIDAY, now)]
)
def test_a_clock_without_zone_is_refused(read):
    with pytest.raises(ValueError, match="no time zone"):
        read(HK, datetime(2026, 11, 20, 12, 0))


def test_local_keeps_the_instant():
    now = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    assert local(HK, now) == now
    assert local(HK, now).tzinfo == ZoneInfo("Asia/Hong_Kong")
    assert local(HK, now).hour == 10
