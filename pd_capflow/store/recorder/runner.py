"""The recorder: asks what its plan has due, keeps what came, and sleeps until there is more.

It lives on the I/O thread and writes on another one, since a commit blocks. An answer that cannot be kept
is held until it can: nothing more is asked meanwhile, since the next answer would only hold the same rows
and more. Whatever ends it, a commit under way is finished first.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pd_capflow.client.backoff import pauses
from pd_capflow.errors import BatchError, CapflowError, GatewayError, StoreError
from pd_capflow.store.calendar import Calendar, calendar_of, question_of
from pd_capflow.store.recorder.answers import Answers, is_for_good, reason
from pd_capflow.store.recorder.checkpoints import stretched
from pd_capflow.store.recorder.plan import Plan
from pd_capflow.store.recorder.questions import (
    about,
    batch_of,
    check_demo,
    check_markets,
    few,
    prefixes,
    question,
)
from pd_capflow.store.recorder.resume import settled
from pd_capflow.store.recorder.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from datetime import tzinfo
    from typing import TypeVar

    import pandas as pd

    from pd_capflow.client import AsyncClient, SpreadClient
    from pd_capflow.flow.selectors import Selection
    from pd_capflow.store import Store
    from pd_capflow.store.recorder.tasks import Miss, Task

    T = TypeVar("T")

__all__ = ["Recorder", "Until", "wall_clock"]

log = logging.getLogger("pd_capflow.recorder")

Until = Literal["close", "forever"]

# What a gateway still lacks after so many sweeps it will not get any more.
_TRIES = 3
# Days around today that calendars are asked for.
_PAST, _COMING = timedelta(days=10), timedelta(days=30)
_LONGEST_PAUSE_S = 60.0
_RENEWED_AFTER = timedelta(minutes=1)


def wall_clock() -> datetime:
    """Return what time it is; aware."""
    return datetime.now(UTC)


class _StoppedError(Exception):
    """The recorder was told to end."""


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
        self.status = Status()
        self._store, self._selection, self._every, self._until = store, selection, every, until
        self._now, self._nap, self._watch = now, nap, watch
        self._plan: Plan | None = None
        self._client: Any = None
        self._known: dict[str, Any] = {}
        self._renewed = datetime.min.replace(tzinfo=UTC)
        self._answered: dict[str, bool] = {}
        self._told = self._untidy = 0
        self._zone: tzinfo = UTC
        self._pauses = pauses(_LONGEST_PAUSE_S)
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    @property
    def misses(self) -> list[Miss]:
        """What could not be recorded, in the order in which it was given up."""
        return list(self._plan.misses) if self._plan else []

    def stop(self) -> None:
        """Have it end; on the loop."""
        self._stop.set()

    def stop_soon(self) -> None:
        """Have it end; from any thread, also when its loop is gone."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.stop)

    async def run(self, client: AsyncClient | SpreadClient) -> Status:
        """Record.

        Raises
        ------
        CapflowError
            If it cannot begin: no gateway, no such codes, or a store that this gateway's data must not
            get into. Later failures are tried again.
        """
        self._client = client
        try:
            await self._unless_stopped(self._begin())
            while not self._is_finished():
                await self._step()
            self._tell_misses()
            await self._tidy()
            self._say("done", next_wake=None)
        except _StoppedError:
            self._say("stopped", next_wake=None)
        except BaseException as error:
            self._say("failed", next_wake=None, trouble=reason(error) if isinstance(error, Exception) else "")
            raise
        return self.status

    async def _begin(self) -> None:
        await self._client.connect()
        check_demo(self._client.source(), self._store)
        await self._renew()

    def _is_finished(self) -> bool:
        return self._until == "close" and self._here.is_finished(self._now())

    @property
    def _here(self) -> Plan:
        assert self._plan is not None, "run() makes it"  # noqa: S101  # for the type checker
        return self._plan

    async def _step(self) -> None:
        """Do one batch of what is due, or wait until something is."""
        await self._renew_if_due()
        now = self._now()
        tasks = self._here.due(now)
        self._tell_misses()
        if tasks:
            await self._do(batch_of(tasks))
        elif not self._is_finished():
            if self._here.is_quiet(now):
                await self._tidy()
            await self._wait_for(self._here.wake(now))

    async def _do(self, tasks: list[Task]) -> None:
        answers = await self._ask(tasks)
        if answers.lost is not None:
            return await self._gateway_lost(tasks, answers.lost)
        self._pauses = pauses(_LONGEST_PAUSE_S)
        if answers.frame is not None and answers.has_rows and not await self._keep(answers.frame, tasks):
            return None
        now = self._now()
        for task in tasks:
            self._settle(task, answers, now)
        self._count(tasks, answers)
        return None

    async def _tidy(self) -> None:
        """Sort what the day's many commits have written, once no market is open any more."""
        if self._untidy:
            self._untidy = 0
            try:
                parts = await _whole(asyncio.to_thread(self._store.compact))
                log.info("= compacted: %d partitions", parts)
            except StoreError as error:  # it reads as well without, only slower
                log.warning("! not compacted: %s", reason(error))

    async def _ask(self, tasks: list[Task]) -> Answers:
        first, codes = tasks[0], [task.code for task in tasks]
        kind = "sweep" if first.is_sweep else "checkpoint"
        log.info(
            "> asked %s of %d codes (%s, %s of %s)", first.what, len(codes), few(codes), kind, first.session
        )
        self._say("asking", next_wake=None)
        try:
            frame = await self._unless_stopped(question(self._client, first, codes))
        except BatchError as error:
            answers = Answers(error.frame, error.errors)
        except CapflowError as error:
            answers = Answers(None, dict.fromkeys(codes, error))
        else:
            answers = Answers(frame)
        for code, why in answers.errors.items():
            log.warning("! %s", about(code, reason(why)))
        came = answers.frame if answers.has_rows else None
        log.info(
            "< %d of %d codes, %d rows",
            len(codes) - len(answers.errors),
            len(codes),
            0 if came is None else len(came),
        )
        return answers

    async def _keep(self, frame: pd.DataFrame, tasks: list[Task]) -> bool:
        """Write, again and again if need be; return whether it was done before the next session began."""
        waits = pauses(_LONGEST_PAUSE_S)
        while True:
            self._say("saving")
            try:
                rows = await _whole(asyncio.to_thread(self._store.write, frame))
            except StoreError as error:
                log.error("! not kept: %s", reason(error))
                self._say("no store", trouble=reason(error))
                if self._until == "close" and self._is_overtaken(tasks[0]):
                    self._give_up(tasks, error)
                    return False
                await self._pause(next(waits) + 0.25)
            else:
                kept = self._now().astimezone(self._zone)
                self._untidy += rows
                self._say("saving", rows=self.status.rows + rows, last_commit=kept, trouble="")
                log.info("= kept: %d rows new or changed", rows)
                return True

    def _settle(self, task: Task, answers: Answers, now: datetime) -> None:
        """Tell the plan what became of a task."""
        error = answers.errors.get(task.code)
        if error is not None:
            return self._here.failed(task, now, reason(error), for_good=is_for_good(error))
        lack = self._lack(task, answers) if task.is_sweep else ""
        if not lack:
            return self._here.done(task, now)
        return self._here.failed(task, now, lack, for_good=self._here.tries(task) + 1 >= _TRIES)

    def _lack(self, task: Task, answers: Answers) -> str:
        session = self._here.calendars[task.code.partition(".")[0]].on(task.session)
        return answers.lack(task.what, task.code, session) if session else ""

    async def _gateway_lost(self, tasks: list[Task], error: Exception) -> None:
        now = self._now()
        for task in tasks:
            if task.is_sweep:
                self._here.failed(task, now, reason(error))
        self._answered.update(dict.fromkeys((task.code for task in tasks), False))
        self._say("no gateway", trouble=reason(error))
        await self._pause(next(self._pauses) + 0.25)

    def _is_overtaken(self, task: Task) -> bool:
        return self._here.sessions(self._now()).get(task.code.partition(".")[0], task.session) > task.session

    def _give_up(self, tasks: list[Task], error: Exception) -> None:
        for task in tasks:
            self._here.failed(task, self._now(), reason(error), for_good=True)

    async def _renew_if_due(self) -> None:
        """Look codes and calendars up again when a session has begun somewhere."""
        now = self._now()
        if self._here.sessions(now) == self._known or now < self._renewed + _RENEWED_AFTER:
            return
        try:
            await self._unless_stopped(self._renew())
        except CapflowError as error:
            log.warning("! codes are not looked up again: %s", reason(error))
            self._renewed = now

    async def _renew(self) -> None:
        choice = await self._client.expand(self._selection, flowing=True)
        codes, now = choice.securities, self._now()
        check_markets(codes)
        calendars = {prefix: await self._calendar(prefix, now) for prefix in prefixes(codes)}
        every = stretched(self._every, len(codes), self._client.budget)
        self._zone = codes[0].home.tzinfo  # times are told by the first code's clock
        if self._plan is None:
            self._plan = Plan(codes, calendars, every, begun=now)
        self._plan.renew(codes, calendars, every)
        self._known, self._renewed = self._plan.sessions(now), now
        for key in await _whole(asyncio.to_thread(settled, self._store, codes, calendars, now)):
            self._plan.settle(key)
        self._say("waiting", codes=len(codes), trouble="")
        told = ", ".join(f"{prefix} {day}" for prefix, day in sorted(self._known.items()))
        log.info("= %d codes each %s; sessions: %s", len(codes), every, told or "none")

    async def _calendar(self, prefix: str, now: datetime) -> Calendar:
        first, last = now.date() - _PAST, now.date() + _COMING
        dates, told = question_of(prefix, first, last), None
        if dates is not None:
            with suppress(GatewayError):  # then others are asked
                told = await self._client.fetch(dates)
        return await asyncio.to_thread(calendar_of, prefix, first, last, told)  # it may have much to load

    async def _wait_for(self, wake: datetime | None) -> None:
        told = wake.astimezone(self._zone) if wake else None
        if (self.status.state, self.status.next_wake) != ("waiting", told):
            log.info("= waits until %s", f"{told:%a %H:%M:%S %Z}" if told else "a session is known to come")
            self._say("waiting", next_wake=told)
        left = (wake - self._now()).total_seconds() if wake else self._nap
        await self._pause(min(max(left, 0.001), self._nap))

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
            raise _StoppedError

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work; cancel it and raise when it is time to stop."""
        mine, stop = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({mine, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            if not mine.done():
                mine.cancel()
        if mine.cancelled() or not mine.done():
            raise _StoppedError
        return mine.result()

    def _count(self, tasks: Sequence[Task], answers: Answers) -> None:
        self._answered.update({task.code: task.code not in answers.errors for task in tasks})
        self._say("waiting")

    def _tell_misses(self) -> None:
        for miss in self._here.misses[self._told :]:
            log.warning("! missing: %s of %s: %s", miss.what, miss.session, about(miss.code, miss.why))
        self._told = len(self._here.misses)

    def _say(self, state: str, **facts: Any) -> None:
        answered, now = sum(self._answered.values()), self._now().astimezone(self._zone)
        counts: dict[str, Any] = {
            "answered": answered,
            "failed": len(self._answered) - answered,
            "settled": self._plan.settled(now) if self._plan else 0,
            "missing": len(self.misses),
        }
        self.status = replace(self.status, state=state, at=now, **counts, **facts)
        if self._watch is not None:
            self._watch(self.status)


async def _whole(work: Coroutine[Any, Any, T]) -> T:
    """Do work that must not be cut in two: who is cancelled meanwhile waits for its end."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(Exception):
            await task
        raise
