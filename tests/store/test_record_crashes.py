"""Recorders that are killed, again and again: every row that was acknowledged is there, and none twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from pd_capflow.store import Store
from tests.store.crashing import CODES
from tests.store.markets import MORNING, Market

SPEED = 60.0
SCRIPT = Path(__file__).with_name("crashing.py")


def killed(market, origin, place, kills, workers):
    """Have recorders killed; return what they had been told to be kept: code, rows, time of the last."""
    arguments = [market.url, place / "flows", origin, SPEED, place / "acknowledged", kills, 5, workers]
    done = subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [line for path in place.glob("acknowledged.*") for line in path.read_text().splitlines()]
    return [(code, *told) for line in lines for code, told in json.loads(line).items()]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("kills", "workers"), [(200, 1), (40, 2)], ids=["one by one", "two at once"])
def test_a_recorder_that_is_killed_loses_nothing_and_keeps_nothing_twice(tmp_path, kills, workers):
    """Killed by SIGKILL at random points while it asks and commits, and started again each time."""
    with Market(MORNING, SPEED) as market:
        origin = MORNING.timestamp() - time.monotonic() * SPEED
        kept = killed(market, origin, tmp_path, kills, workers)
    store = Store(tmp_path / "flows", demo=True)
    assert len(kept) > kills  # most lived long enough to keep something of four codes
    assert store.verify(), store.verify()
    held = store.read(CODES)
    assert not held.index.duplicated().any()
    for code, rows, last in set(kept):
        mine = held.loc[code].index
        assert (mine <= pd.Timestamp(last)).sum() == rows
    with Market() as market:  # the same market after its close: what is there is completed, and nothing else
        assert market.record(CODES, store).wait(60)
        pd.testing.assert_frame_equal(store.read(CODES), market.client.capital_flow(CODES), check_exact=True)
    assert store.verify(), store.verify()
