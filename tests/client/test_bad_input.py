"""A question that cannot be asked is a `QueryError`, and nothing is sent for it."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import pd_capflow
from pd_capflow.errors import QueryError

CODE = "HK.00700"
HUGE = 10**400  # more than a float holds

BAD_CODES = [
    "",
    " ",
    "00700",
    "HK.",
    ".00700",
    "HK.007 00",
    "HK.00700 ",
    " HK.00700",
    "hk.00700",
    "XX.00700",
    "HK.腾讯",
    "HK.\n",
    "HK." + "7" * 33,
    None,
    700,
    7.5,
    b"HK.00700",
    [],
    (),
    {},
    [None],
    ["HK.00700", ""],
    ["HK.00700", "00700"],
    ["HK.00700", ["US.AAPL"]],
    [float("nan")],
    object(),
]

BAD_PERIODS = ["", "minute", "1d", "days", None, 2, b"day"]

BAD_DATES = [
    {"period": "day", "start": "2025-02-01", "end": "2025-01-31"},
    {"period": "week", "start": "tomorrow-ish"},
    {"period": "day", "start": 20250101},
    {"period": "day", "end": 1735781400.0},
    {"period": "day", "start": pd.NaT},
    {"period": "day", "start": float("nan")},
    {"period": "day", "start": ["2025-01-01"]},
    {"period": "month", "end": "2025-02-30"},
    {"period": "intraday", "start": "2025-01-02"},
    {"period": "intraday", "end": "2025-01-02"},
    {"start": "2025-01-02", "end": "2025-01-03"},
]

BAD_OPTIONS = [
    {"errors": "ignore"},
    {"errors": ""},
    {"errors": None},
    {"errors": True},
    {"progress": "yes"},
    {"progress": 3},
    {"progress": []},
]


def short(value):
    return repr(value)[:20]


@pytest.fixture
def unasked(gateway, connect):
    """A client whose gateway must see no request."""
    there = gateway()
    yield connect(there)
    assert there.requests == []
    assert there.connections == 1


@pytest.mark.parametrize("codes", BAD_CODES, ids=repr)
def test_bad_codes(codes, unasked):
    with pytest.raises(QueryError):
        unasked.capital_flow(codes)
    with pytest.raises(QueryError):
        unasked.capital_distribution(codes)


@pytest.mark.parametrize("period", BAD_PERIODS, ids=repr)
def test_bad_periods(period, unasked):
    with pytest.raises(QueryError):
        unasked.capital_flow(CODE, period)


@pytest.mark.parametrize("dates", BAD_DATES, ids=repr)
def test_bad_dates(dates, unasked):
    with pytest.raises(QueryError):
        unasked.capital_flow(CODE, **dates)
    with pytest.raises(QueryError):
        unasked.capital_flow([CODE, "US.AAPL"], **dates)


@pytest.mark.parametrize("options", BAD_OPTIONS, ids=repr)
@pytest.mark.parametrize("codes", [CODE, [CODE, "US.AAPL"]], ids=["one", "many"])
def test_bad_options(codes, options, unasked):
    with pytest.raises(QueryError):
        unasked.capital_flow(codes, **options)
    with pytest.raises(QueryError):
        unasked.capital_distribution(codes, **options)


@pytest.mark.parametrize("query", [None, CODE, [CODE], 3211, {}], ids=repr)
def test_bad_queries(query, unasked):
    with pytest.raises(QueryError):
        unasked.fetch(query)


def test_a_bad_question_makes_no_connection(gateway, make_client):
    """Also where there is no connection yet."""
    there = gateway()
    client = make_client(there)
    for codes in BAD_CODES:
        with pytest.raises(QueryError):
            client.capital_flow(codes)
    with pytest.raises(QueryError):
        client.capital_flow(CODE, "fortnight")
    with pytest.raises(QueryError):
        client.capital_flow(CODE, progress="yes")
    assert there.connections == 0


def test_an_error_is_a_value_error_that_shows_what_was_given(unasked):
    with pytest.raises(ValueError, match=r"'XX\.00700'"):
        unasked.capital_flow("XX.00700")
    with pytest.raises(ValueError, match=r"HK\.00700"):
        unasked.capital_flow("hk.00700")


BAD_URLS = [
    "",
    " ",
    "127.0.0.1",
    "127.0.0.1:11111",
    "localhost:11111",
    "//127.0.0.1:11111",
    "tcp:127.0.0.1:11111",
    "tcp://",
    "tcp://:11111",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:",
    "tcp://127.0.0.1:0",
    "tcp://127.0.0.1:65536",
    "tcp://127.0.0.1:-1",
    "tcp://127.0.0.1:eleven",
    "tcp://[::1:11111",
    "tcp://user@127.0.0.1:11111",
    "tcp://user:secret@127.0.0.1:11111",
    "tcp://127.0.0.1:11111/quotes",
    "tcp://127.0.0.1:11111?key=secret",
    "tcp://127.0.0.1:11111#secret",
    "http://127.0.0.1:11111",
    "https://127.0.0.1:11111",
    "udp://127.0.0.1:11111",
    "file:///etc/hosts",
    "demo://127.0.0.1:11111",
    "demo://market",
    "demo:///path",
    "demo://?seed=1",
    5,
    b"tcp://127.0.0.1:11111",
    {},
]

BAD_TIMEOUTS = [0, -1, 0.0, math.nan, math.inf, -math.inf, None, "10", "soon", [10], 1j, Decimal(10), HUGE]

BAD_RATES = [
    0,
    30,
    "30/30",
    (),
    (30,),
    (30, 30.0, 1),
    (0, 30.0),
    (-1, 30.0),
    (1.5, 30.0),
    (math.nan, 30.0),
    (math.inf, 30.0),
    (30, 0),
    (30, -1.0),
    (30, math.nan),
    (30, math.inf),
    (30, HUGE),
    ("30", "30"),
    (30, "30"),
    (None, None),
    [[], []],
]


@pytest.mark.parametrize("url", BAD_URLS, ids=repr)
def test_bad_urls(url):
    with pytest.raises(QueryError) as caught:
        pd_capflow.connect(url)
    assert "secret" not in str(caught.value)
    with pytest.raises(QueryError):
        pd_capflow.configure(url=url)


@pytest.mark.parametrize("timeout", BAD_TIMEOUTS, ids=short)
def test_bad_timeouts(timeout, gateway):
    there = gateway()
    with pytest.raises(QueryError, match="timeout"):
        pd_capflow.connect(there.url, timeout=timeout)
    with pytest.raises(QueryError, match="timeout"):
        pd_capflow.configure(timeout=timeout)
    assert there.connections == 0


@pytest.mark.parametrize("rate", BAD_RATES, ids=short)
def test_bad_rates(rate, gateway):
    there = gateway()
    with pytest.raises(QueryError, match="rate"):
        pd_capflow.connect(there.url, rate=rate)
    with pytest.raises(QueryError, match="rate"):
        pd_capflow.configure(rate=rate)
    assert there.connections == 0


GOOD_CODES = {
    "list": [CODE, "US.AAPL"],
    "tuple": (CODE, "US.AAPL"),
    "dict": {CODE: 1, "US.AAPL": 2},
    "generator": (code for code in [CODE, "US.AAPL"]),
    "array": np.array([CODE, "US.AAPL"]),
    "series": pd.Series([CODE, "US.AAPL"], index=[7, 8]),
    "index": pd.Index([CODE, "US.AAPL"]),
    "securities": [pd_capflow.Security("HK", "00700"), "US.AAPL"],
    "repeated": [CODE, "US.AAPL", CODE, CODE, "US.AAPL"],
}


@pytest.mark.parametrize("codes", GOOD_CODES.values(), ids=GOOD_CODES)
def test_any_iterable_of_codes_is_asked_once_each_and_in_order(codes, gateway, connect, kit):
    there = gateway()
    frame = connect(there).capital_flow(codes)
    assert there.codes == [CODE, "US.AAPL"]
    assert frame.index.get_level_values("code").tolist() == [CODE, CODE, "US.AAPL", "US.AAPL"]
    assert frame.attrs["capflow"]["codes"] == [CODE, "US.AAPL"]


def test_the_order_asked_is_kept_however_the_answers_come(gateway, connect, kit):
    codes = ["US.MSFT", "HK.00700", "SZ.000001", "US.AAPL"]

    def backwards(peer):
        peer.handshake()
        for asked in reversed(peer.asked_many(4)):
            peer.reply(asked)
        peer.serve_on()

    frame = connect(gateway(backwards)).capital_flow([*codes, codes[0]])
    assert list(dict.fromkeys(frame.index.get_level_values("code"))) == codes


def test_a_list_of_one_is_a_list(gateway, connect):
    frame = connect(gateway()).capital_flow([CODE])
    assert list(frame.index.names) == ["code", "time"]


class TestWhatIsNoQueryAndNoClient:
    """Each is told, with what is expected in its place."""

    @pytest.mark.parametrize("query", [pd_capflow.CapitalFlow, CODE, None, 5], ids=str)
    def test_no_query(self, query, gateway, connect):
        there = gateway()
        with pytest.raises(QueryError, match=r"no query; expected one such as CapitalFlow\('HK.00700'\)"):
            connect(there).fetch(query)
        assert there.requests == []

    @pytest.mark.parametrize("client", [5, "demo://", object()], ids=str)
    def test_no_client(self, client):
        for ask in (pd_capflow.fetch, pd_capflow.distribution):
            with pytest.raises(QueryError, match=r"no client; expected one that connect\(\) gives"):
                ask(CODE, client=client)
