"""What the feed knows at one moment: a value that any thread may look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pd_capflow.client.batch import Outcome, Plan
from pd_capflow.client.budget import Budget
from pd_capflow.client.link import Link
from pd_capflow.flow.frames import FLOW, build_frame
from pd_capflow.flow.queries import CapitalDistribution, CapitalFlow
from pd_capflow.notebook.dashboard.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    import pandas as pd

    from pd_capflow.errors import CapflowError
    from pd_capflow.flow.frames import Columns
    from pd_capflow.security import Security

__all__ = ["Quote", "Reading", "quotes_of"]


class Quote(NamedTuple):
    """What a snapshot says of one code.

    Attributes
    ----------
    name : str
        As the gateway sent it: text that nobody has checked.
    last : float
        The latest price.
    change : float
        As a fraction of the close before; NaN where one of the two is unknown.
    turnover : float
        Of the session so far, in the trading currency.
    day : date or None
        The exchange's day that the turnover is of.
    """

    name: str
    last: float
    change: float
    turnover: float
    day: date | None


@dataclass(frozen=True, eq=False)
class Reading:
    """What came so far, and how the feed stands.

    Attributes
    ----------
    codes : tuple of Security
        What is watched.
    period : str
        Of the rows.
    source : mapping
        Where answers come from: ``url`` and ``demo``.
    link : Link
        How the client stands with the gateway.
    budget : Budget
        What may be asked, and what is left of it.
    pace : Pace
        How often each code is refreshed while its market trades.
    flows, distributions : mapping of Security to Columns
        The latest answers.
    errors : mapping of Security to CapflowError
        Why the gateway gave none.
    quotes : mapping of Security to Quote
        Prices and turnover, where they were told.
    markets : mapping of str to str
        The state of each market by prefix, where it was told.
    at_rest : frozenset of Security
        Codes whose market does not trade, so that they are refreshed rarely.
    ahead : timedelta
        By how much the gateway's clock was ahead of this machine's; negative where it is behind.
    trouble : CapflowError or None
        Why nothing came last time.
    answered : datetime or None
        When the gateway last answered, in UTC.
    next_at : datetime or None
        When the next refresh is due, in UTC; None while nothing is refreshed.
    is_squeezed : bool
        Whether the next refresh waits for room in the budget.
    rounds : int
        Refreshes so far.
    """

    codes: tuple[Security, ...]
    period: str = "intraday"
    source: Mapping[str, object] = field(default_factory=dict)
    link: Link = field(default_factory=Link)
    budget: Budget = field(default_factory=Budget)
    pace: Pace = field(default_factory=lambda: Pace(0.0, 0.0, 1))
    flows: Mapping[Security, Columns] = field(default_factory=dict)
    distributions: Mapping[Security, Columns] = field(default_factory=dict)
    errors: Mapping[Security, CapflowError] = field(default_factory=dict)
    quotes: Mapping[Security, Quote] = field(default_factory=dict)
    markets: Mapping[str, str] = field(default_factory=dict)
    at_rest: frozenset[Security] = frozenset()
    ahead: timedelta = timedelta()
    trouble: CapflowError | None = None
    answered: datetime | None = None
    next_at: datetime | None = None
    is_squeezed: bool = False
    rounds: int = 0

    @property
    def is_demo(self) -> bool:
        """Whether the numbers are invented."""
        return self.source.get("demo") is True

    @property
    def names(self) -> dict[Security, str]:
        """The names that the gateway told, where they say more than the code."""
        return {who: quote.name for who, quote in self.quotes.items() if quote.name != str(who)}

    def frame(self, codes: Iterable[Security]) -> pd.DataFrame:
        """Return the capital flow of some codes, as `Client.capital_flow` returns that of a list."""
        queries = [CapitalFlow(security, self.period) for security in codes]
        if not queries:
            return build_frame(FLOW, [], {}, period=self.period, single=False, source=self.source)
        outcome = Outcome(dict(self.source), dict(self.flows), dict(self.errors))
        return Plan(queries, single=False, errors="collect").frame(outcome)

    def flow(self, security: Security) -> pd.DataFrame:
        """Return the capital flow of one code; without rows if none came."""
        outcome = Outcome(dict(self.source), dict(self.flows))
        return Plan([CapitalFlow(security, self.period)], single=True, errors="collect").frame(outcome)

    def distribution(self, security: Security) -> pd.DataFrame:
        """Return the capital distribution of one code; without rows if none came."""
        outcome = Outcome(dict(self.source), dict(self.distributions))
        return Plan([CapitalDistribution(security)], single=True, errors="collect").frame(outcome)


def quotes_of(snapshot: pd.DataFrame) -> dict[str, Quote]:
    """Return the quotes in the frame of a `Snapshot`, by code."""
    return {str(code): _quote(row) for code, row in zip(snapshot.index, snapshot.itertuples(), strict=True)}


def _quote(row: object) -> Quote:
    last, before = float(row.last), float(row.last_close)  # type: ignore[attr-defined]  # columns of a snapshot
    moment = row.update_time  # type: ignore[attr-defined]  # the same
    return Quote(
        name=row.name if isinstance(row.name, str) else "",  # type: ignore[attr-defined]  # the same
        last=last,
        change=last / before - 1 if before > 0 else np.nan,
        turnover=float(row.turnover),  # type: ignore[attr-defined]  # the same
        day=moment.date() if moment == moment else None,  # NaT is not itself
    )
