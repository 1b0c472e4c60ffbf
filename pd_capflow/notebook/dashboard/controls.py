"""The controls of a dashboard: each a widget with a label, bound to one field of the wish.

Whoever uses a keyboard or a screen reader finds them by the same labels as everybody else.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from pd_capflow.flow.queries import PERIODS
from pd_capflow.notebook.dashboard.wish import CHARTS, CONVENTIONS, LINES, OF_LINES, THEMES
from pd_capflow.notebook.dashboard.words import say
from pd_capflow.plot.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pd_capflow.notebook.dashboard.wish import Wish

__all__ = ["Controls"]

_INTERVALS = (2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
# A widget takes None for no choice at all, so what the dashboard is to decide has another value there.
_AUTO: dict[str, Any] = {"kind": "", "interval": 0.0}
_LANGUAGES = {"en": "English", "zh": "中文"}


class Controls:
    """Period, chart, lines, interval, colours, language and paper.

    Parameters
    ----------
    change : callable
        Called with the fields of the wish that are to be changed.
    """

    def __init__(self, change: Callable[..., object]) -> None:
        self._change = change
        self._is_told = False
        self.fields: dict[str, Any] = {
            "period": widgets.ToggleButtons(),
            "kind": widgets.ToggleButtons(),
            "interval": widgets.Dropdown(),
            "colors": widgets.Dropdown(),
            "lang": widgets.Dropdown(),
            "theme": widgets.Dropdown(),
        }
        self.lines = {line: widgets.ToggleButton() for line in LINES}
        for name, widget in self.fields.items():
            widget.add_class(f"capflow-{name}")
        for line, widget in self.lines.items():
            widget.add_class("capflow-line").add_class(f"capflow-line-{line}")

    def listen(self) -> None:
        """Begin to tell of changes."""
        for name, widget in self.fields.items():
            widget.observe(lambda told, name=name: self._tell_field(name, told["new"]), "value")
        for widget in self.lines.values():
            widget.observe(lambda _: self._tell(lines=self._chosen_lines()), "value")

    def show(self, wish: Wish) -> None:
        """Look as the wish has it."""
        with self._told():
            for name, options in _choices(wish).items():
                wanted = getattr(wish, name)
                self._show_field(name, options, _AUTO[name] if wanted is None else wanted, wish.lang)
            for line, widget in self.lines.items():
                widget.description = say(wish.lang, line)
                widget.tooltip = f"{say(wish.lang, 'lines')}: {widget.description}"
                widget.value = line in wish.lines
                widget.disabled = wish.chart not in OF_LINES

    def _show_field(self, name: str, options: dict[str, Any], value: Any, lang: str) -> None:
        widget = self.fields[name]
        pairs = tuple(options.items())
        if tuple(widget.options) != pairs:
            widget.options = pairs
        widget.description = widget.tooltip = say(lang, name)
        widget.value = value

    def _chosen_lines(self) -> frozenset[str]:
        return frozenset(line for line, widget in self.lines.items() if widget.value)

    def _tell_field(self, name: str, value: Any) -> None:
        self._tell(**{name: None if value == _AUTO.get(name, object()) else value})

    def _tell(self, **changes: Any) -> None:
        if not self._is_told:
            self._change(**changes)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Change widgets without taking it for a wish of the user's."""
        self._is_told = True
        try:
            yield
        finally:
            self._is_told = False


def _choices(wish: Wish) -> dict[str, dict[str, Any]]:
    """Return the labels of all fields and what they stand for."""
    lang = wish.lang
    intervals = sorted({_AUTO["interval"], *_INTERVALS, wish.interval or _AUTO["interval"]})
    return {
        "period": {say(lang, period): period for period in PERIODS},
        "kind": {say(lang, "usual"): _AUTO["kind"], **{say(lang, kind): kind for kind in CHARTS}},
        "interval": {_interval(lang, seconds): seconds for seconds in intervals},
        "colors": {say(lang, f"colors_{each}"): each for each in CONVENTIONS},
        "lang": {_LANGUAGES.get(each, each): each for each in LANGUAGES},
        "theme": {say(lang, theme): theme for theme in THEMES},
    }


def _interval(lang: str, seconds: float) -> str:
    if seconds == _AUTO["interval"]:
        return say(lang, "auto")
    is_long = seconds >= 60 and seconds % 60 == 0
    return say(lang, "minutes" if is_long else "seconds", n=seconds / 60 if is_long else seconds)
