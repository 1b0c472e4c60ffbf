from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Wedge

from pd_capflow.errors import QueryError
from pd_capflow.plot import distribution, draw
from pd_capflow.plot.style import COLOURS
from tests.plot import plot_frames as builders
from tests.plot.artists import amounts, by_gid, overlaps


def widths(ax):
    return [bar.get_width() for bar in ax.patches]


def parts(ax):
    (ring,) = ax.child_axes
    return [wedge.theta1 - wedge.theta2 for wedge in ring.patches if isinstance(wedge, Wedge)]


def test_in_goes_right_and_out_goes_left_from_super_to_small():
    ax = distribution(builders.distribution())
    assert widths(ax) == [4e8, 3e8, 2e8, 1e8, -3e8, -2e8, -1e8, 0]
    assert amounts(ax) == ["Super\n+100M", "Big\n+100M", "Mid\n+100M", "Small\n+100M"]
    assert ax.get_ylabel() == "Inflow and outflow by order size, HKD · 2 Jan 2025 15:59:30"


def test_the_ring_shows_each_part_of_everything():
    ax = distribution(builders.distribution())
    shares = np.abs(parts(ax)) / 360
    np.testing.assert_allclose(shares, np.array([4, 3, 2, 1, 0, 1, 2, 3]) / 16, atol=1e-6)
    texts = [text.get_text() for text in ax.child_axes[0].texts if text.get_text()]
    assert texts == ["+400M", "net inflow", "62.5% came in"]


def test_without_a_number_there_are_no_parts_and_no_net():
    frame = builders.distribution()
    frame["big_out"] = np.nan
    ax = distribution(frame)
    assert not ax.child_axes
    assert "a size is missing" in ax.get_xlabel()
    assert amounts(ax)[1] == "Big\n"
    assert widths(ax)[5] == 0


def test_numbers_without_a_time_are_numbers():
    """A gateway need not tell when a distribution was made."""
    frame = builders.distribution()
    unknown = frame.set_axis(frame.index.where([False]))
    ax = distribution(unknown)
    assert widths(ax) == widths(distribution(frame))
    assert ax.get_ylabel() == "Inflow and outflow by order size, HKD"
    assert not by_gid(ax, "empty")


def test_a_net_of_nothing_is_neither_in_nor_out():
    frame = builders.distribution()
    frame["big_in"] = frame["big_out"]
    label = distribution(frame).get_yticklabels()[1]
    assert label.get_text() == "Big\n0"
    assert to_hex(label.get_color()) not in {pair[0] for pair in COLOURS["intl"]}


def test_nothing_to_draw_says_so():
    ax = distribution(builders.distribution().iloc[:0])
    assert [text.get_text() for text in by_gid(ax, "empty")] == ["no data"]
    assert not ax.child_axes


def test_nothing_but_zeros_has_no_parts():
    ax = distribution(builders.distribution() * 0)
    assert not ax.child_axes
    assert not by_gid(ax, "empty")


def test_of_several_rows_the_last_is_drawn():
    import pandas as pd

    first = builders.distribution()
    later = first * 2
    later.index = later.index + pd.Timedelta("1min")
    assert widths(distribution(pd.concat([later, first])))[0] == 8e8


def test_several_codes_are_refused():
    frame = builders.together({code: builders.distribution(code) for code in ("HK.00700", "HK.09988")})
    with pytest.raises(QueryError, match=r'distribution needs one code.*frame\.loc\[\["HK\.00700"'):
        distribution(frame)


def test_a_flow_is_no_distribution():
    with pytest.raises(QueryError, match="needs the column super_in"):
        draw(builders.minutes(), "distribution")
    with pytest.raises(QueryError, match="needs the column in_flow"):
        draw(builders.distribution(), "bars")


def test_it_is_what_a_distribution_is_drawn_as():
    assert draw(builders.distribution()).child_axes
    assert builders.distribution().capflow.plot(lang="en").child_axes


@pytest.mark.parametrize(("code", "convention"), [("SH.600519", "cn"), ("HK.00700", "intl")])
def test_auto_colours_follow_the_market(code, convention):
    up, down = (pair[0] for pair in COLOURS[convention])
    ax = distribution(builders.distribution(code))
    assert (to_hex(ax.patches[0].get_facecolor()), to_hex(ax.patches[4].get_facecolor())) == (up, down)


def test_demo_data_says_so_twice():
    ax = distribution(builders.distribution(source={"url": "demo://", "demo": True}))
    assert by_gid(ax, "demo")
    assert "demo data" in ax.get_xlabel()


def test_amounts_do_not_run_into_the_ring():
    ax = distribution(builders.distribution())
    ax.figure.canvas.draw()
    ring = ax.child_axes[0].get_window_extent()
    assert not [text for text in ax.texts if text.get_text() and text.get_window_extent().overlaps(ring)]
    assert not overlaps([text for text in ax.texts if text.get_text()])


def test_nothing_that_went_out_is_written_on_the_side_of_what_went_out():
    ax = distribution(builders.distribution() * 0)
    assert not overlaps([text for text in ax.texts if text.get_text() == "0"])
    assert [text.get_ha() for text in ax.texts if text.get_text() == "0"] == ["left"] * 4 + ["right"] * 4


def test_it_takes_axes_and_keeps_to_them():
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4), layout="constrained")
    assert distribution(builders.distribution(), ax=right, title="Mine") is right
    assert right.get_title(loc="left") == "Mine"
    assert not left.patches
    assert len(figure.axes) == 2


@pytest.mark.parametrize("width", [4, 5, 9])
@pytest.mark.parametrize("amount", [1, 987.6])
def test_what_is_written_into_a_ring_keeps_within_its_hole(width, amount):
    _, ax = plt.subplots(figsize=(width, 3))
    distribution(builders.distribution() * amount, ax=ax)
    ax.figure.canvas.draw()
    (ring,) = ax.child_axes
    wedge = ring.patches[0]
    hole = (wedge.r - wedge.width) * np.diff(ring.transData.transform([(0, 0), (1, 0)])[:, 0])[0]
    within = [text for text in ring.texts if text.get_position()[1] > -1]
    assert all(text.get_window_extent().width <= 2 * hole for text in within)
    (share,) = [text for text in ring.texts if "%" in text.get_text()]
    assert share.get_window_extent().x1 <= ax.get_window_extent().x1 + 1


def test_a_footnote_within_the_axes_keeps_off_the_bars():
    _, axes = plt.subplots(2, 2, figsize=(9, 6))
    for ax in axes.flat:
        distribution(builders.distribution(), ax=ax)
    ax.figure.canvas.draw()
    (foot,) = by_gid(ax, "foot")
    lowest = min(bar.get_window_extent().y0 for bar in ax.patches)
    assert foot.get_window_extent().y1 <= lowest
