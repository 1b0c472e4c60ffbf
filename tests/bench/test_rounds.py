"""Connect, fetch, close, ten thousand times over: memory, threads, files and tasks stay where they were."""

import asyncio
import gc
import os
import re
import subprocess
import sys
import threading

import psutil
import pytest

import pd_capflow
from pd_capflow.client.portal import current_portal

NIGHT = "2025-06-04T17:00+08:00"
ROUNDS = 10_000
WARM_UP = 1_000
BATCHES = 5
MIB = 1024 * 1024
GROWTH_MIB = 4.0  # what allocators move between two looks; a leak of 1 KiB a round would be 10


@pytest.fixture(scope="module")
def addresses():
    """A gateway in a process of its own, by TCP and by WebSocket."""
    options = ("--port", "0", "--websocket-port", "0", "--limit", "none", "--clock", NIGHT, "--speed", "0")
    command = [sys.executable, "-m", "pd_capflow", "gateway", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield re.findall(r"\w+://[\d.]+:\d+", process.stdout.readline())
        process.kill()


@pytest.fixture(params=["tcp", "ws"])
def address(request, addresses):
    (found,) = (address for address in addresses if address.startswith(request.param))
    return found


def rounds(address, count):
    for _ in range(count):
        with pd_capflow.connect(address, rate=None) as client:
            assert len(client.capital_flow("HK.00700"))


async def _tasks():
    return len(asyncio.all_tasks())


def held():
    """What this process holds on to: MiB, threads, open files, tasks of the I/O thread."""
    gc.collect()
    process = psutil.Process(os.getpid())
    tasks = current_portal().run(_tasks())
    return process.memory_info().rss / MIB, (threading.active_count(), process.num_fds(), tasks)


@pytest.mark.timeout(0)
def test_rounds(address, benchmark):
    rounds(address, WARM_UP)
    memory, others = held()
    benchmark.pedantic(rounds, (address, ROUNDS // BATCHES), rounds=BATCHES)
    memory_after, others_after = held()
    benchmark.extra_info["MiB"] = round(memory_after - memory, 2)
    assert others_after == others
    assert memory_after - memory < GROWTH_MIB
