"""Errors as one readable line: what went wrong and what to do, without the way there.

IPython asks an exception whether it draws its own traceback. One that is marked here does so once, so
that ``%tb`` afterwards still shows the whole of it, and stays the exception that it is. Every front end
shows the line as text, so markup in it is only text.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from pd_capflow.errors import BatchError, BatchInterrupted, CapflowError, QueryError
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["errors_in_one_line", "in_one_line"]

_E = TypeVar("_E", bound=BaseException)

# A gateway's text may be of any length.
_LONGEST = 700

# How to come by what came, where the text says how in Python.
_IN_A_NOTEBOOK = {
    BatchError: (
        ". What came is in .frame, why in .errors",
        ". --errors collect returns what came",
    ),
    BatchInterrupted: ("what came is in .frame", "what came is in sys.last_value.frame"),
}


def in_one_line(error: _E, text: str | None = None) -> _E:
    """Return the same error, marked to be shown as one line.

    Parameters
    ----------
    error : BaseException
        Any.
    text : str, optional
        What to say instead of its own text.
    """
    said = _said(error) if text is None else text
    error._render_traceback_ = _Line(error, said)  # type: ignore[attr-defined]  # IPython's hook
    return error


class _Line:
    """Draws an error as one line, once. It is no closure, so that the error can still be pickled."""

    def __init__(self, error: BaseException, said: str) -> None:
        self._error, self._said = error, said

    def __call__(self) -> list[str]:
        vars(self._error).pop("_render_traceback_", None)
        return [f"{type(self._error).__name__}: {one_line(self._said, _LONGEST)}"]


def _said(error: BaseException) -> str:
    text = str(error)
    for kind, (in_python, here) in _IN_A_NOTEBOOK.items():
        if isinstance(error, kind):
            text = text.replace(in_python, here)
    return text


@contextmanager
def errors_in_one_line(hint: Callable[[], str] = str) -> Iterator[None]:
    """Have what is raised on purpose inside shown as one line.

    Parameters
    ----------
    hint : callable
        What to say behind an error of the question itself.
    """
    try:
        yield
    except QueryError as error:
        raise in_one_line(error, f"{error}{hint()}") from error.__cause__
    except (CapflowError, BatchInterrupted) as error:
        raise in_one_line(error) from error.__cause__
