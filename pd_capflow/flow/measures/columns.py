"""Columns by their name: as they stand in the frame, and as each row's own.

A column that is not there, or holds no numbers, is an error that names those that would do. The main flow
is what the gateway sent and, where it sent none, super and big orders together.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import ATTRS, DISTRIBUTION, FLOW_COLUMNS
from pd_capflow.flow.measures.running import delta, is_cumulative
from pd_capflow.flow.measures.sizes import main
from pd_capflow.flow.vocabularies import VOCABULARIES

__all__ = ["check_whole", "facts_of", "is_amount", "numbers", "own"]

Attrs = dict[Any, Any]

_MAIN = "main_in_flow"
_PARTS = ("super_in_flow", "big_in_flow")
_RUNNING = (*FLOW_COLUMNS, "turnover")
_AMOUNTS = (*_RUNNING, *DISTRIBUTION.columns, "close", "flow", "acceleration")
_THEIRS = {words.names[name] for words in VOCABULARIES.values() for name in _AMOUNTS if name in words.names}
_ADVICE = {"close": "with_price() adds it", "turnover": "with_turnover() adds it"}
_MOST_NAMED = 10


def numbers(frame: pd.DataFrame, column: str) -> pd.Series[float]:
    """Return a column as it stands, as ``float64``; the main flow is derived where there is none.

    Raises
    ------
    QueryError
        If there is no such column, or it does not hold numbers.
    """
    if column == _MAIN and {_MAIN, *_PARTS} <= set(frame.columns):
        return main(frame)
    if column not in list(frame.columns):
        raise QueryError(f"no column {column!r}: {_ADVICE.get(column) or _expected(frame)}")
    found = frame[column]
    if not _is_number(found):
        raise QueryError(f"column {column!r} does not hold numbers: {_expected(frame)}")
    return pd.Series(found.to_numpy(np.float64, na_value=np.nan), frame.index, name=column)


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
    if column not in _RUNNING:
        numbers(frame, column)
        raise QueryError(
            f"the rows are running totals, and whether column {column!r} is one too is not known; "
            "take them apart first, by frame.capflow.delta()"
        )
    wanted = {column, *(_PARTS if column == _MAIN else ()), "code"}
    return numbers(delta(frame[[each for each in frame.columns if each in wanted]]), column)


def facts_of(frame: pd.DataFrame, value: pd.Series[float]) -> Attrs:
    """Return ``attrs`` for what is made of a frame's column, which says whether it was derived."""
    facts: Attrs = copy.deepcopy(dict(frame.attrs))
    if "derived" in (known := value.attrs.get(ATTRS, {})):
        facts.setdefault(ATTRS, {})["derived"] = known["derived"]
    return facts


def is_amount(column: str) -> bool:
    """Tell whether a column is known to hold money, so that its currency matters.

    Examples
    --------
    >>> is_amount("in_flow"), is_amount("sum_5"), is_amount("in_share")
    (True, True, False)
    """
    return column in (*_AMOUNTS, *_THEIRS) or str(column).startswith("sum_")


def check_whole(name: str, value: object, least: int = 1) -> int:
    """Return a number of rows; raise `QueryError` unless it is a whole one and large enough."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise QueryError(f"{name}={value!r}; expected a whole number of rows, at least {least}")
    return int(value)


def _is_number(column: pd.Series | pd.DataFrame) -> bool:
    if not isinstance(column, pd.Series):
        return False  # two columns of one name
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _expected(frame: pd.DataFrame) -> str:
    """Name the columns that there are; names are others' text, so only so many and only so long."""
    held = [str(name)[:40] for name in frame.columns if _is_number(frame[name])]
    named = ", ".join(held[:_MOST_NAMED])
    more = f" and {len(held) - _MOST_NAMED} more" if len(held) > _MOST_NAMED else ""
    return f"expected one of {named}{more}" if held else "the frame has no columns of numbers"
