"""The accessor: verbs on the class, measures where the columns are, and no state."""

from __future__ import annotations

import pandas as pd
import pytest

import pd_capflow
from pd_capflow.errors import ConnectError, QueryError

MEASURES = ("delta", "cumulative", "main", "tiers", "resample", "plot")


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


def test_measures_have_their_documentation_on_the_class():
    for name in MEASURES:
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
