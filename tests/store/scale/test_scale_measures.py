"""Each measure of a Dask frame is the measure of the pandas frame, to the last bit, index and fact."""

from __future__ import annotations

import dask.dataframe as dd
import pandas as pd
import pytest

from pd_capflow.errors import QueryError
from pd_capflow.store.scale.joining import joined
from tests.store.scale.recorded import HONG_KONG, MIXED

MEASURES = {
    "delta": lambda frame: frame.capflow.delta(),
    "cumulative": lambda frame: frame.capflow.cumulative(),
    "cumulative of deltas": lambda frame: frame.capflow.delta().capflow.cumulative(),
    "main": lambda frame: frame.capflow.main(),
    "tiers": lambda frame: frame.capflow.tiers(),
    "rolling": lambda frame: frame.capflow.rolling((2, 5)),
    "rolling main": lambda frame: frame.capflow.rolling(3, "main_in_flow"),
    "acceleration": lambda frame: frame.capflow.acceleration(2),
    "streak": lambda frame: frame.capflow.streak(),
    "zscore": lambda frame: frame.capflow.zscore(4),
    "signals": lambda frame: frame.capflow.signals(streak=2, past=4),
    "disagreement": lambda frame: frame.capflow.disagreement(2),
}
RULES = {"intraday": ("15min", "1D"), "day": ("W", "ME")}


def assert_same(got, expected):
    """Compare values, index, types and facts."""
    compare = pd.testing.assert_frame_equal if expected.ndim == 2 else pd.testing.assert_series_equal
    compare(got, expected)
    assert got.attrs == expected.attrs


def computed(lazy):
    return (
        lazy.capflow.compute() if lazy.ndim == 2 else joined([part.compute() for part in lazy.to_delayed()])
    )


@pytest.mark.parametrize("period", ["intraday", "day"])
@pytest.mark.parametrize("codes", [HONG_KONG, MIXED], ids=["one zone", "three zones"])
def test_a_measure_is_that_of_pandas(codes, period, store_of, small_partitions):
    store = store_of(codes, period)
    lazy, frame = store.dask(list(codes), period=period), store.read(list(codes), period=period)
    assert lazy.npartitions > 1
    assert_same(computed(lazy), frame)
    for measure in MEASURES.values():
        assert_same(computed(measure(lazy)), measure(frame))


@pytest.mark.parametrize("period", ["intraday", "day"])
def test_longer_rows_are_those_of_pandas(period, store_of, small_partitions):
    """Also windows of them that reach over days, which a partition of days would cut."""
    store = store_of(HONG_KONG, period)
    lazy, frame = store.dask(period=period), store.read(period=period)
    for rule in RULES[period]:
        longer, expected = lazy.capflow.resample(rule), frame.capflow.resample(rule)
        assert_same(computed(longer), expected)
        assert_same(computed(longer.capflow.rolling(2)), expected.capflow.rolling(2))


@pytest.mark.parametrize("period", ["intraday", "day"])
@pytest.mark.parametrize("n", [None, 2, -1])
def test_a_ranking_is_that_of_pandas(period, n, store_of, small_partitions):
    store = store_of(HONG_KONG, period)
    lazy, frame = store.dask(period=period), store.read(period=period)
    for by in ("in_flow", "main_in_flow"):
        assert_same(lazy.capflow.rank(by, n).compute(), frame.capflow.rank(by, n))


def test_amounts_of_several_currencies_are_not_ranked(store_of, small_partitions):
    with pytest.raises(QueryError, match="CNY and HKD and USD cannot be ranked"):
        store_of(MIXED).dask().capflow.rank().compute()


def test_what_a_measure_refuses_is_refused_before_rows_are_read(store_of):
    lazy = store_of(HONG_KONG).dask()
    with pytest.raises(QueryError, match="expected a whole number of rows"):
        lazy.capflow.zscore(1)
    with pytest.raises(QueryError, match="no threshold"):
        lazy.capflow.signals(nonsense=3)
    assert not hasattr(lazy.capflow, "correlation")


def test_columns_joined_on_are_measured_too(store_of, small_partitions):
    """A score goes back into the frame as a column, and a price makes the measures of prices."""
    store = store_of(HONG_KONG, "day")
    lazy, frame = store.dask(period="day"), store.read(period="day")
    with_score = lazy.assign(score=lazy.capflow.zscore(3))
    assert_same(with_score.capflow.compute(), frame.assign(score=frame.capflow.zscore(3)))
    priced, expected = (each.assign(close=each["in_flow"] + 10_000.0) for each in (lazy, frame))
    for measure in ("correlation", "divergence"):
        assert_same(computed(getattr(priced.capflow, measure)(3)), getattr(expected.capflow, measure)(3))
    bought, expected = (each.assign(turnover=20_000.0) for each in (lazy, frame))
    assert_same(computed(bought.capflow.share()), expected.capflow.share())


DIVIDED_ANEW = {
    "repartitioned": lambda lazy: lazy.repartition(npartitions=2 * lazy.npartitions),
    "sorted": lambda lazy: lazy.sort_values("in_flow"),
    "shuffled": lambda lazy: lazy.shuffle("in_flow"),
    "put behind itself": lambda lazy: dd.concat([lazy, lazy]),
    "persisted": lambda lazy: lazy.repartition(npartitions=2 * lazy.npartitions).persist(),
}


@pytest.mark.parametrize("way", DIVIDED_ANEW)
def test_a_frame_divided_anew_is_refused(way, store_of, small_partitions):
    """A measure of a part of a code's rows would be a wrong number."""
    lazy = DIVIDED_ANEW[way](store_of(HONG_KONG).dask())
    assert lazy.npartitions > 1
    with pytest.raises(QueryError, match="all rows of its codes"):
        lazy.capflow.streak()


def test_a_frame_of_unknown_origin_is_refused(store_of):
    """One code's frame, cut by Dask in the middle of a session."""
    cut = dd.from_pandas(store_of(HONG_KONG).read("HK.00700"), npartitions=3)
    with pytest.raises(QueryError, match=r"as Store.dask\(\) gives them"):
        cut.capflow.delta()


def test_a_frame_held_by_the_accessor_is_measured(store_of, small_partitions):
    lazy = store_of(HONG_KONG).dask()
    assert_same(computed(lazy.capflow.persist().capflow.delta()), computed(lazy.capflow.delta()))


def test_whole_partitions_may_be_chosen(store_of, small_partitions):
    """And rows, as of a pandas frame, which keeps its facts too."""
    lazy = store_of(HONG_KONG).dask()
    some = lazy.partitions[1].compute()
    assert_same(computed(lazy.partitions[1].capflow.streak()), some.capflow.streak())
    frame = lazy.capflow.compute()
    late, later = lazy[lazy["in_flow"] > 0], frame[frame["in_flow"] > 0]
    assert_same(computed(late.capflow.delta()), later.capflow.delta())


def test_pandas_ways_of_dask_go_on_working(store_of, small_partitions):
    lazy = store_of(HONG_KONG, "day").dask(period="day")
    frame = lazy.compute()
    pd.testing.assert_series_equal(
        lazy.groupby("code")["in_flow"].sum().compute().sort_index(),
        frame.groupby("code")["in_flow"].sum().sort_index(),
    )
    assert len(lazy) == len(frame)
    assert lazy.reset_index().columns.tolist()[:2] == ["code", "time"]
