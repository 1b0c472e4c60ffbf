"""The clock and the limit, as they are told on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pd_capflow.gateway import Clock, Limit

NOON = datetime(2025, 6, 4, 4, tzinfo=UTC)


def test_a_clock_can_stand_still():
    clock = Clock(NOON, speed=0)
    assert clock() == clock() == NOON


def test_a_clock_can_run_fast():
    clock = Clock(NOON, speed=1e9)
    first = clock()
    assert NOON <= first < clock()


def test_a_clock_tells_the_walls_time_by_default():
    assert abs(Clock()() - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("start", "speed"),
    [(datetime(2025, 6, 4), 1.0), (NOON, -1.0), (NOON, float("nan")), (NOON, float("inf"))],
)
def test_a_clock_without_zone_or_sense_is_refused(start, speed):
    with pytest.raises(ValueError, match=r"zone|speed"):
        Clock(start, speed)


def test_a_limit_is_read():
    assert Limit.parse("30/30") == Limit() == Limit(30, 30.0)


@pytest.mark.parametrize("text", ["", "30", "30/", "/30", "0/30", "-1/30", "30/0", "30/inf", "many/30"])
def test_what_is_no_limit_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  # int() and float() have texts of their own
        Limit.parse(text)
