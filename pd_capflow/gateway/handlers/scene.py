"""What all handlers have in common: what they know, how they read requests, and how they refuse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import QueryError
from pd_capflow.gateway.market import InventedMarket
from pd_capflow.gateway.prices import InventedPrices
from pd_capflow.security import MARKETS, Market, Security

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pd_capflow.gateway.listing import Listing
    from pd_capflow.gateway.plates import Plate
    from pd_capflow.gateway.sources import Source
    from pd_capflow.gateway.texts import Language
    from pd_capflow.protocol.messages import Method

__all__ = [
    "Refusal",
    "Scene",
    "read_day",
    "read_market",
    "read_securities",
    "read_security",
    "success",
    "wall",
    "write_security",
]

#: How many codes a request may name.
CODES_LIMIT = 400

_BY_NUMBER = {market.number: market for market in MARKETS.values()}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a handler knows beside the request.

    Attributes
    ----------
    source : Source
        Whose flow is told.
    now : datetime
        The market's time, aware.
    language : {"en", "chs"}
        Of names.
    """

    source: Source
    now: datetime
    language: Language = "en"

    @property
    def market(self) -> InventedMarket:
        """The source of a gateway that invents all it serves."""
        assert isinstance(self.source, InventedMarket)  # noqa: S101  # for the type checker: see `HANDLERS`
        return self.source

    @property
    def prices(self) -> InventedPrices:
        """The prices that go with the flow."""
        return InventedPrices(self.market.seed)

    def name(self, named: Listing | Plate) -> str:
        """Return the name of a security or a plate."""
        return named.name_zh if self.language == "chs" else named.name


class Refusal(Exception):  # noqa: N818  # an answer, not a fault
    """A request that is answered with a no.

    Parameters
    ----------
    key : str
        Which of `texts`.
    **facts
        What is to be filled in.
    """

    def __init__(self, key: str, **facts: object) -> None:
        super().__init__(key)
        self.key = key
        self.facts = facts


def success(method: Method) -> Any:
    """Return a response that reports success and has no contents yet."""
    response = method.response()
    response.retType = 0
    response.retMsg = ""
    response.errCode = 0
    response.s2c.SetInParent()
    return response


def read_market(number: int, name: str) -> Market:
    """Return a market by its number."""
    market = _BY_NUMBER.get(number)
    if market is None:
        raise Refusal("bad_parameter", name=name)
    return market


def read_security(message: Any) -> Security:
    """Return what a ``Qot_Common.Security`` stands for."""
    market = read_market(message.market, "security.market")
    try:
        return Security(market.prefix, message.code)
    except QueryError:
        raise Refusal("unknown_security", symbol=message.code) from None


def read_securities(messages: Iterable[Any]) -> list[Security]:
    """Return the securities of a list: at least one, and no more than OpenD takes."""
    given = list(messages)
    if not given:
        raise Refusal("bad_parameter", name="securityList")
    if len(given) > CODES_LIMIT:
        raise Refusal("too_many_codes")
    return [read_security(message) for message in given]


def write_security(message: Any, security: Security) -> None:
    """Fill in a ``Qot_Common.Security``."""
    message.market = security.home.number
    message.code = security.symbol


def read_day(text: str, name: str, default: date) -> date:
    """Return the day of a time that a request names."""
    if not text:
        return default
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise Refusal("bad_parameter", name=name) from None


def wall(market: Market, stamp: float) -> str:
    """Return an instant as the exchange's clock shows it."""
    return f"{datetime.fromtimestamp(stamp, market.tzinfo):%Y-%m-%d %H:%M:%S}"
