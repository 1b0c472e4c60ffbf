"""Recorded rows that outgrow one machine: as Dask frames, and collected by the workers of a cluster.

Importing this registers ``capflow`` on Dask frames, as `Store.dask` does.
"""

from pd_capflow.store.scale.accessor import ScaledAccessor
from pd_capflow.store.scale.collecting import Collected, collect

__all__ = ["Collected", "ScaledAccessor", "collect"]
