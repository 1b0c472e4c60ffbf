"""The recorder: asks what its plan has due, has it kept, and sleeps until there is more.

It lives on the I/O thread.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pd_capflow.client.backoff import pauses
from pd_capflow.errors import BatchError, CapflowError
from pd_capflow.store.recorder.answers import Answers, reason
from pd_capflow.store.recorder.checkpoints import stretched
from pd_capflow.store.recorder.halt import Halt, HaltedError, whole
from pd_capflow.store.recorder.keeper import LONGEST_PAUSE_S, Keeper
from pd_capflow.store.recorder.logbook import Logbook
from pd_capflow.store.recorder.plan import Plan
from pd_capflow.store.recorder.questions import batch_of, check_kind, of_our_kind, question
from pd_capflow.store.recorder.resume import settled
from pd_capflow.store.recorder.roll import called
from pd_capflow.store.recorder.shelf import Held
from pd_capflow.store.recorder.verdicts import give_up, refuse, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.client import AsyncClient, SpreadClient
    from pd_capflow.flow.selectors import Selection
    from pd_capflow.store import Store
    from pd_capflow.store.recorder.status import Status
    from pd_capflow.store.recorder.tasks import Miss, Task

__all__ = ["Recorder", "Until", "wall_clock"]

Until = Literal["close", "forever"]

_RENEWED_AFTER = timedelta(minutes=1)


def wall_clock() -> datetime:
    """Return what time it is; aware."""
    return datetime.now(UTC)


class Recorder:
    """Records codes until it is told to stop, or has all.

    Parameters
    ----------
    store : Store
        Where to.
    selection : Selection
        What; words for several codes are looked up again at every open.
    every : timedelta
        How often each code is asked while its market is open, if the rate budget allows.
    until : {"close", "forever"}
        Whether to end when the markets have closed and all was asked for.
    now : callable
        The market's clock; aware datetimes.
    nap : float
        Seconds after which the clock is looked at again at the latest: a machine may have slept.
    watch : callable, optional
        Is told every `Status`, on the I/O thread.
    """

    def __init__(
        self,
        store: Store,
        selection: Selection,
        *,
        every: timedelta,
        until: Until,
        now: Callable[[], datetime] = wall_clock,
        nap: float = 20.0,
        watch: Callable[[Status], object] | None = None,
    ) -> None:
        self._store, self._selection, self._every, self._until = store, selection, every, until
        self._now, self._nap = now, nap
        self._halt, self._book = Halt(), Logbook(now, watch)
        self._keeper = Keeper(store, self._book)
        self._plan: Plan | None = None
        self._client: Any = None
        self._known: dict[str, Any] = {}
        self._renewed = datetime.min.replace(tzinfo=UTC)
        self._pauses = pauses(LONGEST_PAUSE_S)

    @property
    def misses(self) -> list[Miss]:
        """What could not be recorded, in the order in which it was given up."""
        return list(self._plan.misses) if self._plan else []

    def stop(self) -> None:
        """Have it end; on the loop."""
        self._halt.call()

    def stop_soon(self) -> None:
        """Have it end; from any thread, also when its loop is gone."""
        self._halt.call_soon()

    async def run(self, client: AsyncClient | SpreadClient) -> Status:
        """Record.

        Raises
        ------
        CapflowError
            If it cannot begin: no gateway, no such codes, a store that this gateway's data must not get
            into, or a path that there can be no store at. Later failures are tried again.
        """
        self._client = client
        try:
            await self._halt.unless(self._begin())
            while not self._is_finished():
                await self._step()
            await self._keeper.write(self._settle, at_once=True)
            self._let_go()
            await self._keeper.tidy()
            self._book.ended("done")
        except HaltedError:
            self._let_go()
            self._book.ended("stopped")
        except BaseException as error:
            self._book.ended("failed", error)
            raise
        return self._book.status

    async def _begin(self) -> None:
        await self._client.connect()
        check_kind(self._client, self._store)
        await whole(asyncio.to_thread(self._store.make))  # where there can be none, waiting is of no use
        await self._renew()

    def _is_finished(self) -> bool:
        return self._until == "close" and self._here.is_finished(self._now())

    @property
    def _here(self) -> Plan:
        assert self._plan is not None, "run() makes it"  # noqa: S101  # for the type checker
        return self._plan

    async def _step(self) -> None:
        """Do one batch of what is due, or wait until something is."""
        await self._keeper.write(self._settle)  # what could not be a moment ago
        await self._renew_if_due()
        now = self._now()
        tasks = self._here.due(now)
        self._book.missed()
        if tasks:
            await self._do(batch_of(tasks))
        elif not self._is_finished():
            if self._here.is_quiet(now):
                await self._keeper.tidy()
            await self._wait_for(self._here.wake(now))

    async def _do(self, tasks: list[Task]) -> None:
        answers = await self._ask(tasks)
        if answers.lost is not None:
            return await self._gateway_lost(tasks, answers.lost)
        self._pauses = pauses(LONGEST_PAUSE_S)
        self._book.answered(tasks, answers)
        refuse(self._here, answers, tasks, self._now())
        came = [task for task in tasks if task.code not in answers.errors]
        if came and answers.frame is not None:
            await self._keep(Held(came, answers, answers.frame))
        return None

    async def _ask(self, tasks: list[Task]) -> Answers:
        codes = [task.code for task in tasks]
        self._book.asking(tasks)
        try:
            frame = await self._halt.unless(question(self._client, tasks[0], codes))
        except BatchError as error:
            answers = Answers(error.frame, error.errors)
        except CapflowError as error:
            answers = Answers(None, dict.fromkeys(codes, error))
        else:
            answers = Answers(frame)
        answers = of_our_kind(answers, codes, self._client, self._store)
        self._book.came(tasks, answers)
        return answers

    async def _keep(self, held: Held) -> None:
        """Have an answer kept; while it cannot be, it is not asked for again."""
        if dropped := self._keeper.take(held, self._is_served):
            self._give_up(dropped)
        await self._keeper.write(self._settle)
        why = self._keeper.why(held)
        if why is not None:
            for task in held.tasks:
                self._here.held(task, self._now(), reason(why))

    def _is_served(self, held: Held) -> bool:
        return not self._here.is_past(held.tasks[0].key, self._now())

    def _settle(self, held: Held) -> None:
        settle(self._here, held, self._now(), self._book)

    def _give_up(self, dropped: list[Held]) -> None:
        give_up(self._here, dropped, self._now())
        self._book.missed()

    def _let_go(self) -> None:
        """Tell what is not kept in the end, and what of it nobody can ask for again."""
        if held := self._keeper.held:
            self._book.let_go(sum(self._is_served(each) for each in held))
            self._give_up(held)

    async def _gateway_lost(self, tasks: list[Task], error: Exception) -> None:
        if self._client.link.status == "closed":
            raise error  # and no time will bring it back
        now = self._now()
        for task in tasks:
            if task.is_sweep:
                self._here.failed(task, now, reason(error))
        self._book.lost(tasks, error)
        await self._halt.pause(next(self._pauses) + 0.25)

    async def _renew_if_due(self) -> None:
        """Look codes and calendars up again when a session has begun somewhere."""
        now = self._now()
        if self._here.sessions(now) == self._known or abs(now - self._renewed) < _RENEWED_AFTER:
            return
        try:
            await self._halt.unless(self._renew())
        except CapflowError as error:
            self._book.not_called(error)
            self._renewed = now

    async def _renew(self) -> None:
        now = self._now()
        roll = await called(self._client, self._selection, now)
        check_kind(self._client, self._store)
        every = stretched(self._every, len(roll.codes), self._client.budget)
        if self._plan is None:
            self._plan = Plan(roll.codes, roll.calendars, every, begun=now)
        self._plan.renew(roll.codes, roll.calendars, every, now)
        self._book.follow(self._plan)
        self._known, self._renewed = self._plan.sessions(now), now
        asked = self._store, roll.codes, roll.calendars, now, self._book.not_read
        for key in await whole(asyncio.to_thread(settled, *asked)):
            self._plan.settle(key)
        self._book.called(roll.codes, every, self._known)

    async def _wait_for(self, wake: datetime | None) -> None:
        again = self._keeper.next_try
        if again is None:
            self._book.waiting(wake)
        left = (wake - self._now()).total_seconds() if wake else self._nap
        await self._halt.pause(max(min(left, self._nap, self._nap if again is None else again), 0.001))
