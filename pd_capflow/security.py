"""Securities and their markets: ``"HK.00700"`` <-> `Security`, and the one table of markets.

Prefixes and numbers are those of the vendor's ``Qot_Common.QotMarket``. Zones of HK, SH, SZ and US are
documented by the vendor; those of the other exchanges are where the exchanges are. Sessions are the
regular trading hours, the only ones that capital flow counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from pd_capflow.errors import QueryError

__all__ = ["MARKETS", "SELECTORS", "Market", "Security"]

Hours = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Market:
    """One market of the vendor's list.

    Attributes
    ----------
    prefix : str
        What codes of this market begin with, such as ``"HK"``.
    number : int
        ``QotMarket`` on the wire.
    zone : str
        IANA name of the exchange's time zone.
    currency : str
        ISO 4217 code of the usual trading currency.
    sessions : tuple of (time, time)
        Regular trading hours of a full day in exchange time; empty where capital flow does not exist.
    """

    prefix: str
    number: int
    zone: str
    currency: str
    sessions: tuple[Hours, ...] = ()

    @property
    def tzinfo(self) -> ZoneInfo:
        """The exchange's zone as a `zoneinfo.ZoneInfo`."""
        return ZoneInfo(self.zone)

    def today(self) -> date:
        """Return the calendar day that it is at the exchange now."""
        return datetime.now(self.tzinfo).date()


def _hours(*texts: str) -> tuple[Hours, ...]:
    """Read ``"09:30-12:00"`` into a pair of times, for each text."""
    pairs = (text.split("-") for text in texts)
    return tuple((time.fromisoformat(first), time.fromisoformat(last)) for first, last in pairs)


_MAINLAND = _hours("09:30-11:30", "13:00-15:00")
_NEW_YORK = _hours("09:30-16:00")

_TABLE = (
    Market("HK", 1, "Asia/Hong_Kong", "HKD", _hours("09:30-12:00", "13:00-16:00")),
    Market("HK_FUTURE", 2, "Asia/Hong_Kong", "HKD"),
    Market("US", 11, "America/New_York", "USD", _NEW_YORK),
    Market("SH", 21, "Asia/Shanghai", "CNY", _MAINLAND),
    Market("SZ", 22, "Asia/Shanghai", "CNY", _MAINLAND),
    Market("SG", 31, "Asia/Singapore", "SGD", _hours("09:00-12:00", "13:00-17:00")),
    Market("JP", 41, "Asia/Tokyo", "JPY", _hours("09:00-11:30", "12:30-15:30")),
    Market("AU", 51, "Australia/Sydney", "AUD", _hours("10:00-16:00")),
    Market("MY", 61, "Asia/Kuala_Lumpur", "MYR", _hours("09:00-12:30", "14:30-17:00")),
    Market("CA", 71, "America/Toronto", "CAD", _NEW_YORK),
    Market("FX", 81, "UTC", "USD"),
    Market("CC", 91, "UTC", "USD"),
    Market("EC", 101, "America/New_York", "USD"),
)

#: Every market by its prefix.
MARKETS: dict[str, Market] = {market.prefix: market for market in _TABLE}

# Counters that trade in another currency than the rest of their market.
_OTHER_CURRENCY = (
    ("HK", re.compile(r"8\d{4}"), "CNY"),
    ("SH", re.compile(r"900\d{3}"), "USD"),
    ("SZ", re.compile(r"200\d{3}"), "HKD"),
)

# Printable ASCII, but no spaces, quotes, brackets, commas, semicolons and backslashes.
_SYMBOL = re.compile(r"[!#-&*+\-./0-9:=?@A-Z^_a-z|~]{1,32}")
#: What a word for several codes begins with, before a colon; `pd_capflow.flow.selectors` reads them.
SELECTORS = ("plate", "watchlist")

_EXPECTED = "expected PREFIX.SYMBOL, such as HK.00700, US.AAPL, SH.600519 or SZ.000001"


@dataclass(frozen=True, slots=True)
class Security:
    """One security: its market's prefix and its symbol there.

    Parameters
    ----------
    market : str
        The prefix of a market in `MARKETS`.
    symbol : str
        The security's symbol as the exchange writes it: one to 32 letters, digits and signs such as a
        dot or a dash.

    Raises
    ------
    QueryError
        If the market is unknown or the symbol cannot be one.

    Examples
    --------
    >>> Security.parse("HK.00700")
    Security(market='HK', symbol='00700')
    >>> Security.parse("US.BRK.B").symbol
    'BRK.B'
    >>> Security.parse("HK.00700").currency
    'HKD'
    """

    market: str
    symbol: str

    def __post_init__(self) -> None:
        _check(self.market, self.symbol, f"{self.market}.{self.symbol}")

    @classmethod
    def parse(cls, code: str | Security) -> Security:
        """Read a code such as ``"HK.00700"``; the first dot divides market and symbol."""
        if isinstance(code, Security):
            return code
        if not isinstance(code, str):
            raise QueryError(f"{code!r} is no code: {_EXPECTED}")
        if code.partition(":")[0] in SELECTORS:
            raise QueryError(f"{code!r} stands for several codes; expected one code here, such as HK.00700")
        market, dot, symbol = code.partition(".")
        if not dot:
            raise QueryError(f"code {code!r} names no market: {_EXPECTED}")
        _check(market, symbol, code)
        return cls(market, symbol)

    def __str__(self) -> str:
        return f"{self.market}.{self.symbol}"

    @property
    def home(self) -> Market:
        """The market's row in `MARKETS`."""
        return MARKETS[self.market]

    @property
    def currency(self) -> str:
        """ISO 4217 code of the currency in which this security trades, and so of its amounts."""
        for market, pattern, currency in _OTHER_CURRENCY:
            if market == self.market and pattern.fullmatch(self.symbol):
                return currency
        return self.home.currency


def _check(market: str, symbol: str, code: str) -> None:
    if market not in MARKETS:
        raise QueryError(f"code {code!r} has no known market: {_did_you_mean(market, symbol)}")
    if not _SYMBOL.fullmatch(symbol):
        raise QueryError(f"code {code!r} has no valid symbol: {_EXPECTED}")


def _did_you_mean(market: str, symbol: str) -> str:
    known = market.strip().upper()
    if known in MARKETS and symbol.strip():
        return f"did you mean {known}.{symbol.strip()!s}?"
    return f"{_EXPECTED}; markets are {', '.join(MARKETS)}"
