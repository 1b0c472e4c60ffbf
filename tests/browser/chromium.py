"""Headless Chromium: Debian's, with an empty profile, that reaches this machine and nothing else."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

__all__ = ["PATIENCE", "launched", "what_is_missing"]

#: How long the page may take for one thing, in ms; on a busy machine that is much longer than usual.
PATIENCE = 45_000

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PACKAGES = ("playwright", "jupyterlab", "nbconvert")
_OPTIONS = (
    "--no-sandbox",  # which root cannot have; the only pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def _program() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def what_is_missing() -> str:
    """Return what a test in the browser lacks, and how to get it; nothing if it can run."""
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        return f'needs {", ".join(missing)}: python -m pip install -e ".[all,dev]"'
    return "" if _program() else f"needs a browser ({', '.join(_NAMES)}): apt-get install chromium"


@contextmanager
def launched() -> Iterator[Browser]:
    """Run the browser."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_program(), args=_OPTIONS)
        try:
            yield browser
        finally:
            browser.close()
