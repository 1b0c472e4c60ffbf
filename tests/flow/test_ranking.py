"""Ranking: one row a code by what its last row says, and nothing ranked that cannot be compared."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import cumulative, delta, rank, resample
from pd_capflow.security import MARKETS

NAN = np.nan
CODES = ("HK.00700", "HK.09988", "HK.03690", "HK.00005", "HK.01810")
fixtures = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def days_of(values, day="2025-01-02"):
    """What each code's one row of a day says."""
    return {code: {day: value} for code, value in values.items()}


@pytest.fixture
def days(frame_of):
    return lambda values: frame_of(days_of(values), period="day")


def test_the_largest_comes_first_and_equal_ones_share_a_place(days):
    ranking = rank(days(dict(zip(CODES, [5, 9, 5, -3, 0], strict=True))))
    assert ranking.index.tolist() == ["HK.09988", "HK.00700", "HK.03690", "HK.01810", "HK.00005"]
    assert ranking.index.name == "code"
    assert list(ranking.columns) == ["rank", "in_flow", "time"]
    assert ranking["rank"].tolist() == [1, 2, 2, 4, 5]
    assert ranking["in_flow"].tolist() == [9, 5, 5, 0, -3]
    assert [str(dtype) for dtype in ranking.dtypes] == ["Int64", "float64", "datetime64[us, Asia/Hong_Kong]"]


def test_the_value_is_that_of_the_last_row_in_time_wherever_it_stands(frame_of):
    early, late = "2025-01-02", "2025-01-03"
    frame = frame_of({"HK.00700": {early: 100, late: 1}, "HK.09988": {early: -1, late: 2}}, period="day")
    for rows in (frame, frame.iloc[::-1], frame.sort_index(level="time", sort_remaining=False)):
        ranking = rank(rows)
        assert ranking["in_flow"].tolist() == [2, 1]
        assert ranking["time"].dt.strftime("%Y-%m-%d").tolist() == [late, late]


def test_totals_since_the_open_are_ranked_as_the_session_so_far(frame_of):
    morning = {"2025-01-02 09:30": 3, "2025-01-02 09:31": 4}
    frame = frame_of({"HK.00700": morning, "HK.09988": {"2025-01-02 09:30": 5}})
    assert rank(frame)["in_flow"].to_dict() == {"HK.09988": 5, "HK.00700": 4}


def test_a_code_that_stopped_trading_shows_by_its_time(frame_of):
    frame = frame_of(
        {"HK.00700": {"2025-01-02": 9}, "HK.09988": {"2025-01-02": 1, "2025-02-03": 2}}, period="day"
    )
    assert rank(frame)["time"].dt.strftime("%m-%d").to_dict() == {"HK.00700": "01-02", "HK.09988": "02-03"}


def test_the_main_flow_is_derived_where_none_was_sent(days):
    ranking = rank(days({"HK.00700": 8, "HK.09988": 4}), by="main_in_flow")
    assert ranking["main_in_flow"].tolist() == [6, 3]
    assert ranking.attrs["capflow"]["derived"] is True
    assert "derived" not in rank(days({"HK.00700": 8, "HK.09988": 4})).attrs["capflow"]


def test_an_unknown_value_has_no_rank_and_does_not_vanish(days):
    frame = days({"HK.00700": NAN, "HK.09988": -5, "HK.03690": NAN})
    ranking = rank(frame)
    assert ranking.index.tolist() == ["HK.09988", "HK.00700", "HK.03690"]
    assert ranking["rank"].isna().tolist() == [False, True, True]
    first = rank(frame, n=2)
    assert first.index.tolist() == ["HK.09988"]
    assert ranking.attrs["capflow"]["unranked"] == first.attrs["capflow"]["unranked"]
    assert first.attrs["capflow"]["unranked"] == ["HK.00700", "HK.03690"]


def test_n_takes_the_head_or_the_tail_and_all_that_share_its_border(days):
    frame = days(dict(zip(CODES, [5, 9, 5, -3, -3], strict=True)))
    whole = rank(frame)
    pd.testing.assert_frame_equal(rank(frame, n=1), whole.iloc[:1])
    pd.testing.assert_frame_equal(rank(frame, n=2), whole.iloc[:3])
    pd.testing.assert_frame_equal(rank(frame, n=-1), whole.iloc[3:])
    pd.testing.assert_frame_equal(rank(frame, n=-3), whole.iloc[1:])
    pd.testing.assert_frame_equal(rank(frame, n=99), whole)


@pytest.mark.parametrize("n", [0, True, 1.0, "10"])
def test_a_count_that_is_none_is_refused(days, n):
    with pytest.raises(QueryError, match="expected how many codes"):
        rank(days({"HK.00700": 1}), n=n)


def test_amounts_of_several_currencies_are_refused_but_not_shares(days):
    frame = days({"HK.00700": 1, "US.AAPL": 2})
    for by in ("in_flow", "main_in_flow"):
        with pytest.raises(QueryError, match=r"amounts of HKD and USD .* by a share"):
            rank(frame, by=by)
    with pytest.raises(QueryError, match="HKD and USD"):
        rank(frame.assign(sum_5=1.0), by="sum_5")
    shares = frame.assign(in_share=[0.1, 0.2])
    assert rank(shares, by="in_share").index.tolist() == ["US.AAPL", "HK.00700"]
    assert rank(shares, by="in_share").attrs["capflow"]["currency"] is None


def test_counters_of_one_market_in_two_currencies_are_two(days):
    """HK.80700 trades in yuan; its prefix alone would not tell."""
    with pytest.raises(QueryError, match="CNY and HKD"):
        rank(days({"HK.00700": 1, "HK.80700": 2}))


def test_codes_chosen_out_of_many_currencies_have_theirs(days):
    frame = days({"HK.00700": 1, "HK.09988": 3, "US.AAPL": 2})
    ranking = rank(frame.loc[["HK.00700", "HK.09988"]])
    assert ranking.index.tolist() == ["HK.09988", "HK.00700"]
    assert ranking.attrs["capflow"]["currency"] == "HKD"
    assert ranking.attrs["capflow"]["codes"] == ["HK.09988", "HK.00700"]
    assert json.loads(json.dumps(ranking.attrs)) == ranking.attrs


def test_a_frame_without_codes_has_none_to_rank(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02": 1}}, period="day")
    with pytest.raises(QueryError, match="expected a frame of several codes"):
        rank(frame)
    assert rank(pd.concat({"HK.00700": frame}, names=["code"]))["rank"].tolist() == [1]


def test_codes_in_a_column_are_ranked_too(days):
    frame = days({"HK.00700": 1, "HK.09988": 3})
    pd.testing.assert_frame_equal(rank(frame.reset_index("code")), rank(frame))


@pytest.mark.parametrize("by", ["close", "name", "many", "code", None, ["in_flow"]])
def test_a_column_that_holds_no_numbers_is_refused(days, by):
    frame = days({"HK.00700": 1, "HK.09988": 2}).assign(name="TENCENT", many=True)
    with pytest.raises(QueryError, match=r"with_price\(\)" if by == "close" else "expected one of in_flow, "):
        rank(frame, by=by)


@pytest.mark.parametrize("by", ["code", "rank", "time"])
def test_a_column_that_a_ranking_has_itself_is_not_covered(days, by):
    frame = days({"HK.00700": 1, "HK.09988": 2}).assign(**{by: [1.0, 2.0]})
    with pytest.raises(QueryError, match=f"give the column '{by}' another name"):
        rank(frame, by=by)


def test_flows_of_single_minutes_are_not_taken_for_the_session(frame_of):
    rows = {"2025-01-02 09:30": 3, "2025-01-02 09:31": 4}
    frame = frame_of({"HK.00700": rows, "HK.09988": {label: 2 * flow for label, flow in rows.items()}})
    for minutes in (delta(frame), delta(resample(frame, "5min"))):
        with pytest.raises(QueryError, match=r"frame\.capflow\.cumulative\(\)"):
            rank(minutes)
    pd.testing.assert_frame_equal(rank(cumulative(delta(frame))), rank(frame))
    assert rank(delta(resample(frame, "1D")))["in_flow"].tolist() == [8, 4]
    assert rank(delta(frame).assign(score=[0, 1, 0, 2]), by="score")["score"].tolist() == [2, 1]


@pytest.mark.parametrize("codes", [["HK.00700", "HK.09988"], ["HK.00700", "US.AAPL"]])
def test_no_rows_are_an_empty_ranking_of_the_same_shape(frame_of, codes):
    ranking = rank(frame_of({code: {} for code in codes}, period="day"))
    assert len(ranking) == 0
    assert list(ranking.columns) == ["rank", "in_flow", "time"]
    assert str(ranking["rank"].dtype) == "Int64"


numbers = st.one_of(st.just(NAN), st.integers(-(10**12), 10**12).map(float))


@fixtures
@given(values=st.lists(numbers, min_size=1, max_size=5), factor=st.sampled_from([0.5, 2.0, 1024.0]))
def test_ranks_are_unchanged_by_a_common_factor(frame_of, values, factor):
    frame = frame_of(days_of(dict(zip(CODES, values, strict=False))) | EMPTY, period="day")
    ranking, scaled = rank(frame), rank(frame * factor)
    pd.testing.assert_series_equal(ranking["rank"], scaled["rank"])
    pd.testing.assert_series_equal(ranking["in_flow"] * factor, scaled["in_flow"])


EMPTY = {"HK.02318": {}}


@fixtures
@given(values=st.lists(numbers, min_size=1, max_size=5), order=st.permutations(CODES))
def test_the_order_of_codes_does_not_matter_and_a_rank_counts_those_with_more(frame_of, values, order):
    given_values = dict(zip(CODES, values, strict=False))
    frame = frame_of(days_of(given_values) | EMPTY, period="day")
    before = frame.copy()
    ranking = rank(frame)
    mixed = frame.loc[[code for code in order if code in given_values]]
    pd.testing.assert_frame_equal(rank(mixed), ranking)
    pd.testing.assert_frame_equal(frame, before)
    assert sorted(ranking.index) == sorted(given_values)
    for code, row in ranking.iterrows():
        more = sum(other > given_values[code] for other in given_values.values())
        assert row["rank"] is pd.NA if np.isnan(given_values[code]) else row["rank"] == 1 + more


def test_every_market_has_a_currency_to_compare_by():
    assert all(len(market.currency) == 3 for market in MARKETS.values())
