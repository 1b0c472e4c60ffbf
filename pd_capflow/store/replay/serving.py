"""A store's path -> a gateway of all that it holds, for ``store://`` addresses."""

from __future__ import annotations

from pd_capflow.gateway import Gateway
from pd_capflow.store.opening import opened
from pd_capflow.store.replay.market import RecordedMarket

__all__ = ["gateway_of"]


def gateway_of(path: str) -> Gateway:
    """Return a gateway that serves a store, whole and as it is at each question, without a rate limit.

    Its clock is the wall's; ``intraday`` is the latest recorded session of each code.

    Raises
    ------
    StoreError
        If no store is there.
    """
    return Gateway(market=RecordedMarket(opened(path), moving=False), limit=None)
