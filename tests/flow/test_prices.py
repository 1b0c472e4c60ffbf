"""Whether price and flow go together, held against pandas, which goes another way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import correlation, divergence, quadrant
from tests.plot import plot_frames

NAN = np.nan


def _days(count=40, seed=1, code="HK.00700"):
    random = np.random.default_rng(seed)
    close = 100 * np.exp(random.normal(0, 0.02, count).cumsum())
    return plot_frames.rows(code, count=count).assign(close=close)


def test_correlation_is_that_of_pandas():
    frame = _days()
    expected = frame["in_flow"].rolling(20).corr(frame["close"].pct_change())
    found = correlation(frame)
    np.testing.assert_allclose(found, expected.rename("correlation"), rtol=1e-9)
    assert found.isna().sum() == 20
    assert found.name == "correlation"


def test_flow_that_follows_the_price_is_one_and_against_it_minus_one():
    frame = _days()
    change = frame["close"].pct_change()
    for factor, expected in ((1e9, 1.0), (-1e9, -1.0)):
        found = correlation(frame.assign(in_flow=change.fillna(0) * factor), rows=5)
        np.testing.assert_allclose(found.iloc[5:], expected, rtol=1e-12)
        assert found.abs().max() <= 1


@pytest.mark.parametrize("column", ["in_flow", "close"])
def test_what_never_moves_has_no_correlation(column):
    """The mean of equal numbers may miss them by a rounding error; that must not become a correlation."""
    frame = _days(12).assign(**{column: 0.1})
    assert correlation(frame, rows=7).isna().all()


def test_correlation_is_unknown_while_a_window_holds_an_absent_row():
    frame = _days(12)
    frame.iloc[5, frame.columns.get_loc("in_flow")] = NAN
    assert correlation(frame, rows=3).isna().tolist() == [True] * 3 + [False] * 2 + [True] * 3 + [False] * 4


def test_correlation_of_two_rows_is_refused():
    with pytest.raises(QueryError, match="at least 3"):
        correlation(_days(), rows=2)


def test_prices_of_one_code_do_not_move_those_of_the_next():
    parts = {"HK.00700": _days(8), "HK.09988": _days(8, seed=2, code="HK.09988")}
    frame = plot_frames.together(parts)
    for measure in (correlation, divergence):
        found = measure(frame, rows=3)
        for code, alone in parts.items():
            np.testing.assert_array_equal(found.loc[code], measure(alone, rows=3))


def test_divergence_is_where_money_and_price_went_opposite_ways():
    frame = plot_frames.rows(count=6).assign(
        in_flow=[1.0, 2.0, -2.0, 2.0, -2.0, 0.0], close=[10, 9, 9.5, 9.9, 9.0, 8.0]
    )
    np.testing.assert_array_equal(divergence(frame, rows=1), [NAN, 1, -1, 0, 0, 0])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), rows=st.integers(1, 6))
def test_divergence_is_told_by_the_quadrant(seed, rows):
    frame = _days(20, seed)
    found = divergence(frame, rows)
    names = quadrant(frame, rows)["quadrant"].astype(object)
    expected = names.map({"down_in": 1.0, "up_out": -1.0, "up_in": 0.0, "down_out": 0.0})
    pd.testing.assert_series_equal(found, expected.astype(float).rename("divergence"))


def test_both_say_how_to_get_a_price():
    for measure in (correlation, divergence):
        with pytest.raises(QueryError, match=r"with_price\(\) adds it"):
            measure(plot_frames.rows())


@pytest.mark.parametrize("count", [0, 1, 3])
def test_few_rows_are_unknown(count):
    frame = _days(count)
    assert correlation(frame, rows=5).isna().tolist() == [True] * count
    assert divergence(frame).isna().tolist() == [True] * count
