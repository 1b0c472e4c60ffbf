"""The store: write frames, read them back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from pd_capflow.errors import StoreError
from pd_capflow.flow.frames import Shape
from pd_capflow.flow.queries.question import PERIODS as NAMES_OF_PERIODS
from pd_capflow.flow.queries.question import one_of, parse_codes
from pd_capflow.store.asked import Asked, known_columns
from pd_capflow.store.checks import Report, check_table
from pd_capflow.store.compaction import compact
from pd_capflow.store.contents import contents
from pd_capflow.store.faults import translated
from pd_capflow.store.files import Wanted
from pd_capflow.store.layout import DISTRIBUTIONS, INTRADAY, layout_of
from pd_capflow.store.marker import facts_of
from pd_capflow.store.moments import versions_of
from pd_capflow.store.place import place_of
from pd_capflow.store.reading import codes_in, frame_of
from pd_capflow.store.tables import Tables
from pd_capflow.store.writing import keep_frame

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from types import ModuleType

    import dask.dataframe as dd

    from pd_capflow.client import Client
    from pd_capflow.security import Security

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

    Attributes
    ----------
    path : str
    demo : bool
    tables : Tables
        Its Delta tables, for what this class does not do.

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
        self.tables = Tables(self.path, demo=self.demo)

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
        self.tables.make(INTRADAY)

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
        return keep_frame(self.tables, frame)

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
            ``float64`` amounts; cumulative since the open of each session where intraday. The row of a
            day, week or month is as it was recorded last: while that ran, it is of a part of it.

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
        return frame_of(self.tables, layout_of(period), Asked.of(codes, start, end), period, columns, as_of)

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
        return frame_of(self.tables, DISTRIBUTIONS, Asked.of(codes, start, end), "intraday", None, as_of)

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
        snapshot = self.tables.at(layout, as_of, asked.codes)
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
        return codes_in(self.tables, period)

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
        snapshot = self.tables.now(INTRADAY)
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
        self.tables.now(INTRADAY)
        with translated(self.path):
            held = [versions_of(table) for table in self.tables]
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
        self.tables.now(INTRADAY)
        report = Report(self.path)
        for table in self.tables:
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
        self.tables.now(INTRADAY)
        return sum(compact(table, keep) for table in self.tables)

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

        self.tables.now(INTRADAY)
        asked = Asked.of(codes, start, end)
        return gaps_of(self, asked.codes or self.codes("intraday"), asked.days, client=client)


def _door_to_dask(path: str) -> ModuleType:
    try:
        from pd_capflow.store.scale import frames
    except ImportError as error:
        raise StoreError(f"store {path}: dask() needs Dask: pip install 'pd_capflow[dask]'") from error
    return frames
