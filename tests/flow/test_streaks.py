"""Streaks: rows in a row of one sign, and where they may have been longer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pd_capflow.flow.measures import delta, streak
from pd_capflow.flow.measures.course import Course
from pd_capflow.flow.measures.streaks import Streaks

NAN = np.nan


def _days(frame_of, *flows):
    dates = pd.bdate_range("2025-01-02", periods=30).strftime("%Y-%m-%d")
    codes = ("HK.00700", "HK.09988")
    parts = {code: dict(zip(dates, values, strict=False)) for code, values in zip(codes, flows, strict=False)}
    return frame_of(parts, period="day")


def test_rows_of_one_sign_are_counted_and_a_change_begins_anew(frame_of):
    found = streak(_days(frame_of, [1, 5, -2, -1, -9, 3]))
    assert found.tolist() == [1, 2, -1, -2, -3, 1]
    assert found.name == "streak"


def test_zero_ends_a_streak_and_is_none(frame_of):
    found = streak(_days(frame_of, [1, 0, -0.0, 2, 3]))
    assert found.tolist() == [1, 0, 0, 1, 2]
    assert not np.signbit(found).any()


def test_an_unknown_flow_has_no_streak_and_counting_begins_anew(frame_of):
    np.testing.assert_array_equal(streak(_days(frame_of, [1, 2, NAN, 3, 4])), [1, 2, NAN, 1, 2])


def test_codes_and_sessions_are_counted_on_their_own(frame_of):
    assert streak(_days(frame_of, [1, 2], [3, 4])).tolist() == [1, 2, 1, 2]
    rows = {"2025-01-02 09:30": 5, "2025-01-02 09:31": 8, "2025-01-03 09:30": 7, "2025-01-03 09:31": 9}
    frame = frame_of({"HK.00700": rows})
    assert streak(frame).tolist() == streak(delta(frame)).tolist() == [1, 2, 1, 2]


def test_the_rows_order_in_the_frame_does_not_matter(frame_of):
    frame = _days(frame_of, [1, 2, -1], [3, 4, 5])
    mixed = [4, 0, 5, 2, 1, 3]
    pd.testing.assert_series_equal(streak(frame.iloc[mixed]), streak(frame).iloc[mixed])


def test_the_first_days_streak_may_have_been_longer_and_later_ones_not(frame_of):
    whole = Streaks.of(Course.of(_days(frame_of, [1, 2, -1, -2, NAN, -3, 4]), "in_flow")).whole
    assert whole.tolist() == [False, False, True, True, True, False, True]


def test_a_session_that_is_there_from_its_open_on_begins_a_streak(frame_of):
    opened = frame_of({"HK.00700": {"2025-01-02 09:30": 5, "2025-01-02 09:31": 8}})
    assert Streaks.of(Course.of(opened, "in_flow")).whole.all()
    assert not Streaks.of(Course.of(delta(opened).iloc[1:], "in_flow")).whole.any()


def test_no_rows_have_no_streaks(frame_of):
    assert len(streak(_days(frame_of, []))) == 0
    assert len(streak(_days(frame_of, [], []))) == 0
