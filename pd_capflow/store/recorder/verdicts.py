"""Verdicts: what a plan is told of a task, once its answer is kept, or refused, or lost.

Minutes that end before the close are asked for again after 1, 2, 4, 8 and 15 minutes, in case the gateway
lags. If they end there still half an hour after the close, they are all that there is: the code was not
traded any more, and nothing is missing. What has not come at all by then is, where no error stands in its
way or one that another login may have brought about; other errors are tried again until the next open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pd_capflow.errors import QuoteRightError
from pd_capflow.store.recorder.answers import is_for_good, reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pd_capflow.store.recorder.answers import Answers, Lack
    from pd_capflow.store.recorder.logbook import Logbook
    from pd_capflow.store.recorder.plan import Plan
    from pd_capflow.store.recorder.shelf import Held
    from pd_capflow.store.recorder.tasks import Task

__all__ = ["give_up", "refuse", "settle"]


def settle(plan: Plan, held: Held, now: datetime, book: Logbook) -> None:
    """Tell a plan of tasks whose answer is in the store."""
    reached = held.answers.reached
    for task in held.tasks:
        lack, until = _lack(plan, task, held.answers), reached.get(task.code)
        is_last = lack is not None and plan.is_last_word(task, lack.why, now)
        if lack is None:
            plan.done(task, now, until)
        elif is_last and not lack.is_loss:
            book.taken(task, lack.why)
            plan.done(task, now, until)
        else:
            plan.failed(task, now, lack.why, for_good=is_last)


def refuse(plan: Plan, answers: Answers, tasks: Iterable[Task], now: datetime) -> None:
    """Tell a plan of those of some tasks that were refused."""
    for task in tasks:
        error = answers.errors.get(task.code)
        if error is None:
            continue
        why, is_last = reason(error), is_for_good(error)
        if isinstance(error, QuoteRightError) and task.is_sweep:
            is_last = plan.is_last_word(task, why, now)
        plan.failed(task, now, why, for_good=is_last)


def give_up(plan: Plan, dropped: Iterable[Held], now: datetime) -> None:
    """Tell a plan of answers that could not be kept, and cannot be held any longer.

    What a gateway serves still is asked for again, later.
    """
    for task in (task for held in dropped for task in held.tasks if task.is_sweep):
        plan.failed(task, now, plan.why(task), for_good=plan.is_past(task.key, now))


def _lack(plan: Plan, task: Task, answers: Answers) -> Lack | None:
    session = plan.session(task)
    return answers.lack(task.what, task.code, session) if session and task.is_sweep else None
