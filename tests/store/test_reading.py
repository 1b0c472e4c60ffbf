"""What a question to a store is refused for, and how it goes back in time."""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from deltalake import DeltaTable

from pd_capflow.errors import QueryError, StoreError
from pd_capflow.store import Store


@pytest.fixture
def held(store, poll):
    """A store of two days."""
    for day in ("2026-01-05", "2026-01-06"):
        store.write(poll({"HK.00700": {"09:30": 1, "09:31": 2}, "HK.00005": {"09:30": 3}}, day))
    return store


def test_what_is_not_recorded_is_an_error_that_says_where_and_what_to_do(held):
    for codes, days, words in (
        ("HK.00388", (None, None), "nothing is recorded of HK.00388; codes"),
        (["HK.00700", "HK.00388"], (None, None), "nothing is recorded of HK.00388"),
        ("HK.00700", ("2026-01-07", None), "HK.00700 from 2026-01-07 on; codes"),
        ("HK.00700", (None, "2026-01-04"), "HK.00700 up to 2026-01-04; codes"),
        ("HK.00700", ("2026-01-07", "2026-01-09"), "HK.00700 from 2026-01-07 to 2026-01-09; codes"),
        ("HK.00700", ("2026-01-07", "2026-01-07"), "HK.00700 on 2026-01-07; codes"),
        (None, ("2026-01-07", None), "any code from 2026-01-07 on; codes"),
    ):
        with pytest.raises(StoreError, match=words) as caught:
            held.read(codes, *days)
        assert held.path in str(caught.value)
        assert caught.value.absent
    with pytest.raises(StoreError, match="nothing is recorded in periods") as caught:
        held.read("HK.00700", period="day")
    assert pickle.loads(pickle.dumps(caught.value)).absent  # noqa: S301  # our own bytes
    with pytest.raises(StoreError, match="nothing is recorded in distribution"):
        held.distribution()


def test_a_question_that_cannot_be_understood_is_refused(held):
    for given in (
        {"codes": "00700"},
        {"period": "year"},
        {"columns": ["close"]},
        {"start": "soon"},
        {"start": "2026-01-06", "end": "2026-01-05"},
        {"as_of": "once"},
        {"as_of": "2026-01-05"},
    ):
        with pytest.raises(QueryError):
            held.read(**given)


def test_where_no_store_is_reading_says_so(tmp_path):
    store = Store(tmp_path / "none")
    for ask in (store.read, store.codes, store.days, store.verify, store.compact, store.versions):
        with pytest.raises(StoreError, match="no store there"):
            ask()
    assert not (tmp_path / "none").exists()


def test_a_path_that_holds_something_else_is_left_alone(tmp_path, poll):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match=r"holds other things, such as 'notes\.txt'"):
        Store(tmp_path).write(poll({"HK.00700": {"09:30": 1}}))
    with pytest.raises(StoreError, match="a file is in the way"):
        Store(tmp_path / "notes.txt").write(poll({"HK.00700": {"09:30": 1}}))
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


def test_a_store_of_a_newer_schema_is_left_alone(held, poll):
    table = DeltaTable(f"{held.path}/intraday")
    table.alter.set_table_properties({"capflow.schema": "2"}, raise_if_not_exists=False)
    with pytest.raises(StoreError, match="version 2, and this pd_capflow knows up to 1; update"):
        Store(held.path)
    for ask in (lambda: held.read("HK.00700"), lambda: held.write(poll({"HK.00700": {"09:33": 1}}))):
        with pytest.raises(StoreError, match="update pd_capflow"):
            ask()


def test_a_delta_table_that_somebody_else_made_is_left_alone(tmp_path):
    import pyarrow as pa
    from deltalake import write_deltalake

    write_deltalake(str(tmp_path / "intraday"), pa.table({"a": [1]}))
    with pytest.raises(StoreError, match="not made by pd_capflow"):
        Store(tmp_path)


def test_as_of_tells_what_was_known_then(store, poll):
    store.write(poll({"HK.00700": {"09:30": 1}}))
    moment = pd.Timestamp.now("UTC")
    version = int(store.versions().query("table == 'intraday'")["version"].max())
    store.write(poll({"HK.00700": {"09:30": 7, "09:31": 9}}))
    store.compact()
    for as_of in (moment, version, str(moment), moment.tz_convert("Asia/Hong_Kong").tz_localize(None)):
        assert store.read("HK.00700", as_of=as_of)["in_flow"].tolist() == [1]
    assert store.read("HK.00700")["in_flow"].tolist() == [7, 9]
    for as_of in (moment - pd.Timedelta("1D"), 99):
        with pytest.raises(StoreError, match="the earliest that is kept is version 0"):
            store.read("HK.00700", as_of=as_of)


def days_by_code(frame):
    """Return of which days there are rows, by code, at its exchange."""
    found = {}
    for code, time in frame.index:
        found.setdefault(code, []).append(time.tz_convert(ZONES[code]).day)
    return found


ZONES = {"HK.00700": "Asia/Hong_Kong", "US.AAPL": "America/New_York"}


@pytest.mark.parametrize("codes", [list(ZONES), list(ZONES)[::-1], None])
def test_a_moment_is_of_each_exchanges_own_day(store, poll, codes):
    """When it is four in the afternoon in New York, tomorrow has begun in Hong Kong."""
    for day in range(5, 10):
        for period in ("day", "intraday"):
            store.write(poll({code: {"10:00": day} for code in ZONES}, f"2026-01-0{day}", period))
    moments = ("2026-01-06T21:00Z", "2026-01-07T21:00Z")
    expected = {"HK.00700": [7, 8], "US.AAPL": [6, 7]}
    assert days_by_code(store.read(codes, *moments, "day")) == expected
    assert days_by_code(store.read(codes, *moments)) == expected
    assert days_by_code(store.dask(codes, *moments, "day").capflow.compute()) == expected
    gaps = store.gaps(codes, *moments)
    found = gaps.groupby("code")["session"].agg(lambda days: sorted(set(days.dt.day)))
    assert found.to_dict() == expected
    with pytest.raises(StoreError, match=r"of HK\.00700, US\.AAPL from 2026-01-11"):
        store.read(list(ZONES), "2026-01-10T21:00Z", period="day")


def test_codes_and_days(held):
    assert held.codes() == held.codes("intraday") == ["HK.00005", "HK.00700"]
    assert held.codes("day") == []
    days = held.days("HK.00700")
    assert days["rows"].tolist() == [2, 2]
    assert held.days()["codes"].tolist() == [2, 2]


def test_threads_share_a_store(store, poll):
    """Four write codes of their own while two read: a reader sees whole answers, and none is lost."""
    store.write(poll({"HK.09999": {"09:30": 0, "09:31": 1}}))

    def write(number):
        return sum(
            store.write(poll({f"HK.0{number}{each:03}": {"09:30": 1, "09:31": 2}})) for each in range(5)
        )

    def look(_):
        return all(len(store.read()) % 2 == 0 for _ in range(20))

    with ThreadPoolExecutor(6) as pool:
        looks, writes = pool.map(look, range(2)), pool.map(write, range(1, 5))
        assert list(writes) == [10] * 4
        assert all(looks)
    assert len(store.codes()) == 21
    assert store.verify().clean


def test_an_address_of_nothing_that_keeps_stores_is_refused(poll):
    for ask in (
        lambda: Store("nowhere://there/flows").write(poll({"HK.00700": {"09:30": 1}})),
        lambda: Store(""),
    ):
        with pytest.raises(StoreError, match=r"expected a folder, or a URL|give a folder"):
            ask()


def test_without_the_extra_it_says_what_to_install():
    block = "import sys; sys.modules['deltalake'] = None; import pd_capflow; pd_capflow.Store"
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=False)
    assert "StoreError: a store needs deltalake: pip install 'pd_capflow[store]'" in done.stderr


def test_a_reader_sees_what_another_writes(held, poll):
    reader = Store(held.path)
    assert reader.codes() == ["HK.00005", "HK.00700"]
    held.write(poll({"HK.00388": {"09:30": 1}}))
    assert reader.codes() == ["HK.00005", "HK.00388", "HK.00700"]
    assert held.url == reader.url == f"store://{held.path}"


@pytest.mark.parametrize("days", [1, 2, 4])
def test_a_reader_sees_that_the_store_was_made_anew(held, poll, days):
    """With less in it, as much, and more, than the log of the first one told of."""
    assert held.codes() == ["HK.00005", "HK.00700"]
    shutil.rmtree(held.path)
    for day in range(days):
        Store(held.path).write(poll({f"HK.0038{day}": {"09:30": 7}}, f"2026-01-1{day}"))
    assert held.codes() == [f"HK.0038{day}" for day in range(days)]
    assert held.read()["in_flow"].tolist() == [7] * days
    assert held.verify().clean
    with pytest.raises(StoreError, match=r"nothing is recorded of HK\.00700"):
        held.read("HK.00700")


def test_a_reader_sees_that_the_store_is_gone(held):
    assert len(held.read("HK.00700")) == 4
    shutil.rmtree(held.path)
    with pytest.raises(StoreError, match="no store there"):
        held.read("HK.00700")


@pytest.mark.parametrize("columns", [[], ["in_flow", "IN_FLOW"], ["nothing"], 5, [["in_flow"]]])
def test_columns_that_cannot_be_read_are_refused(store, poll, columns):
    store.write(poll({"HK.00700": {"09:30": 1}}))
    with pytest.raises(QueryError, match="column"):
        store.read("HK.00700", columns=columns)


def test_a_version_is_a_whole_number_of_any_kind(store, poll):
    store.write(poll({"HK.00700": {"09:30": 1}}))
    assert len(store.read("HK.00700", as_of=np.int64(1))) == 1
    with pytest.raises(QueryError, match=r"as_of=1\.5 is no whole number"):
        store.read("HK.00700", as_of=1.5)


@pytest.mark.parametrize("path", [None, 5, "", "a\0b", "/tmp/a%20b", "/tmp/a\\b"])  # noqa: S108  # not opened
def test_a_path_that_nothing_can_be_kept_at_is_refused(path):
    with pytest.raises(StoreError, match="path"):
        Store(path)


def test_any_other_folder_will_do(tmp_path, poll):
    for name in ("资金 流向", "100%", "a#b?c&d'e"):
        store = Store(tmp_path / name)
        store.write(poll({"HK.00700": {"09:30": 1}}))
        assert store.codes() == ["HK.00700"]
        assert store.compact() == 0


def test_a_store_goes_to_other_processes(store, poll):
    store.write(poll({"HK.00700": {"09:30": 1}}))
    assert store.codes() == ["HK.00700"]
    other = pickle.loads(pickle.dumps(store))  # noqa: S301  # our own
    assert (other.path, other.demo, other.codes()) == (store.path, store.demo, ["HK.00700"])


def _codes_of(path, answer):
    try:
        answer.put(Store(path).codes())
    except StoreError as error:
        answer.put(str(error))


@pytest.mark.parametrize(("method", "says"), [("spawn", ["HK.00700"]), ("fork", "get_context('spawn')")])
def test_a_process_that_was_forked_says_how_to_start_it(store, poll, method, says):
    store.write(poll({"HK.00700": {"09:30": 1}}))
    context = multiprocessing.get_context(method)
    answer = context.Queue()
    process = context.Process(target=_codes_of, args=(store.path, answer))
    process.start()
    assert says in (found := answer.get(timeout=60)) or found == says
    process.join()
