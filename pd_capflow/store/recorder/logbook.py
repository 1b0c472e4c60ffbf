"""What a recorder tells: a line an action to the log, and its status to who watches it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from pd_capflow.store.counting import counted
from pd_capflow.store.recorder.answers import reason
from pd_capflow.store.recorder.questions import about, few
from pd_capflow.store.recorder.standing import standings
from pd_capflow.store.recorder.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime, timedelta, tzinfo

    from pd_capflow.security import Security
    from pd_capflow.store.recorder.answers import Answers
    from pd_capflow.store.recorder.plan import Plan
    from pd_capflow.store.recorder.tasks import Task

__all__ = ["Logbook"]

log = logging.getLogger("pd_capflow.recorder")


class Logbook:
    """Keeps the status of a recorder.

    Parameters
    ----------
    now : callable
        The market's clock.
    watch : callable, optional
        Is told every `Status`.

    Attributes
    ----------
    status : Status
        How the recorder stands.
    """

    def __init__(self, now: Callable[[], datetime], watch: Callable[[Status], object] | None = None) -> None:
        self.status = Status()
        self._now, self._watch = now, watch
        self._zone: tzinfo = UTC
        self._plan: Plan | None = None
        self._answered: dict[str, str] = {}  # why not, by code; empty where it was
        self._faults: dict[tuple[str, str], str] = {}  # by code and what, until it is answered or missed
        self._unkept: dict[str, str] = {}  # why answers are held, by what was asked
        self._told = 0

    def follow(self, plan: Plan) -> None:
        """Count what becomes of a plan, and tell times by the clock of its first code."""
        self._plan, self._zone = plan, plan.codes[0].home.tzinfo

    def say(self, state: str, **facts: Any) -> None:
        """Take a state, and tell it to who watches."""
        now = self._now().astimezone(self._zone)
        unanswered = {code: why for code, why in self._answered.items() if why}
        sessions = standings(self._plan, now) if self._plan else ()
        counts: dict[str, Any] = {
            "answered": len(self._answered) - len(unanswered),
            "failed": len(unanswered),
            "settled": sum(each.settled for each in sessions),
            "missing": len(self._plan.misses) if self._plan else 0,
            "unanswered": unanswered,
            "sessions": sessions,
        }
        self.status = replace(self.status, state=state, at=now, **counts, **facts)
        if self._watch is not None:
            self._watch(self.status)

    def called(self, codes: Sequence[Security], every: timedelta, sessions: dict[str, Any]) -> None:
        """Tell what is recorded from now on."""
        names = {str(code) for code in codes}
        self._answered = {code: came for code, came in self._answered.items() if code in names}
        self._faults = {about: why for about, why in self._faults.items() if about[0] in names}
        self.say("waiting", codes=len(codes), trouble=self._trouble)
        told = ", ".join(f"{prefix} {day}" for prefix, day in sorted(sessions.items()))
        log.info("= %s each %s; sessions: %s", counted(len(codes), "code"), every, told or "none")

    def not_called(self, error: Exception) -> None:
        """Tell that codes and calendars could not be looked up again."""
        log.warning("! codes are not looked up again: %s", reason(error))

    def not_read(self, what: str, session: date, error: Exception) -> None:
        """Tell that a table does not say what it holds of a session; from any thread."""
        log.warning("! %s of %s is asked for again: %s", what, session, reason(error))

    def asking(self, tasks: Sequence[Task]) -> None:
        """Tell what is asked now."""
        first, codes = tasks[0], [task.code for task in tasks]
        kind = "sweep" if first.is_sweep else "checkpoint"
        many = counted(len(codes), "code")
        log.info("> asked %s of %s (%s, %s of %s)", first.what, many, few(codes), kind, first.session)
        self.say("asking", next_wake=None)

    def came(self, tasks: Sequence[Task], answers: Answers) -> None:
        """Tell what came of it; of codes that failed alike on one line."""
        alike: dict[str, list[str]] = {}
        for code, why in answers.errors.items():
            alike.setdefault(reason(why).removeprefix(f"{code}: "), []).append(code)
        for text, codes in alike.items():
            many = f" and {len(codes) - 3} more" if len(codes) > 3 else ""
            log.warning("! %s", about(codes[0], text) if len(codes) == 1 else f"{few(codes)}{many}: {text}")
        rows = len(answers.frame) if answers.frame is not None and answers.has_rows else 0
        done, many = len(tasks) - len(answers.errors), counted(len(tasks), "code")
        log.info("< %d of %s, %s", done, many, counted(rows, "row"))

    def lost(self, tasks: Sequence[Task], error: Exception) -> None:
        """Tell that there is no gateway for some codes."""
        self._answered.update(dict.fromkeys((task.code for task in tasks), reason(error)))
        self.say("no gateway", trouble=reason(error))

    def answered(self, tasks: Sequence[Task], answers: Answers) -> None:
        """Count which codes were answered, and what of the others is in the way."""
        for task in tasks:
            error = answers.errors.get(task.code)
            self._answered[task.code] = "" if error is None else reason(error)
            self._faults.pop((task.code, task.what), None)
            if error is not None:
                self._faults[task.code, task.what] = about(task.code, reason(error))
        self.say("waiting", trouble=self._trouble)

    @property
    def _trouble(self) -> str:
        return next(iter((*self._unkept.values(), *self._faults.values())), "")

    def taken(self, task: Task, why: str) -> None:
        """Tell that an answer which ends before the close is taken for all that there is."""
        log.info("= taken for all of %s: %s", task.session, about(task.code, why))

    def kept(self, rows: int) -> None:
        """Tell that rows are in the store."""
        moment = self._now().astimezone(self._zone)
        self.say("saving", rows=self.status.rows + rows, last_commit=moment, trouble=self._trouble)
        log.info("= kept: %s new or changed", counted(rows, "row"))

    def not_kept(self, what: str, error: Exception) -> None:
        """Tell that answers to a question are held, since one could not be written."""
        log.error("! not kept: %s", reason(error))
        self._unkept[what] = reason(error)
        self.say("no store", trouble=reason(error))

    def all_kept(self, what: str) -> None:
        """Take note that no answer to a question is held any more."""
        self._unkept.pop(what, None)

    def stuck(self) -> None:
        """Tell that answers are held."""
        if self.status.state != "no store":
            self.say("no store", trouble=self._trouble)

    def let_go(self, answers: int) -> None:
        """Tell how many answers that could not be written are lost with the recorder that held them."""
        if answers:
            many = counted(answers, "answer")
            log.error("! not kept: %s, which may be asked for again until the next open", many)

    def sorted(self, parts: int) -> None:
        """Tell that the store was compacted."""
        log.info("= compacted: %s", counted(parts, "partition"))

    def not_sorted(self, error: Exception) -> None:
        """Tell that it was not: it reads as well without, only slower."""
        log.warning("! not compacted: %s", reason(error))

    def missed(self) -> None:
        """Tell what was given up since the last time."""
        misses = self._plan.misses if self._plan else []
        for miss in misses[self._told :]:
            log.warning("! missing: %s of %s: %s", miss.what, miss.session, about(miss.code, miss.why))
            self._faults.pop((miss.code, miss.what), None)
        self._told = len(misses)

    def waiting(self, wake: datetime | None) -> None:
        """Tell until when there is nothing to do."""
        told = wake.astimezone(self._zone) if wake else None
        if (self.status.state, self.status.next_wake) != ("waiting", told):
            log.info("= waits until %s", f"{told:%a %H:%M:%S %Z}" if told else "a session is known to come")
            self.say("waiting", next_wake=told, trouble=self._trouble)

    def ended(self, state: str, error: BaseException | None = None) -> None:
        """Take the last state."""
        trouble = self._trouble if state == "done" else self.status.trouble
        self.say(state, next_wake=None, trouble=reason(error) if isinstance(error, Exception) else trouble)
