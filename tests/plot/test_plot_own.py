"""Charts of rows that were made: longer, added up, or cut out of a whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import cumulative, delta, resample
from pd_capflow.plot import bars, draw
from pd_capflow.plot import cumulative as lines
from tests.plot import plot_frames as builders


def heights(ax):
    return np.array([bar.get_height() for bar in ax.patches])


def edges(ax):
    """Where each bar would begin and end if it filled its stretch."""
    middles = np.array([bar.get_x() + bar.get_width() / 2 for bar in ax.patches])
    halves = np.array([bar.get_width() / 2 for bar in ax.patches]) / 0.9
    return np.column_stack([middles - halves, middles + halves])


@pytest.mark.parametrize("own", [False, True])
def test_longer_rows_have_a_bar_each_over_the_time_they_stand_for(own):
    frame = resample(builders.minutes(), "30min")
    ax = bars(delta(frame) if own else frame)
    np.testing.assert_allclose(heights(ax), delta(frame)["in_flow"])
    assert len(heights(ax)) == 11  # none of the session's intervals is lost
    stretches = edges(ax)
    np.testing.assert_allclose(stretches[:, 1] - stretches[:, 0], 30)
    np.testing.assert_allclose(stretches[1:5, 0], stretches[:4, 1])
    assert stretches[0, 0] == pytest.approx(0)
    assert stretches[5, 0] > stretches[4, 1]  # lunch
    assert "per 30 minutes" in ax.get_ylabel()


def test_an_unfinished_interval_is_as_wide_as_it_is_long():
    frame = resample(builders.minutes().iloc[:41], "30min")  # up to 10:10
    np.testing.assert_allclose(np.diff(edges(bars(frame)))[:, 0], [30, 10])


def test_whole_sessions_have_a_bar_each():
    frame = resample(builders.minutes(days=["2025-01-02", "2025-01-03"]), "1D")
    ax = bars(frame)
    np.testing.assert_array_equal(heights(ax), frame["in_flow"])
    (first, second) = edges(ax)
    assert first[0] == pytest.approx(0)
    assert second[0] > first[1] > 300
    assert "per day" in ax.get_ylabel()


@pytest.mark.parametrize("kind", ["bars", "tiers", "heatmap", "quadrant"])
@pytest.mark.parametrize(
    ("rule", "named"), [("W", "week"), ("ME", "month"), ("QE", "quarter"), ("2W", "2W-SUN")]
)
def test_longer_days_are_named_by_what_they_became(kind, rule, named):
    """A bar of a week that calls itself one of a day would be five times too high."""
    frame = resample(builders.with_close(builders.rows(count=70)), rule)
    assert draw(frame, kind).get_ylabel().startswith(f"Net inflow per {named}, HKD")


def test_a_ranking_of_longer_days_names_what_they_became():
    days = builders.together({code: builders.rows(code, count=20) for code in ("HK.00700", "HK.09988")})
    assert draw(resample(days, "W"), "rank").get_ylabel().startswith("Net inflow per week, HKD")
    assert draw(days, "rank").get_ylabel().startswith("Net inflow per day, HKD")


@pytest.mark.parametrize("kind", ["bars", "tiers", "heatmap", "quadrant"])
def test_rows_that_are_some_minutes_apart_are_named_so(kind):
    frame = builders.with_close(builders.minutes()).iloc[::5]
    assert draw(frame, kind).get_ylabel().startswith("Net inflow per 5 minutes, HKD")


def test_added_up_days_are_taken_apart_where_they_begin():
    added = cumulative(builders.rows(count=10))
    np.testing.assert_allclose(heights(bars(added)), builders.rows(count=10)["in_flow"])
    assert len(heights(bars(added.iloc[3:]))) == 6, "what came before the first of these is unknown"


def test_totals_of_an_afternoon_do_not_claim_the_morning():
    afternoon = delta(builders.minutes()).between_time("13:01", "16:00")
    label = lines(cumulative(afternoon)).get_ylabel()
    assert label.startswith("Net inflow, running total from 2 Jan 2025 13:01, HKD")
    assert (
        lines(builders.minutes().between_time("13:01", "16:00"))
        .get_ylabel()
        .startswith("Net inflow since the open")
    )


def test_totals_that_begin_on_several_days_are_running_totals():
    flows = delta(builders.minutes(days=["2025-01-02", "2025-01-03"])).between_time("13:01", "16:00")
    assert lines(cumulative(flows)).get_ylabel().startswith("Net inflow, running total, HKD")


def test_a_beginning_that_is_not_shown_is_not_named():
    flows = delta(builders.minutes(days=["2025-01-02", "2025-01-03"]))
    added = cumulative(flows.iloc[200:])
    assert lines(added.loc["2025-01-03"]).get_ylabel().startswith("Net inflow since the open")


def test_one_code_out_of_several_zones_is_refused():
    """Which day a row belongs to depends on the exchange."""
    mixed = builders.together({code: builders.rows(code) for code in ("HK.00700", "US.AAPL")})
    for kind in ("bars", "cumulative"):
        with pytest.raises(QueryError, match=r"choose one with frame\.loc"):
            draw(mixed.xs("HK.00700"), kind)
    shared = builders.together({code: builders.rows(code) for code in ("HK.00700", "HK.09988")})
    assert bars(shared.xs("HK.00700")).patches


@pytest.mark.parametrize(
    ("cut", "is_told"),
    [
        (slice(None), True),
        (slice(60, None), True),
        (slice(None, 60), False),
        (slice(0, 0), False),
    ],
)
def test_the_last_valid_time_is_told_of_what_reaches_it(cut, is_told):
    frame = builders.minutes(last_valid_time="2025-01-02T15:59:44+08:00").iloc[cut]
    assert ("valid to" in lines(frame).get_xlabel()) is is_told


def test_rows_labelled_by_their_beginning_reach_into_the_next_minute():
    frame = builders.minutes(last_valid_time="2025-01-02T10:47:25+08:00", label="start")
    assert (
        "valid to" in lines(frame.loc[: pd.Timestamp("2025-01-02 10:47", tz="Asia/Hong_Kong")]).get_xlabel()
    )
