"""What is in a table, counted: of each code and session, how many rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from pd_capflow.store.files import within

if TYPE_CHECKING:
    from pd_capflow.store.files import Wanted
    from pd_capflow.store.table import Snapshot

__all__ = ["contents"]


def contents(snapshot: Snapshot, wanted: Wanted) -> pd.DataFrame:
    """Return what a table holds of some codes, or of one period.

    It goes through one partition after another, and so takes little memory however much there is.

    Returns
    -------
    pandas.DataFrame
        Columns ``code``, ``session`` (days without a zone) and ``rows``, which is 0 where an answer
        without rows is all that there is.
    """
    counted = []
    for part in sorted(set(snapshot.files.parts)):
        its = within(part, snapshot.files.layout)
        if wanted.period in (None, its.period):
            counted.append(_counted(snapshot, replace(its, codes=wanted.codes)))
    frame = pd.concat([_NONE, *counted], ignore_index=True)
    return frame.groupby(["code", "session"], as_index=False).agg(rows=("rows", "sum"))


_NONE = pd.DataFrame(
    {
        "code": pd.array([], "str"),
        "session": pd.DatetimeIndex([], dtype="M8[s]"),
        "rows": pd.array([], "int64"),
    }
)


def _counted(snapshot: Snapshot, wanted: Wanted) -> pd.DataFrame:
    rows = snapshot.rows(wanted, ["code", "session", "empty"]).combine_chunks()
    count = rows.group_by(["code", "session"]).aggregate([("empty", "count"), ("empty", "sum")]).to_pandas()
    return pd.DataFrame(
        {
            "code": count["code"].astype("str"),
            "session": pd.to_datetime(count["session"]).astype("M8[s]"),
            "rows": (count["empty_count"] - count["empty_sum"].fillna(0)).astype("int64"),
        }
    )
