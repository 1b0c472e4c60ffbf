"""Rows that follow each other: amounts in the order of time, cut where something else begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.flow.frames import ATTRS, FLOW_COLUMNS
from pd_capflow.flow.measures.held import held

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from pd_capflow.flow.sessions import Rows

__all__ = ["amounts", "columns", "like", "restored", "run_of", "spans", "starts"]


def columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that are flows, or go through all that flow goes through."""
    # Turnover that was joined on is one, or their quotient would be wrong.
    return [column for column in (*FLOW_COLUMNS, "turnover") if column in frame.columns]


def amounts(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Return the flows, shape (rows, columns); raise a `QueryError` for one that does not hold numbers."""
    names = columns(frame)
    try:
        return frame[names].to_numpy(np.float64)
    except (ValueError, TypeError):  # texts, or numbers that pandas keeps in a way of its own
        return np.column_stack([held(frame, name) for name in names])


def restored(values: NDArray[np.float64], rows: Rows) -> NDArray[np.float64]:
    """Bring values from the order of sessions and times back into the frame's."""
    back = np.empty_like(values)
    back[rows.order] = values
    return back


def like(frame: pd.DataFrame, values: NDArray[np.float64], *, cumulative: bool) -> pd.DataFrame:
    """Return a frame with other flows."""
    result = frame.copy()
    result[columns(frame)] = values
    result.attrs[ATTRS]["cumulative"] = cumulative
    return result


def run_of(frame: pd.DataFrame, rows: Rows) -> NDArray[np.int64]:
    """Return which running total each row belongs to: its session's for minutes, else its code's."""
    return rows.session if frame.attrs[ATTRS].get("period") == "intraday" else rows.code


def starts(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions at which another group begins."""
    if len(group) == 0:
        return np.empty(0, np.int64)
    return np.concatenate([[0], np.flatnonzero(group[1:] != group[:-1]) + 1])


def spans(group: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return first position and end of each group."""
    first = starts(group).tolist()
    return list(zip(first, [*first, len(group)][1:], strict=True))
