"""Sums over the last rows and today against the days before: by code, and nothing where a row is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import acceleration, cumulative, delta, resample, rolling

NAN = np.nan


@pytest.fixture
def days(frame_of):
    """Make a frame of days out of the flows of each code."""

    def make(**flows):
        dates = pd.bdate_range("2025-01-02", periods=30).strftime("%Y-%m-%d")
        parts = {f"HK.{code[1:]}": dict(zip(dates, values, strict=False)) for code, values in flows.items()}
        return frame_of(parts, period="day")

    return make


def test_a_window_holds_the_row_and_those_before_it(days):
    sums = rolling(days(c00700=[1, 2, 4, 8]), (1, 3))
    assert list(sums.columns) == ["sum_1", "sum_3"]
    np.testing.assert_array_equal(sums["sum_1"], [1, 2, 4, 8])
    np.testing.assert_array_equal(sums["sum_3"], [NAN, NAN, 7, 14])


def test_the_usual_windows_are_there_by_default(days):
    sums = rolling(days(c00700=range(1, 22)))
    assert list(sums.columns) == ["sum_3", "sum_5", "sum_10", "sum_20"]
    assert sums.iloc[-1].tolist() == [60, 95, 165, 230]
    assert sums.notna().sum().tolist() == [19, 17, 12, 2]


def test_one_window_is_a_number(days):
    pd.testing.assert_frame_equal(rolling(days(c00700=[1, 2]), 2), rolling(days(c00700=[1, 2]), [2]))


def test_an_absent_flow_makes_its_windows_unknown_and_no_others(days):
    sums = rolling(days(c00700=[1, 2, NAN, 4, 5, 6]), 2)
    np.testing.assert_array_equal(sums["sum_2"], [NAN, 3, NAN, NAN, 9, 11])


def test_no_window_reaches_into_another_code(days):
    sums = rolling(days(c00700=[1, 2], c09988=[10, 20]), 2)
    np.testing.assert_array_equal(sums["sum_2"], [NAN, 3, NAN, 30])


def test_a_small_flow_after_huge_ones_is_not_lost(days):
    """Differences of one long running sum would say 0 here."""
    assert rolling(days(c00700=[1e17, 1.0, 1.0]), 2)["sum_2"].iloc[-1] == 2.0


def test_a_day_that_is_not_there_is_no_row(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02": 1, "2025-02-28": 2}}, period="day")
    assert rolling(frame, 2)["sum_2"].iloc[-1] == 3


def test_minutes_are_taken_apart_and_windows_end_with_the_session(frame_of):
    rows = {"2025-01-02 09:30": 5, "2025-01-02 09:31": 3, "2025-01-03 09:30": 7, "2025-01-03 09:31": 9}
    frame = frame_of({"HK.00700": rows})
    sums = rolling(frame, (1, 2))
    np.testing.assert_array_equal(sums["sum_1"], [5, -2, 7, 2])
    np.testing.assert_array_equal(sums["sum_2"], [NAN, 3, NAN, 9])
    pd.testing.assert_frame_equal(rolling(delta(frame), (1, 2)), sums)
    assert rolling(resample(frame, "1D"), 2)["sum_2"].iloc[-1] == 12  # rows of whole sessions


def test_the_first_row_of_a_slice_of_totals_is_not_taken_for_its_own(frame_of):
    rows = {"2025-01-02 10:00": 500, "2025-01-02 10:01": 510, "2025-01-02 10:02": 530}
    np.testing.assert_array_equal(rolling(frame_of({"HK.00700": rows}), 2)["sum_2"], [NAN, NAN, 30])


def test_totals_of_days_are_taken_apart_too(days):
    frame = days(c00700=[1, 2, 4])
    pd.testing.assert_frame_equal(rolling(cumulative(frame), 2), rolling(frame, 2))
    assert "begins" not in rolling(cumulative(frame), 2).attrs["capflow"]
    assert rolling(cumulative(frame), 2).attrs["capflow"]["cumulative"] is False


def test_the_main_flow_is_derived_and_says_so(days):
    sums = rolling(days(c00700=[8, 16]), 2, column="main_in_flow")
    assert sums["sum_2"].iloc[-1] == 18
    assert sums.attrs["capflow"]["derived"] is True


def test_a_column_of_others_is_taken_as_it_stands_but_not_beside_running_totals(frame_of, days):
    assert rolling(days(c00700=[1, 2]).assign(mine=[5, 6]), 2, column="mine")["sum_2"].iloc[-1] == 11
    running = frame_of({"HK.00700": {"2025-01-02 09:30": 5}}).assign(mine=1.0)
    with pytest.raises(QueryError, match=r"whether column 'mine' is one too is not known.*delta\(\)"):
        rolling(running, 2, column="mine")


@pytest.mark.parametrize("windows", [0, -3, 2.5, "3", None, (3, 0), (3, True), [NAN]])
def test_a_window_that_is_none_is_refused(days, windows):
    with pytest.raises(QueryError, match=r"windows=.* expected a whole number of rows, at least 1"):
        rolling(days(c00700=[1, 2]), windows)


def test_a_column_that_is_not_there_is_refused_by_name(days):
    for measure in (rolling, acceleration):
        with pytest.raises(QueryError, match="no column 'flow': expected one of in_flow, main_in_flow"):
            measure(days(c00700=[1, 2]), column="flow")


def test_sums_go_beside_their_frame_by_assign(days):
    frame = days(c00700=[1, 2], c09988=[3, 4])
    both = frame.assign(**rolling(frame, (1, 2)))
    assert list(both.columns) == [*frame.columns, "sum_1", "sum_2"]
    assert both.attrs == frame.attrs


def test_acceleration_is_the_flow_less_the_mean_before_it(days):
    found = acceleration(days(c00700=[1, 2, 3, 10, 2]))
    assert found.name == "acceleration"
    np.testing.assert_array_equal(found, [NAN, NAN, NAN, 8, -3])


def test_acceleration_is_unknown_where_the_row_or_one_before_it_is(days):
    found = acceleration(days(c00700=[1, NAN, 3, 10, 2, 1], c09988=[5, 6]), rows=2)
    np.testing.assert_array_equal(found, [NAN, NAN, NAN, NAN, -4.5, -5, NAN, NAN])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_rows_than_the_window_are_all_unknown(days, count):
    frame = days(c00700=[1, 2][:count])
    for rows in (3, 10**9):
        assert rolling(frame, rows)[f"sum_{rows}"].isna().tolist() == [True] * count
    assert acceleration(frame).isna().tolist() == [True] * count
