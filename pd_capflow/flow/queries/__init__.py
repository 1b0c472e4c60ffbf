"""Queries: a question as a value that writes its request, reads its replies and makes its result of them.

A query is checked when it is made: one that exists can be asked. Clients know only `Query`, so a new
endpoint is a new class here and nothing there. All but those of capital flow are loaded when they are
first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pd_capflow.flow.queries.capital import CapitalDistribution, CapitalFlow, CapitalQuery
from pd_capflow.flow.queries.question import PERIODS, Query, parse_codes

if TYPE_CHECKING:
    from pd_capflow.flow.queries.history import History
    from pd_capflow.flow.queries.lists import Plates, PlateSecurities, Watchlist, Watchlists
    from pd_capflow.flow.queries.snapshot import Snapshot
    from pd_capflow.flow.queries.state import GatewayState, State
    from pd_capflow.flow.queries.static import StaticInfo
    from pd_capflow.flow.queries.trading import MarketState, TradeDates

__all__ = [
    "PERIODS",
    "CapitalDistribution",
    "CapitalFlow",
    "CapitalQuery",
    "GatewayState",
    "History",
    "MarketState",
    "PlateSecurities",
    "Plates",
    "Query",
    "Snapshot",
    "State",
    "StaticInfo",
    "TradeDates",
    "Watchlist",
    "Watchlists",
    "parse_codes",
]

_DOORS = {
    "GatewayState": "state",
    "History": "history",
    "MarketState": "trading",
    "PlateSecurities": "lists",
    "Plates": "lists",
    "Snapshot": "snapshot",
    "State": "state",
    "StaticInfo": "static",
    "TradeDates": "trading",
    "Watchlist": "lists",
    "Watchlists": "lists",
}


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_DOORS[name]}"), name)
    globals()[name] = value
    return value
