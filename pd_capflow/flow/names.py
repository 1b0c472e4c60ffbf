"""Numbers of the vendor's enumerations -> names for users, in lower case.

Facts of ``Qot_Common`` and ``Common``. A number that is not known here stays visible as ``"unknown 99"``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "EXCHANGES",
    "GROUP_KINDS",
    "MARKET_STATES",
    "PLATE_KINDS",
    "PROGRAM_STATUSES",
    "SECURITY_TYPES",
    "TRADE_DATE_TYPES",
    "name_of",
]

MARKET_STATES = {
    0: "none",
    1: "auction",
    2: "waiting_open",
    3: "morning",
    4: "rest",
    5: "afternoon",
    6: "closed",
    8: "pre_market",
    9: "pre_market_end",
    10: "after_hours",
    11: "after_hours_end",
    13: "night_open",
    14: "night_end",
    15: "future_day_open",
    16: "future_day_break",
    17: "future_day_close",
    18: "future_day_waiting_open",
    19: "hk_closing_auction",
    23: "future_open",
    24: "future_break",
    25: "future_break_over",
    26: "future_close",
    27: "star_after_hours_waiting",
    28: "star_after_hours",
    29: "star_after_hours_end",
    30: "closing_auction",
    31: "afternoon_end",
    32: "night",
    33: "overnight_begin",
    34: "overnight_end",
    35: "trade_at_last",
    36: "trade_auction",
    37: "overnight",
}
PROGRAM_STATUSES = {
    0: "none",
    1: "loaded",
    2: "logging_in",
    3: "needs_picture_code",
    4: "needs_phone_code",
    5: "login_failed",
    6: "needs_update",
    7: "preparing_data",
    8: "data_missing",
    9: "disclaimer_not_agreed",
    10: "ready",
    11: "logged_out",
    12: "disclaimer_failed",
}
SECURITY_TYPES = {
    0: "unknown",
    1: "bond",
    2: "basket_warrant",
    3: "stock",
    4: "fund",
    5: "warrant",
    6: "index",
    7: "plate",
    8: "option",
    9: "plate_set",
    10: "future",
    11: "forex",
    12: "crypto",
}
EXCHANGES = {
    0: "unknown",
    1: "HK_MAIN",
    2: "HK_GEM",
    3: "HKEX",
    4: "NYSE",
    5: "NASDAQ",
    6: "OTC",
    7: "AMEX",
    8: "US_OPTION",
    9: "NYMEX",
    10: "COMEX",
    11: "CBOT",
    12: "CME",
    13: "CBOE",
    14: "SSE",
    15: "SZSE",
    16: "STAR",
    17: "SGX",
    18: "OSE",
    19: "CRYPTO",
    20: "MYX",
    21: "TSE",
    22: "NIKKEI",
}
PLATE_KINDS = {0: "all", 1: "industry", 2: "region", 3: "concept", 4: "other"}
TRADE_DATE_TYPES = {0: "whole", 1: "morning", 2: "afternoon"}
GROUP_KINDS = {0: "unknown", 1: "custom", 2: "system"}


def name_of(names: Mapping[int, str], number: int) -> str:
    """Return the name of a number.

    Examples
    --------
    >>> name_of(PLATE_KINDS, 3), name_of(PLATE_KINDS, 99)
    ('concept', 'unknown 99')
    """
    return names.get(number) or f"unknown {number}"
