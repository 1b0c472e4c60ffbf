"""``DataFrame.capflow``: the verbs on the class, the measures and charts on every capital-flow frame.

The accessor keeps no state, since pandas makes a new one at every access.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pd_capflow.accessor import joining
from pd_capflow.accessor.verbs import distribution, fetch
from pd_capflow.flow.needs import needs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from pd_capflow.client import Client
    from pd_capflow.flow.measures import Thresholds

__all__ = ["CapflowAccessor", "distribution", "fetch"]

_GROSS_COLUMNS = tuple(f"{tier}_{way}" for tier in ("super", "big", "mid", "sml") for way in ("in", "out"))
_TIER_COLUMNS = ("super_in_flow", "big_in_flow", "mid_in_flow", "sml_in_flow")


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

    @needs("in_flow")
    def delta(self) -> pd.DataFrame:
        """Return the flow of each row's own interval; see `pd_capflow.flow.measures.delta`."""
        from pd_capflow.flow import measures

        return measures.delta(self._frame)

    @needs("in_flow")
    def cumulative(self) -> pd.DataFrame:
        """Return running totals; see `pd_capflow.flow.measures.cumulative`."""
        from pd_capflow.flow import measures

        return measures.cumulative(self._frame)

    @needs("main_in_flow", "super_in_flow", "big_in_flow")
    def main(self) -> pd.Series[float]:
        """Return super and big orders together; see `pd_capflow.flow.measures.main`."""
        from pd_capflow.flow import measures

        return measures.main(self._frame)

    @needs(*_TIER_COLUMNS)
    def tiers(self) -> pd.DataFrame:
        """Return the tiers in long form; see `pd_capflow.flow.measures.tiers`."""
        from pd_capflow.flow import measures

        return measures.tiers(self._frame)

    @needs("in_flow")
    def resample(self, rule: Any) -> pd.DataFrame:
        """Return fewer, longer rows; see `pd_capflow.flow.measures.resample`."""
        from pd_capflow.flow import measures

        return measures.resample(self._frame, rule)

    @needs("in_flow")
    def rolling(self, windows: int | Iterable[int] = (3, 5, 10, 20), column: str = "in_flow") -> pd.DataFrame:
        """Return sums over the last rows; see `pd_capflow.flow.measures.rolling`."""
        from pd_capflow.flow import measures

        return measures.rolling(self._frame, windows, column)

    @needs("in_flow")
    def acceleration(self, rows: int = 3, column: str = "in_flow") -> pd.Series[float]:
        """Return flow less the mean before it; see `pd_capflow.flow.measures.acceleration`."""
        from pd_capflow.flow import measures

        return measures.acceleration(self._frame, rows, column)

    @needs("in_flow")
    def streak(self, column: str = "in_flow") -> pd.Series[float]:
        """Return how many rows in a row money came in; see `pd_capflow.flow.measures.streak`."""
        from pd_capflow.flow import measures

        return measures.streak(self._frame, column)

    @needs("in_flow")
    def zscore(self, rows: int = 60, column: str = "in_flow") -> pd.Series[float]:
        """Score each row against its code's own past; see `pd_capflow.flow.measures.zscore`."""
        from pd_capflow.flow import measures

        return measures.zscore(self._frame, rows, column)

    @needs("in_flow")
    def signals(
        self, /, thresholds: Thresholds | None = None, *, column: str = "in_flow", **changes: Any
    ) -> pd.DataFrame:
        """Return which rows cross thresholds; see `pd_capflow.flow.measures.signals`."""
        from pd_capflow.flow import measures

        return measures.signals(self._frame, thresholds, column=column, **changes)

    @needs("super_in_flow", "sml_in_flow")
    def disagreement(self, rows: int = 1) -> pd.Series[float]:
        """Set super against small orders; see `pd_capflow.flow.measures.disagreement`."""
        from pd_capflow.flow import measures

        return measures.disagreement(self._frame, rows)

    @needs(*_GROSS_COLUMNS)
    def imbalance(self) -> pd.DataFrame:
        """Set inflow against outflow; see `pd_capflow.flow.measures.imbalance`."""
        from pd_capflow.flow import measures

        return measures.imbalance(self._frame)

    @needs("in_flow", "close")
    def correlation(self, rows: int = 20, column: str = "in_flow") -> pd.Series[float]:
        """Correlate flow and price; see `pd_capflow.flow.measures.correlation`."""
        from pd_capflow.flow import measures

        return measures.correlation(self._frame, rows, column)

    @needs("in_flow", "close")
    def divergence(self, rows: int = 5, column: str = "in_flow") -> pd.Series[float]:
        """Tell where money and price part ways; see `pd_capflow.flow.measures.divergence`."""
        from pd_capflow.flow import measures

        return measures.divergence(self._frame, rows, column)

    @needs("in_flow|in_share|super_in")
    def rank(self, by: str = "in_flow", n: int | None = None) -> pd.DataFrame:
        """Rank codes by their last rows; see `pd_capflow.flow.measures.rank`."""
        from pd_capflow.flow import measures

        return measures.rank(self._frame, by, n)

    @needs("in_flow", "close")
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

    @needs("in_flow")
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
        return joining.with_candles(self._frame, client, "close")

    @needs("in_flow")
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
        return joining.with_candles(self._frame, client, "turnover")

    @needs("in_flow", "turnover")
    def share(self) -> pd.DataFrame:
        """Return flow as a part of turnover (净占比); see `pd_capflow.flow.joins.share`."""
        from pd_capflow.flow import joins

        return joins.share(self._frame)

    @needs("in_flow")
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
        return joining.with_names(self._frame, client)

    @needs("in_flow|in_share|super_in")
    def plot(self, /, kind: str | None = None, *, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw a chart; see `pd_capflow.plot.draw`.

        Parameters
        ----------
        kind : str, optional
            A key of `pd_capflow.plot.KINDS`, whose functions tell what each shows and takes: for one code
            ``cumulative``, ``bars``, ``distribution`` and ``quadrant``, for several ``cumulative``, ``rank``
            and ``quadrant``; a small chart of each draws `page`. By default ``cumulative`` for intraday
            rows and for several codes, ``bars`` for longer rows of one, ``distribution`` for a capital
            distribution, and a ``heatmap`` of several codes whose amounts cannot share an axis.
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

    @needs("in_flow")
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


pd.api.extensions.register_dataframe_accessor("capflow")(CapflowAccessor)
