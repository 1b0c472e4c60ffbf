"""Selectors through a gateway: what is asked, what is skipped, and what is said when there is nothing."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

import pd_capflow
from pd_capflow.client.portal import current_portal
from pd_capflow.errors import CapflowError, GatewayError, QueryError, UnknownSecurityError
from pd_capflow.gateway import Gateway
from pd_capflow.gateway.handlers import success
from pd_capflow.protocol.messages import KEEP_ALIVE, PLATE_SECURITY, USER_SECURITY

BANKS = ["HK.00005", "HK.00939", "HK.01299", "HK.02318"]
TECH = ["HK.00700", "HK.09988", "US.NVDA", "US.MSFT", "SZ.300750"]
INDEX, STOCK = 6, 3


class ListGateway(Gateway):
    """A gateway with lists that the demo account has not, which counts what it is asked."""

    def __init__(self):
        super().__init__(limit=None)
        self.asked = Counter()

    def response(self, method, c2s):
        self.asked[method] += 1
        if method is PLATE_SECURITY and c2s.plate.code == "BK0":
            return success(PLATE_SECURITY)
        lists = {"Mixed": [("800000", INDEX), ("00700", STOCK)], "Indices": [("800000", INDEX)], "Empty": []}
        if method is USER_SECURITY and c2s.groupName in lists:
            response = success(method)
            for code, kind in lists[c2s.groupName]:
                basic = response.s2c.staticInfoList.add().basic
                basic.security.market, basic.security.code = 1, code
                basic.id, basic.lotSize, basic.secType, basic.name, basic.listTime = 1, 1, kind, "x", ""
            return response
        return super().response(method, c2s)


@pytest.fixture
def there():
    portal = current_portal()
    gateway = ListGateway()
    _, port = portal.run(gateway.listen(port=0))
    gateway.url = f"tcp://127.0.0.1:{port}"
    yield gateway
    portal.run(gateway.close())


@pytest.fixture
def client(there):
    with pd_capflow.connect(there.url, rate=None) as client:
        there.asked.clear()
        yield client


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ("plate:HK.BK1002", BANKS),
        ("watchlist:Tech", TECH),
        (["HK.09988", "watchlist:Tech"], ["HK.09988", *(code for code in TECH if code != "HK.09988")]),
        (["plate:HK.BK1002", "HK.00700", "plate:HK.BK1002"], [*BANKS, "HK.00700"]),
    ],
)
def test_every_verb_that_takes_codes_takes_selectors(asked, codes, client):
    frames = [
        client.capital_flow(asked),
        client.capital_distribution(asked),
        client.snapshot(asked),
        client.static_info(asked),
        client.market_state(asked),
        pd_capflow.fetch(asked, client=client),
    ]
    words = [asked] if isinstance(asked, str) else list(dict.fromkeys(asked))
    for frame in frames:
        assert frame.index.get_level_values("code").unique().tolist() == codes
        assert (frame.attrs["capflow"]["codes"], frame.attrs["capflow"]["asked"]) == (codes, words)
    assert frames[0].index.names == ["code", "time"]


def test_the_other_client_knows_them_too(there):
    async def ask():
        async with await pd_capflow.connect_async(there.url) as client:
            return await client.capital_flow("watchlist:Tech", "week"), await client.snapshot(
                "watchlist:Tech"
            )

    for frame in asyncio.run(ask()):
        assert frame.attrs["capflow"]["codes"] == TECH


def test_codes_alone_are_asked_as_before(client, there):
    facts = client.capital_flow(["HK.00700", "US.AAPL"]).attrs["capflow"]
    assert not {"asked", "skipped"} & set(facts)
    assert USER_SECURITY not in there.asked


def test_an_index_in_a_watchlist_is_skipped_and_told(client):
    """It could only fail, and the user did not name it."""
    frame = client.capital_flow("watchlist:Mixed")
    facts = frame.attrs["capflow"]
    assert (facts["codes"], facts["errors"]) == (["HK.00700"], {})
    assert facts["skipped"] == {"HK.800000": "of type index, which has no capital flow"}
    assert frame.index.names == ["code", "time"]


@pytest.mark.parametrize(
    ("word", "kind", "text"),
    [
        ("plate:HK.BK0", GatewayError, r"plate:HK\.BK0 is empty; plates\('HK'\) tells"),
        ("watchlist:Empty", GatewayError, r"watchlist:Empty is empty; .*the watchlists are 'Favorites'"),
        (
            "watchlist:Indices",
            GatewayError,
            r"watchlist:Indices: no member can be asked for \(HK\.800000: of",
        ),
        ("watchlist:tech", GatewayError, r"did you mean 'Tech'\? the watchlists are 'Favorites', 'Tech'"),
        ("plate:HK.BK9999", UnknownSecurityError, r"plate:HK\.BK9999: the gateway refused.*plates\('HK'\)"),
        ("plate:HK.00700", UnknownSecurityError, r"plate:HK\.00700: the gateway refused.*plates\('HK'\)"),
    ],
)
def test_a_list_that_is_not_there_or_empty_says_which_and_what_to_do(word, kind, text, client):
    with pytest.raises(kind, match=text) as caught:
        client.capital_flow(["HK.00700", word] if "Indices" not in word else word)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.capital_flow("plate:HK.BK1001", "fortnight"),
        lambda client: client.capital_flow("plate:HK.BK1001", start="2026-01-05"),
        lambda client: client.capital_flow("plate:HK.BK1001", errors="ignore"),
        lambda client: client.capital_distribution("plate:HK.BK1001", errors="ignore"),
        lambda client: client.capital_flow(["plate:HK.BK1001", "plate:"]),
        lambda client: client.history("plate:HK.BK1001"),
        lambda client: client.fetch(pd_capflow.CapitalFlow("plate:HK.BK1001")),
    ],
)
def test_a_question_at_fault_sends_nothing(ask, client, there):
    with pytest.raises(QueryError):
        ask(client)
    assert not there.asked.keys() - {KEEP_ALIVE}


def test_a_failure_on_the_way_is_the_failure(there):
    client = pd_capflow.connect(there.url)
    client.close()
    with pytest.raises(CapflowError, match="was closed"):
        client.capital_flow("watchlist:Tech")
