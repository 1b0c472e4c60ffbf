"""Columns by their name: as they stand in the frame, and as each row's own.

The main flow is what the gateway sent and, where it sent none, super and big orders together.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import ATTRS, DISTRIBUTION, FLOW_COLUMNS, facts_in
from pd_capflow.flow.measures.held import held, holds
from pd_capflow.flow.measures.running import delta, is_cumulative
from pd_capflow.flow.measures.sizes import main
from pd_capflow.flow.vocabularies import VOCABULARIES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_whole", "facts_of", "is_amount", "is_flow", "numbers", "own"]

Attrs = dict[Any, Any]

_MAIN = "main_in_flow"
_PARTS = ("super_in_flow", "big_in_flow")
_RUNNING = (*FLOW_COLUMNS, "turnover")
_AMOUNTS = (*_RUNNING, *DISTRIBUTION.columns, "close", "flow", "acceleration")
_WORDS = [words.names for words in VOCABULARIES.values()]
_FLOWS = {*_RUNNING, *(names[ours] for names in _WORDS for ours in _RUNNING if ours in names)}
_MONEY = {*_AMOUNTS, *(names[ours] for names in _WORDS for ours in _AMOUNTS if ours in names)}


def numbers(frame: pd.DataFrame, column: str) -> pd.Series[float]:
    """Return a column as it stands, as ``float64``; the main flow is derived where there is none.

    Raises
    ------
    QueryError
        If there is no such column, or it does not hold numbers.
    """
    return main(frame) if str(column) == _MAIN and holds(frame, (_MAIN, *_PARTS)) else held(frame, column)


def own(frame: pd.DataFrame, column: str) -> pd.Series[float]:
    """Return a column as each row's own: running totals are taken apart.

    Raises
    ------
    QueryError
        As by `numbers`; and for a column of a frame of running totals that is no flow, since nobody knows
        whether it runs too.
    """
    if not is_cumulative(frame):
        return numbers(frame, column)
    if str(column) not in _RUNNING:
        numbers(frame, column)
        raise QueryError(
            f"the rows are running totals, and whether column {column!r} is one too is not known; "
            "take them apart first, by frame.capflow.delta()"
        )
    wanted = {column, *(_PARTS if column == _MAIN else ()), "code"}
    return numbers(delta(frame[[each for each in frame.columns if each in wanted]]), column)


def facts_of(frame: pd.DataFrame, value: pd.Series[float]) -> Attrs:
    """Return ``attrs`` for what is made of a frame's column, which says whether it was derived."""
    facts: Attrs = copy.deepcopy({key: told for key, told in frame.attrs.items() if key != ATTRS})
    facts[ATTRS] = copy.deepcopy(facts_in(frame))
    if "derived" in (known := value.attrs.get(ATTRS, {})):
        facts[ATTRS]["derived"] = known["derived"]
    return facts


def is_amount(column: object) -> bool:
    """Tell whether a column is known to hold money, so that its currency matters.

    Examples
    --------
    >>> is_amount("in_flow"), is_amount("sum_5"), is_amount("in_share")
    (True, True, False)
    """
    return str(column) in _MONEY or str(column).startswith("sum_")


def is_flow(column: object) -> bool:
    """Tell whether a column is known to be a flow or a turnover, which may be a running total.

    Examples
    --------
    >>> is_flow("in_flow"), is_flow("net_amount"), is_flow("sum_5")
    (True, True, False)
    """
    return str(column) in _FLOWS


def check_whole(name: str, value: object, least: int = 1) -> int:
    """Return a number of rows; raise `QueryError` unless it is a whole one and large enough."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise QueryError(f"{name}={value!r}; expected a whole number of rows, at least {least}")
    return int(value)
