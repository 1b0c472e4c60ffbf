from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from pd_capflow.errors import QueryError
from pd_capflow.plot import bars
from pd_capflow.plot.style import COLOURS
from tests.plot import plot_frames as builders
from tests.plot.artists import bar_colors, blocks_of, by_gid, heights, overlaps, ticks


def test_a_bar_is_a_row():
    frame = builders.rows(count=22)
    ax = bars(frame)
    np.testing.assert_array_equal(heights(ax), frame["in_flow"])
    np.testing.assert_allclose([bar.get_x() + bar.get_width() / 2 for bar in ax.patches], range(22))
    assert ax.get_ylabel() == "Net inflow per day, HKD · 2 Jan – 31 Jan 2025"


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_the_period_is_named(period):
    assert f"per {period}" in bars(builders.rows(period=period)).get_ylabel()


def test_minutes_are_taken_apart_by_session():
    frame = builders.minutes(days=["2025-01-02", "2025-01-03"])
    own = frame["in_flow"].groupby(frame.index.date).diff().fillna(frame["in_flow"])
    ax = bars(frame)
    np.testing.assert_allclose(heights(ax), own, atol=1e-6)
    assert "per minute" in ax.get_ylabel()


def test_minutes_of_their_own_are_left_as_they_are():
    frame = builders.minutes(cumulative=False)
    np.testing.assert_array_equal(heights(bars(frame)), frame["in_flow"])


def test_minutes_of_unknown_nature_are_drawn_as_given():
    frame = builders.minutes()
    frame.attrs = {}
    ax = bars(frame)
    np.testing.assert_array_equal(heights(ax), frame["in_flow"])
    assert "as given" in ax.get_ylabel()


def test_a_code_is_needed_to_take_totals_apart():
    frame = builders.together({code: builders.minutes(code) for code in ("HK.00700", "US.AAPL")})
    with pytest.raises(QueryError, match="no index level 'code'"):
        bars(frame.xs("HK.00700"))
    assert len(heights(bars(frame.xs("HK.00700", drop_level=False)))) == 331


def test_several_codes_are_refused():
    frame = builders.together({code: builders.rows(code) for code in ("HK.00700", "HK.09988")})
    with pytest.raises(QueryError, match=r'2 \(HK\.00700, HK\.09988\).*frame\.loc\[\["HK\.00700"'):
        bars(frame)


def test_a_missing_number_has_no_bar():
    frame = builders.rows(count=10)
    frame.iloc[4] = np.nan
    frame.iloc[6, 0] = np.inf
    middles = [round(bar.get_x() + bar.get_width() / 2) for bar in bars(frame).patches]
    assert middles == [0, 1, 2, 3, 5, 7, 8, 9]


@pytest.mark.parametrize(
    ("code", "convention"),
    [
        ("SH.600519", "cn"),
        ("SZ.000001", "cn"),
        ("JP.7203", "cn"),
        ("HK.00700", "intl"),
        ("US.AAPL", "intl"),
        ("SG.D05", "intl"),
    ],
)
def test_auto_colours_follow_the_market(code, convention):
    up, down = (pair[0] for pair in COLOURS[convention])
    assert bar_colors(bars(builders.rows(code, count=22))) == {True: {up}, False: {down}}


@pytest.mark.parametrize("colors", ["cn", "intl", "cb"])
def test_a_convention_can_be_chosen(colors):
    up, down = (pair[0] for pair in COLOURS[colors])
    assert bar_colors(bars(builders.rows(count=22), colors=colors)) == {True: {up}, False: {down}}


def test_few_bars_have_their_values():
    ax = bars(builders.rows(count=5))
    assert len(ax.texts) == 5
    assert not overlaps(list(ax.texts))
    assert not bars(builders.rows(count=60)).texts


def test_many_bars_are_one_artist():
    """Twenty thousand rectangles take a quarter of a minute."""
    ax = bars(builders.rows(count=70))
    (blocks,) = ax.collections
    up, down = (to_rgb(pair[0]) for pair in COLOURS["intl"])
    colors = [tuple(color[:3]) for color in blocks.get_facecolor()]
    assert colors == [up if height > 0 else down for height in heights(ax)]
    left, right, start, _ = blocks_of(blocks).T
    np.testing.assert_allclose((left + right) / 2, range(70))
    assert not start.any()
    assert not ax.patches


def test_bars_too_thin_for_gaps_fill_their_minute():
    """A gap of half a pixel would show as a stripe, here and there."""
    (blocks,) = bars(builders.minutes()).collections
    left, right, _, _ = blocks_of(blocks).T
    np.testing.assert_allclose(right - left, 1)
    assert bars(builders.rows(count=70)).collections[0].get_paths()[0].vertices[2, 0] == pytest.approx(0.37)


def test_a_row_after_missing_ones_holds_their_flow_too_and_the_chart_says_so():
    frame = builders.minutes()
    ax = bars(frame.drop(frame.index[50:60]))
    assert "rows that hold the flow of missing ones before them: 1" in ax.get_xlabel().replace("\n", " ")
    assert heights(ax).sum() == pytest.approx(frame["in_flow"].iloc[-1])
    assert "missing" not in bars(frame).get_xlabel(), "lunch is no gap"


def test_one_bar_is_no_wall():
    ax = bars(builders.rows(count=1))
    low, high = ax.get_xlim()
    assert ax.patches[0].get_width() < 0.2 * (high - low)


def test_nothing_to_draw_says_so():
    """A single minute's own flow is unknown, since what came before it is."""
    for frame in (builders.rows().iloc[:0], builders.minutes().iloc[200:201]):
        ax = bars(frame)
        assert not ax.patches
        assert [text.get_text() for text in by_gid(ax, "empty")] == ["no data"]


def test_zeros_are_drawn():
    frame = builders.rows()
    frame[builders.COLUMNS] = 0.0
    ax = bars(frame)
    assert len(ax.patches) == 5
    assert ax.get_ylim() == (-1, 1)


def test_ticks_of_a_year_are_months():
    assert ticks(bars(builders.rows(count=250)))[:3] == ["Jan\n2025", "Feb", "Mar"]


def test_ticks_of_a_week_are_days():
    assert ticks(bars(builders.rows(count=5))) == ["2 Jan\n2025", "3 Jan", "6 Jan", "7 Jan", "8 Jan"]


@pytest.mark.parametrize("first", ["2025-02-28", "2025-03-31"])
@pytest.mark.parametrize("count", [22, 30, 60])
def test_a_day_or_two_of_a_quarter_take_no_place_from_other_ticks(first, count):
    """Their label would stand so near to the next quarter's that there was room for neither."""
    frame = builders.rows(count=150)
    assert len(ticks(bars(frame.loc[first:].iloc[:count]))) >= 3


def test_ticks_of_decades_are_years():
    labels = ticks(bars(builders.rows(period="month", count=240)))
    assert "2030" in labels
    assert all(len(label) == 4 for label in labels)


def test_a_new_year_is_named():
    labels = ticks(bars(builders.rows(period="month", count=24)))
    assert "Jan\n2026" in labels
