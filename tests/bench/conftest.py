"""The processes that are measured, and the table at the end."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

import pd_capflow

HERE = Path(__file__).parent
TABLE = pytest.StashKey()
MEASURES = pytest.StashKey()
CHARTS = pytest.StashKey()
STORES = pytest.StashKey()


class Worker:
    """A contender's process; see ``worker.py``."""

    def __init__(self, process):
        self._process = process
        self.start = json.loads(process.stdout.readline())

    def do(self, task, rounds=1):
        self._process.stdin.write(json.dumps([task, rounds]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def started(script, *arguments, home):
    """Run a script of this folder with the pd_capflow of this process, installed or not."""
    package = str(Path(pd_capflow.__file__).parents[1])
    paths = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, str(HERE / script), *map(str, arguments)],
        env={**os.environ, "HOME": str(home), "USERPROFILE": str(home), "PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A home directory for the SDK to write its logs into."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def port(home):
    """The port of the gateway that answers from memory."""
    with started("canned_gateway.py", home=home) as process:
        yield int(process.stdout.readline())


@pytest.fixture(scope="session")
def worker(port, home):
    """Return a context manager that starts a contender: ``"sdk"`` or ``"ours"``."""

    @contextmanager
    def start(contender):
        with started("worker.py", contender, port, home=home) as process:
            yield Worker(process)

    return start


@pytest.fixture(scope="session")
def table(request):
    """Rows ``(what, unit, {contender: value}, aim)`` of the table at the end of the run."""
    return request.config.stash.setdefault(TABLE, [])


@pytest.fixture(scope="session")
def measures_table(request):
    """Rows ``(what, milliseconds)`` of a second table: measures of a thousand codes."""
    return request.config.stash.setdefault(MEASURES, [])


@pytest.fixture(scope="session")
def charts_table(request):
    """Rows ``(what, milliseconds to make, milliseconds to draw, aim)`` of a third table: charts."""
    return request.config.stash.setdefault(CHARTS, [])


@pytest.fixture(scope="session")
def store_table(request):
    """Rows ``(what, of what store, what the worker told)`` of a fourth table: the store."""
    return request.config.stash.setdefault(STORES, [])


def pytest_terminal_summary(terminalreporter, config):
    if stored := sorted(config.stash.get(STORES, []), key=lambda row: row[0]):
        terminalreporter.section("the store: first time, medians after it, the processor's too, and memory")
        terminalreporter.line(f"{'':<28}{'':<26}{'first':>10}{'after':>10}{'processor':>11}{'memory':>10}")
        for what, where, told in stored:
            times = f"{told['first']:>7,.0f} ms{told['warm']:>7,.1f} ms{told['processor']:>8,.1f} ms"
            terminalreporter.line(f"{what:<28}{where:<26}{times}{told['memory']:>7,.0f} MB")
    if drawn := config.stash.get(CHARTS, []):
        terminalreporter.section("charts, medians of processor time after the first")
        terminalreporter.line(f"{'':<36}{'made':>10}{'drawn':>10}{'both':>10}{'aim':>8}")
        for what, made, painted, aim in drawn:
            terminalreporter.line(
                f"{what:<36}{made:>7,.0f} ms{painted:>7,.0f} ms{made + painted:>7,.0f} ms{aim:>8}"
            )
    if measured := config.stash.get(MEASURES, []):
        terminalreporter.section("measures of 1,000 codes x 250 days, medians")
        for what, milliseconds in measured:
            terminalreporter.line(f"{what:<24}{milliseconds:>9,.1f} ms")
    rows = config.stash.get(TABLE, [])
    if not rows:
        return
    terminalreporter.section("pd_capflow beside the vendor's SDK, medians")
    terminalreporter.line(f"{'':<44}{'SDK':>12}{'ours':>12}{'ratio':>9}{'aim':>7}")
    for what, unit, sdk, ours, aim in rows:
        wanted = f"{aim:g}" if aim else ""
        terminalreporter.line(
            f"{what:<44}{sdk:>9,.2f} {unit:<2}{ours:>9,.2f} {unit:<2}{sdk / ours:>8.1f}x{wanted:>6}"
        )
