"""The recorder as a service: one line a step on standard error, a health file, and signals that end it."""

from __future__ import annotations

import logging
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pd_capflow.client import Budget
from pd_capflow.errors import CapflowError, StoreError
from pd_capflow.store.recorder.answers import reason
from pd_capflow.store.recorder.recording import Recording, record
from pd_capflow.store.recorder.status import Status, write_health

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["serve"]

log = logging.getLogger("pd_capflow.recorder")

_DONE, _MISSING, _INTERRUPTED = 0, 1, 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(codes: Any, store: str | None = None, *, health: Path | None = None, **options: Any) -> int:
    """Record in the foreground until all is recorded, or a signal comes.

    Parameters
    ----------
    codes, store, **options
        As of `record`.
    health : Path, optional
        A file that is kept to say how the recording stands, in JSON.

    Returns
    -------
    int
        The exit code: 0 all was recorded, or SIGTERM came; 1 something is missing; 130 SIGINT came.

    Raises
    ------
    CapflowError
        If it cannot begin, or what ended it.
    """
    _write(health, Status())  # better refused now than missed later
    with _logged():
        try:
            recording = record(codes, store, **options)
        except CapflowError as error:
            _write(health, Status("failed", trouble=reason(error)))
            raise
        if health is not None:
            recording.on_status(_keeper(recording, health))
        with _ended_by_signals(recording) as came:
            recording.wait()
        log.info("= %s", recording.status.text)
    if came:
        return _INTERRUPTED if came[0] == signal.SIGINT else _DONE
    return _DONE if recording.missing.empty else _MISSING


def _write(health: Path | None, status: Status) -> None:
    """Keep the health file before there is a recording."""
    if health is not None:
        write_health(health, status.facts(Budget()))


def _keeper(recording: Recording, health: Path) -> Callable[[Status], None]:
    """Return what keeps the health file; that it cannot be written now ends no recording."""
    known = ""

    def keep(status: Status) -> None:
        nonlocal known
        try:
            write_health(health, status.facts(recording.client.budget))
        except StoreError as error:
            if str(error) != known:  # it is tried at each step, and told once
                log.warning("! %s", error)
            known = str(error)
        else:
            known = ""

    return keep


@contextmanager
def _logged() -> Iterator[None]:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.setLevel(level)
        log.removeHandler(handler)


@contextmanager
def _ended_by_signals(recording: Recording) -> Iterator[list[int]]:
    """End a recording when a signal comes, and tell which; a second one ends the process at once."""
    came: list[int] = []

    def end(number: int, _: Any) -> None:
        came.append(number)
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        recording.end_soon()

    before = {number: signal.signal(number, end) for number in _SIGNALS}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
