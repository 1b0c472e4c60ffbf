"""Writes a client's conversation into a file, for a bug report: ``connect(..., capture=FILE)``.

What a line holds, and what it never does, is told by `pd_capflow.protocol.transcript`.

Law: a file that cannot be written is an error before anything is asked. Afterwards capturing costs no
answer: where it cannot go on, it stops, says so once in the log, and the file ends with a whole line.
"""

from __future__ import annotations

import logging
import os
import stat
import time
import weakref
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import CapflowError, HandshakeError, ProtocolError, QueryError
from pd_capflow.protocol.events import Broken
from pd_capflow.protocol.handshake import hashed_key
from pd_capflow.protocol.transcript import Head, event_line, packet_line, read_head
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.client.connection import Connection
    from pd_capflow.client.settings import Settings
    from pd_capflow.protocol.events import ClientEvent
    from pd_capflow.protocol.wire import Packet

    _Watch = Callable[[Connection, ClientEvent | Broken], None]

__all__ = ["Capture", "Tap", "capturing"]

log = logging.getLogger("pd_capflow.client")

#: Bytes that a capture may have; what comes later is not in it.
LARGEST = 64 * 1024 * 1024
# Room for the line that says so.
_LAST = 1024
# A key of fewer letters would be found where it is not.
_SHORTEST_KEY = 4
_OWN_EYES = 0o600


class Capture:
    """A file that conversations are written into, of all connections of one client.

    Parameters
    ----------
    path : Path
        Where to. A capture that is there is written anew; any other file is left alone.
    settings : Settings
        Of the client.
    largest : int
        Bytes that it may have.

    Raises
    ------
    QueryError
        If the file cannot be written, or is something else.
    """

    def __init__(self, path: Path, settings: Settings, *, largest: int = LARGEST) -> None:
        self.path = path
        self._secrets = _secrets(settings)
        self._largest = largest
        self._began = time.monotonic()
        self._connections = 0
        self._lock = Lock()
        self._process = os.getpid()
        self._size = 0
        self._file: int | None = _opened(path)
        self._finalizer = weakref.finalize(self, os.close, self._file)
        self._put(_head(settings).line(), 0)
        if self._file is None:
            raise QueryError(f"capture={path}: it cannot be written; is the disk full?")

    @property
    def is_on(self) -> bool:
        """Whether it still writes."""
        # A forked child's conversation is not the one that was asked for.
        return self._file is not None and self._process == os.getpid()

    def connection(self, address: str) -> Tap:
        """Return what is to be told of the packets of a new connection."""
        with self._lock:
            self._connections += 1
            tap = Tap(self, self._connections)
        tap.note(f"connecting to {address}")
        return tap

    def packet(self, way: str, number: int, packet: Packet) -> None:
        """Write a packet of a connection."""
        if self.is_on:
            self._write(packet_line(way, self._now(), number, packet, self._secrets))

    def note(self, number: int, text: str) -> None:
        """Write what became of a connection."""
        if self.is_on:
            self._write(event_line(self._now(), number, one_line(text, 400), self._secrets))

    def close(self) -> None:
        """Write nothing more. Closing twice is fine."""
        with self._lock:
            self._stop()

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _write(self, line: str) -> None:
        with self._lock:
            if not self._put(line, _LAST) and self._file is not None:
                self._put(event_line(self._now(), 0, f"the capture ends here, at {self._size} bytes"), 0)
                self._stop()
                log.warning("! capture %s is full at %d bytes: the rest is not in it", self.path, self._size)

    def _put(self, line: str, spare: int) -> bool:
        """Write a line; return whether there was room for it."""
        data = (line + "\n").encode(errors="replace")
        if self._file is None or self._size + len(data) + spare > self._largest:
            return False
        try:
            _write_all(self._file, data)
        except OSError as error:
            self._cut_off(error)
            return False
        self._size += len(data)
        return True

    def _cut_off(self, error: OSError) -> None:
        log.warning("! capture %s stops: %s", self.path, error.strerror or error)
        try:
            os.ftruncate(self._file or 0, self._size)  # half a line is no line
        except OSError:
            log.debug("! capture %s may end in half a line", self.path)
        self._stop()

    def _stop(self) -> None:
        self._file = None
        self._finalizer()


class Tap:
    """What one connection tells a capture.

    Parameters
    ----------
    capture : Capture
        Where it is written.
    number : int
        The connection's.
    """

    def __init__(self, capture: Capture, number: int) -> None:
        self._capture = capture
        self._number = number

    def __call__(self, way: str, packet: Packet) -> None:
        """Take a packet in plain that was sent (``>``) or received (``<``)."""
        self._capture.packet(way, self._number, packet)

    def note(self, text: str) -> None:
        """Take what became of the connection."""
        self._capture.note(self._number, text)

    def watching(self, watch: _Watch) -> _Watch:
        """Return what tells a connection's watcher, and notes how it ends."""

        def told(connection: Connection, event: ClientEvent | Broken) -> None:
            if isinstance(event, Broken):
                self.note(_ending(event.error))
            watch(connection, event)

        return told


def capturing(settings: Settings, path: Any) -> Settings:
    """Return settings that write what is said into a file; the same ones for None."""
    if path is None:
        return settings
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise QueryError(f"capture={path!r}; expected the path of a file to write")
    capture = Capture(Path(os.fsdecode(path)).expanduser(), settings)
    others = tuple(replace(each, capture=capture) for each in settings.others)
    return replace(settings, capture=capture, others=others)


def _ending(error: CapflowError) -> str:
    # What refuses a session may name the user; the packet has it without.
    told = "" if isinstance(error, HandshakeError) else f": {error}"
    return f"ended, {type(error).__name__}{told}"


def _head(settings: Settings) -> Head:
    addresses = tuple(str(each.address) for each in settings.each)
    began = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Head(addresses, settings.address.is_demo, began, version_of("pd_capflow"))


def _secrets(settings: Settings) -> tuple[bytes, ...]:
    keys = {each.key for each in settings.each if each.key and len(each.key) >= _SHORTEST_KEY}
    return tuple(text.encode() for key in keys for text in (key, hashed_key(key)))


def _opened(path: Path) -> int:
    """Return a descriptor of an empty file that only its owner can read."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), _OWN_EYES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise QueryError(f"capture={path}: {reason}; expected a file that can be written") from error
    try:
        _clear(file, path)
    except BaseException:
        os.close(file)
        raise
    return file


def _clear(file: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise QueryError(f"capture={path} is no ordinary file; name one that can be written")
    try:
        first = os.read(file, 4096).partition(b"\n")[0]
        if first:
            read_head(first.decode(errors="replace"))
        os.ftruncate(file, 0)
    except OSError as error:
        raise QueryError(
            f"capture={path}: {error.strerror or error}; expected a file that can be written"
        ) from error
    except ProtocolError:
        raise QueryError(f"capture={path} is there and no capture; name another, or remove it") from None


def _write_all(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
