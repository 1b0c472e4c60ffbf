"""How far a session is recorded, by clocks that the tests tell it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pd_capflow.store.recorder.standing import standings
from tests.store.test_record_plan import HONG_KONG, NEW_YORK, at, do_all, plan_of

MORNING = at("03 10:00")


def of(plan, now, prefix="HK"):
    return {each.session.market.prefix: each for each in standings(plan, now)}[prefix]


def test_nothing_is_recorded_before_the_first_answer():
    standing = of(plan_of("HK.00700", begun=MORNING), MORNING)
    assert (standing.until, standing.share, standing.settled, standing.codes) == (None, 0.0, 0, 1)
    assert standing.session.opens == at("03 09:30")


def test_it_is_recorded_as_far_as_the_last_row_goes_and_not_as_far_as_was_asked():
    plan = plan_of("HK.00700", begun=MORNING)
    plan.done(plan.due(MORNING)[0], MORNING, at("03 09:50"))
    standing = of(plan, MORNING)
    assert standing.until == at("03 09:50")
    assert standing.share == pytest.approx(20 / 390)


def test_a_market_is_as_far_as_the_last_of_its_codes():
    plan = plan_of("HK.00700", "HK.09988", begun=MORNING)
    first, second = plan.due(MORNING)
    plan.done(first, MORNING, MORNING)
    assert of(plan, MORNING).until is None
    plan.done(second, MORNING, at("03 09:45"))
    assert of(plan, MORNING).until == at("03 09:45")


def test_one_that_was_given_up_holds_up_no_other_and_is_never_counted_as_there():
    plan = plan_of("HK.00700", "HK.99999", begun=MORNING)
    good, bad = plan.due(MORNING)
    plan.done(good, MORNING, MORNING)
    plan.failed(bad, MORNING, "unknown", for_good=True)
    assert of(plan, MORNING).until == MORNING
    alone = plan_of("HK.99999", begun=MORNING)
    alone.failed(alone.due(MORNING)[0], MORNING, "unknown", for_good=True)
    assert of(alone, MORNING).until is None


def test_yesterdays_rows_are_none_of_today():
    plan = plan_of("HK.00700", begun=MORNING)
    plan.done(plan.due(MORNING)[0], MORNING, at("02 16:00"))
    assert of(plan, MORNING).until is None


def test_after_the_sweep_it_is_whole_until_the_next_open():
    evening = at("03 16:05")
    plan = plan_of("HK.00700", begun=evening)
    do_all(plan, evening)
    standing = of(plan, evening + timedelta(hours=12))
    assert (standing.until, standing.share, standing.settled) == (at("03 16:00"), 1.0, 1)
    assert of(plan, at("04 09:35")).until is None


def test_markets_stand_each_for_itself():
    plan = plan_of("HK.00700", "US.AAPL", "US.NVDA", begun=MORNING)
    do_all(plan, MORNING)  # in New York the session of the day before is over
    assert of(plan, MORNING, "US").until == at("02 16:00", NEW_YORK)
    assert (of(plan, MORNING, "US").codes, of(plan, MORNING, "HK").codes) == (2, 1)
    assert of(plan, MORNING).until.astimezone(HONG_KONG) == MORNING
