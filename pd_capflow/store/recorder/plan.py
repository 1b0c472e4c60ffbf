"""What a recorder has to ask, and when: pure, by the clock that it is told.

Minutes are served until the next session begins, and a later answer holds all that an earlier one held.
So a checkpoint that was missed costs nothing, and is never made up for: what counts is the sweep after the
close, which is tried until the next open. Checkpoints keep the loss small if the recorder is not there
then, and are spread over the interval so that they fit into the rate budget.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from pd_capflow.store.recorder.checkpoints import offset_of
from pd_capflow.store.recorder.look import Look
from pd_capflow.store.recorder.memory import Memory
from pd_capflow.store.recorder.tasks import SWEEP, Key, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from pd_capflow.security import Security
    from pd_capflow.store.calendar import Calendar, Session
    from pd_capflow.store.recorder.tasks import Miss

__all__ = ["Plan"]

# A clock that is set back by less was not wrong enough to have done any harm.
_SET_BACK = timedelta(minutes=1)
# So long after a close nothing more comes: delayed quotes lag by a quarter of an hour.
_LAST_WORD = timedelta(minutes=30)
_OVERTAKEN = "the next session began before it was asked for"


def _urgency(task: Task) -> tuple[datetime, int]:
    return task.due, SWEEP.index(task.what)


@dataclass
class Plan:
    """Says what is due, and when to look again.

    Parameters
    ----------
    codes : sequence of Security
        What is recorded.
    calendars : mapping of str to Calendar
        By the market's prefix; one for each market of the codes.
    every : timedelta
        How often each code is asked while its market is open.
    begun : datetime
        When the recording began; aware.

    Examples
    --------
    >>> from datetime import UTC, date, datetime
    >>> from pd_capflow.security import Security
    >>> from pd_capflow.store.almanac import calendar_of
    >>> calendars = {"HK": calendar_of("HK", date(2026, 3, 2), date(2026, 3, 6))}
    >>> noon = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
    >>> plan = Plan([Security.parse("HK.00700")], calendars, timedelta(minutes=10), noon)
    >>> [(task.what, f"{task.due:%H:%M}") for task in plan.due(noon)]
    [('intraday', '12:00')]
    >>> plan.done(plan.due(noon)[0], noon)
    >>> f"{plan.wake(noon):%H:%M}"
    '13:10'
    """

    codes: Sequence[Security]
    calendars: Mapping[str, Calendar]
    every: timedelta
    begun: datetime
    memory: Memory = field(default_factory=Memory)
    _aims: dict[str, date | None] = field(default_factory=dict)
    _look: Look | None = None
    _shown: datetime | None = None

    def renew(
        self, codes: Sequence[Security], calendars: Mapping[str, Calendar], every: timedelta, now: datetime
    ) -> None:
        """Go on with other codes, as where a watchlist has changed, and with what calendars tell now.

        What was owed of the codes before is told first; what no calendar tells of any more is forgotten.
        """
        self._give_up(now)
        self.codes, self.calendars, self.every = codes, calendars, every
        self._look = None
        self.memory.keep({str(code) for code in codes}, self._is_known)

    @property
    def misses(self) -> list[Miss]:
        """What was given up, in that order."""
        return self.memory.misses

    def due(self, now: datetime) -> list[Task]:
        """Return what is to be asked now, the longest due first."""
        if self._shown is not None and now < self._shown - _SET_BACK:
            self._set_back(now)
        self._shown = now
        self._give_up(now)
        tasks = (task for place in range(len(self.codes)) for task in self._tasks(place, now))
        return sorted((task for task in tasks if task.due <= now), key=_urgency)

    def wake(self, now: datetime) -> datetime | None:
        """Return when something more will be due; None where no session is known to come."""
        moments = (at for place in range(len(self.codes)) for at in self._moments(place, now))
        return min((at for at in moments if at > now), default=None)

    def done(self, task: Task, now: datetime, until: datetime | None = None) -> None:
        """Take note that a task was answered, and the answer kept, whose last row is of some time."""
        self.memory.done(task, now, until)

    def failed(self, task: Task, now: datetime, why: str, *, for_good: bool = False) -> None:
        """Take note that a task failed; it comes again later, unless it never can."""
        if for_good:
            self.memory.missed(task.key, why)
        else:
            self.memory.failed(task, now, why)

    def held(self, task: Task, now: datetime, why: str) -> None:
        """Take note that a task was answered, and that the answer cannot be kept yet."""
        self.memory.held(task, now, why)

    def why(self, task: Task) -> str:
        """Return why what a task is about is not there yet."""
        return self.memory.why(task.key) or _OVERTAKEN

    def session(self, task: Task) -> Session | None:
        """Return the session that a task is of; None where no calendar tells of it any more."""
        calendar = self.calendars.get(task.market)
        return calendar.on(task.session) if calendar else None

    def is_last_word(self, task: Task, why: str, now: datetime) -> bool:
        """Tell whether a sweep failed as it did before, so long after the close that it always will."""
        session = self.session(task)
        is_late = session is None or now >= session.closes + _LAST_WORD
        return is_late and self.memory.why(task.key) == why

    def settle(self, key: Key) -> None:
        """Take note that the store holds this already."""
        self.memory.settle(key)

    def has(self, key: Key) -> bool:
        """Tell whether nothing more is to come of this."""
        return self.memory.is_settled(key)

    def sessions(self, now: datetime) -> dict[str, date]:
        """Return the session of each market that a gateway serves now."""
        return {prefix: session.day for prefix, session in self.latest(now).items() if session is not None}

    def latest(self, now: datetime) -> Mapping[str, Session | None]:
        """Return the session of each market that has begun last."""
        return self._at(now).latest

    def is_quiet(self, now: datetime) -> bool:
        """Tell whether no market is open."""
        return all(closed is None or now >= closed for closed in self._at(now).closed.values())

    def is_past(self, key: Key, now: datetime) -> bool:
        """Tell whether a gateway serves a later session than this, or none that is known."""
        served = self._at(now).latest.get(key.market)
        return served is None or key.session < served.day

    def is_finished(self, now: datetime) -> bool:
        """Tell whether every session is over and settled that was there, or about to begin, at first."""
        self._give_up(now)
        return all(self._is_finished(code, now) for code in self.codes)

    def _is_finished(self, code: Security, now: datetime) -> bool:
        aim = self._aim(code.market)
        if aim is None or self.is_settled(str(code), aim):
            return True
        latest = self._at(now).latest[code.market]
        return latest is not None and latest.day > aim

    def _aim(self, prefix: str) -> date | None:
        """Return the session that a recording until the close is about: today's, or the last one."""
        if prefix not in self._aims:
            calendar = self.calendars[prefix]
            today = self.begun.astimezone(calendar.market.tzinfo).date()
            session = calendar.on(today) or calendar.latest(self.begun)
            self._aims[prefix] = session.day if session else None
        return self._aims[prefix]

    def _is_known(self, key: Key) -> bool:
        sessions = self.calendars[key.market].sessions
        return bool(sessions) and key.session >= sessions[0].day

    def is_settled(self, code: str, day: date) -> bool:
        """Tell whether nothing more is to come of a session of a code."""
        return all(self.memory.is_settled(Key(code, day, what)) for what in SWEEP)

    def _at(self, now: datetime) -> Look:
        if self._look is None or self._look.at != now:
            self._look = Look(now, self.calendars, self.every)
        return self._look

    def _tasks(self, place: int, now: datetime) -> list[Task]:
        look, code = self._at(now), self.codes[place]
        session, closed = look.latest[code.market], look.closed[code.market]
        if session is None or closed is None:
            return []
        self.memory.seen[str(code)] = session.day
        if now >= closed:
            return self._sweep(str(code), session.day, closed)
        return self._checkpoint(place, session, now)

    def _sweep(self, code: str, day: date, closed: datetime) -> list[Task]:
        keys = (Key(code, day, what) for what in SWEEP)
        left = (key for key in keys if not (self.memory.is_settled(key) or self.memory.is_held(key)))
        return [Task(self.memory.again(key) or closed, key.what, code, day, True) for key in left]

    def _checkpoint(self, place: int, session: Session, now: datetime) -> list[Task]:
        code = str(self.codes[place])
        if self.memory.is_settled(Key(code, session.day, "intraday")):
            return []  # refused for good
        asked = self.memory.asked.get(code)
        last, _ = self._at(now).turns(self.codes[place].market, self._offset(place))
        if asked is None:  # who has just begun asks at once: nobody knows how long he will be there
            last = last or session.opens
        if last is None or (asked is not None and asked >= last):
            return []
        return [Task(last, "intraday", code, session.day, False)]

    def _moments(self, place: int, now: datetime) -> Iterator[datetime]:
        look, market = self._at(now), self.codes[place].market
        closed, (_, turn) = look.closed[market], look.turns(market, self._offset(place))
        yield from (task.due for task in self._tasks(place, now))
        yield from (moment for moment in (closed, turn) if moment is not None)

    def _offset(self, place: int) -> timedelta:
        return offset_of(place, len(self.codes), self.every)

    def _set_back(self, now: datetime) -> None:
        """Forget what a clock has told that ran ahead, of all sessions that are served still or to come."""
        self.memory.rewind(now, lambda key: self.is_past(key, now))
        self.begun, self._aims = min(self.begun, now), {}

    def _give_up(self, now: datetime) -> None:
        """Take for missed what later sessions have overtaken."""
        for code in self.codes:
            latest, seen = self._at(now).latest[code.market], self.memory.seen.get(str(code))
            if seen is None or latest is None or latest.day <= seen:
                continue
            for session in self.calendars[code.market].between(seen, latest.day)[:-1]:
                self._overtaken(str(code), session.day)

    def _overtaken(self, code: str, day: date) -> None:
        for key in (Key(code, day, what) for what in SWEEP):
            if not (self.memory.is_settled(key) or self.memory.is_held(key)):
                self.memory.missed(key, self.memory.why(key) or _OVERTAKEN)
