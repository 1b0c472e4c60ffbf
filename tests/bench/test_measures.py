"""What each measure costs on 1,000 codes of 250 days, in a table at the end."""

import numpy as np
import pandas as pd
import pytest

from pd_capflow.flow import measures
from pd_capflow.flow.frames import DISTRIBUTION, FLOW, Columns, build_frame
from pd_capflow.security import Security

CODES, DAYS = 1_000, 250
SOURCE = {"url": "tcp://127.0.0.1:11111", "demo": False}
MEASURES = {
    **{name: getattr(measures, name) for name in sorted(set(measures.__all__) - {"Thresholds"})},
    "resample": lambda frame: measures.resample(frame, "W"),
}


def made(shape):
    random = np.random.default_rng(7)
    times = pd.date_range("2025-01-02", periods=DAYS, freq="B", tz="Asia/Hong_Kong").as_unit("us").asi8
    parts = {
        Security("HK", f"{number:05}"): Columns(times, random.normal(size=(DAYS, len(shape.columns))) * 1e7)
        for number in range(1, CODES + 1)
    }
    return build_frame(shape, list(parts), parts, period="day", single=False, source=SOURCE)


@pytest.fixture(scope="module")
def frames():
    flow = made(FLOW)
    steps = np.random.default_rng(8).normal(0, 0.02, (CODES, DAYS))
    flow["close"] = (100 * np.exp(steps.cumsum(axis=1))).ravel()
    flow["turnover"] = 1e9
    return {"flow": flow, "totals": measures.cumulative(flow), "gross": made(DISTRIBUTION).abs()}


@pytest.mark.parametrize("name", MEASURES)
def test_measure(benchmark, measures_table, frames, name):
    frame = frames["gross" if name == "imbalance" else "flow"]
    found = benchmark.pedantic(MEASURES[name], (frame,), rounds=7, warmup_rounds=1)
    measures_table.append((name, benchmark.stats.stats.median * 1e3))
    assert name in ("is_cumulative", "rank", "resample", "tiers") or len(found) == len(frame)


@pytest.mark.parametrize("name", ["delta", "rolling", "zscore"])
def test_measure_of_running_totals(benchmark, measures_table, frames, name):
    found = benchmark.pedantic(MEASURES[name], (frames["totals"],), rounds=7, warmup_rounds=1)
    measures_table.append((f"{name} of totals", benchmark.stats.stats.median * 1e3))
    assert len(found) == CODES * DAYS
