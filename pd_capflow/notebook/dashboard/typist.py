"""What was typed when Enter was pressed: a page tells of Enter before it has told the whole text.

While the kernel has not yet confirmed one text, a page holds the next ones back and then sends the last of
them; Enter it sends at once. So the text that Enter is meant for is either here already, or it is the next
one. Texts that are typed quickly come as far apart as that takes, so some more than that is waited for it.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Typist"]

# Seconds that a next text is waited for: at least, at most, and in terms of how far apart the last two came.
_LEAST, _MOST, _TIMES = 0.4, 2.0, 1.5


class Typist:
    """Puts Enter and the text together that it is meant for.

    Parameters
    ----------
    enter : callable
        Told that text. Where no event loop runs, nothing else can come, and it is told at once.
    """

    def __init__(self, enter: Callable[[str], object]) -> None:
        self._enter = enter
        self._text = ""
        self._came = self._apart = 0.0
        self._waiting: asyncio.TimerHandle | None = None

    def type(self, text: str) -> bool:
        """Take what stands in the box now; tell whether that was entered."""
        now = monotonic()
        self._text, self._came, self._apart = text, now, now - self._came
        is_awaited = self._waiting is not None
        if is_awaited:
            self._give()
        return is_awaited

    def press_enter(self) -> None:
        """Enter what was typed, once all of it is here."""
        self.give_up()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._give()
        else:
            self._waiting = loop.call_later(self._patience(), self._give)

    def give_up(self) -> None:
        """Enter nothing that has not been entered."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give(self) -> None:
        self.give_up()
        self._enter(self._text)

    def _patience(self) -> float:
        told = self._apart * _TIMES  # after a pause it tells of the pause
        return max(told, _LEAST) if told < _MOST else _LEAST
