"""The verbs beside capital flow: chunks, pages, budgets, and both clients."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

import pd_capflow
from pd_capflow.client.pacing import Pacer
from pd_capflow.client.portal import current_portal
from pd_capflow.errors import (
    CapflowWarning,
    DisconnectedError,
    GatewayError,
    ProtocolError,
    QueryError,
    UnknownSecurityError,
)
from pd_capflow.flow.queries import Snapshot
from pd_capflow.gateway import Gateway
from pd_capflow.protocol.messages import (
    CAPITAL_FLOW,
    GLOBAL_STATE,
    HISTORY_KL,
    KEEP_ALIVE,
    PLATE_SET,
    SNAPSHOT,
)

CODES = [f"HK.{number:05}" for number in range(1, 902)]
VERBS = {
    "state": (),
    "static_info": ("HK.00700",),
    "snapshot": (["HK.00700", "US.AAPL"],),
    "plates": ("HK", "concept"),
    "plate_securities": ("HK.BK1001",),
    "watchlists": (),
    "watchlist": ("Tech",),
    "history": ("HK.00700", "week", "2025-01-02", "2025-03-31"),
    "trade_dates": ("HK", "2025-01-02", "2025-01-31"),
    "market_state": (["HK.00700", "US.AAPL"],),
}


class CountingGateway(Gateway):
    """A gateway that counts what it is asked."""

    def __init__(self):
        super().__init__(limit=None)
        self.asked = Counter()

    def response(self, method, c2s):
        self.asked[method] += 1
        return super().response(method, c2s)


@pytest.fixture
def counting():
    portal = current_portal()
    there = CountingGateway()
    _, port = portal.run(there.listen(port=0))
    there.url = f"tcp://127.0.0.1:{port}"
    yield there
    portal.run(there.close())


@pytest.mark.parametrize("verb", VERBS)
def test_both_clients_have_the_same_verbs(verb, counting, connect):
    async def ask():
        async with await pd_capflow.connect_async(counting.url) as client:
            return await getattr(client, verb)(*VERBS[verb])

    ours, theirs = getattr(connect(counting.url), verb)(*VERBS[verb]), asyncio.run(ask())
    if verb == "state":
        assert (ours.markets, ours.build) == (theirs.markets, theirs.build)
        return
    assert len(ours) > 0
    columns = [name for name in ours if name in ("name", "type", "close", "kind")]
    assert ours[columns].equals(theirs[columns])
    assert ours.attrs["capflow"]["source"] == {"url": counting.url, "demo": True}


def test_codes_are_asked_400_at_a_time_and_joined(counting, connect):
    frame = connect(counting.url).snapshot(CODES)
    assert frame.index.tolist() == CODES
    assert counting.asked[SNAPSHOT] == 3


@pytest.mark.parametrize("verb", ["static_info", "snapshot", "market_state"])
def test_a_code_that_the_gateway_leaves_out_is_told(verb, counting, connect):
    """To both clients: in a warning, at the line that asks, and in the facts; with no row, in an error."""
    whole = counting.response

    def without_the_last(method, c2s):
        response = whole(method, c2s)
        if len(c2s.securityList) > 0:
            ((_, rows),) = response.s2c.ListFields()
            del rows[-1]
        return response

    async def ask(codes):
        async with await pd_capflow.connect_async(counting.url) as client:
            return await getattr(client, verb)(codes)

    counting.response = without_the_last
    client = connect(counting.url)
    for call in (getattr(client, verb), lambda codes: asyncio.run(ask(codes))):
        with pytest.warns(CapflowWarning, match=r"1 of 2 codes have no row.*: US\.AAPL\.") as caught:
            frame = call(["HK.00700", "US.AAPL"])
        assert [warning.filename for warning in caught] == [__file__]
        assert frame.index.tolist() == ["HK.00700"]
        assert list(frame.attrs["capflow"]["errors"]) == ["US.AAPL"]
        with pytest.raises(GatewayError, match=r"HK\.00700: the gateway sent no row for it"):
            call("HK.00700")


def test_one_unknown_code_fails_the_call(counting, connect):
    client = connect(counting.url)
    with pytest.raises(UnknownSecurityError, match="99999"):
        client.snapshot([*CODES[:450], "HK.99999"])
    assert client.snapshot("HK.00700").index.tolist() == ["HK.00700"]


def test_pages_are_joined_and_wait_for_no_budget(counting, connect):
    """Eight pages with a budget of two a minute: the first alone is counted."""
    client = connect(counting.url, rate=(1, 60.0))
    frame = client.history("HK.00700", "minute", "2025-01-02", "2025-01-31")
    assert frame.index.is_monotonic_increasing
    assert frame.index.is_unique
    assert len(frame) == 22 * 331
    assert counting.asked[HISTORY_KL] == 8


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.fetch("HK.00700"),
        lambda client: client.fetch(Snapshot),
        lambda client: client.snapshot([]),
        lambda client: client.history("HK.00700", "fortnight"),
        lambda client: client.trade_dates("CA"),
    ],
)
def test_what_cannot_be_asked_is_not_sent(ask, counting, connect):
    client = connect(counting.url)
    counting.asked.clear()
    with pytest.raises(QueryError):
        ask(client)
    assert not counting.asked.keys() - {KEEP_ALIVE}


def test_an_answer_that_breaks_the_protocol_names_the_gateway(gateway, connect):
    def empty(peer):
        peer.handshake()
        asked = peer.asked()
        peer.reply(asked, asked.method.response(retType=0))
        peer.until_gone()

    with pytest.raises(ProtocolError, match=r"127\.0\.0\.1.*HK\.00700: .*no contents"):
        connect(gateway(empty)).history("HK.00700")


def test_a_closed_client_says_so(counting, connect):
    client = connect(counting.url)
    client.close()
    with pytest.raises(DisconnectedError, match="was closed"):
        client.state()


# --- Budgets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "method", "room"),
    [
        ((30, 30.0), CAPITAL_FLOW, 30),
        ((30, 30.0), SNAPSHOT, 60),
        ((30, 30.0), HISTORY_KL, 60),
        ((30, 30.0), PLATE_SET, 10),
        ((5, 0.5), CAPITAL_FLOW, 5),
        ((5, 0.5), SNAPSHOT, 10),
        ((5, 0.5), PLATE_SET, 1),
        ((1, 1.0), PLATE_SET, 1),
        ((30, 30.0), GLOBAL_STATE, float("inf")),
        (None, SNAPSHOT, float("inf")),
    ],
)
def test_each_interface_has_its_own_share_of_the_rate(rate, method, room):
    assert Pacer(rate).room(method) == room


def test_the_state_tells_the_number_of_its_own_connection(counting, connect):
    """Two connections, two numbers, and each stays what it was."""
    one, two = connect(counting.url), connect(counting.url)
    numbers = [client.state().connection_id for client in (one, two, one)]
    assert numbers[0] == numbers[2] != numbers[1]
    assert all(number > 0 for number in numbers)


def test_a_snapshot_of_an_index_counts_its_members(counting, connect):
    frame = connect(counting.url).snapshot(["HK.800000", "HK.BK1001", "HK.00700"])
    assert frame["type"].tolist() == ["index", "plate", "stock"]
    counts = frame[["raise_count", "fall_count", "equal_count"]].sum(axis=1, min_count=3)
    assert counts.tolist()[:2] == [50, 5]
    assert counts.isna().tolist() == [False, False, True]
