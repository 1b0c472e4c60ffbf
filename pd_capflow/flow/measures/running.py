"""Running totals and the flow of each row's own interval: the two inverses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import ATTRS, facts_in
from pd_capflow.flow.measures.runs import amounts, like, restored, run_of, spans, starts
from pd_capflow.flow.sessions import rows_of
from pd_capflow.flow.totals import BEGINS, from_zero, opens, record
from pd_capflow.flow.vocabularies import check_ours

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.flow.sessions import Rows

__all__ = ["cumulative", "delta", "is_cumulative"]

_MINUTE_US = 60_000_000


def is_cumulative(frame: pd.DataFrame) -> bool:
    """Return whether the rows are running totals.

    Raises
    ------
    QueryError
        If the frame does not say so itself, or its columns have the names of others.

    Examples
    --------
    >>> import pd_capflow
    >>> client = pd_capflow.connect("demo://")
    >>> is_cumulative(client.capital_flow("HK.00700")), is_cumulative(client.capital_flow("HK.00700", "day"))
    (True, False)
    """
    facts = facts_in(frame)
    check_ours(facts)
    told = facts.get("cumulative")
    if not isinstance(told, bool):
        raise QueryError(
            "the frame does not say whether its rows are cumulative (attrs['capflow']['cumulative'] is "
            "missing, as after pivot or concat); copy the attrs of the frames it was made from"
        )
    return told


def delta(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the flow of each row's own interval.

    Parameters
    ----------
    frame : DataFrame
        Capital flow. Rows that are not cumulative come back as they are.

    Returns
    -------
    DataFrame
        Same shape, columns and units; ``attrs["capflow"]["cumulative"]`` is False. Each row is the
        difference to the row before: of its code and session for minutes, of its code for longer rows.
        A first row is its own flow only if its total began with it: at the session's open, or where
        `cumulative` began to add up. Otherwise, as in a slice, what came before is unknown and it is NaN.
        A row beside an absent one (NaN) is NaN.

    Notes
    -----
    Use this, not ``frame.diff()``: pandas keeps the facts in ``attrs``, and its result would still say that
    it is cumulative; it also takes differences across sessions and codes.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700")
    >>> minute = delta(frame)
    >>> bool(minute["in_flow"].sum() == frame["in_flow"].iloc[-1])
    True
    >>> delta(frame.iloc[30:])["in_flow"].isna().sum()
    np.int64(1)
    """
    if not is_cumulative(frame):
        return like(frame, amounts(frame), cumulative=False)
    rows = rows_of(frame)
    values = amounts(frame)[rows.order]
    own = np.empty_like(values)
    own[1:] = values[1:] - values[:-1]
    first = starts(run_of(frame, rows)[rows.order])
    own[first] = np.nan
    begun = from_zero(frame, rows, rows.order[first])[rows.order]
    own[begun] = values[begun]
    result = like(frame, restored(own, rows), cumulative=False)
    result.attrs[ATTRS].pop(BEGINS, None)
    return _marked(result, rows, "rows")


def cumulative(frame: pd.DataFrame) -> pd.DataFrame:
    """Return running totals: the inverse of `delta`.

    Parameters
    ----------
    frame : DataFrame
        Capital flow. Rows that are cumulative come back as they are.

    Returns
    -------
    DataFrame
        Same shape, columns and units; ``attrs["capflow"]["cumulative"]`` is True. Minutes add up within
        each code's session, longer rows over all that there are of a code. Totals begin at the first row
        of these that is known. Where that is not the session's open, as in a slice, its time is noted in
        ``attrs["capflow"]["begins"]``, code by code, so that nothing takes such a total for one since the
        open, and ``delta(cumulative(x))`` is ``x``. From an absent value (NaN) after that row on, the
        total is unknown and NaN until the next session.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> later = cumulative(frame.loc["2026-01-07":])
    >>> later.attrs["capflow"]["begins"]["HK.00700"]
    ['2026-01-07T00:00:00+08:00']
    """
    if is_cumulative(frame):
        return like(frame, amounts(frame), cumulative=True)
    rows = rows_of(frame)
    totals = amounts(frame)[rows.order]
    there = np.isnan(totals).sum(axis=1) < totals.shape[1]
    firsts = []
    for start, end in spans(run_of(frame, rows)[rows.order]):
        first = start + int(there[start:end].argmax())
        if there[first]:
            totals[first:end] = totals[first:end].cumsum(axis=0)
            firsts.append(first)
    result = like(frame, restored(totals, rows), cumulative=True)
    if begins := record(frame, rows, rows.order[firsts]):
        result.attrs[ATTRS][BEGINS] = begins
    return _marked(result, rows, "total")


def _marked(frame: pd.DataFrame, rows: Rows, what: str) -> pd.DataFrame:
    """Mark a frame whose labels do not tell any more what its rows, or its totals, are made of."""
    facts = frame.attrs[ATTRS]
    if facts.get("period") != "intraday" or not _is_whole(frame, rows, opened=what == "total"):
        facts["partial"] = what
    return frame


def _is_whole(frame: pd.DataFrame, rows: Rows, *, opened: bool) -> bool:
    """Tell whether there is a row for each minute, and for the open of each session if that matters."""
    session, part, into = (column[rows.order] for column in (rows.session, rows.part, rows.into))
    same = (session[1:] == session[:-1]) & (part[1:] == part[:-1])
    gaps = same & (into[1:] - into[:-1] > _MINUTE_US)
    return not gaps.any() and (not opened or bool(opens(frame, rows)[rows.order][starts(session)].all()))
