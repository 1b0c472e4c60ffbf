"""What a recorder holds of what its store has not: what is written first, and what goes if it is too much."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from pd_capflow.security import Security
from pd_capflow.store.almanac import calendar_of
from pd_capflow.store.recorder.answers import Answers
from pd_capflow.store.recorder.plan import Plan
from pd_capflow.store.recorder.shelf import Held, Shelf
from pd_capflow.store.recorder.tasks import Task
from pd_capflow.store.recorder.verdicts import give_up
from tests.store.markets import HONG_KONG

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
ROOM = 200


def answer(*codes, what="intraday", day=MONDAY, is_sweep=True):
    due = datetime(day.year, day.month, day.day, 16, 1, tzinfo=HONG_KONG)
    tasks = [Task(due, what, code, day, is_sweep) for code in codes]
    return Held(tasks, Answers(), pd.DataFrame())


def is_of_tuesday(held):
    return held.part[1] == TUESDAY


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def put(shelf):
    return lambda held: shelf.put(held, is_of_tuesday)


@pytest.fixture
def fill(put):
    """Fill all room but some with Monday's sweeps, which nobody serves any more."""

    def fill(left=0):
        held = [answer(f"HK.{number:05}") for number in range(ROOM - left)]
        assert not any(put(each) for each in held)
        return held

    return fill


@pytest.mark.parametrize(
    ("earlier", "later", "is_held"),
    [
        (answer("HK.1"), answer("HK.1"), True),
        (answer("HK.1", is_sweep=False), answer("HK.2", "HK.1"), True),
        (answer("HK.1", "HK.2"), answer("HK.1"), False),
        (answer("HK.1"), answer("HK.1", is_sweep=False), False),
        (answer("HK.1"), answer("HK.1", day=TUESDAY), False),
        (answer("HK.1"), answer("HK.1", what="distribution"), False),
    ],
)
def test_a_later_answer_stands_in_the_place_of_what_it_holds(shelf, put, earlier, later, is_held):
    put(earlier)
    assert put(later) == []
    assert list(shelf) == ([later] if is_held else [earlier, later])


def test_there_is_room_for_so_many_and_then_the_oldest_goes(shelf, put, fill):
    held = fill()
    assert put(answer("HK.99998")) == [held[0]]
    assert put(answer("HK.99999")) == [held[1]]
    assert len(shelf) == ROOM


def test_what_later_answers_hold_together_goes_first(put, fill):
    fill(left=3)
    morning = answer("HK.88888", "HK.99999", is_sweep=False)
    assert [put(each) for each in (morning, answer("HK.88888"), answer("HK.99999"))] == [[]] * 3
    assert put(answer("HK.77777")) == [morning]


def test_what_is_served_still_goes_before_what_is_not_and_checkpoints_before_sweeps(put, fill):
    """A checkpoint of a day that nobody serves any more may be all that is left of it."""
    fill(left=4)
    past = answer("HK.66666", is_sweep=False)
    sweep = answer("HK.77777", day=TUESDAY)
    checkpoint = answer("HK.88888", day=TUESDAY, is_sweep=False)
    last = answer("HK.99999")
    assert [put(each) for each in (past, sweep, checkpoint, last)] == [[]] * 4
    gone = [put(answer(f"HK.5555{number}")) for number in range(3)]
    assert gone == [[checkpoint], [sweep], [past]]


def test_what_has_failed_is_tried_again_after_the_others_of_its_table_and_its_session_with_it(shelf, put):
    bad, beside, other = answer("HK.1"), answer("HK.2"), answer("HK.1", day=TUESDAY)
    for held in (bad, beside, other, answer("HK.1", what="day")):
        put(held)
    assert shelf.to_try("intraday") == [bad, beside, other]
    shelf.failed(bad)
    assert shelf.to_try("intraday") == [other, beside, bad]
    shelf.failed(other)
    assert shelf.to_try("intraday") == [beside, bad, other]


def test_what_had_no_room_comes_again_while_it_is_served_and_is_missing_then():
    calendar = calendar_of("HK", date(2026, 1, 2), date(2026, 1, 9))
    evening = datetime(2026, 1, 5, 18, tzinfo=HONG_KONG)
    plan = Plan([Security.parse("HK.00700")], {"HK": calendar}, timedelta(minutes=10), evening)
    held = answer("HK.00700")
    plan.held(held.tasks[0], evening, "the disk is full")
    give_up(plan, [held], evening)
    assert plan.misses == []
    later = evening + timedelta(minutes=1)
    assert "intraday" in [task.what for task in plan.due(later)]
    plan.held(held.tasks[0], later, "the disk is full")
    give_up(plan, [held], evening + timedelta(hours=18))
    assert [(miss.what, miss.why) for miss in plan.misses] == [("intraday", "the disk is full")]
