"""What somebody may mean who types a part of a code or of a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pd_capflow
from pd_capflow.client import known
from pd_capflow.client.portal import current_portal
from pd_capflow.gateway import Gateway
from pd_capflow.gateway.listing import LISTINGS
from pd_capflow.gateway.plates import WATCHLISTS
from pd_capflow.notebook import directory
from pd_capflow.notebook.directory import well_known
from pd_capflow.notebook.suggest import suggest

DEMO = "demo://"
UNHEARD = "tcp://127.0.0.1:11111"


def codes(text, url=DEMO, limit=None):
    return [each.code for each in suggest(text, url, limit=limit)]


@pytest.mark.parametrize(
    "text",
    ["腾讯", "騰訊", "tencent", "TENCENT", "Ｔｅｎｃｅｎｔ", "tengxun", "txkg", "700", "00700", "0070"],
)
@pytest.mark.parametrize("url", [DEMO, UNHEARD])
def test_a_name_in_any_language_or_a_symbol_finds_the_code(text, url):
    assert codes(text, url)[0] == "HK.00700"


@pytest.mark.parametrize("text", ["hk.007", "HK.700", "hk.700", "Hk.00700"])
def test_a_code_begins_in_any_case_and_without_its_zeros(text):
    assert codes(text) == ["HK.00700"]


def test_codes_are_offered_unasked_only_of_a_gateway_that_told_them():
    """Of another gateway nobody knows what it serves; a name that is typed asks for it."""
    assert codes("", UNHEARD) == codes("HK.", UNHEARD) == []
    assert codes("美团", UNHEARD) == ["HK.03690"]
    known._names[UNHEARD] = {"HK.01234": "SOMETHING NEW"}
    assert codes("HK.", UNHEARD) == codes("", UNHEARD) == codes("new", UNHEARD) == ["HK.01234"]


def test_a_beginning_of_a_name_goes_before_a_word_and_a_word_before_a_part():
    known._names[UNHEARD] = {"US.A1": "Kazulubank", "US.A2": "The Zulu Co", "US.A3": "Zulu"}
    assert codes("zulu", UNHEARD) == ["US.A3", "US.A2", "US.A1"]


def test_what_was_asked_for_comes_first_the_newest_before_the_older():
    with pd_capflow.connect(DEMO) as client:
        client.capital_flow("SZ.300750")
        client.capital_flow(["JP.7203", "HK.80700"])
        client.capital_distribution("SZ.300750")
    assert codes("", limit=3) == ["SZ.300750", "JP.7203", "HK.80700"]
    assert codes("tencent") == ["HK.80700", "HK.00700"]
    assert codes("00700")[0] == "HK.00700"  # a code that stands there whole is meant


def test_what_failed_or_came_along_was_not_asked_for():
    with pd_capflow.connect(DEMO) as client:
        client.capital_flow(["HK.99999", "US.AAPL"], errors="collect")
        client.capital_flow("HK.99999", errors="collect")
        client.capital_flow(["plate:HK.BK1003", "MY.1155"])
        client.static_info(["HK.00005"])
    assert known.recent_codes(DEMO) == ["MY.1155", "US.AAPL"]


def test_then_come_members_of_watchlists(gateway_address):
    with pd_capflow.connect(gateway_address) as client:
        client.static_info(["AU.BHP", "US.NVDA"])
        client.watchlist("Tech")
    assert codes("", gateway_address)[-1] == "AU.BHP"
    assert set(codes("", gateway_address)) == {"AU.BHP", *codes_of_list("Tech")}


def codes_of_list(name):
    return [str(member) for member in WATCHLISTS[name].members]


@pytest.fixture
def gateway_address():
    """The address of a gateway of which nothing is known yet."""
    portal = current_portal()
    there = Gateway(limit=None)
    _, port = portal.run(there.listen(port=0))
    yield f"tcp://127.0.0.1:{port}"
    portal.run(there.close())


def test_the_name_is_the_one_that_fits_else_the_gateways_own():
    assert dict(suggest("腾讯", DEMO))["HK.00700"] == "腾讯控股"
    assert dict(suggest("700", DEMO))["HK.00700"] == "TENCENT"
    known._names[DEMO] = {"HK.00700": "腾讯"}
    assert dict(suggest("700", DEMO))["HK.00700"] == "腾讯"


def test_names_from_a_gateway_are_bounded_and_on_one_line():
    known._names[UNHEARD] = {"US.EVIL": "\x1b[2J\nevil " + "x" * 10_000}
    name = dict(suggest("evil", UNHEARD))["US.EVIL"]
    assert name.isprintable()
    assert name.startswith("[2J evil x")
    assert len(name) == 40


@pytest.mark.parametrize("url", ["", "nonsense", "http://x", "demo://,tcp://127.0.0.1:1"])
def test_at_a_wrong_address_nothing_is_known(url):
    assert suggest("tencent", url) == suggest("", url) == []


def test_several_gateways_are_known_by_what_they_told_together():
    told = "tcp://127.0.0.1:1, tcp://127.0.0.1:2"
    known._recent[told] = {"US.AAPL": None}
    assert codes("", "tcp://127.0.0.1:1,tcp://127.0.0.1:2") == ["US.AAPL"]


def test_the_limit():
    assert len(suggest("", DEMO)) == 12
    assert len(suggest("", DEMO, limit=3)) == 3
    assert len(suggest("", DEMO, limit=None)) == len(LISTINGS)


def test_plates_and_indices_are_no_securities():
    assert not [code for code in codes("") if ".BK" in code]
    assert "HK.BK1001" not in codes("internet")


def test_every_other_name_is_of_a_security_that_is_listed():
    assert set(directory._ALSO) <= set(LISTINGS) == set(well_known())


@given(st.text(max_size=12))
def test_any_text_is_answered_and_each_code_once(text):
    found = codes(text)
    assert len(found) == len(set(found))
    assert set(found) <= set(LISTINGS)


@given(st.sampled_from(sorted(LISTINGS)), st.integers(4, 12))
def test_every_beginning_of_a_code_finds_it(code, length):
    assert code in codes(code[:length].lower())


@given(st.sampled_from(sorted(LISTINGS)), st.data())
def test_every_part_of_a_name_finds_its_code(code, data):
    name = data.draw(st.sampled_from([name for name in well_known()[code][:2] if len(name) > 1]))
    start = data.draw(st.integers(0, len(name) - 2))
    part = name[start : start + 2 + data.draw(st.integers(0, 8))]
    if len(part.strip()) > 1:
        assert code in codes(part)
