"""What a write changes, and what it refuses."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

import pd_capflow
from pd_capflow.errors import StoreError
from pd_capflow.flow.frames import DISTRIBUTION, FLOW, Columns, build_frame
from pd_capflow.flow.times import NO_TIME
from pd_capflow.security import Security
from pd_capflow.store import Store
from pd_capflow.store.layout import INTRADAY
from tests.store.conftest import REAL

DEMO = {"url": "demo://", "demo": True}


def flows(store, code="HK.00700"):
    return store.read(code)["in_flow"].tolist()


def test_a_later_poll_adds_what_is_new_and_corrects_what_has_changed(store, poll):
    store.write(poll({"HK.00700": {"09:30": 0, "09:31": 5}, "HK.00005": {"09:30": 1}}))
    assert store.write(poll({"HK.00700": {"09:30": 0, "09:31": 6, "09:32": 9}})) == 2
    assert flows(store) == [0, 6, 9]
    assert flows(store, "HK.00005") == [1]
    assert store.read("HK.00700").attrs["capflow"]["last_valid_time"] == "2026-01-05T09:32:00+08:00"


def test_an_earlier_poll_written_later_corrects_nothing(store, poll):
    earlier = poll({"HK.00700": {"09:30": 0, "09:31": 5}})
    store.write(poll({"HK.00700": {"09:31": 6, "09:32": 9}}))
    assert store.write(earlier) == 1
    assert flows(store) == [0, 6, 9]
    assert store.write(earlier) == 0


def test_of_polls_that_are_equally_late_the_one_with_more_rows_wins(store, poll):
    last = "2026-01-05T09:40:00+08:00"
    store.write(poll({"HK.00700": {"09:30": 1, "09:31": 2}}, last=last))
    store.write(poll({"HK.00700": {"09:30": 7}}, last=last))
    assert flows(store) == [1, 2]


def test_a_poll_that_brings_only_a_newer_last_valid_time_is_kept(store, poll):
    rows = {"HK.00700": {"09:30": 1, "09:31": 2}}
    store.write(poll(rows, last="2026-01-05T09:31:10+08:00"))
    assert store.write(poll(rows, last="2026-01-05T09:31:50+08:00")) == 1
    assert store.read("HK.00700").attrs["capflow"]["last_valid_time"] == "2026-01-05T09:31:50+08:00"


@pytest.fixture
def distribution():
    """Make a distribution of one amount in all columns, of a time of 2026-01-05 or of none."""

    def make(clock, amount, last=None):
        security = Security.parse("HK.00700")
        moment = pd.Timestamp(f"2026-01-05 {clock}", tz="Asia/Hong_Kong") if clock else None
        time = np.array([moment.value // 1000 if moment else NO_TIME])
        told = last or (moment.isoformat() if moment else None)
        answer = {security: Columns(time, np.full((1, 8), float(amount)), told)}
        return build_frame(DISTRIBUTION, [security], answer, period="intraday", single=True, source=REAL)

    return make


@pytest.mark.parametrize("before", [[], ["15:00"], ["14:00", "15:00"]])
def test_a_distribution_asked_again_takes_the_place_of_the_one_of_its_time(store, distribution, before):
    """However many rows the session has: each of them was an answer of its own."""
    for clock in before:
        store.write(distribution(clock, 1))
    assert store.write(distribution("16:00", 2)) == 1
    assert store.write(distribution("16:00", 3)) == 1
    assert store.distribution("HK.00700")["super_in"].tolist() == [*[1] * len(before), 3]
    assert store.write(distribution("16:00", 4, last="2026-01-05T15:59:00+08:00")) == 0
    assert store.verify()


def test_a_distribution_without_a_time_is_replaced_by_the_next_without_one(store, distribution):
    for clock, amount in (("15:00", 1), (None, 2), (None, 3)):
        store.write(distribution(clock, amount, last="2026-01-05T15:00:00+08:00"))
    assert sorted(store.distribution("HK.00700")["super_in"]) == [1, 3]


def test_nothing_new_makes_no_version(store, poll):
    frame = poll({"HK.00700": {"09:30": 1}})
    store.write(frame)
    before = len(store.versions())
    store.write(frame)
    assert len(store.versions()) == before


def test_a_correction_leaves_other_sessions_and_codes_alone(store, poll):
    for day in ("2026-01-05", "2026-01-06", "2026-01-07"):
        store.write(poll({"HK.00700": {"09:30": 1, "09:31": 2}, "HK.00005": {"09:30": 3}}, day))
    store.compact()
    store.write(poll({"HK.00700": {"09:30": 1, "09:31": 8}}, "2026-01-06", last="2026-01-06T16:00:00+08:00"))
    assert flows(store) == [1, 2, 1, 8, 1, 2]
    assert flows(store, "HK.00005") == [3, 3, 3]
    assert store.verify().clean


def test_a_code_without_rows_is_kept_as_such_until_it_has_some(store, poll):
    store.write(poll({"HK.00700": {}}, last="2026-01-05T09:00:00+08:00"))
    assert store.read("HK.00700").empty
    assert store.codes() == ["HK.00700"]
    store.write(poll({"HK.00700": {"09:30": 4}}))
    assert flows(store) == [4]


def test_a_slice_tells_nothing_of_the_codes_that_were_left_out(store, poll):
    """Its facts still name them, and they were answered with rows."""
    whole = poll({"HK.00005": {"09:30": 1}, "HK.00700": {"09:30": 2}, "HK.09988": {}})
    assert store.write(whole.loc[["HK.00700"]]) == 2
    assert store.codes() == ["HK.00700", "HK.09988"]  # of which this one is without rows indeed
    assert store.read("HK.09988").empty
    assert store.gaps("HK.00005", "2026-01-05", "2026-01-05")["missing"].tolist() == [331]


@pytest.mark.parametrize("period", ["intraday", "day"])
def test_a_frame_of_one_code_that_was_filtered_to_nothing_writes_nothing(store, poll, period):
    frame = poll({"HK.00700": {"09:30": 1}}, period=period)
    assert store.write(frame[frame["in_flow"] > 1]) == 0
    with pytest.raises(StoreError, match="no store there"):
        store.codes()


def test_a_code_that_was_refused_is_not_kept_as_one_without_rows(tmp_path):
    store = Store(tmp_path / "flows", demo=True)
    with pd_capflow.connect("demo://") as client:
        for codes in ("HK.99999", ["HK.99999"], ["HK.99999", "HK.00700"]):
            frame = client.capital_flow(codes, errors="collect")
            assert list(frame.attrs["capflow"]["errors"]) == ["HK.99999"]
            assert store.write(frame) == len(frame)
    assert store.codes() == ["HK.00700"]


def altered(frame, **facts):
    other = frame.copy()
    other.attrs = {"capflow": frame.attrs["capflow"] | facts}
    return other


def adopted():
    amounts = ("net_amount", "buy_elg_amount", "buy_lg_amount", "buy_md_amount", "buy_sm_amount")
    theirs = pd.DataFrame({"trade_date": ["20260105"], "ts_code": "600519.SH"})
    return theirs.assign(**dict.fromkeys(amounts, 1.0)).capflow.adopt("tushare")


def test_a_frame_that_is_not_as_served_is_refused(store, poll):
    frame = poll({"HK.00700": {"09:30": 1, "09:31": 2}})
    bare = frame.copy()
    bare.attrs = {}
    shared = poll({"HK.00700": {"09:30": 1}, "HK.00005": {"09:30": 2}})
    cases = {
        "lacks big_in_flow": frame.drop(columns="big_in_flow"),
        "lacks in_flow": frame.rename(columns={"in_flow": "net"}),
        "no gateway serves: close": frame.assign(close=1.0),
        "have no zone": frame.tz_localize(None),
        "a row has no time": frame.set_index(frame.index.insert(0, pd.NaT)[:-1].rename("time")),
        "no times": frame.reset_index(drop=True),
        "attrs\\['capflow'\\] lack codes": bare,
        "cumulative=False": frame.capflow.delta(),
        "made by a measure": frame.capflow.delta().capflow.resample("5min"),
        "no index level 'code'": shared.droplevel("code"),
        "does not hold numbers": frame.astype({"in_flow": "str"}),
        "period 'year'": altered(frame, period="year"),
        "whether it is demo data": altered(frame, source={}),
        "say whether it is demo data ": altered(frame, source={"url": "tcp://h:1", "demo": None}),
        "say which gateway it is from": altered(frame, source={"demo": False}),
        "say which gateway": altered(frame, source={"url": "akshare", "demo": False}),
        "which gateway it is": altered(frame, source={"url": "tcp://h:1", "demo": False, "by_code": ["h"]}),
        "taken in by adopt\\(\\) and is no gateway's, but tushare's": adopted(),
        "Series cannot be kept": frame["in_flow"],
    }
    for words, given in cases.items():
        with pytest.raises(StoreError, match=words):
            store.write(given)
    with pytest.raises(StoreError, match="no store there"):
        store.codes()


@pytest.mark.parametrize("period", ["intraday", "day"])
def test_a_frame_put_together_of_frames_is_refused(store, poll, period):
    """Each time would be there twice, and no later answer could mend the second."""
    clocks = ("09:30", "09:31") if period == "intraday" else ("00:00", "00:01")
    frame = poll({"HK.00700": dict(zip(clocks, (1, 2), strict=True))}, period=period)
    later = poll({"HK.00700": dict(zip(clocks, (1, 3), strict=True))}, period=period)
    several = poll({code: dict.fromkeys(clocks, 1) for code in ("HK.00700", "US.AAPL")}, period=period)
    cases = {
        "two rows of HK.00700 at .*, and others between": pd.concat([frame, frame]),
        "two rows of HK.00700 at .*, and others between them": pd.concat([frame, later]),
        "two rows of HK.00700 at": pd.concat([several, several]),
        "every row of HK.00700 twice": pd.concat([frame, frame]).sort_index(),
        "write each frame by itself": pd.concat([several, several.loc[["US.AAPL"]]]),
    }
    for words, given in cases.items():
        assert given.attrs
        with pytest.raises(StoreError, match=words):
            store.write(given)
    assert store.write(frame) == 2


def test_two_distributions_of_one_time_are_refused(store, distribution):
    last = "2026-01-05T16:00:00+08:00"
    for clock in ("16:00", None):
        one = distribution(clock, 1, last)
        with pytest.raises(StoreError, match=r"two distributions of HK\.00700 at"):
            store.write(pd.concat([one, one]))
    both = pd.concat([distribution("15:00", 1, last), distribution("16:00", 2, last)])
    assert store.write(both) == 2


@pytest.mark.parametrize(
    "amounts", [{0: [1]}, {0: [1, 1]}, {0: [1], 1: [2, 2], 2: [3]}, {0: [1, 2], 1: [3, 4]}]
)
def test_times_that_a_gateway_sends_twice_are_kept(store, amounts):
    """By minute: the amounts of its rows."""
    security, minute = Security.parse("HK.00700"), 60_000_000
    opens = pd.Timestamp("2026-01-05 09:30", tz="Asia/Hong_Kong").value // 1000
    time = np.array([opens + place * minute for place, each in amounts.items() for _ in each])
    flow = [float(amount) for each in amounts.values() for amount in each]
    answer = {security: Columns(time, np.outer(flow, np.ones(6)))}
    frame = build_frame(FLOW, [security], answer, period="intraday", single=True, source=REAL)
    assert store.write(frame) == len(flow)
    assert flows(store) == flow
    assert store.verify()


@pytest.mark.parametrize("kind", ["float32", "Float32"])
def test_amounts_that_were_rounded_are_refused(store, poll, kind):
    frame = poll({"HK.00700": {"09:30": 1, "09:31": 16_777_217}})
    store.write(frame)
    with pytest.raises(StoreError, match=f"column in_flow is {kind}, .* float64, which others round"):
        store.write(frame.astype(kind))
    assert flows(store) == [1, 16_777_217]


def test_whole_numbers_and_numbers_that_may_be_missing_are_taken_as_exact(store, poll):
    """A file read back may have them: what is the same number is not written again."""
    frame = poll({"HK.00700": {"09:30": 8, "09:31": -16}})
    store.write(frame)
    for kind in ("int64", "int32", "Int64"):
        assert store.write(frame.astype({"in_flow": kind})) == 0
    assert store.write(frame.astype("Float64")) == 0
    for amount in ((1 << 53) + 1, -(1 << 53) - 1):
        with pytest.raises(StoreError, match=r"column in_flow holds numbers beyond 2\*\*53"):
            store.write(frame.assign(in_flow=np.array([0, amount])))


def test_facts_that_are_no_facts_are_refused(store, poll):
    frame = poll({"HK.00700": {"09:30": 1}})
    for facts in ({"names": 5}, {"period": []}, {"errors": 5}, {"cumulative": np.array([1, 2])}):
        with pytest.raises(StoreError, match=f"say {next(iter(facts))}=.*as no answer does"):
            store.write(altered(frame, **facts))


def test_demo_data_and_real_data_do_not_mix(tmp_path, poll):
    rows = {"HK.00700": {"09:30": 1}}
    with pytest.raises(StoreError, match="demo=True"):
        Store(tmp_path / "real").write(poll(rows, source=DEMO))
    with pytest.raises(StoreError, match="frame is real"):
        Store(tmp_path / "demo", demo=True).write(poll(rows))
    Store(tmp_path / "real").write(poll(rows))
    Store(tmp_path / "demo", demo=True).write(poll(rows, source=DEMO))
    with pytest.raises(StoreError, match="invented; open it with"):
        Store(tmp_path / "demo")
    with pytest.raises(StoreError, match="holds real data"):
        Store(tmp_path / "real", demo=True)


def test_a_store_opened_before_another_kind_was_made_there_refuses(tmp_path, poll):
    rows = {"HK.00700": {"09:30": 1}}
    early = Store(tmp_path / "flows")
    Store(tmp_path / "flows", demo=True).write(poll(rows, source=DEMO))
    with pytest.raises(StoreError, match="invented"):
        early.write(poll(rows))
    with pytest.raises(StoreError, match="invented"):
        early.read("HK.00700")


def test_it_opens_lazily_from_the_package():
    assert pd_capflow.Store is Store


@pytest.mark.parametrize(
    ("period", "day", "later"),
    [("week", "2025-12-30", "2026-01-02"), ("month", "2026-01-05", "2026-01-30")],
)
def test_a_running_week_or_month_that_grew_takes_the_place_of_what_it_was(store, poll, period, day, later):
    """A gateway dates it with the last session that it has so far, so its time moves."""
    codes = {"HK.00700": {"00:00": 2}, "US.AAPL": {"00:00": 3}}
    whole = poll({"HK.00700": {"00:00": 1}}, "2025-11-28", period)
    store.write(whole)
    before = poll(codes, day, period)
    store.write(before)
    assert store.write(poll({"HK.00700": {"00:00": 5}}, later, period)) == 1
    assert store.write(before) == 0
    assert store.read("HK.00700", period=period)["in_flow"].tolist() == [1, 5]
    assert store.read("US.AAPL", period=period)["in_flow"].tolist() == [3]
    assert store.verify()


@pytest.mark.parametrize(("period", "days"), [("day", ("05", "06")), ("week", ("09", "12"))])
def test_days_and_weeks_beside_each_other_stay_both(store, poll, period, days):
    for day in days:
        store.write(poll({"HK.00700": {"00:00": 1}}, f"2026-01-{day}", period))
    assert len(store.read("HK.00700", period=period)) == 2


def test_a_store_that_was_made_anew_under_an_open_one_gets_no_row_twice(store, poll):
    """Its versions have the same numbers, so they alone do not tell that it is another one."""
    store.write(poll({"HK.00700": {"09:30": 0, "09:31": 1}}))
    shutil.rmtree(store.path)
    answer = poll({"HK.00700": {"09:30": 0, "09:31": 1, "09:32": 2}})
    assert Store(store.path).write(answer) == 3
    assert store.write(answer) == 0
    assert len(Store(store.path).read("HK.00700")) == 3
    assert Store(store.path).verify()


def test_a_store_that_was_removed_under_an_open_one_is_made_again(store, poll):
    answer = poll({"HK.00700": {"09:30": 0, "09:31": 1}})
    store.write(answer)
    shutil.rmtree(store.path)
    assert store.write(answer) == 2
    assert len(Store(store.path).read("HK.00700")) == 2


def test_a_table_that_is_removed_under_a_writer_is_an_error(store, poll):
    store.write(poll({"HK.00700": {"09:30": 0}}))
    shutil.rmtree(store.path)
    with pytest.raises(StoreError, match="its table intraday is gone; write again"):
        store.tables[INTRADAY].commit(lambda snapshot: 0)
