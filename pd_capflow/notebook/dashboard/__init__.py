"""The live dashboard: charts and a ranking of a watchlist, refreshed while they are looked at.

The way of a number: `feed` asks for it on the I/O thread, when `timetable` has it due; `reading` carries it
over; `drawing` makes a picture and two pieces of HTML of it, on the drawing thread; `panel` shows them. The
other way, every click makes a new `wish`. `board` is where they meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pd_capflow.errors import QueryError
from pd_capflow.flow.selectors import parse_selection
from pd_capflow.notebook.dashboard.board import Dashboard, close_dashboards
from pd_capflow.notebook.dashboard.status import Status
from pd_capflow.notebook.dashboard.still import Still
from pd_capflow.notebook.dashboard.wish import Wish

if TYPE_CHECKING:
    from pd_capflow.client import Client

__all__ = ["Dashboard", "Status", "Still", "close_dashboards", "dashboard"]


def dashboard(
    codes: Any,
    *,
    period: str = "intraday",
    kind: str | None = None,
    interval: float | None = None,
    colors: str = "auto",
    lang: str = "en",
    theme: str = "light",
    client: Client | None = None,
    url: str | None = None,
) -> Dashboard:
    """Watch codes: a chart, a ranking and the state of the gateway, refreshed by themselves.

    Parameters
    ----------
    codes : str, or iterable of str
        Such as ``["HK.00700", "US.AAPL"]``, or selectors as for `Client.capital_flow`; up to 100 codes.
    period : {"intraday", "day", "week", "month"}
        Of the rows.
    kind : str, optional
        The chart: any of `pd_capflow.plot.KINDS` but those that need prices. By default ``cumulative`` for
        intraday rows and ``bars`` for longer ones.
    interval : float, optional
        Seconds between two refreshes of a code, from 1 to 86,400; by default 5 for intraday rows, 15 for
        days, 60 for weeks and months. All codes share the gateway's rate budget, of which a sixth is left
        to other calls: 30 codes are refreshed every 36 seconds each. Codes whose market does not trade are
        refreshed every 5 minutes.
    colors : {"auto", "cn", "intl", "cb"}
        Colours of in and out, as for charts.
    lang : {"en", "zh"}
        Language of all texts.
    theme : {"light", "dark"}
        Paper of the chart.
    client : Client, optional
        Whom to ask; by default the process's own client.
    url : str, optional
        The gateway of that client, instead of the one that is configured.

    Returns
    -------
    Dashboard
        Shows itself when it is the value of a cell. ``wait(n)`` and ``snapshot()`` are for runs that
        nobody looks at; ``close()`` ends it.

    Raises
    ------
    QueryError
        If a code or an option cannot be one.
    TransportError, GatewayError
        Of selectors only: if the gateway does not tell their members.

    Examples
    --------
    >>> import pd_capflow
    >>> with pd_capflow.dashboard(["HK.00700", "HK.09988"], url="demo://") as board:
    ...     still = board.wait(1).snapshot()
    >>> sorted(still._repr_mimebundle_())
    ['image/png', 'text/html', 'text/plain']
    """
    selection = parse_selection(codes)
    if client is not None and not callable(getattr(client, "submit", None)):
        raise QueryError(f"client={client!r} is no client; expected one that connect() gives")
    if client is not None and url is not None:
        raise QueryError(f"client={client!r} and url={url!r}; expected the one or the other")

    def find_client() -> Client:
        from pd_capflow.client import shared_client

        return client if client is not None else shared_client(url)

    choice = find_client().expand(selection, flowing=True)
    options = {"period": period, "kind": kind, "interval": interval}
    looks = {"colors": colors, "lang": lang, "theme": theme}
    return Dashboard(Wish.of(choice.securities, **options, **looks), find_client)
