"""The dashboard: what the feed brings, drawn, on a panel, as the user wishes.

Three threads meet here and none waits for another. The user's thread makes a new wish; the I/O thread
brings a reading; the drawing thread draws the latest of both. Each of these is a value that is replaced as
a whole.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import replace
from threading import Condition, RLock
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from pd_capflow.errors import CapflowError, QueryError, ReplyTimeoutError
from pd_capflow.notebook.dashboard.drawing import Drawer, Drawing
from pd_capflow.notebook.dashboard.entry import meant, options
from pd_capflow.notebook.dashboard.feed import Feed
from pd_capflow.notebook.dashboard.keeping import keep_frame, save_picture
from pd_capflow.notebook.dashboard.pace import USUAL_SECONDS
from pd_capflow.notebook.dashboard.panel import Panel
from pd_capflow.notebook.dashboard.reading import Reading
from pd_capflow.notebook.dashboard.status import Status
from pd_capflow.notebook.dashboard.still import Still, download_html
from pd_capflow.notebook.dashboard.studio import Place
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

log = logging.getLogger("pd_capflow.notebook")

# Seconds that showing a dashboard waits for its first picture, which pages without widgets show.
_FIRST_PICTURE_SECONDS = 2.0
_DRAWING_SECONDS = 10.0
# What a refresh may take beside its own interval before a wait is given up.
_GRACE_SECONDS = 5.0

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
    ...     board.wait(1)
    ...     list(board.frame.index.unique("code"))
    ['HK.00700', 'US.AAPL']
    """

    def __init__(self, wish: Wish, find_client: Callable[[], Client]) -> None:
        self._wish = wish
        self._find_client = find_client
        self._client = find_client()
        self._reading = Reading(wish.codes, wish.period, {"url": str(self._client.settings.address)})
        self._drawing = Drawing()
        self._drawn: Wish | None = None
        self._refreshes = self._waiting = 0
        self._is_closed = False
        self._changing, self._page, self._shown = RLock(), RLock(), Condition()
        self._drawer = Drawer()
        self._panel = self._new_panel()
        self._place = Place(self._draw)
        self._feed = Feed(wish, self._told)
        self._running = self._client.submit(self._feed.run)
        _open.add(self)

    def _new_panel(self) -> Panel:
        acts: dict[str, Callable[..., object]] = {
            "add": lambda text: self._do(self.add, text),
            "remove": lambda security: self._do(self.remove, security),
            "choose": lambda security: self._do(self.show, security),
            "change": lambda **fields: self._do(self._change, **fields),
            "toggle": lambda: self._do(self.stop if self._wish.is_live else self.start),
            "save": lambda: self._do(self._save),
            "copy": lambda name: self._do(self._copy, name),
            "look": lambda is_seen: self._do(self._change, is_seen=is_seen),
            "close": self.close,
        }
        panel = Panel(acts, lambda text: options(text, self._url))
        panel.show_wish(self._wish)
        return panel

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else "live" if self._wish.is_live else "stopped"
        return f"<Dashboard of {len(self._wish.codes)} codes, {state}: {self.status}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        self._settle(_FIRST_PICTURE_SECONDS)
        bundle = Still.of(self._drawing)._repr_mimebundle_()
        if self._is_closed:
            return bundle
        return {**bundle, **self._panel.box._repr_mimebundle_(**options), "text/plain": repr(self)}

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
        wish, reading = self._wish, self._reading
        return (
            replace(reading, period=wish.period, flows={}).frame(wish.codes)
            if (reading.period != wish.period)
            else reading.frame(wish.codes)
        )

    @property
    def status(self) -> Status:
        """How it stands: the connection, the budget, how often each code is refreshed, what went wrong."""
        return Status.of(self._reading, self._wish)

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
        target = self._refreshes + n
        seconds = self._time_for(n) if timeout is None else timeout
        with self._in_a_hurry(), self._shown:
            self._shown.wait_for(lambda: self._refreshes >= target or not self._is_running, seconds)
            came = n - (target - self._refreshes)
        if came < n:
            self._check_running()
            raise ReplyTimeoutError(
                f"{came} of {n} refreshes came within {seconds:g} s; the dashboard says: {self.status}",
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
        self._settle(_DRAWING_SECONDS)
        return Still.of(self._drawing)

    def start(self) -> None:
        """Refresh again after `stop`, or after the client was closed."""
        self._check_open()
        if self._client.link.status == "closed" or self._running.done():
            self._running.cancel()
            self._client = self._find_client()
            self._running = self._client.submit(self._feed.run)
        self._change(is_live=True)

    def stop(self) -> None:
        """Refresh no more; what came stays."""
        self._change(is_live=False)

    def close(self) -> None:
        """Refresh no more, and take everything off the page. Closing twice is fine."""
        if self._is_closed:
            return
        self._is_closed = True
        _open.discard(self)
        self._running.cancel()
        self._place.give_up()
        with self._page:
            self._panel.close()
        with self._shown:
            self._shown.notify_all()

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
        left = tuple(security for security in self._wish.codes if str(security) != str(code))
        if len(left) == len(self._wish.codes):
            raise QueryError(f"{code} is not watched; expected one of {', '.join(self.codes) or 'none'}")
        self._change(codes=left)

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
        if code is not None:
            found = [security for security in self._wish.codes if str(security) == str(code)]
            if not found:
                raise QueryError(f"{code} is not watched; expected one of {', '.join(self.codes) or 'none'}")
            options["chosen"] = found[0]
        self._change(**options)

    @property
    def _url(self) -> str:
        return str(self._reading.source.get("url", ""))

    @property
    def _is_running(self) -> bool:
        return self._wish.is_live and bool(self._wish.codes) and not self._is_closed

    def _check_open(self) -> None:
        if self._is_closed:
            raise QueryError("the dashboard was closed; make another")

    def _check_running(self) -> None:
        self._check_open()
        if not self._wish.codes:
            raise QueryError("the dashboard watches no code; add() one")
        if not self._wish.is_live:
            raise QueryError("the dashboard is stopped; start() it")

    def _time_for(self, refreshes: int) -> float:
        tick = max(self._reading.pace.tick, self._wish.interval or USUAL_SECONDS[self._wish.period])
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
        """Take a new wish."""
        with self._changing:
            self._wish = self._feed.wish = replace(self._wish, **fields)
        if set(fields) - {"in_a_hurry", "is_seen"}:
            self._panel.show_wish(self._wish)
        self._feed.wake()
        self._place.ask()

    def _watch(self, securities: Iterable[Security]) -> None:
        wish = self._wish
        new = [security for security in securities if security not in wish.codes]
        if not new:
            self._say("already", code=", ".join(map(str, securities)))
            return
        self._change(codes=(*wish.codes, *new), chosen=new[0])
        self._say("added", code=", ".join(map(str, new)))

    def _expanded(self, expanding: Future[Choice]) -> None:
        """Take the members of a plate or watchlist; on the I/O thread."""
        try:
            self._watch(expanding.result().securities)
        except CapflowError as error:
            self._panel.say(str(error), is_error=True)

    def _do(self, act: Callable[..., object], *arguments: Any, **fields: Any) -> bool:
        """Do what somebody clicked; what goes wrong is one line on the page."""
        self._panel.say("")
        try:
            act(*arguments, **fields)
        except (CapflowError, OSError) as error:
            self._panel.say(str(error), is_error=True)
            return False
        return True

    def _say(self, text: str, /, *, link: str = "", **facts: object) -> None:
        self._panel.say(say(self._wish.lang, text, **facts), link=link)

    def _save(self) -> None:
        self._settle(_DRAWING_SECONDS)
        path = save_picture(self._drawing, self._wish)
        link = download_html(self._drawing, path.name, say(self._wish.lang, "download"))
        self._say("saved", path=path, link=link)

    def _copy(self, name: str) -> None:
        frame = self.frame
        keep_frame(frame, name)
        self._say("copied", name=name, rows=len(frame))

    def _told(self, reading: Reading) -> None:
        """Take a reading; on the I/O thread."""
        self._reading = reading
        self._place.ask()

    def _draw(self) -> None:
        """Draw the latest reading as it is wished for now; on the drawing thread."""
        reading, wish, before = self._reading, self._wish, self._drawing
        drawing = self._drawer.draw(reading, wish)
        with self._page:
            if self._is_closed:
                return
            names = {security: quote.name for security, quote in reading.quotes.items()}
            self._panel.show_drawing(drawing, wish, names)
            self._tell_news(before, drawing)
        with self._shown:
            self._drawing, self._drawn, self._refreshes = drawing, wish, reading.rounds
            self._shown.notify_all()

    def _tell_news(self, before: Drawing, now: Drawing) -> None:
        """Say what went wrong since the last drawing."""
        known = before.status.errors if before.status else {}
        news = [why for code, why in (now.status.errors if now.status else {}).items() if code not in known]
        if now.problem and now.problem != before.problem:
            news.append(now.problem)
        if news:
            self._panel.say(news[-1], is_error=True)
        elif before.problem and not now.problem:
            self._panel.say("")

    def _settle(self, seconds: float) -> None:
        """Wait until what is wished for has been drawn, but not for long."""
        with self._shown:
            self._shown.wait_for(lambda: self._is_closed or self._is_settled, seconds)

    @property
    def _is_settled(self) -> bool:
        has_come = bool(self._refreshes or self._reading.trouble) or not self._wish.codes
        return self._drawn is self._wish and has_come


def close_dashboards() -> None:
    """Close all of them."""
    for board in list(_open):
        board.close()
