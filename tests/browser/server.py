"""A JupyterLab server of the tests' own: its home, its token, its port, and nothing from outside."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import IO, TYPE_CHECKING

from tests.kernels import EVENING, environment, travel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Server", "jupyter_lab"]

PATIENCE = 90
# No question whether news are wanted, the reader's own light or dark, and every cell in the page.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "apputils-extension/themes": {"adaptive-theme": True},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
OPTIONS = (
    "--no-browser",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+(?=/)")


@dataclass(frozen=True)
class Server:
    """Where a JupyterLab listens, what it wants to hear, what it shows and where its log is."""

    address: str
    token: str
    folder: Path
    log: Path

    def url(self, notebook: str) -> str:
        """Return where a notebook of the folder is opened, alone in the window."""
        return f"{self.address}/doc/tree/{notebook}?token={self.token}"


@contextmanager
def jupyter_lab(home: Path, folder: Path) -> Iterator[Server]:
    """Run JupyterLab on the notebooks of a folder; its kernels live on an evening of the demo market."""
    _settle(home)
    travel(home, EVENING)
    token = secrets.token_hex(16)
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *OPTIONS, *_as_root(), f"--ServerApp.root_dir={folder}"],
        cwd=folder,
        env=environment(home) | {"JUPYTER_TOKEN": token},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    with process:
        log = _Log(process.stdout, home / "jupyter.log")
        try:
            yield Server(log.address(), token, folder, log.path)
        finally:
            _end(process)
            log.join(PATIENCE)


def _settle(home: Path) -> None:
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))


def _as_root() -> list[str]:
    return ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()


class _Log(Thread):
    """Writes down what the server says, and hears where it listens."""

    def __init__(self, stream: IO[str], path: Path) -> None:
        super().__init__(name="log of JupyterLab", daemon=True)
        self.path = path
        self._stream = stream
        self._heard = Event()
        self._address = ""
        self.start()

    def run(self) -> None:
        with self.path.open("w", encoding="utf-8") as file:
            for line in self._stream:
                file.write(line)
                file.flush()
                self._listen(line)
        self._heard.set()

    def _listen(self, line: str) -> None:
        if not self._address and (found := _ADDRESS.search(line)):
            self._address = found[0]
            self._heard.set()

    def address(self) -> str:
        """Wait until the server has said where it listens, or has ended, and return that."""
        self._heard.wait(PATIENCE)
        if not self._address:
            raise RuntimeError(f"JupyterLab did not start:\n{self.path.read_text(encoding='utf-8')}")
        return self._address
