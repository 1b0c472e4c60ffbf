"""Frames that other sources made, taken in: their names, units, dates and codes become ours.

What cannot be taken in as what it says is refused: gross amounts under the names of net ones, a code that
names no market, rows of minutes, of which nobody says whether they run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import FLOW, FLOW_COLUMNS, Columns, build_frame
from pd_capflow.flow.measures.runs import spans
from pd_capflow.flow.vocabularies import VOCABULARIES
from pd_capflow.security import Security
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pd_capflow.flow.vocabularies import Vocabulary

__all__ = ["SOURCES", "adopt"]

#: The sources that frames are taken in from.
SOURCES = ("akshare", "efinance", "adata", "tushare")

# Only stocks: other numbers mean different securities at the two exchanges.
_MARKETS = {"60": "SH", "68": "SH", "00": "SZ", "30": "SZ"}


# How a day may be written too; what pandas would guess of any other text depends on its neighbours.
_WRITTEN = ((r"[ T]00:00:00(?:\.0+)?$", ""), (r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3"))


def adopt(frame: pd.DataFrame, source: str, code: Any = None) -> pd.DataFrame:
    """Return a frame of this package's form out of one that another source made.

    Parameters
    ----------
    frame : DataFrame
        Rows of days: of AKShare's ``stock_individual_fund_flow``, efinance's ``stock.get_history_bill``,
        adata's ``get_capital_flow`` or tushare's ``moneyflow_dc``.
    source : {"akshare", "efinance", "adata", "tushare"}
        Who made it.
    code : str or Security, optional
        Whose rows they are, such as ``"SH.600519"``. Needed where the frame does not say, as AKShare's
        does not.

    Returns
    -------
    DataFrame
        As by ``fetch(codes, "day")``: in yuan, in exchange time, ordered by it; indexed by ``time``, or by
        ``(code, time)`` where there are several codes. Shares of turnover are fractions, and they and
        ``close`` stand behind the flows, if they were there. ``in_flow`` is NaN, since none of these sources
        has a total of all orders: measure by ``column="main_in_flow"``.
        ``attrs["capflow"]["source"]`` names the source and says that the rows were ``adopted``, so that
        nothing of a gateway is joined to them and no `Store` takes them.

    Raises
    ------
    QueryError
        If the source is unknown, columns are missing or hold other amounts, a day stands there twice, or
        the codes cannot be told.

    Notes
    -----
    Size tiers are absolute at these sources (above one million yuan, and so on), where those of Futu are
    relative to the security's own orders: never put both into one column.

    Examples
    --------
    >>> import pandas as pd
    >>> theirs = pd.DataFrame({"trade_date": ["20260106", "20260105"], "ts_code": "600519.SH"})
    >>> amounts = ("net_amount", "buy_elg_amount", "buy_lg_amount", "buy_md_amount", "buy_sm_amount")
    >>> frame = adopt(theirs.assign(**dict.fromkeys(amounts, 12.5)), "tushare")
    >>> frame["main_in_flow"].tolist(), frame.attrs["capflow"]["codes"]
    ([125000.0, 125000.0], ['SH.600519'])
    >>> str(frame.index[0])
    '2026-01-05 00:00:00+08:00'
    """
    words = _words(source)
    _check_columns(frame, source, words)
    number, securities = _owners(frame, words, code)
    held = {ours: _amounts(frame, theirs) * words.unit(ours) for ours, theirs in _there(frame, words).items()}
    held = {name: held.get(name, np.full(len(frame), np.nan)) for name in FLOW_COLUMNS} | held
    days, values = _days(frame, words), np.column_stack(list(held.values()))
    order = np.lexsort((days, number))
    parts = {}
    for start, end in spans(number[order]):
        mine = order[start:end]
        security = securities[number[mine[0]]]
        parts[security] = Columns(_instants(days[mine], security), values[mine])
    return _built(parts, list(held), source)


def _built(parts: dict[Security, Columns], columns: list[str], source: str) -> pd.DataFrame:
    flows = len(FLOW_COLUMNS)
    held = {who: Columns(part.time, part.amounts[:, :flows]) for who, part in parts.items()}
    told = {"url": source, "demo": False, "adopted": True}
    frame = build_frame(FLOW, list(parts), held, period="day", single=len(parts) == 1, source=told)
    for place, name in enumerate(columns[flows:], start=flows):
        frame[name] = np.concatenate([part.amounts[:, place] for part in parts.values()])
    return frame


def _words(source: object) -> Vocabulary:
    if not isinstance(source, str) or source not in SOURCES:
        raise QueryError(f"unknown source {source!r}; expected one of {', '.join(SOURCES)}")
    return VOCABULARIES[source]


def _there(frame: pd.DataFrame, words: Vocabulary) -> dict[str, str]:
    return {ours: theirs for ours, theirs in words.names.items() if theirs in frame.columns}


def _check_columns(frame: pd.DataFrame, source: str, words: Vocabulary) -> None:
    needed = [words.date, *(words.names[name] for name in FLOW_COLUMNS if name in words.names)]
    if missing := [name for name in needed if name not in frame.columns]:
        raise QueryError(f"the frame lacks {', '.join(missing)}, which days of {source} have")
    if gross := [name for name in words.gross if name in frame.columns]:
        raise QueryError(
            f"beside {gross[0]} the amounts are gross, as tushare's moneyflow gives them; expected the net "
            "ones of moneyflow_dc"
        )
    if not len(frame):
        raise QueryError("the frame has no rows, so there is nothing to take in")


def _owners(frame: pd.DataFrame, words: Vocabulary, code: Any) -> tuple[NDArray[np.int64], list[Security]]:
    """Return whose each row is, as the number of a security."""
    told = frame[words.code].astype(str) if words.code in frame.columns else None
    if told is not None and told.isna().any():
        raise QueryError(
            f"column {words.code} does not say of each row whose it is; drop or fill those rows first"
        )
    if told is None and code is None:
        raise QueryError("the frame does not say whose rows these are; pass code=, such as 'SH.600519'")
    if told is None:
        return np.zeros(len(frame), np.int64), [Security.parse(code)]
    number, texts = pd.factorize(told)
    if code is None:
        return number, [_security(text) for text in texts]
    given = Security.parse(code)
    if other := [text[:40] for text in texts if not _names(text, given)]:
        raise QueryError(f"code={str(given)!r}, and the frame has rows of {', '.join(other[:3])}")
    return number, [given]


def _names(text: str, security: Security) -> bool:
    """Tell whether a text can stand for a security; without a market it can for one of each."""
    symbol, dot, market = text.partition(".")
    return symbol == security.symbol and (not dot or market == security.market)


def _security(text: object) -> Security:
    """Read ``"600519"`` or ``"600519.SH"``."""
    symbol, dot, market = str(text).partition(".")
    known = market if dot else _MARKETS.get(symbol[:2], "")
    if known not in ("SH", "SZ") or len(symbol) != 6 or not symbol.isdigit():
        raise QueryError(
            f"{str(text)[:40]!r} names no stock of Shanghai or Shenzhen; take in one code at a time and pass "
            "code=, such as code='SH.600519'"
        )
    return Security(known, symbol)


def _days(frame: pd.DataFrame, words: Vocabulary) -> NDArray[np.datetime64]:
    texts = frame[words.date].astype(str).str.replace("/", "-")
    for written, plain in _WRITTEN:
        texts = texts.str.replace(written, plain, regex=True)
    days = pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce")
    if days.isna().any():
        odd = one_line(str(frame[words.date][days.isna().to_numpy()].iloc[0]))
        raise QueryError(
            f"column {words.date} does not hold a day in each row: {odd!r}; expected such as 2026-01-05 or "
            "20260105"
        )
    return days.to_numpy("M8[us]")


def _instants(days: NDArray[np.datetime64], security: Security) -> NDArray[np.int64]:
    if (days[1:] == days[:-1]).any():
        raise QueryError(f"a day of {security} stands there twice")
    return pd.DatetimeIndex(days).tz_localize(security.home.zone).as_unit("us").asi8


def _amounts(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Read numbers; these sources write a dash where they have none."""
    try:
        values = pd.to_numeric(frame[column].replace({"-": None, "": None}))
    except (ValueError, TypeError) as error:
        raise QueryError(f"column {column} does not hold numbers: {str(error)[:80]}") from error
    return values.to_numpy(np.float64, na_value=np.nan)
