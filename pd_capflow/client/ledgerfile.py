"""A ledger that all processes of one user on one machine share: a small file, locked while it is used.

The file holds `Page.cells` and nothing else: no address, no code and no key. Whoever dies lets go of the
lock, and what it left behind is a valid page. A file that is none is made anew. Where the directory or
the file cannot be used, the process keeps a ledger of its own and says so once.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import stat
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.client.ledger import HEADER, MAGIC, MOST, SMALLEST, Ledger, Page, grown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LedgerFile", "ledger_path"]

log = logging.getLogger("pd_capflow.client")

_CELL = 8
_SIZES = range(_CELL * (HEADER + SMALLEST), _CELL * (HEADER + MOST) + 1, _CELL)
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
# Others hold the lock for microseconds. Who holds it for longer than that was stopped, and writes nothing.
_PATIENCE_SECONDS = 0.25
_PAUSE_SECONDS = 0.0005

if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> None:
        os.lseek(fd, _SIZES.stop, os.SEEK_SET)  # Windows lets nobody read what is locked
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def ledger_path(place: str, proto_id: int) -> Path:
    """Return where the ledger of an interface lies, in the platform's usual directory for caches.

    Parameters
    ----------
    place : str
        Host and port of the gateway. The name of this machine is added: a home directory may be shared
        by several, each of which has a clock of its own.
    proto_id : int
        The interface.
    """
    from platformdirs import user_cache_path  # only who connects to a network address pays for it

    name = hashlib.sha256(f"{platform.node()} {place}".encode()).hexdigest()[:24]
    return user_cache_path("pd_capflow") / "budget" / f"{name}-{proto_id}"


class LedgerFile(Ledger):
    """A ledger in a file.

    Parameters
    ----------
    path : Path
        Where; what is missing is made, for this user alone.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._name = str(path)
        self._alone = False
        self._patience = _PATIENCE_SECONDS

    @contextmanager
    def open(self, stamps: int = SMALLEST) -> Iterator[Page]:
        """Have the page, with room for so many stamps, to oneself among all processes."""
        with self._lock:
            fd = self._take(stamps)
            self._page = grown(self._page, stamps)
            try:
                yield self._page
            finally:
                self._give_back(fd)

    def _take(self, stamps: int) -> int | None:
        """Open and lock the file and read its page; None if this process is alone with its own."""
        if self._alone:
            return None
        try:
            fd = self._opened()
        except OSError as error:
            self._be_alone(error)
            return None
        try:
            self._page = self._locked_page(fd, stamps)
        except OSError as error:
            os.close(fd)
            self._be_alone(error)
            return None
        return fd

    def _give_back(self, fd: int | None) -> None:
        """Write what was changed, and close the file; that unlocks it."""
        if fd is None:
            return
        try:
            for cell in self._page.written:
                _put(fd, _CELL * cell, self._page.cells[cell : cell + 1].tobytes())
        except OSError as error:
            self._be_alone(error)
        finally:
            os.close(fd)

    def _opened(self) -> int:
        try:
            fd = os.open(self._name, _FLAGS, 0o600)
        except FileNotFoundError:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(self._name, _FLAGS, 0o600)
        try:
            _make_private(fd)
        except OSError:
            os.close(fd)
            raise
        return fd

    def _locked_page(self, fd: int, stamps: int) -> Page:
        self._take_lock(fd)
        size = os.fstat(fd).st_size
        cells = _cells(fd, size) if size in _SIZES else None
        if cells is not None and int(cells[0]) == MAGIC and len(cells) >= HEADER + min(stamps, MOST):
            return Page(cells)
        page = Page(cells) if cells is not None and int(cells[0]) == MAGIC else Page.blank()
        page = grown(page, stamps)
        os.ftruncate(fd, page.cells.nbytes)
        _put(fd, 0, page.cells.tobytes())
        return page

    def _take_lock(self, fd: int) -> None:
        """Lock the file, or go on without after some time: better a request too many than none ever."""
        until = time.monotonic() + self._patience
        while True:
            try:
                _try_lock(fd)
            except (BlockingIOError, PermissionError):
                if time.monotonic() >= until:
                    self._patience = 0.0
                    return
                time.sleep(_PAUSE_SECONDS)
            else:
                self._patience = _PATIENCE_SECONDS
                return

    def _be_alone(self, error: OSError) -> None:
        global _said  # once for the process
        self._alone = True
        level = logging.DEBUG if _said else logging.WARNING
        _said = True
        log.log(level, "! %s: %s; other processes do not know what this one asks", self._path.parent, error)


_said = False


def _make_private(fd: int) -> None:
    facts = os.fstat(fd)
    if not stat.S_ISREG(facts.st_mode):
        raise OSError("the ledger is no file")
    _check_owner(facts)
    if hasattr(os, "fchmod") and stat.S_IMODE(facts.st_mode) != 0o600:
        os.fchmod(fd, 0o600)


def _check_owner(facts: os.stat_result) -> None:
    if hasattr(os, "geteuid") and facts.st_uid != os.geteuid():
        raise PermissionError("it belongs to another user")


def _cells(fd: int, size: int) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    os.lseek(fd, 0, os.SEEK_SET)
    data = os.read(fd, size)
    return np.frombuffer(bytearray(data), np.int64) if len(data) == size else None


def _put(fd: int, offset: int, data: bytes) -> None:
    os.lseek(fd, offset, os.SEEK_SET)
    os.write(fd, data)
