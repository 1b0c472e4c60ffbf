"""What the controls of a panel do. What goes wrong is one line on the page, and nothing breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pd_capflow.errors import CapflowError
from pd_capflow.notebook.dashboard.keeping import keep_frame, save_picture
from pd_capflow.notebook.dashboard.still import download_html
from pd_capflow.notebook.dashboard.words import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.notebook.dashboard.board import Dashboard
    from pd_capflow.notebook.dashboard.screen import Screen

__all__ = ["Clicks"]

_DRAWING_SECONDS = 5.0


class Clicks:
    """The acts of one dashboard's controls.

    Parameters
    ----------
    board : Dashboard
        Whose.
    screen : callable
        Returns its screen.
    """

    def __init__(self, board: Dashboard, screen: Callable[[], Screen]) -> None:
        self._board = board
        self._screen = screen

    def acts(self) -> dict[str, Callable[..., object]]:
        """Return what `Panel` asks for."""
        board = self._board
        return {
            "add": self._guarded(board.add),
            "remove": self._guarded(board.remove),
            "choose": self._guarded(board.show),
            "change": self._guarded(board.show),
            "toggle": self._guarded(self._toggle),
            "save": self._guarded(self._save),
            "copy": self._guarded(self._copy),
            "look": board.look,
            "close": board.close,
        }

    def _guarded(self, act: Callable[..., object]) -> Callable[..., bool]:
        def do(*arguments: Any, **fields: Any) -> bool:
            panel = self._screen().panel
            panel.say("")
            try:
                act(*arguments, **fields)
            except (CapflowError, OSError) as error:
                panel.say(str(error), is_error=True)
                return False
            return True

        return do

    def _toggle(self) -> None:
        board = self._board
        (board.stop if self._screen().wish.is_live else board.start)()

    def _save(self) -> None:
        screen = self._screen()
        screen.settle(_DRAWING_SECONDS)
        lang, path = screen.wish.lang, save_picture(screen.drawing, screen.wish)
        link = download_html(screen.drawing, path.name, say(lang, "download"))
        screen.panel.say(say(lang, "saved", path=path), link=link)

    def _copy(self, name: str) -> None:
        frame, screen = self._board.frame, self._screen()
        keep_frame(frame, name)
        screen.panel.say(say(screen.wish.lang, "copied", name=name, rows=len(frame)))
