"""The tables of a store: made together, and each held to what the first says of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pd_capflow.errors import StoreError
from pd_capflow.store.faults import translated
from pd_capflow.store.layout import INTRADAY, LAYOUTS
from pd_capflow.store.marker import check_facts, check_place, facts_of
from pd_capflow.store.moments import moment_of, version_at
from pd_capflow.store.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pd_capflow.store.layout import Layout
    from pd_capflow.store.table import Snapshot

__all__ = ["Tables"]


class Tables:
    """All tables below a store's path, whether they are there or not.

    Parameters
    ----------
    path : str
        The store's.
    demo : bool
        Whether it is for demo data.

    Raises
    ------
    StoreError
        If they are of something else, of a newer schema, or of the other kind.
    """

    def __init__(self, path: str, *, demo: bool) -> None:
        self.path, self.demo = path, demo
        self._tables = {layout: Table(path, layout) for layout in LAYOUTS}
        check_facts(path, self[INTRADAY].facts(), demo=demo)

    def __getitem__(self, layout: Layout) -> Table:
        return self._tables[layout]

    def __iter__(self) -> Iterator[Table]:
        return iter(self._tables.values())

    def make(self, layout: Layout) -> None:
        """Make a table, and the first, unless they are there."""
        first = self[INTRADAY]
        check_place(self.path, there=first.facts() is not None)
        for table in dict.fromkeys((first, self[layout])):
            if table.facts() is None:
                table.make(facts_of(demo=self.demo))
            check_facts(self.path, first.facts(), demo=self.demo)

    def now(self, layout: Layout) -> Snapshot:
        """Return a table as it is now; raise `StoreError` if it is not there, or no longer of this store."""
        snapshot = self[layout].snapshot()
        first = snapshot if layout is INTRADAY else self[INTRADAY].snapshot()
        facts = None if first is None else first.facts
        check_facts(self.path, facts, demo=self.demo)
        if snapshot is None:
            lacks = "no store there" if facts is None else f"nothing is recorded in {layout.name}"
            told = f"store {self.path}: {lacks}; write a frame first, or look at the path"
            raise StoreError(told, absent=facts is not None)
        return snapshot

    def at(self, layout: Layout, as_of: Any, codes: Sequence[str] | None) -> Snapshot:
        """Return a table as it was at a moment that a caller gave; as it is now, if he gave none."""
        snapshot = self.now(layout)
        if as_of is None:
            return snapshot
        moment = moment_of(as_of, codes)
        with translated(self.path):
            return self[layout].at(version_at(self[layout], moment))
