"""Columns that a frame holds, as numbers.

A column that is not there, or holds no numbers, is an error that names those that would do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["ADVICE", "held", "holds"]

#: What to do about a column that is not there.
ADVICE = {"close": "with_price() adds it", "turnover": "with_turnover() adds it"}
_MOST_NAMED = 10


def held(frame: pd.DataFrame, column: str) -> pd.Series[float]:
    """Return a column as it stands, as ``float64``; what is infinite is no amount, so it is NaN.

    Raises
    ------
    QueryError
        If there is no such column, or it does not hold numbers.
    """
    if not isinstance(column, str):
        raise QueryError(f"{column!r} is no name of a column: {_expected(frame)}")
    if not holds(frame, [column]):
        raise QueryError(f"no column {column!r}: {ADVICE.get(column) or _expected(frame)}")
    found = frame[column]
    if not _is_number(found):
        raise QueryError(f"column {column!r} does not hold numbers: {_expected(frame)}")
    values = found.to_numpy(np.float64, na_value=np.nan)
    return pd.Series(np.where(np.isfinite(values), values, np.nan), frame.index, name=column)


def holds(frame: pd.DataFrame, columns: Collection[str]) -> bool:
    """Tell whether a frame has all of these columns."""
    there = list(frame.columns)  # of columns in levels, "in" would find the top one alone
    return all(column in there for column in columns)


def _is_number(column: pd.Series | pd.DataFrame) -> bool:
    if not isinstance(column, pd.Series):
        return False  # two columns of one name
    dtype = column.dtype
    kinds = pd.api.types.is_bool_dtype, pd.api.types.is_complex_dtype
    return pd.api.types.is_numeric_dtype(dtype) and not any(is_kind(dtype) for is_kind in kinds)


def _expected(frame: pd.DataFrame) -> str:
    """Name the columns that there are; names are others' text, so only so many and only so long."""
    there = [str(name)[:40] for name in frame.columns if _is_number(frame[name])]
    named = ", ".join(there[:_MOST_NAMED])
    more = f" and {len(there) - _MOST_NAMED} more" if len(there) > _MOST_NAMED else ""
    return f"expected one of {named}{more}" if there else "the frame has no columns of numbers"
