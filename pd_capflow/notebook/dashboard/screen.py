"""The screen: has the latest wish and the latest reading drawn, and tells when that is done.

Wishes come from the user's thread, readings from the I/O thread; both are replaced as a whole, and the
drawing thread takes whichever are there when its turn comes.
"""

from __future__ import annotations

from threading import Condition, Lock
from typing import TYPE_CHECKING

from pd_capflow.notebook.dashboard.drawing import Drawer, Drawing
from pd_capflow.notebook.dashboard.markup import message_html
from pd_capflow.notebook.dashboard.panel import Panel
from pd_capflow.notebook.dashboard.studio import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pd_capflow.notebook.dashboard.reading import Reading
    from pd_capflow.notebook.dashboard.wish import Wish

__all__ = ["Screen"]

# What drawing takes at most, unless something is wrong with it.
_DRAWING_SECONDS = 5.0


class Screen:
    """A panel, and what is drawn on it.

    Parameters
    ----------
    wish : Wish
        How to show it.
    reading : Reading
        What to show.
    acts : mapping of str to callable
        What the panel's controls do.
    suggest : callable
        Text -> the options of the code box.

    Attributes
    ----------
    wish, reading : Wish, Reading
        The latest. Set them, and `draw`.
    drawing : Drawing
        The latest drawing.
    refreshes : int
        Refreshes in that drawing.
    """

    def __init__(
        self,
        wish: Wish,
        reading: Reading,
        acts: Mapping[str, Callable[..., object]],
        suggest: Callable[[str], Sequence[str]],
    ) -> None:
        self.wish = wish
        self.reading = reading
        self.drawing = Drawing()
        self.refreshes = 0
        self.is_closed = False
        self.panel = Panel(acts, suggest)
        self.panel.show_wish(wish)
        self._drawn: tuple[Wish, Reading] | None = None
        self._said = ""  # of what went wrong
        self._drawer = Drawer()
        self._page, self._news = Lock(), Condition()
        self._place = Place(self._draw)

    def draw(self) -> None:
        """Have the latest drawn soon; from any thread."""
        self._place.ask()

    def close(self) -> None:
        """Draw no more, and take everything off the page."""
        self.is_closed = True
        self._place.give_up()
        with self._page:  # not in the middle of a drawing that is being shown
            self.panel.close()
        with self._news:
            self._news.notify_all()

    def wait_until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so after a drawing, or it is closed; tell whether it is."""
        with self._news:
            self._news.wait_for(lambda: self.is_closed or is_so(), seconds)
            return is_so()

    def settle(self, seconds: float) -> None:
        """Wait until the latest wish is drawn with an answer, if one comes.

        An answer is waited for so long; then for the drawing of what there is, which may take longer where
        the machine is busy.
        """
        if not self.wait_until(self._is_settled, seconds):
            self.wait_until(self._shows_wish, _DRAWING_SECONDS)

    def _shows_wish(self) -> bool:
        """Whether the latest wish is drawn, and the feed has heard of it."""
        if self._drawn is None or self._drawn[0] is not self.wish:
            return False
        wish, reading = self._drawn
        return reading.codes == wish.codes and (reading.next_at is None or wish.is_live)

    def _is_settled(self) -> bool:
        """Whether the latest wish is drawn, with what came for it or why nothing did."""
        if self._drawn is None or not self._shows_wish():
            return False
        wish, reading = self._drawn
        has_come = wish.shown in {None, *reading.flows, *reading.errors} and reading.period == wish.period
        return has_come or reading.trouble is not None or not wish.is_live

    def _draw(self) -> None:
        """Draw, on the drawing thread."""
        reading, wish, before = self.reading, self.wish, self.drawing
        drawing = self._drawer.draw(reading, wish)
        with self._page:
            if self.is_closed:
                return
            self.panel.show_drawing(drawing, wish, reading.names)
            self._tell(_news(before, drawing), drawing)
        with self._news:
            self.drawing, self._drawn, self.refreshes = drawing, (wish, reading), reading.rounds
            self._news.notify_all()

    def _tell(self, news: str | None, drawing: Drawing) -> None:
        """Say what is new of what went wrong, and take back what is over, if it still stands there."""
        if news is not None:
            self._said = news
            self.panel.say(news, is_error=True)
        elif self._said and self._said not in (*_errors(drawing).values(), drawing.problem):
            if self.panel.message.value == message_html(self._said, is_error=True):
                self.panel.say("")
            self._said = ""


def _news(before: Drawing, now: Drawing) -> str | None:
    """Return what went wrong since the last drawing: "" if that is over, None if there is no news."""
    known = _errors(before)
    fresh = [why for code, why in _errors(now).items() if code not in known]
    if fresh:
        return fresh[-1]
    return now.problem if now.problem != before.problem else None


def _errors(drawing: Drawing) -> Mapping[str, str]:
    return drawing.status.errors if drawing.status else {}
