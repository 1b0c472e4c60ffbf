"""What a recorder has at hand and its store has not: what is written first, and what goes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    import pandas as pd

    from pd_capflow.store.recorder.answers import Answers
    from pd_capflow.store.recorder.tasks import Task

__all__ = ["Held", "Shelf"]

# Answers of 30 codes each, at 1 MB: what 600 codes are asked in three sessions.
_MOST = 200


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Rows at hand, of the answers to some tasks of one kind."""

    tasks: Sequence[Task]
    answers: Answers
    frame: pd.DataFrame

    @property
    def what(self) -> str:
        """What was asked, which tells the table that it is for."""
        return self.tasks[0].what

    @property
    def part(self) -> tuple[str, date]:
        """What of which session: mostly one file of a table."""
        return self.tasks[0].what, self.tasks[0].session

    @property
    def is_sweep(self) -> bool:
        """Whether it was asked for after the close."""
        return self.tasks[0].is_sweep

    @property
    def codes(self) -> set[str]:
        """Whose answers these are."""
        return {task.code for task in self.tasks}


class Shelf:
    """Holds answers in the order in which they came."""

    def __init__(self) -> None:
        self._held: list[Held] = []
        self._failed: dict[Any, int] = {}  # by answer and by part: the number of the try that failed last
        self._tries = 0

    def __iter__(self) -> Any:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, held: object) -> bool:
        return held in self._held

    def put(self, held: Held, is_served: Callable[[Held], bool]) -> list[Held]:
        """Hold an answer in the place of what it holds too; return what there is no more room for.

        Parameters
        ----------
        held : Held
        is_served : callable
            Tells whether a gateway serves an answer's session still, so that it can be asked again.
        """
        self._held = [each for each in self._held if not _covers([held], each)] + [held]
        if len(self._held) <= _MOST:
            return []
        gone = min(self._held, key=lambda each: self._worth(each, is_served(each)))
        self.remove(gone)
        return [gone]

    def _worth(self, held: Held, is_served: bool) -> tuple[bool, bool, bool]:
        """Return what to compare answers by, that of the least loss first."""
        later = self._held[self._held.index(held) + 1 :]
        return not _covers(later, held), not is_served, held.is_sweep

    def to_try(self, what: str) -> list[Held]:
        """Return answers in the order in which they are to be written.

        What has failed comes last, and before it the rest of the same session, so that one that can never be
        written keeps no other waiting for long.
        """
        mine = [held for held in self._held if held.what == what]
        return sorted(mine, key=lambda held: (self._failed.get(held.part, 0), self._failed.get(held, 0)))

    def failed(self, held: Held) -> None:
        """Take note that an answer could not be written."""
        self._tries += 1
        self._failed[held] = self._failed[held.part] = self._tries

    def remove(self, held: Held) -> None:
        """Hold an answer no longer."""
        self._held = [each for each in self._held if each is not held]
        known = {*self._held, *(each.part for each in self._held)}
        self._failed = {about: number for about, number in self._failed.items() if about in known}


def _covers(later: Sequence[Held], held: Held) -> bool:
    """Tell whether later answers hold all that an earlier one does: a sweep's is held by a sweep's alone."""
    alike = [each for each in later if each.part == held.part and each.is_sweep >= held.is_sweep]
    return held.codes <= set().union(*(each.codes for each in alike))
