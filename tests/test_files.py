"""Files: what was written is what is read."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.errors import CapflowError, QueryError
from pd_capflow.files import writer_for

FACTS = {"codes": ["US.AAPL"], "source": {"url": "tcp://127.0.0.1:11111", "demo": False}}


def frame_of(amounts, *, demo=False):
    """Return rows across New York's change of clocks, so that one offset does not fit all of them."""
    times = pd.date_range("2026-03-06", periods=len(amounts), tz="America/New_York", name="time", unit="us")
    index = pd.MultiIndex.from_product([["US.AAPL"], times], names=["code", "time"])
    frame = pd.DataFrame({"in_flow": amounts, "main_in_flow": np.nan}, index=index, dtype="float64")
    frame.attrs["capflow"] = FACTS | {"source": FACTS["source"] | {"demo": demo}}
    return frame


def read(path):
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.DataFrame(json.loads(path.read_text()))
    frame["time"] = pd.to_datetime(frame["time"], utc=True).dt.tz_convert("America/New_York").dt.as_unit("us")
    return frame.set_index(["code", "time"]).astype("float64")


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
@given(amounts=st.lists(st.floats(allow_infinity=False, allow_nan=False), min_size=1, max_size=8))
def test_every_number_and_time_comes_back_as_it_was(tmp_path_factory, suffix, amounts):
    """To the last bit, which takes 17 digits, and across a change of clocks."""
    path = tmp_path_factory.mktemp("files") / f"flow.{suffix}"
    frame = frame_of(amounts)
    writer_for(path)(frame)
    pd.testing.assert_frame_equal(read(path), frame, check_exact=True, check_freq=False)


def test_json_has_null_for_what_is_no_number_and_times_with_their_offset(tmp_path):
    path = tmp_path / "flow.json"
    writer_for(path)(frame_of([np.nan, np.inf, -np.inf, 0.1 + 0.2]))
    rows = json.loads(path.read_text())
    assert [row["in_flow"] for row in rows] == [None, None, None, 0.1 + 0.2]
    assert rows[0]["time"] == "2026-03-06T00:00:00-05:00"
    assert rows[3]["time"] == "2026-03-09T00:00:00-04:00"


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_invented_numbers_say_so_in_the_file_and_true_ones_have_no_such_column(tmp_path, suffix):
    for demo in (True, False):
        path = tmp_path / f"{demo}.{suffix}"
        writer_for(path)(frame_of([1.0, 2.0], demo=demo))
        columns = read(path)
        assert ("demo" in columns) is demo
        assert not demo or columns["demo"].astype(bool).all()


def test_an_unknown_suffix_is_refused_before_anything_is_asked(tmp_path):
    with pytest.raises(QueryError, match=r"\.csv, \.parquet, \.json"):
        writer_for(tmp_path / "flow.xls")


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_a_write_that_fails_leaves_the_file_that_was_there_and_no_other(tmp_path, suffix):
    path = tmp_path / f"flow.{suffix}"
    writer_for(path)(frame_of([1.0]))
    before = path.read_bytes()
    with pytest.raises((ValueError, TypeError)):
        writer_for(path)(frame_of([2.0]).assign(odd=[Unprintable()]))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


class Unprintable:
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


def test_a_place_where_no_file_can_be_is_refused_before_there_is_a_frame(tmp_path):
    with pytest.raises(CapflowError, match=r"there is no folder .*missing; make it"):
        writer_for(tmp_path / "missing" / "flow.csv")
    (tmp_path / "flow.csv").mkdir()
    with pytest.raises(CapflowError, match="is a folder"):
        writer_for(tmp_path / "flow.csv")


def test_a_link_stays_a_link_to_the_file_that_is_written(tmp_path):
    (tmp_path / "real.csv").write_text("old")
    link = tmp_path / "flow.csv"
    link.symlink_to(tmp_path / "real.csv")
    writer_for(link)(frame_of([1.0]))
    assert link.is_symlink()
    assert "old" not in (tmp_path / "real.csv").read_text()
