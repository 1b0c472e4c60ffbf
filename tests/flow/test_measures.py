"""Measures: cumulative and own flow are never confused, and nothing unknown becomes a number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import cumulative, delta, main, resample, tiers

NAN = np.nan


def _session(minutes, *, day="2025-01-02"):
    morning = minutes(f"{day} 09:30:00", f"{day} 12:00:00")
    return [f"{day} 09:30:00", *morning, *minutes(f"{day} 13:00:00", f"{day} 16:00:00")]


def _running(labels):
    return {label: 10.0 * number for number, label in enumerate(labels)}


def test_delta_is_the_difference_to_the_row_before_and_the_first_row_its_own(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02 09:30": 5, "2025-01-02 09:31": 8, "2025-01-02 09:32": 2}})
    own = delta(frame)
    assert own["in_flow"].tolist() == [5, 3, -6]
    assert own["super_in_flow"].tolist() == [2.5, 1.5, -3]
    assert own["main_in_flow"].isna().all()
    assert own.attrs["capflow"]["cumulative"] is False
    assert frame.attrs["capflow"]["cumulative"] is True
    assert frame["in_flow"].tolist() == [5, 8, 2]


def test_delta_begins_anew_with_each_session_and_each_code(frame_of):
    hk = {"2025-01-02 09:30": 0, "2025-01-02 16:00": 9, "2025-01-03 09:30": 1, "2025-01-03 09:31": 3}
    us = {"2025-01-02 09:30": 7, "2025-01-02 09:31": 8}
    own = delta(frame_of({"HK.00700": hk, "US.AAPL": us}))
    assert own["in_flow"].tolist() == [0, 9, 1, 2, 7, 1]


def test_a_first_row_after_the_open_is_unknown_and_not_the_whole_morning(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02 10:00": 500, "2025-01-02 10:01": 510}})
    np.testing.assert_array_equal(delta(frame)["in_flow"], [NAN, 10])


def test_an_absent_row_makes_both_its_neighbours_differences_unknown(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02 09:30": 0, "2025-01-02 09:31": NAN, "2025-01-02 09:32": 4}})
    np.testing.assert_array_equal(delta(frame)["in_flow"], [0, NAN, NAN])


def test_rows_in_any_order_give_the_same_differences(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02 09:30": 5, "2025-01-02 09:31": 8, "2025-01-02 09:32": 2}})
    mixed = frame.iloc[[2, 0, 1]]
    pd.testing.assert_frame_equal(delta(mixed), delta(frame).iloc[[2, 0, 1]])


def test_codes_that_take_turns_row_by_row_are_kept_apart(frame_of):
    first = {"2025-01-02 09:30": 1, "2025-01-02 09:31": 2}
    frame = frame_of({"HK.00700": first, "HK.09988": {label: 10 * flow for label, flow in first.items()}})
    turns = frame.sort_index(level="time", sort_remaining=False)
    assert delta(turns)["in_flow"].tolist() == [1, 10, 1, 10]


def test_days_are_their_own_already(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02": 5, "2025-01-03": -7}}, period="day")
    pd.testing.assert_frame_equal(delta(frame), frame)
    assert cumulative(frame)["in_flow"].tolist() == [5, -2]
    pd.testing.assert_frame_equal(delta(cumulative(frame)), frame)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flows=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30),
    period=st.sampled_from(["intraday", "day"]),
)
def test_delta_and_cumulative_undo_each_other(frame_of, flows, period):
    if period == "day":
        labels = pd.date_range("2025-01-02", periods=len(flows)).strftime("%Y-%m-%d")
    else:
        labels = pd.date_range("2025-01-02 09:30", periods=len(flows), freq="min").strftime("%Y-%m-%d %H:%M")
    frame = frame_of({"HK.00700": dict(zip(labels, flows, strict=True))}, period=period)
    there, back = (delta, cumulative) if period == "intraday" else (cumulative, delta)
    pd.testing.assert_frame_equal(back(there(frame)), frame)


def test_a_frame_that_does_not_say_what_its_rows_are_is_refused(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02 09:30": 5}})
    frame.attrs = {}
    for measure in (delta, cumulative, lambda frame: resample(frame, "5min")):
        with pytest.raises(QueryError, match="cumulative"):
            measure(frame)


def test_a_frame_of_several_codes_without_a_level_for_them_is_refused(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02 09:30": 5}, "HK.09988": {"2025-01-02 09:30": 5}})
    with pytest.raises(QueryError, match="name 2 codes"):
        delta(frame.droplevel("code"))


def test_one_code_chosen_out_of_several_of_its_market_can_be_measured(frame_of):
    rows = {"2025-01-02 09:30": 5, "2025-01-02 09:31": 8}
    frame = frame_of({"HK.00700": rows, "HK.09988": {label: 2 * flow for label, flow in rows.items()}})
    assert delta(frame.xs("HK.09988"))["in_flow"].tolist() == [10, 6]
    assert delta(frame.loc[["HK.09988"]])["in_flow"].tolist() == [10, 6]


def test_codes_in_a_column_are_kept_apart_too(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02 09:30": 1}, "HK.09988": {"2025-01-02 09:31": 50}})
    assert delta(frame.reset_index("code"))["in_flow"].tolist() == [1, 50]


def test_times_without_a_zone_are_refused(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02 09:30": 5}}).tz_localize(None)
    with pytest.raises(QueryError, match="zone"):
        delta(frame)


def test_columns_of_others_are_left_alone(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02 09:30": 5, "2025-01-02 09:31": 8}})
    frame["close"] = [400.0, 401.0]
    assert delta(frame)["close"].tolist() == [400, 401]
    assert resample(delta(frame), "5min")["close"].tolist() == [401]


def test_main_is_derived_intraday_and_says_so(frame_of):
    derived = main(frame_of({"HK.00700": {"2025-01-02 09:30": 8}}))
    assert derived.tolist() == [6]
    assert derived.attrs["capflow"]["derived"] is True

    sent = frame_of({"HK.00700": {"2025-01-02": 8}}, period="day").assign(main_in_flow=5.0)
    assert main(sent).tolist() == [5]
    assert main(sent).attrs["capflow"]["derived"] is False


def test_main_is_unknown_where_a_tier_is(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02 09:30": 8}}).assign(big_in_flow=NAN)
    assert main(frame).isna().all()


def test_tiers_are_long_and_ordered(frame_of):
    long = tiers(frame_of({"HK.00700": {"2025-01-02 09:30": 8, "2025-01-02 09:31": 16}}))
    assert list(long.columns) == ["time", "tier", "flow"]
    assert long["tier"].tolist() == ["super", "big", "mid", "sml"] * 2
    assert long["flow"].tolist() == [4, 2, 1, 1, 8, 4, 2, 2]
    assert str(long["time"].dtype) == "datetime64[us, Asia/Hong_Kong]"


def test_tiers_of_many_codes_name_them(frame_of):
    long = tiers(frame_of({"HK.00700": {"2025-01-02 09:30": 8}, "US.AAPL": {"2025-01-02 09:30": 8}}))
    assert list(long.columns) == ["code", "time", "tier", "flow"]
    assert long["code"].tolist() == ["HK.00700"] * 4 + ["US.AAPL"] * 4


def test_tiers_of_codes_in_a_column_name_them_too(frame_of):
    rows = {"2025-01-02 09:30": 8}
    frame = frame_of({"HK.00700": rows, "HK.09988": rows})
    pd.testing.assert_frame_equal(tiers(frame.reset_index("code")), tiers(frame))


def test_resampled_totals_take_the_last_and_never_cross_the_lunch_break(frame_of, minutes):
    frame = frame_of({"HK.00700": _running(_session(minutes))})
    hours = resample(frame, "1h")
    labels = [f"{at:%H:%M}" for at in hours.index]
    assert labels == ["10:30", "11:30", "12:00", "14:00", "15:00", "16:00"]
    assert hours["in_flow"].tolist() == frame["in_flow"].loc[hours.index].tolist()
    assert hours.attrs["capflow"]["cumulative"] is True


def test_resampled_flows_add_up_to_the_session(frame_of, minutes):
    frame = frame_of({"HK.00700": _running(_session(minutes))})
    for rule in ("1min", "5min", "7min", "1h", "1D", pd.Timedelta("30min"), pd.offsets.Minute(15)):
        shorter = resample(delta(frame), rule)
        assert shorter["in_flow"].sum() == frame["in_flow"].iloc[-1]
        assert shorter.index.is_monotonic_increasing


def test_resample_never_joins_two_days(frame_of, minutes):
    both = _running(_session(minutes)) | _running(_session(minutes, day="2025-01-03"))
    days = resample(frame_of({"HK.00700": both}), "1D")
    assert [f"{at:%m-%d %H:%M}" for at in days.index] == ["01-02 16:00", "01-03 16:00"]
    assert days["in_flow"].tolist() == [3300, 3300]


def test_resample_keeps_codes_of_different_zones_apart(frame_of):
    hk = {"2025-01-02 09:30": 0, "2025-01-02 09:31": 1}
    us = {"2025-01-02 09:30": 0, "2025-01-02 09:31": 2}
    found = resample(frame_of({"HK.00700": hk, "US.AAPL": us}), "5min")
    assert found["in_flow"].tolist() == [1, 2]


def test_an_absent_flow_makes_its_interval_unknown(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02 09:31": 1, "2025-01-02 09:32": 2, "2025-01-02 09:33": 4}})
    own = delta(frame)
    own.iloc[1, 0] = NAN
    assert resample(own, "5min")["in_flow"].isna().all()


def test_days_become_weeks_dated_by_their_last_day(frame_of):
    days = {"2025-01-02": 1, "2025-01-03": 2, "2025-01-06": 4, "2025-01-07": 8}
    weeks = resample(frame_of({"HK.00700": days}, period="day"), "W")
    assert [f"{at:%m-%d}" for at in weeks.index] == ["01-03", "01-07"]
    assert weeks["in_flow"].tolist() == [3, 12]


@pytest.mark.parametrize("rule", ["W", "2W", "ME"])
def test_days_in_any_order_and_of_any_beginning_make_the_same_longer_rows(frame_of, rule):
    labels = pd.bdate_range("2025-01-02", "2025-03-31").strftime("%Y-%m-%d")
    days = {label: float(number) for number, label in enumerate(labels)}
    later = dict(list(days.items())[2:])  # a week later, so other pairs of weeks
    frame = frame_of({"HK.00700": days, "HK.09988": later}, period="day")
    whole = resample(frame, rule)
    mixed = resample(frame.sample(frac=1, random_state=1), rule)
    pd.testing.assert_frame_equal(mixed.sort_index(), whole.sort_index())
    alone = resample(frame_of({"HK.09988": later}, period="day"), rule)
    pd.testing.assert_frame_equal(whole.loc["HK.09988"], alone)


@pytest.mark.parametrize("rule", ["W", "ME", "QE"])
def test_days_in_utc_add_up_as_in_exchange_time(frame_of, rule):
    """Midnight in Hong Kong is the day before in UTC; a Monday must not join the week before."""
    labels = pd.bdate_range("2025-01-02", "2025-03-31").strftime("%Y-%m-%d")
    days = {label: float(number) for number, label in enumerate(labels)}
    alone = resample(frame_of({"HK.00700": days}, period="day"), rule)
    mixed = resample(frame_of({"HK.00700": days, "US.AAPL": days}, period="day"), rule)
    assert mixed.xs("HK.00700")["in_flow"].tolist() == alone["in_flow"].tolist()
    assert mixed.xs("US.AAPL")["in_flow"].tolist() == alone["in_flow"].tolist()


@pytest.mark.parametrize("rule", ["2D", "W", "ME", "1ms", "-5min", "0min", "often", None, 5])
def test_a_rule_that_minutes_cannot_follow_is_refused(frame_of, rule):
    with pytest.raises(QueryError, match="rule"):
        resample(frame_of({"HK.00700": {"2025-01-02 09:30": 5}}), rule)


def test_a_rule_shorter_than_days_is_refused_for_days(frame_of):
    with pytest.raises(QueryError, match="shorter"):
        resample(frame_of({"HK.00700": {"2025-01-02": 5}}, period="day"), "5min")


@pytest.mark.parametrize(("period", "rule"), [("week", "D"), ("week", "B"), ("month", "W"), ("month", "D")])
def test_a_rule_shorter_than_weeks_or_months_is_refused_for_them(frame_of, period, rule):
    frame = frame_of({"HK.00700": {"2025-01-31": 5, "2025-02-28": 6}}, period=period)
    with pytest.raises(QueryError, match="shorter"):
        resample(frame, rule)
    assert len(resample(frame, "W" if period == "week" else "ME")) == 2


@pytest.mark.parametrize("codes", [["HK.00700"], ["HK.00700", "US.AAPL"]])
def test_no_rows_have_no_measures_but_keep_their_shape(frame_of, codes):
    frame = frame_of({code: {} for code in codes})
    for measure in (delta, lambda frame: resample(frame, "5min")):
        pd.testing.assert_frame_equal(measure(frame), frame)
    assert len(main(frame)) == len(tiers(frame)) == 0


@pytest.mark.parametrize(("first", "then"), [("30min", "5min"), ("30min", "45min"), ("1D", "30min")])
def test_longer_rows_are_not_cut_into_shorter_ones(frame_of, minutes, first, then):
    halves = resample(frame_of({"HK.00700": _running(_session(minutes))}), first)
    with pytest.raises(
        QueryError, match=f"does not hold rows of {halves.attrs['capflow']['interval']} whole"
    ):
        resample(halves, then)


@pytest.mark.parametrize("rule", ["ME", "QE", "YE", "W-WED", "7D", "D"])
def test_weeks_are_not_cut_by_months(frame_of, rule):
    """A week that ends in February holds days of January."""
    weeks = frame_of({"HK.00700": {"2025-01-31": 5, "2025-02-07": 6}}, period="week")
    with pytest.raises(QueryError, match="expected 'W-SUN' or more weeks, such as '4W-SUN'"):
        resample(weeks, rule)
    assert resample(weeks, "4W")["in_flow"].sum() == 11


@pytest.mark.parametrize("rule", ["MS", "QE", "QS", "2QE", "YE", "YS"])
def test_months_make_quarters_and_years(frame_of, rule):
    months = frame_of({"HK.00700": {"2025-01-31": 5, "2025-02-28": 6}}, period="month")
    assert resample(months, rule)["in_flow"].sum() == 11
    quarters = resample(months, "QE")
    with pytest.raises(QueryError, match="shorter than rows of QE-DEC or cuts them; expected 'QE' or 'YE'"):
        resample(quarters, "YE-JAN")


def test_a_session_served_without_a_row_at_the_open_begins_with_its_first_minute(frame_of):
    """Then 09:31 holds all since the open; in a slice of other rows it does not."""
    frame = frame_of({"HK.00700": {"2025-01-02 09:31": 5, "2025-01-02 09:32": 8}})
    assert delta(frame)["in_flow"].tolist() == [5, 3]
    longer = frame_of({"HK.00700": {"2025-01-02 09:30": 2, "2025-01-02 09:31": 5, "2025-01-02 09:32": 8}})
    np.testing.assert_array_equal(delta(longer.iloc[1:])["in_flow"], [NAN, 3])
