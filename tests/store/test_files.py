"""Which rows come out of a table's files, however these were written and wherever they are."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, WriterProperties, write_deltalake

from pd_capflow.store import Store
from pd_capflow.store.files import Files, Wanted
from pd_capflow.store.layout import INTRADAY
from pd_capflow.store.rows import arrow_of, rows_from
from pd_capflow.store.table import WRITER

DAYS = ("2026-01-05", "2026-01-06", "2026-01-07", "2026-01-09", "2026-01-13", "2026-01-14")
CODES = ("HK.00005", "HK.00388", "HK.00700", "HK.09988", "HK.09999")
MINUTES = [f"09:{minute}" for minute in range(30, 37)]
# As files were written before they were split by bytes.
BEFORE = WriterProperties(compression="ZSTD", max_row_group_size=10)
QUESTIONS = (
    Wanted(),
    Wanted(codes=["HK.00700"]),
    Wanted(codes=["HK.09999", "HK.00005"]),
    Wanted(codes=["HK.00001"]),
    Wanted(first=date(2026, 1, 6), last=date(2026, 1, 7)),
    Wanted(first=date(2026, 1, 7)),
    Wanted(last=date(2026, 1, 6)),
    Wanted(codes=["HK.00388", "HK.09988"], first=date(2026, 1, 6), last=date(2026, 1, 13)),
)


@pytest.fixture
def filled(store, poll):
    """Return a function that fills the store: some files of each week, with few rows in a group."""

    def fill(*, mixed):
        store.write(poll({"HK.00003": {"09:30": 1}}, "2026-01-19"))
        for number, days in enumerate((DAYS[:2], DAYS[2:4], DAYS[4:])):
            rows = pa.concat_tables([rows_of(poll, day) for day in days])
            order = np.random.default_rng(number).permutation(len(rows)) if mixed else None
            rows = rows.sort_by([("code", "ascending"), ("time", "ascending")])
            rows = rows if order is None else rows.take(pa.array(order))
            few = WriterProperties(
                compression="LZ4_RAW", max_row_group_size=3, column_properties=WRITER.column_properties
            )
            write_deltalake(f"{store.path}/intraday", rows, mode="append", writer_properties=few)
        return store

    return fill


def rows_of(poll, day):
    parts = {code: dict.fromkeys(MINUTES, float(number) * int(day[-2:])) for number, code in enumerate(CODES)}
    return arrow_of(rows_from(poll(parts, day), INTRADAY), INTRADAY)


def files_of(store, *, far=False):
    path = f"{store.path}/intraday"
    return Files(DeltaTable(path), INTRADAY, f"file://{path}" if far else path)


def held(rows):
    """Return rows as text, in one order."""
    plain = rows.cast(pa.schema([INTRADAY.schema.field(name) for name in rows.schema.names]))
    return plain.sort_by([("code", "ascending"), ("time", "ascending")]).to_pylist()


def looked_for(store, wanted):
    """Return the rows of a question found without the store: by looking at each."""
    rows = DeltaTable(f"{store.path}/intraday").to_pyarrow_table().select(INTRADAY.schema.names)
    keep = pa.array(np.ones(len(rows), bool))
    if wanted.codes is not None:
        keep = pc.and_(keep, pc.is_in(rows["code"], value_set=pa.array(wanted.codes, rows["code"].type)))
    for bound, kept in ((wanted.first, pc.greater_equal), (wanted.last, pc.less_equal)):
        keep = keep if bound is None else pc.and_(keep, kept(rows["session"], bound))
    return rows.filter(keep)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("wanted", QUESTIONS)
def test_the_rows_asked_for_come_and_no_others(filled, wanted, mixed):
    store = filled(mixed=mixed)
    expected = held(looked_for(store, wanted))
    assert held(files_of(store).rows(wanted, INTRADAY.schema.names)) == expected
    amounts = ["in_flow", "empty"]  # without what is looked at to choose them
    found = files_of(store).rows(wanted, amounts)
    assert found.schema.names == amounts
    assert sorted(found["in_flow"].to_pylist()) == sorted(row["in_flow"] for row in expected)


@pytest.mark.parametrize("wanted", QUESTIONS)
def test_files_far_away_hold_the_same(filled, wanted):
    store = filled(mixed=False)
    near, far = files_of(store), files_of(store, far=True)
    assert far.far
    assert not near.far
    names = INTRADAY.schema.names
    assert far.rows(wanted, names).equals(near.rows(wanted, names))


def test_what_comes_piece_by_piece_is_the_same(filled):
    store = filled(mixed=False)
    wanted = Wanted(first=date(2026, 1, 6))
    batches = list(files_of(store).batches(wanted, ["code", "in_flow"]))
    assert len(batches) > 1
    expected = looked_for(store, wanted).select(["code", "in_flow"]).to_pylist()
    found = [row for batch in batches for row in batch.to_pylist()]
    assert sorted(map(str, found)) == sorted(map(str, expected))


def test_files_written_as_before_are_read_and_need_no_new_order(store, poll):
    store.write(poll({"HK.00700": {"09:30": 1, "09:31": 2}}, "2026-01-05"))
    before = rows_of(poll, "2026-01-13")
    write_deltalake(f"{store.path}/intraday", before, mode="append", writer_properties=BEFORE)
    assert store.verify().clean
    assert len(store.read(CODES, "2026-01-13")) == len(before)
    assert store.read("HK.00700")["in_flow"].tolist() == [1, 2, *[2 * 13] * len(MINUTES)]
    assert store.compact() == 0


def test_a_number_that_may_be_nan_is_not_taken_for_one_that_all_rows_have(store, poll):
    """A footer tells least and greatest of the numbers, and nothing of NaN among them."""
    store.write(poll({"HK.00005": {"09:30": 1}}))
    rows = arrow_of(rows_from(poll({"HK.00700": {"09:30": 1, "09:31": 2}}), INTRADAY), INTRADAY)
    place = rows.schema.get_field_index("main_in_flow")
    rows = rows.set_column(place, rows.schema.field(place), pa.array([5.0, np.nan]))
    write_deltalake(f"{store.path}/intraday", rows, mode="append")
    main = Store(store.path).read("HK.00700")["main_in_flow"]
    assert main.isna().tolist() == [False, True]


def test_a_column_that_a_file_lacks_is_absent(store, poll):
    store.write(poll({"HK.00005": {"09:30": 1}}))
    rows = arrow_of(rows_from(poll({"HK.00700": {"09:30": 1}}), INTRADAY), INTRADAY)
    write_deltalake(
        f"{store.path}/intraday",
        rows.drop_columns(["mid_in_flow", "name"]),
        mode="append",
        schema_mode="merge",
    )
    assert np.isnan(store.read("HK.00700")["mid_in_flow"].item())
    assert store.read("HK.00700")["in_flow"].tolist() == [1]
