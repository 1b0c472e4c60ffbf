"""A store put in order, and looked over."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pandas.testing import assert_frame_equal

from pd_capflow.errors import CapflowWarning, StoreError
from pd_capflow.flow.frames import FLOW, Columns, build_frame
from pd_capflow.security import Security
from pd_capflow.store import Store
from tests.store.conftest import REAL

DAYS = ("2026-01-05", "2026-01-06", "2026-01-07", "2026-01-12")


@pytest.fixture
def held(store, poll):
    """A store of two weeks, written a code at a time."""
    for day in DAYS:
        for code in ("HK.00700", "HK.00005", "HK.00388"):
            store.write(poll({code: {"09:30": 1, "09:31": 2, "09:32": float(day[-2:])}}, day))
    return store


def table_of(store):
    return DeltaTable(f"{store.path}/intraday")


def test_compaction_leaves_one_sorted_file_a_week_and_every_row(held):
    before = held.read()
    assert len(table_of(held).file_uris()) == 12
    assert held.compact() == 2
    assert len(table_of(held).file_uris()) == 2
    assert_frame_equal(held.read(), before, check_exact=True)
    assert held.read().attrs == before.attrs
    assert held.compact() == 0


def test_what_was_replaced_is_kept_and_removed_when_it_is_old(held):
    replaced = set(table_of(held).file_uris())
    held.compact(keep="2h")
    assert all(Path(file).exists() for file in replaced)
    for keep in ("10min", "soon", "-1D"):
        with pytest.raises(StoreError, match="keep="):
            held.compact(keep=keep)


def test_where_a_replaced_file_is_gone_as_of_says_how_far_back_it_goes(held):
    version = int(held.versions().query("table == 'intraday'")["version"].max())
    replaced = set(table_of(held).file_uris())
    held.compact()
    for file in replaced:
        Path(file).unlink()
    assert held.verify().clean
    with pytest.raises(StoreError, match="as_of goes back to what compact"):
        held.read("HK.00700", as_of=version)


def test_files_of_writers_that_died_are_removed_when_they_are_old(held):
    orphan = Path(held.path) / "intraday" / "week=2026-01-05" / "part-dead.parquet"
    orphan.write_bytes(b"half a file")
    os.utime(orphan, (1, 1))
    held.compact()
    assert not orphan.exists()
    assert held.verify().clean


def test_a_sound_store_is_found_sound(held):
    report = held.verify()
    assert report
    assert (report.rows, report.files) == (36, 12)
    assert str(report) == f"store {held.path}: 36 rows in 12 files, all well"


def problems(store):
    report = Store(store.path).verify()
    assert not report
    return str(report)


def spoil(store, change):
    """Write rows that the store itself would never write."""
    table = table_of(store)
    rows = table.to_pandas().head(3)

    schema = pa.schema(table.schema().to_arrow())
    write_deltalake(
        table, pa.Table.from_pandas(change(rows), schema=schema, preserve_index=False), mode="append"
    )


def test_rows_that_are_there_twice_are_found(held):
    spoil(held, lambda rows: rows)
    assert "3 rows are there twice" in problems(held)


def test_answers_that_were_taken_twice_are_found(held):
    rows = table_of(held).to_pandas().head(3).assign(code="HK.00001")
    spoil(held, lambda _: rows)
    spoil(held, lambda _: rows.head(2).assign(nth=1))
    assert Store(held.path).verify()  # a gateway may have sent two of three times twice
    spoil(held, lambda _: rows.tail(1).assign(nth=1))
    assert f"every row of HK.00001 of {rows['session'].iloc[0]} is there more than once" in problems(held)


def test_rows_of_another_day_than_their_session_are_found(held):
    spoil(held, lambda rows: rows.assign(session=rows["week"] + dt.timedelta(days=4)))
    assert "3 rows are of another day than the session" in problems(held)


def test_demo_data_in_a_store_of_real_data_is_found(held):
    spoil(held, lambda rows: rows.assign(code="HK.00001", url="demo://"))
    assert "3 rows are demo data" in problems(held)


def test_rows_without_a_time_are_found_and_left_out_with_a_warning(held):
    """An older version took them, and what had one could not be served any more."""
    before = held.read()
    spoil(held, lambda rows: rows.assign(time=None))
    assert "3 rows are without a time, and left out where the store is read" in problems(held)
    with pytest.warns(CapflowWarning, match="3 rows without a time are left out") as caught:
        read = held.read()
    assert caught[0].filename == __file__
    assert_frame_equal(read, before)
    spoil(held, lambda rows: rows.assign(time=None, code="HK.00001"))
    with pytest.warns(CapflowWarning), pytest.raises(StoreError, match=r"nothing is recorded of HK\.00001"):
        held.read("HK.00001")


def test_a_missing_file_is_found(held):
    Path(table_of(held).file_uris()[0]).unlink()
    assert "the file is missing" in problems(held)
    with pytest.raises(StoreError, match="a file of the store is missing"):
        Store(held.path).read()


def test_a_damaged_file_is_found(held):
    file = Path(table_of(held).file_uris()[0])
    file.write_bytes(file.read_bytes()[:100])
    assert "cannot be read" in problems(held)
    with pytest.raises(StoreError, match=held.path):
        Store(held.path).read()


def test_a_table_that_contradicts_the_store_is_found(held, poll):
    held.write(poll({"HK.00700": {"00:00": 1}}, period="day"))
    table = DeltaTable(f"{held.path}/periods")
    table.alter.set_table_properties({"capflow.demo": "true"}, raise_if_not_exists=False)
    assert "periods, the table: it says another thing" in problems(held)


def test_a_damaged_file_or_log_is_told_whatever_is_done(held):
    file = next(iter((Path(held.path) / "intraday").rglob("*.parquet")))
    file.write_bytes(file.read_bytes()[:100])
    again = Store(held.path)
    for do in (again.read, again.compact, again.codes):
        with pytest.raises(StoreError, match=r"a file of the store is damaged: verify\(\) tells which"):
            do()
    log = max((Path(held.path) / "intraday" / "_delta_log").glob("*.json"))
    log.write_text(log.read_text()[:100])
    with pytest.raises(StoreError, match="its log is damaged; put it back from a copy"):
        Store(held.path)


@pytest.mark.parametrize(
    "other", [pd.DataFrame({"a": [1]}), pd.DataFrame({"code": [1], "session": [1], "time": [1]})]
)
def test_a_file_of_other_columns_is_told_whatever_is_done(held, other):
    file = next(iter((Path(held.path) / "intraday").rglob("*.parquet")))
    other.to_parquet(file)
    again = Store(held.path)
    named = f"another file is in the place .*copy of the store .*{file.name} is no file of this store"
    assert re.search(named, problems(held))
    for do in (
        again.read,
        again.codes,
        again.days,
        again.gaps,
        again.compact,
        lambda: again.dask().compute(),
    ):
        with pytest.raises(StoreError, match=f"store {held.path}: {named}"):
            do()


def test_a_missing_file_stops_compaction_with_what_to_do(held):
    next(iter((Path(held.path) / "intraday").rglob("*.parquet"))).unlink()
    with pytest.raises(StoreError, match=r"a file of the store is missing: verify\(\) tells which"):
        Store(held.path).compact()


def test_a_store_whose_log_is_gone_is_not_begun_anew_over_its_files(held, poll):
    shutil.rmtree(Path(held.path) / "intraday" / "_delta_log")
    with pytest.raises(StoreError, match="intraday holds files and no log"):
        Store(held.path).write(poll({"HK.00700": {"09:30": 1}}))
    assert list((Path(held.path) / "intraday").rglob("*.parquet"))


def test_a_large_week_becomes_several_sorted_files_and_is_left_alone_then(store):
    minutes = pd.date_range("2026-01-05 09:30", periods=331, freq="min", tz="Asia/Hong_Kong").as_unit("us")
    codes = [Security.parse(f"HK.{number:05}") for number in range(1, 301)]
    random = np.random.default_rng(7)
    parts = {code: Columns(minutes.asi8, random.normal(size=(331, 6)), None) for code in codes}
    frame = build_frame(FLOW, codes, parts, period="intraday", single=False, source=REAL)
    names = list(map(str, codes))
    for some in (names[::2], names[1::2]):
        store.write(_of(frame, some))
    assert store.compact() == 1
    bounds = pa.table(table_of(store).get_add_actions(flatten=True)).select(["min.code", "max.code"])
    least, most = (sorted(column.to_pylist()) for column in bounds.columns)
    assert len(least) > 1
    assert all(before <= after for before, after in zip(most[:-1], least[1:], strict=True))
    assert_frame_equal(store.read(names), frame, check_exact=True)
    assert store.compact() == 0


def _of(frame, codes):
    some = frame.loc[codes]
    some.attrs["capflow"] |= {"codes": codes, "last_valid_time": dict.fromkeys(codes)}
    return some
