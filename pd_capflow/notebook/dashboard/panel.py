"""The panel: everything on the page, arranged. It decides nothing and asks nobody.

What is only looked at (picture, ranking, status, chips) is written by the drawing thread; what is operated
is written by the thread that handles its events.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from pd_capflow.notebook.dashboard.chips import Chips, close_widget
from pd_capflow.notebook.dashboard.controls import Controls
from pd_capflow.notebook.dashboard.looks import STYLE
from pd_capflow.notebook.dashboard.markup import message_html
from pd_capflow.notebook.dashboard.typist import Typist
from pd_capflow.notebook.dashboard.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pd_capflow.notebook.dashboard.drawing import Drawing
    from pd_capflow.notebook.dashboard.wish import Wish
    from pd_capflow.security import Security

    Act = Callable[..., object]

__all__ = ["Panel"]

_SEPARATOR = " · "


class Panel:
    """The widgets of one dashboard.

    Parameters
    ----------
    acts : mapping of str to callable
        What to do: ``add(text)``, ``remove(security)``, ``choose(security)``, ``change(**fields)``,
        ``toggle()``, ``save()``, ``copy(name)``, ``look(is_seen)`` and ``close()``.
    suggest : callable
        Text -> the options of the code box.
    """

    def __init__(self, acts: Mapping[str, Act], suggest: Callable[[str], Sequence[str]]) -> None:
        self._acts = acts
        self._suggest = suggest
        self._typist = Typist(self._enter)
        self.code = widgets.Combobox(continuous_update=True).add_class("capflow-code")
        self.add = widgets.Button(icon="plus").add_class("capflow-add")
        self.chips = Chips(acts["choose"], acts["remove"])
        self.controls = Controls(acts["change"])
        self.toggle = widgets.Button().add_class("capflow-toggle")
        self.save = widgets.Button(icon="download").add_class("capflow-save")
        self.copy = widgets.Button(icon="copy").add_class("capflow-copy")
        self.variable = widgets.Text(value="frame").add_class("capflow-variable")
        self.chart = widgets.Image(format="png").add_class("capflow-chart")
        # An Image has no text for those who cannot see it, and with a tooltip it is not shown at all.
        self.title = widgets.HTML().add_class("capflow-title")
        self.ranking = widgets.HTML().add_class("capflow-ranking")
        self.status = widgets.HTML().add_class("capflow-status")
        self.message = widgets.HTML().add_class("capflow-message")
        self.box = self._arranged()
        self._listen()

    def _arranged(self) -> widgets.VBox:
        fields = self.controls.fields
        lines = widgets.Box(list(self.controls.lines.values())).add_class("capflow-lines")
        figure = widgets.VBox([self.title, self.chart]).add_class("capflow-figure")
        rows = [
            [self.code, self.add, self.chips.box],
            [fields["period"], fields["kind"], lines],
            [self.message],
            [figure, self.ranking],
            [self.status],
            [
                self.toggle,
                *(fields[name] for name in ("interval", "colors", "lang", "theme")),
                self.save,
                widgets.Box([self.copy, self.variable]).add_class("capflow-copying"),
            ],
        ]
        boxes = [widgets.Box(row).add_class("capflow-row") for row in rows]
        boxes[1].add_class("capflow-toggles")
        boxes[3].add_class("capflow-body")
        return widgets.VBox([widgets.HTML(STYLE), *boxes]).add_class("capflow-dashboard")

    def _listen(self) -> None:
        acts = self._acts
        self.code.observe(self._typed, "value")
        self.code.on_msg(self._entered)
        self.add.on_click(lambda _: self._typist.press_enter())
        self.toggle.on_click(lambda _: acts["toggle"]())
        self.save.on_click(lambda _: acts["save"]())
        self.copy.on_click(lambda _: acts["copy"](self.variable.value))
        self.controls.listen()
        self.box._view_count = 0  # noqa: SLF001  # the documented way to have views counted
        self.box.observe(self._looked_at, "_view_count")
        if (comm := self.box.comm) is not None:
            comm.on_close(lambda _: acts["close"]())

    def show_wish(self, wish: Wish) -> None:
        """Label the controls, and have them look as the wish has it."""
        lang = wish.lang
        self.controls.show(wish)
        self.code.description = self.code.tooltip = say(lang, "code")
        self.code.placeholder = say(lang, "code_hint")
        for widget, name in ((self.add, "add"), (self.save, "save"), (self.copy, "copy")):
            widget.description = widget.tooltip = say(lang, name)
        self.toggle.description = self.toggle.tooltip = say(lang, "stop" if wish.is_live else "start")
        self.toggle.icon = "pause" if wish.is_live else "play"
        self.variable.description = self.variable.tooltip = say(lang, "variable")

    def show_drawing(self, drawing: Drawing, wish: Wish, names: Mapping[Security, str]) -> None:
        """Show what was drawn; what has not changed is not sent."""
        self.chips.show(wish, names)
        self.status.value = drawing.status_html
        self.ranking.value = drawing.ranking_html
        self.chart.value = drawing.png
        self.chart.layout.display = None if drawing.png else "none"
        self.title.value = escape(drawing.title)

    def say(self, text: str, *, is_error: bool = False, link: str = "") -> None:
        """Show a line below the controls."""
        self.message.value = message_html(text, is_error=is_error, link=link)

    def close(self) -> None:
        """Take everything off the page."""
        self._typist.give_up()
        self.box.unobserve_all()
        close_widget(self.box)

    def _typed(self, told: dict[str, Any]) -> None:
        text = told["new"]
        if self._typist.type(text):
            return
        if text and text in self.code.options and _SEPARATOR in text:
            self._enter(text)  # an option was picked
        else:
            self.code.options = tuple(self._suggest(text)) if text else ()

    def _entered(self, _: object, content: dict[str, Any], __: object) -> None:
        if content.get("event") == "submit":
            self._typist.press_enter()

    def _enter(self, text: str) -> None:
        text = text.partition(_SEPARATOR)[0].strip()
        if text and self._acts["add"](text):
            self.code.value = ""

    def _looked_at(self, told: dict[str, Any]) -> None:
        self._acts["look"](bool(told["new"]))
