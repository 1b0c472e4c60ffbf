"""How often codes are refreshed: never more than the budget grants, and room is left for other calls."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.client import Budget
from pd_capflow.notebook.dashboard.pace import Pace, kept_free

OPEND = Budget(30, 30.0, left=30)


@pytest.mark.parametrize(
    ("codes", "every", "at_once"),
    [(1, 5.0, 1), (4, 5.0, 4), (5, 6.0, 5), (30, 36.0, 5), (100, 120.0, 5)],
)
def test_thirty_requests_in_thirty_seconds_are_shared(codes, every, at_once):
    pace = Pace.of(codes, OPEND, interval=5.0)
    assert pace.every == pytest.approx(every)
    assert pace.at_once == at_once


budgets = st.builds(
    lambda requests, seconds: Budget(requests, seconds, left=requests),
    st.integers(1, 200),
    st.floats(0.5, 120.0),
)


@given(st.integers(1, 100), budgets, st.floats(1.0, 600.0), st.integers(0, 100))
def test_no_pace_asks_more_than_what_is_left_to_it(codes, budget, interval, others):
    """In one cycle, all codes of all dashboards fit into the budget less what is kept free."""
    pace = Pace.of(codes, budget, interval=interval, others=others)
    granted = (budget.requests - kept_free(budget)) * pace.every / budget.seconds
    assert codes + others <= granted * (1 + 1e-9)
    assert pace.every >= interval
    assert 0 < pace.tick <= pace.every


@given(st.integers(1, 100), budgets, st.floats(1.0, 600.0))
def test_the_refreshes_of_a_cycle_reach_every_code(codes, budget, interval):
    pace = Pace.of(codes, budget, interval=interval)
    refreshes = round(pace.every / pace.tick)
    assert refreshes * pace.at_once >= codes
    assert ceil(codes / refreshes) == pace.at_once


def test_without_a_limit_the_wish_alone_counts():
    assert Pace.of(100, Budget(), interval=2.0) == Pace(2.0, 2.0, 100)


def test_a_dashboard_without_codes_has_a_pace_too():
    assert Pace.of(0, OPEND, interval=5.0) == Pace(5.0, 5.0, 1)
