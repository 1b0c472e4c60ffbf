"""Queries: what exists can be asked; what cannot be asked says what was given and what is expected."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pandas as pd
import pytest

from pd_capflow.errors import GatewayError, ProtocolError, QueryError, UnknownSecurityError
from pd_capflow.flow.queries import CapitalDistribution, CapitalFlow, parse_codes
from pd_capflow.protocol.messages import CAPITAL_DISTRIBUTION, CAPITAL_FLOW
from pd_capflow.security import Security


@pytest.mark.parametrize(
    "code", ["", "00700", "HK.", "XX.00700", None, 700, "hk.00700", "HK.007 00", ".HK", b"HK.1"]
)
def test_what_is_no_code_is_shown_and_the_right_form_named(code):
    with pytest.raises(QueryError) as caught:
        CapitalFlow(code)
    assert repr(code) in str(caught.value)
    assert "HK.00700" in str(caught.value)


@pytest.mark.parametrize("code", [b"HK.00700", bytearray(b"HK.00700")])
def test_bytes_are_no_list_of_numbers(code):
    with pytest.raises(
        QueryError, match=r"b'HK.00700'.* is no code: expected PREFIX\.SYMBOL, such as HK\.00700"
    ):
        parse_codes(code)


@pytest.mark.parametrize("period", ["year", "", None, 5, "1d", ["day"]])
def test_an_unknown_period_is_shown_and_the_known_ones_named(period):
    with pytest.raises(QueryError, match="'intraday', 'day', 'week', 'month'") as caught:
        CapitalFlow("HK.00700", period)
    assert repr(period) in str(caught.value)


@pytest.mark.parametrize("dates", [{"start": "2025-01-02"}, {"end": "2025-01-02"}])
def test_intraday_takes_no_dates(dates):
    with pytest.raises(QueryError, match="latest session"):
        CapitalFlow("HK.00700", **dates)


def test_an_end_before_its_start_is_refused():
    with pytest.raises(QueryError, match="end=2025-01-01 is before start=2025-01-02"):
        CapitalFlow("HK.00700", "day", "2025-01-02", "2025-01-01")


@pytest.mark.parametrize("value", ["soon", 20250102, 1.5, True, pd.NaT, float("nan"), [], "2025-02-30"])
def test_what_is_no_date_is_refused(value):
    with pytest.raises(QueryError, match="start="):
        CapitalFlow("HK.00700", "day", value)


@pytest.mark.parametrize(
    "value",
    [
        "2025-01-02",
        "20250102",
        dt.date(2025, 1, 2),
        dt.datetime(2025, 1, 2, 23, 59),
        pd.Timestamp("2025-01-02 10:00"),
        np.datetime64("2025-01-02"),
        pd.Timestamp("2025-01-01 20:00", tz="UTC"),
    ],
)
def test_a_day_may_be_said_in_many_ways_and_is_the_exchanges(value):
    assert CapitalFlow("HK.00700", "day", value, "2025-02-01").start == dt.date(2025, 1, 2)


def test_dates_that_are_left_out_follow_the_vendors_rule_by_the_markets_calendar():
    both = CapitalFlow("HK.00700", "day")
    assert both.end == dt.datetime.now(Security.parse("HK.00700").home.tzinfo).date()
    assert both.end - both.start == dt.timedelta(365)
    assert CapitalFlow("HK.00700", "day", "2024-01-02").end == dt.date(2025, 1, 1)
    assert CapitalFlow("HK.00700", "day", end="2025-01-01").start == dt.date(2024, 1, 2)


def test_a_date_at_the_end_of_all_days_is_refused_rather_than_overflowing():
    with pytest.raises(QueryError):
        CapitalFlow("HK.00700", "day", "9999-12-31")


def test_a_query_is_a_value():
    query = CapitalFlow("HK.00700", "DAY", "2025-01-02", "2025-01-03")
    same = CapitalFlow(Security("HK", "00700"), "day", dt.date(2025, 1, 2), dt.date(2025, 1, 3))
    assert query == same
    assert hash(query) == hash(same)


def test_codes_are_asked_once_each_in_the_order_given():
    codes, single = parse_codes(code for code in ["US.AAPL", "HK.00700", "US.AAPL"])
    assert [str(code) for code in codes] == ["US.AAPL", "HK.00700"]
    assert not single
    assert parse_codes("HK.00700")[1]
    assert not parse_codes(["HK.00700"])[1]


@pytest.mark.parametrize("codes", [[], (), 7, None, ["HK.00700", None], [["HK.00700"]]])
def test_what_is_no_list_of_codes_is_refused(codes):
    with pytest.raises(QueryError):
        parse_codes(codes)


def test_a_refusal_becomes_its_exception_with_the_facts():
    response = CAPITAL_FLOW.response()
    response.retType, response.retMsg, response.errCode = -1, "未知股票 99999", 7
    with pytest.raises(UnknownSecurityError, match=r"HK\.99999") as caught:
        CapitalFlow("HK.99999").read(response)
    error = caught.value
    assert (error.code, error.ret_type, error.ret_msg, error.err_code) == (
        "HK.99999",
        -1,
        "未知股票 99999",
        7,
    )


def test_success_without_contents_is_no_empty_frame():
    response = CAPITAL_FLOW.response()
    response.retType = 0
    with pytest.raises(ProtocolError, match="no contents"):
        CapitalFlow("HK.00700").read(response)


def test_a_response_that_leaves_its_result_at_the_default_is_a_refusal():
    response = CAPITAL_FLOW.response()
    response.retType = -400
    with pytest.raises(GatewayError, match="retType -400"):
        CapitalFlow("HK.00700").read(response)


def test_rows_out_of_order_are_put_in_order(answer):
    rows = [{"inFlow": n, "timestamp": 1735781400.0 + 60 * n} for n in (2, 0, 1)]
    columns = CapitalFlow("HK.00700").read(answer(rows))
    assert columns.amounts[:, 0].tolist() == [0, 1, 2]
    assert (np.diff(columns.time) > 0).all()


def test_the_published_rows_of_the_vendors_page_are_read_as_published(answer):
    """A few rows of HK.00700 on 2021-07-27, 2021-06-24 and 2021-06-09: a partial answer, and no more."""
    published = [
        (443772920, "2021-07-27 09:30:00", 1627349400),
        (1287261040, "2021-07-27 15:03:00", 1627369380),
        (82832700, "2021-06-24 09:30:00", 1624498200),
        (78231800, "2021-06-24 09:31:00", 1624498260),
        (-731806350, "2021-06-24 16:00:00", 1624521600),
        (8811050, "2021-06-09 09:30:00", 1623202200),
        (83596550, "2021-06-09 10:57:00", 1623207420),
    ]
    for amount, text, stamp in published:
        by_number = CapitalFlow("HK.00700").read(answer([{"inFlow": amount, "timestamp": stamp}]))
        by_text = CapitalFlow("HK.00700").read(answer([{"inFlow": amount, "time": text}]))
        assert by_number.time.tolist() == by_text.time.tolist() == [stamp * 1_000_000]
        assert by_text.amounts[0, 0] == amount


def test_a_distribution_without_super_orders_or_time_has_nan_and_nat():
    response = CAPITAL_DISTRIBUTION.response()
    response.retType = 0
    for name in ("InBig", "InMid", "InSmall", "OutBig", "OutMid", "OutSmall"):
        setattr(response.s2c, f"capital{name}", 1.0)
    columns = CapitalDistribution("HK.00700").read(response)
    np.testing.assert_array_equal(columns.amounts, [[np.nan, np.nan, 1, 1, 1, 1, 1, 1]])
    assert columns.time.astype("M8[us]")[0] != columns.time.astype("M8[us]")[0]


@pytest.mark.parametrize(
    "moment",
    [
        {"updateTimestamp": 253402272000.0},
        {"updateTime": "20250102"},
        {"updateTime": "9999-12-31 10:00:00", "updateTimestamp": 253402272000.0},
    ],
)
def test_a_distribution_of_no_time_of_the_calendar_is_refused(moment):
    response = CAPITAL_DISTRIBUTION.response(retType=0)
    for name in ("InBig", "InMid", "InSmall", "OutBig", "OutMid", "OutSmall"):
        setattr(response.s2c, f"capital{name}", 1.0)
    for name, value in moment.items():
        setattr(response.s2c, name, value)
    with pytest.raises(ProtocolError):
        CapitalDistribution("HK.00700").read(response)


@pytest.mark.parametrize("word", ["today", "now", " Today "])
def test_today_is_the_exchanges_day(word, monkeypatch):
    """In no zone that a machine can be in is it today both in Kiritimati and on the Baker Island."""
    days = {}
    for zone in ("Etc/GMT+12", "Etc/GMT-14"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        query = CapitalFlow("HK.00700", "day", end=word)
        days[zone] = (query.end, Security.parse("HK.00700").home.today())
    monkeypatch.undo()
    time.tzset()
    for asked, expected in days.values():
        assert asked == expected
