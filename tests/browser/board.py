"""The dashboard as its user sees it: what stands in the page, and what a hand does to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.browser.lab import Cell, Notebook

__all__ = ["Board"]

# What is not to be seen at all: names for those who cannot see.
_HIDDEN = ".capflow-title, .capflow-title *, .capflow-copying .widget-label, option, style, datalist *"
_CUT = """(board, hidden) => {
  const {left, right} = board.getBoundingClientRect();
  const cut = [];
  for (const each of board.querySelectorAll("*")) {
    const {width, left: from, right: to} = each.getBoundingClientRect();
    if (!width || each.matches(hidden)) continue;
    if (from < left - 1 || to > right + 1) cut.push(["beyond the board", each.className, from - left, to - right]);
    const isClipped = getComputedStyle(each).overflowX !== "visible" && each.clientWidth;
    const isShortened = getComputedStyle(each).textOverflow === "ellipsis";
    if (isClipped && !isShortened && each.scrollWidth > each.clientWidth + 1)
      cut.push(["wider than its place", each.className, each.scrollWidth, each.clientWidth]);
    if (isClipped && !isShortened && each.scrollHeight > each.clientHeight + 1)
      cut.push(["higher than its place", each.className, each.scrollHeight, each.clientHeight]);
  }
  return cut.map(String);
}"""
_CONTROLS = "button, input, select"
# A sign of an icon font stands in the private use area, and reads as nothing.
_NAMED = re.compile(r'^\s*- (?:button|combobox|textbox) "[^"\w]*\w[^"]*"', re.MULTILINE)
_CONTROL = re.compile(r"^\s*- (?:button|combobox|textbox)\b", re.MULTILINE)
_CODE = re.compile(r"[A-Z]{2}\.\w+")


class Board:
    """A dashboard that stands below a cell.

    Parameters
    ----------
    notebook : Notebook
        Where it stands.
    cell : Cell
        Whose value it is.
    """

    def __init__(self, notebook: Notebook, cell: Cell) -> None:
        self.notebook = notebook
        self.page = notebook.page
        self.root = cell.locator.locator(".capflow-dashboard")
        self.chart = self.root.locator("img.capflow-chart")
        self.ranking = self.root.locator(".capflow-ranking")
        self.status = self.root.locator(".capflow-status")
        self.message = self.root.locator(".capflow-message")
        self.title = self.root.locator(".capflow-title")
        self.chips = self.root.locator(".capflow-chip")
        self.code = self.root.get_by_label("Code", exact=True)

    def button(self, name: str) -> Locator:
        """The button of that name."""
        return self.root.get_by_role("button", name=name, exact=True)

    def field(self, name: str) -> Locator:
        """What is chosen or written under that label."""
        return self.root.get_by_label(name, exact=True)

    def codes(self) -> list[str]:
        """The codes on the chips."""
        return [_CODE.search(text)[0] for text in self.chips.all_inner_texts()]

    def enter(self, text: str) -> None:
        """Type into the code box, and press Enter."""
        self.code.click()
        self.code.press_sequentially(text)
        self.code.press("Enter")

    def picture(self) -> str:
        """Where the page has the picture: elsewhere for each that came."""
        return self.chart.get_attribute("src")

    def changes(self, times: int = 1) -> None:
        """Wait until other pictures came."""
        for _ in range(times):
            expect(self.chart).not_to_have_attribute("src", self.picture())

    def is_drawn(self) -> None:
        """Check that there is a picture, and that it has something in it."""
        expect(self.chart).to_be_visible()
        self.page.wait_for_function(
            "image => image.complete && image.naturalWidth > 100", arg=self.chart.element_handle()
        )

    def cut(self) -> list[str]:
        """Return what does not fit into its place."""
        return self.root.evaluate(_CUT, _HIDDEN)

    def nameless(self) -> list[str]:
        """Return what a screen reader finds and has no name for."""
        lines = self.root.aria_snapshot().splitlines()
        return [line for line in lines if _CONTROL.search(line) and not _NAMED.search(line)]

    def controls(self) -> list[str]:
        """Return the controls that can be operated, as the page writes them."""
        return self._written(
            f"board => [...board.querySelectorAll('{_CONTROLS}')].filter(it => !it.disabled)"
        )

    def tabbed(self) -> list[str]:
        """Return the controls that Tab reaches from the first to the last, in that order."""
        self.root.locator(_CONTROLS).first.focus()
        reached = []
        while (focused := self._focused()) and focused not in reached:
            reached.append(focused)
            self.page.keyboard.press("Tab")
        return reached

    def _focused(self) -> str:
        found = self._written("board => [document.activeElement].filter(it => board.contains(it))")
        return found[0] if found else ""

    def _written(self, find: str) -> list[str]:
        """Return what JavaScript finds in the board, each with its place, by which it is known."""
        place = f"[...board.querySelectorAll('{_CONTROLS}')].indexOf(it)"
        return self.root.evaluate(
            f"board => ({find})(board).map(it => `${{{place}}} ${{it.tagName}} ${{it.textContent}}`)"
        )

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so: at each new picture it is looked at again."""
        while not is_so():
            self.changes()
