"""Selectors: words that stand for several codes, read and resolved without a gateway."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.errors import QueryError
from pd_capflow.flow.queries import CapitalFlow, Snapshot
from pd_capflow.flow.selectors import Member, Selector, parse_selection
from pd_capflow.security import Security

CODES = [f"HK.{number:05}" for number in range(1, 8)]


@pytest.mark.parametrize(
    ("word", "selector"),
    [
        ("plate:HK.BK1001", Selector("plate", "HK.BK1001")),
        ("watchlist:Tech", Selector("watchlist", "Tech")),
        ("watchlist:My: own, (old) list", Selector("watchlist", "My: own, (old) list")),
        ("watchlist:HK.00700", Selector("watchlist", "HK.00700")),
    ],
)
def test_a_selector_is_read_and_written_alike(word, selector):
    assert parse_selection(word).parts == (selector,)
    assert str(selector) == word
    assert not parse_selection(word).single


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("plate:", "names no plate; expected one such as plate:HK.BK1001"),
        ("watchlist: ", "names no watchlist; expected one such as watchlist:Tech"),
        ("plate:BK1001", "code 'BK1001' names no market"),
        ("plate:XX.BK1001", "has no known market"),
        ("Plate:HK.BK1001", "did you mean plate:"),
        ("plates:HK.BK1001", "has no known market"),
    ],
)
def test_a_word_that_selects_nothing_says_what_would(word, text):
    with pytest.raises(QueryError, match=text):
        parse_selection(["HK.00700", word])


@pytest.mark.parametrize("query", [CapitalFlow, Snapshot])
def test_a_query_takes_codes_alone(query):
    """A query is a question that can be asked as it is, and a selector has to be asked about first."""
    with pytest.raises(QueryError, match=r"plate:HK\.BK1001.*code"):
        query("plate:HK.BK1001")


lists = st.lists(st.sampled_from(CODES), max_size=6)


@given(
    words=st.lists(st.sampled_from([*CODES, "plate:HK.BK1", "watchlist:a"]), min_size=1), one=lists, two=lists
)
def test_a_choice_holds_each_code_once_in_order(words, one, two):
    members = {"plate:HK.BK1": one, "watchlist:a": two}
    selection = parse_selection(words)
    told = {each: [Member(code, "stock", "") for code in members[str(each)]] for each in selection.selectors}
    choice = selection.choice(told, flowing=True)
    flat = [code for word in words for code in members.get(word, [word])]
    assert [str(security) for security in choice.securities] == list(dict.fromkeys(flat))
    assert choice.asked == (list(dict.fromkeys(words)) if told else [])
    assert choice.skipped == {}


MIXED = [
    Member("HK.800000", "index", "HSI"),
    Member("HK.00700", "stock", "Tencent"),
    Member("N/A.1", "stock", ""),
    Member("HK.00001", "unknown 99", ""),
    Member("HK.12345", "warrant", ""),
]


def test_members_without_a_capital_flow_are_skipped_and_told():
    selection = parse_selection("watchlist:Mixed")
    choice = selection.choice({selection.selectors[0]: MIXED}, flowing=True)
    assert [str(each) for each in choice.securities] == ["HK.00700", "HK.00001", "HK.12345"]
    assert choice.skipped == {
        "HK.800000": "of type index, which has no capital flow",
        "N/A.1": "its market or symbol is not known here",
    }


def test_a_code_that_the_user_names_is_never_skipped():
    selection = parse_selection(["watchlist:Mixed", "HK.800000"])
    choice = selection.choice({selection.selectors[0]: MIXED}, flowing=True)
    assert Security("HK", "800000") in choice.securities
    assert "HK.800000" not in choice.skipped


def test_where_prices_are_asked_for_an_index_is_as_good_as_a_stock():
    selection = parse_selection("watchlist:Mixed")
    choice = selection.choice({selection.selectors[0]: MIXED})
    assert Security("HK", "800000") in choice.securities
    assert list(choice.skipped) == ["N/A.1"]
