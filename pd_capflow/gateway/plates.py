"""Plates and watchlists of the demo gateway: a few, invented, of securities that are listed."""

from __future__ import annotations

from dataclasses import dataclass

from pd_capflow.security import Security

__all__ = ["PLATES", "WATCHLISTS", "Plate", "Watchlist"]

_INDUSTRY, _CONCEPT = 1, 3
_CUSTOM, _SYSTEM = 1, 2


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate.

    Attributes
    ----------
    security : Security
        Its code.
    name, name_zh : str
        Its name in English and in Chinese.
    kind : int
        ``Qot_Common.PlateSetType``.
    members : tuple of Security
        By code.
    """

    security: Security
    name: str
    name_zh: str
    kind: int
    members: tuple[Security, ...]


@dataclass(frozen=True, slots=True)
class Watchlist:
    """A watchlist.

    Attributes
    ----------
    name : str
        As the user calls it.
    kind : int
        ``Qot_GetUserSecurityGroup.GroupType``.
    members : tuple of Security
        In the user's order.
    """

    name: str
    kind: int
    members: tuple[Security, ...]


def _securities(codes: str) -> tuple[Security, ...]:
    return tuple(map(Security.parse, codes.split()))


_ROWS = (
    ("HK.BK1001", "Internet", "互联网", _CONCEPT, "HK.00700 HK.01810 HK.03690 HK.09618 HK.09988"),
    ("HK.BK1002", "Banks & Insurance", "银行保险", _INDUSTRY, "HK.00005 HK.00939 HK.01299 HK.02318"),
    ("HK.BK1003", "Energy & Telecoms", "能源电讯", _INDUSTRY, "HK.00883 HK.00941"),
    (
        "US.BK2001",
        "Magnificent Seven",
        "科技七巨头",
        _CONCEPT,
        "US.AAPL US.AMZN US.GOOGL US.META US.MSFT US.NVDA US.TSLA",
    ),
    ("US.BK2002", "China Concept", "中概股", _CONCEPT, "US.BABA US.FUTU"),
    ("SH.BK0001", "Banks", "银行", _INDUSTRY, "SH.600036 SH.601398 SZ.000001"),
    ("SH.BK0002", "Spirits", "白酒", _INDUSTRY, "SH.600519 SZ.000858"),
    ("SZ.BK0003", "New Energy", "新能源", _CONCEPT, "SZ.002594 SZ.300750"),
    ("JP.BK4001", "Nikkei Blue Chips", "日经蓝筹", _CONCEPT, "JP.6758 JP.7203"),
)

#: Every plate, by code.
PLATES: dict[Security, Plate] = {
    Security.parse(code): Plate(Security.parse(code), name, name_zh, kind, _securities(members))
    for code, name, name_zh, kind, members in _ROWS
}

#: The watchlists of the demo account, by name.
WATCHLISTS: dict[str, Watchlist] = {
    "Favorites": Watchlist("Favorites", _SYSTEM, _securities("HK.00700 US.AAPL SH.600519 HK.02800")),
    "Tech": Watchlist("Tech", _CUSTOM, _securities("HK.00700 HK.09988 US.NVDA US.MSFT SZ.300750")),
}
