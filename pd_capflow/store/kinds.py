"""Real data and demo data: never in one frame, though one part is recorded and the other served now."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pd_capflow.store.store import Store

__all__ = ["of_one_kind"]


def of_one_kind(store: Store, source: Mapping[str, Any], *, has_rows: bool) -> Store:
    """Return the store, of demo data if it is new and the gateway is a demo.

    Parameters
    ----------
    store : Store
    source : mapping
        Where a gateway's answer comes from, as in the facts of its frame.
    has_rows : bool
        Whether some of what was asked for is recorded.

    Raises
    ------
    StoreError
        If one of the two is a demo's.
    """
    if bool(source["demo"]) == store.demo:
        return store
    if not has_rows and source["demo"]:
        with suppress(StoreError):
            return type(store)(store.path, demo=True)  # there is none yet
    kinds = ("real data", "demo data")
    raise StoreError(
        f"store {store.path} holds {kinds[store.demo]} and {source['url']} serves "
        f"{kinds[not store.demo]}, which never stand in one frame; name another store, or another gateway"
    )
