"""What one partition holds: the rows of a few codes, read from one version of the store.

A partition is what `Store.read` gives for its codes, and holds all that the store has of them between two
days. So no window of a measure crosses partitions, and each partition has the facts of a frame. It is read
when it is computed, wherever that is, and no row of other codes or days with it. The version was looked up
once, so that what is recorded or compacted meanwhile changes no answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pd_capflow.flow.frames import ATTRS
from pd_capflow.store.asked import Asked
from pd_capflow.store.layout import layout_of
from pd_capflow.store.reading import frame_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from pd_capflow.store.asked import Days
    from pd_capflow.store.store import Store

__all__ = ["ROWS", "Share", "divided"]

#: How many rows a partition is meant to hold: 8 MB in a frame, and 150 MB while it is read from 30 files.
ROWS = 150_000


@dataclass(frozen=True, slots=True)
class Share:
    """Reads partitions; a value that travels to the workers.

    Attributes
    ----------
    path : str
        The store's path.
    demo : bool
        Whether it holds a demo's numbers.
    period : str
        Period of the rows.
    days : Days
        First and last day at each exchange.
    version : int
        Of the table.
    zone : str
        IANA name of the zone of all partitions.
    """

    path: str
    demo: bool
    period: str
    days: Days
    version: int
    zone: str

    def __call__(self, codes: str | tuple[str, ...], columns: Any = None) -> pd.DataFrame:
        """Return the rows of one code, or of several as for several."""
        store = _opened(self.path, self.demo)
        named = [codes] if isinstance(codes, str) else list(codes)
        asked = Asked(named, isinstance(codes, str), self.days)
        wanted = None if columns is None else list(columns)
        frame = frame_of(store.tables, layout_of(self.period), asked, self.period, wanted, self.version)
        pa.default_memory_pool().release_unused()  # or a worker looks full of what Arrow keeps for later
        return frame if frame.attrs[ATTRS]["tz"] == self.zone else self._in_zone(frame)

    def _in_zone(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the rows of one market the zone of all, as a frame of them has it."""
        moved = frame.tz_convert(self.zone, level="time")
        moved.attrs[ATTRS] = moved.attrs[ATTRS] | {"tz": self.zone}
        return moved


def divided(counts: Mapping[str, int], most: int = ROWS) -> list[tuple[str, ...]]:
    """Return codes in groups of at most `most` rows, or of one code that has more alone.

    Examples
    --------
    >>> divided({"HK.00700": 900, "HK.09988": 100, "US.AAPL": 2_000}, most=1_000)
    [('HK.00700', 'HK.09988'), ('US.AAPL',)]
    """
    groups: list[list[str]] = []
    room = 0
    for code, rows in counts.items():
        if not groups or rows > room:
            groups.append([])
            room = most
        groups[-1].append(code)
        room -= rows
    return [tuple(group) for group in groups]


@lru_cache(maxsize=16)
def _opened(path: str, demo: bool) -> Store:
    from pd_capflow.store.store import Store

    return Store(path, demo=demo)
