"""What is asked together, how, and what must not be asked at all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import QueryError, StoreError
from pd_capflow.flow.frames import facts_in
from pd_capflow.store.recorder.answers import Answers
from pd_capflow.store.recorder.checkpoints import BATCH

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    import pandas as pd

    from pd_capflow.security import Security
    from pd_capflow.store import Store
    from pd_capflow.store.recorder.tasks import Task

__all__ = ["about", "batch_of", "check_kind", "check_markets", "few", "of_our_kind", "prefixes", "question"]

# Days before a session whose rows are asked for with it: what an earlier sweep has missed is made good.
_DAYS_AGAIN = timedelta(days=10)


def question(client: Any, task: Task, codes: list[str]) -> Coroutine[Any, Any, pd.DataFrame]:
    """Return the work of asking a batch's question, of which a task is one."""
    if task.what == "distribution":
        asked: Coroutine[Any, Any, pd.DataFrame] = client.capital_distribution(codes, progress=False)
    elif task.what == "day":
        since = task.session - _DAYS_AGAIN
        asked = client.capital_flow(codes, "day", since, task.session, progress=False)
    else:
        asked = client.capital_flow(codes, progress=False)
    return asked


def batch_of(tasks: list[Task]) -> list[Task]:
    """Return the tasks that can be one question with the first."""

    def kind(task: Task) -> tuple[Any, ...]:
        return task.what, task.session, task.is_sweep, task.market

    return [task for task in tasks if kind(task) == kind(tasks[0])][:BATCH]


def prefixes(codes: Sequence[Security]) -> list[str]:
    """Return the markets of codes."""
    return sorted({code.market for code in codes})


def check_markets(codes: Sequence[Security]) -> None:
    """Refuse codes of markets that have no capital flow."""
    for code in codes:
        if not code.home.sessions:
            raise QueryError(f"{code} is of a market without capital flow; expected one such as HK.00700")


def check_kind(client: Any, store: Store) -> None:
    """Refuse to record invented data as real, and real data as invented."""
    if client.connected:  # or nobody has told
        _check_source(client.source(), store)


def of_our_kind(answers: Answers, codes: Sequence[str], client: Any, store: Store) -> Answers:
    """Return answers; of a gateway of the other kind, which may stand there for a while, none but why."""
    try:
        check_kind(client, store)
        if answers.frame is not None:
            _check_source(facts_in(answers.frame)["source"], store)
    except StoreError as error:
        return Answers(None, dict.fromkeys(codes, error))
    return answers


def _check_source(source: Mapping[str, Any], store: Store) -> None:
    if source["demo"] and not store.demo:
        raise StoreError(
            f"store {store.path}: {source['url']} serves invented data, which must not get into a store of "
            "real data; record it into a store of its own, opened with demo=True (--demo)"
        )
    if store.demo and not source["demo"]:
        raise StoreError(
            f"store {store.path} is for invented data, and {source['url']} serves real data; record it into "
            "another store, opened without demo=True (--demo)"
        )


def about(code: str, text: str) -> str:
    """Return a text that names the code that it is about."""
    return text if code in text else f"{code}: {text}"


def few(codes: Sequence[str]) -> str:
    """Return the first of some codes as a text."""
    return ", ".join(codes[:3]) + (", ..." if len(codes) > 3 else "")
