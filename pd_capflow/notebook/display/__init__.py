"""How a front end shows frames of capital flow: a heading that says what they hold, over a short table.

The formatters take frames that have our facts and leave all others, and whatever surprises them, to those
who showed frames before: no frame is ever shown worse than without us.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pandas as pd

from pd_capflow.notebook.display.facts import Facts
from pd_capflow.notebook.display.markup import markup
from pd_capflow.notebook.display.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from pd_capflow.notebook.preferences import Preferences

    Draw = Callable[[pd.DataFrame, Facts, Preferences], str | None]

__all__ = ["offer", "withdraw"]

log = logging.getLogger("pd_capflow.notebook")


def offer(shell: InteractiveShell, preferences: Preferences) -> None:
    """Have a shell show frames of ours with a heading."""
    withdraw(shell)
    for mime, printer in (("text/html", _Html), ("text/plain", _Plain)):
        printers = _printers(shell, mime)
        printers[pd.DataFrame] = printer(preferences, printers.get(pd.DataFrame))


def withdraw(shell: InteractiveShell) -> None:
    """Have it show them as it did before."""
    for mime in ("text/html", "text/plain"):
        printers = _printers(shell, mime)
        ours = printers.get(pd.DataFrame)
        if isinstance(ours, _Printer):
            del printers[pd.DataFrame]
            if ours.before is not None:
                printers[pd.DataFrame] = ours.before


def _printers(shell: Any, mime: str) -> dict[type, Any]:
    found: dict[type, Any] = shell.display_formatter.formatters[mime].type_printers
    return found


class _Printer:
    """What shows frames in one format, and what did so before."""

    draw: Draw

    def __init__(self, preferences: Preferences, before: Any) -> None:
        self._preferences = preferences
        self.before = before

    def drawn(self, frame: pd.DataFrame) -> str | None:
        """Return a frame of ours as text; None if it is none, or should or can not be shown so."""
        if not self._preferences.heading or type(frame) is not pd.DataFrame:
            return None
        try:
            facts = Facts.of(frame)
            return None if facts is None else type(self).draw(frame, facts, self._preferences)
        except Exception:  # whatever somebody did to the frame, pandas can show it
            log.debug("a frame could not be shown with a heading", exc_info=True)
            return None


class _Html(_Printer):
    draw = staticmethod(markup)

    def __call__(self, frame: pd.DataFrame) -> Any:
        told = self.drawn(frame)
        if told is not None:
            return told
        return frame._repr_html_() if self.before is None else self.before(frame)  # type: ignore[operator]  # stubs lack it


class _Plain(_Printer):
    draw = staticmethod(plain)

    def __call__(self, frame: pd.DataFrame, printer: Any, cycle: bool) -> None:
        is_inside = len(printer.stack) > 1  # a list of frames is no place for headings
        told = None if is_inside else self.drawn(frame)
        if told is None and self.before is not None:
            self.before(frame, printer, cycle)
            return
        for place, line in enumerate((told or repr(frame)).splitlines()):
            if place:
                printer.break_()
            printer.text(line)
