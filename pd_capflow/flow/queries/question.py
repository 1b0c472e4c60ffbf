"""What all queries have in common: their shape, and how codes, dates and answers are read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import date, timedelta
from numbers import Number
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
import pandas as pd

from pd_capflow.errors import ProtocolError, QueryError
from pd_capflow.flow.selectors import parse_selection
from pd_capflow.flow.tables import check_asked
from pd_capflow.protocol.refusals import check_response
from pd_capflow.security import MARKETS, Security

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Self

    from pd_capflow.flow.tables import Row
    from pd_capflow.protocol.messages import Method
    from pd_capflow.security import Market

__all__ = [
    "CODES_A_CALL",
    "PERIODS",
    "CodesQuery",
    "Query",
    "check_contents",
    "one_of",
    "parse_codes",
    "parse_day",
    "parse_market",
    "parse_range",
    "sent",
    "write_security",
]

R_co = TypeVar("R_co", covariant=True)

#: Names of periods and their ``Qot_Common.PeriodType``.
PERIODS = {"intraday": 1, "day": 2, "week": 3, "month": 4}

_YEAR = timedelta(days=365)


class Query(ABC, Generic[R_co]):
    """What a client needs to know of a question.

    It asks `request`, reads the response, goes on with `follow_up` until there is none, and makes the
    `result` of all that was read.
    """

    method: ClassVar[Method]

    @property
    def is_paced(self) -> bool:
        """Whether the gateway counts the request against the interface's budget."""
        return True

    @abstractmethod
    def request(self) -> Any:
        """Return the request message."""

    @abstractmethod
    def read(self, response: Any) -> Any:
        """Return what a response holds; raise what it stands for."""

    def follow_up(self, answer: Any) -> Self | None:  # noqa: ARG002  # most answers are whole
        """Return what is left to ask after an answer: the next page, or the next codes."""
        return None

    @abstractmethod
    def result(self, answers: Sequence[Any], source: Mapping[str, Any]) -> R_co:
        """Return what the user asked for.

        Parameters
        ----------
        answers : sequence
            What `read` returned, for this query and for each that followed it up.
        source : mapping
            Where they come from: ``url`` and ``demo``.
        """


def parse_codes(codes: str | Security | Iterable[str | Security]) -> tuple[list[Security], bool]:
    """Return the securities asked for, each once and in order, and whether one alone was asked for.

    Raises
    ------
    QueryError
        If there is none, or one of them is no code.
    """
    selection = parse_selection(codes)
    if selection.selectors:
        raise QueryError(
            f"{selection.selectors[0]!s} in a query; expected codes: the client's verbs, such as "
            "capital_flow() and snapshot(), know what selectors stand for"
        )
    return selection.choice().securities, selection.single


def one_of(what: str, value: object, names: Iterable[str]) -> str:
    """Return the name that is meant, in lower case, or raise a `QueryError` that tells them all."""
    name = value.lower() if isinstance(value, str) else ""
    known = list(names)
    if name not in known:
        raise QueryError(f"unknown {what} {value!r}; expected one of {', '.join(map(repr, known))}")
    return name


def parse_market(value: object, known: Iterable[str]) -> Market:
    """Return the market that is meant by a prefix such as ``"HK"``, one of those known."""
    prefix = value.upper() if isinstance(value, str) else ""
    prefixes = list(known)
    if prefix not in prefixes:
        raise QueryError(f"unknown market {value!r}; expected one of {', '.join(map(repr, prefixes))}")
    return MARKETS[prefix]


def parse_day(name: str, value: Any, market: Market) -> date | None:
    """Return the exchange's day that is meant, None if none is given."""
    if value is None:
        return None
    if isinstance(value, Number) and not isinstance(value, np.datetime64):
        raise QueryError(f"{name}={value!r} is a number; expected a date such as '2025-01-31'")
    if isinstance(value, str) and value.strip().lower() in ("today", "now"):
        return market.today()  # pandas would take the day of this machine's zone
    try:
        moment = pd.Timestamp(value)
    except (TypeError, ValueError) as error:
        raise QueryError(f"{name}={value!r} is no date; expected one such as '2025-01-31'") from error
    if pd.isna(moment):
        raise QueryError(f"{name}={value!r} is no date; expected one such as '2025-01-31'")
    return (moment if moment.tz is None else moment.tz_convert(market.zone)).date()


def parse_range(start: Any, end: Any, market: Market) -> tuple[date, date]:
    """Return first and last day; what is not given is as with the vendor, but by the exchange's calendar."""
    first, last = parse_day("start", start, market), parse_day("end", end, market)
    if first is not None and last is not None:
        if last < first:
            raise QueryError(f"end={last.isoformat()} is before start={first.isoformat()}")
        return first, last
    if first is not None:
        return first, _shift(first, _YEAR)
    last = last or market.today()
    return _shift(last, -_YEAR), last


def _shift(day: date, by: timedelta) -> date:
    try:
        return day + by
    except OverflowError as error:
        raise QueryError(f"{day.isoformat()} is no day that a gateway could have data for") from error


#: How many codes OpenD takes in one request.
CODES_A_CALL = 400


@dataclass(frozen=True)
class CodesQuery(Query["pd.DataFrame"]):
    """A question about any number of codes, asked 400 at a time.

    Parameters
    ----------
    codes : str, or iterable of str
        Each is asked for once.
    """

    codes: tuple[Security, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", tuple(parse_codes(self.codes)[0]))

    def write_codes(self, c2s: Any) -> None:
        """Fill in the codes of one request."""
        for security in self.codes[:CODES_A_CALL]:
            write_security(c2s.securityList.add(), security)
        c2s.header.securityFirm = 0

    def contents(self, response: Any) -> Any:
        """Return the ``s2c`` of a response, or raise what it stands for."""
        alone = str(self.codes[0]) if len(self.codes) == 1 else None
        return check_contents(response, alone or f"{len(self.codes)} codes", alone)

    def asked_for(self, rows: list[Row]) -> list[Row]:
        """Return the rows of an answer; one of a code that was not asked about breaks the protocol."""
        check_asked((row["code"] for row in rows), self.codes[:CODES_A_CALL])
        return rows

    def follow_up(self, answer: Any) -> Self | None:  # noqa: ARG002  # whatever it was
        """Return the question about the codes beyond the first 400."""
        rest = self.codes[CODES_A_CALL:]
        return replace(self, codes=rest) if rest else None


def write_security(message: Any, security: Security) -> None:
    """Fill in a ``Qot_Common.Security``."""
    message.market = security.home.number
    message.code = security.symbol


def sent(message: Any, field: str, absent: Any = None) -> Any:
    """Return the value of a field, or `absent` where it was not sent."""
    return getattr(message, field) if message.HasField(field) else absent


def check_contents(response: Any, about: str, code: str | None = None) -> Any:
    """Return the ``s2c`` of a response that reports success; raise what any other stands for.

    Parameters
    ----------
    response : message
        Any ``Response``.
    about : str
        What was asked about, as errors name it.
    code : str, optional
        The security's code, if it was asked about one.
    """
    check_response(response, code)
    if not response.HasField("s2c"):
        raise ProtocolError(f"{about}: the gateway reports success but sent no contents")
    return response.s2c
