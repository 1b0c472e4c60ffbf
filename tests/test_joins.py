"""Price, turnover, share of turnover and names beside flow, from a real gateway."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pd_capflow
from pd_capflow.client.portal import current_portal
from pd_capflow.errors import QueryError
from pd_capflow.flow import joins
from pd_capflow.gateway import Clock, Gateway

CODES = ["HK.00700", "US.AAPL", "SH.600519"]
RANGE = ("2025-11-03", "2026-01-30")


@pytest.fixture(scope="module")
def gateway():
    """A gateway whose clock hardly moves, in the middle of a Hong Kong session."""
    portal = current_portal()
    there = Gateway(limit=None, clock=Clock(pd.Timestamp("2026-02-03T14:17:20+08:00").to_pydatetime(), 1e-6))
    _, port = portal.run(there.listen(port=0))
    yield f"tcp://127.0.0.1:{port}"
    portal.run(there.close())


@pytest.fixture
def client(gateway):
    with pd_capflow.connect(gateway, rate=None) as client:
        yield client


@pytest.mark.parametrize("period", ["day", "week", "month"])
@pytest.mark.parametrize("codes", ["HK.00700", CODES])
def test_longer_rows_have_the_close_and_turnover_of_their_candlestick(period, codes, client):
    frame = client.capital_flow(codes, period, *RANGE)
    joined = frame.capflow.with_price(client).capflow.with_turnover(client)
    pd.testing.assert_frame_equal(joined[frame.columns], frame)
    assert {**joined.attrs["capflow"]} == frame.attrs["capflow"]
    for code in [codes] if isinstance(codes, str) else codes:
        rows = joined if isinstance(codes, str) else joined.loc[code].tz_convert(MARKETS_ZONE[code[:2]])
        bars = client.history(code, period, "2025-09-01", "2026-02-28").reindex(rows.index)
        assert rows["close"].tolist() == bars["close"].tolist()
        assert rows["turnover"].tolist() == bars["turnover"].tolist()
        assert rows["turnover"].gt(0).all()
    assert joined["close"].dtype == joined["turnover"].dtype == np.float64


MARKETS_ZONE = {"HK": "Asia/Hong_Kong", "US": "America/New_York", "SH": "Asia/Shanghai"}


@pytest.mark.parametrize("codes", ["HK.00700", CODES])
def test_minutes_have_the_price_of_their_instant_and_the_turnover_so_far(codes, client):
    frame = client.capital_flow(codes)
    joined = frame.capflow.with_price(client).capflow.with_turnover(client)
    own = frame.capflow.delta().capflow.with_turnover(client)
    for code in [codes] if isinstance(codes, str) else codes:
        rows, minute = (each if isinstance(codes, str) else each.loc[code] for each in (joined, own))
        days = rows.index.tz_convert(MARKETS_ZONE[code[:2]])
        bars = client.history(code, "minute", days[0].date(), days[-1].date())
        assert rows["close"].tolist() == bars["close"].tolist()
        assert rows["turnover"].tolist() == bars["turnover"].cumsum().tolist()
        assert minute["turnover"].tolist() == bars["turnover"].tolist()


def test_the_order_of_the_rows_does_not_matter(client):
    frame = client.capital_flow(CODES, "day", *RANGE)
    mixed = frame.sample(frac=1, random_state=1)
    whole = frame.capflow.with_turnover(client)
    pd.testing.assert_frame_equal(mixed.capflow.with_turnover(client), whole.loc[mixed.index])


def test_resampled_rows_have_the_last_close_and_the_sum_of_turnover(client):
    frame = client.capital_flow("HK.00700")
    minutes = frame.capflow.delta().capflow.with_turnover(client)
    longer = minutes.capflow.resample("30min")
    times = longer.index.tolist()
    before = [frame.index[0] - pd.Timedelta(minutes=1), *times]
    for since, until, turnover in zip(before, times, longer["turnover"], strict=False):
        mine = minutes["turnover"][(minutes.index > since) & (minutes.index <= until)]
        assert turnover == mine.sum()
    priced = longer.capflow.with_price(client)["close"]
    assert priced.tolist() == frame.capflow.with_price(client)["close"][times].tolist()
    assert longer["turnover"].sum() == frame.capflow.with_turnover(client)["turnover"].iloc[-1]


def test_joining_before_or_after_delta_is_the_same(client):
    frame = client.capital_flow(["HK.00700", "SH.600519"])
    first = frame.capflow.with_turnover(client).capflow.delta()
    pd.testing.assert_frame_equal(first, frame.capflow.delta().capflow.with_turnover(client))
    again = first.capflow.cumulative()["turnover"]
    pd.testing.assert_series_equal(again, frame.capflow.with_turnover(client)["turnover"])


@pytest.mark.parametrize(
    "measure",
    [
        lambda frame: frame.capflow.delta().capflow.resample("30min"),
        lambda frame: frame.capflow.resample("30min").capflow.delta(),
        lambda frame: frame.iloc[::5].capflow.delta(),
        lambda frame: frame.capflow.delta().iloc[40:].capflow.cumulative(),
        lambda frame: frame.capflow.delta().capflow.resample("30min").capflow.cumulative(),
    ],
)
def test_rows_whose_interval_is_not_known_have_no_turnover(measure, client):
    """The sum over a wrong interval would be a wrong share; the price of a label is beyond doubt."""
    frame = measure(client.capital_flow("HK.00700"))
    with pytest.raises(QueryError, match="join first"):
        frame.capflow.with_turnover(client)
    assert frame.capflow.with_price(client)["close"].notna().all()


@pytest.mark.parametrize("rule", ["W", "ME"])
def test_days_that_were_added_up_have_no_turnover_either(rule, client):
    frame = client.capital_flow("HK.00700", "day", *RANGE)
    with pytest.raises(QueryError, match="join first"):
        frame.capflow.resample(rule).capflow.with_turnover(client)
    with pytest.raises(QueryError, match="join first"):
        frame.capflow.cumulative().capflow.with_turnover(client)
    whole = frame.capflow.with_turnover(client)
    assert whole.capflow.resample(rule)["turnover"].sum() == whole["turnover"].sum()


def test_a_subsample_of_running_totals_keeps_its_turnover(client):
    frame = client.capital_flow("HK.00700")
    some = frame.iloc[7::5].capflow.with_turnover(client)["turnover"]
    assert some.tolist() == frame.capflow.with_turnover(client)["turnover"].iloc[7::5].tolist()


# --- Share ----------------------------------------------------------------------------------------------


def test_the_share_is_flow_by_turnover(client):
    frame = client.capital_flow(["HK.00700", "US.AAPL"], "day", *RANGE).capflow.with_turnover(client)
    part = frame.capflow.share()
    for name in ("in", "main_in", "super_in", "big_in", "mid_in", "sml_in"):
        column = f"{name.removesuffix('_in')}_share"
        assert part[column].tolist() == (frame[f"{name}_flow"] / frame["turnover"]).tolist()
    assert part.attrs == frame.attrs
    assert part["in_share"].abs().between(0, 1).all()
    tiers = part[["super_share", "big_share", "mid_share", "sml_share"]].sum(axis=1)
    assert np.allclose(tiers, part["in_share"])


def test_the_share_of_main_orders_is_derived_where_none_was_sent(client):
    frame = client.capital_flow("HK.00700").capflow.with_turnover(client)
    part = frame.capflow.share()
    expected = (frame["super_in_flow"] + frame["big_in_flow"]) / frame["turnover"]
    assert part["main_share"].tolist() == expected.tolist()
    assert part.attrs["capflow"]["derived"] is True


def test_a_main_flow_without_its_sizes_has_its_share(client):
    frame = client.capital_flow("HK.00700", "day", *RANGE).capflow.with_turnover(client)
    alone = frame[["in_flow", "main_in_flow", "turnover"]].capflow.share()
    pd.testing.assert_frame_equal(alone, frame.capflow.share()[["in_share", "main_share"]])


def test_what_is_unknown_or_zero_has_no_share(client):
    frame = client.capital_flow("HK.00700", "day", *RANGE).capflow.with_turnover(client)
    frame.iloc[0, frame.columns.get_loc("turnover")] = 0.0
    frame.iloc[1, frame.columns.get_loc("turnover")] = np.nan
    frame.iloc[2, frame.columns.get_loc("in_flow")] = np.nan
    assert frame.capflow.share()["in_share"].isna().tolist()[:4] == [True, True, True, False]


def test_without_turnover_there_is_no_share(client):
    frame = client.capital_flow("HK.00700")
    assert not hasattr(frame.capflow, "share")
    with pytest.raises(AttributeError, match=r"lacks turnover; with_turnover\(\) adds it"):
        _ = frame.capflow.share


# --- Sources --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["with_price", "with_turnover", "with_names"])
def test_another_gateways_numbers_are_never_joined(verb, client):
    """Least of all invented prices with real flow."""
    frame = client.capital_flow("HK.00700")
    with (
        pd_capflow.connect("demo://") as demo,
        pytest.raises(QueryError, match=r"demo:// \(demo data\); pass the client"),
    ):
        getattr(frame.capflow, verb)(demo)
    with pytest.raises(QueryError, match=r"joined with tcp://127\.0\.0\.1:11111"):
        getattr(frame.capflow, verb)()
    real = frame.copy()
    real.attrs["capflow"]["source"]["demo"] = False
    with pytest.raises(QueryError, match="demo data"):
        getattr(real.capflow, verb)(client)
    del real.attrs["capflow"]["source"]
    with pytest.raises(QueryError, match="does not tell its source"):
        getattr(real.capflow, verb)(client)


def test_a_demo_frame_finds_its_gateway_by_itself():
    with pd_capflow.connect("demo://") as demo:
        frame = demo.capital_flow("HK.00700", "day", *RANGE)
    assert frame.capflow.with_price()["close"].notna().all()


def test_a_frame_that_does_not_name_its_code_is_refused(client):
    """For a measure any code of the market would do; a price must be the right one's."""
    frame = client.capital_flow(["HK.00700", "HK.09988"], "day", *RANGE).xs("HK.09988")
    with pytest.raises(QueryError, match=r"frame\.loc"):
        frame.capflow.with_price(client)


def test_no_rows_get_columns_and_no_question(client):
    frame = client.capital_flow("HK.00700", "day", *RANGE)
    client.close()
    empty = frame.iloc[:0].capflow.with_price(client).capflow.with_turnover(client)
    assert empty[["close", "turnover"]].dtypes.tolist() == [np.float64, np.float64]


# --- Labels ---------------------------------------------------------------------------------------------

DEMO_SOURCE = {"url": "demo://", "demo": True}


def _bars(times, zone="Asia/Hong_Kong"):
    index = pd.DatetimeIndex(times).tz_localize(zone).as_unit("us").rename("time")
    frame = pd.DataFrame({"close": np.arange(1.0, len(index) + 1), "turnover": 10.0}, index=index)
    frame.attrs["capflow"] = {"source": DEMO_SOURCE}
    return frame


def _flow(times, period):
    frame = pd.DataFrame({"in_flow": 1.0}, index=_bars(times).index)
    facts = {"codes": ["HK.00700"], "period": period, "cumulative": False, "source": DEMO_SOURCE}
    frame.attrs["capflow"] = facts
    return frame


@settings(deadline=None)
@given(
    weeks=st.lists(st.integers(0, 60), min_size=1, max_size=8, unique=True),
    missing=st.sets(st.integers(0, 60)),
    day=st.integers(0, 6),
    other=st.integers(0, 6),
)
def test_weeks_are_joined_by_the_week_whatever_day_dates_them(weeks, missing, day, other):
    monday = pd.Timestamp("2024-12-30")
    there = [week for week in range(61) if week not in missing]
    frame = _flow([monday + pd.Timedelta(days=7 * week + day) for week in weeks], "week")
    bars = _bars([monday + pd.Timedelta(days=7 * week + other) for week in there])
    joined = joins.with_candles(frame, {"HK.00700": bars}, "close")["close"]
    expected = [float(there.index(week) + 1) if week in there else np.nan for week in weeks]
    np.testing.assert_array_equal(joined.to_numpy(), expected)


def test_months_are_joined_by_the_month():
    frame = _flow(["2025-01-31", "2025-02-28", "2025-04-30"], "month")
    bars = _bars(["2025-01-02", "2025-02-03", "2025-03-03"])
    joined = joins.with_candles(frame, {"HK.00700": bars}, "close")["close"]
    np.testing.assert_array_equal(joined.to_numpy(), [1.0, 2.0, np.nan])


def test_two_candlesticks_of_one_row_are_none():
    bars = _bars(["2025-01-06", "2025-01-08", "2025-01-13"])
    joined = joins.with_candles(_flow(["2025-01-10", "2025-01-17"], "week"), {"HK.00700": bars}, "close")
    np.testing.assert_array_equal(joined["close"].to_numpy(), [np.nan, 3.0])


def test_an_unknown_minute_makes_the_total_after_it_unknown():
    times = [f"2025-01-06 09:3{minute}" for minute in range(5)]
    frame = _flow([*times, "2025-01-07 09:30"], "intraday")
    frame.attrs["capflow"]["cumulative"] = True
    bars = _bars([*times, "2025-01-07 09:30"])
    bars.iloc[2, 1] = np.nan
    joined = joins.with_candles(frame, {"HK.00700": bars}, "turnover")["turnover"]
    np.testing.assert_array_equal(joined.to_numpy(), [10.0, 20.0, np.nan, np.nan, np.nan, 10.0])


# --- Names ----------------------------------------------------------------------------------------------


def test_names_stand_in_a_column_and_in_the_facts(client):
    frame = client.capital_flow(["HK.00700", "HK.09988"], "day", *RANGE)
    assert "names" not in frame.attrs["capflow"]
    named = frame.capflow.with_names(client)
    assert named.loc["HK.09988", "name"].unique().tolist() == ["BABA-W"]
    assert named.attrs["capflow"]["names"] == {"HK.00700": "TENCENT", "HK.09988": "BABA-W"}
    pd.testing.assert_frame_equal(named.capflow.cumulative()[["name"]], named[["name"]])


def test_a_name_that_was_told_in_passing_travels_with_later_frames(client):
    client.snapshot("HK.00700")
    assert client.capital_flow(["HK.00700", "US.AAPL"]).attrs["capflow"]["names"] == {"HK.00700": "TENCENT"}
    assert client.capital_flow("watchlist:Tech").attrs["capflow"]["names"]["US.NVDA"] == "NVIDIA"
    client.history("US.AAPL", "day", *RANGE)
    assert client.capital_flow("US.AAPL").attrs["capflow"]["names"] == {"US.AAPL": "Apple"}


def test_too_many_names_do_not_travel(client):
    codes = [f"HK.{number:05}" for number in range(1, 52)]
    client.static_info(codes)
    assert "names" not in client.capital_flow(codes, "week").attrs["capflow"]
    assert len(client.capital_flow(codes[:50], "week").attrs["capflow"]["names"]) == 50
