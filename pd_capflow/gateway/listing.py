"""What the demo gateway lists: a code is listed, invented, unsupported or unknown, and always the same.

Some forty well-known securities stand in a table with rough facts: names, lot size and list date are as
the exchanges publish them, price and turnover are only of the right magnitude. Every other well-formed
code of a market with sessions is given a listing made out of its code, so that any watch list works.
Nothing here is a quote.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from functools import lru_cache

from pd_capflow.gateway.plates import PLATES
from pd_capflow.security import Security

__all__ = [
    "INDICES",
    "LISTINGS",
    "Fundamentals",
    "Listing",
    "ListingError",
    "SecurityType",
    "UnknownSecurity",
    "UnsupportedSecurity",
    "exchange_of",
    "fingerprint",
    "fundamentals",
    "look_up",
    "quoted",
]


class ListingError(LookupError):
    """The gateway has no capital flow for this code.

    Attributes
    ----------
    security : Security
        What was asked for.
    """

    def __init__(self, security: Security) -> None:
        super().__init__(str(security))
        self.security = security


class UnknownSecurity(ListingError):  # noqa: N818  the answer that a handler gives, not a fault of ours
    """No exchange lists such a code."""


class UnsupportedSecurity(ListingError):  # noqa: N818  the same
    """The code is one of an index, an option, a future or a plate, or its market has no capital flow."""


class SecurityType(IntEnum):
    """The types that are listed here, with the vendor's numbers (``Qot_Common.SecurityType``)."""

    STOCK = 3
    FUND = 4
    INDEX = 6
    PLATE = 7


@dataclass(frozen=True, slots=True)
class Listing:
    """One security as the demo gateway knows it.

    Attributes
    ----------
    security : Security
        Its market and symbol.
    name : str
        English name; the code itself where the listing is invented.
    name_zh : str
        Chinese name; the code itself where the listing is invented.
    lot_size : int
        Shares per lot; 0 of what is not traded itself.
    listed : date
        First trading day.
    security_type : SecurityType
        Stocks and funds have a capital flow, indices and plates only prices.
    price : float
        A rough price in the trading currency.
    turnover : int
        A rough turnover of one day in the trading currency.
    """

    security: Security
    name: str
    name_zh: str
    lot_size: int
    listed: date
    security_type: SecurityType
    price: float
    turnover: int


_Row = tuple[str, str, str, int, str, float, float]

# code, name, Chinese name, lot size, first trading day, price, turnover in millions
_STOCKS: tuple[_Row, ...] = (
    ("HK.00700", "TENCENT", "腾讯控股", 100, "2004-06-16", 600.0, 10_000),
    ("HK.09988", "BABA-W", "阿里巴巴-W", 100, "2019-11-26", 150.0, 12_000),
    ("HK.03690", "MEITUAN-W", "美团-W", 100, "2018-09-20", 100.0, 5_000),
    ("HK.01810", "XIAOMI-W", "小米集团-W", 200, "2018-07-09", 50.0, 7_000),
    ("HK.09618", "JD-SW", "京东集团-SW", 50, "2020-06-18", 130.0, 2_000),
    ("HK.00005", "HSBC HOLDINGS", "汇丰控股", 400, "1991-04-08", 105.0, 1_800),
    ("HK.00388", "HKEX", "香港交易所", 100, "2000-06-27", 420.0, 2_500),
    ("HK.00883", "CNOOC", "中国海洋石油", 1000, "2001-02-28", 20.0, 1_500),
    ("HK.00939", "CCB", "建设银行", 1000, "2005-10-27", 7.8, 2_500),
    ("HK.00941", "CHINA MOBILE", "中国移动", 500, "1997-10-23", 85.0, 1_500),
    ("HK.01211", "BYD COMPANY", "比亚迪股份", 500, "2002-07-31", 105.0, 3_000),
    ("HK.01299", "AIA", "友邦保险", 200, "2010-10-29", 75.0, 2_000),
    ("HK.02318", "PING AN", "中国平安", 500, "2004-06-24", 55.0, 2_000),
    ("HK.80700", "TENCENT-R", "腾讯控股-R", 100, "2023-06-19", 550.0, 50),
    ("US.AAPL", "Apple", "苹果", 1, "1980-12-12", 230.0, 12_000),
    ("US.MSFT", "Microsoft", "微软", 1, "1986-03-13", 480.0, 10_000),
    ("US.NVDA", "NVIDIA", "英伟达", 1, "1999-01-22", 180.0, 30_000),
    ("US.AMZN", "Amazon", "亚马逊", 1, "1997-05-15", 220.0, 9_000),
    ("US.GOOGL", "Alphabet-A", "谷歌-A", 1, "2004-08-19", 250.0, 8_000),
    ("US.META", "Meta Platforms", "Meta Platforms", 1, "2012-05-18", 700.0, 10_000),
    ("US.TSLA", "Tesla", "特斯拉", 1, "2010-06-29", 350.0, 30_000),
    ("US.BRK.B", "Berkshire Hathaway-B", "伯克希尔-B", 1, "1996-05-09", 490.0, 2_000),
    ("US.BABA", "Alibaba", "阿里巴巴", 1, "2014-09-19", 150.0, 2_500),
    ("US.FUTU", "Futu Holdings Ltd", "富途控股", 1, "2019-03-08", 150.0, 500),
    ("SH.600519", "Kweichow Moutai", "贵州茅台", 100, "2001-08-27", 1450.0, 5_000),
    ("SH.600036", "China Merchants Bank", "招商银行", 100, "2002-04-09", 42.0, 2_500),
    ("SH.601318", "Ping An Insurance", "中国平安", 100, "2007-03-01", 55.0, 3_000),
    ("SH.601398", "ICBC", "工商银行", 100, "2006-10-27", 7.5, 2_500),
    ("SH.601857", "PetroChina", "中国石油", 100, "2007-11-05", 9.0, 1_500),
    ("SH.688981", "SMIC", "中芯国际", 200, "2020-07-16", 100.0, 5_000),
    ("SZ.000001", "Ping An Bank", "平安银行", 100, "1991-04-03", 12.0, 1_300),
    ("SZ.000333", "Midea Group", "美的集团", 100, "2013-09-18", 75.0, 2_500),
    ("SZ.000858", "Wuliangye Yibin", "五粮液", 100, "1998-04-27", 125.0, 2_000),
    ("SZ.002594", "BYD", "比亚迪", 100, "2011-06-30", 100.0, 4_000),
    ("SZ.300750", "CATL", "宁德时代", 100, "2018-06-11", 280.0, 7_000),
    ("JP.7203", "Toyota Motor", "丰田汽车", 100, "1949-05-16", 2800.0, 70_000),
    ("JP.6758", "Sony Group", "索尼集团", 100, "1958-12-01", 3700.0, 60_000),
    ("SG.Z74", "Singtel", "新加坡电信", 100, "1993-11-01", 4.2, 80),
    ("SG.C6L", "Singapore Airlines", "新加坡航空", 100, "1985-12-18", 6.8, 30),
    ("AU.BHP", "BHP Group", "必和必拓", 1, "1885-08-13", 42.0, 350),
    ("AU.CBA", "Commonwealth Bank", "澳洲联邦银行", 1, "1991-09-12", 170.0, 300),
    ("MY.1155", "Maybank", "马来亚银行", 100, "1962-02-17", 10.0, 90),
    ("CA.SHOP", "Shopify", "Shopify", 1, "2015-05-21", 200.0, 350),
)
_FUNDS: tuple[_Row, ...] = (
    ("HK.02800", "TRACKER FUND", "盈富基金", 500, "1999-11-12", 26.0, 8_000),
    ("US.SPY", "SPDR S&P 500 ETF", "标普500ETF-SPDR", 1, "1993-01-29", 640.0, 45_000),
    ("US.QQQ", "Invesco QQQ Trust", "纳指100ETF-Invesco QQQ", 1, "1999-03-10", 580.0, 27_000),
    ("SH.510300", "Huatai-PB CSI 300 ETF", "沪深300ETF", 100, "2012-05-28", 4.5, 3_500),
    ("SZ.159915", "E Fund ChiNext ETF", "创业板ETF", 100, "2011-12-09", 2.8, 2_500),
)


_INDICES: tuple[_Row, ...] = (
    ("HK.800000", "Hang Seng Index", "恒生指数", 0, "1969-11-24", 26_000.0, 120_000),
    ("HK.800100", "Hang Seng China Enterprises Index", "国企指数", 0, "1994-08-08", 9_200.0, 60_000),
    ("HK.800700", "Hang Seng TECH Index", "恒生科技指数", 0, "2020-07-27", 5_800.0, 50_000),
    ("SH.000001", "SSE Composite Index", "上证指数", 0, "1991-07-15", 3_900.0, 800_000),
    ("SH.000300", "CSI 300", "沪深300", 0, "2005-04-08", 4_600.0, 500_000),
    ("SZ.399001", "SZSE Component Index", "深证成指", 0, "1995-01-23", 13_000.0, 1_000_000),
    ("SZ.399006", "ChiNext Price Index", "创业板指", 0, "2010-06-01", 3_100.0, 500_000),
    ("US..DJI", "Dow Jones Industrial Average", "道琼斯指数", 0, "1985-01-29", 47_000.0, 90_000),
    ("US..IXIC", "NASDAQ Composite", "纳斯达克综合指数", 0, "1971-02-05", 23_000.0, 400_000),
    ("US..SPX", "S&P 500 Index", "标普500指数", 0, "1957-03-04", 6_700.0, 500_000),
)


def _listing(row: _Row, security_type: SecurityType) -> Listing:
    """Read one row of a table above."""
    code, name, name_zh, lot_size, listed, price, millions = row
    turnover = int(millions * 1_000_000)
    first_day = date.fromisoformat(listed)
    return Listing(Security.parse(code), name, name_zh, lot_size, first_day, security_type, price, turnover)


def _table(rows: tuple[_Row, ...], security_type: SecurityType) -> dict[str, Listing]:
    return {row[0]: _listing(row, security_type) for row in rows}


#: The well-known securities, by code.
LISTINGS: dict[str, Listing] = _table(_STOCKS, SecurityType.STOCK) | _table(_FUNDS, SecurityType.FUND)
#: The well-known indices, by code.
INDICES: dict[str, Listing] = _table(_INDICES, SecurityType.INDEX)

_UNKNOWN = re.compile(r"HK\.99999|[A-Z_]+\.NOSUCH")

_INDEX_CODES = re.compile(r"HK\.8\d{5}|SH\.000\d{3}|SZ\.399\d{3}|US\.\..+")
_PLATE_CODES = re.compile(r"[A-Z]+\.(BK|LIST)\d{3,}")
_UNLISTED = re.compile(
    r"[A-Z]+\.[A-Z.]{1,6}\d{6}[CP]\d+"  # options
    r"|[A-Z]+\.[A-Z0-9]{1,6}main|(HK|US|SG)\.[A-Z]{2,4}\d{4}"  # futures: the main contract, one month's
)

# What a symbol looks like at its exchange.
_SYMBOLS: dict[str, re.Pattern[str]] = {
    "HK": re.compile(r"\d{5}"),
    "SH": re.compile(r"\d{6}"),
    "SZ": re.compile(r"\d{6}"),
    "US": re.compile(r"[A-Z][A-Z0-9.-]{0,9}"),
    "JP": re.compile(r"[0-9A-Z]{4,5}"),
}
_ANY_SYMBOL = re.compile(r"[0-9A-Z]{1,10}")

_FUND_CODES = re.compile(r"SH\.5\d{5}|SZ\.1[56]\d{4}")

# Lot sizes by market, of which the code picks one.
_LOT_SIZES: dict[str, tuple[int, ...]] = {
    "HK": (100, 200, 500, 1000, 2000),
    "US": (1,),
    "AU": (1,),
    "CA": (1,),
}


def look_up(security: Security) -> Listing:
    """Return the listing of a security that has a capital flow, a well-known or an invented one.

    Parameters
    ----------
    security : Security
        Of any market.

    Returns
    -------
    Listing
        The same for the same security, in every process.

    Raises
    ------
    UnknownSecurity
        For ``HK.99999``, for the symbol ``NOSUCH`` in any market, and for symbols that the market's
        exchange could not issue.
    UnsupportedSecurity
        For indices, options, futures and plates, and in markets that have no sessions.
    """
    code = str(security)
    if _INDEX_CODES.fullmatch(code) or _PLATE_CODES.fullmatch(code):
        raise UnsupportedSecurity(security)
    return quoted(security)


@lru_cache(maxsize=4096)
def quoted(security: Security) -> Listing:
    """Return the listing of a security that has a price: those of `look_up`, indices and plates.

    Parameters
    ----------
    security : Security
        Of any market.

    Raises
    ------
    UnknownSecurity, UnsupportedSecurity
        As by `look_up`, and unknown are plates that are not in `PLATES`.
    """
    code = str(security)
    known = LISTINGS.get(code) or INDICES.get(code)
    return known or _invent(_accept(security, code), code)


def _accept(security: Security, code: str) -> Security:
    """Return the security, or raise what is wrong with it."""
    if _UNKNOWN.fullmatch(code):
        raise UnknownSecurity(security)
    if security in PLATES or _INDEX_CODES.fullmatch(code):
        return security
    if not security.home.sessions or _UNLISTED.fullmatch(code):
        raise UnsupportedSecurity(security)
    if not _SYMBOLS.get(security.market, _ANY_SYMBOL).fullmatch(security.symbol):
        raise UnknownSecurity(security)
    if _PLATE_CODES.fullmatch(code):
        raise UnknownSecurity(security)
    return security


def _invent(security: Security, code: str) -> Listing:
    """Derive a listing from nothing but the code: a small or middling one, listed long ago."""
    chance = fingerprint(code)
    kind, plate = _type_of(security, code), PLATES.get(security)
    lots = _LOT_SIZES.get(security.market, (100,))
    return Listing(
        security=security,
        name=plate.name if plate else code,
        name_zh=plate.name_zh if plate else code,
        lot_size=lots[chance % len(lots)] if kind in _TRADED else 0,
        listed=date(1995, 1, 2) + timedelta(weeks=chance // 7 % 1000),
        security_type=kind,
        price=(50 + chance // 7_919 % 9_950) / (100 if kind in _TRADED else 1),
        turnover=(1 + chance // 1_299_709 % 19) * 10 ** (7 + chance // 15_485_863 % 2),
    )


_TRADED = (SecurityType.STOCK, SecurityType.FUND)


def _type_of(security: Security, code: str) -> SecurityType:
    if security in PLATES:
        return SecurityType.PLATE
    if _INDEX_CODES.fullmatch(code):
        return SecurityType.INDEX
    return SecurityType.FUND if _FUND_CODES.fullmatch(code) else SecurityType.STOCK


def fingerprint(text: str) -> int:
    """Return 64 bits that depend on the text alone, unlike `hash`, which differs between processes."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


@dataclass(frozen=True, slots=True)
class Fundamentals:
    """What stands behind a share, invented.

    Attributes
    ----------
    shares, float_shares : int
        Those issued, and those that are traded.
    earnings, assets : float
        Of one year, and net ones, a share in the trading currency.
    """

    shares: int
    float_shares: int
    earnings: float
    assets: float


_DAILY_TURNOVER = 0.003  # of the market value
_MILLION = 1_000_000


def fundamentals(listing: Listing) -> Fundamentals:
    """Return the fundamentals that go with a listing's price and turnover."""
    chance = fingerprint(f"{listing.security}/fundamentals")
    millions = max(round(listing.turnover / listing.price / _DAILY_TURNOVER / _MILLION), 10)
    return Fundamentals(
        shares=millions * _MILLION,
        float_shares=millions * (60 + chance % 41) // 100 * _MILLION,
        earnings=listing.price / (8 + chance // 41 % 33),
        assets=listing.price / ((8 + chance // 1_353 % 60) / 10),
    )


# ``Qot_Common.ExchType``.
_EXCHANGES = {"HK": 1, "US": 5, "SH": 14, "SZ": 15, "SG": 17, "JP": 21, "MY": 20}
_OTHER_EXCHANGE = {"US.BABA": 4, "US.BRK.B": 4, "US.SPY": 7, "SH.688981": 16}


def exchange_of(security: Security) -> int:
    """Return the number of the exchange that lists a security; 0 where the vendor has none for it."""
    return _OTHER_EXCHANGE.get(str(security), _EXCHANGES.get(security.market, 0))
