"""Rows about securities -> tidy frames with one row a code.

A row is a dict with ``"code"`` and a value for each column. What was not sent is NaN, NaT or NA, never 0.
Instants of one zone carry that zone, a mix is in UTC, as in all frames here.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import GatewayError, ProtocolError
from pd_capflow.flow.frames import ATTRS
from pd_capflow.security import MARKETS, Security
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "DAY",
    "INSTANT",
    "MISSING",
    "check_asked",
    "code_frame",
    "currency_of",
    "in_order",
    "read_code",
    "zone_of",
]

Row = dict[str, Any]

#: The kind of a column of microseconds since the epoch.
INSTANT = "instant"
#: The dtype of a column of calendar days at the exchange, which have no zone.
DAY = "datetime64[us]"
#: Why a code that was asked for has no row.
MISSING = "the gateway sent no row for it"

_PREFIXES = {market.number: market.prefix for market in MARKETS.values()}


def read_code(message: Any) -> str:
    """Return the code that a ``Qot_Common.Security`` stands for; ``N/A.`` where its market is not known."""
    return f"{_PREFIXES.get(message.market, 'N/A')}.{message.code}"


def check_asked(told: Iterable[str], asked: Iterable[Security]) -> None:
    """Raise a `ProtocolError` where an answer is about another code than those asked about."""
    known = set(map(str, asked))
    for code in told:
        if code not in known:
            raise ProtocolError(f"the answer is about {one_line(code)!r}, which was not asked about")


def zone_of(code: str) -> str:
    """Return the zone of a code's exchange; UTC where its market is not known."""
    market = MARKETS.get(code.partition(".")[0])
    return "UTC" if market is None else market.zone


def currency_of(code: str) -> str | None:
    """Return the currency in which a code trades, None where it is not known."""
    try:
        return Security.parse(code).currency
    except ValueError:
        return None


def in_order(answers: Iterable[Iterable[Row]], asked: Sequence[Security]) -> tuple[list[Row], dict[str, str]]:
    """Return the rows of answers in the order asked, and why codes have none.

    Raises
    ------
    GatewayError
        If none has one: that is an error, and no empty frame.
    """
    found = {row["code"]: row for row in chain.from_iterable(answers)}
    codes = [str(security) for security in asked]
    kept = [found[code] for code in codes if code in found]
    if not kept:
        alone = codes[0] if len(codes) == 1 else None
        raise GatewayError(f"{alone or f'{len(codes)} codes'}: {MISSING}", code=alone, ret_type=0)
    return kept, {code: MISSING for code in codes if code not in found}


def code_frame(
    rows: Sequence[Row],
    columns: Mapping[str, Any],
    *,
    source: Mapping[str, Any],
    errors: Mapping[str, str] | None = None,
    **facts: Any,
) -> pd.DataFrame:
    """Return a frame of rows, indexed by ``code``.

    Parameters
    ----------
    rows : sequence of dict
        In the order of the frame.
    columns : mapping of str to str
        Dtype of each column, or `INSTANT`.
    source : mapping
        Where the answers come from: ``url`` and ``demo``.
    errors : mapping of str to str, optional
        Why codes are missing.
    **facts
        What else belongs into ``attrs["capflow"]``.
    """
    codes = [row["code"] for row in rows]
    zone = _one(map(zone_of, codes)) or "UTC"
    index = pd.Index(codes, dtype="str", name="code")
    held = {name: _column([row[name] for row in rows], kind, zone) for name, kind in columns.items()}
    frame = pd.DataFrame(held, index=index, columns=pd.Index(list(columns), dtype="str"))
    frame.attrs[ATTRS] = {
        "codes": codes,
        **facts,
        "currency": _one(map(currency_of, codes)),
        "tz": zone,
        "source": dict(source),
        "errors": dict(errors or {}),
    }
    return frame


def _column(values: list[Any], kind: Any, zone: str) -> Any:
    if kind == INSTANT:
        return pd.DatetimeIndex(np.array(values, np.int64), dtype=pd.DatetimeTZDtype("us", zone))
    return pd.array(values, dtype=kind)


def _one(values: Iterable[Any]) -> Any:
    """Return the value that all share, or None."""
    different = set(values)
    return different.pop() if len(different) == 1 else None
