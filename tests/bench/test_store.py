"""What a store of 1, 10 and 50 million rows takes for each thing that users do, in a table at the end.

A store of a year of 12 codes has a million rows; the others have ten times and fifty times the codes.
``PD_CAPFLOW_BENCH_MILLIONS`` says which are built, such as ``1,10,50``; by default the first two.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pd_capflow

HERE = Path(__file__).parent
DAYS = 250
CODES = {1: 12, 10: 120, 50: 604}
MILLIONS = [int(text) for text in os.environ.get("PD_CAPFLOW_BENCH_MILLIONS", "1,10").split(",")]
TASKS = {
    "code-day": "one code, one day",
    "code-year": "one code, a year",
    "day": "all codes, one day",
    "top": "top 20 of a day",
    "write": "write a day of 500 codes",
}


def run(path, task, *sizes):
    package = str(Path(pd_capflow.__file__).parents[1])
    paths = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, str(HERE / "store_worker.py"), str(path), task, *map(str, sizes)]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, check=True, capture_output=True)
    return json.loads(done.stdout) if done.stdout else None


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Stores by their number of codes and days, each built once."""
    built = {}

    def of(codes, days):
        if (codes, days) not in built:
            built[codes, days] = tmp_path_factory.mktemp("stores") / f"{codes}"
            run(built[codes, days], "build", codes, days)
        return built[codes, days]

    return of


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("millions", MILLIONS)
def test_store(task, millions, stores, store_table):
    codes = CODES[millions]
    told = run(stores(codes, DAYS), task)
    store_table.append((TASKS[task], f"{millions} M rows, {codes} codes", told))
    wanted = {"code-day": 331, "code-year": 331 * DAYS, "day": 331 * codes, "write": 331 * 500}
    assert told["rows"] >= wanted.get(task, min(20, codes))


@pytest.mark.timeout(1800)
def test_the_ranking_of_a_day_of_a_thousand_codes(stores, store_table):
    told = run(stores(1000, 10), "top")
    store_table.append((TASKS["top"], "3.3 M rows, 1,000 codes", told))
    assert told["rows"] == 20
