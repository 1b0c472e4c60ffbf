"""The latest quotes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pd_capflow.errors import ProtocolError
from pd_capflow.flow.names import SECURITY_TYPES, name_of
from pd_capflow.flow.queries.question import CodesQuery, sent
from pd_capflow.flow.tables import INSTANT, code_frame, currency_of, in_order, read_code, zone_of
from pd_capflow.flow.times import NO_TIME, instant_us
from pd_capflow.protocol.messages import SNAPSHOT, Method

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pd_capflow.flow.tables import Row

__all__ = ["Snapshot"]

# Column of the frame and field of the message, in the frame's order.
_QUOTE = {
    "last": "curPrice",
    "open": "openPrice",
    "high": "highPrice",
    "low": "lowPrice",
    "last_close": "lastClosePrice",
    "turnover": "turnover",
    "turnover_rate": "turnoverRate",
    "amplitude": "amplitude",
    "average": "avgPrice",
    "bid": "bidPrice",
    "ask": "askPrice",
    "bid_ask_ratio": "bidAskRatio",
    "volume_ratio": "volumeRatio",
    "high_52_weeks": "highest52WeeksPrice",
    "low_52_weeks": "lowest52WeeksPrice",
    "price_step": "priceSpread",
}
# Volumes are whole numbers, and fractions in fields of their own where those are traded.
_VOLUMES = {
    "volume": ("hpVolume", "volume"),
    "bid_volume": ("hpBidVol", "bidVol"),
    "ask_volume": ("hpAskVol", "askVol"),
}
_EQUITY = {
    "market_value": "issuedMarketVal",
    "float_market_value": "outstandingMarketVal",
    "shares": "issuedShares",
    "float_shares": "outstandingShares",
    "pe": "peRate",
    "pe_ttm": "peTTMRate",
    "pb": "pbRate",
    "earnings_per_share": "earningsPershare",
    "net_asset_per_share": "netAssetPershare",
    "dividend_ttm": "dividendTTM",
    "dividend_rate_ttm": "dividendRatioTTM",
}
# Of the members of an index or a plate.
_COUNTS = {"raise_count": "raiseCount", "fall_count": "fallCount", "equal_count": "equalCount"}
_SNAPSHOT_COLUMNS = {
    "name": "str",
    "update_time": INSTANT,
    **dict.fromkeys([*_QUOTE, *_VOLUMES, *_EQUITY, *_COUNTS], "float64"),
    "type": "str",
    "currency": "str",
    "lot_size": "int64",
    "suspended": "bool",
}


@dataclass(frozen=True)
class Snapshot(CodesQuery):
    """The latest quotes of some codes (``Qot_GetSecuritySnapshot``, 3203).

    Parameters
    ----------
    codes : str, or iterable of str
        One that the gateway does not know fails the 400 that are asked together with it; one that it
        leaves out is told in ``attrs["capflow"]["errors"]``, and a `GatewayError` if it leaves out all.
    """

    method: ClassVar[Method] = SNAPSHOT

    def request(self) -> Any:
        """Return the ``Qot_GetSecuritySnapshot.Request``."""
        request = SNAPSHOT.request()
        self.write_codes(request.c2s)
        return request

    def read(self, response: Any) -> list[Row]:
        """Return the rows of a ``Qot_GetSecuritySnapshot.Response``."""
        return self.asked_for(list(map(_snapshot_row, self.contents(response).snapshotList)))

    def result(self, answers: Sequence[list[Row]], source: Mapping[str, Any]) -> pd.DataFrame:
        """Return the frame: one row a code, in the order asked."""
        rows, errors = in_order(answers, self.codes)
        return code_frame(rows, _SNAPSHOT_COLUMNS, source=source, errors=errors)


def _snapshot_row(snapshot: Any) -> Row:
    basic, equity = snapshot.basic, snapshot.equityExData
    counts = snapshot.indexExData if snapshot.HasField("indexExData") else snapshot.plateExData
    code = read_code(basic.security)
    return {
        "code": code,
        "name": sent(basic, "name"),
        "update_time": _update_time(basic, zone_of(code)),
        **{column: sent(basic, name, np.nan) for column, name in _QUOTE.items()},
        **{column: _volume(basic, *names) for column, names in _VOLUMES.items()},
        **{column: sent(equity, name, np.nan) for column, name in _EQUITY.items()},
        **{column: sent(counts, name, np.nan) for column, name in _COUNTS.items()},
        "type": name_of(SECURITY_TYPES, basic.type),
        "currency": currency_of(code),
        "lot_size": basic.lotSize,
        "suspended": basic.isSuspend,
    }


def _update_time(basic: Any, zone: str) -> int:
    """Return when a quote was updated; `NO_TIME` also where it cannot be read, which costs no quotes."""
    try:
        return instant_us(sent(basic, "updateTimestamp"), basic.updateTime, zone)
    except ProtocolError:
        return NO_TIME


def _volume(message: Any, precise: str, whole: str) -> float:
    return float(sent(message, precise, sent(message, whole, np.nan)))
