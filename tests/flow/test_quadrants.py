"""The quadrant: price and flow over the same rows, and nothing where either is unknown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import delta, quadrant, resample

NAN = np.nan


def _days(frame_of, flows, close, code="HK.00700"):
    labels = pd.date_range("2025-01-02", periods=len(flows)).strftime("%Y-%m-%d")
    frame = frame_of({code: dict(zip(labels, flows, strict=True))}, period="day")
    return frame.assign(close=np.array(close, float))


def test_each_of_the_four_and_none_where_one_is_unknown_or_zero(frame_of):
    flows = [1, 5, -5, 5, -5, 0, 5, NAN, 5]
    close = [100, 110, 121, 110, 99, 110, 110, 121, NAN]
    found = quadrant(_days(frame_of, flows, close))
    assert found["quadrant"].astype(object).fillna("?").tolist() == [
        "?", "up_in", "up_out", "down_in", "down_out", "?", "?", "?", "?",
    ]  # fmt: skip
    np.testing.assert_allclose(found["price_change"].iloc[1:4], [0.1, 0.1, -1 / 11])
    np.testing.assert_array_equal(found["flow"], flows)
    assert found["quadrant"].cat.ordered
    assert found["quadrant"].cat.categories.tolist() == ["up_in", "up_out", "down_in", "down_out"]


def test_price_and_flow_are_of_the_same_rows(frame_of):
    found = quadrant(_days(frame_of, [1, 2, -4, 8], [100, 110, 99, 121]), rows=2)
    np.testing.assert_array_equal(found["flow"], [NAN, 3, -2, 4])
    np.testing.assert_allclose(found["price_change"], [NAN, NAN, -0.01, 0.1])
    assert found["quadrant"].astype(object).fillna("?").tolist() == ["?", "?", "down_out", "up_in"]


@pytest.mark.parametrize("price", [0.0, -1.0, NAN])
def test_a_price_that_is_none_gives_no_change(frame_of, price):
    found = quadrant(_days(frame_of, [1, 1, 1], [100, price, 100]))
    assert found["price_change"].isna().all()
    assert found["quadrant"].isna().all()


def test_running_totals_are_taken_apart_and_sessions_kept_apart(frame_of):
    rows = {"2025-01-02 09:30": 5, "2025-01-02 09:31": 3, "2025-01-03 09:30": 7, "2025-01-03 09:31": 9}
    frame = frame_of({"HK.00700": rows}).assign(close=[100.0, 99.0, 50.0, 51.0])
    found = quadrant(frame)
    np.testing.assert_array_equal(found["flow"], [5, -2, 7, 2])
    assert found["price_change"].isna().tolist() == [True, False, True, False]
    assert found["quadrant"].astype(object).fillna("?").tolist() == ["?", "down_out", "?", "up_in"]
    assert found.attrs["capflow"]["cumulative"] is False
    pd.testing.assert_frame_equal(quadrant(delta(frame)), found)


def test_rows_of_whole_sessions_stand_beside_each_other(frame_of):
    rows = {"2025-01-02 09:30": 5, "2025-01-02 16:00": 3, "2025-01-03 09:30": 7, "2025-01-03 16:00": 9}
    frame = frame_of({"HK.00700": rows}).assign(close=[100.0, 100.0, 50.0, 110.0])
    found = quadrant(resample(frame, "1D"))
    assert found["quadrant"].astype(object).fillna("?").tolist() == ["?", "up_in"]


def test_codes_are_kept_apart_in_any_order_of_rows(frame_of):
    labels = ["2025-01-02", "2025-01-03"]
    parts = {
        "HK.00700": dict(zip(labels, [1, 2], strict=True)),
        "US.AAPL": dict(zip(labels, [3, -4], strict=True)),
    }
    frame = frame_of(parts, period="day").assign(close=[100.0, 101.0, 50.0, 51.0])
    found = quadrant(frame)
    assert found["quadrant"].astype(object).fillna("?").tolist() == ["?", "up_in", "?", "up_out"]
    mixed = [3, 0, 2, 1]
    pd.testing.assert_frame_equal(quadrant(frame.iloc[mixed]), found.iloc[mixed])


def test_another_flow_can_be_asked_for(frame_of):
    frame = _days(frame_of, [8, 16], [100, 110])
    assert quadrant(frame, column="main_in_flow")["flow"].tolist() == [6, 12]
    assert quadrant(frame, column="main_in_flow").attrs["capflow"]["derived"] is True


def test_without_a_price_the_error_says_how_to_get_one(frame_of):
    frame = frame_of({"HK.00700": {"2025-01-02": 1}}, period="day")
    with pytest.raises(QueryError, match=r"no column 'close': with_price\(\) adds it"):
        quadrant(frame)


@pytest.mark.parametrize("rows", [0, -1, 1.5, True, "5", None])
def test_rows_that_are_no_number_of_rows_are_refused(frame_of, rows):
    with pytest.raises(QueryError, match="whole number of rows, at least 1"):
        quadrant(_days(frame_of, [1, 2], [1, 2]), rows=rows)


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("count", [0, 1])
def test_no_rows_and_one_row_have_no_quadrant(frame_of, rows, count):
    found = quadrant(_days(frame_of, [1][:count], [100][:count]), rows=rows)
    assert len(found) == count
    assert found["quadrant"].isna().all()
    assert list(found.columns) == ["price_change", "flow", "quadrant"]
