"""Stores of little data, in as many partitions as much data would make."""

from __future__ import annotations

import os

import pytest

from pd_capflow.store import Store
from pd_capflow.store.scale import frames
from tests.store.scale.recorded import DAYS, frame_of

#: What a worker may use, in bytes.
MEMORY = 480_000_000


@pytest.fixture
def store_of(tmp_path):
    """Make a store of codes, with the rows of each session written on its day."""

    def make(codes, period="intraday"):
        store = Store(tmp_path / "store")
        for number, day in enumerate(DAYS):
            store.write(frame_of(codes, [day], period, seed=100 * number))
        return store

    return make


@pytest.fixture
def small_partitions(monkeypatch):
    """Hold the rows of two codes' days, or of one code's minutes, in a partition."""
    whole = frames.dask_frame

    def cut(*args, period, **options):
        return whole(*args, **options, period=period, rows=300 if period == "intraday" else 15)

    monkeypatch.setattr(frames, "dask_frame", cut)


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """Start two workers in processes of their own, each with a limit to its memory."""
    from distributed import Client, LocalCluster

    folder = tmp_path_factory.mktemp("cluster")
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            memory_limit=MEMORY,
            dashboard_address="127.0.0.1:0",  # any free port: without one it asks for 8787
            env={"XDG_CACHE_HOME": str(folder), "PD_CAPFLOW_CONFIG": os.devnull},
            local_directory=str(folder),
        ) as started,
        Client(started, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def cluster(workers):
    """Give both workers, also after a test that killed one."""
    workers.wait_for_workers(2, timeout=60)
    with workers.as_current():
        yield workers
