"""The I/O thread: one event loop in one daemon thread, shared by every synchronous client of a process.

So a synchronous call works inside a notebook's running loop without touching that loop, and forgetting
to close a client keeps no process alive.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

__all__ = ["Portal", "current_portal"]

T = TypeVar("T")

_GOODBYE_SECONDS = 1.0


class Portal:
    """An event loop in a daemon thread, entered from other threads."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="pd_capflow-io", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start work on the loop and return its future."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work on the loop and return its result; an interrupt cancels the work."""
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("a synchronous call on the I/O thread would wait for itself; use AsyncClient")
        call = _Call(work)
        self.loop.call_soon_threadsafe(call.start, self.loop)
        try:
            return call.result()
        except asyncio.CancelledError:
            raise RuntimeError("the I/O thread was stopped during the call") from None
        except BaseException:
            self.loop.call_soon_threadsafe(call.cancel)
            raise

    def stop(self) -> None:
        """End all work and the thread."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(_GOODBYE_SECONDS)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            self.loop.run_until_complete(self._cancel_rest())
        finally:
            self.loop.close()

    async def _cancel_rest(self) -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


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
        self._task.add_done_callback(lambda _: self._under_way.release())

    def cancel(self) -> None:
        """Give up; on the loop."""
        if self._task is not None:
            self._task.cancel()

    def result(self) -> T:
        """Wait, and return or raise what came of it; in the thread that waits."""
        self._under_way.acquire()
        assert self._task is not None  # noqa: S101  # for the type checker: it has been started, and ended
        return self._task.result()


_portal: Portal | None = None
_lock = threading.Lock()


def current_portal() -> Portal:
    """Return this process's portal, and start it if there is none."""
    global _portal  # one for each process, and made late
    with _lock:
        if _portal is None:
            _portal = Portal()
            atexit.register(_portal.stop)
        return _portal


def _forget() -> None:
    # A forked child has the portal's memory but not its thread.
    global _portal, _lock  # as above
    _portal, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
