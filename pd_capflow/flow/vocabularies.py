"""What others call the columns, and the units in which they give them: one table.

A name of theirs stands only for a value in their unit. AKShare, efinance and adata give flows in yuan,
tushare in 10,000 yuan (万元); shares of turnover, which adata has not, are in per cent there and fractions
here. None of them has a total of all orders.

Of AKShare these are the columns of ``stock_individual_fund_flow``, of efinance those of
``stock.get_history_bill``, of adata those of ``get_capital_flow``, of tushare those of ``moneyflow_dc``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import TIERS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OURS", "RENAMED", "UNITS", "VOCABULARIES", "Vocabulary", "check_ours", "vocabulary_of"]

#: The word for the names that a frame has here, the vendor's own.
OURS = "futu"
#: Key, in ``attrs["capflow"]``, of the vocabulary that a frame's names are of.
RENAMED = "renamed"
#: Key, in these, of how much of our unit one of a column's is, where it is not 1.
UNITS = "units"

_PER_CENT = 0.01
_SIZES = ("main", *TIERS)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names and units of one source.

    Attributes
    ----------
    names : mapping of str to str
        What it calls a column, by our name.
    units : mapping of str to float
        How much of our unit one of its is, by our name; 1 where it is not there.
    code, date : str
        Its columns for the security, empty where it has none, and for the day.
    gross : tuple of str
        Columns of a table of its that has the same names for other amounts.
    """

    names: Mapping[str, str]
    units: Mapping[str, float] = field(default_factory=dict)
    code: str = ""
    date: str = ""
    gross: tuple[str, ...] = ()

    def unit(self, column: str) -> float:
        """Return how much of our unit one of its is."""
        return self.units.get(column, 1)


def _each_size(form: str, words: tuple[str, ...], ours: str) -> dict[str, str]:
    """Return our name -> its name, for main, super, big, mid and sml."""
    return {f"{size}{ours}": form.format(word) for size, word in zip(_SIZES, words, strict=True)}


def _flows(form: str, *words: str) -> dict[str, str]:
    return _each_size(form, words, "_in_flow")


def _shares(form: str, *words: str) -> dict[str, str]:
    return _each_size(form, words, "_share")


_EAST = ("主力", "超大单", "大单", "中单", "小单")
_FUTU = ("主力", "特大单", "大单", "中单", "小单")
_ADATA = ("main", "max", "lg", "mid", "sm")
_TUSHARE = ("net", "buy_elg", "buy_lg", "buy_md", "buy_sm")
_IN_PER_CENT = dict.fromkeys((f"{size}_share" for size in _SIZES), _PER_CENT)
_IN_TEN_THOUSANDS = dict.fromkeys((f"{size}_in_flow" for size in _SIZES), 10_000.0)
_GROSS_ZH = {
    f"{size}_{way}": f"{word}{direction}"
    for size, word in zip(TIERS, _FUTU[1:], strict=True)
    for way, direction in (("in", "流入"), ("out", "流出"))
}

#: Every vocabulary by its name.
VOCABULARIES: dict[str, Vocabulary] = {
    "akshare": Vocabulary(
        _flows("{}净流入-净额", *_EAST) | _shares("{}净流入-净占比", *_EAST) | {"close": "收盘价"},
        _IN_PER_CENT,
        date="日期",
    ),
    "efinance": Vocabulary(
        _flows("{}净流入", *_EAST)
        | _shares("{}流入净占比", *_EAST)
        | {"main_share": "主力净流入占比", "close": "收盘价"},
        _IN_PER_CENT,
        code="股票代码",
        date="日期",
    ),
    "adata": Vocabulary(_flows("{}_net_inflow", *_ADATA), code="stock_code", date="trade_date"),
    "tushare": Vocabulary(
        _flows("{}_amount", *_TUSHARE) | _shares("{}_amount_rate", *_TUSHARE) | {"close": "close"},
        _IN_TEN_THOUSANDS | _IN_PER_CENT,
        code="ts_code",
        date="trade_date",
        gross=("net_mf_amount", "sell_elg_amount"),
    ),
    "zh": Vocabulary(
        {"in_flow": "整体净流入", "in_share": "整体净占比"}
        | _flows("{}净流入", *_FUTU)
        | _shares("{}净占比", *_FUTU)
        | _GROSS_ZH
        | {"close": "收盘价", "turnover": "成交额", "name": "名称", "code": "代码", "time": "时间"}
    ),
}


def check_ours(facts: Mapping[Any, Any]) -> None:
    """Refuse columns that have the names, and maybe the units, of others."""
    if RENAMED in facts:
        raise QueryError(
            f"the columns have the names of {str(facts[RENAMED])[:40]}; rename('futu') brings ours back"
        )


def vocabulary_of(name: object) -> Vocabulary:
    """Return a vocabulary; raise `QueryError` that lists the known ones if there is none of that name."""
    if not isinstance(name, str) or name not in VOCABULARIES:
        raise QueryError(
            f"unknown names {name!r}; expected one of {', '.join(VOCABULARIES)}, or {OURS} for ours"
        )
    return VOCABULARIES[name]
