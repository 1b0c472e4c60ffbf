"""Copies of errors, for several callers to be told the same."""

from __future__ import annotations

from copy import copy
from typing import TypeVar

from pd_capflow.errors import CapflowError

__all__ = ["copied"]

E = TypeVar("E", bound=CapflowError)


def copied(error: E) -> E:
    """Return an error with the same text, facts and cause, and without the traceback."""
    other = copy(error)
    # Once Dask's scheduler is imported, copies of errors keep their traceback, which holds on to the client.
    other.__traceback__ = other.__context__ = None
    other.__cause__ = error.__cause__
    return other
