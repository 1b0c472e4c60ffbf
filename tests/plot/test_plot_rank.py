"""The ranking: its order, its break, what it says of codes without a number, and how it fits its place."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from pd_capflow.errors import QueryError
from pd_capflow.plot import draw, rank
from pd_capflow.plot.style import COLOURS
from tests.plot import plot_frames as builders
from tests.plot.artists import by_gid, overlaps

DEMO = {"url": "demo://", "demo": True}
SEVEN = ["HK.00700", "HK.09988", "HK.03690", "HK.00005", "HK.00388", "HK.01810", "HK.02318"]


def codes(count):
    return [f"HK.{number:05}" for number in range(1, count + 1)]


def lengths(ax):
    return [bar.get_width() for bar in ax.patches]


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def values(ax):
    return [text.get_text() for text in ax.texts if text.get_gid() is None]


def last(frame, column="in_flow"):
    return frame[column].groupby(level=0, sort=False).last()


def test_a_bar_is_a_codes_last_row_and_the_best_is_at_the_top():
    frame = builders.watchlist(SEVEN)
    ax = rank(frame)
    expected = last(frame).sort_values(ascending=False)
    assert lengths(ax) == expected.tolist()
    assert names(ax) == expected.index.tolist()
    middles = [bar.get_y() + bar.get_height() / 2 for bar in ax.patches]
    assert middles == sorted(middles, reverse=True)


@settings(max_examples=15, deadline=None)
@given(amounts=st.lists(st.floats(-1e10, 1e10, allow_subnormal=False), min_size=1, max_size=45))
def test_the_order_holds_for_any_amounts(amounts):
    """And both ends are always those of the whole."""
    frame = builders.watchlist(codes(len(amounts)), builders.rows).groupby(level=0).tail(1)
    frame["in_flow"] = amounts
    ax = rank(frame, ax=plt.figure(figsize=(9, 4.6)).add_subplot())
    drawn = lengths(ax)
    assert drawn == sorted(drawn, reverse=True)
    ordered = sorted(amounts, reverse=True)
    shown = len(drawn)
    assert (
        drawn == ordered if shown == len(amounts) else drawn == ordered[: shown // 2] + ordered[-shown // 2 :]
    )
    plt.close("all")


def test_both_ends_are_shown_and_the_middle_is_counted():
    ax = rank(builders.watchlist(codes(44)))
    assert len(ax.patches) == 20
    (gap,) = by_gid(ax, "hidden")
    assert gap.get_text() == "⋯ 24 more not shown ⋯"
    places = [bar.get_y() + bar.get_height() / 2 for bar in ax.patches]
    steps = np.diff(places)
    np.testing.assert_allclose(np.delete(steps, 9), -1)
    assert steps[9] == pytest.approx(-2)
    assert places[9] > gap.get_position()[1] > places[10]


def test_how_many_can_be_asked_for():
    ax = rank(builders.watchlist(SEVEN), n=2)
    assert len(ax.patches) == 4
    assert by_gid(ax, "hidden")[0].get_text() == "⋯ 3 more not shown ⋯"
    assert len(rank(builders.watchlist(SEVEN), n=4).patches) == 7


def test_a_new_figure_grows_with_its_bars():
    """Forty names one over the other would not be read."""
    ax = rank(builders.watchlist(codes(40)), n=20)
    ax.figure.canvas.draw()
    assert not overlaps(list(ax.get_yticklabels()))
    assert ax.figure.get_size_inches()[1] > 4.6


def test_small_axes_show_fewer():
    _, axes = plt.subplots(2, 2, figsize=(9, 6))
    ax = rank(builders.watchlist(codes(30)), ax=axes[0, 0])
    assert len(ax.patches) < 16
    assert not overlaps([*ax.get_yticklabels(), *by_gid(ax, "foot")])


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_nothing_overlaps_or_leaves_the_axes(layout):
    told = {"HK.00700": "TENCENT", "HK.09988": "A VERY LONG NAME THAT GOES ON AND ON"}
    _, axes = plt.subplots(2, 2, figsize=(9, 6), layout=layout)
    ax = rank(builders.watchlist(SEVEN, names=told), ax=axes[1, 1])
    texts = [*ax.get_yticklabels(), *(text for text in ax.texts if text.get_gid() is None)]
    assert not overlaps(texts)
    around = ax.get_window_extent()
    for text in texts:
        box = text.get_window_extent()
        assert around.x0 - 1 <= box.x0
        assert box.x1 <= around.x1 + 1


def test_values_are_written_at_the_ends_each_in_its_own_unit():
    """In the unit of the largest, a small one would read as 0."""
    frame = builders.watchlist(SEVEN[:3]).groupby(level=0, sort=False).tail(1)
    frame["in_flow"] = [4.92e9, 811e3, -25.9e3]
    assert values(rank(frame)) == ["+4.92B", "+811K", "−25.9K"]


def test_colours_are_those_of_the_sign_and_the_market():
    for code, convention in (("HK.00700", "intl"), ("SH.600519", "cn")):
        market = code.partition(".")[0]
        ax = rank(builders.watchlist([code, f"{market}.600000" if market == "SH" else f"{market}.00001"]))
        up, down = (pair[0] for pair in COLOURS[convention])
        assert [to_hex(bar.get_facecolor()) for bar in ax.patches] == [up, down]


def test_a_code_without_a_number_has_no_bar_and_is_named():
    frame = builders.watchlist(SEVEN)
    frame.loc["HK.00388", "in_flow"] = np.nan
    ax = rank(frame)
    assert "HK.00388" not in names(ax)
    assert len(ax.patches) == 6
    assert "no number for HK.00388" in ax.get_xlabel()


def test_an_older_code_is_named_with_its_time():
    parts = {code: builders.minutes(code) for code in SEVEN[:3]}
    parts["HK.09988"] = parts["HK.09988"].iloc[:110]
    ax = rank(builders.together(parts))
    assert "older: HK.09988 11:19" in ax.get_xlabel()
    assert ax.get_ylabel() == "Net inflow since the open, HKD · 2 Jan 2025 16:00 · 3 codes"
    days = {code: builders.rows(code) for code in SEVEN[:2]}
    days["HK.09988"] = days["HK.09988"].iloc[:3]
    assert "older: HK.09988 6 Jan" in rank(builders.together(days)).get_xlabel()


def test_the_main_flow_says_that_it_was_derived():
    frame = builders.watchlist(SEVEN)
    ax = rank(frame, by="main_in_flow")
    expected = last(frame, "super_in_flow") + last(frame, "big_in_flow")
    np.testing.assert_allclose(lengths(ax), sorted(expected, reverse=True))
    assert "main is derived" in ax.get_xlabel()
    assert ax.get_title(loc="left") == "Ranking by main net inflow"
    assert "derived" not in rank(builders.watchlist(SEVEN, builders.rows), by="main_in_flow").get_xlabel()
    part = builders.watchlist(SEVEN).assign(turnover=1e9).capflow.share()
    assert "main is derived" in rank(part, by="main_share").get_xlabel()
    assert "derived" not in rank(part, by="in_share").get_xlabel()


def test_shares_of_several_currencies_are_ranked_in_per_cent():
    frame = builders.watchlist(["HK.00700", "US.AAPL"], builders.rows).groupby(level=0, sort=False).tail(1)
    frame["in_share"] = [0.0213, -0.0004]
    ax = rank(frame, by="in_share")
    assert values(ax) == ["+2.13%", "−0.04%"]
    assert ax.get_title(loc="left") == "Ranking by net inflow as a share of turnover"
    assert "HKD" not in ax.get_ylabel()
    assert "USD" not in ax.get_ylabel()


def test_other_numbers_are_ranked_as_they_are():
    frame = builders.watchlist(SEVEN[:2], builders.rows).groupby(level=0, sort=False).tail(1)
    frame["score"] = [1.5, 2.25]
    ax = rank(frame, by="score")
    assert values(ax) == ["+2.25", "+1.5"]
    assert ax.get_title(loc="left") == "Ranking by score"


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (lambda: builders.minutes(), {}, "no index level 'code'"),
        (lambda: builders.watchlist(["HK.00700", "US.AAPL"]), {}, "HKD and USD cannot be ranked"),
        (lambda: builders.watchlist(SEVEN[:2], cumulative=False), {}, "the last alone would be ranked"),
        (
            lambda: builders.watchlist(SEVEN[:2]),
            {"by": "profit"},
            "no column 'profit': expected one of",
        ),
        (lambda: builders.watchlist(SEVEN[:2]), {"by": ["in_flow"]}, "expected the name of a column"),
        (lambda: builders.watchlist(SEVEN[:2]), {"n": 0}, "n=0; expected how many codes"),
        (lambda: builders.watchlist(SEVEN[:2]), {"n": True}, "n=True; expected how many codes"),
        (lambda: builders.watchlist(SEVEN[:2]), {"colors": "pink"}, "colors 'pink' is not known"),
        (
            lambda: builders.watchlist(SEVEN[:2]),
            {"size": 3},
            "rank has no option size: expected some of by",
        ),
        (lambda: [1], {}, "not list"),
    ],
)
def test_what_cannot_be_ranked_is_refused_and_leaves_no_figure(make, options, message):
    with pytest.raises(QueryError, match=message):
        draw(make(), "rank", **options)
    assert not plt.get_fignums()


def test_nothing_to_rank_says_so():
    for frame in (builders.watchlist(SEVEN[:2]).iloc[:0], builders.watchlist(SEVEN[:2]) * np.nan):
        frame.attrs = builders.watchlist(SEVEN[:2]).attrs
        ax = rank(frame)
        assert [text.get_text() for text in by_gid(ax, "empty")] == ["no data"]
        assert not ax.patches


def test_zeros_have_no_length():
    ax = rank(builders.watchlist(SEVEN[:3]) * 0)
    assert lengths(ax) == [0, 0, 0]
    assert values(ax) == ["0", "0", "0"]
    assert np.isfinite(ax.get_xlim()).all()


def test_one_bar_is_no_wall():
    ax = rank(builders.watchlist(["HK.00700"]))
    low, high = ax.get_ylim()
    assert ax.patches[0].get_height() < 0.2 * (high - low)


def test_demo_data_says_so_twice():
    ax = rank(builders.watchlist(SEVEN, source=DEMO))
    assert by_gid(ax, "demo")
    assert "demo data" in ax.get_xlabel()


def test_names_are_clean_and_known():
    ax = rank(builders.watchlist(SEVEN[:2], names={"HK.00700": "TEN\nCENT$\\frac$"}))
    assert sorted(names(ax)) == ["HK.09988", "TEN CENT$\\frac$ HK.00700"]
    ax.figure.canvas.draw()


def test_own_axes_are_used_and_returned():
    figure, (left, right) = plt.subplots(1, 2)
    size = figure.get_size_inches().tolist()
    assert rank(builders.watchlist(SEVEN), ax=right, n=30, title="Mine") is right
    assert right.get_title(loc="left") == "Mine"
    assert figure.get_size_inches().tolist() == size
    assert not left.patches


def test_the_frame_stays_as_it_was():
    frame = builders.watchlist(SEVEN)
    before, facts = frame.copy(), dict(frame.attrs["capflow"])
    rank(frame, by="main_in_flow")
    pd.testing.assert_frame_equal(frame, before)
    assert frame.attrs["capflow"] == facts
