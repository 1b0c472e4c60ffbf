"""What is read is what was written: values, NaN, index, zone, unit, dtypes and attrs."""

from __future__ import annotations

import tempfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import pd_capflow
from pd_capflow.flow.frames import DISTRIBUTION, FLOW, Columns, build_frame
from pd_capflow.flow.times import NO_TIME, iso_time
from pd_capflow.security import Security
from pd_capflow.store import Store

CODES = ("HK.00700", "HK.80700", "US.AAPL", "US.BRK.B", "SH.600519", "JP.7203")
URLS = ("tcp://127.0.0.1:11111", "wss://gate.example:33333")
DAY = 86_400

amount = st.one_of(st.just(np.nan), st.floats(allow_nan=False, allow_infinity=False), st.just(-0.0))
session = st.integers(18_000, 24_000)  # days since 1970


def check_same(read, written):
    assert_frame_equal(read, written, check_exact=True, check_freq=True)
    assert read.attrs == written.attrs


@st.composite
def columns_of(draw, code, period, shape):
    """Draw what one gateway answers about one code."""
    security = Security.parse(code)
    day = draw(session)
    if shape is DISTRIBUTION:
        seconds = [day * DAY + 20_000]
    elif period == "intraday":
        # Within one day of every exchange of the table: 01:00 to 08:00 in New York, 14:00 on in Hong Kong.
        minutes = draw(st.lists(st.integers(0, 400), max_size=12))
        seconds = sorted(day * DAY + 6 * 3600 + minute * 60 for minute in minutes)
    else:
        days = draw(st.lists(st.integers(0, 400), max_size=6))
        local = [pd.Timestamp((day + after) * DAY, unit="s", tz=None) for after in sorted(days)]
        seconds = [int(at.tz_localize(security.home.zone).timestamp()) for at in local]
    values = draw(st.lists(amount, min_size=len(seconds) * 8, max_size=len(seconds) * 8))
    amounts = np.array(values, np.float64).reshape(len(seconds), 8)[:, : len(shape.columns)]
    time = np.array(seconds, np.int64) * 1_000_000
    told = draw(st.sampled_from([None, float(day * DAY + 30_000)]))
    if shape is DISTRIBUTION and draw(st.booleans()):
        time, told = np.array([NO_TIME]), None
    return Columns(time, np.ascontiguousarray(amounts), iso_time(told, None, security.home.zone))


@st.composite
def answers(draw):
    """Draw a frame that the client can give."""
    shape = draw(st.sampled_from([FLOW, FLOW, DISTRIBUTION]))
    period = (
        "intraday" if shape is DISTRIBUTION else draw(st.sampled_from(["intraday", "day", "week", "month"]))
    )
    codes = draw(st.lists(st.sampled_from(CODES), min_size=1, max_size=4, unique=True))
    parts = {Security.parse(code): draw(columns_of(code, period, shape)) for code in codes}
    single = len(codes) == 1 and draw(st.booleans())
    source = {"url": URLS[0], "demo": False}
    if draw(st.booleans()) and not single:
        source = {"url": ", ".join(URLS), "demo": False}
        source["by_code"] = {code: draw(st.sampled_from(URLS)) for code in codes}
    frame = build_frame(shape, list(parts), parts, period=period, single=single, source=source)
    if named := draw(st.lists(st.sampled_from(codes), unique=True)):
        frame.attrs["capflow"]["names"] = {code: f"name of {code[:2]}" for code in named}
    return frame, codes[0] if single else codes, period, shape


@settings(max_examples=60, deadline=None)
@given(answers())
def test_what_is_read_is_what_was_written(drawn):
    frame, codes, period, shape = drawn
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        assert store.write(frame) >= len(frame)
        assert store.write(frame) == 0
        read = store.distribution(codes) if shape is DISTRIBUTION else store.read(codes, period=period)
        check_same(read, frame)
        store.compact()
        read = store.distribution(codes) if shape is DISTRIBUTION else store.read(codes, period=period)
        check_same(read, frame)
        assert store.verify().clean, str(store.verify())


@pytest.mark.parametrize("codes", ["HK.00700", ["US.AAPL", "HK.00700"], ["HK.00005", "HK.00700"]])
@pytest.mark.parametrize("period", ["intraday", "day", "week", "month"])
def test_an_answer_of_the_demo_gateway_comes_back(codes, period, tmp_path):
    store = Store(tmp_path / "demo", demo=True)
    dates = () if period == "intraday" else ("2025-06-02", "2026-01-09")
    frame = pd_capflow.fetch(codes, period, *dates, client=pd_capflow.connect("demo://"))
    assert len(frame)
    store.write(frame)
    check_same(store.read(codes, period=period), frame)


def test_a_distribution_of_the_demo_gateway_comes_back(tmp_path):
    store = Store(tmp_path / "demo", demo=True)
    with pd_capflow.connect("demo://") as client:
        frame = client.capital_distribution(["HK.00700", "US.AAPL"])
    store.write(frame)
    check_same(store.distribution(["HK.00700", "US.AAPL"]), frame)


def test_all_codes_come_sorted(store, poll):
    store.write(poll({"HK.00700": {"09:30": 1}, "HK.00005": {"09:30": 2}}))
    assert store.read().index.get_level_values("code").tolist() == ["HK.00005", "HK.00700"]


def test_some_columns_come_with_all_facts(store, poll):
    frame = poll({"HK.00700": {"09:31": 1, "09:32": 3}})
    store.write(frame)
    read = store.read("HK.00700", columns=["sml_in_flow", "in_flow"])
    check_same(read, frame[["sml_in_flow", "in_flow"]])
    assert read.attrs["capflow"]["opening"] == {"HK.00700": "2026-01-05T09:31:00+08:00"}


def test_each_session_keeps_its_first_minute(store, poll):
    """Deltas of recorded days add up to their totals, where no row stands at the open itself."""
    for day in ("2026-01-05", "2026-01-06"):
        store.write(poll({"HK.00700": {"09:31": 10, "09:32": 30}}, day))
    assert store.read("HK.00700").capflow.delta()["in_flow"].tolist() == [10, 20, 10, 20]


def test_first_and_last_day_are_those_of_the_exchange(store, poll):
    """15:59 in New York is the next day in UTC's evening, and still the session's day."""
    for day in ("2026-01-05", "2026-01-06", "2026-01-07"):
        store.write(poll({"US.AAPL": {"09:31": 1, "19:59": 2}}, day))
    read = store.read("US.AAPL", "2026-01-06", "2026-01-06")
    assert read.index.strftime("%d %H:%M").tolist() == ["06 09:31", "06 19:59"]
    assert store.days().index.tolist() == [("US", pd.Timestamp(f"2026-01-0{day}")) for day in (5, 6, 7)]
