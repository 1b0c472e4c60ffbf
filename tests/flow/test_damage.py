"""Frames that somebody damaged: every measure says what it expected, and none of them falls over."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pd_capflow.errors import QueryError
from pd_capflow.flow import joins, measures
from pd_capflow.flow.renaming import rename

CODES = ["HK.00700", "HK.09988"]
ROWS = {"2025-01-02": 1.0, "2025-01-03": -2.0}
OF_ALL = {
    **{name: getattr(measures, name) for name in measures.__all__ if name not in ("Thresholds", "resample")},
    "resample": lambda frame: measures.resample(frame, "W"),
    "rename": lambda frame: rename(frame, "tushare"),
    "share": joins.share,
    "questions": joins.questions,
}


@pytest.fixture
def frame(frame_of):
    days = frame_of(dict.fromkeys(CODES, ROWS), "day")
    return days.assign(close=10.0, turnover=100.0)


def outcome(name, frame):
    """What a measure returns, or how it says what it expected."""
    try:
        return OF_ALL[name](frame)
    except QueryError as error:
        return str(error)


@pytest.mark.parametrize("facts", [None, "x", [1], 5])
@pytest.mark.parametrize("name", OF_ALL)
def test_facts_that_are_none_count_as_missing(frame, name, facts):
    bare, damaged = frame.copy(), frame.copy()
    bare.attrs, damaged.attrs = {}, {"capflow": facts}
    expected, told = outcome(name, bare), outcome(name, damaged)
    assert type(told) is type(expected)
    if isinstance(expected, (pd.DataFrame, pd.Series)):
        assert told.equals(expected)
    else:
        assert told == expected


@pytest.mark.parametrize("codes", [None, 5, {}, "HK.00700"])
@pytest.mark.parametrize("name", OF_ALL)
def test_codes_that_are_no_list_are_not_known(frame_of, name, codes):
    """One code has no level that names it, so only measures that ask for none have a value."""
    one = frame_of({CODES[0]: ROWS}, "day").assign(close=10.0, turnover=100.0)
    one.attrs["capflow"]["codes"] = codes
    told = outcome(name, one)
    if isinstance(told, str):
        assert "choose one with" in told or "no codes to rank" in told or "no column 'super_in'" in told


@pytest.mark.parametrize("column", [None, 5, ["in_flow"], np.array(["in_flow"])])
@pytest.mark.parametrize("name", ["rolling", "streak", "zscore", "signals", "quadrant", "correlation"])
def test_what_is_no_name_of_a_column_is_refused(frame, frame_of, name, column):
    totals = frame_of({"HK.00700": {"2025-01-02 09:30": 1.0}}).assign(close=10.0)
    for rows in (frame, totals):
        with pytest.raises(QueryError, match="no name of a column: expected one of in_flow"):
            getattr(measures, name)(rows, column=column)


@pytest.mark.parametrize("name", ["main", "tiers", "share", "rolling", "streak", "imbalance"])
def test_columns_that_are_not_there_or_hold_texts_are_named(frame, name):
    lacking = frame.drop(columns=["super_in_flow", "in_flow"])
    assert "no column" in outcome(name, lacking)
    texts = frame.astype({"super_in_flow": str, "in_flow": str}).assign(super_in="x")
    assert "does not hold numbers" in outcome(name, texts)


@pytest.mark.parametrize("period", ["intraday", "day"])
@pytest.mark.parametrize(
    "name", ["delta", "cumulative", "rolling", "streak", "signals", "zscore", "main", "tiers", "acceleration"]
)
def test_amounts_that_are_texts_are_no_amounts(frame_of, name, period):
    rows = {"2025-01-02 09:30": 1.0, "2025-01-02 09:31": 2.0} if period == "intraday" else ROWS
    frame = frame_of(dict.fromkeys(CODES, rows), period).assign(in_flow="x", super_in_flow="x")
    for held in (frame, frame.astype({"in_flow": object, "super_in_flow": object})):
        assert "_in_flow' does not hold numbers" in outcome(name, held).replace("'in_", "'_in_")


def test_amounts_with_gaps_in_pandas_own_way_are_amounts(frame_of):
    frame = frame_of({CODES[0]: ROWS}, "day")
    theirs = frame.astype({"in_flow": "Float64"})
    theirs.iloc[0, 0] = pd.NA
    assert measures.delta(theirs)["in_flow"].isna().tolist() == [True, False]


def test_what_is_infinite_is_no_amount(frame):
    last = frame.copy()
    last.loc[("HK.00700", "2025-01-03"), ["in_flow", "turnover"]] = [np.inf, np.inf]
    assert measures.rank(last)["rank"].isna().tolist() == [False, True]
    assert np.isnan(joins.share(last).loc[("HK.00700", "2025-01-03"), "super_share"].item())


def test_numbers_that_may_be_absent_are_numbers(frame):
    """``convert_dtypes`` turns NaN into NA, and whole floats into integers."""
    gaps = frame.assign(in_flow=[1.0, np.nan, 3.0, 4.0])
    for name in ("main", "share", "rolling", "streak", "rank"):
        assert outcome(name, gaps.convert_dtypes()).equals(outcome(name, gaps))


SUMS = [
    "delta",
    "cumulative",
    "resample",
    "rolling",
    "acceleration",
    "streak",
    "zscore",
    "signals",
    "quadrant",
]


@pytest.mark.parametrize("name", [*SUMS, "rank", "questions"])
def test_a_row_that_stands_there_twice_is_not_counted_twice(frame, frame_of, name):
    """As where frames that overlap were put together, which keeps equal attrs."""
    totals = frame_of({"HK.00700": {"2025-01-02 09:30": 1.0, "2025-01-02 09:31": 3.0}}, "intraday")
    rows = totals.assign(close=10.0) if name == "delta" else frame
    overlapping = pd.concat([rows, rows.iloc[:1]])
    assert overlapping.attrs == rows.attrs
    assert "two rows are of HK.00700 at 2025-01-02" in outcome(name, overlapping)
    once = overlapping[~overlapping.index.duplicated(keep="last")].sort_index()
    assert not isinstance(outcome(name, once), str)


@pytest.mark.parametrize("name", ["rolling", "rank", "questions"])
def test_a_row_without_a_code_is_not_given_to_another(frame, name):
    unknown = frame.reset_index("code")
    unknown.loc[unknown["code"] == "HK.00700", "code"] = np.nan
    assert "a row has no code" in outcome(name, unknown)


@pytest.mark.parametrize("name", ["rolling", "resample", "questions"])
def test_a_row_without_a_time_has_no_place_among_the_others(frame_of, name):
    rows = frame_of({"HK.00700": ROWS}, "day").rename(
        {pd.Timestamp("2025-01-03", tz="Asia/Hong_Kong"): pd.NaT}
    )
    assert "a row has no time" in outcome(name, rows)
