"""Amounts as people read them: a short form for a heading, and one number of decimals for a whole column."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pd_capflow.notebook.display.words import UNITS

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["compact", "formats"]


def compact(amount: float, lang: str = "en") -> str:
    """Return an amount with its sign and three digits or so, in the units of a language.

    Examples
    --------
    >>> compact(-31_620_000.0), compact(0.0), compact(float("nan")), compact(999_999.0)
    ('−31.6M', '0', 'NaN', '+1.00M')
    >>> compact(-31_620_000.0, "zh")
    '−3162万'
    """
    if not math.isfinite(amount):
        return "NaN"
    if amount == 0:
        return "0"
    size = float(f"{abs(amount):.3g}")
    unit, suffix = next(((unit, suffix) for unit, suffix in UNITS[lang] if size >= unit), (1.0, ""))
    decimals = max(0, 2 - math.floor(math.log10(size / unit)))
    sign = "+" if amount > 0 else "\N{MINUS SIGN}"
    return f"{sign}{abs(amount) / unit:.{min(decimals, 6)}f}{suffix}"


def formats(frame: pd.DataFrame) -> dict[Any, Callable[[float], str]]:
    """Return how to write the floats of each column, with thousands set apart."""
    if not frame.columns.is_unique:
        return {}
    floats = [name for name, kind in frame.dtypes.items() if kind.kind == "f"]
    return {name: partial(_written, decimals=_decimals(frame[name])) for name in floats}


def _decimals(column: pd.Series[float]) -> int:
    """Return the decimals that a column needs: none where all are whole, more where all are small."""
    known = np.abs(column.to_numpy()[np.isfinite(column.to_numpy())])
    if not known.size or (known == np.floor(known)).all():
        return 0
    largest = float(known.max())
    return 2 if largest >= 100 else 3 if largest >= 10 else 4 if largest >= 1 else 6


def _written(value: float, *, decimals: int) -> str:
    return f"{value:,.{decimals}f}" if math.isfinite(value) else "NaN" if math.isnan(value) else str(value)
