"""The quadrants: where points are, what is named, and zero in the middle."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex

from pd_capflow.errors import QueryError
from pd_capflow.flow import measures
from pd_capflow.plot import draw, quadrant
from pd_capflow.plot.style import COLOURS
from tests.plot import plot_frames as builders
from tests.plot.artists import amounts, by_gid, overlaps, ticks

CODES = ["HK.00700", "HK.09988", "HK.03690", "HK.00005", "HK.00388"]


def several(codes=CODES, count=10, **facts):
    frame = builders.watchlist(codes, lambda code: builders.rows(code, count=count), **facts)
    return builders.traded(frame)


def one(count=12, **facts):
    return builders.traded(builders.rows(count=count, **facts))


def points(ax):
    (drawn,) = [each for each in ax.collections if isinstance(each, PathCollection)]
    return np.asarray(drawn.get_offsets()), drawn


def shown_names(ax):
    ax.figure.canvas.draw()
    return [text for text in by_gid(ax, "point") if text.get_visible()]


def test_a_point_is_a_codes_last_row():
    frame = several()
    found = measures.quadrant(frame).groupby(level=0, sort=False).last()
    at, _ = points(quadrant(frame))
    np.testing.assert_allclose(at, found[["price_change", "flow"]])


def test_price_and_flow_are_taken_over_as_many_rows_as_asked():
    frame = several()
    found = measures.quadrant(frame, 5, "super_in_flow").groupby(level=0, sort=False).last()
    ax = quadrant(frame, rows=5, column="super_in_flow")
    np.testing.assert_allclose(points(ax)[0], found[["price_change", "flow"]])
    assert ax.get_ylabel().startswith("Super: Net inflow over 5 rows, HKD · across: change of price")


def test_flow_can_be_a_part_of_turnover():
    frame = several(["HK.00700", "US.AAPL"])
    ax = quadrant(frame, y="share", rows=3)
    last = (
        frame.groupby(level=0, sort=False).tail(3).groupby(level=0, sort=False)[["in_flow", "turnover"]].sum()
    )
    np.testing.assert_allclose(points(ax)[0][:, 1], last["in_flow"] / last["turnover"])
    assert all(label.endswith("%") for label in amounts(ax))
    assert "HKD" not in ax.get_ylabel()


def test_zero_is_in_the_middle_of_both():
    for frame in (several(), one(), one().iloc[:0]):
        ax = quadrant(frame)
        for low, high in (ax.get_xlim(), ax.get_ylim()):
            assert low == -high
        assert len(by_gid(ax, "zero")) == 2


def test_each_quadrant_has_its_words_and_its_colour():
    ax = quadrant(several())
    ax.figure.canvas.draw()
    middle = ax.transAxes.transform((0.5, 0.5))
    for words, right, over in [
        ("price up, money in", True, True),
        ("price up, money out", True, False),
        ("price down, money in", False, True),
        ("price down, money out", False, False),
    ]:
        (text,) = [text for text in by_gid(ax, "corner") if text.get_text() == words]
        box = text.get_window_extent()
        assert ((box.x0 + box.x1) / 2 > middle[0], (box.y0 + box.y1) / 2 > middle[1]) == (right, over)
    grounds = {patch.get_gid(): patch for patch in ax.artists + ax.patches if patch.get_gid()}
    assert set(grounds) == set(measures.quadrant(several())["quadrant"].cat.categories)
    assert grounds["up_in"].get_bbox().x0 == 0
    assert grounds["down_out"].get_width() < 0


def test_points_have_the_colour_of_their_flow():
    at, drawn = points(quadrant(several()))
    up, down = (pair[0] for pair in COLOURS["intl"])
    colors = [to_hex(color) for color in drawn.get_facecolor()]
    assert colors == [up if flow >= 0 else down for flow in at[:, 1]]
    assert len(set(colors)) == 2


def test_one_code_is_a_trail_that_fades():
    ax = quadrant(one())
    at, drawn = points(ax)
    assert len(at) == 11, "the first row has no change"
    alphas = drawn.get_facecolor()[:, 3]
    assert (np.diff(alphas) > 0).all()
    assert drawn.get_sizes()[-1] > drawn.get_sizes()[0]
    assert [len(each.get_segments()) for each in ax.collections if isinstance(each, LineCollection)] == [10]
    assert shown_names(ax)[0].get_text() == "17 Jan"


def test_months_are_named_without_their_first_days():
    frame = builders.traded(builders.rows(period="month", count=5))
    assert quadrant(frame).get_ylabel().endswith("· Feb 2025 – Jun 2025")


def test_minutes_are_a_cloud_without_a_line():
    ax = quadrant(builders.traded(builders.minutes()))
    assert not [each for each in ax.collections if isinstance(each, LineCollection)]
    assert ax.get_ylabel() == "Net inflow per minute, HKD · across: change of price · 2 Jan 2025"
    assert shown_names(ax)[0].get_text() == "16:00"


@pytest.mark.parametrize("layout", [None, "constrained"])
@pytest.mark.parametrize("count", [1, 5, 60])
def test_names_overlap_nothing_and_stay_inside(count, layout):
    codes = [f"HK.{number:05}" for number in range(1, count + 1)]
    _, axes = plt.subplots(1, 2, figsize=(12, 4.6), layout=layout)
    ax = quadrant(several(codes, 3), ax=axes[0])
    named = shown_names(ax)
    around = ax.get_window_extent()
    fixed = [*by_gid(ax, "corner"), *by_gid(ax, "foot"), *by_gid(ax, "unnamed")]
    assert not overlaps([*named, *(text for text in fixed if text.get_text())])
    assert all(around.x0 <= text.get_window_extent().x0 for text in named)
    assert all(text.get_window_extent().x1 <= around.x1 for text in named)
    assert len(named) <= 25
    (rest,) = by_gid(ax, "unnamed")
    hidden = count - len(named) if count > 1 else 0
    assert rest.get_text() == (f"{hidden} more without a name" if hidden else "")


def test_drawing_again_changes_nothing():
    """A hidden name has no size, and so would find a place the next time."""
    small = plt.figure(figsize=(4, 3)).add_subplot()
    ax = quadrant(several([f"HK.{number:05}" for number in range(1, 61)], 3), ax=small)
    first, second, third = (shown_names(ax) for _ in range(3))
    assert first == second == third
    assert len(first) < 25
    assert not overlaps(first)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_furthest_out_is_always_named(seed):
    codes = [f"HK.{number:05}" for number in range(1, 31)]
    frame = several(codes, 3)
    frame["in_flow"] *= np.random.default_rng(seed).normal(size=len(frame))
    ax = quadrant(frame, ax=plt.figure(figsize=(9, 4.6)).add_subplot())
    at = points(ax)[0]
    furthest = codes[int(np.argmax(np.hypot(*(at / np.abs(at).max(axis=0)).T)))]
    assert furthest in [text.get_text() for text in shown_names(ax)]
    plt.close("all")


def test_names_are_those_that_the_frame_knows():
    ax = quadrant(several(names={"HK.00700": "TENCENT"}))
    assert "TENCENT" in [text.get_text() for text in by_gid(ax, "point")]
    assert "HK.00700" not in [text.get_text() for text in by_gid(ax, "point")]


def test_a_code_without_a_number_is_no_point_and_is_named():
    frame = several()
    frame.loc["HK.00005", "close"] = np.nan
    ax = quadrant(frame)
    assert len(points(ax)[0]) == 4
    assert "no number for HK.00005" in ax.get_xlabel()


def test_per_cent_stand_below_and_amounts_beside():
    ax = quadrant(several())
    assert "0%" in ticks(ax)
    assert any(label.startswith("−") for label in ticks(ax))
    assert {label.lstrip("−0123456789.") for label in amounts(ax)} <= {"M", "B", ""}


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (builders.rows, {}, r"needs the column close: frame\.capflow\.with_price\(\) adds it"),
        (
            lambda: one().drop(columns="turnover"),
            {"y": "share"},
            r"needs the column turnover: .*with_turnover",
        ),
        (lambda: several(["HK.00700", "US.AAPL"]), {}, "HKD, USD have no axis in common"),
        (one, {"y": "log"}, "y='log' is not known: expected one of amount, share"),
        (one, {"y": ["share"]}, "is not known: expected one of amount, share"),
        (one, {"rows": 0}, "rows=0; expected a whole number"),
        (one, {"column": "turnover"}, "column 'turnover' is no flow: expected one of in_flow, main_in_flow"),
        (one, {"column": None}, "column None is no flow"),
        (one, {"lang": "fr"}, "lang 'fr' is not known"),
        (lambda: "frame", {}, "not str"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_leaves_no_figure(make, options, message):
    with pytest.raises(QueryError, match=message):
        draw(make(), "quadrant", **options)
    assert not plt.get_fignums()


@pytest.mark.parametrize("make", [one, several])
def test_nothing_to_draw_says_so(make):
    ax = quadrant(make().iloc[:0])
    assert [text.get_text() for text in by_gid(ax, "empty")] == ["no data"]
    assert amounts(ax) == ["0"]


def test_demo_data_says_so_twice_and_above_the_ground():
    ax = quadrant(one(source={"url": "demo://", "demo": True}))
    (mark,) = by_gid(ax, "demo")
    assert mark.get_zorder() > max(patch.get_zorder() for patch in ax.patches)
    assert "demo data" in ax.get_xlabel()
