"""How often codes are refreshed: as often as is wished, as far as the rate budget goes.

A part of the budget is left alone, so that a cell of the user's has room whatever dashboards run beside it.
Dashboards of one gateway share the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pd_capflow.client import Budget

__all__ = ["AT_REST_SECONDS", "USUAL_SECONDS", "Pace", "kept_free"]

#: Seconds between two refreshes of a code while its market trades, unless another interval is wished for.
USUAL_SECONDS = {"intraday": 5.0, "day": 15.0, "week": 60.0, "month": 60.0}
#: Seconds between two refreshes of a code whose market does not trade.
AT_REST_SECONDS = 300.0

_KEPT_FREE = 1 / 6  # of the budget


@dataclass(frozen=True, slots=True)
class Pace:
    """How often each code is asked for, and how many at a time.

    Attributes
    ----------
    every : float
        Seconds in which each code is refreshed once.
    tick : float
        Seconds between two refreshes, each of some codes.
    at_once : int
        Codes in one refresh.

    Examples
    --------
    >>> from pd_capflow.client import Budget
    >>> Pace.of(4, Budget(30, 30.0, left=30), interval=5.0)
    Pace(every=5.0, tick=5.0, at_once=4)
    >>> Pace.of(30, Budget(30, 30.0, left=30), interval=5.0).every
    36.0
    """

    every: float
    tick: float
    at_once: int

    @classmethod
    def of(cls, codes: int, budget: Budget, *, interval: float, others: int = 0) -> Pace:
        """Plan the refreshes of some codes.

        Parameters
        ----------
        codes : int
            How many are refreshed.
        budget : Budget
            What may be asked.
        interval : float
            Seconds in which each is to be refreshed once, if the budget allows.
        others : int
            Codes, not at rest, that other dashboards refresh out of the same budget.
        """
        every = max(interval, (codes + others) * _seconds_each(budget))
        parts = max(1, min(floor(every / interval), codes))
        return cls(every, every / parts, max(1, ceil(codes / parts)))


def kept_free(budget: Budget) -> int:
    """Return how many requests of a window a dashboard leaves to others.

    Examples
    --------
    >>> from pd_capflow.client import Budget
    >>> kept_free(Budget(30, 30.0, left=30)), kept_free(Budget(1, 1.0, left=1)), kept_free(Budget())
    (5, 0, 0)
    """
    return floor(budget.requests * _KEPT_FREE) if budget.is_limited else 0


def _seconds_each(budget: Budget) -> float:
    return budget.seconds / (budget.requests - kept_free(budget)) if budget.is_limited else 0.0
