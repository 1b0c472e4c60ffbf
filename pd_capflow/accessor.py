"""``DataFrame.capflow``: the verbs on the class, the measures and charts on every capital-flow frame.

The accessor keeps no state, since pandas makes a new one at every access. What a measure needs is
checked when its name is looked up, so `hasattr` tells the truth about a frame.
"""

from __future__ import annotations

from inspect import iscoroutinefunction
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

import pandas as pd

from pd_capflow.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from pd_capflow.client import Client
    from pd_capflow.client.batch import Errors
    from pd_capflow.client.progress import ProgressOption
    from pd_capflow.flow.measures import Thresholds
    from pd_capflow.flow.queries import Query

__all__ = ["CapflowAccessor", "distribution", "fetch"]

P = ParamSpec("P")
R = TypeVar("R")

_USUAL_ADVICE = "expected a frame as pd.DataFrame.capflow.fetch() gives it"
_ADVICE = {"close": "with_price() adds it", "turnover": "with_turnover() adds it"}
_GROSS_COLUMNS = tuple(f"{tier}_{way}" for tier in ("super", "big", "mid", "sml") for way in ("in", "out"))
_TIER_COLUMNS = ("super_in_flow", "big_in_flow", "mid_in_flow", "sml_in_flow")


def fetch(
    codes: Any,
    period: str = "intraday",
    start: Any = None,
    end: Any = None,
    *,
    errors: Errors = "raise",
    progress: ProgressOption = None,
    client: Client | None = None,
) -> pd.DataFrame:
    """Return the capital flow of one or more codes.

    Parameters
    ----------
    codes, period, start, end, errors, progress
        As for `pd_capflow.Client.capital_flow`.
    client : Client, optional
        Whom to ask; by default the process's own client, for the gateway that `pd_capflow.configure` or
        the environment names.

    Returns
    -------
    DataFrame
        As by `pd_capflow.Client.capital_flow`.

    Raises
    ------
    QueryError, TransportError, ProtocolError, GatewayError, BatchError
        As by `pd_capflow.Client.capital_flow`.

    Examples
    --------
    >>> import pd_capflow
    >>> pd_capflow.configure(url="demo://")
    >>> frame = pd_capflow.fetch("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> list(frame.columns[:2])
    ['in_flow', 'main_in_flow']
    """
    return _client(client).capital_flow(codes, period, start, end, errors=errors, progress=progress)


def distribution(
    codes: Any,
    *,
    errors: Errors = "raise",
    progress: ProgressOption = None,
    client: Client | None = None,
) -> pd.DataFrame:
    """Return gross in- and outflow by order size of one or more codes' latest session.

    Parameters
    ----------
    codes, errors, progress
        As for `pd_capflow.Client.capital_distribution`.
    client : Client, optional
        Whom to ask; by default the process's own client.

    Returns
    -------
    DataFrame
        As by `pd_capflow.Client.capital_distribution`.

    Examples
    --------
    >>> import pd_capflow
    >>> pd_capflow.configure(url="demo://")
    >>> pd_capflow.distribution(["HK.00700", "US.AAPL"]).shape
    (2, 8)
    """
    return _client(client).capital_distribution(codes, errors=errors, progress=progress)


def _client(client: Client | None) -> Client:
    if client is not None:
        if iscoroutinefunction(getattr(client, "capital_flow", None)):
            raise QueryError(f"client={client!r} has verbs to await; expected one that connect() gives")
        if not callable(getattr(client, "capital_flow", None)):
            raise QueryError(f"client={client!r} is no client; expected one that connect() gives")
        return client
    from pd_capflow.client import shared_client  # a frame can be measured without any client

    return shared_client()


def _answerer(frame: pd.DataFrame, client: Client | None) -> Callable[[Query[pd.DataFrame]], pd.DataFrame]:
    """Return what asks the gateway that a frame came from, and no other."""
    from pd_capflow.client import shared_client
    from pd_capflow.flow import joins

    source = joins.source_of(frame)
    if client is None and source["url"] == "demo://":
        client = shared_client("demo://")
    asker = _client(client)
    address = asker.settings.address
    joins.check_source(frame, {"url": str(address), "demo": address.is_demo or source.get("demo") is True})

    def ask(query: Query[pd.DataFrame]) -> pd.DataFrame:
        answer = asker.fetch(query)
        joins.check_source(frame, answer.attrs["capflow"]["source"])
        return answer

    return ask


def _with_candles(frame: pd.DataFrame, client: Client | None, column: str) -> pd.DataFrame:
    from pd_capflow.flow import joins

    joins.with_candles(frame.iloc[:0], {}, column)  # what cannot be joined is not asked for
    asked = joins.questions(frame)
    ask = _answerer(frame, client)
    return joins.with_candles(frame, {code: ask(query) for code, query in asked.items()}, column)


class _Measure(Generic[P, R]):
    """A method that only frames with certain columns have."""

    def __init__(self, method: Callable[Concatenate[CapflowAccessor, P], R], needs: tuple[str, ...]) -> None:
        self._method = method
        self._needs = needs
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, accessor: None, owner: type) -> Callable[Concatenate[CapflowAccessor, P], R]: ...
    @overload
    def __get__(self, accessor: CapflowAccessor, owner: type) -> Callable[P, R]: ...
    def __get__(self, accessor: CapflowAccessor | None, owner: type) -> Any:
        if accessor is None:
            return self._method
        accessor.require(self._needs, self._method.__name__)
        return MethodType(self._method, accessor)


def _measure(
    *needs: str,
) -> Callable[[Callable[Concatenate[CapflowAccessor, P], R]], _Measure[P, R]]:
    return lambda method: _Measure(method, needs)


class CapflowAccessor:
    """Capital flow for DataFrames, as ``pd.DataFrame.capflow`` and ``frame.capflow``.

    Parameters
    ----------
    frame : DataFrame
        Any. Only what needs capital-flow columns asks for them.

    Notes
    -----
    These stand in for what pandas has under another name, and know about codes, sessions, running totals
    and absent rows: `delta` for ``diff``, `cumulative` for ``cumsum``, `rolling` for ``rolling(n).sum()``,
    `correlation` for ``rolling(n).corr()``, `rank` for ``nlargest`` and ``rank``, `tiers` for ``melt``.
    """

    fetch = staticmethod(fetch)
    distribution = staticmethod(distribution)

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def require(self, columns: tuple[str, ...], name: str) -> None:
        """Raise `AttributeError` unless the frame has all of these columns; ``"one|other"`` is either."""
        held = list(self._frame.columns)  # of columns in levels, "in" would find the top one alone
        missing = [column for column in columns if not any(each in held for each in column.split("|"))]
        if missing:
            raise AttributeError(
                f"capflow.{name} needs the columns {_named(columns)}, and the frame lacks "
                f"{_named(missing)}; {self._advice(missing[0])}"
            )

    def _advice(self, column: str) -> str:
        facts = self._frame.attrs.get("capflow")
        if whose := facts.get("renamed") if isinstance(facts, dict) else None:
            return f"its columns have the names of {whose}: rename('futu') brings ours back"
        return _ADVICE.get(column, _USUAL_ADVICE)

    @_measure("in_flow")
    def delta(self) -> pd.DataFrame:
        """Return the flow of each row's own interval; see `pd_capflow.flow.measures.delta`."""
        from pd_capflow.flow import measures

        return measures.delta(self._frame)

    @_measure("in_flow")
    def cumulative(self) -> pd.DataFrame:
        """Return running totals; see `pd_capflow.flow.measures.cumulative`."""
        from pd_capflow.flow import measures

        return measures.cumulative(self._frame)

    @_measure("main_in_flow", "super_in_flow", "big_in_flow")
    def main(self) -> pd.Series[float]:
        """Return super and big orders together; see `pd_capflow.flow.measures.main`."""
        from pd_capflow.flow import measures

        return measures.main(self._frame)

    @_measure(*_TIER_COLUMNS)
    def tiers(self) -> pd.DataFrame:
        """Return the tiers in long form; see `pd_capflow.flow.measures.tiers`."""
        from pd_capflow.flow import measures

        return measures.tiers(self._frame)

    @_measure("in_flow")
    def resample(self, rule: Any) -> pd.DataFrame:
        """Return fewer, longer rows; see `pd_capflow.flow.measures.resample`."""
        from pd_capflow.flow import measures

        return measures.resample(self._frame, rule)

    @_measure("in_flow")
    def rolling(self, windows: int | Iterable[int] = (3, 5, 10, 20), column: str = "in_flow") -> pd.DataFrame:
        """Return sums over the last rows; see `pd_capflow.flow.measures.rolling`."""
        from pd_capflow.flow import measures

        return measures.rolling(self._frame, windows, column)

    @_measure("in_flow")
    def acceleration(self, rows: int = 3, column: str = "in_flow") -> pd.Series[float]:
        """Return flow less the mean before it; see `pd_capflow.flow.measures.acceleration`."""
        from pd_capflow.flow import measures

        return measures.acceleration(self._frame, rows, column)

    @_measure("in_flow")
    def streak(self, column: str = "in_flow") -> pd.Series[float]:
        """Return how many rows in a row money came in; see `pd_capflow.flow.measures.streak`."""
        from pd_capflow.flow import measures

        return measures.streak(self._frame, column)

    @_measure("in_flow")
    def zscore(self, rows: int = 60, column: str = "in_flow") -> pd.Series[float]:
        """Score each row against its code's own past; see `pd_capflow.flow.measures.zscore`."""
        from pd_capflow.flow import measures

        return measures.zscore(self._frame, rows, column)

    @_measure("in_flow")
    def signals(
        self, /, thresholds: Thresholds | None = None, *, column: str = "in_flow", **changes: Any
    ) -> pd.DataFrame:
        """Return which rows cross thresholds; see `pd_capflow.flow.measures.signals`."""
        from pd_capflow.flow import measures

        return measures.signals(self._frame, thresholds, column=column, **changes)

    @_measure("super_in_flow", "sml_in_flow")
    def disagreement(self, rows: int = 1) -> pd.Series[float]:
        """Set super against small orders; see `pd_capflow.flow.measures.disagreement`."""
        from pd_capflow.flow import measures

        return measures.disagreement(self._frame, rows)

    @_measure(*_GROSS_COLUMNS)
    def imbalance(self) -> pd.DataFrame:
        """Set inflow against outflow; see `pd_capflow.flow.measures.imbalance`."""
        from pd_capflow.flow import measures

        return measures.imbalance(self._frame)

    @_measure("in_flow", "close")
    def correlation(self, rows: int = 20, column: str = "in_flow") -> pd.Series[float]:
        """Correlate flow and price; see `pd_capflow.flow.measures.correlation`."""
        from pd_capflow.flow import measures

        return measures.correlation(self._frame, rows, column)

    @_measure("in_flow", "close")
    def divergence(self, rows: int = 5, column: str = "in_flow") -> pd.Series[float]:
        """Tell where money and price part ways; see `pd_capflow.flow.measures.divergence`."""
        from pd_capflow.flow import measures

        return measures.divergence(self._frame, rows, column)

    @_measure("in_flow|in_share|super_in")
    def rank(self, by: str = "in_flow", n: int | None = None) -> pd.DataFrame:
        """Rank codes by their last rows; see `pd_capflow.flow.measures.rank`."""
        from pd_capflow.flow import measures

        return measures.rank(self._frame, by, n)

    @_measure("in_flow", "close")
    def quadrant(self, rows: int = 1, column: str = "in_flow") -> pd.DataFrame:
        """Return the quadrant of price and flow; see `pd_capflow.flow.measures.quadrant`."""
        from pd_capflow.flow import measures

        return measures.quadrant(self._frame, rows, column)

    def rename(self, to: str) -> pd.DataFrame:
        """Use the names and units of AKShare, efinance, adata, tushare or Chinese ones, or come back.

        Parameters
        ----------
        to : {"akshare", "efinance", "adata", "tushare", "zh", "futu"}
            Whose names; ``"futu"`` are those that a frame has here.

        Returns
        -------
        DataFrame
            As by `pd_capflow.flow.renaming.rename`, which has the table of names and units.
        """
        from pd_capflow.flow.renaming import rename

        return rename(self._frame, to)

    def adopt(self, source: str, code: Any = None) -> pd.DataFrame:
        """Take in rows of days that AKShare, efinance, adata or tushare made.

        Parameters
        ----------
        source : {"akshare", "efinance", "adata", "tushare"}
            Who made the frame.
        code : str, optional
            Whose rows they are, such as ``"SH.600519"``; needed where the frame does not say.

        Returns
        -------
        DataFrame
            As by `pd_capflow.flow.adoption.adopt`, which says what is refused.
        """
        from pd_capflow.flow.adoption import adopt

        return adopt(self._frame, source, code)

    @_measure("in_flow")
    def with_price(self, client: Client | None = None) -> pd.DataFrame:
        """Join the closing price on, as the column ``close``.

        Parameters
        ----------
        client : Client, optional
            Whom to ask for candlesticks: a client of the gateway that the frame came from. By default
            the process's own client, and for a frame of ``demo://`` that.

        Returns
        -------
        DataFrame
            The same rows and attrs, and ``close`` as ``float64`` in the trading currency, not adjusted
            for dividends and splits: of the row's minute, day, week or month. NaN where there is no
            candlestick of it.

        Raises
        ------
        QueryError
            If the client asks another gateway than the frame came from.
        TransportError, ProtocolError, GatewayError
            As by `pd_capflow.Client.history`.

        Notes
        -----
        One question a code, and OpenD has a quota of securities whose history may be asked for.

        Examples
        --------
        >>> import pd_capflow
        >>> client = pd_capflow.connect("demo://")
        >>> frame = client.capital_flow("HK.00700", "day", "2026-01-05", "2026-01-09")
        >>> frame.capflow.with_price(client)["close"].notna().all()
        np.True_
        """
        return _with_candles(self._frame, client, "close")

    @_measure("in_flow")
    def with_turnover(self, client: Client | None = None) -> pd.DataFrame:
        """Join the turnover on, as the column ``turnover``.

        Parameters
        ----------
        client : Client, optional
            As for `with_price`.

        Returns
        -------
        DataFrame
            The same rows and attrs, and ``turnover`` as ``float64`` in the trading currency: of the
            session so far where the frame is cumulative, of each row's own interval where it is not.
            NaN where there is no candlestick of the row. `delta`, `cumulative` and `resample` treat it
            as they treat flow.

        Raises
        ------
        QueryError
            If the client asks another gateway than the frame came from, or the rows are sums of others,
            as after `resample`: join first.
        TransportError, ProtocolError, GatewayError
            As by `pd_capflow.Client.history`.

        Examples
        --------
        >>> import pd_capflow
        >>> client = pd_capflow.connect("demo://")
        >>> frame = client.capital_flow("HK.00700").capflow.with_turnover(client)
        >>> halves = frame.capflow.delta().capflow.resample("30min")
        >>> bool(halves["turnover"].sum() == frame["turnover"].iloc[-1])
        True
        """
        return _with_candles(self._frame, client, "turnover")

    @_measure("in_flow", "turnover")
    def share(self) -> pd.DataFrame:
        """Return flow as a part of turnover (净占比); see `pd_capflow.flow.joins.share`."""
        from pd_capflow.flow import joins

        return joins.share(self._frame)

    @_measure("in_flow")
    def with_names(self, client: Client | None = None) -> pd.DataFrame:
        """Add the names of the securities, as the column ``name`` and in the titles of charts.

        Parameters
        ----------
        client : Client, optional
            As for `with_price`.

        Returns
        -------
        DataFrame
            The same rows and attrs, and ``name`` as text in the gateway's language, NaN where it tells
            none. ``attrs["capflow"]["names"]`` holds them by code, if they are 50 or fewer.

        Examples
        --------
        >>> import pd_capflow
        >>> client = pd_capflow.connect("demo://")
        >>> client.capital_flow("HK.00700").capflow.with_names(client)["name"].iloc[0]
        'TENCENT'
        """
        from pd_capflow.flow import joins
        from pd_capflow.flow.queries import StaticInfo

        codes = tuple(joins.codes_of(self._frame)[1])
        told = _answerer(self._frame, client)(StaticInfo(codes))["name"] if codes else pd.Series(dtype="str")
        names = {str(code): str(name) for code, name in told.dropna().items()}
        return joins.with_names(self._frame, names)

    @_measure("in_flow|in_share|super_in")
    def plot(self, /, kind: str | None = None, *, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw a chart; see `pd_capflow.plot.draw`.

        Parameters
        ----------
        kind : str, optional
            A key of `pd_capflow.plot.KINDS`, whose functions tell what each shows and takes: for one code
            ``cumulative``, ``bars``, ``distribution`` and ``quadrant``, for several ``cumulative``, ``rank``
            and ``quadrant``; a small chart of each draws `page`. By default ``cumulative`` for intraday
            rows, ``bars`` for longer ones, and ``distribution`` for a capital distribution.
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.
        **options
            What the kind takes, such as ``colors``, ``lang`` and ``title``, or ``by`` and ``n`` of ``rank``.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from pd_capflow.plot import draw

        return draw(self._frame, kind, ax=ax, **options)

    @_measure("in_flow")
    def page(self, /, kind: str | None = None, **options: Any) -> Figure | SubFigure:
        """Draw a small chart of each code, all on one page; see `pd_capflow.plot.page`.

        Parameters
        ----------
        kind : {"cumulative", "bars"}, optional
            By default ``cumulative`` for intraday rows, ``bars`` for longer ones.
        **options
            ``columns``, ``share_y``, ``tiers``, ``colors``, ``lang``, ``title`` and ``figure``.

        Returns
        -------
        matplotlib.figure.Figure or SubFigure

        Examples
        --------
        >>> import pd_capflow
        >>> frame = pd_capflow.connect("demo://").capital_flow(["HK.00700", "HK.09988"])
        >>> len(frame.capflow.page(columns=1).axes)
        3
        """
        from pd_capflow.plot import page

        return page(self._frame, kind, **options)


def _named(columns: Iterable[str]) -> str:
    return ", ".join(column.replace("|", " or ") for column in columns)


pd.api.extensions.register_dataframe_accessor("capflow")(CapflowAccessor)
