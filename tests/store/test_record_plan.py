"""The recorder's plan, by clocks that the tests tell it: what is due, when more is, and what is missed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.client import Budget
from pd_capflow.security import MARKETS, Security
from pd_capflow.store.almanac import calendar_of
from pd_capflow.store.calendar import Session
from pd_capflow.store.recorder.checkpoints import BATCH, latest_checkpoint, next_checkpoint, stretched
from pd_capflow.store.recorder.plan import Plan
from pd_capflow.store.recorder.tasks import SWEEP, Key

HONG_KONG, NEW_YORK = ZoneInfo("Asia/Hong_Kong"), ZoneInfo("America/New_York")
TEN = timedelta(minutes=10)


def at(text, zone=HONG_KONG):
    """Such as ``03 09:30``, in March 2026, whose third is a Tuesday."""
    return datetime.strptime(f"2026-03-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=zone)


def plan_of(*codes, begun, every=TEN, first=date(2026, 2, 20), last=date(2026, 4, 10), told=None):
    securities = [Security.parse(code) for code in codes]
    calendars = {each.market: calendar_of(each.market, first, last, told) for each in securities}
    return Plan(securities, calendars, every, begun)


def asked(plan, now):
    return [(task.what, task.code) for task in plan.due(now)]


def do_all(plan, now):
    """Have everything answered that is due, and return it."""
    tasks = plan.due(now)
    for task in tasks:
        plan.done(task, now)
    return tasks


def live(plan, since, until):
    """Go from wake to wake, and answer everything at once; return when what was asked."""
    now, found = since, []
    while now is not None and now <= until:
        found += [(now, task) for task in do_all(plan, now)]
        now = plan.wake(now)
    return found


def clocks(found, what="intraday", zone=HONG_KONG):
    return [f"{now.astimezone(zone):%d %H:%M}" for now, task in found if task.what == what]


def test_a_day_in_hong_kong_is_asked_every_ten_minutes_but_at_noon_and_swept_a_minute_after_the_close():
    plan = plan_of("HK.00700", begun=at("03 09:00"))
    found = live(plan, at("03 09:00"), at("03 23:00"))
    times = clocks(found)
    assert times[0] == "03 09:00"  # yesterday's session is served until today's open
    assert times[1:4] == ["03 09:40", "03 09:50", "03 10:00"]
    assert [each for each in times if "03 11:50" <= each <= "03 13:20"] == [
        "03 11:50", "03 12:00", "03 13:10", "03 13:20",
    ]  # fmt: skip
    assert times[-2:] == ["03 16:00", "03 16:01"]
    assert clocks(found, "distribution") == clocks(found, "day") == ["03 09:00", "03 16:01"]


def test_outside_hours_nothing_is_asked_but_what_is_left_of_the_sweep():
    plan = plan_of("HK.00700", begun=at("03 17:00"))
    assert asked(plan, at("03 17:00")) == [(what, "HK.00700") for what in SWEEP]
    do_all(plan, at("03 17:00"))
    assert asked(plan, at("03 17:01")) == []
    assert plan.wake(at("03 17:01")) == at("04 09:40")


def test_over_a_weekend_fridays_session_is_what_is_swept():
    plan = plan_of("HK.00700", begun=at("07 12:00"))
    assert {task.session for task in do_all(plan, at("07 12:00"))} == {date(2026, 3, 6)}
    assert plan.wake(at("07 12:00")) == at("09 09:40")
    assert plan.is_finished(at("07 12:01"))


def test_a_half_day_is_swept_when_it_is_over():
    days = pd.DatetimeIndex(["2026-03-02", "2026-03-03", "2026-03-04"], tz="Asia/Hong_Kong", name="time")
    told = pd.DataFrame({"type": ["whole", "morning", "whole"]}, index=days)
    plan = plan_of("HK.00700", begun=at("03 11:00"), told=told)
    found = live(plan, at("03 11:00"), at("03 20:00"))
    assert clocks(found)[-2:] == ["03 12:00", "03 12:01"]
    assert clocks(found, "distribution") == ["03 12:01"]


def test_new_york_is_asked_by_its_own_clock_on_both_sides_of_the_change_to_summer_time():
    """On Sunday 2026-03-08 New York's clocks went forward: 09:40 was 14:40 UTC, and is 13:40 UTC."""
    plan = plan_of("US.AAPL", begun=at("06 08:00", NEW_YORK))
    found = live(plan, at("06 08:00", NEW_YORK), at("09 20:00", NEW_YORK))
    times = clocks(found, zone=UTC)
    assert [each for each in times if each.startswith(("06", "09"))][1] == "06 14:40"
    assert next(each for each in times if each.startswith("09")) == "09 13:40"
    assert clocks(found, "day", NEW_YORK) == ["06 08:00", "06 16:01", "09 16:01"]


def test_two_markets_are_asked_each_in_its_hours():
    plan = plan_of("HK.00700", "US.AAPL", begun=at("03 09:00"))
    found = live(plan, at("03 09:00"), at("04 09:00"))
    mine = {
        code: clocks([each for each in found if each[1].code == code]) for code in ("HK.00700", "US.AAPL")
    }
    assert (mine["HK.00700"][1], mine["HK.00700"][-1]) == ("03 09:40", "03 16:01")
    assert (mine["US.AAPL"][1], mine["US.AAPL"][-1]) == ("03 22:40", "04 05:01")
    assert plan.is_finished(at("04 05:02"))


def test_a_sweep_asks_for_the_minutes_of_all_codes_before_anything_else():
    """They are gone with the next open; a day's row is served for years."""
    plan = plan_of("HK.00700", "HK.09988", begun=at("03 17:00"))
    assert [what for what, _ in asked(plan, at("03 17:00"))] == [what for what in SWEEP for _ in range(2)]


def test_who_begins_in_the_middle_of_a_session_asks_at_once():
    plan = plan_of("HK.00700", begun=at("03 10:03"))
    assert asked(plan, at("03 10:03")) == [("intraday", "HK.00700")]
    at_the_open = plan_of("HK.00700", begun=at("03 09:31"))
    assert asked(at_the_open, at("03 09:31")) == [("intraday", "HK.00700")]


def test_a_checkpoint_that_was_missed_is_not_made_up_for():
    """A machine that slept from ten to eleven asks once: the answer holds what the others would have."""
    plan = plan_of("HK.00700", begun=at("03 09:40"))
    do_all(plan, at("03 10:00"))
    assert len(do_all(plan, at("03 11:02"))) == 1
    assert plan.wake(at("03 11:02")) == at("03 11:10")


@pytest.mark.parametrize("wakes", ["03 16:02", "03 20:00", "04 08:59"])
def test_a_machine_that_slept_over_the_close_sweeps_when_it_wakes(wakes):
    plan = plan_of("HK.00700", begun=at("03 09:40"))
    do_all(plan, at("03 15:00"))
    assert asked(plan, at(wakes)) == [(what, "HK.00700") for what in SWEEP]
    do_all(plan, at(wakes))
    assert plan.misses == []
    assert asked(plan, at("04 09:40")) == [("intraday", "HK.00700")]
    assert plan.misses == []


def test_hundreds_of_codes_take_turns_thirty_at_a_time():
    codes = [f"HK.{number:05}" for number in range(1, 301)]
    plan = plan_of(*codes, begun=at("03 09:00"))
    found = live(plan, at("03 09:41"), at("03 09:59"))
    turns = {}
    for now, task in found:
        turns.setdefault(now, []).append(task.code)
    later = [codes for now, codes in turns.items() if now > at("03 09:41")]
    assert {len(each) for each in later} == {BATCH}
    moments = [now for now in turns if now > at("03 09:41")]
    assert {second - first for first, second in pairwise(moments)} == {TEN / 10}


@pytest.mark.parametrize(
    ("codes", "budget", "minutes"),
    [
        (10, Budget(30, 30.0), 10),
        (480, Budget(30, 30.0), 10),
        (600, Budget(30, 30.0), 12.5),
        (999, Budget(), 10),
    ],
)
def test_codes_are_asked_less_often_where_the_rate_budget_is_too_small(codes, budget, minutes):
    assert stretched(TEN, codes, budget) == timedelta(minutes=minutes)


def test_a_sweep_that_failed_comes_again_later_and_later_until_the_next_open():
    plan = plan_of("HK.00700", begun=at("03 15:00"))
    now, pauses = at("03 16:01"), []
    do_all(plan, at("03 15:00"))
    while now is not None and now < at("04 09:30"):
        for task in plan.due(now):
            plan.failed(task, now, "no answer")
        later = plan.wake(now)
        pauses.append(later - now)
        now = later
    assert pauses[:4] == [timedelta(minutes=each) for each in (1, 2, 4, 8)]
    assert max(pauses) <= timedelta(minutes=15)
    assert not plan.misses
    assert asked(plan, at("04 09:40")) == [("intraday", "HK.00700")]
    assert [(miss.what, str(miss.session), miss.why) for miss in plan.misses] == [
        (what, "2026-03-03", "no answer") for what in SWEEP
    ]


def test_what_was_never_asked_for_is_missed_too():
    """A machine that slept over a close and the next open, or over whole sessions, says what it lost."""
    plan = plan_of("HK.00700", begun=at("03 15:00"))
    do_all(plan, at("03 15:00"))
    plan.due(at("06 10:00"))
    assert {str(miss.session) for miss in plan.misses} == {"2026-03-03", "2026-03-04", "2026-03-05"}
    assert len(plan.misses) == 9
    plan.due(at("06 10:01"))
    assert len(plan.misses) == 9


def renewed(plan, now, *codes, first=date(2026, 2, 20)):
    """Look codes and calendars up again, as at an open."""
    other = plan_of(*codes, begun=now, first=first)
    plan.renew(other.codes, other.calendars, TEN, now)


def test_what_is_owed_of_a_code_that_is_recorded_no_more_is_missed_too():
    """A watchlist is looked up again at the open that ends the session of which a sweep has failed."""
    plan = plan_of("HK.00700", "HK.09988", begun=at("03 15:00"))
    do_all(plan, at("03 15:00"))
    for task in plan.due(at("03 17:00")):
        plan.failed(task, at("03 17:00"), "no answer")
    renewed(plan, at("04 09:30"), "HK.00700")
    plan.due(at("04 09:30"))
    missed = {(miss.code, str(miss.session), miss.why) for miss in plan.misses}
    assert missed == {(code, "2026-03-03", "no answer") for code in ("HK.00700", "HK.09988")}


def test_of_the_days_on_which_a_code_was_not_recorded_nothing_is_missed():
    plan = plan_of("HK.00700", "HK.09988", begun=at("03 17:00"))
    do_all(plan, at("03 17:00"))
    renewed(plan, at("04 09:30"), "HK.00700")
    do_all(plan, at("04 17:00"))
    do_all(plan, at("05 17:00"))
    renewed(plan, at("06 09:30"), "HK.00700", "HK.09988")
    do_all(plan, at("06 09:40"))
    assert plan.misses == []


def test_a_machine_that_slept_for_weeks_says_all_that_it_lost():
    plan = plan_of("HK.00700", begun=at("03 15:00"), first=date(2026, 2, 20))
    do_all(plan, at("03 15:00"))
    renewed(plan, at("31 10:00"), "HK.00700", first=date(2026, 3, 21))
    plan.due(at("31 10:00"))
    assert len(plan.misses) == 3 * 20  # weekdays from the 3rd to the 30th
    assert len(set(plan.misses)) == len(plan.misses)


def test_a_recorder_that_lives_for_ever_does_not_remember_for_ever():
    plan = plan_of("HK.00700", begun=at("03 09:00"))
    held = []
    for day in range(3, 28):
        now = at(f"{day:02} 17:00")
        renewed(plan, now, "HK.00700", first=now.date() - timedelta(days=10))
        do_all(plan, now)
        held.append(len(plan.memory))
    assert max(held[-5:]) <= 3 * 9  # sessions of ten days and today
    assert plan.misses == []


def test_a_clock_that_ran_ahead_and_is_set_back_costs_nothing():
    """As of a machine that takes its own clock for another zone's until it has reached a time server."""
    plan = plan_of("HK.00700", begun=at("04 01:00"))
    for task in plan.due(at("04 10:00")):
        plan.done(task, at("04 10:00"))
    for task in plan.due(at("04 18:00")):  # eight hours ahead: a sweep, it seems
        plan.done(task, at("04 18:00"))
    plan.due(at("06 10:00"))  # and days ahead
    assert plan.misses
    found = live(plan, at("04 10:05"), at("04 17:00"))
    assert clocks(found)[:2] == ["04 10:05", "04 10:10"]
    assert clocks(found)[-2:] == ["04 16:00", "04 16:01"]
    assert plan.misses == []


def test_a_sweep_that_was_overtaken_by_a_clock_alone_is_still_made():
    plan = plan_of("HK.00700", begun=at("04 15:00"))
    do_all(plan, at("04 15:00"))
    plan.due(at("05 10:00"))
    assert [str(miss.session) for miss in plan.misses] == ["2026-03-04"] * 3
    assert asked(plan, at("04 20:00")) == [(what, "HK.00700") for what in SWEEP]
    assert plan.misses == []


def test_what_is_refused_for_good_is_missed_at_once_and_never_asked_again():
    plan = plan_of("HK.00700", begun=at("03 10:00"))
    (task,) = plan.due(at("03 10:00"))
    plan.failed(task, at("03 10:00"), "no such code", for_good=True)
    assert asked(plan, at("03 11:00")) == []
    assert [miss.what for miss in plan.misses] == ["intraday"]
    assert asked(plan, at("03 17:00")) == [("distribution", "HK.00700"), ("day", "HK.00700")]


def test_what_the_store_holds_is_not_swept_again():
    plan = plan_of("HK.00700", "HK.09988", begun=at("03 18:00"))
    for what in SWEEP:
        plan.settle(Key("HK.00700", date(2026, 3, 3), what))
    assert {code for _, code in asked(plan, at("03 18:00"))} == {"HK.09988"}


@pytest.mark.parametrize(
    ("begun", "ends"),
    [("03 09:00", "03 16:01"), ("03 12:30", "03 16:01"), ("03 20:00", "03 20:00"), ("07 10:00", "07 10:00")],
)
def test_until_the_close_is_until_todays_is_swept_or_the_last_ones_where_there_is_none(begun, ends):
    plan = plan_of("HK.00700", begun=at(begun))
    now = at(begun)
    while not plan.is_finished(now):
        if not do_all(plan, now):
            now = plan.wake(now)
    assert now == at(ends)


def test_it_ends_too_when_the_next_session_has_overtaken_what_was_owed():
    plan = plan_of("HK.00700", begun=at("03 15:00"))
    do_all(plan, at("03 15:00"))
    assert not plan.is_finished(at("04 09:29"))
    assert not plan.misses
    assert plan.is_finished(at("04 09:30"))
    assert len(plan.misses) == 3


def test_where_no_session_is_known_to_come_there_is_nothing_to_wake_for():
    plan = plan_of("HK.00700", begun=at("03 18:00"), last=date(2026, 3, 3))
    do_all(plan, at("03 18:00"))
    assert plan.wake(at("03 18:00")) is None


EVERY = st.integers(1, 180).map(lambda minutes: timedelta(minutes=minutes))


@given(st.sampled_from(["HK", "SH", "US", "JP", "MY"]), EVERY, st.floats(0, 0.99), st.integers(-600, 40_000))
def test_the_next_checkpoint_is_the_latest_one_when_it_has_come(prefix, every, share, seconds):
    session = Session(MARKETS[prefix], date(2026, 3, 3), MARKETS[prefix].sessions, "weekdays")
    now = session.opens + timedelta(seconds=seconds)
    coming = next_checkpoint(session, every * share, every, now)
    if coming is None:
        assert latest_checkpoint(session, every * share, every, now) == latest_checkpoint(
            session, every * share, every, session.closes
        )
    else:
        assert now < coming <= session.closes
        assert latest_checkpoint(session, every * share, every, coming) == coming
        assert latest_checkpoint(session, every * share, every, coming - timedelta(microseconds=1)) != coming
        assert any(first <= coming <= last for first, last in session.parts)


@given(st.lists(st.integers(0, 3 * 24 * 60), min_size=1, max_size=30).map(sorted), st.booleans())
def test_no_task_is_due_before_its_time_nor_of_a_session_that_is_not_the_one_served(minutes, answers):
    plan = plan_of("HK.00700", "US.AAPL", begun=at("03 00:00"))
    for minute in minutes:
        now = at("03 00:00") + timedelta(minutes=minute)
        served = plan.sessions(now)
        for task in plan.due(now):
            assert task.due <= now
            assert task.session == served[task.code.partition(".")[0]]
            plan.done(task, now) if answers else plan.failed(task, now, "no answer")
        wake = plan.wake(now)
        assert wake is None or wake > now
