"""A recorder that can be killed: forks one after another from a process that has everything imported.

Usage: crashing.py URL STORE CLOCK_AT_MONOTONIC_0 SPEED ACKNOWLEDGED KILLS SEED WORKERS. Each child records
until it is killed, at a moment drawn at random; what it was told to be kept it writes down, and only then
goes on. The first is watched, for how long a life has to be on this machine for something to be kept in it.
Nothing of deltalake may run before the fork.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import exchange_calendars  # noqa: F401  # so that no child has to

import pd_capflow
from pd_capflow.store import Store
from pd_capflow.store.recorder import record

CODES = ["HK.00700", "HK.09988", "HK.00005", "HK.00941"]
SHORTEST_SPAN_S = 0.45


class Acknowledging(Store):
    """A store that writes down what it has kept, when it has."""

    acknowledged = Path()

    def write(self, frame):
        rows = super().write(frame)
        if frame.attrs["capflow"]["period"] == "intraday" and "in_flow" in frame:
            told = {code: [len(part), str(part.index[-1][1])] for code, part in frame.groupby("code")}
            with self.acknowledged.open("a", encoding="utf-8") as file:
                file.write(json.dumps(told) + "\n")
                file.flush()
                os.fsync(file.fileno())
        return rows


def live(url, path, origin, speed, acknowledged):
    begun = datetime.fromtimestamp(origin, UTC)
    store = Acknowledging(path, demo=True)
    store.acknowledged = acknowledged
    client = pd_capflow.connect(url, rate=None)

    def now():
        return begun + timedelta(seconds=time.monotonic() * speed)

    record(CODES, store, every="5s", until="forever", client=client, now=now, nap=0.01).wait()


def born(url, path, origin, speed, acknowledged):
    """Fork a recorder; return its process, and the file that it writes to."""
    child = os.fork()
    if not child:
        live(url, path, float(origin), float(speed), Path(f"{acknowledged}.{os.getpid()}"))
        os._exit(1)
    return child, Path(f"{acknowledged}.{child}")


def kill(child):
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it ended by itself"


def span_of_life(child, acknowledged):
    """Return how many seconds a recorder takes from its birth to the second answer that it keeps."""
    begun = time.monotonic()
    while not (acknowledged.exists() and acknowledged.read_text().count("\n") > 1):
        assert not os.waitpid(child, os.WNOHANG)[0], "it ended by itself"
        time.sleep(0.005)
    return max(time.monotonic() - begun, SHORTEST_SPAN_S)


def main(url, path, origin, speed, acknowledged, kills, seed, workers):
    chance = random.Random(int(seed))
    settings = url, path, origin, speed, acknowledged
    first, told = born(*settings)
    span = span_of_life(first, told)
    alive = [first]
    for _ in range(int(kills)):
        while len(alive) < int(workers):
            alive.append(born(*settings)[0])
        time.sleep(chance.uniform(0, span))
        kill(alive.pop(0))
    for child in alive:
        kill(child)


if __name__ == "__main__":
    main(*sys.argv[1:])
