"""Frames of others: taken in as what they are, or not at all.

The frames here have the columns and dtypes that the sources document, and amounts of our own.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

import pd_capflow
from pd_capflow.errors import QueryError
from pd_capflow.flow.adoption import adopt
from pd_capflow.flow.frames import FLOW_COLUMNS
from pd_capflow.flow.measures import rank, streak, zscore
from pd_capflow.flow.renaming import rename
from pd_capflow.flow.vocabularies import VOCABULARIES

DAYS = ["2024-09-11", "2024-09-12", "2024-09-13"]
FLOWS = FLOW_COLUMNS[1:]


def made(source, days=DAYS, **columns):
    """What a source gives for one stock: amounts of 1, 2, 3, ... units."""
    words = VOCABULARIES[source]
    frame = pd.DataFrame({words.date: list(days)})
    for number, name in enumerate(FLOWS):
        frame[words.names[name]] = np.arange(len(frame)) + 10.0 * number
    return frame.assign(**columns)


def akshare():
    return made("akshare", [date.fromisoformat(day) for day in DAYS], 收盘价=1500.0).assign(
        **{"主力净流入-净占比": [1.0, 2.0, 3.0]}
    )


def efinance():
    return made("efinance", 股票名称="贵州茅台", 股票代码="600519", 收盘价=1500.0)


def adata():
    return made("adata", stock_code="600519")


def tushare():
    """The newest day first, as it comes."""
    frame = made("tushare", [day.replace("-", "") for day in DAYS], ts_code="600519.SH", close=1500.0)
    return frame.iloc[::-1].reset_index(drop=True)


MAKERS = {"akshare": akshare, "efinance": efinance, "adata": adata, "tushare": tushare}
every = pytest.mark.parametrize("source", MAKERS)


@every
def test_names_units_days_and_codes_become_ours(source):
    theirs = MAKERS[source]()
    before = theirs.copy()
    frame = adopt(theirs, source, "SH.600519")
    unit = 1e4 if source == "tushare" else 1
    assert list(frame.columns[:6]) == list(FLOW_COLUMNS)
    assert str(frame.index.dtype) == "datetime64[us, Asia/Shanghai]"
    assert frame.index.strftime("%Y-%m-%d %H:%M").tolist() == [f"{day} 00:00" for day in DAYS]
    assert frame["main_in_flow"].tolist() == [0, unit, 2 * unit]
    assert frame["sml_in_flow"].tolist() == [40 * unit, 41 * unit, 42 * unit]
    assert frame["in_flow"].isna().all()
    facts = frame.attrs["capflow"]
    assert facts["codes"] == ["SH.600519"]
    assert facts["source"] == {"url": source, "demo": False, "adopted": True}
    assert (facts["period"], facts["cumulative"], facts["currency"]) == ("day", False, "CNY")
    pd.testing.assert_frame_equal(theirs, before)


@pytest.mark.parametrize("source", ["efinance", "adata", "tushare"])
def test_a_frame_that_says_whose_it_is_needs_no_code(source):
    theirs = MAKERS[source]()
    pd.testing.assert_frame_equal(adopt(theirs, source), adopt(theirs, source, "SH.600519"))


def test_what_else_has_a_word_comes_along():
    frame = adopt(akshare(), "akshare", "SH.600519")
    assert frame["close"].tolist() == [1500.0] * 3
    np.testing.assert_allclose(frame["main_share"], [0.01, 0.02, 0.03])


@every
def test_what_was_taken_in_goes_back_out_as_it_came(source):
    theirs = MAKERS[source]()
    words = VOCABULARIES[source]
    back = rename(adopt(theirs, source, "SH.600519"), source)
    ordered = theirs.sort_values(words.date)
    for name in words.names.values():
        if name in theirs:
            np.testing.assert_allclose(back[name], ordered[name], rtol=1e-15)


def test_many_codes_become_a_frame_of_many():
    other = tushare().assign(ts_code="000001.SZ", net_amount=-1.0)
    frame = adopt(pd.concat([tushare(), other], ignore_index=True), "tushare")
    assert frame.index.names == ["code", "time"]
    assert frame.attrs["capflow"]["codes"] == ["SH.600519", "SZ.000001"]
    ranking = rank(frame, by="main_in_flow")
    assert ranking["main_in_flow"].to_dict() == {"SH.600519": 20_000.0, "SZ.000001": -10_000.0}
    assert streak(frame, "main_in_flow").loc["SZ.000001"].tolist() == [-1, -2, -3]


def test_measures_by_the_total_know_nothing_and_by_the_main_flow_do():
    frame = adopt(adata(), "adata")
    assert zscore(frame, 2).isna().all()
    assert zscore(frame.assign(main_in_flow=[1.0, 2.0, 4.0]), 2, "main_in_flow").iloc[-1] > 0


def test_nothing_of_a_gateway_is_joined_to_it():
    frame = adopt(adata(), "adata")
    with pytest.raises(QueryError, match="the frame is from adata"):
        frame.capflow.with_price(pd_capflow.connect("demo://"))


def test_gross_amounts_are_not_taken_for_net_ones():
    """tushare's moneyflow says buy_elg_amount too, and means what was bought."""
    with pytest.raises(QueryError, match="beside sell_elg_amount the amounts are gross"):
        adopt(tushare().assign(sell_elg_amount=1.0), "tushare")


def test_a_dash_and_nothing_are_unknown_but_other_texts_are_an_error():
    theirs = efinance().astype({"主力净流入": object})
    theirs.loc[1, "主力净流入"] = "-"
    theirs.loc[2, "主力净流入"] = None
    np.testing.assert_array_equal(adopt(theirs, "efinance")["main_in_flow"], [0, np.nan, np.nan])
    theirs.loc[0, "主力净流入"] = "1.2亿"
    with pytest.raises(QueryError, match="column 主力净流入 does not hold numbers"):
        adopt(theirs, "efinance")


def test_days_that_are_none_or_stand_there_twice_are_refused():
    for wrong in ("2024-09-11 09:31", "soon", None, "2024", "2024-09", "09-11-2024", "2024-02-30", 45546.5):
        for days in ([DAYS[0], wrong], [wrong, DAYS[0]], [wrong]):
            with pytest.raises(QueryError, match="column trade_date does not hold"):
                adopt(made("adata", days, stock_code="600519"), "adata")
    with pytest.raises(QueryError, match=r"a day of SH\.600519 stands there twice"):
        adopt(made("adata", [DAYS[0], DAYS[1], DAYS[0]], stock_code="600519"), "adata")


@pytest.mark.parametrize(
    "written",
    [
        lambda day: day.replace("-", ""),
        lambda day: int(day.replace("-", "")),
        lambda day: day.replace("-0", "/").replace("-", "/"),
        pd.Timestamp,
        lambda day: pd.Timestamp(day).date(),
        lambda day: f"{day} 00:00:00",
    ],
)
def test_a_day_may_be_written_in_the_ways_of_these_sources(written):
    days = [written(day) for day in DAYS]
    found = adopt(made("adata", days, stock_code="600519"), "adata").index
    assert found.equals(adopt(made("adata", stock_code="600519"), "adata").index)


@pytest.mark.parametrize("code", [None, "SH.600519"])
def test_a_row_without_a_code_does_not_vanish(code):
    theirs = made("adata", stock_code="600519").astype({"stock_code": object})
    theirs.loc[theirs.index[-1], "stock_code"] = None
    with pytest.raises(QueryError, match="column stock_code does not say of each row whose it is"):
        adopt(theirs, "adata", code)


def test_a_code_must_name_one_stock():
    with pytest.raises(QueryError, match="does not say whose rows"):
        adopt(akshare(), "akshare")
    for unknown in ("430047", "510300", "000001.XX", "茅台"):
        with pytest.raises(QueryError, match="names no stock of Shanghai or Shenzhen"):
            adopt(made("adata", stock_code=unknown), "adata")
    assert adopt(made("adata", stock_code="510300"), "adata", "SH.510300").attrs["capflow"]["codes"]
    for code in ("SH.600000", "SZ.600519"):
        with pytest.raises(QueryError, match=r"the frame has rows of 600519\.SH"):
            adopt(tushare(), "tushare", code)


def test_a_frame_of_another_kind_says_what_it_lacks():
    with pytest.raises(QueryError, match=r"lacks trade_date, net_amount.*which days of tushare have"):
        adopt(akshare(), "tushare")
    with pytest.raises(QueryError, match="no rows"):
        adopt(adata().iloc[:0], "adata")
    for source in ("zh", "futu", "wind", None):
        with pytest.raises(QueryError, match="expected one of akshare, efinance, adata, tushare"):
            adopt(adata(), source)


def test_the_accessor_takes_in():
    pd.testing.assert_frame_equal(adata().capflow.adopt("adata"), adopt(adata(), "adata"))
