"""Which rows of an answer are new to a table, and which are in the place of others.

The later poll of a session wins, whenever it is written: later is what has the newer last valid time,
and, of equals, what has more rows. An earlier one still adds rows that are not there. A poll of a
distribution is one row: it meets the rows of its own time alone, and of equals the one written last wins.
Rows that say what the table says are not written again, but for the last of an answer, which carries its
last valid time. The row of a running week or month takes the place of the one that it has outgrown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.store.files import Wanted
from pd_capflow.store.layout import DISTRIBUTIONS
from pd_capflow.store.rows import instant_of
from pd_capflow.store.spans import outgrown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pd_capflow.store.layout import Layout

__all__ = ["Change", "change_of"]

_NAMED: Any = {"suffixes": ("", "_held"), "indicator": "where"}


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What an answer changes in a table.

    Attributes
    ----------
    count : int
        Rows that are new or say something else.
    rows : pandas.DataFrame
        What to write.
    instead_of : Wanted or None
        The rows that these take the place of; None where they are only added.
    """

    count: int
    rows: pd.DataFrame
    instead_of: Wanted | None = None


def change_of(rows: pd.DataFrame, held: pd.DataFrame, layout: Layout) -> Change:
    """Return what rows change.

    Parameters
    ----------
    rows : pandas.DataFrame
        All rows of the answer.
    held : pandas.DataFrame
        Rows of the same codes and sessions that the table has, and all between these sessions; of weeks
        and months all of the same ones.
    layout : Layout
        The table.
    """
    if held.empty:
        return Change(len(rows), rows)
    both = rows.merge(held[[*_key(layout), *_told(layout)]], on=_key(layout), how="left", **_NAMED)
    known = (both["where"] == "both").to_numpy()
    stale, has_rows = _against(rows, held, layout)
    differs = _differs(both, layout.amounts)
    differs |= _last_of_answer(rows, layout) & _differs(both, ["last_valid_time"])
    fresh = ~known & ~(rows["empty"].to_numpy(bool) & has_rows)
    changed = known & differs & ~stale
    period = _period(rows, layout)
    late = outgrown(rows, held, period)
    written, gone = rows[(fresh | changed) & ~late], outgrown(held, rows, period)
    if not (changed & ~late).any() and not gone.any():
        return Change(len(written), written)
    return _replacing(written, held, gone, layout)


def _period(rows: pd.DataFrame, layout: Layout) -> str:
    return str(rows["period"].iloc[0]) if layout.partition == "period" else "intraday"


def _replacing(written: pd.DataFrame, held: pd.DataFrame, gone: NDArray[np.bool_], layout: Layout) -> Change:
    codes = written["code"].unique().tolist()
    touched = pd.concat([written["session"], held["session"][gone]])
    first, last = touched.min(), touched.max()
    beside = held[~gone & held["code"].isin(codes) & held["session"].between(first, last)]
    kept = beside.merge(written[_key(layout)], on=_key(layout), how="left", indicator="where")
    kept = kept[(kept["where"] == "left_only").to_numpy()]
    whole = pd.concat([kept[list(written.columns)], written]).sort_values(["code", "time", "nth"])
    period = written["period"].iloc[0] if layout.partition == "period" else None
    return Change(len(written), whole, Wanted(codes, first.date(), last.date(), period))


def _key(layout: Layout) -> list[str]:
    return [*layout.key, "empty"]


def _told(layout: Layout) -> list[str]:
    return [*layout.amounts, "last_valid_time"]


def _differs(both: pd.DataFrame, names: list[str]) -> Any:
    differs = np.zeros(len(both), bool)
    for name in names:
        mine, held = both[name], both[f"{name}_held"]
        differs |= ((mine != held) & ~(mine.isna() & held.isna())).to_numpy(bool)
    return differs


def _against(rows: pd.DataFrame, held: pd.DataFrame, layout: Layout) -> tuple[Any, Any]:
    """Return of each row whether it is held as of a later poll, and whether its session has rows at all."""
    group = [name for name in layout.key if name not in ("time", "nth")]
    ranks = _ranks(rows, held, group)
    polls = _ranks(rows, held, [*group, "time"]) if layout is DISTRIBUTIONS else ranks
    later = polls["last_held"] > polls["last"]
    more = (polls["last_held"] == polls["last"]) & (polls["count_held"] > polls["count"])
    return (later | more).to_numpy(bool), (ranks["count_held"] > 0).to_numpy(bool)


def _ranks(rows: pd.DataFrame, held: pd.DataFrame, group: list[str]) -> pd.DataFrame:
    """Return beside each row how late its group is and how many rows that has: its own, and those held."""
    mine, theirs = _rank(rows, group), _rank(held, group)
    named = rows[group].merge(mine, on=group, how="left")
    return named.merge(theirs, on=group, how="left", suffixes=("", "_held"))


def _rank(rows: pd.DataFrame, group: list[str]) -> pd.DataFrame:
    texts = rows["last_valid_time"].dropna().unique()
    instants = {text: moment.timestamp() for text in texts if (moment := instant_of(text))}
    known = rows[group].assign(
        last=rows["last_valid_time"].map(instants).astype("float64").fillna(-np.inf),
        count=~rows["empty"].to_numpy(bool),
    )
    ranks = known.groupby(group, as_index=False, dropna=False)  # of a distribution the time may be unknown
    return ranks.agg(last=("last", "max"), count=("count", "sum"))


def _last_of_answer(rows: pd.DataFrame, layout: Layout) -> Any:
    group = ["code"] if "period" in layout.key else ["code", "session"]
    return ~rows.duplicated(group, keep="last").to_numpy()
