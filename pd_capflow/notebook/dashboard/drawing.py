"""What a dashboard shows at one moment, drawn: the picture, the ranking and the status line.

A picture that would come out as the last one did is not drawn again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pd_capflow.errors import CapflowError
from pd_capflow.notebook.dashboard.markup import ranking_html, status_html
from pd_capflow.notebook.dashboard.picture import Easel
from pd_capflow.notebook.dashboard.status import Status
from pd_capflow.notebook.dashboard.words import say

if TYPE_CHECKING:
    from collections.abc import Hashable

    from pd_capflow.flow.frames import Columns
    from pd_capflow.notebook.dashboard.reading import Reading
    from pd_capflow.notebook.dashboard.wish import Wish

__all__ = ["Drawer", "Drawing"]

log = logging.getLogger("pd_capflow.notebook")


@dataclass(frozen=True)
class Drawing:
    """What is shown.

    Attributes
    ----------
    png : bytes
        The picture; empty where there is none.
    title : str
        What the picture shows, or why there is none, in words.
    ranking_html, status_html : str
        The table and the status line.
    status : Status or None
        What the line says, as a value.
    problem : str
        Why the chart could not be drawn; empty where it could.
    """

    png: bytes = b""
    title: str = ""
    ranking_html: str = ""
    status_html: str = ""
    status: Status | None = None
    problem: str = ""


class Drawer:
    """Draws a dashboard again and again."""

    def __init__(self) -> None:
        self._easel = Easel()
        self._drawn: Hashable = None
        self._png = b""
        self._problem = ""

    def draw(self, reading: Reading, wish: Wish) -> Drawing:
        """Return the drawing of what came, as it is wished for."""
        looks = _looks(reading, wish)
        if looks != self._drawn:
            self._draw_picture(reading, wish)
            self._drawn = looks
        status = Status.of(reading, wish)
        shown = wish.shown if wish.shown is not None else ""
        title = f"{shown} {say(wish.lang, wish.chart)}".strip()
        return Drawing(
            png=self._png,
            title=title,
            ranking_html=ranking_html(reading, wish),
            status_html=status_html(status),
            status=status,
            problem=self._problem,
        )

    def _draw_picture(self, reading: Reading, wish: Wish) -> None:
        self._png, self._problem = b"", ""
        if wish.shown is None:
            return
        try:
            self._png = self._easel.png(reading, wish)
        except CapflowError as error:
            self._problem = say(wish.lang, "undrawn", why=error)
        except Exception as error:  # no chart must stop the others from being refreshed
            log.exception("! a chart of the dashboard could not be drawn")
            self._problem = say(wish.lang, "undrawn", why=f"{type(error).__name__}: {error}")


def _looks(reading: Reading, wish: Wish) -> Hashable:
    """Return what a picture depends on: equal looks give equal pictures."""
    held = reading.distributions if wish.chart == "distribution" else reading.flows
    names = {security: quote.name for security, quote in reading.quotes.items()}
    data = tuple((each, names.get(each), _print(held.get(each))) for each in wish.drawn)
    ways = (wish.chart, wish.lines, wish.colors, wish.lang, wish.theme)
    return (*ways, reading.period, reading.is_demo, str(reading.source.get("url")), data)


def _print(columns: Columns | None) -> Hashable:
    if columns is None:
        return None
    return len(columns.time), columns.last_valid_time, columns.time.tobytes(), columns.amounts.tobytes()
