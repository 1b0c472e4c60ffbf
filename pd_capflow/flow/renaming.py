"""A frame in the words of others, and back."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import ATTRS, DISTRIBUTION, FLOW_COLUMNS, TIERS, facts_in
from pd_capflow.flow.vocabularies import OURS, RENAMED, UNITS, vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from pd_capflow.flow.vocabularies import Vocabulary

__all__ = ["rename"]

_KNOWN = {*FLOW_COLUMNS, *DISTRIBUTION.columns, "in_share", *(f"{size}_share" for size in ("main", *TIERS))}


def rename(frame: pd.DataFrame, to: str) -> pd.DataFrame:
    """Return a frame with the column names, and in the units, that another source uses.

    Parameters
    ----------
    frame : DataFrame
        Capital flow, or one that was renamed before.
    to : {"akshare", "efinance", "adata", "tushare", "zh", "futu"}
        Whose names; ``"zh"`` are Chinese ones, and ``"futu"`` brings back those of this package.

    Returns
    -------
    DataFrame
        The same rows and columns, in the same order. ``attrs["capflow"]["renamed"]`` remembers whose
        names they are, and ``["units"]`` by its name how much one of a column is, where it is not 1.

        ==================  =====================  ================  ==================  =================
        here                akshare                efinance          adata               tushare
        ==================  =====================  ================  ==================  =================
        ``main_in_flow``    主力净流入-净额        主力净流入        main_net_inflow     net_amount
        ``super_in_flow``   超大单净流入-净额      超大单净流入      max_net_inflow      buy_elg_amount
        ``big_in_flow``     大单净流入-净额        大单净流入        lg_net_inflow       buy_lg_amount
        ``mid_in_flow``     中单净流入-净额        中单净流入        mid_net_inflow      buy_md_amount
        ``sml_in_flow``     小单净流入-净额        小单净流入        sm_net_inflow       buy_sm_amount
        unit of flows       1                      1                 1                   10,000 (万元)
        ``main_share`` …    主力净流入-净占比 …    主力净流入占比 …  -                   net_amount_rate …
        unit of shares      per cent               per cent          -                   per cent
        ``close``           收盘价                 收盘价            -                   close
        ==================  =====================  ================  ==================  =================

        A column without a counterpart keeps its name and its unit: so does ``in_flow``, since none of
        these sources has a total of all orders, and so do index levels. ``"zh"`` names everything, levels
        too, in the same units. NaN stays NaN: a main flow that was not sent is not derived; for that,
        ``frame.assign(main_in_flow=frame.capflow.main())`` first.

    Raises
    ------
    QueryError
        If the name is unknown, or a column of the new name is there already.

    Notes
    -----
    Names and units are all that becomes alike. Size tiers are relative at Futu (to the orders of the
    security's last 200 days) and absolute at the mainland sources (above one million yuan, and so on):
    never mix sources in one column. Amounts stay in the frame's currency, also where the source knows
    yuan alone. Back and forth is the same to the bit, except in another unit, where the last bit may differ.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("SH.600519", "day", "2026-01-05", "2026-01-09")
    >>> theirs = rename(frame, "tushare")
    >>> list(theirs.columns)
    ['in_flow', 'net_amount', 'buy_elg_amount', 'buy_lg_amount', 'buy_md_amount', 'buy_sm_amount']
    >>> theirs["net_amount"].equals(frame["main_in_flow"] / 10_000)
    True
    >>> theirs.attrs["capflow"]["units"]["net_amount"]
    10000.0
    >>> rename(rename(frame, "akshare"), "futu").equals(frame)
    True
    """
    words = None if to == OURS else vocabulary_of(to)
    own = _back(frame)
    if not _KNOWN.intersection(own.columns):
        raise QueryError(
            f"there are no columns of capital flow; expected some of {', '.join(FLOW_COLUMNS)}, or a frame "
            "that rename() made; one that came from another source is taken in by adopt()"
        )
    return own if words is None else _there(own, to, words)


def _there(frame: pd.DataFrame, to: str, words: Vocabulary) -> pd.DataFrame:
    result = frame.copy()
    names = dict(_held(words, frame))
    units = {}
    for ours, theirs in names.items():
        if ours in frame.columns and (unit := words.unit(ours)) != 1:
            result[ours] = _in_units(frame, ours, operator.truediv, unit)
            units[theirs] = unit
    result.attrs[ATTRS] = facts_in(result) | {RENAMED: to} | ({UNITS: units} if units else {})
    return _called(result, names)


def _back(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy with our names; one that was not renamed has them."""
    result = frame.copy()
    facts = facts_in(result)
    units = facts.pop(UNITS, {})
    if not isinstance(units, dict):
        raise QueryError(f"the units of the columns cannot be read: attrs['capflow'][{UNITS!r}] is damaged")
    for column in set(units) & set(frame.columns):
        result[column] = _in_units(frame, column, operator.mul, units[column])
    if RENAMED not in facts:
        return result
    words = vocabulary_of(facts.pop(RENAMED))
    return _called(result, {theirs: ours for ours, theirs in words.names.items()})


def _in_units(frame: pd.DataFrame, column: str, turn: Callable[[Any, Any], Any], unit: Any) -> Any:
    try:
        return turn(frame[column], unit)
    except TypeError as error:
        raise QueryError(f"column {column!r} does not hold numbers, so it has no other unit") from error


def _held(words: Vocabulary, frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield the names that a frame has, ours and theirs."""
    held = {*frame.columns, *frame.index.names}
    return ((ours, theirs) for ours, theirs in words.names.items() if ours in held)


def _called(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return a frame with other names of columns and index levels, none of which may be there already."""
    result = frame.rename(columns=names)
    result.index.names = [
        names.get(name, name) if isinstance(name, str) else name for name in result.index.names
    ]
    held = [*result.columns, *(name for name in result.index.names if name is not None)]
    if twice := sorted({str(name) for name in held if held.count(name) > 1}):
        raise QueryError(f"there would be two columns named {', '.join(twice)}; rename or drop yours first")
    return result
