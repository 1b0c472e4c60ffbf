"""Errors as one readable line: what went wrong and what to do, without the way there.

IPython asks an exception whether it draws its own traceback. One that is marked here does so once, so
that ``%tb`` afterwards still shows the whole of it, and stays the exception that it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from pd_capflow.errors import CapflowError

__all__ = ["in_one_line"]

_E = TypeVar("_E", bound="CapflowError")


def in_one_line(error: _E) -> _E:
    """Return the same error, marked to be shown as one line."""

    def render() -> list[str]:
        del error._render_traceback_  # type: ignore[attr-defined]  # IPython's hook, set below
        return [f"{type(error).__name__}: {error}"]

    error._render_traceback_ = render  # type: ignore[attr-defined]  # as above
    return error
