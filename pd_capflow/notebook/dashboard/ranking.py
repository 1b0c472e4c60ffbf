"""The ranking of the watched codes: rows as values, one list for each currency.

Amounts of two currencies are never compared: every currency has its own order and its own longest bar.
What is not known is NaN here and a dash on the page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite, nan
from typing import TYPE_CHECKING

from pd_capflow.flow.frames import FLOW_COLUMNS

if TYPE_CHECKING:
    from pd_capflow.flow.frames import Columns
    from pd_capflow.notebook.dashboard.reading import Quote, Reading
    from pd_capflow.security import Security

__all__ = ["Row", "ranking"]

_PLACE = {name: FLOW_COLUMNS.index(name) for name in FLOW_COLUMNS}


@dataclass(frozen=True, slots=True)
class Row:
    """One watched code.

    Attributes
    ----------
    security : Security
        Which.
    name : str
        As the gateway sent it; empty where it has not told.
    price, change : float
        The latest price, and its change from the close before as a fraction.
    flow, main : float
        Net inflow of the latest row, all of it and that of super and big orders, in the currency's unit.
    is_derived : bool
        Whether the main flow is super and big orders added up here, since the gateway sent none.
    share : float
        Net inflow as a part of the turnover of the same session.
    length : float
        The flow as a part of the currency's greatest, from -1 to 1.
    error : str
        Why the gateway gave no answer; empty where it did.
    is_new : bool
        Whether no answer came yet.
    """

    security: Security
    name: str = ""
    price: float = nan
    change: float = nan
    flow: float = nan
    main: float = nan
    is_derived: bool = False
    share: float = nan
    length: float = nan
    error: str = ""
    is_new: bool = False


def ranking(reading: Reading) -> dict[str, list[Row]]:
    """Return the rows by currency, the greatest inflow first; codes without a number come last.

    Parameters
    ----------
    reading : Reading
        What came.

    Returns
    -------
    dict of str to list of Row
        In the order in which the currencies are first watched.
    """
    found: dict[str, list[Row]] = {}
    for security in reading.codes:
        found.setdefault(security.currency, []).append(_row(security, reading))
    return {currency: _ranked(rows) for currency, rows in found.items()}


def _row(security: Security, reading: Reading) -> Row:
    quote, error = reading.quotes.get(security), reading.errors.get(security)
    columns = reading.flows.get(security)
    flow, main, is_derived = _latest(columns)
    return Row(
        security,
        name=reading.names.get(security, ""),
        price=quote.last if quote else nan,
        change=quote.change if quote else nan,
        flow=flow,
        main=main,
        is_derived=is_derived,
        share=_share(flow, columns, quote, reading.period, security),
        error="" if error is None else str(error),
        is_new=columns is None and error is None,
    )


def _latest(columns: Columns | None) -> tuple[float, float, bool]:
    """Return the net inflow and the main flow of the last row, and whether the main flow is derived."""
    if columns is None or not len(columns.time):
        return nan, nan, False
    last = columns.amounts[-1]
    main = float(last[_PLACE["main_in_flow"]])
    if isfinite(main):
        return float(last[_PLACE["in_flow"]]), main, False
    derived = float(last[_PLACE["super_in_flow"]] + last[_PLACE["big_in_flow"]])
    return float(last[_PLACE["in_flow"]]), derived, isfinite(derived)


def _share(
    flow: float, columns: Columns | None, quote: Quote | None, period: str, security: Security
) -> float:
    """Divide flow by turnover where both are known to be of the same session."""
    if period != "intraday" or columns is None or quote is None or not len(columns.time):
        return nan
    moment = datetime.fromtimestamp(int(columns.time[-1]) / 1e6, security.home.tzinfo)
    return flow / quote.turnover if moment.date() == quote.day and quote.turnover > 0 else nan


def _ranked(rows: list[Row]) -> list[Row]:
    known = sorted((row for row in rows if isfinite(row.flow)), key=lambda row: -row.flow)
    greatest = max((abs(row.flow) for row in known), default=0.0)
    return [
        *(replace(row, length=row.flow / greatest if greatest else 0.0) for row in known),
        *(row for row in rows if not isfinite(row.flow)),
    ]
