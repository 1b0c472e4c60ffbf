"""A deadline whose clock can be stopped."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Deadline"]


class Deadline:
    """A number of seconds that runs out from now on.

    Parameters
    ----------
    seconds : float
        How many.
    """

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left; not below 0."""
        return max(self._at - time.monotonic(), 0.0)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let the time inside not count."""
        since = time.monotonic()
        try:
            yield
        finally:
            self._at += time.monotonic() - since
