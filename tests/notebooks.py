"""Run the notebooks and keep what they show: ``python -m tests.notebooks``.

What is kept depends on the code alone: the demo market of one evening, and nothing of the machine or the
moment, so that a second run changes no file.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbclient import NotebookClient

from tests.kernels import EVENING, environment, travel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from nbformat import NotebookNode

__all__ = ["DRAWN", "FOLDER", "NOTEBOOKS", "SHEET", "TAKEN", "WIDGET", "code_cells", "is_to_fail", "run"]

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

#: The kind of output that needs a kernel, and that stands beside others that do not.
WIDGET = "application/vnd.jupyter.widget-view+json"
#: Facts of a status line that are others a second later, as HTML and as text.
SECOND = re.compile(
    r'<span class="capflow-fact capflow-(?:budget|every|rest|next|rows)">[^<]*\d[^<]*</span>'
    r"| · (?:\d+ of \d+ requests left|[^·]*: (?:each )?every \d+ \w+|next at [\d:]+)(?= ·|>)"
)

#: Pictures of the README that the command line draws: what ``capflow fetch`` is asked for.
DRAWN = {"flow": ("HK.00700",)}
#: The one of several charts, which `tests.sheet` draws.
SHEET = "charts"
#: Pictures of the README that the tests take in a browser: what they call them.
TAKEN = {"dashboard": "dashboard", "recording": "recording"}


def run(path: Path, home: Path, moment: datetime | None = None) -> NotebookNode:
    """Return a notebook as it is after a run from top to bottom, in a kernel whose home is that folder.

    Parameters
    ----------
    path : Path
        The notebook; the file stays as it is.
    home : Path
        A folder for the kernel to work in; it is made where it is missing.
    moment : datetime, optional
        When it runs; by default now.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails that is not to.
    """
    home.mkdir(exist_ok=True)
    notebook = nbformat.read(path, as_version=4)
    if moment is not None:
        travel(home, moment)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(home)}},
    )
    client.execute(env=environment(home))
    return notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells that were to run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_to_fail(cell: NotebookNode) -> bool:
    """Return whether a cell shows an error on purpose."""
    return "raises-exception" in cell.metadata.get("tags", [])


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Take out of a notebook what tells of the machine and of the second, and what needs a kernel."""
    notebook.metadata.language_info.pop("version", None)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for data in (output["data"] for output in cell.get("outputs", []) if "data" in output):
            data.pop(WIDGET, None)
            data |= {kind: SECOND.sub("", text) for kind, text in data.items() if kind.startswith("text/")}
    return notebook


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as 01_tour; all by default")
    parser.add_argument("--browser", action="store_true", help="take the README's screenshots as well")
    options = parser.parse_args(arguments)
    for path in NOTEBOOKS:
        if not options.names or path.stem in options.names:
            _keep(path)
    for name, question in DRAWN.items():
        _draw(_picture(name), question)
    _run([sys.executable, "-m", "tests.sheet", str(_picture(SHEET))], _picture(SHEET))
    if options.browser:
        _take()
    return 0


def _keep(path: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        notebook = tidy(run(path, Path(home), EVENING))
    nbformat.write(notebook, path)
    print(path)


def _picture(name: str) -> Path:
    return FOLDER / "pictures" / f"{name}.png"


def _draw(path: Path, question: Sequence[str]) -> None:
    arguments = ["fetch", *question, "--url", "demo://", "--plot", str(path)]
    script = (
        "import sys, time_machine; from pd_capflow.__main__ import main\n"
        f"with time_machine.travel({EVENING.timestamp()!r}, tick=True): sys.exit(main({arguments}))"
    )
    _run([sys.executable, "-c", script], path)


def _run(command: Sequence[str], path: Path) -> None:
    """Run what draws a picture, where nobody's settings are."""
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(command, env=environment(Path(home)), stdout=subprocess.DEVNULL, check=True)
    print(path)


def _take() -> None:
    command = [sys.executable, "-m", "pytest", "-q", str(Path(__file__).with_name("browser"))]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(command, env={**os.environ, "CAPFLOW_SCREENSHOTS": folder}, check=True)
        for name, taken in TAKEN.items():
            shutil.copy(Path(folder, f"{taken}.png"), _picture(name))
            print(_picture(name))


if __name__ == "__main__":
    sys.exit(main())
