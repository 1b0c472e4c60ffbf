"""The ledger of one interface of one gateway: when requests left, and when the gateway last refused one.

Law: of any `requests` + 1 requests in a ledger, whoever sent them, the last is later than the first by a
window or more. Nothing depends on the order of the stamps, so whatever a page holds is a valid state: a
stamp later than now is no stamp, and any other delays requests by a window at most.

All times are whole microseconds of one clock.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["HEADER", "MAGIC", "MOST", "SMALLEST", "Ledger", "Page"]

#: What the first cell says: which layout, and that it is one.
MAGIC = int.from_bytes(b"capflow1", "little")
#: Cells before the stamps: the magic, and when the gateway last refused.
HEADER = 2
#: Stamps that a page holds at least and at most; a window that grants more is paced as if by that many.
SMALLEST, MOST = 62, 65_536

_REFUSED = 1


@dataclass(slots=True)
class Page:
    """The stamps, as they lie in memory or in a file.

    Attributes
    ----------
    cells : ndarray of int64
        The header, then one cell for each stamp; 0 is none.
    written : set of int
        Which cells were changed.
    """

    cells: NDArray[np.int64]
    written: set[int] = field(default_factory=set)

    @classmethod
    def blank(cls, stamps: int = SMALLEST) -> Page:
        """Return a page without stamps."""
        page = cls(np.zeros(HEADER + stamps, np.int64))
        page.cells[0] = MAGIC
        return page

    def recent(self, now: int, window: int) -> NDArray[np.int64]:
        """Return the stamps of the window that ends now, the oldest first."""
        stamps = self.cells[HEADER:]
        found: NDArray[np.int64] = stamps[(stamps > now - window) & (stamps <= now) & (stamps != 0)]
        found.sort()
        return found

    def opens(self, now: int, window: int) -> int:
        """Return when a refusal has been waited out; not before now."""
        refused = int(self.cells[_REFUSED])
        return max(now, refused + window) if 0 != refused <= now else now

    def wait(self, now: int, window: int, requests: int) -> int:
        """Return how long no request may leave; 0 if one may."""
        opens = self.opens(now, window)
        recent = self.recent(now, window)
        if len(recent) >= requests:
            opens = max(opens, int(recent[-requests]) + window)
        return opens - now

    def stamp(self, now: int) -> None:
        """Count a request, in the place of the stamp that matters least."""
        stamps = self.cells[HEADER:]
        self._write(HEADER + int(np.where(stamps > now, 0, stamps).argmin()), now)

    def move(self, stamp: int, now: int) -> None:
        """Count a request later than it was counted first."""
        found = np.flatnonzero(self.cells[HEADER:] == stamp)
        if len(found):
            self._write(HEADER + int(found[0]), now)

    def refuse(self, now: int) -> None:
        """Note that the gateway refused."""
        self._write(_REFUSED, now)

    def _write(self, cell: int, value: int) -> None:
        self.cells[cell] = value
        self.written.add(cell)


class Ledger:
    """A ledger for this process alone, used by any of its threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._page = Page.blank()

    def book(self, clock: Callable[[], int], window: int, requests: int) -> tuple[int, int]:
        """Count a request if it may leave now.

        Parameters
        ----------
        clock : callable
            Tells the time. It is asked once the page is one's own: a time from before would be older than
            what others have stamped meanwhile.
        window, requests : int
            How many requests may be in a window.

        Returns
        -------
        wait, stamp : int
            How long to wait before trying again, 0 if the request was counted; and the time it is.
        """
        with self.open(requests) as page:
            now = clock()
            wait = max(page.wait(now, window, min(requests, MOST)), 0)
            if not wait:
                page.stamp(now)
            return wait, now

    def move(self, stamp: int, now: int) -> None:
        """Count a request later than it was counted first: it may have been on its way till then."""
        with self.open() as page:
            page.move(stamp, now)

    def refuse(self, now: int) -> None:
        """Note that the gateway refused a request: all who share the ledger wait a window of theirs."""
        with self.open() as page:
            page.refuse(now)

    def recent(self, now: int, window: int) -> tuple[NDArray[np.int64], int]:
        """Return the stamps of the window that ends now, and when a refusal has been waited out."""
        with self.open() as page:
            return page.recent(now, window), page.opens(now, window)

    def renew_locks(self) -> None:
        """Let go of what another process held when this one was forked off."""
        self._lock = Lock()

    @contextmanager
    def open(self, stamps: int = SMALLEST) -> Iterator[Page]:
        """Have the page, with room for so many stamps, to oneself."""
        with self._lock:
            self._page = grown(self._page, stamps)
            yield self._page


def grown(page: Page, stamps: int) -> Page:
    """Return a page with the same stamps and room for so many, as far as pages grow."""
    missing = HEADER + min(stamps, MOST) - len(page.cells)
    return page if missing <= 0 else Page(np.append(page.cells, np.zeros(missing, np.int64)))
