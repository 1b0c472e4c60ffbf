"""What a recorder's plan remembers: what was asked when, what failed, what is settled, and what is missed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from pd_capflow.store.recorder.tasks import Key, Miss

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import date, datetime

    from pd_capflow.store.recorder.tasks import Task

__all__ = ["Memory"]

_AGAIN = timedelta(minutes=1)
_LONGEST = timedelta(minutes=15)


@dataclass(slots=True)
class _Trouble:
    """How often a task failed, when it may be tried again, if it may, and why it failed."""

    times: int
    after: datetime | None
    why: str


@dataclass(slots=True)
class Memory:
    """Of one plan.

    Attributes
    ----------
    misses : list of Miss
        What was given up, in that order.
    asked : dict of str to datetime
        When a code was asked for its minutes last.
    kept : dict of str to datetime
        Up to when the minutes of each code are kept; of one that has none, when it was asked.
    seen : dict of str to date
        The last session that a code was looked at in.
    """

    misses: list[Miss] = field(default_factory=list)
    asked: dict[str, datetime] = field(default_factory=dict)
    kept: dict[str, datetime] = field(default_factory=dict)
    seen: dict[str, date] = field(default_factory=dict)
    _settled: set[Key] = field(default_factory=set)
    _trouble: dict[Key, _Trouble] = field(default_factory=dict)

    def __len__(self) -> int:
        """How much of sessions is remembered."""
        return len(self._settled) + len(self._trouble)

    def settle(self, key: Key) -> None:
        """Remember that nothing more is to come."""
        self._trouble.pop(key, None)
        self._settled.add(key)

    def is_settled(self, key: Key) -> bool:
        """Tell whether nothing more is to come."""
        return key in self._settled

    def done(self, task: Task, now: datetime, until: datetime | None) -> None:
        """Remember that a task was answered, and of which time the last row is."""
        if task.what == "intraday":
            self.asked[task.code], self.kept[task.code] = now, until or now
        self._trouble.pop(task.key, None)
        if task.is_sweep:
            self.settle(task.key)

    def failed(self, task: Task, now: datetime, why: str) -> None:
        """Remember that a task failed; one of a sweep comes again after a pause that grows."""
        if not task.is_sweep:
            self.asked[task.code] = now  # the next checkpoint comes anyway
            return
        before = self._trouble.get(task.key)
        times = before.times + 1 if before else 1
        pause = min(_AGAIN * 2 ** min(times - 1, 10), _LONGEST)
        self._trouble[task.key] = _Trouble(times, now + pause, why)

    def held(self, task: Task, now: datetime, why: str) -> None:
        """Remember that a task was answered, but not kept: it does not come again by itself."""
        if task.is_sweep:
            self._trouble[task.key] = _Trouble(0, None, why)
        else:
            self.asked[task.code] = now

    def is_held(self, key: Key) -> bool:
        """Tell whether there is an answer that could not be kept so far."""
        trouble = self._trouble.get(key)
        return trouble is not None and trouble.after is None

    def missed(self, key: Key, why: str) -> None:
        """Remember that something never comes."""
        self.settle(key)
        self.misses.append(Miss(*key, why))

    def why(self, key: Key) -> str:
        """Return why something has not come so far; nothing if it has not failed."""
        trouble = self._trouble.get(key)
        return trouble.why if trouble else ""

    def again(self, key: Key) -> datetime | None:
        """Return when something that has failed may be asked for again."""
        trouble = self._trouble.get(key)
        return trouble.after if trouble else None

    def keep(self, codes: Collection[str], is_known: Callable[[Key], bool]) -> None:
        """Forget all of other codes, and of sessions that are not known any more; but not what is missed."""
        self._settled = {key for key in self._settled if key.code in codes and is_known(key)}
        self._trouble = {key: why for key, why in self._trouble.items() if key.code in codes}
        self.asked = {code: at for code, at in self.asked.items() if code in codes}
        self.kept = {code: at for code, at in self.kept.items() if code in codes}
        self.seen = {code: day for code, day in self.seen.items() if code in codes}

    def rewind(self, now: datetime, is_past: Callable[[Key], bool]) -> None:
        """Forget what a clock has told that ran ahead, also what was missed by it alone."""
        self._settled = {key for key in self._settled if is_past(key)}
        self.misses[:] = [miss for miss in self.misses if is_past(Key(*miss[:3]))]
        self.asked = {code: at for code, at in self.asked.items() if at <= now}
        self.kept = {code: at for code, at in self.kept.items() if at <= now}
        self._trouble, self.seen = {}, {}
