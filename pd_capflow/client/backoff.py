"""Pauses between attempts: longer each time, up to a bound, and each drawn at random up to that length.

Without the draw, everybody who lost a gateway would come back to it at the same moment, time and again.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FIRST_SECONDS", "LONGEST_SECONDS", "pauses"]

FIRST_SECONDS = 0.25
LONGEST_SECONDS = 15.0


def pauses(longest: float = LONGEST_SECONDS) -> Iterator[float]:
    """Yield seconds to wait before one attempt after another.

    Examples
    --------
    >>> few = [next(pauses()) for _ in range(100)]
    >>> max(few) <= FIRST_SECONDS
    True
    """
    bound = min(FIRST_SECONDS, longest)
    while True:
        yield random.uniform(0, bound)  # noqa: S311  # no cryptography
        bound = min(2 * bound, longest)
