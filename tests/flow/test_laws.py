"""What must hold of running totals, own flows and longer rows, whatever the market and whatever is missing.

Frames are drawn over markets with and without a rest, one or several codes, whole and half days, either way
of labelling a minute, with absent rows and with slices taken out.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pd_capflow.flow.measures import cumulative, delta, resample
from tests.plot import plot_frames

CODES = ("HK.00700", "HK.09988", "US.AAPL", "SH.600519", "JP.7203")
RULES = ("1min", "5min", "7min", "30min", "1h", "1D")
# Shrinking hundreds of minutes takes minutes, and says no more than the first example that failed.
slow = settings(
    phases=[Phase.generate],
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def sessions(draw, *, absent=True):
    """Own flows of minutes by code: what each label stands for, and nothing else."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    label = draw(st.sampled_from(["end", "start"]))
    parts = {}
    for code in draw(st.lists(st.sampled_from(CODES), min_size=1, max_size=2, unique=True)):
        times = plot_frames.session_times(code, ["2025-01-02", "2025-01-03"], label=label)
        if draw(st.booleans()):  # a half day
            times = times[(times.day == 2) | (times.hour < 12)]
        flows = random.integers(-(10**6), 10**6, len(times)).astype(float)
        parts[code] = pd.Series(flows, index=times)
    if absent and draw(st.booleans()):
        code = draw(st.sampled_from(sorted(parts)))
        parts[code].iloc[draw(st.integers(0, len(parts[code]) - 1))] = np.nan
    return parts


def total(frame_of, own):
    """The frame as a gateway serves it."""
    running = {code: flows.groupby(flows.index.day).transform(_sum) for code, flows in own.items()}
    return frame_of({code: _texts(series) for code, series in running.items()})


def _sum(flows):
    """Running totals that go on after an absent row, as those of a gateway do."""
    return flows.fillna(0).cumsum().where(flows.notna())


def _texts(series):
    return {f"{at:%Y-%m-%d %H:%M}": value for at, value in series.items()}


def cut(frame, draw):
    """Some of the rows, as a user takes them: the first ones away, the last ones, or hours of each day."""
    first = draw.draw(st.integers(0, len(frame) - 1))
    if draw.draw(st.booleans()):
        return frame.iloc[first:]
    return frame.iloc[first : first + draw.draw(st.integers(1, len(frame)))]


def same_where_known(one, other):
    """Both have the same rows and no two numbers differ."""
    pd.testing.assert_index_equal(one.index, other.index)
    both = (one["in_flow"].notna() & other["in_flow"].notna()).to_numpy()
    np.testing.assert_array_equal(one["in_flow"][both], other["in_flow"][both])


@slow
@given(own=sessions(absent=False))
def test_totals_since_the_open_come_back_from_their_flows(frame_of, own):
    frame = total(frame_of, own)
    pd.testing.assert_frame_equal(cumulative(delta(frame)), frame)
    assert "begins" not in cumulative(delta(frame)).attrs["capflow"]


@slow
@given(own=sessions(), draw=st.data())
def test_a_slice_knows_no_more_and_nothing_else_than_the_whole(frame_of, own, draw):
    """A row's own flow is the same number wherever it is known, and only first rows become unknown."""
    frame = total(frame_of, own)
    whole, sliced = delta(frame), delta(cut(frame, draw))
    same_where_known(sliced, whole.loc[sliced.index])
    lost = sliced["in_flow"].isna() & whole["in_flow"].loc[sliced.index].notna()
    assert lost.sum() <= len(own)


@slow
@given(own=sessions(absent=False), draw=st.data())
def test_flows_come_back_from_totals_of_any_slice(frame_of, own, draw):
    frame = total(frame_of, own)
    for flows in (cut(delta(frame), draw), delta(cut(frame, draw))):
        added = cumulative(flows)
        pd.testing.assert_frame_equal(delta(added), flows)
        pd.testing.assert_frame_equal(cumulative(delta(added)), added)
        assert json.loads(json.dumps(added.attrs)) == added.attrs
        later = cut(added, draw)
        same_where_known(delta(later), flows.loc[later.index])


@slow
@given(own=sessions(), draw=st.data())
def test_no_total_reads_as_since_the_open_that_is_not(frame_of, own, draw):
    frame = total(frame_of, own)
    added = cumulative(cut(delta(frame), draw))
    told = added.attrs["capflow"].get("begins", {})
    for code, flows in own.items():
        rows = added.xs(code) if len(own) > 1 and code in added.index.get_level_values(0) else added
        if code not in told and not (len(own) > 1 and rows is added):
            truth = frame.xs(code) if len(own) > 1 else frame
            same_where_known(rows, truth.loc[rows.index])
        assert len(told.get(code, ())) <= flows.index.day.nunique()


@slow
@given(own=sessions(), rule=st.sampled_from(RULES), draw=st.data())
def test_longer_rows_are_the_same_either_way(frame_of, own, rule, draw):
    frame = total(frame_of, own)
    same_where_known(delta(resample(frame, rule)), resample(delta(frame), rule))
    part = cut(frame, draw)
    same_where_known(delta(resample(part, rule)), resample(delta(part), rule))
    # Flows that were cut off are missing in no interval that has a number.
    whole, flows = resample(delta(frame), rule), resample(cut(delta(frame), draw), rule)
    ended = flows.index.isin(whole.index)  # other rows end before their interval does
    same_where_known(flows[ended], whole.loc[flows.index[ended]])


@slow
@given(own=sessions(absent=False), rule=st.sampled_from(RULES))
def test_every_interval_of_whole_sessions_is_known(frame_of, own, rule):
    frame = total(frame_of, own)
    longer = delta(resample(frame, rule))
    assert longer["in_flow"].notna().all()
    pd.testing.assert_frame_equal(longer, resample(delta(frame), rule))
    pd.testing.assert_frame_equal(cumulative(longer), resample(frame, rule))


@slow
@given(
    own=sessions(), steps=st.sampled_from([("5min", "30min"), ("30min", "1h"), ("7min", "1D"), ("1D", "1D")])
)
def test_longer_rows_in_two_steps_are_those_of_one(frame_of, own, steps):
    frame = total(frame_of, own)
    for rows in (frame, delta(frame)):
        twice, once = resample(resample(rows, steps[0]), steps[1]), resample(rows, steps[1])
        pd.testing.assert_frame_equal(twice, once)
        same_where_known(delta(twice), delta(once))


@slow
@given(
    flows=st.lists(st.one_of(st.just(np.nan), st.integers(-(10**9), 10**9)), min_size=1, max_size=40),
    period=st.sampled_from(["day", "week", "month"]),
    first=st.integers(0, 39),
)
def test_totals_of_days_weeks_and_months_begin_where_they_were_begun(frame_of, flows, period, first):
    freq = {"day": "B", "week": "W-FRI", "month": "ME"}[period]
    labels = pd.date_range("2025-01-02", periods=len(flows), freq=freq).strftime("%Y-%m-%d")
    frame = frame_of({"HK.00700": dict(zip(labels, flows, strict=True))}, period=period)
    added = cumulative(frame)
    same_where_known(delta(added), frame)
    sliced = delta(added.iloc[first:])
    same_where_known(sliced, frame.iloc[first:])
    if first and len(sliced) and not np.isnan(flows[:first]).all():
        assert np.isnan(sliced["in_flow"].iloc[0])


@slow
@given(
    count=st.integers(1, 90), first=st.integers(0, 89), rule=st.sampled_from(["W", "2W", "ME", "QE", "W-WED"])
)
def test_days_added_up_make_the_same_longer_rows(frame_of, count, first, rule):
    labels = pd.bdate_range("2025-01-02", periods=count).strftime("%Y-%m-%d")
    days = {label: float(number) ** 2 for number, label in enumerate(labels)}
    added = (
        cumulative(frame_of({"HK.00700": days, "US.AAPL": days}, period="day"))
        .groupby("code")
        .tail(count - first)
    )
    same_where_known(delta(resample(added, rule)), resample(delta(added), rule))


def test_one_code_of_several_takes_no_other_codes_beginning(frame_of):
    """After xs() nothing tells which code it was; a beginning counts only if it is that of all."""
    early = {"2025-01-02": 1, "2025-01-03": 2, "2025-01-06": 4}
    late = {"2025-01-03": 8, "2025-01-06": 16}
    added = cumulative(frame_of({"HK.09988": late, "HK.00700": early}, period="day"))
    assert added.attrs["capflow"]["begins"]["HK.09988"] == ["2025-01-03T00:00:00+08:00"]
    np.testing.assert_array_equal(delta(added.xs("HK.00700").iloc[1:])["in_flow"], [np.nan, 4])
    np.testing.assert_array_equal(delta(added.loc[["HK.09988"]])["in_flow"], [8, 16])


@pytest.mark.parametrize(
    "begins", [None, [], "soon", {"HK.00700": None}, {"HK.00700": 5}, {"HK.00700": ["?"]}]
)
def test_a_damaged_note_makes_first_rows_unknown(frame_of, begins):
    frame = frame_of({"HK.00700": {"2025-01-02": 1, "2025-01-03": 2}}, period="day")
    added = cumulative(frame)
    added.attrs["capflow"]["begins"] = begins
    np.testing.assert_array_equal(delta(added)["in_flow"], [np.nan, 2])
