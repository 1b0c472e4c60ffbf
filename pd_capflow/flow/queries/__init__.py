"""Queries: a question as a value that writes its request, reads its replies and makes its result of them.

A query is checked when it is made: one that exists can be asked. Clients know only `Query`, so a new
endpoint is a new class here and nothing there.
"""

from __future__ import annotations

from pd_capflow.flow.queries.capital import CapitalDistribution, CapitalFlow, CapitalQuery
from pd_capflow.flow.queries.question import PERIODS, Query, parse_codes
from pd_capflow.flow.queries.state import GatewayState, State

__all__ = [
    "PERIODS",
    "CapitalDistribution",
    "CapitalFlow",
    "CapitalQuery",
    "GatewayState",
    "Query",
    "State",
    "parse_codes",
]
