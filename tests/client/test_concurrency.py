"""Threads, tasks and running event loops: one connection, and nobody gets another's answer."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import pd_capflow
from pd_capflow.client import AsyncClient, resolve
from pd_capflow.client.portal import current_portal
from pd_capflow.errors import (
    CapflowError,
    DisconnectedError,
    HandshakeError,
    QueryError,
    ReplyTimeoutError,
)

THREADS = 16
CODES = [f"HK.{number:05d}" for number in range(700, 700 + THREADS)]
CODE = CODES[0]


@pytest.fixture
def threads():
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


def test_threads_share_a_client(gateway, connect, threads, kit):
    """Each thread asks for its own codes and gets exactly them."""
    there = gateway()
    client = connect(there)

    def work(number):
        codes = [CODES[(number + turn) % THREADS] for turn in range(8)]
        one_by_one = all(kit.has_value(client.capital_flow(code), code) for code in codes)
        frame = client.capital_flow(codes)
        return one_by_one and all(kit.has_value(frame.loc[code], code) for code in codes)

    assert list(threads.map(work, range(THREADS))) == [True] * THREADS
    assert there.connections == 1
    assert len(there.codes) == THREADS * 16


def test_requests_of_threads_are_in_flight_together(gateway, connect, threads, kit):
    """The gateway answers nobody until all have asked: on one connection, and in another order."""

    def hold(peer):
        peer.handshake()
        for asked in reversed(peer.asked_many(THREADS)):
            peer.reply(asked)
        peer.serve_on()

    there = gateway(hold)
    client = connect(there)
    with kit.within(8):
        frames = list(threads.map(client.capital_flow, CODES))
    assert all(kit.has_value(frame, code) for frame, code in zip(frames, CODES, strict=True))
    assert there.connections == 1


def test_requests_of_a_batch_are_in_flight_together(gateway, connect, kit):
    def hold(peer):
        peer.handshake()
        for asked in reversed(peer.asked_many(len(CODES))):
            peer.reply(asked)
        peer.serve_on()

    with kit.within(8):
        frame = connect(gateway(hold)).capital_flow(CODES)
    assert all(kit.has_value(frame.loc[code], code) for code in CODES)


def test_a_batch_larger_than_what_may_be_in_flight(gateway, connect, kit):
    codes = [f"US.A{number}" for number in range(300)]
    there = gateway()
    frame = connect(there).capital_flow(codes)
    assert there.codes == codes
    assert frame["in_flow"].tolist()[::2] == [kit.value_of(code) for code in codes]


def test_first_calls_of_many_threads_make_one_connection(gateway, make_client, threads, kit):
    there = gateway()
    client = make_client(there)
    together = threading.Barrier(THREADS)

    def work(code):
        together.wait(kit.bound)
        return client.capital_flow(code)

    frames = list(threads.map(work, CODES))
    assert all(kit.has_value(frame, code) for frame, code in zip(frames, CODES, strict=True))
    assert there.connections == 1


def test_threads_whose_shared_attempt_fails_all_learn_it(gateway, make_client, threads, kit):
    there = gateway(*[lambda peer: peer.until_gone()] * (2 * THREADS))
    client = make_client(there, timeout=0.5)

    def work(code):
        with pytest.raises(HandshakeError) as caught:
            client.capital_flow(code)
        return there.url in str(caught.value)

    with kit.within(5):
        assert list(threads.map(work, CODES)) == [True] * THREADS


def test_who_has_more_time_connects_after_who_had_none(gateway, make_client, kit):
    """A first call runs out of time at the handshake; the second came later and is not told of that."""
    shaking = threading.Event()

    def stuck(peer):
        assert peer.asked() is not None
        shaking.set()
        peer.until_gone()

    there = gateway(stuck)
    client = make_client(there, timeout=1.0)
    first = kit.background(client.capital_flow, CODES[0])
    assert shaking.wait(kit.bound)
    threading.Event().wait(0.5)  # so that there is a difference
    second = kit.background(client.capital_flow, CODES[1])
    with pytest.raises(HandshakeError, match="opened no session within"):
        first.result(kit.bound)
    assert kit.has_value(second.result(kit.bound), CODES[1])
    assert there.connections == 2


def test_closing_from_another_loop_wakes_who_waits_for_the_budget(gateway, kit):
    """An AsyncClient belongs to whoever uses it, in whichever loop; closed is closed for all."""
    there = gateway()
    waiting, answered = threading.Event(), threading.Event()

    def tell(progress):
        if progress.waiting:
            waiting.set()
        if progress.done:
            answered.set()

    client = AsyncClient(resolve(url=there.url, rate=(1, 300.0)))
    call = kit.background(asyncio.run, client.capital_flow(CODES[:2], errors="collect", progress=tell))
    assert waiting.wait(kit.bound)
    assert answered.wait(kit.bound)
    asyncio.run(client.close())
    with kit.within(5):
        errors = call.result(kit.bound).attrs["capflow"]["errors"]
    assert list(errors) == [CODES[1]]
    assert "closed" in errors[CODES[1]]
    assert there.peer(0).gone.wait(kit.bound), "the connection in the other loop was left open"


def test_one_threads_slow_answer_is_not_anothers(gateway, connect, kit):
    """Somebody waits; somebody else asks and is answered meanwhile."""
    answered = threading.Event()

    def hold_first(peer):
        peer.handshake()
        first = peer.asked()
        peer.reply(peer.asked())
        assert answered.wait(kit.bound)
        peer.reply(first)
        peer.until_gone()

    client = connect(gateway(hold_first))
    slow = kit.background(client.capital_flow, CODES[0])
    quick = kit.background(client.capital_flow, CODES[1])
    done = next(_as_completed([slow, quick], kit.bound))
    other = quick if done is slow else slow
    assert not other.done()
    answered.set()
    assert kit.has_value(slow.result(kit.bound), CODES[0])
    assert kit.has_value(quick.result(kit.bound), CODES[1])


def _as_completed(futures, timeout):
    from concurrent.futures import as_completed

    return as_completed(futures, timeout)


def test_many_clients_are_many_connections(gateway, connect, threads, kit):
    there = gateway()
    clients = [connect(there) for _ in CODES]
    frames = list(threads.map(lambda pair: pair[0].capital_flow(pair[1]), zip(clients, CODES, strict=True)))
    assert all(kit.has_value(frame, code) for frame, code in zip(frames, CODES, strict=True))
    assert there.connections == THREADS


def test_a_synchronous_client_works_in_a_running_loop(gateway, connect, kit):
    """As in a notebook, whose kernel runs a loop in this very thread."""
    there = gateway()

    async def cell():
        client = connect(there)
        frame = client.capital_flow(CODE)
        await asyncio.sleep(0)
        return frame

    assert kit.has_value(asyncio.run(cell()), CODE)


def test_a_synchronous_call_on_the_io_thread_is_refused(gateway, connect):
    """It would wait for itself for ever."""
    client = connect(gateway())

    async def call():
        return client.capital_flow(CODE)

    with pytest.raises(QueryError, match="AsyncClient"):
        current_portal().run(call())
    assert client.connected


@pytest.mark.parametrize("verb", ["capital_flow", "capital_distribution", "snapshot", "state", "close"])
def test_a_listener_cannot_ask_where_it_is_called_and_is_told_what_to_do(verb, gateway, connect, kit):
    told, later = [], []

    def serve(peer):
        peer.handshake()
        peer.push()
        peer.serve_on()

    def listen(_):
        try:
            getattr(client, verb)(*([] if verb in ("state", "close") else [CODE]))
        except Exception as error:  # noqa: BLE001  # whatever it is
            told.append(error)
        later.append(client.submit(lambda it: it.capital_flow(CODE)))
        came.set()

    came = threading.Event()
    client = connect(gateway(lambda peer: peer.handshake(), serve))
    client.on_push(listen)
    with kit.within(5):
        client.capital_flow(CODE)
        assert came.wait(kit.bound)
        assert kit.has_value(later[0].result(kit.bound), CODE)
    assert type(told[0]) is QueryError
    assert "client.submit()" in str(told[0])


def test_a_progress_function_cannot_ask_either_and_its_error_is_the_callers(gateway, connect, kit):
    client = connect(gateway())
    with kit.within(5), pytest.raises(QueryError, match=r"client\.submit\(\)"):
        client.capital_flow([CODE, "US.AAPL"], progress=lambda _: client.capital_flow(CODE))
    assert kit.has_value(client.capital_flow(CODE), CODE)


class TestAsyncClient:
    def test_gathered_calls_share_a_connection(self, gateway, kit):
        def hold(peer):
            peer.handshake()
            for asked in reversed(peer.asked_many(len(CODES))):
                peer.reply(asked)
            peer.serve_on()

        there = gateway(hold)

        async def main():
            async with await pd_capflow.connect_async(there.url, rate=None) as client:
                frames = await asyncio.gather(*(client.capital_flow(code) for code in CODES))
                rows = await client.capital_distribution(CODES)
                one = await client.fetch(pd_capflow.CapitalFlow(CODE, "day"))
                return frames, rows, one

        frames, rows, one = asyncio.run(main())
        assert all(kit.has_value(frame, code) for frame, code in zip(frames, CODES, strict=True))
        assert rows.index.get_level_values("code").tolist() == CODES
        assert kit.has_value(one, CODE)
        assert there.connections == 1
        assert there.peer(0).gone.wait(kit.bound), "leaving the block does not close the connection"

    def test_first_calls_of_many_tasks_make_one_connection(self, gateway, kit):
        there = gateway()

        async def main():
            client = AsyncClient(resolve(url=there.url, rate=None))
            try:
                return await asyncio.gather(*(client.capital_flow(code) for code in CODES))
            finally:
                await client.close()

        frames = asyncio.run(main())
        assert all(kit.has_value(frame, code) for frame, code in zip(frames, CODES, strict=True))
        assert there.connections == 1

    def test_a_cancelled_call_costs_nobody_else_anything(self, gateway, kit):
        def hold_first(peer):
            peer.handshake()
            first, second = peer.asked_many(2)
            peer.reply(second)
            third = peer.asked()
            peer.reply(first)
            peer.reply(third)
            peer.until_gone()

        there = gateway(hold_first)

        async def main():
            async with await pd_capflow.connect_async(there.url, rate=None) as client:
                first = asyncio.create_task(client.capital_flow(CODES[0]))
                second = asyncio.create_task(client.capital_flow(CODES[1]))
                frame = await second
                first.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await first
                return frame, await client.capital_flow(CODES[2])

        second, third = asyncio.run(main())
        assert kit.has_value(second, CODES[1])
        assert kit.has_value(third, CODES[2])
        assert there.connections == 1

    def test_a_cancelled_first_call_leaves_the_connecting_to_the_next(self, gateway, kit):
        """The task that is at the handshake is cancelled while another waits for it."""
        shaken = threading.Event()

        def stuck(peer):
            assert peer.asked() is not None
            shaken.set()
            peer.until_gone()

        there = gateway(stuck)

        async def main():
            client = AsyncClient(resolve(url=there.url, rate=None))
            first = asyncio.create_task(client.capital_flow(CODES[0]))
            second = asyncio.create_task(client.capital_flow(CODES[1]))
            assert await asyncio.to_thread(shaken.wait, kit.bound)
            first.cancel()
            try:
                return await second
            finally:
                await client.close()

        with kit.within(8):
            assert kit.has_value(asyncio.run(main()), CODES[1])
        assert there.peer(0).gone.wait(kit.bound), "the socket of the cancelled attempt was left open"

    def test_errors_are_the_same_as_the_synchronous_clients(self, gateway):
        def silent(peer):
            peer.handshake()
            peer.until_gone()

        there = gateway(silent)

        async def main():
            async with await pd_capflow.connect_async(there.url, timeout=0.5, rate=None) as client:
                await client.capital_flow(CODE)

        with pytest.raises(ReplyTimeoutError, match=there.url):
            asyncio.run(main())

    def test_a_failed_connection_raises_and_leaves_no_socket(self, gateway, kit):
        there = gateway(lambda peer: peer.until_gone())
        with kit.within(5), pytest.raises(HandshakeError):
            asyncio.run(pd_capflow.connect_async(there.url, timeout=0.5))
        assert there.peer(0).gone.wait(kit.bound)

    def test_a_closed_client_says_so(self, gateway):
        there = gateway()

        async def main():
            client = await pd_capflow.connect_async(there.url, rate=None)
            await client.close()
            await client.close()
            await client.capital_flow(CODE)

        with pytest.raises(DisconnectedError, match="closed"):
            asyncio.run(main())


def test_threads_get_right_answers_while_connections_die(gateway, connect, threads, kit):
    """Every connection ends after some answers. Nobody gets a wrong number; most get theirs."""

    there = gateway(*[_mortal] * 12)
    client = connect(there)

    def work(number):
        right = 0
        for turn in range(6):
            code = CODES[(number + turn) % THREADS]
            try:
                frame = client.capital_flow(code)
            except CapflowError as error:
                assert isinstance(error, DisconnectedError)  # noqa: PT017  # it may come or not
                continue
            assert kit.has_value(frame, code)
            right += 1
        return right

    with kit.within(15):
        answered = sum(threads.map(work, range(THREADS)))
    assert answered > 0
    assert there.connections > 1


def _mortal(peer):
    peer.handshake()
    for _ in range(5):
        asked = peer.asked()
        if asked is None:
            return
        peer.reply(asked)


LOOP_AFTER_LOOP = """
import asyncio, sys, pd_capflow
client = asyncio.run(pd_capflow.connect_async(sys.argv[1], timeout=5, rate=(3, 0.2)))
for _ in range(2):
    # Several at once, so that they wait for the connection and for the budget.
    print(len(asyncio.run(client.capital_flow(["HK.00700", "US.AAPL", "SH.600519", "SZ.000001"]))))
asyncio.run(client.close())
"""


def test_an_async_client_can_be_used_in_one_loop_after_another(gateway):
    """As with asyncio.run() in a script, time and again; each loop has a connection of its own."""
    there = gateway()
    command = [sys.executable, "-c", LOOP_AFTER_LOOP, there.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["8", "8"]), done.stderr
    assert there.connections == 3


def test_an_error_of_the_progress_function_is_raised_as_it_is(gateway, connect, kit):
    def progress(state):
        raise LookupError(state.done)

    client = connect(gateway())
    with pytest.raises(LookupError):
        client.capital_flow(CODES[:5], progress=progress)
    assert kit.has_value(client.capital_flow(CODE), CODE)


def test_an_async_client_is_no_client_to_fetch_with(gateway):
    async def fetch():
        async with await pd_capflow.connect_async(gateway().url) as client:
            pd_capflow.fetch(CODE, client=client)

    with pytest.raises(QueryError, match="await"):
        asyncio.run(fetch())
