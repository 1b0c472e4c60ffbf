"""Signals: named thresholds, and never a False where it is not known."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import Thresholds, delta, disagreement, divergence, signals, streak, zscore
from tests.plot import plot_frames

NAN = np.nan
ALWAYS = ["streak_in", "streak_out", "turn_in", "turn_out", "surge_in", "surge_out"]


def _days(flows, **columns):
    return plot_frames.rows(count=len(flows)).assign(in_flow=np.array(flows, float), **columns)


def _marks(signal):
    """One sign a row: yes, no, not known."""
    return "".join("?" if each is pd.NA else "+" if each else "-" for each in signal)


def test_a_streak_is_a_signal_from_its_threshold_on():
    found = signals(_days([-1, 1, 2, 3, 4, 0, 5]), streak=3)
    assert _marks(found["streak_in"]) == "---++--"
    assert _marks(found["streak_out"]) == "?------"


def test_a_streak_of_unknown_beginning_is_not_known_to_be_too_short():
    found = signals(_days([1, 1, 1, 1, NAN, 1, 1, 1]), streak=3)
    assert _marks(found["streak_in"]) == "??++???+"
    assert _marks(found["streak_out"]) == "----?---"


def test_a_session_that_is_there_from_its_open_on_leaves_nothing_open():
    frame = plot_frames.minutes()
    assert signals(frame)[ALWAYS[:4]].notna().all().all()
    sliced = delta(frame).iloc[10:].assign(in_flow=1.0)
    assert _marks(signals(sliced, streak=3)["streak_in"])[:4] == "??++"


def test_a_turn_is_a_row_against_a_long_enough_streak():
    found = signals(_days([-1, 1, 2, 3, -4, -5, 6]), streak=2)
    assert _marks(found["turn_out"]) == "?---+--"
    assert _marks(found["turn_in"]) == "-?----+"


def test_a_surge_is_told_by_the_score():
    flows = [*np.tile([1.0, 2.0, 3.0], 7), 9.0, -9.0, 4.0]
    frame = _days(flows)
    found, scores = signals(frame, past=20), zscore(frame, rows=20)
    for name, expected in (("surge_in", scores >= 2), ("surge_out", scores <= -2)):
        assert found[name].isna().tolist() == scores.isna().tolist()
        assert found[name].fillna(False).tolist() == expected.tolist()
    assert found["surge_in"].sum() == 1


def test_a_divergence_is_told_by_price_and_flow():
    frame = plot_frames.rows(count=30).assign(close=100 + np.sin(np.arange(30)))
    found, told = signals(frame), divergence(frame)
    assert found["divergence_in"].isna().sum() == found["divergence_out"].isna().sum() == 5
    assert found["divergence_in"].fillna(False).tolist() == (told == 1).tolist()
    assert found["divergence_out"].fillna(False).tolist() == (told == -1).tolist()


def test_large_against_small_is_told_by_the_disagreement():
    frame = plot_frames.rows(count=30)
    found, told = signals(frame, against=0.2), disagreement(frame)
    assert found["super_in_sml_out"].tolist() == (told >= 0.2).tolist()
    assert found["super_out_sml_in"].tolist() == (told <= -0.2).tolist()
    assert found["super_in_sml_out"].any()


def test_a_heavy_row_is_told_by_its_turnover():
    found = signals(_days([5, -5, 4, 5, 5], turnover=[100.0, 100.0, 100.0, 0.0, NAN]))
    assert _marks(found["heavy_in"]) == "+--??"
    assert _marks(found["heavy_out"]) == "-+-??"


def test_turnover_so_far_is_taken_apart_with_the_flow():
    frame = plot_frames.minutes().assign(turnover=lambda frame: np.arange(1, len(frame) + 1) * 1e6)
    found, own = signals(frame), delta(frame)
    assert found["heavy_in"].tolist() == (own["in_flow"] / 1e6 >= 0.05).tolist()


def test_what_needs_a_column_that_is_not_there_is_left_out():
    bare = _days([1, 2, 3])[["in_flow"]]
    assert list(signals(bare).columns) == ALWAYS
    assert "heavy_in" in signals(bare.assign(turnover=1.0))
    assert "divergence_in" in signals(bare.assign(close=1.0))
    assert "super_in_sml_out" in signals(_days([1, 2, 3]))
    with pytest.raises(QueryError, match="no column 'in_flow'"):
        signals(bare.rename(columns={"in_flow": "flow"}))


def test_every_signal_is_nullable_and_says_by_which_thresholds():
    found = signals(_days([1, 2, 3], close=1.0, turnover=1.0), Thresholds(streak=5), surge=3.0)
    assert {str(dtype) for dtype in found.dtypes} == {"boolean"}
    told = found.attrs["capflow"]["thresholds"]
    of_numpy = signals(_days([1, 2, 3]), streak=np.int64(5), surge=np.float64(3.0))
    assert json.loads(json.dumps(of_numpy.attrs["capflow"]["thresholds"])) == told
    assert told == dataclasses.asdict(Thresholds(streak=5, surge=3.0))
    assert json.loads(json.dumps(found.attrs)) == found.attrs


def test_streaks_of_many_codes_in_any_order_are_those_of_each():
    parts = {"HK.00700": plot_frames.rows(count=9), "HK.09988": plot_frames.rows("HK.09988", count=9) * -1}
    frame = plot_frames.together(parts)
    mixed = frame.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(signals(mixed), signals(frame).loc[mixed.index])
    long = (streak(frame) >= 2).to_numpy()
    known = signals(frame, streak=2)["streak_in"]
    assert known.fillna(False).to_numpy(bool).tolist() == long.tolist()


@pytest.mark.parametrize("column", ["in_flow", "main_in_flow"])
def test_signals_of_another_flow_are_its_own(column):
    frame = plot_frames.rows(count=30)
    found = signals(frame.assign(main_in_flow=NAN), column="main_in_flow", past=5)
    assert found.attrs["capflow"]["derived"] is True
    assert found["surge_in"].fillna(False).tolist() == (zscore(frame, 5, "main_in_flow") >= 2).tolist()


@pytest.mark.parametrize(
    "wrong",
    [
        {"streak": 0}, {"streak": 2.5}, {"past": 1}, {"price_rows": True}, {"surge": 0}, {"surge": NAN},
        {"against": 1.5}, {"against": "half"}, {"share": -0.1}, {"share": None},
    ],
)  # fmt: skip
def test_a_threshold_that_is_none_is_refused_by_name(wrong):
    (name,) = wrong
    with pytest.raises(QueryError, match=f"{name}=.*expected a (whole )?number"):
        Thresholds(**wrong)
    with pytest.raises(QueryError, match=f"{name}="):
        signals(_days([1, 2, 3]), **wrong)


def test_an_unknown_threshold_lists_the_known_ones():
    with pytest.raises(QueryError, match="no threshold strake; expected some of streak, surge, past"):
        signals(_days([1, 2, 3]), strake=3)
    with pytest.raises(QueryError, match=r"expected Thresholds\(\.\.\.\)"):
        signals(_days([1, 2, 3]), 3)


def test_no_rows_have_no_signals():
    found = signals(_days([], close=[], turnover=[]))
    assert len(found) == 0
    assert len(found.columns) == 12
