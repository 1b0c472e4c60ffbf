"""The I/O thread: one event loop in one daemon thread, shared by every synchronous client of a process.

So a synchronous call works inside a notebook's running loop without touching that loop, and forgetting
to close a client keeps no process alive. However the thread ends, nobody is left waiting for it.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar
from weakref import WeakSet

from pd_capflow.errors import DisconnectedError, QueryError

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

__all__ = ["OnePortal", "Portal", "current_portal"]

T = TypeVar("T")

_GOODBYE_SECONDS = 1.0


class _Guest(Protocol):
    async def close(self) -> None:
        """End what it holds open."""


class Portal:
    """An event loop in a daemon thread, entered from other threads."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._calls: set[_Call[Any]] = set()
        self._guests: WeakSet[_Guest] = WeakSet()
        self._ended = False
        self._thread = threading.Thread(target=self._serve, name="pd_capflow-io", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether work can be done on it."""
        return not self._ended and self._thread.is_alive()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start work on the loop and return its future."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work on the loop and return its result; an interrupt cancels the work.

        Raises
        ------
        DisconnectedError
            If the thread ends before the work is done, as it does with the process.
        QueryError
            On the thread itself, where it would wait for ever.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise QueryError(
                "this would wait for itself: a function that is called on the I/O thread, as listeners and "
                "progress functions are, cannot ask there. Start it with client.submit(), which waits for "
                "nothing, or hand it to another thread; in a coroutine use AsyncClient"
            )
        call = _Call(work)
        self._start(call)
        try:
            return call.result()
        except asyncio.CancelledError:
            raise _ended() from None
        except BaseException:
            with suppress(RuntimeError):  # the loop has ended, and the work with it
                self.loop.call_soon_threadsafe(call.cancel)
            raise
        finally:
            self._calls.discard(call)

    def keep(self, guest: _Guest) -> None:
        """Close something when the thread ends, if it is still there; holds on to nothing."""
        self._guests.add(guest)

    def stop(self) -> None:
        """End all work and the thread."""
        if self._thread.is_alive():
            with suppress(RuntimeError):  # it has just ended by itself
                self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(_GOODBYE_SECONDS)

    def _start(self, call: _Call[Any]) -> None:
        with self._lock:
            if not self._ended:
                self._calls.add(call)
                self.loop.call_soon_threadsafe(call.start, self.loop)
                return
        call.abandon()
        raise _ended()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            # Work that raises SystemExit or KeyboardInterrupt ends the loop; its caller is told by its task.
            with suppress(SystemExit, KeyboardInterrupt):
                self.loop.run_forever()
            with self._lock:
                self._ended = True
            self.loop.run_until_complete(self._say_goodbye())
        finally:
            self.loop.close()
            for call in list(self._calls):
                call.abandon()

    async def _say_goodbye(self) -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await asyncio.gather(*[guest.close() for guest in list(self._guests)], return_exceptions=True)
        await asyncio.sleep(0)  # a turn for what closed sockets still have to do


class _Call(Generic[T]):
    """One piece of work for the loop, and the thread that waits for it.

    It does what `asyncio.run_coroutine_threadsafe` does with fewer parts, since every call of every
    synchronous client passes here.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work
        self._task: asyncio.Task[T] | None = None
        self._under_way = threading.Lock()
        self._under_way.acquire()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin; on the loop."""
        self._task = loop.create_task(self._work)
        self._task.add_done_callback(self._release)

    def cancel(self) -> None:
        """Give up; on the loop."""
        if self._task is not None:
            self._task.cancel()

    def abandon(self) -> None:
        """Let go of whoever waits: there is no loop any more."""
        if self._task is None:
            self._work.close()
        self._release()

    def result(self) -> T:
        """Wait, and return or raise what came of it; in the thread that waits."""
        self._under_way.acquire()
        if self._task is None or not self._task.done():
            raise _ended()
        return self._task.result()

    def _release(self, _: object = None) -> None:
        with suppress(RuntimeError):  # released already
            self._under_way.release()


def _ended() -> DisconnectedError:
    return DisconnectedError("the I/O thread of this process has ended, and the call with it")


class OnePortal:
    """At most one portal in a process, started when it is first needed; a forked child has one of its own."""

    def __init__(self) -> None:
        self._portal: Portal | None = None
        self.lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def current(self) -> Portal:
        """Return the portal; start one if there is none, or if its thread has ended."""
        with self.lock:
            if self._portal is None or not self._portal.is_alive:
                self._portal = Portal()
                atexit.register(self._portal.stop)
            return self._portal

    def _forget(self) -> None:
        # A forked child has the portal's memory but not its thread.
        self._portal, self.lock = None, threading.Lock()


_io = OnePortal()


def current_portal() -> Portal:
    """Return this process's portal for input and output."""
    return _io.current()
