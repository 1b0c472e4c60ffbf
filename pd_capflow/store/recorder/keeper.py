"""The keeper of a recorder: puts into the store what came, and sorts it when there is nothing else to do.

It writes on a thread of its own, since a commit blocks; whatever ends the recorder, a commit under way is
finished first. What cannot be written is held until it can, while others are asked: a gateway serves their
minutes until the next open only, and a disk may be full for longer.

A table that could not be written is left alone for a while, longer each time, and costs one try then; the
others are written meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pd_capflow.client.backoff import pauses
from pd_capflow.errors import StoreError
from pd_capflow.store.recorder.halt import whole
from pd_capflow.store.recorder.shelf import Shelf
from pd_capflow.store.recorder.tasks import SWEEP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pd_capflow.store import Store
    from pd_capflow.store.recorder.logbook import Logbook
    from pd_capflow.store.recorder.shelf import Held

__all__ = ["LONGEST_PAUSE_S", "Keeper"]

#: Seconds between two tries at most.
LONGEST_PAUSE_S = 60.0


@dataclass(slots=True)
class _Fault:
    """Why a table could not be written, and when it may be tried again, on the loop's clock."""

    why: StoreError
    after: float = 0.0
    waits: Iterator[float] = field(default_factory=lambda: pauses(LONGEST_PAUSE_S))

    def again(self, why: StoreError, now: float) -> None:
        self.why, self.after = why, now + next(self.waits) + 0.25


class Keeper:
    """Writes to a store."""

    def __init__(self, store: Store, book: Logbook) -> None:
        self._store, self._book = store, book
        self._shelf = Shelf()
        self._faults: dict[str, _Fault] = {}
        self._untidy = 0

    @property
    def held(self) -> list[Held]:
        """What is not written yet, the oldest first."""
        return list(self._shelf)

    def take(self, held: Held, is_served: Callable[[Held], bool]) -> list[Held]:
        """Hold an answer; return what there is no more room for."""
        return self._shelf.put(held, is_served)

    def why(self, held: Held) -> StoreError | None:
        """Return why an answer is not written yet; None where it is, or is not held."""
        fault = self._faults.get(held.what)
        return fault.why if fault and held in self._shelf else None

    async def write(self, then: Callable[[Held], None], *, at_once: bool = False) -> None:
        """Write what is held, and do something after each.

        Parameters
        ----------
        then : callable
            Is told each answer that is written.
        at_once : bool
            Whether to try also tables that could not be written a moment ago.
        """
        for what in SWEEP:
            if at_once or self._left(what) <= 0:
                await self._write(what, then)
        if self._shelf:
            self._book.stuck()

    async def _write(self, what: str, then: Callable[[Held], None]) -> None:
        for held in self._shelf.to_try(what):
            self._book.say("saving")
            try:
                rows = await whole(asyncio.to_thread(self._store.write, held.frame))
            except StoreError as error:
                self._shelf.failed(held)
                self._faults.setdefault(what, _Fault(error)).again(error, _monotonic())
                self._book.not_kept(what, error)
                return
            self._shelf.remove(held)
            self._untidy += rows
            self._book.kept(rows)
            then(held)
        self._faults.pop(what, None)
        self._book.all_kept(what)

    @property
    def next_try(self) -> float | None:
        """Seconds until something that is held may be written; None where nothing is held."""
        return min((self._left(held.what) for held in self._shelf), default=None)

    def _left(self, what: str) -> float:
        fault = self._faults.get(what)
        return max(fault.after - _monotonic(), 0.0) if fault else 0.0

    async def tidy(self) -> None:
        """Sort what many commits have written, if any were since."""
        if not self._untidy:
            return
        self._untidy = 0
        try:
            self._book.sorted(await whole(asyncio.to_thread(self._store.compact)))
        except StoreError as error:
            self._book.not_sorted(error)


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
