"""A recording under way: what `record` returns, for another thread to watch and end."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

import pandas as pd

from pd_capflow.client import shared_client
from pd_capflow.errors import QueryError, StoreError
from pd_capflow.flow.queries.question import one_of
from pd_capflow.flow.selectors import parse_selection
from pd_capflow.store.layout import INTRADAY
from pd_capflow.store.marker import check_place
from pd_capflow.store.place import named
from pd_capflow.store.recorder.runner import Recorder, Until, wall_clock
from pd_capflow.store.recorder.status import Status
from pd_capflow.store.store import Store
from pd_capflow.store.table import Table

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from datetime import datetime

    from pd_capflow.client import Client

__all__ = ["Recording", "record"]

log = logging.getLogger("pd_capflow.recorder")

_LEAST = timedelta(seconds=5)
_MISSING = ("code", "session", "what", "why")


class Recording:
    """A recorder at work in the background. `pd_capflow.record` starts one.

    Parameters
    ----------
    store : Store
    client : Client
    recorder : callable
        Makes the recorder, given what is to be told its status.
    lang : {"en", "zh"}
        Language of what is shown of it.

    Examples
    --------
    >>> import tempfile, pd_capflow
    >>> recording = pd_capflow.record("HK.00700", tempfile.mkdtemp(), demo=True, url="demo://")
    >>> recording.stop().status.state in ("stopped", "done")
    True
    """

    def __init__(
        self,
        store: Store,
        client: Client,
        recorder: Callable[[Callable[[Status], None]], Recorder],
        lang: str = "en",
    ) -> None:
        self.store, self.client, self.lang = store, client, lang
        self._shown: Any = None
        self._make = recorder
        self._recorder: Recorder | None = None
        self._status = Status()
        self._listeners: list[Callable[[Status], object]] = []
        self._over = threading.Event()
        self._stopping = threading.Event()
        self._future = client.submit(self._run)
        self._future.add_done_callback(self._ended)

    def __repr__(self) -> str:
        return f"<Recording into {self.place}: {self._status.text}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show it with a button that ends it, where there are widgets; else as it stands now."""
        from pd_capflow.store.recorder.markup import still

        plain = {"text/plain": repr(self), "text/html": still(self)}
        try:
            from pd_capflow.store.recorder.view import view
        except ImportError:
            return plain
        if self._shown is None or self._shown.comm is None:  # once, however often it is shown
            self._shown = view(self)
        bundle = self._shown._repr_mimebundle_(**options)
        widget, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**(widget or {}), **plain}, metadata

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def place(self) -> str:
        """The store's path: seen from the working directory, where it lies below that."""
        path = self.store.path
        with suppress(ValueError, OSError):  # it is elsewhere, or a URL, or the working directory is gone
            return str(Path(path).relative_to(Path.cwd()))
        return path

    @property
    def status(self) -> Status:
        """How it stands."""
        return self._status

    @property
    def is_running(self) -> bool:
        """Whether more is to come."""
        return not self._over.is_set()

    @property
    def missing(self) -> pd.DataFrame:
        """What could not be recorded and never will be, a row each: ``code, session, what, why``."""
        misses = self._recorder.misses if self._recorder else []
        return pd.DataFrame(misses, columns=list(_MISSING))

    def on_status(self, listener: Callable[[Status], object]) -> None:
        """Call a function with every `Status`; on the I/O thread, so it should be quick.

        What it raises goes to the log, and ends no recording.
        """
        self._listeners.append(listener)
        told: Status | None = None
        while told is not self._status:  # or the I/O thread may have told a later one meanwhile
            told = self._status
            _tell(listener, told)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Returns
        -------
        bool
            Whether it has ended.

        Raises
        ------
        CapflowError
            What ended it, if it failed.
        """
        if not self._over.wait(timeout):
            return False
        if self._future.cancelled():
            return True
        if (error := self._future.exception()) is not None:
            raise error
        return True

    def stop(self, timeout: float = 30.0) -> Self:
        """End it; a commit under way is finished first.

        Parameters
        ----------
        timeout : float
            Seconds to wait for that at most; 0 waits for nothing.
        """
        self.end_soon()
        self._over.wait(timeout)
        return self

    def end_soon(self) -> None:
        """Ask it to end, and wait for nothing; from any thread, or from a signal's handler."""
        self._stopping.set()
        if self._recorder is not None:
            self._recorder.stop_soon()

    async def _run(self, client: Any) -> Status:
        self._recorder = self._make(self._told)
        if self._stopping.is_set():
            self._recorder.stop()
        return await self._recorder.run(client)

    def _told(self, status: Status) -> None:
        self._status = status
        for listener in list(self._listeners):
            _tell(listener, status)

    def _ended(self, future: Any) -> None:
        if not self._status.is_over:  # the I/O thread has ended under it
            self._status = replace(self._status, state="stopped")
        with suppress(CancelledError):
            future.exception()
        self._over.set()


def _tell(listener: Callable[[Status], object], status: Status) -> None:
    try:
        listener(status)
    except Exception:
        log.exception("! a listener raised; it was told: %s", status.text)


def record(
    codes: Any,
    store: Store | str | os.PathLike[str] | None = None,
    *,
    every: Any = "10min",
    until: Until = "close",
    demo: bool = False,
    client: Client | None = None,
    url: str | None = None,
    now: Callable[[], datetime] = wall_clock,
    nap: float = 20.0,
    lang: str = "en",
) -> Recording:
    """Record capital flow in the background: minutes through the day, and all of it after the close.

    Each code is asked every so often while its market is open, less often where the rate budget does not
    allow it. After the close each is asked for its minutes, its distribution and its day's row, again and
    again until the next open if need be. Minutes that end before the close are asked for again for half an
    hour; if they still end there, they are all that there is. Where the store holds a session already, it is
    not asked again. While it cannot be written, what comes is held.

    Parameters
    ----------
    codes : str, or iterable of str
        Codes and selectors, as for `Client.capital_flow`; selectors are looked up anew at every open.
    store : Store, str or os.PathLike, optional
        Where to; by default what `pd_capflow.configure`, ``PD_CAPFLOW_STORE`` or the config file names.
    every : timedelta-like
        Between two questions about a code, such as ``"10min"``; 5 seconds at least.
    until : {"close", "forever"}
        Whether to end when today's sessions, or the last ones, are over and recorded.
    demo : bool
        Whether a store that is given by its path is one of demo data.
    client : Client, optional
        Whom to ask; by default the process's own client.
    url : str, optional
        The gateway, in place of the default one.
    now : callable, optional
        A clock in the place of the system's, for a gateway whose market has one of its own; aware datetimes.
    nap : float
        Seconds after which the clock is looked at again at the latest.
    lang : {"en", "zh"}
        Language of what a notebook shows of it.

    Returns
    -------
    Recording
        With ``.status``, ``.missing``, ``.wait()`` and ``.stop()``.

    Raises
    ------
    QueryError
        If there is something that cannot be asked, or no store is named.
    StoreError
        If the store cannot be used. What goes wrong later, `Recording.wait` raises.

    Examples
    --------
    >>> import tempfile
    >>> with record("HK.00700", tempfile.mkdtemp(), demo=True, url="demo://") as recording:
    ...     recording.is_running
    True
    """
    if client is not None and url is not None:
        raise QueryError("client and url both say whom to ask; give one of them")
    selection, interval = parse_selection(codes), parse_every(every)
    one_of("until", until, get_args(Until))
    one_of("lang", lang, ("en", "zh"))
    place = store if isinstance(store, Store) else Store(named(store), demo=demo)
    if isinstance(store, Store) and demo and not store.demo:
        raise StoreError(f"store {store.path}: it was opened without demo=True; open it with demo=True")

    check_place(place.path, there=Table(place.path, INTRADAY).facts() is not None)

    def make(watch: Callable[[Status], None]) -> Recorder:
        return Recorder(
            place,
            selection,
            every=interval,
            until=until,
            now=now,
            nap=nap,
            watch=watch,
        )

    return Recording(place, client or shared_client(url), make, lang)


def parse_every(every: Any) -> timedelta:
    """Return the time between two questions about a code; raise `QueryError` if it is none."""
    try:
        interval = pd.Timedelta(every)
    except (ValueError, TypeError) as error:
        raise QueryError(f"every={every!r}; expected a time such as '10min' or '30s'") from error
    if not interval >= _LEAST:  # NaT is none either
        raise QueryError(f"every={every!r}; expected at least 5 seconds, such as '10min'")
    return interval.to_pytimedelta()
