"""From connecting to the end of the process: nothing is left behind, and nothing keeps anything alive."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from pathlib import Path

import pytest

import pd_capflow
from pd_capflow.client import close_shared_clients, shared_client
from pd_capflow.client.portal import current_portal
from pd_capflow.errors import CapflowError, DisconnectedError

CODE = "HK.00700"
ROOT = Path(pd_capflow.__file__).parents[1]
FDS = Path("/proc/self/fd")


def python(text, *arguments, strict=True):
    """Run a program of its own; it must end by itself, in good order and without a word of complaint."""
    done = subprocess.run(
        [sys.executable, *(["-W", "error"] if strict else []), "-c", textwrap.dedent(text), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done


class TestClosing:
    def test_a_call_after_closing_says_so(self, gateway, connect):
        there = gateway()
        client = connect(there)
        client.close()
        for ask in (client.capital_flow, client.capital_distribution):
            with pytest.raises(DisconnectedError, match="closed") as caught:
                ask(CODE)
            assert there.url in str(caught.value)
            assert caught.value.address == there.url
        with pytest.raises(DisconnectedError, match="closed"):
            client.connect()
        assert there.requests == []
        assert there.connections == 1

    def test_closing_ends_the_connection(self, gateway, connect, kit):
        there = gateway()
        client = connect(there)
        assert client.connected
        client.close()
        assert not client.connected
        assert "closed" in repr(client)
        assert there.peer(0).gone.wait(kit.bound)

    def test_closing_twice_is_fine(self, gateway, connect):
        client = connect(gateway())
        client.close()
        client.close()

    def test_closing_what_never_connected_is_fine(self, gateway, make_client):
        there = gateway()
        make_client(there).close()
        assert there.connections == 0

    def test_a_block_closes_its_client(self, gateway, kit):
        there = gateway()
        with pd_capflow.connect(there.url) as client:
            assert kit.has_value(client.capital_flow(CODE), CODE)
        assert not client.connected
        assert there.peer(0).gone.wait(kit.bound)

    def test_a_block_that_fails_closes_its_client_and_hides_nothing(self, gateway, kit):
        there = gateway()
        with pytest.raises(ZeroDivisionError), pd_capflow.connect(there.url):
            _ = 1 / 0
        assert there.peer(0).gone.wait(kit.bound)

    def test_a_call_under_way_is_told(self, gateway, connect, kit):
        """And is not asked again on a new connection."""
        asked = threading.Event()

        def hold(peer):
            peer.handshake()
            peer.asked()
            asked.set()
            peer.until_gone()

        there = gateway(hold)
        client = connect(there)
        call = kit.background(client.capital_flow, CODE)
        assert asked.wait(kit.bound)
        client.close()
        with kit.within(5), pytest.raises(DisconnectedError, match="closed"):
            call.result(kit.bound)
        assert there.connections == 1

    def test_a_client_closed_while_it_connects_stays_closed(self, gateway, make_client, kit):
        shaking, closed = threading.Event(), threading.Event()

        def late(peer):
            shaking.set()
            assert closed.wait(kit.bound)
            peer.handshake()
            peer.until_gone()

        there = gateway(late)
        client = make_client(there)
        call = kit.background(client.capital_flow, CODE)
        assert shaking.wait(kit.bound)
        client.close()
        closed.set()
        with kit.within(5), pytest.raises(DisconnectedError, match="closed"):
            call.result(kit.bound)
        assert there.peer(0).gone.wait(kit.bound), "the connection outlives its client"
        assert there.requests == []

    def test_shared_clients_are_closed_and_made_anew(self, gateway, kit):
        there = gateway()
        pd_capflow.configure(url=there.url)
        pd_capflow.fetch(CODE)
        close_shared_clients()
        assert there.peer(0).gone.wait(kit.bound)
        assert kit.has_value(pd_capflow.fetch(CODE), CODE)
        assert there.connections == 2


def collect(gone, bound):
    """Collect garbage until the I/O thread holds no error any more, and so no frames of it."""
    end = time.monotonic() + bound
    while gone() is not None and time.monotonic() < end:
        current_portal().run(asyncio.sleep(0))
        gc.collect()


class TestForgetting:
    """A client that nobody holds any more ends its connection by itself."""

    def test_after_a_call(self, gateway, kit):
        there = gateway()
        client = pd_capflow.connect(there.url)
        client.capital_flow(CODE)
        gone = weakref.ref(client)
        del client
        collect(gone, kit.bound)
        assert gone() is None
        assert there.peer(0).gone.wait(kit.bound)

    def test_after_an_error(self, gateway, kit):
        """The error's traceback holds on to the client only as long as the error is held."""

        def refuse_first(peer):
            peer.handshake()
            peer.refuse(peer.asked(), "unknown stock")
            peer.serve_on()

        there = gateway(refuse_first)
        client = pd_capflow.connect(there.url)
        try:
            client.capital_flow(CODE)
        except CapflowError:
            pass
        else:
            pytest.fail("the refusal was lost")
        gone = weakref.ref(client)
        del client
        collect(gone, kit.bound)
        assert gone() is None
        assert there.peer(0).gone.wait(kit.bound)

    def test_after_a_failed_attempt_to_connect(self, gateway, kit):
        import distributed  # noqa: F401 - from then on, copies of errors keep their tracebacks

        from pd_capflow.client import Client, resolve

        there = gateway(lambda peer: peer.asked())
        client = Client(resolve(url=there.url, rate=None))
        try:
            client.connect()
        except CapflowError:
            pass
        else:
            pytest.fail("there was a session")
        assert kit.has_value(client.capital_flow(CODE), CODE)
        gone = weakref.ref(client)
        del client
        collect(gone, kit.bound)
        assert gone() is None
        assert there.peer(1).gone.wait(kit.bound)


class TestInterrupting:
    @pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads here")
    def test_an_interrupt_ends_a_call_and_nothing_else(self, gateway, connect, kit):
        """Ctrl-C, or a notebook's interrupt button, while the answer is awaited."""

        def hold_first(peer):
            peer.handshake()
            first = peer.asked()
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            second = peer.asked()
            peer.reply(first)
            peer.reply(second)
            peer.serve_on()

        there = gateway(hold_first)
        client = connect(there)
        # A shell starts what runs in the background with this signal ignored.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with kit.within(8), pytest.raises(KeyboardInterrupt):
                client.capital_flow(CODE)
        finally:
            signal.signal(signal.SIGINT, before)
        assert kit.has_value(client.capital_flow("US.AAPL"), "US.AAPL")
        assert there.connections == 1

    @pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads here")
    def test_an_interrupted_list_asks_no_further(self, gateway, connect, kit):
        """What still waited for the rate budget is not sent behind the user's back."""

        def interrupt(state):
            if state.done == 1 and not state.waiting:
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        there = gateway()
        client = connect(there, rate=(1, 0.2))
        codes = [f"HK.{number:05d}" for number in range(1, 51)]
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with kit.within(8), pytest.raises(KeyboardInterrupt):
                client.capital_flow(codes, progress=interrupt)
        finally:
            signal.signal(signal.SIGINT, before)
        kit.settle()
        # What was left in the queue would come between these.
        for _ in range(3):
            assert kit.has_value(client.capital_flow(CODE), CODE)
        assert there.codes[-3:] == [CODE] * 3
        assert len(there.codes) < len(codes)


class TestLeaks:
    def round(self, there, kit):
        with pd_capflow.connect(there.url, rate=None) as client:
            assert kit.has_value(client.capital_flow(CODE), CODE)

    @pytest.mark.skipif(not FDS.exists(), reason="counts file descriptors as Linux lists them")
    def test_rounds_leave_neither_threads_nor_descriptors(self, gateway, kit):
        there = gateway()
        self.round(there, kit)
        counts = []
        for rounds in (1, 50):
            for _ in range(rounds):
                self.round(there, kit)
            for peer in there.peers:
                assert peer.gone.wait(kit.bound)
            for thread in there._threads[1:]:
                thread.join(kit.bound)
            kit.settle()
            counts.append((threading.active_count(), len(os.listdir(FDS))))  # noqa: PTH208  # no paths wanted
        assert counts[1] == counts[0]
        assert there.connections == 52

    @pytest.mark.skipif(not FDS.exists(), reason="counts file descriptors as Linux lists them")
    def test_failures_leave_neither_threads_nor_descriptors(self, gateway, kit):
        there = gateway(*[lambda peer: peer.asked()] * 51)
        counts = []
        for rounds in (1, 50):
            for _ in range(rounds):
                with pytest.raises(CapflowError):
                    pd_capflow.connect(there.url)
            for thread in there._threads[1:]:
                thread.join(kit.bound)
            gc.collect()
            kit.settle()
            counts.append((threading.active_count(), len(os.listdir(FDS))))  # noqa: PTH208  # no paths wanted
        assert counts[1] == counts[0]

    def test_all_clients_share_one_thread(self, gateway, connect, kit):
        there = gateway()
        for _ in range(3):
            connect(there)
        shared_client(there.url).capital_flow(CODE)
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("pd_capflow-io") == 1

    def test_a_demo_leaves_nothing_either(self, kit):
        with pd_capflow.connect("demo://") as client:
            client.capital_flow(CODE)
        kit.settle()
        before = threading.active_count()
        for _ in range(10):
            with pd_capflow.connect("demo://") as client:
                client.capital_distribution(CODE)
        kit.settle()
        assert threading.active_count() == before


class TestProcesses:
    def test_a_process_that_closes_nothing_ends_by_itself(self, gateway, kit):
        """A client, the shared client and the demo, all left open: no hang, no complaint, no leftover."""
        there = gateway()
        done = python(
            """
            import sys, pd_capflow
            client = pd_capflow.connect(sys.argv[1])
            print(client.capital_flow("HK.00700").shape)
            pd_capflow.configure(url="demo://")
            print(pd_capflow.fetch("HK.00700", "day").attrs["capflow"]["source"]["demo"])
            """,
            there.url,
        )
        assert done.stdout.split("\n") == ["(2, 6)", "True", ""]
        assert done.stderr == ""
        assert there.peer(0).gone.wait(kit.bound)

    def test_a_process_whose_main_thread_fails_ends_too(self, gateway, kit):
        there = gateway()
        done = python(
            """
            import os, subprocess, sys
            code = 'import sys, pd_capflow; client = pd_capflow.connect(sys.argv[1]); raise SystemExit(7)'
            print(subprocess.run([sys.executable, '-c', code, sys.argv[1]], timeout=30).returncode)
            """,
            there.url,
        )
        assert done.stdout == "7\n"
        assert there.peer(0).gone.wait(kit.bound)

    def test_a_call_in_another_thread_keeps_no_process_alive(self, gateway, kit):
        """A daemon thread waits for an answer that never comes."""

        def silent(peer):
            peer.handshake()
            peer.until_gone()

        there = gateway(silent)
        python(
            """
            import sys, threading, pd_capflow
            client = pd_capflow.connect(sys.argv[1], timeout=300)
            threading.Thread(target=client.capital_flow, args=("HK.00700",), daemon=True).start()
            """,
            there.url,
        )
        assert there.peer(0).gone.wait(kit.bound)

    def test_an_async_process_that_closes_nothing_ends_by_itself(self, gateway, kit):
        there = gateway()
        python(
            """
            import asyncio, sys, pd_capflow
            async def main():
                client = await pd_capflow.connect_async(sys.argv[1])
                print((await client.capital_flow("HK.00700")).shape)
            asyncio.run(main())
            """,
            there.url,
            strict=False,
        )
        assert there.peer(0).gone.wait(kit.bound)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    def test_a_forked_child_uses_its_parents_client(self, gateway):
        """It makes a thread and a connection of its own; the parent's stay as they are."""
        there = gateway()
        done = python(
            """
            import os, sys, pd_capflow
            client = pd_capflow.connect(sys.argv[1], timeout=5)
            client.capital_flow("HK.00700")
            pd_capflow.configure(url="demo://")
            pd_capflow.fetch("HK.00700", "day")
            child = os.fork()
            if child == 0:
                try:
                    assert client.capital_flow("US.AAPL").shape == (2, 6)
                    assert len(pd_capflow.fetch("HK.00700", "day"))
                    client.close()
                    os._exit(3)
                except BaseException as error:
                    print(repr(error), file=sys.stderr, flush=True)
                    os._exit(4)
            _, status = os.waitpid(child, 0)
            assert client.connected
            assert client.capital_flow("SH.600519").shape == (2, 6)
            assert len(pd_capflow.fetch("HK.00700", "day"))
            print(os.waitstatus_to_exitcode(status))
            """,
            there.url,
            strict=False,
        )
        assert done.stdout == "3\n", done.stderr
        assert there.requests == [(0, CODE), (1, "US.AAPL"), (0, "SH.600519")]

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    def test_a_forked_child_inherits_no_lock(self, gateway):
        """A thread of the parent holds every lock there is at the moment of the fork."""
        there = gateway()
        done = python(
            """
            import os, sys, threading, pd_capflow
            from pd_capflow.client import demo, pacing, portal, shared
            client = pd_capflow.connect(sys.argv[1], timeout=5)
            client.capital_flow("HK.00700")
            held, forked = threading.Event(), threading.Event()

            def hold():
                ledgers = client._async._pacer._ledgers
                ledger = ledgers.of(3211)
                budget = (pacing._lock, ledgers._lock, ledger._lock)
                with budget[0], budget[1], budget[2], portal._io.lock, shared._lock, demo._lock:
                    held.set()
                    forked.wait()

            threading.Thread(target=hold).start()
            held.wait()
            child = os.fork()
            if child == 0:
                try:
                    assert client.capital_flow("US.AAPL").shape == (2, 6)
                    assert client.capital_distribution("US.AAPL").shape == (1, 8)
                    assert pd_capflow.connect(sys.argv[1]).capital_flow("US.AAPL").shape == (2, 6)
                    assert len(pd_capflow.connect("demo://").capital_flow("HK.00700", "day"))
                    pd_capflow.configure(url="demo://")
                    assert len(pd_capflow.fetch("HK.00700", "day"))
                    os._exit(3)
                except BaseException as error:
                    print(repr(error), file=sys.stderr, flush=True)
                    os._exit(4)
            forked.set()
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            """,
            there.url,
        )
        assert done.stdout == "3\n", done.stderr

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    def test_a_forked_child_ends_in_good_order(self, gateway, kit):
        """Through the interpreter's own end, with what it inherited and what it made itself."""
        there = gateway()
        done = python(
            """
            import os, sys, pd_capflow
            client = pd_capflow.connect(sys.argv[1], timeout=5)
            child = os.fork()
            if child == 0:
                client.capital_flow("US.AAPL")
                sys.exit(5)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
            client.capital_flow("HK.00700")
            """,
            there.url,
            strict=False,
        )
        assert done.stdout == "5\n", done.stderr
        assert there.requests == [(1, "US.AAPL"), (0, CODE)]
        assert there.peer(1).gone.wait(kit.bound)
