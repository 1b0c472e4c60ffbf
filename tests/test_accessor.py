"""The accessor: verbs on the class, measures where the columns are, and no state."""

from __future__ import annotations

import pandas as pd
import pytest

import pd_capflow
from pd_capflow.errors import ConnectError, QueryError
from pd_capflow.flow import measures

MEASURES = (
    "delta", "cumulative", "main", "tiers", "resample", "plot", "rank", "rolling", "acceleration", "streak",
    "zscore", "signals", "disagreement",
)  # fmt: skip
PRICED = ("correlation", "divergence", "quadrant")


@pytest.fixture
def demo():
    with pd_capflow.connect("demo://", rate=None) as client:
        yield client


def test_fetch_is_there_on_the_class_on_any_instance_and_as_a_function(demo):
    whole = pd.DataFrame.capflow.fetch("HK.00700", client=demo)
    pd.testing.assert_frame_equal(pd.DataFrame().capflow.fetch("HK.00700", client=demo), whole)
    pd.testing.assert_frame_equal(pd_capflow.fetch("HK.00700", client=demo), whole)
    assert len(whole) > 0


def test_distribution_agrees_with_the_flow(demo):
    flow = pd.DataFrame.capflow.fetch("HK.00700", client=demo).iloc[-1]
    gross = pd.DataFrame.capflow.distribution("HK.00700", client=demo).iloc[0]
    for tier in ("super", "big", "mid", "sml"):
        assert gross[f"{tier}_in"] - gross[f"{tier}_out"] == flow[f"{tier}_in_flow"]


def test_without_a_client_the_configured_gateway_is_asked():
    pd_capflow.configure(url="tcp://127.0.0.1:1")
    with pytest.raises(ConnectError, match=r"tcp://127\.0\.0\.1:1: "):
        pd_capflow.fetch("HK.00700")
    pd_capflow.configure(url="demo://")
    assert pd_capflow.fetch("HK.00700").attrs["capflow"]["source"] == {"url": "demo://", "demo": True}


@pytest.mark.parametrize("name", MEASURES)
def test_a_frame_has_a_measure_only_if_it_has_the_columns(name, demo):
    assert hasattr(demo.capital_flow("HK.00700").capflow, name)
    assert not hasattr(pd.DataFrame({"close": [1.0]}).capflow, name)
    with pytest.raises(AttributeError, match="in_flow"):
        getattr(pd.DataFrame().capflow, name)


@pytest.mark.parametrize("name", PRICED)
def test_what_needs_a_price_is_there_with_one_and_says_how_to_get_it(name, demo):
    frame = demo.capital_flow("HK.00700", "day", "2026-01-05", "2026-01-30")
    assert hasattr(frame.capflow.with_price(demo).capflow, name)
    assert not hasattr(frame.capflow, name)
    with pytest.raises(AttributeError, match=r"lacks close; with_price\(\) adds it"):
        getattr(frame.capflow, name)


def test_an_imbalance_is_that_of_a_distribution(demo):
    assert hasattr(demo.capital_distribution("HK.00700").capflow, "imbalance")
    assert not hasattr(demo.capital_flow("HK.00700").capflow, "imbalance")


def test_a_measure_of_the_accessor_is_the_function_of_that_name(demo):
    frame = demo.capital_flow(["HK.00700", "HK.09988"], "day", "2026-01-05", "2026-03-31")
    frame = frame.capflow.with_price(demo)
    calls = {
        "rank": {"by": "main_in_flow", "n": -1},
        "rolling": {"windows": 2, "column": "main_in_flow"},
        "acceleration": {"rows": 2, "column": "super_in_flow"},
        "streak": {"column": "super_in_flow"},
        "zscore": {"rows": 5, "column": "super_in_flow"},
        "signals": {"thresholds": measures.Thresholds(past=5), "column": "super_in_flow", "streak": 2},
        "disagreement": {"rows": 3},
        "correlation": {"rows": 4, "column": "super_in_flow"},
        "divergence": {"rows": 2, "column": "super_in_flow"},
        "quadrant": {"rows": 2, "column": "super_in_flow"},
    }
    for name, options in calls.items():
        there, expected = getattr(frame.capflow, name)(**options), getattr(measures, name)(frame, **options)
        assert there.equals(expected)
        assert not expected.equals(getattr(measures, name)(frame))
    gross = demo.capital_distribution("HK.00700")
    pd.testing.assert_frame_equal(gross.capflow.imbalance(), measures.imbalance(gross))


def test_codes_are_ranked_by_shares_and_by_gross_amounts_too(demo):
    codes = ["HK.00700", "US.AAPL"]
    shares = demo.capital_flow(codes, "day", "2026-01-05", "2026-01-09").capflow.with_turnover(demo)
    assert len(shares.capflow.share().capflow.rank("in_share")) == 2
    assert len(demo.capital_distribution(["HK.00700", "HK.09988"]).capflow.rank("super_in")) == 2


def test_measures_have_their_documentation_on_the_class():
    for name in (*MEASURES, *PRICED, "imbalance"):
        assert getattr(pd.DataFrame.capflow, name).__doc__


def test_measures_are_those_of_the_flow(demo):
    frame = demo.capital_flow("HK.00700")
    minute = frame.capflow.delta()
    pd.testing.assert_frame_equal(minute.capflow.cumulative(), frame)
    assert minute["in_flow"].sum() == frame["in_flow"].iloc[-1]
    pd.testing.assert_series_equal(
        frame.capflow.main(), frame["super_in_flow"] + frame["big_in_flow"], check_names=False
    )
    assert len(frame.capflow.tiers()) == 4 * len(frame)
    assert len(frame.capflow.resample("1D")) == 1


def test_facts_travel_through_what_pandas_does(demo):
    frame = demo.capital_flow("HK.00700")
    assert frame.iloc[5:].attrs == frame[["in_flow"]].attrs == (frame / 2).attrs == frame.attrs


def test_questions_that_cannot_be_asked_reach_no_gateway():
    pd_capflow.configure(url="tcp://127.0.0.1:1")
    with pytest.raises(QueryError):
        pd.DataFrame.capflow.fetch([])
