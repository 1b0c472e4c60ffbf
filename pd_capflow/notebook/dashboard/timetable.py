"""The timetable of a feed: which codes are due, and how long it may rest.

Codes of a market that does not trade are due rarely, unless somebody waits for refreshes. All times are
seconds of the loop's clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pd_capflow.notebook.dashboard.harvest import LONG_AGO
from pd_capflow.notebook.dashboard.pace import AT_REST_SECONDS, USUAL_SECONDS, Pace, kept_free
from pd_capflow.protocol.messages import CAPITAL_FLOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pd_capflow.client.asynchronous import AsyncClient
    from pd_capflow.client.spread import SpreadClient
    from pd_capflow.notebook.dashboard.wish import Wish
    from pd_capflow.security import Security

__all__ = ["AT_REST", "SOON_SECONDS", "Timetable", "rests"]

#: States of a market in which no capital flows; of any other state, also an unknown one, some may.
AT_REST = frozenset(
    {
        "waiting_open",
        "rest",
        "closed",
        "pre_market",
        "pre_market_end",
        "after_hours",
        "after_hours_end",
        "night_open",
        "night",
        "night_end",
        "afternoon_end",
        "overnight",
        "overnight_begin",
        "overnight_end",
    }
)
#: What is due within so many seconds is due.
SOON_SECONDS = 0.05

# Seconds before a gateway that is not there is tried again; a lost connection heals sooner by itself.
_RETRY_SECONDS = 3.0


def rests(security: Security, wish: Wish, markets: Mapping[str, str]) -> bool:
    """Tell whether a code's market does not trade, and nobody waits for refreshes all the same."""
    return not wish.in_a_hurry and markets.get(security.market) in AT_REST


class Timetable:
    """When to ask for what.

    Parameters
    ----------
    wish : Wish
        What is watched.
    client : AsyncClient or SpreadClient
        Whose budget it is.
    asked : mapping of Security to float
        When each code was last asked for.
    markets : mapping of str to str
        The state of each market by prefix.
    others : int
        Codes, not at rest, that other dashboards refresh out of the same budget.
    """

    def __init__(
        self,
        wish: Wish,
        client: AsyncClient | SpreadClient,
        asked: Mapping[Security, float],
        markets: Mapping[str, str],
        others: int = 0,
    ) -> None:
        self._wish = wish
        self._client = client
        self._asked = asked
        self._markets = markets
        self.budget = client.budget
        trading = [security for security in wish.codes if not self.is_at_rest(security)]
        interval = wish.interval or USUAL_SECONDS[wish.period]
        #: How often each code is refreshed.
        self.pace = Pace.of(len(trading), self.budget, interval=interval, others=others)

    @property
    def room(self) -> int:
        """Requests that may be sent now, with those left alone that are kept free."""
        budget = self.budget
        return max(int(budget.left) - kept_free(budget), 0) if budget.is_limited else len(self._wish.codes)

    def is_at_rest(self, security: Security) -> bool:
        """Whether a code's market does not trade."""
        return rests(security, self._wish, self._markets)

    def due(self, now: float) -> list[Security]:
        """Return the codes to ask for: new ones first, then as many of the others as the pace has it."""
        wish = self._wish
        fresh = [security for security in wish.codes if security not in self._asked]
        fresh.sort(key=lambda security: security != wish.shown)
        late = [security for security in self._asked if self._due_at(security) <= now + SOON_SECONDS]
        late.sort(key=self._due_at)
        return (fresh + late[: self.pace.at_once])[: self.room]

    def rest(self, began: float, now: float, *, failed: bool) -> float:
        """Return the seconds until the next refresh, after one that began at some time."""
        if failed:
            return _RETRY_SECONDS
        first = min(map(self._due_at, self._wish.codes))
        if first <= now and not self.room:
            return self._client.time_for(CAPITAL_FLOW, kept_free(self.budget) + 1)
        is_new = any(security not in self._asked for security in self._wish.codes)
        return max(first, began + (0 if is_new else self.pace.tick)) - now

    def _due_at(self, security: Security) -> float:
        every = AT_REST_SECONDS if self.is_at_rest(security) else self.pace.every
        return self._asked.get(security, LONG_AGO) + every
