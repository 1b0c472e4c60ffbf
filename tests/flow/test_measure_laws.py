"""What must hold of every measure that goes through rows, whatever the flows and whatever is missing.

Frames are drawn of minutes and days, of one code and several, with absent rows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pd_capflow.errors import QueryError
from pd_capflow.flow import measures
from pd_capflow.flow.measures import (
    acceleration,
    correlation,
    delta,
    disagreement,
    divergence,
    quadrant,
    rolling,
    signals,
    streak,
    zscore,
)

MEASURES = {
    "rolling": lambda frame: rolling(frame, (1, 2, 4)),
    "rolling_main": lambda frame: rolling(frame, 2, "main_in_flow"),
    "acceleration": acceleration,
    "streak": streak,
    "zscore": lambda frame: zscore(frame, 3),
    "correlation": lambda frame: correlation(frame, 3),
    "divergence": lambda frame: divergence(frame, 2),
    "disagreement": lambda frame: disagreement(frame, 2),
    "quadrant": lambda frame: quadrant(frame, 2),
    "signals": lambda frame: signals(frame, streak=2, past=3, price_rows=2),
}
OPENS = {"HK.00700": "09:30", "HK.09988": "09:30", "US.AAPL": "09:30", "JP.7203": "09:00"}
laws = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
each_measure = pytest.mark.parametrize("name", MEASURES)
amounts = st.one_of(st.just(np.nan), st.integers(-(10**9), 10**9).map(float))


@st.composite
def parts(draw, codes=None, amount=amounts):
    """Flows by code and label, and their period."""
    period = draw(st.sampled_from(["intraday", "day"]))
    held = {}
    for code in codes or draw(st.lists(st.sampled_from(sorted(OPENS)), min_size=1, max_size=3, unique=True)):
        flows = draw(st.lists(amount, min_size=0, max_size=14))
        start, freq = ("2025-01-02", "D") if period == "day" else (f"2025-01-02 {OPENS[code]}", "min")
        labels = pd.date_range(start, periods=len(flows), freq=freq).strftime("%Y-%m-%d %H:%M")
        held[code] = dict(zip(labels, flows, strict=True))
    return held, period


def built(frame_of, drawn):
    """The frame of a client, with a price that depends on nothing but the row's own flow and time."""
    held, period = drawn
    frame = frame_of(held, period=period)
    walk = np.sin(np.arange(len(frame)) * 1.7) + 2
    return frame.assign(close=np.where(np.isnan(frame["in_flow"]), np.nan, walk))


def equal(one, other):
    compare = pd.testing.assert_frame_equal if one.ndim == 2 else pd.testing.assert_series_equal
    compare(one, other, check_exact=True)


@each_measure
@laws
@given(drawn=parts())
def test_the_argument_is_left_as_it_was_and_the_index_is_its(name, frame_of, drawn):
    frame = built(frame_of, drawn)
    before = frame.copy()
    found = MEASURES[name](frame)
    pd.testing.assert_frame_equal(frame, before)
    assert frame.attrs == before.attrs
    pd.testing.assert_index_equal(found.index, frame.index)
    assert found.attrs["capflow"]["cumulative"] is False
    found.attrs["capflow"]["codes"].append("HK.00001")
    assert frame.attrs == before.attrs


@each_measure
@laws
@given(drawn=parts(), seed=st.integers(0, 2**32))
def test_the_order_of_rows_and_codes_does_not_matter(name, frame_of, drawn, seed):
    frame = built(frame_of, drawn)
    order = np.random.default_rng(seed).permutation(len(frame))
    equal(MEASURES[name](frame.iloc[order]), MEASURES[name](frame).iloc[order])


@each_measure
@laws
@given(drawn=parts(codes=["HK.00700", "US.AAPL", "JP.7203"]))
def test_a_code_alone_has_what_it_has_among_others(name, frame_of, drawn):
    frame = built(frame_of, drawn)
    whole = MEASURES[name](frame)
    for code in drawn[0]:
        if drawn[0][code]:
            rows = frame.loc[[code]]
            equal(MEASURES[name](rows), whole.loc[[code]])
            alone = rows.droplevel("code")
            alone.attrs["capflow"]["codes"] = [code]
            equal(MEASURES[name](alone), whole.loc[code])


@each_measure
@laws
@given(drawn=parts())
def test_running_totals_and_own_flows_have_the_same_measures(name, frame_of, drawn):
    frame = built(frame_of, drawn)
    equal(MEASURES[name](delta(frame)), MEASURES[name](frame))


@each_measure
@laws
@given(drawn=parts(), row=st.integers(0, 40))
def test_an_absent_row_makes_nothing_known_that_was_not(name, frame_of, drawn, row):
    """And changes no number that is still known, but in streaks, which then begin anew."""
    frame = delta(built(frame_of, drawn))
    if not len(frame):
        return
    holed = frame.copy()
    flows = [column for column in frame.columns if column.endswith("_flow")]
    holed.iloc[row % len(frame), frame.columns.get_indexer(flows)] = np.nan
    before, after = (MEASURES[name](each) for each in (frame, holed))
    assert not (after.notna() & before.isna()).any(axis=None)
    if name != "streak":
        known = after.notna()
        assert before.where(known).equals(after.where(known))


@laws
@given(drawn=parts())
def test_a_window_of_one_row_is_its_own_flow(frame_of, drawn):
    frame = built(frame_of, drawn)
    own = delta(frame)["in_flow"].rename("sum_1")
    equal(rolling(frame, 1)["sum_1"], own)


@laws
@given(drawn=parts(), rows=st.integers(1, 6))
def test_a_longer_window_is_a_shorter_one_and_the_row_before_it(frame_of, drawn, rows):
    frame = built(frame_of, drawn)
    both = rolling(frame, (rows, rows + 1))
    longer, shorter = both[f"sum_{rows + 1}"], both[f"sum_{rows}"]
    own = rolling(frame, 1)["sum_1"]
    earlier = (own.groupby(level="code") if "code" in own.index.names else own).shift(rows)
    np.testing.assert_array_equal(longer, shorter + earlier)  # whole numbers, so exactly


@laws
@given(drawn=parts())
def test_a_streak_has_the_sign_of_its_flow_and_grows_by_one(frame_of, drawn):
    frame = built(frame_of, drawn)
    found, own = streak(frame), delta(frame)["in_flow"]
    np.testing.assert_array_equal(np.sign(found), np.sign(own))
    by_code = found.groupby(level="code") if "code" in found.index.names else found.groupby(lambda _: 0)
    before = by_code.shift(1)
    goes_on = (np.sign(before) == np.sign(found)) & (found != 0)
    assert (found[goes_on].abs() == before[goes_on].abs() + 1).all()
    assert (found[~goes_on & found.notna() & (found != 0)].abs() == 1).all()


whole_numbers = parts(amount=st.integers(-(10**6), 10**6).map(float))


@laws
@given(drawn=whole_numbers, factor=st.sampled_from([0.5, 4.0, 3.0, 1e6]), shift=st.integers(-(10**6), 10**6))
def test_a_score_is_unchanged_by_scale_and_shift(frame_of, drawn, factor, shift):
    frame = delta(built(frame_of, drawn))
    moved = frame.assign(in_flow=frame["in_flow"] * factor + shift)
    np.testing.assert_allclose(zscore(moved, 4), zscore(frame, 4), rtol=1e-6, atol=1e-6)


@laws
@given(drawn=whole_numbers, factor=st.sampled_from([0.5, 4.0, 1e6]))
def test_what_has_no_unit_is_unchanged_by_a_common_factor(frame_of, drawn, factor):
    frame = delta(built(frame_of, drawn))
    scaled = frame.assign(**{name: frame[name] * factor for name in frame.columns if name.endswith("_flow")})
    for name in ("streak", "correlation", "divergence", "disagreement", "signals"):
        one, other = MEASURES[name](frame), MEASURES[name](scaled)
        if name in ("correlation", "disagreement"):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
        else:
            equal(one, other)
    np.testing.assert_allclose(acceleration(scaled), acceleration(frame) * factor, rtol=1e-9)


@each_measure
def test_a_frame_that_does_not_say_what_its_rows_are_is_refused(name, frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02": 5}}, period="day").assign(close=1.0)
    frame.attrs = {}
    with pytest.raises(QueryError, match="does not say whether its rows are cumulative"):
        MEASURES[name](frame)


@each_measure
def test_a_frame_of_several_codes_without_a_level_for_them_is_refused(name, frame_of):
    rows = {"2025-01-02": 5}
    frame = frame_of({"HK.00700": rows, "HK.09988": rows}, period="day").assign(close=1.0)
    with pytest.raises(QueryError, match="name 2 codes"):
        MEASURES[name](frame.droplevel("code"))
    codes_in_a_column = frame.reset_index("code")
    assert len(MEASURES[name](codes_in_a_column)) == 2


def test_every_measure_has_a_worked_example():
    """tests/test_house.py runs them."""
    for name in set(measures.__all__) - {"Thresholds"}:
        assert ">>>" in getattr(measures, name).__doc__
