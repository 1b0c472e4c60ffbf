"""The dashboard as its user sees it: what stands in the page, and what a hand does to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.lab import Cell, Notebook

__all__ = ["Board"]

# What is not to be seen at all: names for those who cannot see.
_HIDDEN = ".capflow-title, .capflow-title *, .capflow-copying .widget-label, option, style, datalist *"
_CUT = """(board, hidden) => {
  const {left, right} = board.getBoundingClientRect();
  const cut = [];
  for (const it of board.querySelectorAll("*")) {
    const box = it.getBoundingClientRect(), style = getComputedStyle(it);
    if (!box.width || it.matches(hidden)) continue;
    if (box.left < left - 1 || box.right > right + 1)
      cut.push(["beyond the board", it.className, box.left - left, box.right - right]);
    if (style.overflowX === "visible" || style.textOverflow === "ellipsis" || it.matches("input")) continue;
    if (it.scrollWidth > it.clientWidth + 1)
      cut.push(["wider than its place", it.className, it.scrollWidth, it.clientWidth]);
    if (it.scrollHeight > it.clientHeight + 1 && style.overflowY !== "auto")
      cut.push(["higher than its place", it.className, it.scrollHeight, it.clientHeight]);
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
        """The button of that name, behind whose icon there may be a sign of an icon font."""
        return self.root.get_by_role("button", name=re.compile(rf"^\W*{re.escape(name)}$"))

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
        """Return the controls that can be operated, each with its place, by which it is known."""
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
        """Return places and kinds of what JavaScript finds in the board."""
        place = f"[...board.querySelectorAll('{_CONTROLS}')].indexOf(it)"
        return self.root.evaluate(f"board => ({find})(board).map(it => `${{{place}}} ${{it.tagName}}`)")
