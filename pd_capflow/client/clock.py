"""The clock that pacing goes by: the system's, or one that a caller brings along to simulate time."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Protocol

__all__ = ["MONOTONIC", "PacingClock"]


class PacingClock(Protocol):
    """What pacing needs of a clock."""

    def now(self) -> float:
        """Return seconds, of which only differences mean something; they never go back."""

    async def sleep(self, seconds: float, until: asyncio.Event) -> None:
        """Return after so many seconds, or as soon as the event is set."""


class _Monotonic:
    """The system's clock since boot: one for all processes, and nobody sets it forward or back."""

    def now(self) -> float:
        """Return seconds since some moment before now."""
        return time.monotonic()

    async def sleep(self, seconds: float, until: asyncio.Event) -> None:
        """Return after so many seconds, or as soon as the event is set."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await until.wait()


MONOTONIC: PacingClock = _Monotonic()
