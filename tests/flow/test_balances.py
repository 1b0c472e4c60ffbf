"""In against out and large against small: bounded, and nothing where a side is not known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import cumulative, disagreement, imbalance
from tests.plot import plot_frames

NAN = np.nan
amounts = st.floats(0, 1e13)
flows = st.floats(-1e13, 1e13)


def test_imbalance_is_the_difference_as_a_part_of_the_sum():
    found = imbalance(plot_frames.distribution())  # in 4, 3, 2, 1; out 3, 2, 1, 0
    assert list(found.columns) == [
        "imbalance", "main_imbalance", "super_imbalance", "big_imbalance", "mid_imbalance", "sml_imbalance",
    ]  # fmt: skip
    np.testing.assert_allclose(found.iloc[0], [4 / 16, 2 / 12, 1 / 7, 1 / 5, 1 / 3, 1], rtol=1e-15)
    assert found.attrs == plot_frames.distribution().attrs


@pytest.mark.parametrize("absent", [NAN, -1.0])
def test_an_amount_that_is_none_makes_its_sums_unknown_and_no_other_tier(absent):
    found = imbalance(plot_frames.distribution().assign(big_out=absent)).iloc[0]
    assert found.isna().tolist() == [True, True, False, True, False, False]


def test_where_nothing_flowed_there_is_no_balance():
    found = imbalance(plot_frames.distribution().assign(sml_in=0.0, sml_out=0.0))
    assert found["sml_imbalance"].isna().all()
    assert found["imbalance"].notna().all()


def test_imbalance_needs_the_gross_amounts():
    with pytest.raises(QueryError, match="no column 'super_in': expected one of in_flow"):
        imbalance(plot_frames.rows())


@settings(deadline=None)
@given(into=amounts, out=amounts)
def test_imbalance_is_bounded_and_turns_with_its_sides(into, out):
    frame = plot_frames.distribution()
    there = imbalance(frame.assign(super_in=into, super_out=out))["super_imbalance"].iloc[0]
    back = imbalance(frame.assign(super_in=out, super_out=into))["super_imbalance"].iloc[0]
    if into + out > 0:
        assert -1 <= there <= 1
        assert there == -back
        assert np.sign(there) == np.sign(into - out)
    else:
        assert np.isnan(there)


def _opposed(frame_of, large, small, **options):
    dates = [f"2025-01-{day:02}" for day in range(2, 2 + len(large))]
    frame = frame_of({"HK.00700": dict.fromkeys(dates, 0.0)}, period="day")
    frame = frame.assign(super_in_flow=large, sml_in_flow=small)
    found = disagreement(frame, **options)
    np.testing.assert_array_equal(disagreement(cumulative(frame), **options), found)
    return found.tolist()


def test_disagreement_is_full_where_one_gave_what_the_other_took(frame_of):
    assert _opposed(frame_of, [60.0, -60.0], [-60.0, 60.0]) == [1, -1]


def test_disagreement_is_small_where_one_hardly_moved_and_none_where_both_agree(frame_of):
    assert _opposed(frame_of, [90.0, 30.0, 5.0, 0.0], [-10.0, 20.0, 0.0, 0.0]) == [0.2, 0, 0, 0]


def test_disagreement_is_unknown_where_a_side_is(frame_of):
    assert np.isnan(_opposed(frame_of, [NAN, 5.0], [5.0, NAN])).all()


def test_disagreement_over_several_rows_is_that_of_their_sums(frame_of):
    found = _opposed(frame_of, [90.0, -30.0, 55.0], [10.0, -70.0, -5.0], rows=2)
    np.testing.assert_array_equal(found, [NAN, 1, 0.5])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(large=flows, small=flows)
def test_disagreement_is_bounded_and_has_the_sign_of_the_large_side(frame_of, large, small):
    (found,) = _opposed(frame_of, [large], [small])
    assert -1 <= found <= 1
    (turned,) = _opposed(frame_of, [-large], [-small])
    assert found == -turned
    if found:
        assert np.sign(found) == np.sign(large) == -np.sign(small)


def test_the_facts_of_both_can_be_written_as_json(frame_of):
    json.dumps(imbalance(plot_frames.distribution()).attrs)
    json.dumps(disagreement(plot_frames.rows()).attrs)
