"""The watched codes as chips: a button that shows a code's chart, and one beside it that removes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from pd_capflow.notebook.dashboard.words import say
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pd_capflow.notebook.dashboard.wish import Wish
    from pd_capflow.security import Security

__all__ = ["Chips", "close_widget"]

_NAME_LENGTH = 18


class Chips:
    """The row of chips.

    Parameters
    ----------
    choose, remove : callable
        Told a `Security` when its chip is clicked.
    """

    def __init__(self, choose: Callable[[Security], object], remove: Callable[[Security], object]) -> None:
        self.box = widgets.Box().add_class("capflow-chips")
        self._choose = choose
        self._remove = remove
        self._chips: dict[Security, widgets.Box] = {}

    def show(self, wish: Wish, names: Mapping[Security, str]) -> None:
        """Have one chip for each watched code."""
        gone = [self._chips.pop(security) for security in list(self._chips) if security not in wish.codes]
        for security in wish.codes:
            if security not in self._chips:
                self._chips[security] = self._chip(security)
            self._dress(security, wish, names.get(security, ""))
        children = tuple(self._chips[security] for security in wish.codes)
        if children != self.box.children:
            self.box.children = children
        for chip in gone:
            close_widget(chip)

    def _chip(self, security: Security) -> widgets.Box:
        show = widgets.Button().add_class("capflow-show")
        remove = widgets.Button(icon="times").add_class("capflow-remove")
        show.on_click(lambda _: self._choose(security))
        remove.on_click(lambda _: self._remove(security))
        return widgets.Box([show, remove]).add_class("capflow-chip")

    def _dress(self, security: Security, wish: Wish, name: str) -> None:
        chip = self._chips[security]
        show, remove = chip.children
        show.description = f"{security} {one_line(name, _NAME_LENGTH)}".rstrip()
        show.tooltip = say(wish.lang, "show", code=security)
        # A screen reader takes the icon's sign for the name where there is no text; the style hides that.
        remove.description = remove.tooltip = say(wish.lang, "remove", code=security)
        (chip.add_class if security == wish.shown else chip.remove_class)("capflow-chosen")


def close_widget(widget: widgets.Widget) -> None:
    """Close a widget with all that belongs to it: its children, its layout, its style."""
    for child in getattr(widget, "children", ()):
        close_widget(child)
    for part in ("layout", "style"):
        if isinstance(own := getattr(widget, part, None), widgets.Widget):
            own.close()
    widget.close()
