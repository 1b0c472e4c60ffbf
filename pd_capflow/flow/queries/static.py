"""What does not change with the price: names, lot sizes, list dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pd_capflow.errors import QueryError
from pd_capflow.flow.names import EXCHANGES, SECURITY_TYPES, name_of
from pd_capflow.flow.queries.question import CodesQuery, one_of, parse_market, sent
from pd_capflow.flow.tables import DAY, code_frame, in_order, read_code, zone_of
from pd_capflow.flow.times import day_of
from pd_capflow.protocol.messages import STATIC_INFO, Method
from pd_capflow.security import MARKETS, Security

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pd_capflow.flow.tables import Row

__all__ = ["STATIC_COLUMNS", "StaticInfo", "read_static"]

#: Columns of the frames that tell of securities, and their dtypes.
STATIC_COLUMNS = {
    "name": "str",
    "type": "str",
    "lot_size": "int64",
    "list_date": DAY,
    "exchange": "str",
    "delisted": "boolean",
}
_TYPES = {name: number for number, name in SECURITY_TYPES.items() if number}


def read_static(infos: Any) -> list[Row]:
    """Return the rows of ``Qot_Common.SecurityStaticInfo`` messages."""
    return [_static_row(info.basic) for info in infos]


def _static_row(basic: Any) -> Row:
    code = read_code(basic.security)
    number = sent(basic, "exchType")
    return {
        "code": code,
        "name": basic.name,
        "type": name_of(SECURITY_TYPES, basic.secType),
        "lot_size": basic.lotSize,
        "list_date": _list_date(basic, zone_of(code)),
        "exchange": None if number is None else name_of(EXCHANGES, number),
        "delisted": sent(basic, "delisting"),
    }


def _list_date(basic: Any, zone: str) -> Any:
    """Return the first trading day as a `numpy.datetime64`, NaT where none was sent that can be read."""
    return np.datetime64(day_of(sent(basic, "listTimestamp"), basic.listTime, zone) or "NaT", "us")


@dataclass(frozen=True)
class StaticInfo(CodesQuery):
    """Names, lot sizes and list dates (``Qot_GetStaticInfo``, 3202).

    Parameters
    ----------
    codes : str, or iterable of str
        Whatever of them the gateway does not send is told in ``attrs["capflow"]["errors"]``; if it sends
        none at all, that is a `GatewayError`.
    market : str, optional
        Instead of codes: all securities of a market, such as ``"HK"``.
    kind : str, default "stock"
        Of which type, with a market: ``stock``, ``fund``, ``warrant``, ``index``, and so on.

    Examples
    --------
    >>> StaticInfo(market="HK", kind="fund").kind
    'fund'
    """

    codes: tuple[Security, ...] = ()
    market: str | None = None
    kind: str = "stock"

    method: ClassVar[Method] = STATIC_INFO

    def __post_init__(self) -> None:
        if self.market is None:
            super().__post_init__()
            return
        if self.codes:
            raise QueryError("codes and a market; expected the one or the other")
        object.__setattr__(self, "market", parse_market(self.market, MARKETS).prefix)
        object.__setattr__(self, "kind", one_of("kind", self.kind, _TYPES))

    def request(self) -> Any:
        """Return the ``Qot_GetStaticInfo.Request``."""
        request = STATIC_INFO.request()
        self.write_codes(request.c2s)
        if self.market is not None:
            request.c2s.market = MARKETS[self.market].number
            request.c2s.secType = _TYPES[self.kind]
        return request

    def read(self, response: Any) -> list[Row]:
        """Return the rows of a ``Qot_GetStaticInfo.Response``."""
        rows = read_static(self.contents(response).staticInfoList)
        return rows if self.market is not None else self.asked_for(rows)

    def result(self, answers: Sequence[list[Row]], source: Mapping[str, Any]) -> pd.DataFrame:
        """Return the frame: one row a code, in the order asked."""
        if self.market is not None:
            return code_frame(answers[0], STATIC_COLUMNS, source=source, market=self.market)
        rows, errors = in_order(answers, self.codes)
        return code_frame(rows, STATIC_COLUMNS, source=source, errors=errors)
