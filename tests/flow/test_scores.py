"""The z-score: against the code's own past, in which the row itself is not."""

from __future__ import annotations

import numpy as np
import pytest

from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import zscore
from tests.plot import plot_frames

NAN = np.nan


def test_the_score_is_that_of_pandas_against_the_rows_before():
    frame = plot_frames.rows(count=80)
    past = frame["in_flow"].shift(1).rolling(60)
    expected = (frame["in_flow"] - past.mean()) / past.std()
    found = zscore(frame)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert found.isna().sum() == 60
    assert found.name == "zscore"


def test_a_row_is_not_in_its_own_past():
    """Were it, no score over three rows could exceed 1.2."""
    frame = plot_frames.rows(count=4).assign(in_flow=[1.0, 2.0, 3.0, 1e9])
    assert zscore(frame, rows=3).iloc[-1] == 1e9 - 2


@pytest.mark.parametrize("same", [0.0, 0.1, 1e9])
def test_a_past_without_movement_says_nothing(same):
    frame = plot_frames.rows(count=9).assign(in_flow=[same] * 8 + [5.0])
    assert zscore(frame, rows=7).isna().all()


def test_an_absent_row_makes_itself_and_those_whose_past_it_is_unknown():
    frame = plot_frames.rows(count=8).assign(in_flow=[1.0, 2.0, 4.0, NAN, 5.0, 7.0, 8.0, 6.0])
    assert zscore(frame, rows=2).isna().tolist() == [True, True, False, True, True, True, False, False]


def test_minutes_have_the_past_of_their_session_alone():
    frame = plot_frames.minutes(days=["2025-01-02", "2025-01-03"])
    found = zscore(frame, rows=100)
    assert found.groupby(found.index.normalize()).apply(lambda day: day.isna().sum()).tolist() == [100, 100]


def test_a_share_can_be_scored():
    frame = plot_frames.rows(count=10).assign(in_share=np.linspace(0, 0.1, 10) ** 2)
    np.testing.assert_allclose(
        zscore(frame, rows=3, column="in_share"), zscore(frame.assign(in_flow=frame["in_share"]), rows=3)
    )


@pytest.mark.parametrize("rows", [1, 0, 2.0, None])
def test_a_past_of_fewer_than_two_rows_is_refused(rows):
    with pytest.raises(QueryError, match="at least 2"):
        zscore(plot_frames.rows(), rows=rows)
