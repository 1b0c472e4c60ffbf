"""A dashboard of four codes: what a refresh costs, and that a thousand of them leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import subprocess
import sys
import threading
import time

import psutil
import pytest
from ipywidgets.widgets.widget import _instances

import pd_capflow
from pd_capflow.client.portal import current_portal
from pd_capflow.notebook.dashboard import studio, wish

AFTERNOON = "2026-01-05T15:25+08:00"
CODES = ["HK.00700", "HK.09988", "HK.00005", "HK.03690"]
MIB = 1024 * 1024
WARM_UP, REFRESHES, ROUNDS = 200, 1_000, 5
INTERVAL = 0.15  # longer than a refresh takes, so that each is drawn
AIM_MS = 60.0
MEASURED_TEXTS = (
    5  # objects of a refresh that matplotlib keeps: the sizes of the last 4,096 texts it measured
)
GROWTH_MIB = 8.0  # what allocators move between two looks; a leak of 10 KiB a refresh would be 10


@pytest.fixture
def address():
    """A gateway in a process of its own, whose clock shows another second at every refresh."""
    options = ("--port", "0", "--limit", "none", "--clock", AFTERNOON, "--speed", "8")
    command = [sys.executable, "-m", "pd_capflow", "gateway", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield re.search(r"tcp://[\d.]+:\d+", process.stdout.readline())[0]
        process.kill()


class Table:
    """Prints its rows ``(what, unit, value, aim)`` when all tests are done."""

    def __init__(self):
        self.rows = []

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.section("the dashboard")
        for what, unit, value, aim in self.rows:
            terminalreporter.line(f"{what:<56}{value:>9,.1f} {unit:<4}{f'(aim {aim:g})':>12}")


@pytest.fixture
def dashboard_table(request):
    """Such a table."""
    table = Table()
    request.config.pluginmanager.register(table)
    return table.rows


@pytest.fixture
def board(address, monkeypatch):
    """A dashboard that is refreshed far more often than anybody would have it."""
    monkeypatch.setattr(wish, "_SHORTEST", 0.01)
    pd_capflow.configure(rate=None)
    with pd_capflow.dashboard(CODES, url=address, interval=INTERVAL) as board:
        board.wait(WARM_UP, timeout=300)
        yield board


async def _tasks():
    return len(asyncio.all_tasks())


def held(board):
    """What this process holds on to.

    MiB; objects; and how many threads, open files, tasks of the I/O thread, widgets and figures.
    """
    board.stop()
    board._screen.wait_until(lambda: not board.status.is_running, 60)
    studio._studio._pool.submit(int).result()  # comes after all drawings: nobody makes objects any more
    gc.collect()
    process = psutil.Process(os.getpid())
    objects = gc.get_objects()
    figures = sum(type(each).__name__ == "Figure" for each in objects)
    counts = (
        threading.active_count(),
        process.num_fds(),
        current_portal().run(_tasks()),
        len(_instances),
        figures,
    )
    memory = process.memory_info().rss / MIB
    board.start()
    return memory, len(objects), counts


@pytest.mark.timeout(0)
def test_a_thousand_refreshes(board, dashboard_table):
    """Python time is that of all threads of this process: to ask, to read, to draw, to tell the widgets."""
    memory, objects, others = held(board)
    costs = []
    for _ in range(ROUNDS):
        before, since = board.status.refreshes, time.process_time()
        board.wait(REFRESHES // ROUNDS, timeout=600)
        costs.append((time.process_time() - since) / (board.status.refreshes - before) * 1e3)
    memory_after, objects_after, others_after = held(board)
    median = sorted(costs)[len(costs) // 2]
    dashboard_table.append(("a dashboard's refresh, 4 codes, Python time", "ms", median, AIM_MS))
    dashboard_table.append(("memory grown over 1,000 refreshes", "MiB", memory_after - memory, GROWTH_MIB))
    assert others_after == others
    assert objects_after - objects < MEASURED_TEXTS * REFRESHES, "objects are left of every refresh"
    assert memory_after - memory < GROWTH_MIB
