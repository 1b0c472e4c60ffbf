"""Where `fetch` takes rows from: a gateway, a store, or a store first and a gateway for the rest.

Law: what is not recorded is an error, as what a gateway refuses is; and nothing is written but with
``keep=True``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pd_capflow.client.batch import plan_distribution, plan_flow
from pd_capflow.errors import QueryError
from pd_capflow.flow.queries.question import PERIODS, one_of
from pd_capflow.flow.selectors import parse_selection
from pd_capflow.store.asked import days_by_market
from pd_capflow.store.call import Call, read_each
from pd_capflow.store.latest import last_recorded, latest
from pd_capflow.store.opening import of_either_kind
from pd_capflow.store.place import named
from pd_capflow.store.store import Store
from pd_capflow.store.topup import topped_up

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.client import Client
    from pd_capflow.client.batch import Errors
    from pd_capflow.client.progress import ProgressOption
    from pd_capflow.flow.selectors import Choice, Selection

__all__ = ["distribution_from", "fetch_from", "store_at"]


def fetch_from(
    source: str,
    codes: Any,
    period: str = "intraday",
    start: Any = None,
    end: Any = None,
    *,
    client: Client,
    store: Store | str | os.PathLike[str] | None = None,
    errors: Errors = "raise",
    progress: ProgressOption = None,
    keep: bool = False,
) -> pd.DataFrame:
    """Return capital flow from a store, or from a store and a gateway; see `pd_capflow.fetch`.

    Parameters
    ----------
    source : {"store", "auto"}
        Where to take rows from.
    codes, period, start, end, client, store, errors, progress, keep
        As of `pd_capflow.fetch`.

    Returns
    -------
    DataFrame
        As by `pd_capflow.fetch`.

    Raises
    ------
    QueryError, StoreError, BatchError
        As by `pd_capflow.fetch`.

    Examples
    --------
    >>> import tempfile, pd_capflow
    >>> client, folder = pd_capflow.connect("demo://"), tempfile.mkdtemp()
    >>> days = "day", "2026-01-05", "2026-01-09"
    >>> len(fetch_from("auto", "HK.00700", *days, client=client, store=folder, keep=True))
    5
    >>> len(fetch_from("store", "HK.00700", *days, client=client, store=folder))
    5
    """
    call = _call(codes, period, start, end, errors, progress, client if source == "auto" else None)
    kept = store_at(store)
    if source == "auto":
        return topped_up(kept, call, client, keep=keep)
    found, missing = read_each(kept, call)
    return call.frame(found, missing, kept)


def distribution_from(
    source: str,
    codes: Any,
    *,
    client: Client,
    store: Store | str | os.PathLike[str] | None = None,
    errors: Errors = "raise",
    progress: ProgressOption = None,
    keep: bool = False,
) -> pd.DataFrame:
    """Return the latest distributions from a store, or a gateway's; see `pd_capflow.distribution`.

    Parameters
    ----------
    source : {"store", "auto"}
        Where to take rows from.
    codes, client, store, errors, progress, keep
        As of `pd_capflow.distribution`.

    Returns
    -------
    DataFrame
        As by `pd_capflow.distribution`.

    Raises
    ------
    QueryError, StoreError, BatchError
        As by `pd_capflow.distribution`.

    Examples
    --------
    >>> import tempfile, pd_capflow
    >>> client, folder = pd_capflow.connect("demo://"), tempfile.mkdtemp()
    >>> served = distribution_from("auto", "HK.00700", client=client, store=folder, keep=True)
    >>> bool(distribution_from("store", "HK.00700", client=client, store=folder).equals(served))
    True
    """
    selection = parse_selection(codes)
    plan_distribution(selection.sample, errors)
    choice = _chosen(selection, client if source == "auto" else None)
    kept, wanted = store_at(store), choice.securities
    if source == "store":
        return plan_distribution(choice, errors).frame(last_recorded(kept, wanted))
    outcome = latest(kept, wanted, client, progress=progress, keep=keep)
    return plan_distribution(choice, errors).frame(outcome)


def store_at(store: Store | str | os.PathLike[str] | None) -> Store:
    """Return a store: the one that is given or is at a path, of demo data too, or the one configured."""
    if isinstance(store, Store):
        return store
    path = named(store)
    if not isinstance(path, str | os.PathLike):
        raise QueryError(f"store={store!r} is no store; expected a pd_capflow.Store or a path")
    return of_either_kind(path)


def _call(
    codes: Any, period: Any, start: Any, end: Any, errors: Errors, progress: Any, client: Client | None
) -> Call:
    selection = parse_selection(codes)
    period = one_of("period", period, PERIODS)
    plan_flow(selection.sample, period, None, None, errors)
    days_by_market(start, end, [selection.sample.securities[0].market])  # what cannot be is not expanded
    choice = _chosen(selection, client)
    days = days_by_market(start, end, {code.market for code in choice.securities})
    return Call(choice, period, start, end, days, errors, progress)


def _chosen(selection: Selection, client: Client | None) -> Choice:
    """Return the securities that codes and selectors stand for; a client is whom to ask."""
    if selection.selectors and client is None:
        raise QueryError(
            f"what {selection.selectors[0]} stands for only a gateway knows; name the codes, or ask "
            "with source='auto'"
        )
    return client.expand(selection, flowing=True) if client else selection.choice()
