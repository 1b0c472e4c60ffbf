"""The verbs of every asynchronous client, whether it asks one gateway or many."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pd_capflow.client.batch import Errors, Outcome, Plan, plan_distribution, plan_flow
from pd_capflow.client.known import remember
from pd_capflow.client.neighbours import AsyncNeighbours
from pd_capflow.client.progress import ProgressOption, meter_for
from pd_capflow.client.selecting import expand
from pd_capflow.flow.selectors import parse_selection
from pd_capflow.protocol.messages import CAPITAL_FLOW

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.client.budget import Budget
    from pd_capflow.client.progress import Meter
    from pd_capflow.flow.queries import Query
    from pd_capflow.flow.selectors import Choice, Selection
    from pd_capflow.protocol.messages import Method

__all__ = ["AsyncVerbs"]

R = TypeVar("R")


class AsyncVerbs(AsyncNeighbours):
    """What can be asked of a client that knows how to ask a query, and many."""

    async def answers(self, query: Query[Any]) -> list[Any]:
        """Ask a query and what follows it up, and return what was read."""
        raise NotImplementedError

    async def outcome(self, plan: Plan, meter: Meter, outcome: Outcome) -> Outcome:
        """Ask all of a plan's queries, and gather what came and what went wrong."""
        raise NotImplementedError

    def source(self) -> dict[str, Any]:
        """Return where answers come from: the ``url``, whether it is a ``demo``, and what is ``recorded``."""
        raise NotImplementedError

    def budget_of(self, method: Method) -> Budget:
        """Return the rate budget of an interface."""
        raise NotImplementedError

    @property
    def budget(self) -> Budget:
        """What may be asked of capital flow, and what is left of it now; see `Client.budget`."""
        return self.budget_of(CAPITAL_FLOW)

    def room(self, method: Method) -> float:
        """Return how many requests could be sent at once now."""
        raise NotImplementedError

    def time_for(self, method: Method, requests: int) -> float:
        """Return the seconds until so many requests more can have been sent."""
        raise NotImplementedError

    def meter(self, plan: Plan, progress: ProgressOption) -> Meter:
        """Return the meter that shows a plan's progress."""
        method = plan.queries[0].method
        return meter_for(progress, len(plan.queries), self.room(method), partial(self.time_for, method))

    async def capital_flow(
        self,
        codes: Any,
        period: str = "intraday",
        start: Any = None,
        end: Any = None,
        *,
        errors: Errors = "raise",
        progress: ProgressOption = None,
    ) -> pd.DataFrame:
        """Return the capital flow of one or more codes; see `Client.capital_flow`."""
        selection = parse_selection(codes)
        plan_flow(selection.sample, period, start, end, errors)  # what cannot be asked is not expanded
        choice = await self.expand(selection, flowing=True)
        return await self._frame(plan_flow(choice, period, start, end, errors), progress)

    async def capital_distribution(
        self, codes: Any, *, errors: Errors = "raise", progress: ProgressOption = None
    ) -> pd.DataFrame:
        """Return gross in- and outflow of one or more codes; see `Client.capital_distribution`."""
        selection = parse_selection(codes)
        plan_distribution(selection.sample, errors)
        choice = await self.expand(selection, flowing=True)
        return await self._frame(plan_distribution(choice, errors), progress)

    async def fetch(self, query: Query[R]) -> R:
        """Return the answer to one query; see `Client.fetch`."""
        answers = await self.answers(query)
        return remember(query.result(answers, self.source()))

    async def expand(self, selection: Selection, *, flowing: bool = False) -> Choice:
        """Return the securities that codes and selectors stand for; codes alone ask nobody."""
        return await expand(self, selection, flowing=flowing) if selection.selectors else selection.choice()

    async def _frame(self, plan: Plan, progress: ProgressOption) -> pd.DataFrame:
        with self.meter(plan, progress) as meter:
            outcome = await self.outcome(plan, meter, Outcome())
        return plan.frame(outcome)
