"""JupyterLab as its user sees it: a notebook in a window, its cells, and what they show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

__all__ = ["Cell", "Notebook"]

# JupyterLab's own names in the page; when they change, they change here.
_CELLS = ".jp-Notebook .jp-Cell"
_EDITOR = ".jp-InputArea-editor .cm-content"
_PROMPT = ".jp-InputArea-prompt"
_OUTPUTS = ".jp-OutputArea-output"
_ERRORS = '.jp-OutputArea-output:is([data-mime-type$=".error"], [data-mime-type$=".stderr"])'
_OFFERS = ".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item"
# The page shows an idle kernel before there is one, so JupyterLab itself is asked.
_READY = """() => {
  const session = window.jupyterapp?.shell.currentWidget?.sessionContext;
  const kernel = session?.isReady ? session.session?.kernel : null;
  return kernel?.connectionStatus === "connected" && kernel.status === "idle";
}"""
_IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'


class Notebook:
    """A notebook that stands open in a page, its kernel ready."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.locator(_CELLS).first.wait_for()
        self.wait_until_ready()

    @property
    def cells(self) -> list[Cell]:
        """All cells, from top to bottom."""
        return [Cell(self, locator) for locator in self.page.locator(_CELLS).all()]

    @property
    def code_cells(self) -> list[Cell]:
        """Those that can run."""
        return [Cell(self, locator) for locator in self.page.locator(f"{_CELLS}.jp-CodeCell").all()]

    def run_all(self) -> None:
        """Run the cells as the user does, one after the other, and wait for each."""
        for cell in self.code_cells:
            cell.run()

    def press(self, *keys: str) -> None:
        """Press keys wherever the cursor stands."""
        for key in keys:
            self.page.keyboard.press(key)

    def screenshot(self, path: Path) -> None:
        """Keep a picture of the window."""
        self.page.screenshot(path=path)

    def close(self) -> None:
        """End its kernel, as its user does in the menu, and shut the window."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()

    def wait_until_ready(self) -> None:
        """Wait until there is a kernel that has nothing to do."""
        self.page.wait_for_function(_READY)

    def wait_until_idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.locator(_IDLE).wait_for()


class Cell:
    """A cell of a notebook: what it says, and what stands below it once it has run."""

    def __init__(self, notebook: Notebook, locator: Locator) -> None:
        self._notebook = notebook
        self.locator = locator

    @property
    def source(self) -> str:
        """What it says."""
        return "\n".join(self.locator.locator(f"{_EDITOR} .cm-line").all_inner_texts())

    @property
    def outputs(self) -> Locator:
        """All that it shows."""
        return self.locator.locator(_OUTPUTS)

    @property
    def errors(self) -> Locator:
        """What it shows in red."""
        return self.locator.locator(_ERRORS)

    @property
    def pictures(self) -> Locator:
        """The pictures that it shows."""
        return self.outputs.locator("img")

    @property
    def tables(self) -> Locator:
        """The tables that it shows."""
        return self.outputs.locator("table")

    @property
    def prompt(self) -> Locator:
        """What stands in front of it: its number, or a star while it runs."""
        return self.locator.locator(_PROMPT)

    def start(self) -> None:
        """Press Shift and Enter in it."""
        self.locator.locator(_EDITOR).click()
        self._notebook.press("Shift+Enter")

    def run(self) -> None:
        """Start it, and wait until it has ended."""
        before = self.prompt.inner_text()
        self.start()
        expect(self.prompt).not_to_have_text(before)
        expect(self.prompt).to_have_text(re.compile(r"\[\d+\]:"))
        self._notebook.wait_until_idle()

    def write(self, source: str) -> None:
        """Write something else into it, and leave the cursor at its end."""
        self.locator.locator(_EDITOR).fill(source)
        self._notebook.press("Control+End")

    def complete(self) -> Locator:
        """Press Tab at its end, and return what is offered."""
        self._notebook.press("Tab")
        offers = self._notebook.page.locator(_OFFERS)
        offers.first.wait_for()
        return offers
