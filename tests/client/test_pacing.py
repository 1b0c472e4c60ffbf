"""The client never asks more often than the gateway grants, and waits where somebody else did.

Against a real `Gateway` with a small limit; the refusals are counted where they are made.
"""

from __future__ import annotations

import threading
import time

import pytest

import pd_capflow
from pd_capflow.client import Progress
from pd_capflow.client.portal import current_portal
from pd_capflow.errors import BatchError, DisconnectedError, RateLimitError
from pd_capflow.gateway import Gateway
from pd_capflow.gateway.handlers import Refusal
from pd_capflow.gateway.limits import Limit
from pd_capflow.protocol.messages import CAPITAL_DISTRIBUTION
from pd_capflow.security import Security

RATE = (5, 0.5)
CODES = [f"HK.{number:05d}" for number in range(1, 24)]
CODE = CODES[0]
TOO_OFTEN = "Get Capital Flow request failed due to high frequency. Maximum 5 times per 0.5 seconds."


class CountingGateway(Gateway):
    """A gateway that counts what it grants and what it refuses."""

    def __init__(self, limit):
        super().__init__(seed=3, limit=limit)
        self.granted = self.refused = 0

    def response(self, method, c2s):
        try:
            response = super().response(method, c2s)
        except Refusal:
            self.refused += 1
            raise
        self.granted += 1
        return response


@pytest.fixture
def strict():
    """A gateway that grants 5 requests in 0.5 s, and its url."""
    portal = current_portal()
    there = CountingGateway(Limit(*RATE))
    for code in CODES:  # the first look at a market takes its time, which is no part of any request's
        there.market.distribution(Security.parse(code), there.clock())
    _, port = portal.run(there.listen(port=0))
    there.url = f"tcp://127.0.0.1:{port}"
    yield there
    portal.run(there.close())


def exhaust(there):
    """Use up the gateway's budget as a program does that is none of ours."""
    for _ in range(RATE[0]):
        assert there.limiter.grants(CAPITAL_DISTRIBUTION.proto_id)


def test_a_long_list_arrives_without_one_refusal(strict, connect):
    frame = connect(strict.url, rate=RATE).capital_distribution(CODES)
    assert frame.index.get_level_values("code").tolist() == CODES
    assert strict.granted == len(CODES)
    assert strict.refused == 0


def test_pacing_takes_the_windows_that_it_needs(strict, connect):
    """23 requests at 5 a window: the last one cannot leave before four windows have gone by."""
    client = connect(strict.url, rate=RATE)
    since = time.monotonic()
    client.capital_distribution(CODES)
    assert time.monotonic() - since >= 4 * RATE[1]


def test_clients_of_one_gateway_share_the_budget(strict, connect, kit):
    """Two clients, two threads, one account."""
    clients = [connect(strict.url, rate=RATE) for _ in range(2)]
    halves = [CODES[:9], CODES[9:18]]
    calls = [
        kit.background(client.capital_distribution, half)
        for client, half in zip(clients, halves, strict=True)
    ]
    for call, half in zip(calls, halves, strict=True):
        assert call.result(kit.bound).index.get_level_values("code").tolist() == half
    assert strict.refused == 0


def test_interfaces_have_budgets_of_their_own(strict, connect):
    """Neither waits for the other: five of each leave at once."""
    seen = []
    client = connect(strict.url, rate=RATE)
    client.capital_distribution(CODES[:5], progress=seen.append)
    client.capital_flow(CODES[:5], "day", progress=seen.append)
    assert [each.waiting for each in seen] == [0.0] * 10
    assert strict.refused == 0


def test_each_rate_is_obeyed_over_all_requests(strict, connect):
    """A client with a smaller rate counts what one with a larger has sent."""
    connect(strict.url, rate=RATE).capital_distribution(CODES[:2])
    seen = []
    connect(strict.url, rate=(2, 0.5)).capital_distribution(CODES[2:4], progress=seen.append)
    assert seen[0].waiting > 0


def test_all_names_of_this_machine_are_one_budget(strict, connect):
    connect(strict.url, rate=RATE).capital_distribution(CODES[: RATE[0]])
    seen = []
    other = connect(strict.url.replace("127.0.0.1", "localhost"), rate=RATE)
    other.capital_distribution(CODES[RATE[0] : RATE[0] + 2], progress=seen.append)
    assert seen[0].waiting > 0
    assert strict.refused == 0


def test_progress_tells_the_time_left(strict, connect):
    """23 codes at 5 a window: four windows are waited out, less what of the first is over."""
    seen = []
    connect(strict.url, rate=RATE).capital_distribution(CODES, progress=seen.append)
    first_wait = next(each for each in seen if each.waiting)
    assert 3 * RATE[1] < first_wait.left < 5 * RATE[1]
    assert seen[-1].left == 0.0


def test_a_long_wait_is_said_once(strict, connect, caplog):
    """In the log, whatever shows progress: one line for a call, not one for each of its requests."""
    rate = (1, 2.1)
    client = connect(strict.url, rate=rate)
    client.capital_distribution(CODE)
    with caplog.at_level("INFO", "pd_capflow.client"):
        client.capital_distribution(CODES[1], progress=False)
    said = [record.getMessage() for record in caplog.records if "rate budget" in record.getMessage()]
    assert said == ["= waiting 2 s for the gateway's rate budget"]


def test_progress_is_told(strict, connect):
    seen = []
    connect(strict.url, rate=RATE).capital_distribution(CODES, progress=seen.append)
    assert all(isinstance(each, Progress) for each in seen)
    assert any(each.waiting > 0 for each in seen)
    done = [each.done for each in seen]
    assert done == sorted(done)
    assert (seen[-1].done, seen[-1].total, seen[-1].waiting) == (len(CODES), len(CODES), 0.0)
    assert {each.total for each in seen} == {len(CODES)}


def test_progress_counts_failures_too(gateway, connect, kit):
    def refuse(peer):
        peer.handshake()
        while (asked := peer.asked()) is not None:
            peer.refuse(asked, "unknown stock")

    seen = []
    connect(gateway(refuse)).capital_flow(CODES, errors="collect", progress=seen.append)
    assert [each.done for each in seen] == list(range(1, len(CODES) + 1))


@pytest.mark.parametrize("progress", [None, True, False])
def test_bars_show_nothing_wrong(progress, strict, connect):
    """With a bar, without one, and with whatever is the default: the same frame."""
    frame = connect(strict.url, rate=RATE).capital_distribution(CODES[:7], progress=progress)
    assert len(frame) == 7


def test_without_pacing_the_refusal_comes_through(strict, connect):
    client = connect(strict.url, rate=None)
    with pytest.raises(BatchError) as caught:
        client.capital_distribution(CODES[:8])
    assert [type(error) for error in caught.value.errors.values()] == [RateLimitError] * 3
    assert len(caught.value.frame) == 5
    assert strict.refused == 3, "nobody asked again"
    with pytest.raises(RateLimitError) as one:
        client.capital_distribution(CODES[8])
    assert "frequency" in one.value.ret_msg


def test_what_another_program_used_up_is_waited_out(strict, connect, kit):
    """The refusal is not the user's concern: the window is waited out and the request asked again."""
    client = connect(strict.url, rate=RATE)
    exhaust(strict)
    seen = []
    with kit.within(10):
        frame = client.capital_distribution(CODES[:3], progress=seen.append)
    assert frame.index.get_level_values("code").tolist() == CODES[:3]
    assert strict.granted == 3
    assert strict.refused >= 1, "the budget was not used up: the test proves nothing"
    assert any(each.waiting > 0 for each in seen)


def test_one_code_waits_too(strict, connect, kit):
    client = connect(strict.url, rate=RATE)
    exhaust(strict)
    with kit.within(10):
        assert len(client.capital_distribution(CODE)) == 1
    assert strict.refused >= 1


def test_the_wait_is_no_part_of_the_deadline(strict, connect):
    """The timeout is shorter than what the list takes, and nobody times out."""
    client = connect(strict.url, rate=RATE, timeout=0.5)
    assert len(client.capital_distribution(CODES[:13])) == 13


def always_refusing(peer):
    peer.handshake()
    while (asked := peer.asked()) is not None:
        peer.refuse(asked, TOO_OFTEN)


def test_a_gateway_that_always_refuses_is_given_up(gateway, connect, kit):
    there = gateway(always_refusing)
    with kit.within(10), pytest.raises(RateLimitError) as caught:
        connect(there, rate=RATE).capital_flow(CODE)
    assert caught.value.ret_msg == TOO_OFTEN
    assert len(there.codes) >= 2, "it was not asked again"


def test_a_gateway_that_always_refuses_a_long_list_is_given_up(gateway, connect, kit):
    there = gateway(always_refusing)
    with kit.within(15), pytest.raises(BatchError) as caught:
        connect(there, rate=RATE).capital_flow(CODES[:8])
    assert {type(error) for error in caught.value.errors.values()} == {RateLimitError}
    assert list(caught.value.errors) == CODES[:8]


def test_another_refusal_is_not_taken_for_a_matter_of_pace(gateway, connect):
    def refuse(peer):
        peer.handshake()
        while (asked := peer.asked()) is not None:
            peer.refuse(asked, "NN_ProtoRet_TimeOut")

    there = gateway(refuse)
    with pytest.raises(pd_capflow.errors.GatewayError):
        connect(there, rate=RATE).capital_flow(CODE)
    assert there.codes == [CODE]


def test_a_connection_lost_while_waiting_for_the_budget_is_made_again(gateway, connect, kit):
    """The first connection ends after a window's answers; the rest are asked on the next."""

    def one_window(peer):
        peer.handshake()
        for asked in peer.asked_many(RATE[0]):
            peer.reply(asked)

    there = gateway(one_window)
    codes = CODES[:8]
    frame = connect(there, rate=RATE).capital_flow(codes)
    assert all(kit.has_value(frame.loc[code], code) for code in codes)
    assert there.connections == 2
    assert sorted(there.codes) == codes  # each once, in whatever order their waits end


@pytest.mark.parametrize("codes", [CODES[:2], CODES[:6]], ids=["two", "six"])
def test_closing_ends_a_wait_for_the_budget(codes, gateway, connect, kit):
    """Whoever closes the client does not leave a call behind that waits for half a minute."""
    seen = []
    first_came = threading.Event()

    def progress(state):
        seen.append(state)
        if state.done:
            first_came.set()

    there = gateway()
    client = connect(there, rate=(1, 60.0))
    call = kit.background(client.capital_flow, codes, progress=progress)
    assert first_came.wait(kit.bound)
    assert any(state.waiting > 0 for state in seen)
    with kit.within(5):
        client.close()
        with pytest.raises(BatchError) as caught:
            call.result(kit.bound)
    assert list(caught.value.errors) == codes[1:]
    assert {type(error) for error in caught.value.errors.values()} == {DisconnectedError}
    assert kit.has_value(caught.value.frame.loc[codes[0]], codes[0])
    assert there.codes == codes[:1]
