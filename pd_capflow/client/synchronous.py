"""The client for everybody else: the same verbs, waiting on the I/O thread."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pd_capflow.client.asynchronous import AsyncClient
from pd_capflow.client.batch import Errors, Outcome, plan_distribution, plan_flow
from pd_capflow.client.known import remember
from pd_capflow.client.link import Link, Listeners
from pd_capflow.client.neighbours import Neighbours
from pd_capflow.client.portal import Portal, current_portal
from pd_capflow.client.spread import client_for
from pd_capflow.flow.selectors import parse_selection

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

    import pandas as pd

    from pd_capflow.client.batch import Plan
    from pd_capflow.client.budget import Budget
    from pd_capflow.client.notice import Notice
    from pd_capflow.client.progress import ProgressOption
    from pd_capflow.client.settings import Settings
    from pd_capflow.client.spread import SpreadClient
    from pd_capflow.flow.queries import Query
    from pd_capflow.flow.selectors import Choice, Selection

__all__ = ["Client"]

R = TypeVar("R")


class Client(Neighbours):
    """A client for scripts, notebooks and threads. `pd_capflow.connect` makes one.

    Any number of threads may use one client at a time, and a notebook's running event loop does not
    mind it. A lost connection is made again by the next call.

    Parameters
    ----------
    settings : Settings
        Where to, and how.

    Examples
    --------
    >>> import pd_capflow
    >>> with pd_capflow.connect("demo://") as client:
    ...     frame = client.capital_flow("HK.00700")
    >>> frame.index.dtype
    datetime64[us, Asia/Hong_Kong]
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._closed = False
        self._states: Listeners[Link] = Listeners()
        self._pushes: Listeners[Notice] = Listeners()
        self._attach()

    def _attach(self) -> None:
        self._portal = current_portal()
        self._async = client_for(self.settings, self._states, self._pushes)
        self._portal.keep(self._async)
        self._finalizer = weakref.finalize(self, _close_soon, self._portal, self._async)
        self._finalizer.atexit = False

    def __repr__(self) -> str:
        return repr(self._async).replace(AsyncClient.__name__, type(self).__name__)

    @property
    def connected(self) -> bool:
        """Whether a connection stands; if not, the next call makes one."""
        return self._async.connected

    @property
    def link(self) -> Link:
        """How the client stands with its gateway; asks nobody."""
        return self._async.link

    @property
    def budget(self) -> Budget:
        """What may be asked of capital flow, and what is left of it now; asks nobody.

        Every other interface has a budget of its own, in proportion to what OpenD grants of it.

        Examples
        --------
        >>> import pd_capflow
        >>> with pd_capflow.connect("demo://") as client:
        ...     client.budget.left <= client.budget.requests
        True
        """
        return self._async.budget

    def submit(self, work: Callable[[AsyncClient | SpreadClient], Coroutine[Any, Any, R]]) -> Future[R]:
        """Start work with the asynchronous client behind this one, on the I/O thread, and wait for nothing.

        Parameters
        ----------
        work : callable
            A coroutine function that is given the asynchronous client. It must not block: every client of
            the process shares that thread.

        Returns
        -------
        concurrent.futures.Future
            What comes of it; cancelling it cancels the work.

        Examples
        --------
        >>> import pd_capflow
        >>> client = pd_capflow.connect("demo://")
        >>> client.submit(lambda it: it.capital_flow("HK.00700", "day")).result(timeout=10).index.name
        'time'
        """
        client = self._here()
        return self._portal.submit(work(client))

    def on_state(self, listener: Callable[[Link], object]) -> Callable[[], None]:
        """Call a function whenever the link to the gateway changes.

        While there is such a listener, a connection that was lost is made again by itself, after pauses
        drawn at random that grow from a quarter of a second to 15 seconds; else the next call does it.

        Parameters
        ----------
        listener : callable
            Is told the `Link`. It is called on the I/O thread: it should be quick, and the client's verbs
            raise a `QueryError` in it; `submit` may be used. What it raises is logged.

        Returns
        -------
        callable
            Removes the listener.

        Examples
        --------
        >>> import pd_capflow
        >>> client = pd_capflow.connect("demo://")
        >>> remove = client.on_state(lambda link: print(link.status))
        >>> client.close()
        closed
        >>> remove()
        """
        return self._here().on_state(listener)

    def on_push(self, listener: Callable[[Notice], object]) -> Callable[[], None]:
        """Call a function with every notice of the gateway (``Notify``, 1003).

        Parameters
        ----------
        listener : callable
            Is told the `Notice`; see `on_state`.

        Returns
        -------
        callable
            Removes the listener.

        Examples
        --------
        >>> import pd_capflow
        >>> client = pd_capflow.connect("demo://")
        >>> remove = client.on_push(lambda notice: print(notice.text))
        """
        return self._here().on_push(listener)

    def connect(self) -> Self:
        """Make sure that a connection stands.

        Raises
        ------
        ConnectError, HandshakeError, ProtocolError
            If there is none within the timeout.
        """
        self._run(self._here().connect())
        return self

    def close(self) -> None:
        """End the connection. Calls under way fail, later ones too. Closing twice is fine."""
        self._closed = True
        self._run(self._here().close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def capital_flow(
        self,
        codes: Any,
        period: str = "intraday",
        start: Any = None,
        end: Any = None,
        *,
        errors: Errors = "raise",
        progress: ProgressOption = None,
    ) -> pd.DataFrame:
        """Return the capital flow of one or more codes (``Qot_GetCapitalFlow``, 3211).

        Parameters
        ----------
        codes : str, or iterable of str
            Such as ``"HK.00700"`` or ``["HK.00700", "US.AAPL"]``; each code is asked for once.
            ``"plate:HK.BK1001"`` and ``"watchlist:Tech"`` stand for their members that have a capital
            flow, alone or among codes; ``attrs["capflow"]`` tells the words in ``asked``, and in
            ``skipped`` the members of other types, such as indices.
        period : {"intraday", "day", "week", "month"}
            Rows of a minute (the latest session, running totals since the open), a day, a week or a
            month (each row its own).
        start, end : date-like, optional
            First and last day, in exchange time: anything that `pandas.Timestamp` takes. Neither: the
            last 365 days. One: 365 days from it, or up to it. Not for ``intraday``.
        errors : {"raise", "collect"}
            If some of many codes fail: raise a `BatchError` after all were tried, or return what came,
            with ``attrs["capflow"]["errors"]`` telling why the others are missing.
        progress : bool or callable, optional
            None shows a bar when many codes have to wait for the rate budget and tqdm is installed;
            True always, False never. A function is told a `pd_capflow.Progress`.

        Returns
        -------
        DataFrame
            ``float64`` columns ``in_flow, main_in_flow, super_in_flow, big_in_flow, mid_in_flow,
            sml_in_flow``: net amounts in the trading currency, not scaled, positive in; NaN where the
            gateway sent none, as it does for ``main_in_flow`` intraday. One code: indexed by ``time``,
            ``datetime64[us, zone]`` in the exchange's zone. Several: by ``(code, time)`` in the order
            asked, in UTC if their zones differ. ``attrs["capflow"]`` holds ``codes``, ``period``,
            ``cumulative``, ``currency``, ``tz``, ``last_valid_time``, ``source`` and ``errors``. Of the
            codes that came, ``empty`` names those without rows, if there are any.

        Raises
        ------
        QueryError
            The question cannot be asked; nothing was sent.
        TransportError
            No answer arrived.
        ProtocolError
            The answer broke the protocol.
        GatewayError
            The gateway refused.
        BatchError
            Some of many codes failed.

        Examples
        --------
        >>> import pd_capflow
        >>> client = pd_capflow.connect("demo://")
        >>> client.capital_flow(["HK.00700", "HK.09988"], "day").index.names
        FrozenList(['code', 'time'])
        """
        selection = parse_selection(codes)
        plan_flow(selection.sample, period, start, end, errors)  # what cannot be asked is not expanded
        choice = self.expand(selection, flowing=True)
        return self._frame(plan_flow(choice, period, start, end, errors), progress)

    def capital_distribution(
        self, codes: Any, *, errors: Errors = "raise", progress: ProgressOption = None
    ) -> pd.DataFrame:
        """Return gross in- and outflow by order size (``Qot_GetCapitalDistribution``, 3212).

        Parameters
        ----------
        codes, errors, progress
            As for `capital_flow`.

        Returns
        -------
        DataFrame
            One row a code, of the latest session so far. ``float64`` columns ``super_in, super_out,
            big_in, big_out, mid_in, mid_out, sml_in, sml_out``: gross amounts in the trading currency;
            NaN where the gateway sent none. Indexed as by `capital_flow`; ``time`` is the update time,
            NaT where none was sent.

        Raises
        ------
        QueryError, TransportError, ProtocolError, GatewayError, BatchError
            As for `capital_flow`.

        Examples
        --------
        >>> import pd_capflow
        >>> client = pd_capflow.connect("demo://")
        >>> client.capital_distribution("HK.00700").shape
        (1, 8)
        """
        selection = parse_selection(codes)
        plan_distribution(selection.sample, errors)
        choice = self.expand(selection, flowing=True)
        return self._frame(plan_distribution(choice, errors), progress)

    def fetch(self, query: Query[R]) -> R:
        """Return the answer to one query.

        Parameters
        ----------
        query : Query
            The question as a value: a `CapitalFlow`, `CapitalDistribution`, `Snapshot`, `StaticInfo`,
            `History`, `Plates`, `PlateSecurities`, `Watchlists`, `Watchlist`, `TradeDates`, `MarketState`
            or `State`, all of them in `pd_capflow`.

        Returns
        -------
        DataFrame
            Of every query but `State`, whose result is a `GatewayState`.

        Examples
        --------
        >>> import pd_capflow
        >>> client = pd_capflow.connect("demo://")
        >>> client.fetch(pd_capflow.CapitalFlow("US.AAPL", "week")).attrs["capflow"]["currency"]
        'USD'
        >>> client.fetch(pd_capflow.PlateSecurities("HK.BK1003")).index.tolist()
        ['HK.00883', 'HK.00941']
        """
        client = self._here()
        answers = self._run(client.answers(query))
        return remember(query.result(answers, client.source()))

    def expand(self, selection: Selection, *, flowing: bool = False) -> Choice:
        """Return the securities that codes and selectors stand for; codes alone ask nobody."""
        if not selection.selectors:
            return selection.choice()
        choice: Choice = self._run(self._here().expand(selection, flowing=flowing))
        return choice

    def _frame(self, plan: Plan, progress: ProgressOption) -> pd.DataFrame:
        client = self._here()
        with client.meter(plan, progress) as meter:
            outcome = Outcome(client.source())
            try:
                self._run(client.outcome(plan, meter, outcome))
            except KeyboardInterrupt as stop:
                raise plan.interrupted(outcome) from stop
        return plan.frame(outcome)

    def _here(self) -> AsyncClient | SpreadClient:
        """Return the client of the I/O thread: a forked child has another, and so has who lost his."""
        portal = current_portal()
        if portal is not self._portal:
            self._finalizer.detach()
            self._attach()
            if self._closed:
                self._run(self._async.close())
        return self._async

    def _run(self, work: Any) -> Any:
        return self._portal.run(work)


def _close_soon(portal: Portal, client: AsyncClient | SpreadClient) -> None:
    if portal.is_alive:
        portal.submit(client.close())
