"""The keeper of a recorder: puts into the store what came, and sorts it when there is nothing else to do.

It writes on a thread of its own, since a commit blocks. An answer that cannot be kept is held until it can.
Whatever ends it, a commit under way is finished first.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pd_capflow.client.backoff import pauses
from pd_capflow.errors import StoreError
from pd_capflow.store.recorder.halt import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from pd_capflow.store import Store
    from pd_capflow.store.recorder.halt import Halt
    from pd_capflow.store.recorder.logbook import Logbook

__all__ = ["LONGEST_PAUSE_S", "Keeper"]

#: Seconds between two tries at most.
LONGEST_PAUSE_S = 60.0


class Keeper:
    """Writes to a store."""

    def __init__(self, store: Store, book: Logbook, halt: Halt) -> None:
        self._store, self._book, self._halt = store, book, halt
        self._untidy = 0

    async def keep(self, frame: pd.DataFrame, is_too_late: Callable[[], bool]) -> StoreError | None:
        """Write, again and again if need be; return why it was not done where it is too late for that."""
        waits = pauses(LONGEST_PAUSE_S)
        while True:
            self._book.say("saving")
            try:
                rows = await whole(asyncio.to_thread(self._store.write, frame))
            except StoreError as error:
                self._book.not_kept(error)
                if is_too_late():
                    return error
                await self._halt.pause(next(waits) + 0.25)
            else:
                self._untidy += rows
                self._book.kept(rows)
                return None

    async def tidy(self) -> None:
        """Sort what many commits have written, if any were since."""
        if not self._untidy:
            return
        self._untidy = 0
        try:
            self._book.sorted(await whole(asyncio.to_thread(self._store.compact)))
        except StoreError as error:
            self._book.not_sorted(error)
