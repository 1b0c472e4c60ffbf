"""The dashboard: a feed that brings readings, a screen that shows them, and one wish for both."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from pd_capflow.errors import CapflowError, QueryError, ReplyTimeoutError
from pd_capflow.notebook.dashboard.clicks import Clicks
from pd_capflow.notebook.dashboard.entry import meant, options
from pd_capflow.notebook.dashboard.feed import Feed
from pd_capflow.notebook.dashboard.markup import status_html
from pd_capflow.notebook.dashboard.pace import USUAL_SECONDS
from pd_capflow.notebook.dashboard.reading import Reading
from pd_capflow.notebook.dashboard.screen import Screen
from pd_capflow.notebook.dashboard.status import Status
from pd_capflow.notebook.dashboard.still import Still
from pd_capflow.notebook.dashboard.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    import pandas as pd

    from pd_capflow.client import Client
    from pd_capflow.flow.selectors import Choice
    from pd_capflow.notebook.dashboard.wish import Wish
    from pd_capflow.security import Security

__all__ = ["Dashboard", "close_dashboards"]

# Seconds that showing a dashboard waits for its first picture, which pages without widgets show.
_FIRST_PICTURE_SECONDS = 2.0
_DRAWING_SECONDS = 10.0
# What a refresh may take beside its own interval before a wait is given up.
_GRACE_SECONDS = 5.0
# Fields of a wish that no control shows.
_UNLABELLED = frozenset({"codes", "chosen", "in_a_hurry", "is_seen"})
# What `show` takes.
_OPTIONS = ("period", "kind", "lines", "interval", "colors", "lang", "theme")

log = logging.getLogger("pd_capflow.notebook")

_open: WeakSet[Dashboard] = WeakSet()


class Dashboard:
    """A watchlist that is refreshed while it is looked at. `pd_capflow.dashboard` makes one.

    It shows itself when it is the value of a cell. It goes on until it is stopped or closed, pauses while
    no page shows it, and never holds up a cell. It is a context manager that closes it.

    Parameters
    ----------
    wish : Wish
        What to watch, and how to show it.
    find_client : callable
        Gives the client to ask, now and when it is started again.

    Examples
    --------
    >>> import pd_capflow
    >>> with pd_capflow.dashboard(["HK.00700", "US.AAPL"], url="demo://") as board:
    ...     frame = board.wait(1).frame
    >>> frame.index.unique("code").tolist()
    ['HK.00700', 'US.AAPL']
    """

    def __init__(self, wish: Wish, find_client: Callable[[], Client]) -> None:
        self._find_client = find_client
        self._client = find_client()
        self._waiting = 0
        self._changing = RLock()
        reading = Reading(wish.codes, wish.period, {"url": str(self._client.settings.address)})
        acts = Clicks(self, lambda: self._screen).acts()
        self._screen = Screen(wish, reading, acts, lambda text: options(text, self._url))
        self._feed = Feed(wish, self._told)
        self._running = self._run()
        _open.add(self)

    def __repr__(self) -> str:
        state = "closed" if self._screen.is_closed else "live" if self._wish.is_live else "stopped"
        return f"<Dashboard of {len(self._wish.codes)} codes, {state}: {self.status}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        screen = self._screen
        screen.settle(_FIRST_PICTURE_SECONDS)
        bundle = {**self._still()._repr_mimebundle_(), "text/plain": repr(self)}
        return bundle if screen.is_closed else {**screen.panel.box._repr_mimebundle_(**options), **bundle}

    @property
    def codes(self) -> list[str]:
        """The watched codes, in the order in which they were added."""
        return [str(security) for security in self._wish.codes]

    @property
    def frame(self) -> pd.DataFrame:
        """The latest capital flow of all watched codes, as `Client.capital_flow` returns that of a list.

        ``attrs["capflow"]["errors"]`` tells why a code is missing; one that was not yet answered has no
        rows and no error.
        """
        wish, reading = self._wish, self._screen.reading
        if reading.period != wish.period:  # what is there is not what is wished for any more
            reading = Reading(wish.codes, wish.period, reading.source)
        return reading.frame(wish.codes)

    @property
    def status(self) -> Status:
        """How it stands: the connection, the budget, how often each code is refreshed, what went wrong."""
        reading, wish = self._screen.reading, self._wish
        if self._screen.is_closed:  # the feed was not there any more to say so
            reading, wish = replace(reading, next_at=None), replace(wish, is_live=False)
        return Status.of(reading, wish)

    def wait(self, n: int = 1, *, timeout: float | None = None) -> Self:
        """Return after so many further refreshes.

        Meanwhile also codes whose market does not trade are refreshed at the usual pace, and it does not
        matter whether a page shows the dashboard.

        Parameters
        ----------
        n : int, default 1
            Refreshes, each of as many codes as the rate budget has it.
        timeout : float, optional
            Seconds; by default what so many refreshes take at most.

        Returns
        -------
        Dashboard
            Itself.

        Raises
        ------
        ReplyTimeoutError
            If they do not come in time; it says what went wrong last.
        QueryError
            If there will be none: it is stopped, closed or without codes.
        """
        self._check_running()
        screen, seconds = self._screen, self._time_for(n) if timeout is None else timeout
        target = screen.refreshes + n
        with self._in_a_hurry():
            screen.wait_until(lambda: screen.refreshes >= target or not self._wish.is_live, seconds)
        if screen.refreshes < target:
            self._check_running()
            raise ReplyTimeoutError(
                f"{n - target + screen.refreshes} of {n} refreshes came within {seconds:g} s; the dashboard "
                f"says: {self.status}",
                address=self._url,
            )
        return self

    def snapshot(self) -> Still:
        """Return what it shows now, for pages where nothing moves: as HTML, as a PNG and as text.

        Returns
        -------
        Still
            Shows itself when it is the value of a cell, also in a saved notebook.
        """
        self._screen.settle(_DRAWING_SECONDS)
        return self._still()

    def start(self) -> None:
        """Refresh again after `stop`, or after the client was closed."""
        self._check_open()
        if self._client.link.status == "closed" or self._running.done():
            self._running.cancel()
            self._client = self._find_client()
            if self._client.link.status == "closed":  # it was given, and is no other's to open
                raise QueryError("the client of this dashboard was closed; connect, and make another")
            self._running = self._run()
        self._change(is_live=True)

    def stop(self) -> None:
        """Refresh no more; what came stays."""
        self._change(is_live=False)

    def close(self) -> None:
        """Refresh no more, and take everything off the page. Closing twice is fine."""
        if not self._screen.is_closed:
            _open.discard(self)
            self._running.cancel()
            self._screen.close()

    def add(self, code: str) -> None:
        """Watch another code.

        Parameters
        ----------
        code : str
            Such as ``"HK.00700"``, a name such as ``"腾讯"`` or ``"tencent"``, or ``"plate:HK.BK1001"`` or
            ``"watchlist:Tech"``, whose members come as soon as the gateway has told them.

        Raises
        ------
        QueryError
            If nothing of that name is known, or there are too many codes.
        """
        self._check_open()
        selection = meant(code, self._url)
        if selection.selectors:
            self._client.submit(lambda client: client.expand(selection, flowing=True)).add_done_callback(
                self._expanded
            )
        else:
            self._watch(selection.choice().securities)

    def remove(self, code: str | Security) -> None:
        """Watch a code no more.

        Raises
        ------
        QueryError
            If it is not watched.
        """
        with self._changing:
            gone = self._watched(code)
            self._change(codes=tuple(security for security in self._wish.codes if security != gone))

    def show(self, code: str | Security | None = None, **options: Any) -> None:
        """Show another chart.

        Parameters
        ----------
        code : str, optional
            Whose, if it is of one code.
        **options
            Any of ``period``, ``kind``, ``lines``, ``interval``, ``colors``, ``lang`` and ``theme``, as
            for `pd_capflow.dashboard`.

        Raises
        ------
        QueryError
            If the code is not watched, or an option is not known.
        """
        self._check_open()
        if unknown := [name for name in options if name not in _OPTIONS]:
            raise QueryError(f"no option {', '.join(unknown)}; expected some of {', '.join(_OPTIONS)}")
        chosen = {} if code is None else {"chosen": self._watched(code)}
        self._change(**options, **chosen)

    def look(self, is_seen: bool) -> None:  # there is nothing else to tell
        """Take note whether a page shows it: while none does, nothing is refreshed."""
        self._change(is_seen=is_seen)

    def _still(self) -> Still:
        drawing = self._screen.drawing
        if self._screen.is_closed:  # the last drawing was of one that was still to go on
            status = self.status
            drawing = replace(drawing, status=status, status_html=status_html(status))
        return Still.of(drawing)

    @property
    def _wish(self) -> Wish:
        return self._screen.wish

    @property
    def _url(self) -> str:
        return str(self._screen.reading.source.get("url", ""))

    def _check_open(self) -> None:
        if self._screen.is_closed:
            raise QueryError("the dashboard was closed; make another")

    def _check_running(self) -> None:
        self._check_open()
        if not self._wish.codes:
            raise QueryError("the dashboard watches no code; add() one")
        if not self._wish.is_live:
            raise QueryError("the dashboard is stopped; start() it")

    def _watched(self, code: str | Security) -> Security:
        found = [security for security in self._wish.codes if str(security) == str(code)]
        if not found:
            raise QueryError(f"{code} is not watched; expected one of {', '.join(self.codes) or 'none'}")
        return found[0]

    def _time_for(self, refreshes: int) -> float:
        usual = self._wish.interval or USUAL_SECONDS[self._wish.period]
        tick = max(self._screen.reading.pace.tick, usual)
        return 2 * tick * refreshes + self._client.settings.timeout + _GRACE_SECONDS

    @contextmanager
    def _in_a_hurry(self) -> Iterator[None]:
        self._wait_more(1)
        try:
            yield
        finally:
            self._wait_more(-1)

    def _wait_more(self, step: int) -> None:
        with self._changing:
            self._waiting += step
            self._change(in_a_hurry=self._waiting > 0)

    def _change(self, **fields: Any) -> None:
        """Take a new wish, for the feed and for the screen."""
        if self._screen.is_closed:
            return
        with self._changing:
            self._feed.wish = self._screen.wish = replace(self._wish, **fields)
        if not _UNLABELLED.issuperset(fields):
            self._screen.panel.show_wish(self._wish)
        self._feed.wake()
        self._screen.draw()

    def _run(self) -> Future[None]:
        running = self._client.submit(self._feed.run)
        running.add_done_callback(self._ended)
        return running

    def _ended(self, running: Future[None]) -> None:
        """Say so if the feed ended by a mistake of ours: old numbers must not pass for new ones."""
        error = None if running.cancelled() else running.exception()
        if error is not None and not self._screen.is_closed:
            log.error("! the feed of a dashboard ended", exc_info=error)
            self._screen.panel.say(f"refreshing ended: {type(error).__name__}: {error}", is_error=True)

    def _watch(self, securities: Iterable[Security]) -> None:
        with self._changing:
            wish = self._wish
            new = [security for security in securities if security not in wish.codes]
            if new:
                self._change(codes=(*wish.codes, *new), chosen=new[0])
        told = ", ".join(map(str, new or securities))
        self._screen.panel.say(say(wish.lang, "added" if new else "already", code=told))

    def _expanded(self, expanding: Future[Choice]) -> None:
        """Take the members of a plate or watchlist; on the I/O thread."""
        try:
            self._watch(expanding.result().securities)
        except CapflowError as error:
            self._screen.panel.say(str(error), is_error=True)

    def _told(self, reading: Reading) -> None:
        """Take a reading; on the I/O thread."""
        self._screen.reading = reading
        self._screen.draw()


def close_dashboards() -> None:
    """Close all dashboards of this process."""
    for board in list(_open):
        board.close()
