"""The rate budget as a value: what the gateway grants, and what is left of it now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Budget"]


@dataclass(frozen=True, slots=True)
class Budget:
    """How many requests of capital flow may be sent, and how many still now.

    All clients of a user that go to one gateway share one budget, whatever process they run in; so what
    is left may be less than this client has used.

    Attributes
    ----------
    requests : float
        Requests that may be sent in any window; infinite without pacing.
    seconds : float
        Length of the window; 0 without pacing.
    left : float
        Requests that could be sent at once now.
    opens_in : float
        Seconds until the next request may be sent; 0 if one may be sent now.

    Examples
    --------
    >>> import pd_capflow
    >>> with pd_capflow.connect("demo://", rate=(30, 30.0)) as client:
    ...     client.budget.requests, client.budget.seconds
    (30, 30.0)
    """

    requests: float = float("inf")
    seconds: float = 0.0
    left: float = float("inf")
    opens_in: float = 0.0

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit at all."""
        return self.requests != float("inf")

    @property
    def rate(self) -> float:
        """Requests a second that can be kept up; infinite without pacing."""
        return self.requests / self.seconds if self.seconds else float("inf")

    @classmethod
    def together(cls, budgets: Sequence[Self]) -> Self:
        """Return what several gateways grant together."""
        return cls(
            sum(each.requests for each in budgets),
            max(each.seconds for each in budgets),
            sum(each.left for each in budgets),
            min(each.opens_in for each in budgets),
        )
