"""A stock's capital flow (资金流向) from Futu or moomoo OpenD as a tidy pandas frame.

In a notebook::

    %load_ext pd_capflow
    %capflow HK.00700

In code::

    import pandas as pd, pd_capflow
    frame = pd.DataFrame.capflow.fetch("HK.00700")
    frame.capflow.plot()

A question can be kept as a value, such as ``pd_capflow.Snapshot(["HK.00700"])``; ``client.fetch(query)``
takes them all.

Importing this registers the accessor and little else: everything heavier is behind a door that opens
when it is first used.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pd_capflow import embedded, errors
from pd_capflow.accessor import distribution, fetch

if TYPE_CHECKING:
    from pd_capflow.checkup import doctor
    from pd_capflow.client import (
        AsyncClient,
        Budget,
        Client,
        Link,
        Notice,
        Progress,
        configure,
        connect,
        connect_async,
    )
    from pd_capflow.flow.queries import (
        CapitalDistribution,
        CapitalFlow,
        GatewayState,
        History,
        MarketState,
        Plates,
        PlateSecurities,
        Query,
        Snapshot,
        State,
        StaticInfo,
        TradeDates,
        Watchlist,
        Watchlists,
    )
    from pd_capflow.notebook.dashboard import dashboard
    from pd_capflow.security import MARKETS, Security
    from pd_capflow.store import Store
    from pd_capflow.store.recorder import record

__version__ = "0.1.0"

__all__ = [
    "MARKETS",
    "AsyncClient",
    "Budget",
    "CapitalDistribution",
    "CapitalFlow",
    "Client",
    "GatewayState",
    "History",
    "Link",
    "MarketState",
    "Notice",
    "PlateSecurities",
    "Plates",
    "Progress",
    "Query",
    "Security",
    "Snapshot",
    "State",
    "StaticInfo",
    "Store",
    "TradeDates",
    "Watchlist",
    "Watchlists",
    "configure",
    "connect",
    "connect_async",
    "dashboard",
    "distribution",
    "doctor",
    "errors",
    "fetch",
    "record",
]


def _gateway_of_store(path: str) -> Any:
    from pd_capflow.store.replay import gateway_of

    return gateway_of(path)


embedded.embed("store", _gateway_of_store)

# Who wants to read the log adds a handler; who does not is not bothered by it.
logging.getLogger(__name__).addHandler(logging.NullHandler())

_DOORS = {
    "AsyncClient": "client",
    "Budget": "client",
    "Client": "client",
    "Link": "client",
    "Notice": "client",
    "Progress": "client",
    "configure": "client",
    "connect": "client",
    "connect_async": "client",
    "dashboard": "notebook.dashboard",
    "doctor": "checkup",
    "CapitalDistribution": "flow.queries",
    "CapitalFlow": "flow.queries",
    "GatewayState": "flow.queries",
    "History": "flow.queries",
    "MarketState": "flow.queries",
    "Plates": "flow.queries",
    "PlateSecurities": "flow.queries",
    "Query": "flow.queries",
    "Snapshot": "flow.queries",
    "State": "flow.queries",
    "StaticInfo": "flow.queries",
    "TradeDates": "flow.queries",
    "Watchlist": "flow.queries",
    "Watchlists": "flow.queries",
    "MARKETS": "security",
    "Security": "security",
    "Store": "store",
    "record": "store.recorder",
}


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_DOORS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_DOORS})


def load_ipython_extension(shell: Any) -> None:
    """Register the magic ``%capflow``: what ``%load_ext pd_capflow`` calls."""
    from pd_capflow.notebook import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Remove the magic and close its connections: what ``%unload_ext pd_capflow`` calls."""
    from pd_capflow.notebook import unload

    unload(shell)
