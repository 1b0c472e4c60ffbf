"""What a client can ask beside capital flow: each verb is one query, and `fetch` does the work."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, TypeVar

from pd_capflow.errors import CapflowWarning
from pd_capflow.flow import queries
from pd_capflow.flow.frames import ATTRS
from pd_capflow.flow.selectors import parse_selection

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from pd_capflow.flow.queries import GatewayState, Query
    from pd_capflow.flow.selectors import Choice, Selection

__all__ = ["AsyncNeighbours", "Neighbours"]

R = TypeVar("R")

# Codes that a warning names, and how far above it the line stands that asked for them.
_NAMED = 3
_OF_THE_USER = 4


def _told(frame: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    """Have a frame tell what was asked, and warn of the codes that have no row in it."""
    facts = frame.attrs[ATTRS]
    facts.update(choice.facts)
    if missing := list(facts["errors"]):
        named = ", ".join(missing[:_NAMED]) + ", …" * (len(missing) > _NAMED)
        warnings.warn(
            f"{len(missing)} of {len(choice.securities)} codes have no row, since the gateway sent none: "
            f'{named}. attrs["capflow"]["errors"] tells them all',
            CapflowWarning,
            stacklevel=_OF_THE_USER,
        )
    return frame


class Neighbours:
    """The verbs of `Client`. All of them raise what `Client.capital_flow` raises, but no `BatchError`."""

    def fetch(self, query: Query[R]) -> R:
        """Return the answer to one query."""
        raise NotImplementedError

    def expand(self, selection: Selection, *, flowing: bool = False) -> Choice:
        """Return the securities that codes and selectors stand for."""
        raise NotImplementedError

    def _about(self, kind: Callable[[Any], Query[pd.DataFrame]], codes: Any) -> pd.DataFrame:
        """Return the answer to a query about codes and selectors."""
        choice = self.expand(parse_selection(codes))
        return _told(self.fetch(kind(choice.securities)), choice)

    def state(self) -> GatewayState:
        """Return what the gateway says of itself and of its markets (``GetGlobalState``, 1002).

        Returns
        -------
        GatewayState
            A value, no frame.

        Examples
        --------
        >>> import pd_capflow
        >>> state = pd_capflow.connect("demo://").state()
        >>> state.logged_in, state.program_status
        (True, 'ready')
        """
        return self.fetch(queries.State())

    def static_info(self, codes: Any = (), *, market: str | None = None, kind: str = "stock") -> pd.DataFrame:
        """Return names, lot sizes and list dates (``Qot_GetStaticInfo``, 3202).

        Parameters
        ----------
        codes : str, or iterable of str
            Such as ``["HK.00700", "US.AAPL"]``, or selectors as for `capital_flow`; each code is asked
            for once.
        market : str, optional
            Instead of codes: all securities of a market, such as ``"HK"``.
        kind : str, default "stock"
            Of which type, with a market: ``stock``, ``fund``, ``warrant``, ``index``, and so on.

        Returns
        -------
        DataFrame
            One row a code, indexed by ``code`` in the order asked. Columns ``name, type, lot_size,
            list_date`` (the exchange's day), ``exchange`` and ``delisted`` (NA where it is not told).
            Codes that the gateway sends no row for are told in a `CapflowWarning` and in
            ``attrs["capflow"]["errors"]``; if it sends none at all, that is a `GatewayError`.

        Examples
        --------
        >>> import pd_capflow
        >>> pd_capflow.connect("demo://").static_info("HK.00700").loc["HK.00700", "lot_size"]
        np.int64(100)
        """
        if market is not None:
            return self.fetch(queries.StaticInfo(codes, market, kind))
        return self._about(queries.StaticInfo, codes)

    def snapshot(self, codes: Any) -> pd.DataFrame:
        """Return the latest quotes (``Qot_GetSecuritySnapshot``, 3203).

        Parameters
        ----------
        codes : str, or iterable of str
            Any number, 400 in a request, or selectors as for `capital_flow`. One that is unknown fails
            the call; one that the gateway leaves out is told as by `static_info`.

        Returns
        -------
        DataFrame
            One row a code, indexed by ``code`` in the order asked. ``update_time`` is in the exchange's
            zone, in UTC if they differ. ``float64`` columns, NaN where nothing was sent: ``last, open,
            high, low, last_close`` (the session before), ``volume, turnover``, ``turnover_rate`` and
            ``amplitude`` in percent, ``average, bid, ask``, and more; of stocks ``market_value, shares,
            pe, pb``, and more; of indices and plates how many members stand where: ``raise_count,
            fall_count, equal_count``. Amounts are in the row's ``currency``.

        Examples
        --------
        >>> import pd_capflow
        >>> frame = pd_capflow.connect("demo://").snapshot(["HK.00700", "US.AAPL"])
        >>> frame["currency"].tolist()
        ['HKD', 'USD']
        """
        return self._about(queries.Snapshot, codes)

    def plates(self, market: str, kind: str = "all") -> pd.DataFrame:
        """Return the plates (板块) of a market (``Qot_GetPlateSet``, 3204).

        Parameters
        ----------
        market : str
            Such as ``"HK"``. Shanghai and Shenzhen share theirs.
        kind : {"all", "industry", "region", "concept"}

        Returns
        -------
        DataFrame
            One row a plate, indexed by ``code``. Columns ``name`` and ``kind``.

        Examples
        --------
        >>> import pd_capflow
        >>> pd_capflow.connect("demo://").plates("HK", "industry").index.tolist()
        ['HK.BK1002', 'HK.BK1003']
        """
        return self.fetch(queries.Plates(market, kind))

    def plate_securities(self, plate: str) -> pd.DataFrame:
        """Return the members of a plate (``Qot_GetPlateSecurity``, 3205).

        Parameters
        ----------
        plate : str
            Its code, as `plates` tells it.

        Returns
        -------
        DataFrame
            As of `static_info`.

        Examples
        --------
        >>> import pd_capflow
        >>> client = pd_capflow.connect("demo://")
        >>> codes = client.plate_securities("HK.BK1002").index
        >>> len(client.capital_distribution(codes)) == len(codes)
        True
        """
        return self.fetch(queries.PlateSecurities(plate))  # type: ignore[arg-type]  # it reads codes

    def watchlists(self) -> pd.DataFrame:
        """Return the user's own watchlists (自选股分组, ``Qot_GetUserSecurityGroup``, 3222).

        Returns
        -------
        DataFrame
            One row a watchlist, indexed by ``name``. Column ``kind``: ``custom`` or ``system``.

        Examples
        --------
        >>> import pd_capflow
        >>> pd_capflow.connect("demo://").watchlists().index.tolist()
        ['Favorites', 'Tech']
        """
        return self.fetch(queries.Watchlists())

    def watchlist(self, name: str) -> pd.DataFrame:
        """Return the members of one of the user's own watchlists (``Qot_GetUserSecurity``, 3213).

        Parameters
        ----------
        name : str
            As `watchlists` tells it.

        Returns
        -------
        DataFrame
            As of `static_info`.

        Examples
        --------
        >>> import pd_capflow
        >>> pd_capflow.connect("demo://").watchlist("Tech").index[0]
        'HK.00700'
        """
        return self.fetch(queries.Watchlist(name))

    def history(
        self, code: str, period: str = "day", start: Any = None, end: Any = None, adjust: str = "none"
    ) -> pd.DataFrame:
        """Return candlesticks of one code (``Qot_RequestHistoryKL``, 3103).

        Parameters
        ----------
        code : str
            Such as ``"HK.00700"``.
        period : {"day", "week", "month", "minute"}
        start, end : date-like, optional
            First and last day, as of `capital_flow`.
        adjust : {"none", "forward", "backward"}
            How prices before dividends and splits are adjusted.

        Returns
        -------
        DataFrame
            One row a candlestick, indexed by ``time`` in the exchange's zone as the rows of
            `capital_flow` are, so that the two can be joined. ``float64`` columns ``open, high, low,
            close, last_close`` (of the row before), ``volume, turnover``, ``turnover_rate`` in percent,
            ``pe`` and ``change_rate`` in percent; NaN where nothing was sent.

        Notes
        -----
        OpenD has a quota of securities whose history may be asked for in 30 days.

        Examples
        --------
        >>> import pd_capflow
        >>> client = pd_capflow.connect("demo://")
        >>> client.history("HK.00700", "day", "2025-01-06", "2025-01-10").shape
        (5, 10)
        """
        return self.fetch(queries.History(code, period, start, end, adjust))  # type: ignore[arg-type]  # as above

    def trade_dates(self, market: str, start: Any = None, end: Any = None) -> pd.DataFrame:
        """Return the sessions of an exchange (``Qot_RequestTradeDate``, 3219).

        Parameters
        ----------
        market : {"HK", "US", "SH", "SZ", "SG", "MY", "JP"}
        start, end : date-like, optional
            First and last day, as of `capital_flow`.

        Returns
        -------
        DataFrame
            One row a session, indexed by ``time``, the exchange's midnight with which it begins. Column
            ``type``: ``whole``, ``morning`` or ``afternoon``.

        Notes
        -----
        What was closed without notice, as for a typhoon, is still in OpenD's calendar.

        Examples
        --------
        >>> import pd_capflow
        >>> len(pd_capflow.connect("demo://").trade_dates("HK", "2025-01-06", "2025-01-12"))
        5
        """
        return self.fetch(queries.TradeDates(market, start, end))

    def market_state(self, codes: Any) -> pd.DataFrame:
        """Return whether the markets of some codes are open (``Qot_GetMarketState``, 3223).

        Parameters
        ----------
        codes : str, or iterable of str
            Selectors too, as for `capital_flow`.

        Returns
        -------
        DataFrame
            One row a code, indexed by ``code`` in the order asked. Columns ``name`` and ``state``:
            ``morning``, ``rest``, ``closed``, and so on. Codes that the gateway leaves out are told as by
            `static_info`.

        Examples
        --------
        >>> import pd_capflow
        >>> pd_capflow.connect("demo://").market_state("HK.00700").columns.tolist()
        ['name', 'state']
        """
        return self._about(queries.MarketState, codes)


class AsyncNeighbours:
    """The verbs of `AsyncClient`: those of `Neighbours`, to be awaited."""

    async def fetch(self, query: Query[R]) -> R:
        """Return the answer to one query."""
        raise NotImplementedError

    async def expand(self, selection: Selection, *, flowing: bool = False) -> Choice:
        """Return the securities that codes and selectors stand for."""
        raise NotImplementedError

    async def _about(self, kind: Callable[[Any], Query[pd.DataFrame]], codes: Any) -> pd.DataFrame:
        """Return the answer to a query about codes and selectors."""
        choice = await self.expand(parse_selection(codes))
        return _told(await self.fetch(kind(choice.securities)), choice)

    async def state(self) -> GatewayState:
        """Return what the gateway says of itself and of its markets; see `Client.state`."""
        return await self.fetch(queries.State())

    async def static_info(
        self, codes: Any = (), *, market: str | None = None, kind: str = "stock"
    ) -> pd.DataFrame:
        """Return names, lot sizes and list dates; see `Client.static_info`."""
        if market is not None:
            return await self.fetch(queries.StaticInfo(codes, market, kind))
        return await self._about(queries.StaticInfo, codes)

    async def snapshot(self, codes: Any) -> pd.DataFrame:
        """Return the latest quotes; see `Client.snapshot`."""
        return await self._about(queries.Snapshot, codes)

    async def plates(self, market: str, kind: str = "all") -> pd.DataFrame:
        """Return the plates of a market; see `Client.plates`."""
        return await self.fetch(queries.Plates(market, kind))

    async def plate_securities(self, plate: str) -> pd.DataFrame:
        """Return the members of a plate; see `Client.plate_securities`."""
        return await self.fetch(queries.PlateSecurities(plate))  # type: ignore[arg-type]  # it reads codes

    async def watchlists(self) -> pd.DataFrame:
        """Return the user's own watchlists; see `Client.watchlists`."""
        return await self.fetch(queries.Watchlists())

    async def watchlist(self, name: str) -> pd.DataFrame:
        """Return the members of one of the user's own watchlists; see `Client.watchlist`."""
        return await self.fetch(queries.Watchlist(name))

    async def history(
        self, code: str, period: str = "day", start: Any = None, end: Any = None, adjust: str = "none"
    ) -> pd.DataFrame:
        """Return candlesticks of one code; see `Client.history`."""
        return await self.fetch(queries.History(code, period, start, end, adjust))  # type: ignore[arg-type]

    async def trade_dates(self, market: str, start: Any = None, end: Any = None) -> pd.DataFrame:
        """Return the sessions of an exchange; see `Client.trade_dates`."""
        return await self.fetch(queries.TradeDates(market, start, end))

    async def market_state(self, codes: Any) -> pd.DataFrame:
        """Return whether the markets of some codes are open; see `Client.market_state`."""
        return await self._about(queries.MarketState, codes)
