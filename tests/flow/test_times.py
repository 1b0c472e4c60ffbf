"""Times: the number decides, the text stands in, and a disagreement is told."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.errors import CapflowWarning, ProtocolError
from pd_capflow.flow.times import epoch_us, iso_time
from pd_capflow.security import MARKETS

NONE = np.nan
HK = "Asia/Hong_Kong"

ZONES_EAST = {
    market.zone: datetime(2025, 1, 1, tzinfo=market.tzinfo).utcoffset() > timedelta(0)
    for market in MARKETS.values()
}

moments = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(microsecond=0))


@given(
    naive=st.lists(moments, min_size=1, max_size=20),
    zone=st.sampled_from(sorted({market.zone for market in MARKETS.values()})),
)
def test_numbers_alone_texts_alone_and_both_give_the_same_instants(naive, zone):
    instants = [at.replace(tzinfo=UTC) for at in naive]
    numbers = np.array([at.timestamp() for at in instants])
    local = [at.astimezone(ZoneInfo(zone)) for at in instants]
    texts = [f"{at:%Y-%m-%d %H:%M:%S}" for at in local]
    expected = (numbers * 1e6).astype(np.int64)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert epoch_us(numbers, None, zone).tolist() == expected.tolist()
        assert epoch_us(numbers, texts, zone).tolist() == expected.tolist()
        if all(at.replace(fold=0).utcoffset() == at.replace(fold=1).utcoffset() for at in local):
            nothing = np.full(len(texts), NONE)
            assert epoch_us(nothing, texts, zone).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("text", "offset"), [("2025-03-07 09:30:00", "-05:00"), ("2025-03-10 09:30:00", "-04:00")]
)
def test_new_york_opens_at_half_past_nine_in_winter_and_in_summer(text, offset):
    found = epoch_us(np.array([NONE]), [text], "America/New_York")
    assert found[0] / 1e6 == datetime.fromisoformat(text + offset).timestamp()


def test_a_row_without_a_number_takes_its_text_and_its_neighbours_keep_theirs():
    numbers = np.array([1735781400.0, NONE, 0.0])
    texts = ["2025-01-02 09:30:00", "2025-01-02 09:31:00", "2025-01-02 09:32:00"]
    assert (epoch_us(numbers, texts, HK) / 1e6).tolist() == [1735781400, 1735781460, 1735781520]


def test_a_date_alone_is_midnight():
    assert epoch_us(np.array([NONE]), ["2025-01-02"], HK)[0] / 1e6 == 1735747200


@pytest.mark.parametrize("number", [NONE, 0.0, -1.0, np.inf, 1e300])
def test_no_time_at_all_is_an_error(number):
    with pytest.raises(ProtocolError, match="row 1 "):
        epoch_us(np.array([1735781400.0, number]), ["2025-01-02 09:30:00", ""], HK)


NO_TIMES = [
    "now",
    "today",
    "NaT",
    "half past nine",
    "时间",
    "2025-13-45 00:00:00",
    "2025-02-29",
    "2025-01-02 24:00:00",
    "20250102",
    "2025",
    "2025-01",
    "2025-01-02 09",
    "2025-01-02 09:30",
    "2025-01-02T09:30:00",
    "2025-01-02T09:30:00+08:00",
    "2025-01-02 09:30:00Z",
    "2025-01-02 09:30:00.1234567",
    "2025-W01-4",
    " 2025-01-02",
    "٢٠٢٥-٠١-٠٢",
    "0001-01-01",
    "0001-01-01 00:00:00",
    "1970-01-01",
    "9999-12-31 00:00:00",
    "10000-01-01",
    "99999-01-01",
]


@pytest.mark.parametrize("text", NO_TIMES)
@pytest.mark.parametrize("number", [NONE, 1735781400.0], ids=["alone", "beside a number"])
@pytest.mark.parametrize("kind", ["U", "S"], ids=["texts", "bytes"])
def test_text_that_is_no_time_is_an_error(text, number, kind):
    """However NumPy would read it: it takes ``20250102`` for a year, and what has an offset for UTC."""
    texts = [text] if kind == "U" else np.array([text.encode()])
    with pytest.raises(ProtocolError, match="row 0 "):
        epoch_us(np.array([number]), texts, HK)
    with pytest.raises(ProtocolError, match="the time"):
        iso_time(None, text, HK)


def test_one_odd_text_among_many_is_named_by_its_row():
    texts = np.array([b"2025-01-02 09:30:00"] * 2 + [b"2025-01-02T09:30:00", b"2025-01-02 09:30:00"])
    with pytest.raises(ProtocolError, match="row 2 of the answer has the time '2025-01-02T09:30:00'"):
        epoch_us(np.full(4, NONE), texts, HK)


def test_texts_of_different_lengths_and_fractions_of_seconds_are_read():
    texts = ["2025-01-02", "2025-01-02 09:30:00.25", "2025-01-02 09:30:00"]
    found = epoch_us(np.array([NONE] * 3), texts, HK)
    assert (found / 1e6).tolist() == [1735747200, 1735781400.25, 1735781400]


@pytest.mark.parametrize("zone", sorted({market.zone for market in MARKETS.values()}))
def test_the_last_moment_that_counts_can_be_told_by_every_clock(zone):
    last = 253402214399.0
    assert iso_time(last, None, zone).startswith("9999-12-31" if ZONES_EAST[zone] else "9999-12-30")
    assert epoch_us(np.array([last]), None, zone)[0] == int(last) * 1_000_000
    for number in (last + 1, 253402272000.0, 253402300800.0):
        with pytest.raises(ProtocolError, match="tells of the timestamp"):
            iso_time(number, None, zone)
        with pytest.raises(ProtocolError, match=f"the timestamp {number:.0f}, which is no time"):
            epoch_us(np.array([number]), None, zone)


def test_text_stands_in_for_a_number_that_is_no_time():
    assert iso_time(1e300, "2025-01-02 09:30:41", HK) == "2025-01-02T09:30:41+08:00"


def test_an_hour_that_there_is_twice_is_told_as_such():
    with pytest.raises(ProtocolError, match=r"row 0 .* '2025-11-02 01:30:00', which the clocks of .* twice"):
        epoch_us(np.array([NONE]), ["2025-11-02 01:30:00"], "America/New_York")


def test_an_hour_apart_is_told_and_the_number_taken():
    with pytest.warns(CapflowWarning, match="differ by 3600 s"):
        found = epoch_us(np.array([1735781400.0]), ["2025-01-02 10:30:00"], HK)
    assert found[0] / 1e6 == 1735781400


def test_one_wrong_row_among_many_is_told():
    numbers = 1735781400.0 + 60 * np.arange(300)
    texts = [f"{datetime.fromtimestamp(at, ZoneInfo(HK)):%Y-%m-%d %H:%M:%S}" for at in numbers]
    texts[150] = texts[10]
    with pytest.warns(CapflowWarning, match="differ by 8400 s"):
        epoch_us(numbers, texts, HK)


def test_a_year_of_days_with_two_clock_changes_agrees():
    zone = ZoneInfo("America/New_York")
    days = [datetime(2025, month, 3, tzinfo=zone) for month in range(1, 13)]
    numbers = np.array([day.timestamp() for day in days])
    texts = [f"{day:%Y-%m-%d %H:%M:%S}" for day in days]
    assert (epoch_us(numbers, texts, "America/New_York") / 1e6).tolist() == numbers.tolist()


def test_no_rows_are_no_times():
    assert epoch_us(np.empty(0), None, HK).shape == (0,)


def test_a_moment_is_told_with_its_offset():
    assert iso_time(None, "2025-01-02 09:30:41", HK) == "2025-01-02T09:30:41+08:00"
    assert iso_time(1735781441.0, "", HK) == "2025-01-02T09:30:41+08:00"
    assert iso_time(None, "", HK) is None
    assert iso_time(0.0, None, HK) is None
    with pytest.raises(ProtocolError, match="the time 'soon': expected yyyy-MM-dd HH:mm:ss"):
        iso_time(None, "soon", HK)
