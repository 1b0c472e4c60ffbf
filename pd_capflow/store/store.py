"""The store: write frames, read them back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pd_capflow.errors import StoreError
from pd_capflow.flow.frames import Shape
from pd_capflow.flow.queries.question import PERIODS as NAMES_OF_PERIODS
from pd_capflow.flow.queries.question import one_of, parse_codes
from pd_capflow.store.answers import frame_from, timed
from pd_capflow.store.asked import Asked, known_columns
from pd_capflow.store.changes import change_of
from pd_capflow.store.checks import Report, check_table
from pd_capflow.store.compaction import compact
from pd_capflow.store.contents import contents
from pd_capflow.store.faults import translated
from pd_capflow.store.files import Wanted
from pd_capflow.store.layout import DISTRIBUTIONS, INTRADAY, LAYOUTS, layout_of
from pd_capflow.store.marker import check_facts, check_kind, check_place, facts_of
from pd_capflow.store.moments import moment_of, version_at, versions_of
from pd_capflow.store.place import place_of
from pd_capflow.store.rows import arrow_of, layout_for, rows_from
from pd_capflow.store.spans import span_around
from pd_capflow.store.table import Table

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from types import ModuleType

    import dask.dataframe as dd

    from pd_capflow.client import Client
    from pd_capflow.security import Security
    from pd_capflow.store.layout import Layout
    from pd_capflow.store.table import Snapshot

__all__ = ["Store"]


class Store:
    """Capital flow that was recorded, on this machine or in an object store.

    Parameters
    ----------
    path : str or os.PathLike
        A folder, or the URL of one in an object store, such as ``s3://BUCKET/flows``. It is made by the
        first write. Keys and the endpoint are taken from the environment, such as ``AWS_ACCESS_KEY_ID``,
        ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION`` and ``AWS_ENDPOINT_URL``.
    demo : bool
        Whether it holds the invented numbers of a demo gateway. It holds nothing else then.

    Raises
    ------
    StoreError
        If the path holds something else, or a store of a newer schema, or one of the other kind.

    Examples
    --------
    >>> import tempfile, pd_capflow
    >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
    >>> frame = pd_capflow.fetch("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> store.write(frame), store.write(frame)
    (5, 0)
    >>> store.read("HK.00700", "2026-01-06", "2026-01-07", "day").index.day.tolist()
    [6, 7]
    """

    def __init__(self, path: str | os.PathLike[str], *, demo: bool = False) -> None:
        self.path = place_of(path)
        self.demo = bool(demo)
        self._tables = {layout.name: Table(self.path, layout) for layout in LAYOUTS}
        check_facts(self.path, self._tables[INTRADAY.name].facts(), demo=self.demo)

    def __repr__(self) -> str:
        return f"Store({self.path!r}{', demo=True' if self.demo else ''})"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), demo=self.demo), (self.path,)

    @property
    def url(self) -> str:
        """The address under which the store is read like a gateway.

        Examples
        --------
        >>> import tempfile, pd_capflow
        >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
        >>> _ = store.write(pd_capflow.fetch("HK.00700", "day", "2026-01-05", "2026-01-09"))
        >>> pd_capflow.connect(store.url).capital_flow("HK.00700", "day", "2026-01-05", "2026-01-09").shape
        (5, 6)
        """
        return f"store://{self.path}"

    def make(self) -> None:
        """Make the store, unless it is there; the first write would do so too.

        Raises
        ------
        StoreError
            If there can be none at its path, or one of the other kind is there.

        Examples
        --------
        >>> import tempfile, pd_capflow
        >>> store = pd_capflow.Store(tempfile.mkdtemp())
        >>> store.make()
        >>> store.codes()
        []
        """
        self._make(INTRADAY)

    def write(self, frame: pd.DataFrame) -> int:
        """Keep a frame as a gateway served it; what is there already is not written again.

        Parameters
        ----------
        frame : pandas.DataFrame
            Capital flow of any period, or distribution, of one or more codes.

        Returns
        -------
        int
            Rows that were new or are others now.

        Raises
        ------
        StoreError
            If the frame is not as it was served, or is of the other kind (demo or real), or it cannot be
            written. What was there before is whole then.

        Examples
        --------
        >>> import tempfile, pd_capflow
        >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
        >>> store.write(pd_capflow.fetch("HK.00700", "day", "2026-01-05", "2026-01-09"))
        5
        >>> store.write(pd_capflow.fetch(["HK.00700", "US.AAPL"], "day", "2026-01-05", "2026-01-12"))
        7
        """
        layout = layout_for(frame)
        check_kind(self.path, frame, demo=self.demo)
        rows = rows_from(frame, layout)
        if rows.empty:
            return 0
        self._make(layout)
        table = self._tables[layout.name]

        def change(snapshot: Snapshot) -> int:
            found = change_of(rows, self._held(snapshot, rows, layout), layout)
            if found.instead_of is not None:
                table.replace(snapshot, arrow_of(found.rows, layout), found.instead_of)
            elif found.count:
                table.append(snapshot, arrow_of(found.rows, layout))
            return found.count

        return table.commit(change)

    def read(
        self,
        codes: str | Security | Iterable[str | Security] | None = None,
        start: Any = None,
        end: Any = None,
        period: str = "intraday",
        *,
        columns: Sequence[str] | None = None,
        as_of: Any = None,
    ) -> pd.DataFrame:
        """Return recorded capital flow as `pd_capflow.Client.capital_flow` gives it.

        Parameters
        ----------
        codes : str, or iterable of str, optional
            One code gives a frame indexed by ``time``, several one indexed by ``(code, time)``. By
            default all that are recorded.
        start, end : date-like, optional
            First and last day at the exchange, each code's own. By default all that is recorded.
        period : {"intraday", "day", "week", "month"}
        columns : sequence of str, optional
            Some of the columns; less is read then.
        as_of : datetime-like or int, optional
            What the store knew at a moment, or at a version of its table.

        Returns
        -------
        pandas.DataFrame
            ``float64`` amounts; cumulative since the open of each session where intraday.

        Raises
        ------
        StoreError
            If there is no store, or nothing is recorded of a code or day asked for.
        QueryError
            If the question cannot be understood.

        Examples
        --------
        >>> import tempfile, pd_capflow
        >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
        >>> _ = store.write(pd_capflow.fetch("HK.00700", "day", "2026-01-05", "2026-01-09"))
        >>> store.read("HK.00700", "2026-01-06", "2026-01-07", "day", columns=["in_flow"]).shape
        (2, 1)
        >>> store.write(pd_capflow.fetch("US.AAPL", "day", "2026-01-05", "2026-01-09"))
        5
        >>> len(store.read(period="day")), len(store.read(period="day", as_of=1))
        (10, 5)
        """
        period = one_of("period", period, NAMES_OF_PERIODS)
        return self._read(layout_of(period), Asked.of(codes, start, end), period, columns, as_of)

    def distribution(
        self,
        codes: str | Security | Iterable[str | Security] | None = None,
        start: Any = None,
        end: Any = None,
        *,
        as_of: Any = None,
    ) -> pd.DataFrame:
        """Return recorded distributions: of each code a row for each time that it was recorded.

        Parameters
        ----------
        codes, start, end, as_of
            As for `read`.

        Returns
        -------
        pandas.DataFrame
            ``float64`` columns as by `pd_capflow.Client.capital_distribution`, indexed likewise; the last row
            of each code alone gives `pd_capflow.distribution` with this store.

        Raises
        ------
        StoreError, QueryError
            As by `read`.

        Examples
        --------
        >>> import tempfile, pd_capflow
        >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
        >>> store.write(pd_capflow.distribution(["HK.00700", "US.AAPL"]))
        2
        >>> store.distribution("HK.00700").columns[:2].tolist()
        ['super_in', 'super_out']
        """
        return self._read(DISTRIBUTIONS, Asked.of(codes, start, end), "intraday", None, as_of)

    def dask(
        self,
        codes: str | Security | Iterable[str | Security] | None = None,
        start: Any = None,
        end: Any = None,
        period: str = "intraday",
        *,
        columns: Sequence[str] | None = None,
        as_of: Any = None,
    ) -> dd.DataFrame:
        """Return recorded capital flow as a Dask frame, for more of it than memory holds.

        Parameters
        ----------
        codes, start, end, period, columns, as_of
            As for `read`.

        Returns
        -------
        dask.dataframe.DataFrame
            Computed, it is what `read` gives. Each partition holds all rows of its codes, and reads these
            alone when it is computed, at the version of the store that there is now. ``capflow`` on it has
            the measures; ``capflow.compute()`` keeps the facts (``attrs``), which Dask itself drops.

        Raises
        ------
        StoreError, QueryError
            As by `read`, and if Dask is missing.

        Examples
        --------
        >>> import tempfile, pd_capflow
        >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
        >>> frame = pd_capflow.fetch(["HK.00700", "HK.09988"], "day", "2026-01-05", "2026-01-09")
        >>> rows = store.write(frame)
        >>> scores = store.dask(period="day").capflow.zscore(rows=3)
        >>> bool(scores.compute().equals(frame.capflow.zscore(rows=3)))
        True
        """
        scale = _door_to_dask(self.path)
        period = one_of("period", period, NAMES_OF_PERIODS)
        layout = layout_of(period)
        asked = Asked.of(codes, start, end)
        shape = Shape(pd.Index(known_columns(columns, layout), dtype="str"))
        snapshot = self._at(layout, as_of, asked)
        wanted = asked.wanted(period, partial(self.codes, period))
        counts = scale.counted(snapshot, wanted, self.path)
        asked.check_came(list(counts), self.path)
        return scale.dask_frame(
            self,
            {code: counts[code] for code in asked.codes or counts},
            shape,
            period=period,
            days=asked.days,
            version=snapshot.delta.version(),
            single=asked.single,
        )

    def codes(self, period: str | None = None) -> list[str]:
        """Return the codes that are recorded, sorted; of one period where it is given.

        Raises
        ------
        StoreError
            If there is no store.
        QueryError
            If the period is not known.

        Examples
        --------
        >>> import tempfile, pd_capflow
        >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
        >>> _ = store.write(pd_capflow.fetch("HK.00700", "day", "2026-01-05", "2026-01-09"))
        >>> store.codes(), store.codes("week")
        (['HK.00700'], [])
        """
        self._there(INTRADAY)
        found: set[str] = set()
        for layout, wanted in self._places(period):
            snapshot = self._tables[layout.name].snapshot()
            if snapshot is not None:
                with translated(self.path):
                    found.update(contents(snapshot, wanted)["code"])
        return sorted(found)

    def days(self, codes: str | Iterable[str] | None = None) -> pd.DataFrame:
        """Return the sessions of which minutes are recorded.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``market`` and ``session``: ``codes`` and ``rows``, how many of each.

        Raises
        ------
        StoreError
            If there is no store.
        QueryError
            If the codes cannot be understood.

        Examples
        --------
        >>> import tempfile, pd_capflow
        >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
        >>> _ = store.write(pd_capflow.fetch(["HK.00700", "HK.09988"]))
        >>> store.days()["codes"].tolist(), store.days("HK.09988")["codes"].tolist()
        ([2], [1])
        """
        snapshot = self._there(INTRADAY)
        wanted = Wanted(None if codes is None else [str(code) for code in parse_codes(codes)[0]])
        with translated(self.path):
            held = contents(snapshot, wanted)
        held["market"] = held["code"].str.extract(r"^([^.]+)", expand=False)
        return held.groupby(["market", "session"]).agg(codes=("code", "nunique"), rows=("rows", "sum"))

    def versions(self) -> pd.DataFrame:
        """Return the versions that `as_of` can go back to.

        Returns
        -------
        pandas.DataFrame
            Columns ``table``, ``version``, ``time`` (UTC) and ``operation``, the oldest first.

        Raises
        ------
        StoreError
            If there is no store.

        Examples
        --------
        >>> import tempfile, pd_capflow
        >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
        >>> _ = store.write(pd_capflow.fetch("HK.00700", "day", "2026-01-05", "2026-01-09"))
        >>> store.versions().query("table == 'periods'")["operation"].tolist()
        ['create table', 'write']
        """
        self._there(INTRADAY)
        with translated(self.path):
            held = [versions_of(table) for table in self._tables.values()]
        return pd.concat([frame for frame in held if len(frame)]).sort_values("time", ignore_index=True)

    def verify(self) -> Report:
        """Look at every row, and tell what is not as it should be.

        Returns
        -------
        Report
            True where all is well; its ``problems`` say what is not, its text all of it.

        Raises
        ------
        StoreError
            If there is no store, or it cannot be read at all.

        Examples
        --------
        >>> import tempfile, pd_capflow
        >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
        >>> _ = store.write(pd_capflow.fetch("HK.00700", "day", "2026-01-05", "2026-01-09"))
        >>> report = store.verify()
        >>> bool(report), report.rows, list(report.problems)
        (True, 5, [])
        """
        self._there(INTRADAY)
        report = Report(self.path)
        for table in self._tables.values():
            with translated(self.path):
                report += check_table(table, facts_of(demo=self.demo), demo=self.demo)
        return report

    def compact(self, *, keep: Any = "7D") -> int:
        """Sort what is recorded by code, a week in few files, so that it is quick to read; no row changes.

        Parameters
        ----------
        keep : timedelta-like
            How long what was replaced is kept: as far back goes `as_of`. At least an hour.

        Returns
        -------
        int
            Partitions that were rewritten.

        Raises
        ------
        StoreError
            If there is no store, it cannot be written, or `keep` is none or too short.

        Examples
        --------
        >>> import tempfile, pd_capflow
        >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
        >>> for code in ("HK.00700", "HK.09988"):
        ...     _ = store.write(pd_capflow.fetch(code, "day", "2026-01-05", "2026-01-09"))
        >>> store.compact(), store.compact()
        (1, 0)
        """
        self._there(INTRADAY)
        return sum(compact(table, keep) for table in self._tables.values())

    def gaps(
        self,
        codes: str | Security | Iterable[str | Security] | None = None,
        start: Any = None,
        end: Any = None,
        *,
        client: Client | None = None,
    ) -> pd.DataFrame:
        """Return which minutes of which sessions are missing.

        Parameters
        ----------
        codes : str, or iterable of str, optional
            By default all of which minutes are recorded.
        start, end : date-like, optional
            First and last day at the exchange. By default from the first recorded day of each code to the
            last one of its market.
        client : Client, optional
            Whom to ask which sessions there were. By default the package `exchange_calendars` tells it, if
            it is installed, and without it every weekday is taken for a session.

        Returns
        -------
        pandas.DataFrame
            A row for each run of missing minutes: ``code``, ``session`` (the exchange's day), ``from`` and
            ``to`` (the first and the last row that is missing), and ``missing``, the number of rows: 331 for
            a whole day in Hong Kong. Minutes that are not over yet are not missing, nor is what an answer
            lacks that has a row at the close or says that it goes there: nothing was traded then, and no
            gateway has it. ``attrs["capflow"]["calendars"]`` tells who knew the sessions of each market.

        Raises
        ------
        StoreError
            If there is no store.

        Examples
        --------
        >>> import tempfile, pd_capflow
        >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
        >>> _ = store.write(pd_capflow.fetch("HK.00700"))
        >>> gaps = store.gaps("US.AAPL", "2026-01-05", "2026-01-06")
        >>> gaps[["code", "missing"]].values.tolist()
        [['US.AAPL', 391], ['US.AAPL', 391]]
        """
        from pd_capflow.store.gaps import gaps_of

        self._there(INTRADAY)
        asked = Asked.of(codes, start, end)
        return gaps_of(self, asked.codes or self.codes("intraday"), asked.days, client=client)

    def _read(
        self, layout: Layout, asked: Asked, period: str, columns: Any = None, as_of: Any = None
    ) -> pd.DataFrame:
        snapshot = self._at(layout, as_of, asked)
        amounts = known_columns(columns, layout)
        wanted = asked.wanted(period, partial(self.codes, None if layout is DISTRIBUTIONS else period))
        told = ["last_valid_time", "url", "gateways", "name"]
        named = ["code", "session", "time", "nth", *amounts, *told, "empty"]
        with translated(self.path):
            rows = pa.concat_tables([snapshot.rows(each, named) for each in wanted])
        rows = timed(rows, layout, self.path)
        held = sorted(pc.unique(rows.column("code")).to_pylist())
        asked.check_came(held, self.path)
        return frame_from(
            rows,
            held if asked.codes is None else asked.codes,
            layout,
            period=period,
            single=asked.single,
            demo=self.demo,
            columns=None if columns is None else amounts,
        )

    def _held(self, snapshot: Snapshot, rows: pd.DataFrame, layout: Layout) -> pd.DataFrame:
        sessions = rows["session"].dt.date
        codes = rows["code"].unique().tolist()
        period = rows["period"].iloc[0] if layout.partition == "period" else "intraday"
        wanted = Wanted(codes, *span_around(sessions.min(), sessions.max(), period), period)
        held: pd.DataFrame = snapshot.rows(wanted, layout.schema.names).to_pandas()
        held["session"] = pd.to_datetime(held["session"]).dt.as_unit(rows["session"].dt.unit)
        held["code"] = held["code"].astype("str")
        return held

    def _places(self, period: str | None) -> list[tuple[Layout, Wanted]]:
        if period is None:
            return [(layout, Wanted()) for layout in LAYOUTS]
        layout = layout_of(one_of("period", period, NAMES_OF_PERIODS))
        return [(layout, Wanted(period=None if layout is INTRADAY else period))]

    def _make(self, layout: Layout) -> None:
        first = self._tables[INTRADAY.name]
        check_place(self.path, there=first.facts() is not None)
        for wanted in dict.fromkeys((INTRADAY, layout)):
            table = self._tables[wanted.name]
            if table.facts() is None:
                table.make(facts_of(demo=self.demo))
            check_facts(self.path, first.facts(), demo=self.demo)

    def _there(self, layout: Layout) -> Snapshot:
        snapshot = self._tables[layout.name].snapshot()
        first = snapshot if layout is INTRADAY else self._tables[INTRADAY.name].snapshot()
        facts = None if first is None else first.facts
        check_facts(self.path, facts, demo=self.demo)
        if snapshot is None:
            lacks = "no store there" if facts is None else f"nothing is recorded in {layout.name}"
            raise StoreError(f"store {self.path}: {lacks}; write a frame first, or look at the path")
        return snapshot

    def _at(self, layout: Layout, as_of: Any, asked: Asked) -> Snapshot:
        """Return a table as it is now, or as it was at a moment that a caller gave."""
        snapshot = self._there(layout)
        if as_of is None:
            return snapshot
        table, moment = self._tables[layout.name], moment_of(as_of, asked.codes)
        with translated(self.path):
            return table.at(version_at(table, moment))


def _door_to_dask(path: str) -> ModuleType:
    try:
        from pd_capflow.store.scale import frames
    except ImportError as error:
        raise StoreError(f"store {path}: dask() needs Dask: pip install 'pd_capflow[dask]'") from error
    return frames
