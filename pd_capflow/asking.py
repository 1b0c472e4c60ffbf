"""What the magic and the command line ask: from a few settled values to the frame that they show.

A chart may need more than capital flow. What a kind of chart needs is asked for if that kind is named,
and never else: candlesticks cost a question a code, of a quota.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pd_capflow.accessor import CapflowAccessor
from pd_capflow.client.known import MOST_NAMES, known_names, unsought_names
from pd_capflow.errors import CapflowError, QueryError
from pd_capflow.flow.frames import ATTRS
from pd_capflow.flow.queries import StaticInfo
from pd_capflow.flow.queries.question import one_of
from pd_capflow.options import CHARTS, COLORS, LANGUAGES
from pd_capflow.protocol.messages import STATIC_INFO

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.client import Client
    from pd_capflow.client.asynchronous import AsyncClient
    from pd_capflow.client.spread import SpreadClient

__all__ = ["Question", "look_of", "name_codes"]

# Kinds of chart that show another answer than capital flow, and that need the price beside it.
_SHOW_DISTRIBUTION = ("distribution",)
_NEED_PRICE = ("quadrant",)
# Seconds that a frame which is there waits for the names of its codes.
_NAMES_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of a gateway.

    Parameters
    ----------
    codes : str or list of str
        As for `pd_capflow.Client.capital_flow`.
    period : str, optional
        By default intraday.
    start, end : str, optional
        First and last day.
    errors : str, optional
        By default ``"raise"``.
    price : bool
        Whether to join the closing price on.
    kind : str, optional
        The kind of chart that the frame is for: one of `pd_capflow.options.CHARTS`, or ``"auto"``.
    source, store : str, optional
        Where rows come from; as of `pd_capflow.fetch`.

    Raises
    ------
    QueryError
        If the kind is not known, or shows something else than what is asked.
    """

    codes: str | list[str]
    period: str | None = None
    start: str | None = None
    end: str | None = None
    errors: str | None = None
    price: bool = False
    kind: str | None = None
    source: str | None = None
    store: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in (None, "auto"):
            object.__setattr__(self, "kind", one_of("kind", self.kind, CHARTS))
        if self.kind in _SHOW_DISTRIBUTION:
            self._check_distribution()

    def ask(self, client: Client) -> pd.DataFrame:
        """Return the answer.

        Raises
        ------
        QueryError, TransportError, ProtocolError, GatewayError, BatchError, StoreError
            As by `pd_capflow.fetch`.
        """
        errors: Any = self.errors or "raise"
        if self.kind in _SHOW_DISTRIBUTION:
            return CapflowAccessor.distribution(
                self.codes, errors=errors, client=client, source=self.source, store=self.store
            )
        period = self.period or "intraday"
        frame = CapflowAccessor.fetch(
            self.codes,
            period,
            self.start,
            self.end,
            errors=errors,
            client=client,
            source=self.source,
            store=self.store,
        )
        if self.price or self.kind in _NEED_PRICE:
            return CapflowAccessor(frame).with_price(client)
        return frame

    @property
    def asks_gateway(self) -> bool:
        """Whether a gateway is asked; if not, it may not even be there."""
        return (self.source or ("store" if self.store else "gateway")) != "store"

    def _check_distribution(self) -> None:
        names = ("start", "end", "price")
        given = {name: getattr(self, name) for name in names}
        said = [f"--{name}" for name, value in given.items() if value]
        if self.period not in (None, "intraday"):
            said.insert(0, f"--period {self.period}")
        if said:
            raise QueryError(
                f"{', '.join(said)} with a chart of the distribution, which is of the latest session; "
                "leave it out, or draw another kind"
            )


def look_of(colors: str | None, lang: str | None) -> dict[str, str]:
    """Return the options that all kinds of chart take; what is not known is refused before asking."""
    return {
        "colors": one_of("colors", colors or "auto", COLORS),
        "lang": one_of("lang", lang or "en", LANGUAGES),
    }


def name_codes(frame: pd.DataFrame, client: Client) -> pd.DataFrame:
    """Have a frame tell the names of its codes; what is not known of a few codes is asked for, once.

    A name is a nicety: where it cannot be had soon, there is none, and the numbers do not wait for it.
    """
    facts = frame.attrs[ATTRS]
    url, codes = facts["source"]["url"], facts["codes"]
    if len(codes) <= MOST_NAMES and (unknown := unsought_names(url, codes)):
        with suppress(CapflowError, TimeoutError):
            client.submit(partial(_learn_names, codes=tuple(unknown))).result(_NAMES_SECONDS)
    if names := known_names(url, codes):
        facts["names"] = names
    return frame


async def _learn_names(client: AsyncClient | SpreadClient, codes: tuple[str, ...]) -> None:
    """Ask for names, unless that had to wait for the rate budget; what comes is remembered, if late."""
    if client.room(STATIC_INFO) >= 1:
        await client.fetch(StaticInfo(codes))  # type: ignore[arg-type]  # it reads codes
