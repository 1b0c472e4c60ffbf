"""The keeper of a recorder: puts into the store what came, and sorts it when there is nothing else to do.

It writes on a thread of its own, since a commit blocks; whatever ends the recorder, a commit under way is
finished first. What cannot be written is held until it can, while others are asked: a gateway serves their
minutes until the next open only, and a disk may be full for longer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pd_capflow.client.backoff import pauses
from pd_capflow.errors import StoreError
from pd_capflow.store.recorder.halt import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from pd_capflow.store import Store
    from pd_capflow.store.recorder.answers import Answers
    from pd_capflow.store.recorder.halt import Halt
    from pd_capflow.store.recorder.logbook import Logbook
    from pd_capflow.store.recorder.tasks import Task

__all__ = ["LONGEST_PAUSE_S", "Held", "Keeper"]

#: Seconds between two tries at most.
LONGEST_PAUSE_S = 60.0
# Answers of 30 codes each, at 1 MB: what 600 codes are asked in three sessions.
_MOST = 200


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Rows at hand, of the answers to some tasks."""

    tasks: Sequence[Task]
    answers: Answers
    frame: pd.DataFrame

    @property
    def name(self) -> tuple[Any, ...]:
        """What it is about: of two alike, the later holds all that the earlier does."""
        first = self.tasks[0]
        return first.what, first.session, *(task.code for task in self.tasks)


class Keeper:
    """Writes to a store."""

    def __init__(self, store: Store, book: Logbook, halt: Halt) -> None:
        self._store, self._book, self._halt = store, book, halt
        self._held: dict[tuple[Any, ...], Held] = {}
        self._waits = pauses(LONGEST_PAUSE_S)
        self._untidy = 0

    @property
    def held(self) -> list[Held]:
        """What is not written yet, the oldest first."""
        return list(self._held.values())

    def take(self, held: Held) -> list[Held]:
        """Hold an answer; return what there is no more room for."""
        self._held.pop(held.name, None)
        self._held[held.name] = held
        return [self._held.pop(next(iter(self._held))) for _ in range(len(self._held) - _MOST)]

    def drop(self) -> list[Held]:
        """Let go of all that is held, and return it."""
        held, self._held = self.held, {}
        return held

    async def write(self, then: Callable[[Held], None]) -> StoreError | None:
        """Write what is held, and do something after each; return why that is not possible."""
        for held in self.held:
            self._book.say("saving")
            try:
                rows = await whole(asyncio.to_thread(self._store.write, held.frame))
            except StoreError as error:
                self._book.not_kept(error)
                return error
            del self._held[held.name]
            self._untidy += rows
            self._book.kept(rows)
            then(held)
        self._waits = pauses(LONGEST_PAUSE_S)
        return None

    async def pause(self) -> None:
        """Wait before the next try, longer each time."""
        await self._halt.pause(next(self._waits) + 0.25)

    async def tidy(self) -> None:
        """Sort what many commits have written, if any were since."""
        if not self._untidy:
            return
        self._untidy = 0
        try:
            self._book.sorted(await whole(asyncio.to_thread(self._store.compact)))
        except StoreError as error:
            self._book.not_sorted(error)
