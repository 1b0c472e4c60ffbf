"""Showing how far a batch has come, and what it waits for.

Meters are made and closed in the caller's thread, so that a notebook shows them under the right cell; in
between they are told from the I/O thread.
"""

from __future__ import annotations

import builtins
import logging
import sys
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, Self

from pd_capflow.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType

__all__ = ["Meter", "Progress", "ProgressOption", "TimeFor", "meter_for"]

log = logging.getLogger("pd_capflow.client")

# A shorter wait than this many seconds needs no explanation.
_NOTABLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch has come.

    Attributes
    ----------
    done, total : int
        Codes answered or failed, and codes asked for.
    waiting : float
        Seconds until the rate budget lets the next request out; 0 when it is not waited for.
    left : float
        Seconds that the rate budget makes the rest take, if nobody else uses it; the gateway's own time
        to answer comes on top.
    """

    done: int
    total: int
    waiting: float = 0.0
    left: float = 0.0


#: Number of requests -> the seconds until the rate budget has let that many out.
TimeFor = Callable[[int], float]
ProgressOption = bool | Callable[[Progress], object] | None


class Meter(Protocol):
    """Something that is told how a batch goes."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def done(self) -> None:
        """Count one more code as done."""

    def waiting(self, seconds: float) -> None:
        """Note that the rate budget lets nothing out for so many seconds."""

    def under_way(self) -> AbstractContextManager[None]:
        """Return what to be in while a request has left and its answer is due."""


class _Silent:
    """Shows nothing, and logs the first long wait."""

    _noted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def done(self) -> None:
        """Count one more code as done."""

    def waiting(self, seconds: float) -> None:
        """Note that the rate budget lets nothing out for so many seconds."""
        if seconds >= _NOTABLE_SECONDS and not self._noted:
            self._noted = True
            log.info("= %s", self._note(seconds))

    def under_way(self) -> AbstractContextManager[None]:
        """Return what to be in while a request has left and its answer is due."""
        return nullcontext()

    def _note(self, seconds: float) -> str:
        return f"waiting {seconds:.0f} s for the gateway's rate budget"


class _Notice(_Silent):
    """Tells a person at a terminal or a notebook, once, why a call takes long."""

    def _note(self, seconds: float) -> str:
        note = super()._note(seconds)
        if hasattr(builtins, "__IPYTHON__") or sys.stderr.isatty():
            print(f"pd_capflow: {note}", file=sys.stderr)  # noqa: T201  # it is for the person who waits
        return note


class _Counting(_Silent):
    """Knows how far the batch is, and how long the rest will take."""

    def __init__(self, total: int, time_for: TimeFor) -> None:
        self._total = total
        self._time_for = time_for
        self._done = 0
        self._under_way = 0

    def done(self) -> None:
        """Count one more code as done."""
        self._done += 1
        self._show(self._progress(0.0))

    def waiting(self, seconds: float) -> None:
        """Note that the rate budget lets nothing out for so many seconds."""
        super().waiting(seconds)
        self._show(self._progress(seconds))

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Return what to be in while a request has left and its answer is due."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def _progress(self, waiting: float) -> Progress:
        unsent = self._total - self._done - self._under_way
        return Progress(self._done, self._total, waiting, self._time_for(unsent))

    def _show(self, progress: Progress) -> None:
        raise NotImplementedError


class _Stopped(Exception):  # noqa: N818  # it ends a batch and is seen by nobody
    """The user's function has raised."""


class _Told(_Counting):
    """Calls a function of the user's. What it raises ends the batch, and is raised in the caller's thread.

    On the I/O thread it could do harm: a SystemExit would end the thread for every client.
    """

    def __init__(self, tell: Callable[[Progress], object], total: int, time_for: TimeFor) -> None:
        super().__init__(total, time_for)
        self._tell = tell
        self._raised: BaseException | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._raised is not None and isinstance(error, _Stopped):
            raise self._raised from None

    def _show(self, progress: Progress) -> None:
        if self._raised is None:
            try:
                self._tell(progress)
            except BaseException as error:  # noqa: BLE001  # raised again where it belongs
                self._raised = error
        if self._raised is not None:
            raise _Stopped


class _Bar(_Counting):
    """A tqdm bar. Its own estimate of the time left knows nothing of windows, so ours takes its place."""

    def __init__(self, total: int, time_for: TimeFor) -> None:
        super().__init__(total, time_for)
        from tqdm.auto import tqdm  # an optional library, and slow to import

        layout = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"
        self._bar: Any = tqdm(total=total, unit="code", desc="capital flow", leave=False, bar_format=layout)

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def _show(self, progress: Progress) -> None:
        self._bar.set_postfix_str(_words(progress), refresh=bool(progress.waiting))
        self._bar.update(progress.done - self._bar.n)


def _words(progress: Progress) -> str:
    left = f"about {_clock(progress.left)} left" if progress.left >= 1 else ""
    waiting = f"the rate budget opens in {progress.waiting:.0f} s" if progress.waiting else ""
    return ", ".join(filter(None, [left, waiting]))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def meter_for(
    option: ProgressOption, total: int, room: float = float("inf"), time_for: TimeFor = lambda _: 0.0
) -> Meter:
    """Return the meter for a batch.

    Parameters
    ----------
    option : bool, callable or None
        None shows a bar if the batch has to wait for the rate budget and tqdm is installed, True shows
        one whenever tqdm is installed, False shows none; a callable is told a `Progress`.
    total : int
        Codes asked for; one alone has no bar, but a line that says so if it has to wait for long.
    room : float
        Requests that need not wait.
    time_for : callable
        How long the rate budget takes to let so many requests out.
    """
    if option is not None and not isinstance(option, bool) and not callable(option):
        raise QueryError(f"progress={option!r}; expected True, False, None or a function")
    if option is False:
        return _Silent()
    if callable(option):
        return _Told(option, total, time_for)
    wanted = total > 1 and (option is True or total > room)
    return _Bar(total, time_for) if wanted and find_spec("tqdm") else _Notice()
