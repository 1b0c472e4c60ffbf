"""Codes and markets."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.errors import QueryError
from pd_capflow.security import MARKETS, Security


@given(market=st.sampled_from(sorted(MARKETS)), symbol=st.from_regex(r"[A-Za-z0-9._-]{1,32}", fullmatch=True))
def test_a_code_comes_back_and_the_first_dot_divides(market, symbol):
    security = Security.parse(f"{market}.{symbol}")
    assert (security.market, security.symbol) == (market, symbol)
    assert Security.parse(str(security)) == security
    assert pickle.loads(pickle.dumps(security)) == security  # noqa: S301  # our own bytes


@pytest.mark.parametrize(("code", "symbol"), [("US..DJI", ".DJI"), ("US.BRK.B", "BRK.B")])
def test_symbols_may_hold_dots(code, symbol):
    assert Security.parse(code).symbol == symbol


@given(text=st.text(max_size=12))
def test_any_text_is_a_code_or_a_query_error(text):
    try:
        code = str(Security.parse(text))
    except QueryError as error:
        code, text = str(error), repr(text)
    assert text in code


def test_a_small_mistake_is_put_right():
    with pytest.raises(QueryError, match=r"did you mean HK\.00700"):
        Security.parse("hk.00700")


def test_every_market_has_a_zone_and_a_number_of_its_own():
    assert len({market.number for market in MARKETS.values()}) == len(MARKETS)
    for market in MARKETS.values():
        assert market.today() is not None
