"""What a feed has gathered: the latest answers by code, refusals, and when each code was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import CapflowError, GatewayError, QueryError

if TYPE_CHECKING:
    from pd_capflow.client.batch import Outcome
    from pd_capflow.flow.frames import Columns
    from pd_capflow.notebook.dashboard.reading import Quote
    from pd_capflow.notebook.dashboard.wish import Wish
    from pd_capflow.security import Security

__all__ = ["LONG_AGO", "Harvest"]

LONG_AGO = float("-inf")

# Errors that are one code's; what else goes wrong may go wrong with any.
_OF_A_CODE = (GatewayError, QueryError)


@dataclass
class Harvest:
    """The latest answers.

    Attributes
    ----------
    period : str
        Of the flows.
    flows, distributions : dict of Security to Columns
        The latest answers.
    errors : dict of Security to CapflowError
        Codes that the gateway refused last time; what it said before is kept.
    quotes : dict of Security to Quote
        Prices and turnover.
    asked : dict of Security to float
        When the question was sent that was answered last, on the loop's clock.
    trouble : CapflowError or None
        Why nothing came last time, where that is no single code's fault.
    answered : datetime or None
        When the gateway last answered, in UTC.
    """

    period: str
    flows: dict[Security, Columns] = field(default_factory=dict)
    distributions: dict[Security, Columns] = field(default_factory=dict)
    errors: dict[Security, CapflowError] = field(default_factory=dict)
    quotes: dict[Security, Quote] = field(default_factory=dict)
    asked: dict[Security, float] = field(default_factory=dict)
    trouble: CapflowError | None = None
    answered: datetime | None = None

    def keep_to(self, wish: Wish) -> None:
        """Let go of what is not wished for any more."""
        if wish.period != self.period:
            self.period, self.trouble = wish.period, None
            for held in (self.flows, self.errors, self.asked):
                held.clear()
        everything: tuple[dict[Security, Any], ...] = (
            self.flows,
            self.distributions,
            self.errors,
            self.quotes,
            self.asked,
        )
        for held in everything:
            for security in held.keys() - set(wish.codes):
                del held[security]

    def take(self, outcome: Outcome, at: float) -> None:
        """Sort what came: numbers, refusals of a code, and what is no code's fault."""
        refused, others = _refused(outcome), _others(outcome)
        self.flows |= outcome.parts
        for security in outcome.parts:
            self.errors.pop(security, None)
        self.errors |= refused
        self.asked |= dict.fromkeys((*outcome.parts, *refused), at)
        self.trouble = others[0] if others else None
        if outcome.parts or refused:
            self.answered = datetime.now(UTC)

    def take_distributions(self, outcome: Outcome) -> None:
        """Take capital distributions, and why there are none."""
        self.distributions |= outcome.parts
        self.errors |= _refused(outcome)
        if others := _others(outcome):
            self.trouble = others[0]


def _refused(outcome: Outcome) -> dict[Security, CapflowError]:
    return {who: why for who, why in outcome.errors.items() if isinstance(why, _OF_A_CODE)}


def _others(outcome: Outcome) -> list[CapflowError]:
    return [why for why in outcome.errors.values() if not isinstance(why, _OF_A_CODE)]
