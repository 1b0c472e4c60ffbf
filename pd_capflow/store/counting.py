"""Numbers of things, in words: ``1 row``, ``2 rows``."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, noun: str) -> str:
    """Return a number with what it counts, in the plural where that is due.

    Examples
    --------
    >>> counted(1, "code"), counted(1200, "row")
    ('1 code', '1,200 rows')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
