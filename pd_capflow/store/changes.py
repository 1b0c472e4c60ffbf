"""Which rows of an answer are new to a table, and which are in the place of others.

The later poll of a session wins, whenever it is written: later is what has the newer last valid time,
and, of equals, what has more rows. An earlier one still adds rows that are not there. Rows that say what
the table says are not written again, but for the last of an answer, which carries its last valid time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pd_capflow.store.rows import instant_of

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.store.layout import Layout

__all__ = ["changes"]


def changes(rows: pd.DataFrame, held: pd.DataFrame, layout: Layout) -> tuple[pd.DataFrame, bool]:
    """Return the rows to write, and whether some of them take the place of others.

    Parameters
    ----------
    rows : pandas.DataFrame
        All rows of the answer.
    held : pandas.DataFrame
        Rows of the same codes and sessions that the table has.
    layout : Layout
        The table.
    """
    if held.empty:
        return rows, False
    key = [*layout.key, "empty"]
    told = [*layout.amounts, "last_valid_time"]
    both = rows.merge(held[key + told], on=key, how="left", suffixes=("", "_held"), indicator="where")
    known = (both["where"] == "both").to_numpy()
    stale, has_rows = _against(rows, held, layout)
    differs = _differs(both, layout.amounts)
    differs |= _last_of_answer(rows, layout) & _differs(both, ["last_valid_time"])
    fresh = ~known & ~(rows["empty"].to_numpy(bool) & has_rows)
    changed = known & differs & ~stale
    return rows[fresh | changed], bool(changed.any())


def _differs(both: pd.DataFrame, names: list[str]) -> Any:
    differs = np.zeros(len(both), bool)
    for name in names:
        mine, held = both[name], both[f"{name}_held"]
        differs |= ((mine != held) & ~(mine.isna() & held.isna())).to_numpy(bool)
    return differs


def _against(rows: pd.DataFrame, held: pd.DataFrame, layout: Layout) -> tuple[Any, Any]:
    """Return of each row whether its session is held as of a later poll, and whether it has rows at all."""
    group = [name for name in layout.key if name not in ("time", "nth")]
    mine, theirs = _rank(rows, group), _rank(held, group)
    ranks = (
        rows[group]
        .merge(mine, on=group, how="left")
        .merge(theirs, on=group, how="left", suffixes=("", "_held"))
    )
    later = ranks["last_held"] > ranks["last"]
    more = (ranks["last_held"] == ranks["last"]) & (ranks["count_held"] > ranks["count"])
    return (later | more).to_numpy(bool), (ranks["count_held"] > 0).to_numpy(bool)


def _rank(rows: pd.DataFrame, group: list[str]) -> pd.DataFrame:
    texts = rows["last_valid_time"].dropna().unique()
    instants = {text: moment.timestamp() for text in texts if (moment := instant_of(text))}
    known = rows[group].assign(
        last=rows["last_valid_time"].map(instants).astype("float64").fillna(-np.inf),
        count=~rows["empty"].to_numpy(bool),
    )
    return known.groupby(group, as_index=False).agg(last=("last", "max"), count=("count", "sum"))


def _last_of_answer(rows: pd.DataFrame, layout: Layout) -> Any:
    group = ["code"] if "period" in layout.key else ["code", "session"]
    return ~rows.duplicated(group, keep="last").to_numpy()
