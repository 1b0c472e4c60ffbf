"""The verbs that ask: `fetch` and `distribution`, of the process's own client or of one that is given."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import QueryError

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.client import Client
    from pd_capflow.client.batch import Errors
    from pd_capflow.client.progress import ProgressOption

__all__ = ["asker", "distribution", "fetch"]


def fetch(
    codes: Any,
    period: str = "intraday",
    start: Any = None,
    end: Any = None,
    *,
    errors: Errors = "raise",
    progress: ProgressOption = None,
    client: Client | None = None,
) -> pd.DataFrame:
    """Return the capital flow of one or more codes.

    Parameters
    ----------
    codes, period, start, end, errors, progress
        As for `pd_capflow.Client.capital_flow`.
    client : Client, optional
        Whom to ask; by default the process's own client, for the gateway that `pd_capflow.configure` or
        the environment names.

    Returns
    -------
    DataFrame
        As by `pd_capflow.Client.capital_flow`.

    Raises
    ------
    QueryError, TransportError, ProtocolError, GatewayError, BatchError
        As by `pd_capflow.Client.capital_flow`.

    Examples
    --------
    >>> import pd_capflow
    >>> pd_capflow.configure(url="demo://")
    >>> frame = pd_capflow.fetch("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> list(frame.columns[:2])
    ['in_flow', 'main_in_flow']
    """
    return asker(client).capital_flow(codes, period, start, end, errors=errors, progress=progress)


def distribution(
    codes: Any,
    *,
    errors: Errors = "raise",
    progress: ProgressOption = None,
    client: Client | None = None,
) -> pd.DataFrame:
    """Return gross in- and outflow by order size of one or more codes' latest session.

    Parameters
    ----------
    codes, errors, progress
        As for `pd_capflow.Client.capital_distribution`.
    client : Client, optional
        Whom to ask; by default the process's own client.

    Returns
    -------
    DataFrame
        As by `pd_capflow.Client.capital_distribution`.

    Examples
    --------
    >>> import pd_capflow
    >>> pd_capflow.configure(url="demo://")
    >>> pd_capflow.distribution(["HK.00700", "US.AAPL"]).shape
    (2, 8)
    """
    return asker(client).capital_distribution(codes, errors=errors, progress=progress)


def asker(client: Client | None) -> Client:
    """Return the client that is given, or the process's own; refuse what is none."""
    if client is not None:
        if iscoroutinefunction(getattr(client, "capital_flow", None)):
            raise QueryError(f"client={client!r} has verbs to await; expected one that connect() gives")
        if not callable(getattr(client, "capital_flow", None)):
            raise QueryError(f"client={client!r} is no client; expected one that connect() gives")
        return client
    from pd_capflow.client import shared_client  # a frame can be measured without any client

    return shared_client()
