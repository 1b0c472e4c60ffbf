"""How a recorder is told to end, and how it does things so that it hears of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import TypeVar

    T = TypeVar("T")

__all__ = ["Halt", "HaltedError", "whole"]


class HaltedError(Exception):
    """It is time to end."""


class Halt:
    """The end of something on a loop, which may be called for at any moment; made on that loop."""

    def __init__(self) -> None:
        self._called = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def call(self) -> None:
        """Call for the end; on the loop."""
        self._called.set()

    def call_soon(self) -> None:
        """Call for the end; from any thread, also when the loop is gone."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.call)

    async def pause(self, seconds: float) -> None:
        """Wait; raise `HaltedError` when it is time to end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._called.wait(), seconds)
            raise HaltedError

    async def unless(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work; cancel it and raise `HaltedError` when it is time to end."""
        mine, halt = asyncio.ensure_future(work), asyncio.ensure_future(self._called.wait())
        try:
            await asyncio.wait({mine, halt}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            halt.cancel()
            if not mine.done():
                mine.cancel()
        if mine.cancelled() or not mine.done():
            raise HaltedError
        return mine.result()


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """Do work that must not be cut in two: who is cancelled meanwhile waits for its end."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(Exception):
            await task
        raise
