"""Showing how far a batch has come, and what it waits for.

Meters are made and closed in the caller's thread, so that a notebook shows them under the right cell; in
between they are told from the I/O thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, Self

from pd_capflow.errors import QueryError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Meter", "Progress", "ProgressOption", "meter_for"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch has come.

    Attributes
    ----------
    done, total : int
        Codes answered or failed, and codes asked for.
    waiting : float
        Seconds until the rate budget lets the next request out; 0 when it is not waited for.
    """

    done: int
    total: int
    waiting: float = 0.0


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


class _Silent:
    """Shows nothing."""

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


class _Stopped(Exception):  # noqa: N818  # it ends a batch and is seen by nobody
    """The user's function has raised."""


class _Told(_Silent):
    """Calls a function of the user's. What it raises ends the batch, and is raised in the caller's thread.

    On the I/O thread it could do harm: a SystemExit would end the thread for every client.
    """

    def __init__(self, tell: Callable[[Progress], object], total: int) -> None:
        self._call = tell
        self._total = total
        self._done = 0
        self._raised: BaseException | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._raised is not None and isinstance(error, _Stopped):
            raise self._raised from None

    def done(self) -> None:
        """Count one more code as done."""
        self._done += 1
        self._tell(Progress(self._done, self._total))

    def waiting(self, seconds: float) -> None:
        """Note that the rate budget lets nothing out for so many seconds."""
        self._tell(Progress(self._done, self._total, seconds))

    def _tell(self, progress: Progress) -> None:
        if self._raised is None:
            try:
                self._call(progress)
            except BaseException as error:  # noqa: BLE001  # raised again where it belongs
                self._raised = error
        if self._raised is not None:
            raise _Stopped


class _Bar(_Silent):
    """A tqdm bar."""

    def __init__(self, total: int) -> None:
        from tqdm.auto import tqdm  # an optional library, and slow to import

        self._bar: Any = tqdm(total=total, unit="code", desc="capital flow", leave=False)

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def done(self) -> None:
        """Count one more code as done."""
        self._bar.set_postfix_str("", refresh=False)
        self._bar.update()

    def waiting(self, seconds: float) -> None:
        """Note that the rate budget lets nothing out for so many seconds."""
        self._bar.set_postfix_str(f"the rate budget opens in {seconds:.0f} s")


def meter_for(option: ProgressOption, total: int, room: float) -> Meter:
    """Return the meter for a batch.

    Parameters
    ----------
    option : bool, callable or None
        None shows a bar if the batch has to wait for the rate budget and tqdm is installed, True shows
        one whenever tqdm is installed, False shows none; a callable is told a `Progress`.
    total : int
        Codes asked for; one alone has no meter.
    room : float
        Requests that need not wait.
    """
    if option is not None and not isinstance(option, bool) and not callable(option):
        raise QueryError(f"progress={option!r}; expected True, False, None or a function")
    if total <= 1 or option is False:
        return _Silent()
    if callable(option):
        return _Told(option, total)
    wanted = option is True or total > room
    return _Bar(total) if wanted and find_spec("tqdm") else _Silent()
