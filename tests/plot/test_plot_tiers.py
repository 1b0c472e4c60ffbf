"""Stacks of order sizes: their ends are sums of amounts, and without one of these there is no stack."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import delta, resample
from pd_capflow.plot import tiers
from pd_capflow.plot.tiers import _ends
from tests.plot import plot_frames as builders
from tests.plot.artists import blocks_of, by_gid, data_lines, overlaps, ticks

NAMES = ["Super", "Big", "Mid", "Small"]


def stacks(ax):
    """Where each part of each stack begins and ends, and on which stretch: sizes, rows, four numbers."""
    return np.array([blocks_of(size) for size in ax.collections])


def marks(ax):
    """The totals that are marked."""
    y = np.asarray(data_lines(ax)["Total"].get_ydata(), float)
    return y[np.isfinite(y)] if len(y) <= 60 else y[::3]


def test_a_part_is_as_high_as_its_amount():
    frame = builders.rows(count=22)
    ax = tiers(frame)
    assert [size.get_label() for size in ax.collections] == NAMES
    _, _, starts, ends = np.moveaxis(stacks(ax), 2, 0)
    np.testing.assert_allclose(ends - starts, frame[builders.TIERS].T)
    assert ax.get_ylabel() == "Net inflow per day, HKD · 2 Jan – 31 Jan 2025"


def test_inflows_go_up_and_outflows_go_down_from_zero():
    frame = builders.rows(count=2)
    frame[builders.TIERS] = [[3e8, -2e8, 1e8, -4e8], [-1e8, -2e8, 5e8, 0.0]]
    _, _, starts, ends = np.moveaxis(stacks(tiers(frame)), 2, 0)
    np.testing.assert_allclose(starts.T, [[0, 0, 3e8, -2e8], [0, -1e8, 0, 5e8]])
    np.testing.assert_allclose(ends.T, [[3e8, -2e8, 4e8, -6e8], [-1e8, -3e8, 5e8, 5e8]])


amount = st.integers(-(10**10), 10**10).map(float)


@given(st.lists(st.tuples(amount, amount, amount, amount), min_size=1, max_size=5))
def test_stacks_have_neither_gaps_nor_overlaps(rows):
    """The parts above zero add up to all that flowed in, and those below to all that flowed out."""
    amounts = np.array(rows)
    starts, ends = _ends(amounts)
    for row, start, end in zip(amounts, starts, ends, strict=True):
        for side in (row > 0, row < 0):
            np.testing.assert_array_equal(start[side], np.concatenate([[0.0], end[side][:-1]])[: side.sum()])
            assert end[side][-1:].sum() == row[side].sum()


def test_the_total_is_what_the_gateway_sent():
    frame = builders.rows(count=22)
    frame["in_flow"] += 1e6  # not the sum of its parts, as rounding makes it
    np.testing.assert_array_equal(marks(tiers(frame)), frame["in_flow"])


def test_minutes_are_taken_apart_by_session():
    frame = builders.minutes(days=["2025-01-02", "2025-01-03"])
    ax = tiers(frame)
    _, _, starts, ends = np.moveaxis(stacks(ax), 2, 0)
    np.testing.assert_allclose(ends - starts, delta(frame)[builders.TIERS].T, atol=1e-6)
    np.testing.assert_allclose(marks(ax), delta(frame)["in_flow"])
    assert "per minute" in ax.get_ylabel()


def test_many_totals_are_dashes_that_do_not_touch():
    """A line from minute to minute would cover the stacks."""
    ax = tiers(builders.minutes())
    line = data_lines(ax)["Total"]
    x, y = (np.asarray(values, float).reshape(-1, 3) for values in line.get_data())
    assert np.isnan(x[:, 2]).all()
    np.testing.assert_array_equal(y[:, 0], y[:, 1])
    assert (x[:, 1] - x[:, 0] <= 1).all()


@pytest.mark.parametrize("code", ["HK.00700", "US.AAPL"])
def test_stacks_stand_on_their_own_stretch(code):
    left, right, _, _ = np.moveaxis(stacks(tiers(builders.minutes(code))), 2, 0)
    assert (left[:, 1:] >= right[:, :-1] - 1e-9).all()
    assert (left == left[0]).all()


def test_longer_rows_have_a_stack_each():
    frame = resample(builders.minutes(), "30min")
    ax = tiers(frame)
    left, right, _, _ = np.moveaxis(stacks(ax), 2, 0)
    np.testing.assert_allclose(right - left, 27)
    assert left.shape == (4, 11)
    assert "per 30 minutes" in ax.get_ylabel()


@pytest.mark.parametrize("tier", builders.TIERS)
def test_without_one_size_there_is_no_stack_and_the_chart_says_so(tier):
    """The others alone would be a stack of a height that nothing has."""
    frame = builders.rows(count=6)
    frame.loc[frame.index[2], tier] = np.nan
    ax = tiers(frame)
    middles = stacks(ax)[0, :, :2].mean(axis=1)
    np.testing.assert_allclose(middles, [0, 1, 3, 4, 5])
    assert "rows that lack a size and have no stack: 1" in ax.get_xlabel().replace("\n", " ")
    np.testing.assert_array_equal(marks(ax), frame["in_flow"])


def test_a_row_without_any_number_is_a_gap_and_no_fault():
    frame = builders.rows(count=6)
    frame.iloc[2] = np.nan
    ax = tiers(frame)
    assert stacks(ax).shape[1] == 5
    assert "lack" not in ax.get_xlabel()


def test_a_missing_total_has_no_mark():
    frame = builders.rows(count=6)
    frame.iloc[2, 0] = np.nan
    ax = tiers(frame)
    assert len(marks(ax)) == 5
    assert stacks(ax).shape[1] == 6


@pytest.mark.parametrize("dark", [False, True])
def test_sizes_have_the_colours_that_their_lines_have(dark):
    from pd_capflow.plot import cumulative

    with plt.style.context("dark_background" if dark else "default"):
        lines = data_lines(cumulative(builders.rows(count=22)))
        ax = tiers(builders.rows(count=22), colors="cb")
    for size in ax.collections:
        assert to_hex(size.get_facecolor()[0]) == lines[size.get_label()].get_color()


def test_a_legend_names_sizes_and_total():
    ax = tiers(builders.rows(count=22))
    texts = ax.get_legend().get_texts()
    assert [text.get_text() for text in texts] == [*NAMES, "Total"]
    assert not overlaps([*texts, ax.yaxis.label, ax._left_title])


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_a_legend_keeps_off_the_stacks(layout):
    _, axes = plt.subplots(2, 2, figsize=(9, 6), layout=layout)
    for ax in axes.flat:
        tiers(builders.rows(count=22), ax=ax)
    ax.figure.canvas.draw()
    for ax in axes.flat:
        bottom = ax.transData.inverted().transform(ax.get_legend().get_window_extent())[0, 1]
        assert bottom >= stacks(ax)[:, :, 2:].max()


def test_nothing_to_draw_says_so():
    for frame in (builders.rows().iloc[:0], builders.minutes().iloc[200:201]):
        ax = tiers(frame)
        assert not ax.collections
        assert not ax.get_legend()
        assert [text.get_text() for text in by_gid(ax, "empty")] == ["no data"]
        assert "HKD" in ax.get_ylabel()


def test_zeros_are_drawn():
    frame = builders.rows()
    frame[builders.COLUMNS] = 0.0
    ax = tiers(frame)
    assert not by_gid(ax, "empty")
    assert marks(ax).tolist() == [0.0] * 5


def test_half_a_day_leaves_the_rest_of_the_session_empty():
    ax = tiers(builders.minutes().iloc[:75])
    assert ticks(ax)[-1] == "16:00"
    assert stacks(ax)[:, :, 1].max() < 76


def test_several_codes_are_refused():
    frame = builders.together({code: builders.rows(code) for code in ("HK.00700", "HK.09988")})
    with pytest.raises(
        QueryError, match=r"tiers needs one code.* 2 \(HK\.00700, HK\.09988\).*frame\.loc\[\["
    ):
        tiers(frame)
    assert stacks(tiers(frame.loc[["HK.00700"]])).shape[1] == 5


def test_a_frame_without_a_size_is_refused():
    with pytest.raises(QueryError, match=r"super_in_flow, .*: the frame lacks mid_in_flow"):
        tiers(builders.rows().drop(columns="mid_in_flow"))
    assert not plt.get_fignums()


def test_demo_data_says_so():
    ax = tiers(builders.minutes(source={"url": "demo://", "demo": True}))
    (mark,) = by_gid(ax, "demo")
    assert mark.get_zorder() > ax.collections[0].get_zorder(), "hundreds of stacks would hide it"
    assert ax.get_xlabel().startswith("demo data")
    (behind,) = by_gid(tiers(builders.rows(source={"url": "demo://", "demo": True})), "demo")
    assert behind.get_zorder() < 1
