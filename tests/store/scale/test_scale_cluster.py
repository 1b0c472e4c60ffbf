"""Two workers measure more rows than the memory of either holds, also when one is killed in the middle."""

from __future__ import annotations

import os
import signal

import dask
import numpy as np
import pandas as pd
import pytest
from distributed import as_completed, futures_of

from tests.store.scale.conftest import MEMORY
from tests.store.scale.plenty import CODES, fill
from tests.store.scale.recorded import HONG_KONG

WEEKS = 9
SAMPLE = [CODES[0], CODES[299], CODES[-1]]


def strongest(frame):
    """Return each code's largest flow of a minute, how many minutes have one, and the last streak."""
    own, streak = frame.capflow.delta()["in_flow"], frame.capflow.streak()
    largest = own.groupby(level="code", sort=False).agg(["max", "count"])
    return largest.assign(streak=streak.groupby(level="code", sort=False).last())


def sums(frame):
    return np.array([frame["in_flow"].abs().sum(), float(len(frame))])


@pytest.fixture(scope="module")
def plenty(tmp_path_factory):
    store, rows = fill(tmp_path_factory.mktemp("plenty") / "store", WEEKS)
    row = store.read(SAMPLE[0]).memory_usage().sum() / len(store.read(SAMPLE[0]))
    assert rows * row > MEMORY
    return store


@pytest.fixture(scope="module")
def expected(plenty):
    return strongest(plenty.read(SAMPLE))


def test_every_kind_of_measure_runs_on_a_cluster(store_of, small_partitions, cluster):
    """Of each partition alone, of all of them, and of rows that the workers hold."""
    store = store_of(HONG_KONG)
    lazy, frame = store.dask(), store.read()
    held = lazy.capflow.persist()
    assert len(futures_of(held)) == held.npartitions > 1
    pd.testing.assert_frame_equal(held.capflow.delta().capflow.compute(), frame.capflow.delta())
    pd.testing.assert_series_equal(lazy.capflow.zscore(4).compute(), frame.capflow.zscore(4))
    pd.testing.assert_frame_equal(lazy.capflow.rank(n=2).compute(), frame.capflow.rank(n=2))


def test_more_rows_than_a_worker_holds(plenty, expected, cluster):
    lazy = plenty.dask()
    parts = [dask.delayed(strongest)(part) for part in lazy.to_delayed()]
    found = pd.concat(cluster.gather(cluster.compute(parts)))
    pd.testing.assert_frame_equal(found.loc[SAMPLE], expected)
    assert len(found) == len(CODES) + 1


def test_a_worker_killed_in_the_middle_changes_nothing(plenty, expected, cluster):
    """Killed for good, with the partitions that it had: these are read again by the other."""
    victim, pid = min(cluster.run(os.getpid).items())
    lazy = plenty.dask(CODES[:150]).capflow.delta()
    futures = cluster.compute([dask.delayed(sums)(part) for part in lazy.to_delayed()])
    next(as_completed(futures))
    assert any(future.status == "pending" for future in futures)
    os.kill(pid, signal.SIGKILL)
    total = sum(cluster.gather(futures))
    assert victim not in cluster.nthreads()
    alone = [dask.delayed(sums)(part) for part in lazy.to_delayed()]
    np.testing.assert_array_equal(total, sum(dask.compute(*alone, scheduler="sync")))
