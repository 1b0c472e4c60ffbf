"""Whether each partition of a Dask frame holds all rows of its codes.

A measure that looks back would take the first row of a partition for the first of its code. So a frame is
taken only if every step that made it works on each partition alone, and began with partitions of a store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dask.dataframe.dask_expr import _expr as steps
from dask.dataframe.dask_expr.io import FromGraph, FromMap

from pd_capflow.errors import QueryError
from pd_capflow.store.scale.shares import Share

if TYPE_CHECKING:
    import dask.dataframe as dd

__all__ = ["check_whole_codes", "note_whole"]

# Names of what was computed once and is held by a cluster: how it was made cannot be seen any more.
_held: set[str] = set()


def check_whole_codes(frame: dd.DataFrame) -> None:
    """Refuse a frame whose partitions may hold a part of a code's rows.

    Raises
    ------
    QueryError
        If it did not come from a store, or was divided anew since.
    """
    if frame.npartitions == 1 or all(_keeps_whole(step) for step in frame.expr.walk()):
        return
    raise QueryError(
        "each partition must hold all rows of its codes, as Store.dask() gives them, and this frame was "
        "made or divided otherwise; take the measure first and repartition, shuffle or persist after, or "
        "hold the rows themselves by frame.capflow.persist()"
    )


def note_whole(frame: dd.DataFrame) -> None:
    """Note of a frame that a cluster holds that it was made of whole codes."""
    _held.add(frame.expr._name)  # noqa: SLF001  # the only name that an expression has


def _keeps_whole(step: Any) -> bool:
    if isinstance(step, FromMap):
        return isinstance(step.operand("func"), Share)
    if isinstance(step, FromGraph):
        return step._name in _held  # noqa: SLF001  # the same
    if not step.dependencies():
        return False
    return isinstance(step, (steps.Blockwise, steps.Partitions))
