"""Stores of little data, in as many partitions as much data would make."""

from __future__ import annotations

import pytest

from pd_capflow.store import Store
from pd_capflow.store.scale import frames
from tests.store.scale.recorded import DAYS, frame_of


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
