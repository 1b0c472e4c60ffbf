"""Names and units of others: never a name of theirs over a number of ours, and back again."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pd_capflow
from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import delta, rank, rolling
from pd_capflow.flow.renaming import rename
from pd_capflow.flow.vocabularies import VOCABULARIES
from pd_capflow.plot import KINDS, draw
from tests.plot import plot_frames

FLOWS = {
    "akshare": [
        "主力净流入-净额",
        "超大单净流入-净额",
        "大单净流入-净额",
        "中单净流入-净额",
        "小单净流入-净额",
    ],
    "efinance": ["主力净流入", "超大单净流入", "大单净流入", "中单净流入", "小单净流入"],
    "adata": ["main_net_inflow", "max_net_inflow", "lg_net_inflow", "mid_net_inflow", "sm_net_inflow"],
    "tushare": ["net_amount", "buy_elg_amount", "buy_lg_amount", "buy_md_amount", "buy_sm_amount"],
    "zh": ["主力净流入", "特大单净流入", "大单净流入", "中单净流入", "小单净流入"],
}
OURS = ["main_in_flow", "super_in_flow", "big_in_flow", "mid_in_flow", "sml_in_flow"]
every = pytest.mark.parametrize("to", FLOWS)


def _whole():
    """A frame with all that has a word somewhere."""
    frame = plot_frames.rows("SH.600519", count=6)
    shares = {
        f"{size}_share": frame["in_flow"] / 1e10 for size in ("in", "main", "super", "big", "mid", "sml")
    }
    frame = frame.assign(close=1500.0, turnover=1e9, name="KWEICHOW MOUTAI", mine=1.0, **shares)
    frame.iloc[2, 1] = np.nan
    return frame


@every
def test_flows_have_the_names_and_the_unit_of_their_source(to):
    frame = plot_frames.rows("SH.600519")
    theirs = rename(frame, to)
    unit = 10_000 if to == "tushare" else 1
    assert list(theirs.columns) == ["整体净流入" if to == "zh" else "in_flow", *FLOWS[to]]
    for ours, name in zip(OURS, FLOWS[to], strict=True):
        np.testing.assert_array_equal(theirs[name], frame[ours] / unit)
    assert theirs.attrs["capflow"]["renamed"] == to
    assert theirs.attrs["capflow"].get("units", {}) == ({} if unit == 1 else dict.fromkeys(FLOWS[to], 1e4))


def test_what_keeps_our_name_keeps_our_unit():
    theirs = rename(_whole(), "tushare")
    for name in ("in_flow", "in_share", "turnover", "close", "mine"):
        pd.testing.assert_series_equal(theirs[name], _whole()[name])


@pytest.mark.parametrize(
    ("to", "main", "small"),
    [
        ("akshare", "主力净流入-净占比", "小单净流入-净占比"),
        ("efinance", "主力净流入占比", "小单流入净占比"),
        ("tushare", "net_amount_rate", "buy_sm_amount_rate"),
    ],
)
def test_shares_become_per_cent_where_their_name_is_theirs(to, main, small):
    theirs = rename(_whole(), to)
    np.testing.assert_allclose(theirs[main], _whole()["main_share"] * 100, rtol=1e-15)
    np.testing.assert_allclose(theirs[small], _whole()["sml_share"] * 100, rtol=1e-15)
    assert theirs.attrs["capflow"]["units"][main] == 0.01


def test_chinese_names_are_for_levels_too_and_change_no_unit():
    frame = plot_frames.together({"HK.00700": _whole(), "HK.09988": _whole()})
    theirs = rename(frame, "zh")
    assert theirs.index.names == ["代码", "时间"]
    assert list(theirs.columns) == [
        "整体净流入", *FLOWS["zh"], "收盘价", "成交额", "名称", "mine",
        "整体净占比", "主力净占比", "特大单净占比", "大单净占比", "中单净占比", "小单净占比",
    ]  # fmt: skip
    assert theirs.set_axis(frame.columns, axis=1).rename_axis(frame.index.names).equals(frame)
    assert "units" not in theirs.attrs["capflow"]


def test_chinese_names_are_for_distributions_too():
    theirs = rename(plot_frames.distribution(), "zh")
    assert list(theirs.columns[:4]) == ["特大单流入", "特大单流出", "大单流入", "大单流出"]
    assert rename(theirs, "futu").equals(plot_frames.distribution())


@every
def test_there_and_back_is_the_same_frame(to):
    for frame in (_whole(), plot_frames.together({"HK.00700": _whole()}), plot_frames.minutes()):
        before = frame.copy()
        back = rename(rename(frame, to), "futu")
        exact = to in ("adata", "zh")
        pd.testing.assert_frame_equal(back, frame, check_exact=exact, rtol=0 if exact else 1e-15)
        assert back.attrs == frame.attrs
        pd.testing.assert_frame_equal(frame, before)
        assert frame.attrs == before.attrs


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flows=st.lists(st.one_of(st.just(np.nan), st.floats(-1e14, 1e14)), min_size=1, max_size=9),
    to=st.lists(st.sampled_from(sorted(FLOWS)), min_size=1, max_size=4),
)
def test_any_way_through_names_leads_back(flows, to):
    frame = plot_frames.rows(count=len(flows)).assign(super_in_flow=flows)
    back = frame
    for name in to:
        back = rename(back, name)
        assert json.loads(json.dumps(back.attrs)) == back.attrs
    once = rename(frame, to[-1])
    pd.testing.assert_frame_equal(back, once, rtol=1e-14)
    pd.testing.assert_frame_equal(rename(back, "futu"), frame, rtol=1e-14)
    assert back.attrs == once.attrs


def test_a_main_flow_that_was_not_sent_is_not_derived():
    theirs = rename(plot_frames.minutes(), "efinance")
    assert theirs["主力净流入"].isna().all()


def test_a_renamed_frame_is_not_measured_as_if_it_were_ours():
    """Its in_flow would be taken apart, and what has another name would go on running."""
    theirs = rename(plot_frames.minutes(), "akshare")
    for measure in (delta, rolling):
        with pytest.raises(QueryError, match=r"names of akshare; rename\('futu'\) brings ours back"):
            measure(theirs)
    zh = rename(plot_frames.minutes(), "zh")
    assert not hasattr(zh.capflow, "delta")
    with pytest.raises(AttributeError, match=r"names of zh: rename\('futu'\) brings ours back"):
        _ = zh.capflow.delta
    pd.testing.assert_frame_equal(zh.capflow.rename("futu"), plot_frames.minutes())


@every
def test_flows_by_another_name_are_neither_ranked_nor_drawn(to):
    """Tushare's are in 10,000 yuan: drawn as yuan they would be too small by that."""
    codes = dict.fromkeys(("HK.00700", "HK.09988"), plot_frames.minutes())
    for frame in (plot_frames.together(codes), delta(plot_frames.together(codes))):
        theirs = rename(frame, to)
        theirs.index.names = ["code", "time"]
        with pytest.raises(QueryError, match=rf"names of {to}; rename\('futu'\) brings ours back"):
            rank(theirs, by=FLOWS[to][0])
    for kind in KINDS:
        with pytest.raises(QueryError, match=rf"names of {to}; rename\('futu'\) brings ours back"):
            draw(theirs.assign(close=1.0), kind, **({"by": FLOWS[to][0]} if kind == "rank" else {}))


@every
def test_amounts_of_several_currencies_are_not_ranked_by_another_name_either(to):
    parts = {"HK.00700": plot_frames.rows(), "SH.600519": plot_frames.rows("SH.600519")}
    theirs = rename(plot_frames.together(parts), to)
    theirs.index.names = ["code", "time"]
    with pytest.raises(QueryError, match="CNY and HKD"):
        rank(theirs, by=FLOWS[to][0])


@pytest.mark.parametrize("to", ["wind", "AKSHARE", None, 5, ["zh"]])
def test_unknown_names_list_the_known_ones(to):
    with pytest.raises(QueryError, match="expected one of akshare, efinance, adata, tushare, zh, or futu"):
        rename(plot_frames.rows(), to)


def test_a_column_that_has_the_new_name_already_is_not_covered():
    with pytest.raises(QueryError, match="two columns named net_amount"):
        rename(plot_frames.rows().assign(net_amount=1.0), "tushare")


@pytest.mark.parametrize("to", ["akshare", "futu"])
def test_a_frame_without_flows_says_what_was_expected(to):
    for frame in (pd.DataFrame({"close": [1.0]}), pd.DataFrame({"主力净流入-净额": [1.0]})):
        with pytest.raises(QueryError, match=r"expected some of in_flow, .*taken in by adopt\(\)"):
            rename(frame, to)


def test_our_names_stay_as_they_are():
    pd.testing.assert_frame_equal(rename(_whole(), "futu"), _whole())
    assert rename(_whole(), "futu").attrs == _whole().attrs


def test_no_vocabulary_has_one_name_for_two_columns():
    for words in VOCABULARIES.values():
        assert len(set(words.names.values())) == len(words.names)
        assert set(words.units) <= set(words.names)


def test_the_accessor_renames(monkeypatch):
    monkeypatch.setenv("PD_CAPFLOW_URL", "demo://")
    frame = pd_capflow.fetch("SH.600519", "day", "2026-01-05", "2026-01-09")
    assert frame.capflow.rename("akshare").capflow.rename("futu").equals(frame)
