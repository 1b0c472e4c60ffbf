"""What is joined to a frame: prices, turnover and names, of the gateway that it came from and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pd_capflow.accessor.verbs import asker

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.client import Client
    from pd_capflow.flow.queries import Query

__all__ = ["with_candles", "with_names"]


def with_candles(frame: pd.DataFrame, client: Client | None, column: str) -> pd.DataFrame:
    """Return a frame with a column of its candlesticks; see `pd_capflow.flow.joins.with_candles`."""
    from pd_capflow.flow import joins

    joins.with_candles(frame.iloc[:0], {}, column)  # what cannot be joined is not asked for
    asked = joins.questions(frame)
    ask = _answerer(frame, client)
    return joins.with_candles(frame, {code: ask(query) for code, query in asked.items()}, column)


def with_names(frame: pd.DataFrame, client: Client | None) -> pd.DataFrame:
    """Return a frame with the names of its securities; see `pd_capflow.flow.joins.with_names`."""
    from pd_capflow.flow import joins
    from pd_capflow.flow.queries import StaticInfo

    codes = tuple(joins.codes_of(frame)[1])
    told = _answerer(frame, client)(StaticInfo(codes))["name"] if codes else pd.Series(dtype="str")
    names = {str(code): str(name) for code, name in told.dropna().items()}
    return joins.with_names(frame, names)


def _answerer(frame: pd.DataFrame, client: Client | None) -> Callable[[Query[pd.DataFrame]], pd.DataFrame]:
    """Return what asks the gateway that a frame came from, and no other."""
    from pd_capflow.client import shared_client
    from pd_capflow.flow import joins

    source = joins.source_of(frame)
    if client is None and source["url"] == "demo://":
        client = shared_client("demo://")
    owner = asker(client)
    address = owner.settings.address
    joins.check_source(frame, {"url": str(address), "demo": address.is_demo or source.get("demo") is True})

    def ask(query: Query[pd.DataFrame]) -> pd.DataFrame:
        answer = owner.fetch(query)
        joins.check_source(frame, answer.attrs["capflow"]["source"])
        return answer

    return ask
