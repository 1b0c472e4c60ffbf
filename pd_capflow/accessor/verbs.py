"""The verbs that ask: `fetch` and `distribution`, of the process's own client or of one that is given."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import QueryError
from pd_capflow.options import SOURCES

if TYPE_CHECKING:
    import os

    import pandas as pd

    from pd_capflow.client import Client
    from pd_capflow.client.batch import Errors
    from pd_capflow.client.progress import ProgressOption
    from pd_capflow.store import Store

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
    source: str | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    keep: bool = False,
) -> pd.DataFrame:
    """Return the capital flow of one or more codes.

    Parameters
    ----------
    codes, period, start, end, errors, progress
        As for `pd_capflow.Client.capital_flow`. Of a store, no dates is all that is recorded, and rows of
        ``intraday`` may have dates too.
    client : Client, optional
        Whom to ask; by default the process's own client, for the gateway that `pd_capflow.configure` or
        the environment names.
    source : {"gateway", "store", "auto"}, optional
        Where to take rows from: a gateway; a store, and no gateway is asked; or a store first and the
        gateway for what it lacks, which is the sessions that are missing or were not over, or of
        ``intraday`` the latest session. By default the gateway, or the store where one is given.
    store : Store or path-like, optional
        Which; by default what `pd_capflow.configure`, ``PD_CAPFLOW_STORE`` or the config file names.
    keep : bool, default False
        Whether what the gateway answers with ``source="auto"`` is written to the store.

    Returns
    -------
    DataFrame
        As by `pd_capflow.Client.capital_flow`. With ``source="auto"``, ``attrs["capflow"]["source"]`` tells
        in ``by_code`` and ``parts`` which of a code's rows came by the store.

    Raises
    ------
    QueryError, TransportError, ProtocolError, GatewayError, BatchError
        As by `pd_capflow.Client.capital_flow`.
    StoreError
        There is no store, it cannot be read or written, nothing is recorded of a code that was asked for,
        or its rows and the gateway's are not both real or both a demo's.

    Examples
    --------
    >>> import pd_capflow
    >>> pd_capflow.configure(url="demo://")
    >>> frame = pd_capflow.fetch("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> list(frame.columns[:2])
    ['in_flow', 'main_in_flow']
    """
    place = _source_of(source, store, keep=keep)
    if place == "gateway":
        return asker(client).capital_flow(codes, period, start, end, errors=errors, progress=progress)
    from pd_capflow.store.sources import fetch_from  # and the libraries of tables with it

    return fetch_from(
        place,
        codes,
        period,
        start,
        end,
        client=asker(client),
        store=store,
        errors=errors,
        progress=progress,
        keep=keep,
    )


def distribution(
    codes: Any,
    *,
    errors: Errors = "raise",
    progress: ProgressOption = None,
    client: Client | None = None,
    source: str | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    keep: bool = False,
) -> pd.DataFrame:
    """Return gross in- and outflow by order size of one or more codes' latest session.

    Parameters
    ----------
    codes, errors, progress
        As for `pd_capflow.Client.capital_distribution`.
    client : Client, optional
        Whom to ask; by default the process's own client.
    source : {"gateway", "store", "auto"}, optional
        Where to take rows from: a gateway; a store, of which the row that was recorded last, and no gateway
        is asked; or the gateway, and of codes of which no answer arrives what was recorded last. By default
        the gateway, or the store where one is given.
    store, keep
        As for `fetch`.

    Returns
    -------
    DataFrame
        As by `pd_capflow.Client.capital_distribution`: a row a code, whose time is in the index. All that was
        recorded of it gives `pd_capflow.Store.distribution`. With ``source="auto"``,
        ``attrs["capflow"]["source"]["by_code"]`` tells which rows came by the store.

    Raises
    ------
    QueryError, TransportError, ProtocolError, GatewayError, BatchError
        As by `pd_capflow.Client.capital_distribution`.
    StoreError
        As by `fetch`.

    Warns
    -----
    CapflowWarning
        If, with ``source="auto"``, no answer arrived and a recorded row stands in its place.

    Examples
    --------
    >>> import pd_capflow
    >>> pd_capflow.configure(url="demo://")
    >>> pd_capflow.distribution(["HK.00700", "US.AAPL"]).shape
    (2, 8)
    """
    place = _source_of(source, store, keep=keep)
    if place == "gateway":
        return asker(client).capital_distribution(codes, errors=errors, progress=progress)
    from pd_capflow.store.sources import distribution_from  # and the libraries of tables with it

    return distribution_from(
        place, codes, client=asker(client), store=store, errors=errors, progress=progress, keep=keep
    )


def _source_of(source: object, store: object, *, keep: bool) -> str:
    """Return which source is meant; refuse what has no part in it."""
    place = source if source is not None else "gateway" if store is None else "store"
    if place not in SOURCES:
        raise QueryError(f"source={place!r}; expected one of {', '.join(map(repr, SOURCES))}")
    if place == "gateway" and store is not None:
        raise QueryError("store= with source='gateway', which reads none; use source='store' or 'auto'")
    if keep and place != "auto":
        raise QueryError(f"keep=True with source={place!r}; only source='auto' has something to write")
    return str(place)


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
