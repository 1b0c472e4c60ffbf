"""The studio: one thread that draws for all dashboards of a process, for as long as there is one.

Drawing takes too long for the I/O thread, and the kernel's main thread belongs to the user's cells. Only
the latest wish to draw counts: a dashboard that asks again before its turn has come is drawn once.
"""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Place"]

log = logging.getLogger("pd_capflow.notebook")


class Place:
    """One dashboard's place in the studio; the thread ends when the last one is given up.

    Parameters
    ----------
    work : callable
        What to do when asked. What it raises is logged and breaks nothing.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._is_due = False
        self._is_given_up = False
        _studio.enter(self)

    def ask(self) -> None:
        """Have the work done soon, once however often this is called before; from any thread."""
        if not (self._is_due or self._is_given_up):
            self._is_due = True
            _studio.submit(self._do)

    def give_up(self) -> None:
        """Have nothing more done. Giving up twice is fine."""
        self._is_given_up = True
        _studio.leave(self)

    def _do(self) -> None:
        self._is_due = False
        if self._is_given_up:
            return
        try:
            self._work()
        except Exception:
            log.exception("! a dashboard could not be drawn")


class _Studio:
    """Keeps the thread while somebody has a place."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._places: set[Place] = set()
        self._pool: ThreadPoolExecutor | None = None

    def enter(self, place: Place) -> None:
        with self._lock:
            self._places.add(place)
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, thread_name_prefix="pd_capflow-draw")

    def leave(self, place: Place) -> None:
        with self._lock:
            self._places.discard(place)
            pool = None if self._places else self._pool
            self._pool = None if pool is not None else self._pool
        if pool is not None:
            pool.shutdown(wait=False)

    def submit(self, work: Callable[[], object]) -> None:
        pool = self._pool
        if pool is not None:
            with suppress(RuntimeError):  # it has just ended, or the process is about to
                pool.submit(work)


_studio = _Studio()


def _forget() -> None:
    # A forked child has none of its parent's threads, but would have the lock that one of them holds.
    global _studio  # one for each process
    _studio = _Studio()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
