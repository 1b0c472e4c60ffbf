"""Frames: their index, zone, unit, dtypes and facts."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from pd_capflow.flow.frames import DISTRIBUTION, FLOW, FLOW_COLUMNS, Columns, build_frame
from pd_capflow.flow.times import NO_TIME
from pd_capflow.security import Security

SOURCE = {"url": "demo://", "demo": True}


def _build(parts, shape=FLOW, *, single=False, asked=None, **options):
    held = {Security.parse(code): columns for code, columns in parts.items()}
    asked = [Security.parse(code) for code in asked or parts]
    return build_frame(shape, asked, held, period="intraday", single=single, source=SOURCE, **options)


def _columns(*seconds, width=6):
    return Columns(np.array(seconds, np.int64) * 1_000_000, np.ones((len(seconds), width)), None)


def test_one_code_is_indexed_by_exchange_time_in_microseconds():
    frame = _build({"HK.00700": _columns(1735781400)}, single=True)
    assert str(frame.index.dtype) == "datetime64[us, Asia/Hong_Kong]"
    assert frame.index.name == "time"
    assert frame.index[0].isoformat() == "2025-01-02T09:30:00+08:00"
    assert tuple(frame.columns) == FLOW_COLUMNS
    assert set(frame.dtypes) == {np.dtype("float64")}


def test_several_codes_keep_their_order_and_a_shared_zone():
    frame = _build({"SZ.000001": _columns(2000, 3000), "SH.600519": _columns(1000, 2000)})
    assert frame.index.names == ["code", "time"]
    assert list(frame.index.get_level_values("code").unique()) == ["SZ.000001", "SH.600519"]
    assert str(frame.index.get_level_values("time").dtype) == "datetime64[us, Asia/Shanghai]"
    seconds = [moment.timestamp() for moment in frame.index.get_level_values("time")]
    assert seconds == [2000, 3000, 1000, 2000]


def test_a_mix_of_zones_is_in_utc_and_a_mix_of_currencies_names_none():
    frame = _build({"HK.00700": _columns(1000), "US.AAPL": _columns(2000)})
    assert str(frame.index.get_level_values("time").dtype) == "datetime64[us, UTC]"
    facts = frame.attrs["capflow"]
    assert (facts["tz"], facts["currency"]) == ("UTC", None)


def test_rows_are_found_by_code_and_by_both_levels():
    frame = _build({"US.AAPL": _columns(1000, 2000), "HK.00700": _columns(2000)})
    assert len(frame.loc["US.AAPL"]) == 2
    assert frame.loc[("HK.00700", pd.Timestamp(2000, unit="s", tz="UTC")), "in_flow"] == 1.0


@pytest.mark.parametrize("single", [True, False])
def test_no_rows_are_an_empty_frame_of_the_same_shape(single):
    frame = _build({"HK.00700": _columns()}, single=single)
    full = _build({"HK.00700": _columns(1000)}, single=single)
    assert len(frame) == 0
    pd.testing.assert_frame_equal(frame, full.iloc[:0])


@pytest.mark.parametrize("single", [True, False])
def test_codes_that_came_without_rows_are_named_and_those_that_did_not_come_are_not(single):
    asked = ["HK.00700"] if single else ["HK.00005", "HK.00700", "HK.09988"]
    rows = {} if single else {"HK.00005": _columns(1000)}
    came = _build(rows | {"HK.00700": _columns()}, asked=asked, single=single).attrs["capflow"]
    assert (came["codes"], came["empty"]) == (asked[:2], ["HK.00700"])
    refused = _build(rows, asked=asked, single=single, errors={"HK.00700": "no"}).attrs["capflow"]
    assert refused["codes"] == list(rows)
    assert "empty" not in refused


def test_no_answers_take_their_zone_from_what_was_asked():
    frame = _build({}, asked=["HK.00700", "HK.09988"], errors={"HK.00700": "no", "HK.09988": "no"})
    assert str(frame.index.get_level_values("time").dtype) == "datetime64[us, Asia/Hong_Kong]"
    assert frame.attrs["capflow"]["errors"] == {"HK.00700": "no", "HK.09988": "no"}


def test_the_facts_are_those_of_the_contract_and_fit_into_json():
    frame = _build({"HK.00700": _columns(1000)}, single=True)
    facts = frame.attrs["capflow"]
    expected = "codes period cumulative currency tz last_valid_time source errors"
    assert list(facts) == expected.split()
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["cumulative"], facts["currency"], facts["source"]) == (True, "HKD", SOURCE)


def test_a_distribution_may_lack_its_time():
    known, unknown = _columns(1000, width=8), Columns(np.array([NO_TIME]), np.ones((1, 8)))
    frame = _build({"HK.00700": unknown, "HK.09988": known}, DISTRIBUTION)
    times = frame.index.get_level_values("time")
    assert times.isna().tolist() == [True, False]
    assert times[1].timestamp() == 1000


@pytest.mark.parametrize(
    ("code", "currency"),
    [
        ("HK.00700", "HKD"),
        ("HK.80700", "CNY"),
        ("US.AAPL", "USD"),
        ("SH.900901", "USD"),
        ("SZ.200002", "HKD"),
    ],
)
def test_amounts_are_in_the_currency_in_which_the_counter_trades(code, currency):
    assert _build({code: _columns(1)}, single=True).attrs["capflow"]["currency"] == currency
