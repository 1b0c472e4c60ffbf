"""What is read, and of which version: nothing but what a partition holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from dask.dataframe.dask_expr.io import FromMap
from deltalake import DeltaTable

from pd_capflow.errors import QueryError, StoreError
from pd_capflow.store import Store
from tests.store.scale.recorded import DAYS, HONG_KONG, frame_of

CODES = sorted(HONG_KONG)


@pytest.fixture
def by_code(tmp_path):
    """Return a store of two weeks of which every file holds the rows of one code and week."""
    store = Store(tmp_path / "store")
    for code in CODES:
        for week in (DAYS[:5], DAYS[5:]):
            store.write(frame_of([code], week, "intraday"))
    return store


def files_of(store):
    """Return code and week of each file, by its path."""
    actions = DeltaTable(f"{store.path}/intraday").get_add_actions(flatten=True)
    names = ("path", "min.code", "partition.week")
    paths, codes, weeks = (actions.column(name).to_pylist() for name in names)
    return {Path(store.path, "intraday", path): told for path, *told in zip(paths, codes, weeks, strict=True)}


def test_files_of_other_codes_and_weeks_are_not_read(by_code, small_partitions):
    """They are deleted, and only who asks for their rows notices."""
    lazy = by_code.dask()
    later = by_code.dask(CODES[1], start=DAYS[5])
    expected = by_code.read(CODES[1], start=DAYS[5])
    assert lazy.npartitions == len(CODES)
    gone = [path for path, told in files_of(by_code).items() if told != [CODES[1], DAYS[5]]]
    assert len(gone) == 2 * len(CODES) - 1
    for path in gone:
        path.unlink()
    pd.testing.assert_frame_equal(later.compute(), expected)
    with pytest.raises(StoreError, match="a file of the store is missing"):
        lazy.partitions[1].compute()


def test_a_partition_reads_its_own_codes(by_code, small_partitions):
    lazy, expected = by_code.dask(), by_code.read([CODES[1]])
    for path, (code, _) in files_of(by_code).items():
        if code != CODES[1]:
            path.unlink()
    pd.testing.assert_frame_equal(lazy.partitions[1].compute(), expected)


def test_only_the_columns_that_are_used_are_read(by_code):
    """Dask asks the partitions for them, so that Parquet leaves out the others."""
    (root,) = by_code.dask()["in_flow"].optimize(fuse=False).expr.find_operations(FromMap)
    assert list(root.columns) == ["in_flow"]
    lazy = by_code.dask(columns=["in_flow", "big_in_flow"])
    pd.testing.assert_frame_equal(lazy.compute(), by_code.read(columns=["in_flow", "big_in_flow"]))


def test_what_is_recorded_or_compacted_later_changes_no_answer(by_code, small_partitions):
    lazy, expected = by_code.dask(), by_code.read()
    by_code.write(frame_of(CODES, DAYS[6:], "intraday", seed=99))
    by_code.compact()
    assert not by_code.read().equals(expected)
    pd.testing.assert_frame_equal(lazy.compute(), expected)


def test_an_earlier_version_is_read(tmp_path):
    store = Store(tmp_path / "store")
    store.write(frame_of(CODES[:2], DAYS[:1], "intraday"))
    first = int(store.versions().query("table == 'intraday'")["version"].max())
    expected = store.read()
    store.write(frame_of(CODES, DAYS[:2], "intraday", seed=2))
    pd.testing.assert_frame_equal(store.dask(as_of=first).compute(), expected)


def test_one_code_alone_has_no_level_of_codes(by_code):
    lazy = by_code.dask("HK.00700", DAYS[1], DAYS[2])
    expected = by_code.read("HK.00700", DAYS[1], DAYS[2])
    assert lazy.npartitions == 1
    pd.testing.assert_frame_equal(lazy.compute(), expected)
    pd.testing.assert_frame_equal(lazy.capflow.delta().compute(), expected.capflow.delta())


def test_facts_are_known_before_rows_are_read(by_code):
    facts = by_code.dask().capflow.facts
    told = {name: facts[name] for name in ("codes", "period", "cumulative", "currency", "tz")}
    assert told == {
        "codes": CODES,
        "period": "intraday",
        "cumulative": True,
        "currency": "HKD",
        "tz": "Asia/Hong_Kong",
    }


def test_what_is_not_there_is_told_at_once(tmp_path, by_code):
    with pytest.raises(StoreError, match="no store there"):
        Store(tmp_path / "nothing").dask()
    with pytest.raises(StoreError, match=r"nothing is recorded of US.AAPL"):
        by_code.dask(["HK.00700", "US.AAPL"])
    with pytest.raises(StoreError, match="nothing is recorded of any code from 2020-01-01"):
        by_code.dask(start="2020-01-01", end="2020-01-02")
    with pytest.raises(QueryError, match="nonsense"):
        by_code.dask(columns=["nonsense"])


def test_without_dask_the_door_says_what_to_install(by_code, monkeypatch):
    monkeypatch.setitem(sys.modules, "pd_capflow.store.scale", None)
    with pytest.raises(StoreError, match=r"pip install 'pd_capflow\[dask\]'"):
        by_code.dask()


def test_a_store_loads_no_dask():
    code = "import sys, pd_capflow.store; sys.exit('dask' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
