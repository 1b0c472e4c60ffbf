"""Maps of flow: which cell has which amount, what is absent, what is no cell, and what colours stand for."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import delta, resample
from pd_capflow.plot import heatmap
from pd_capflow.plot.shading import Shading
from pd_capflow.plot.style import COLOURS
from tests.plot import plot_frames as builders
from tests.plot.artists import amounts as names
from tests.plot.artists import by_gid, ticks

SIZES = ["in_flow", *builders.TIERS]
THREE = ("HK.00700", "HK.09988", "HK.00005")


def mesh_of(ax):
    return next(each for each in ax.collections if each.get_array() is not None)


def cells(ax):
    """The amounts on the map from the top down, masked where there is none."""
    return mesh_of(ax).get_array()


def edges(ax):
    """Where the columns of the map begin and end."""
    return mesh_of(ax).get_coordinates()[0, :, 0]


def absent(ax):
    """The strip and the ends of each hatched stretch."""
    found = [each for each in ax.collections if each.get_gid() == "absent"]
    paths = [path.get_extents() for each in found for path in each.get_paths()]
    return [(round((box.y0 + box.y1) / 2), round(box.x0, 3), round(box.x1, 3)) for box in paths]


def key_of(ax):
    (key,) = [each for each in ax.child_axes if each.get_gid() == "key"]
    return key


def together(codes=THREE, **facts):
    return builders.together({code: builders.rows(code) * n for n, code in enumerate(codes, 1)}, **facts)


def test_one_code_has_a_strip_for_the_total_and_each_size():
    frame = builders.rows(count=22)
    ax = heatmap(frame)
    np.testing.assert_array_equal(cells(ax), frame[SIZES].T)
    assert names(ax) == ["Total", "Super", "Big", "Mid", "Small"]
    bottom, top = ax.get_ylim()
    assert bottom > top, "the first strip is at the top"
    assert ax.get_ylabel() == "Net inflow per day, HKD · 2 Jan – 31 Jan 2025"


def test_several_codes_have_a_strip_each():
    frame = together()
    ax = heatmap(frame)
    np.testing.assert_array_equal(cells(ax), [frame.loc[code, "in_flow"] for code in THREE])
    assert names(ax) == list(THREE)
    assert ax.get_title(loc="left") == "Capital flow of 3 codes"


def test_names_stand_before_their_codes():
    ax = heatmap(together(names={"HK.00700": "TENCENT", "HK.09988": "A VERY LONG NAME"}))
    assert names(ax) == ["TENCENT HK.00700", "A VERY LONG N… HK.09988", "HK.00005"]


@pytest.mark.parametrize("column", ["super_in_flow", "sml_in_flow"])
def test_a_size_of_several_codes_can_be_chosen(column):
    frame = together()
    ax = heatmap(frame, column=column)
    np.testing.assert_array_equal(cells(ax), [frame.loc[code, column] for code in THREE])
    name = {"super_in_flow": "Super", "sml_in_flow": "Small"}[column]
    assert ax.get_ylabel().startswith(f"{name}: Net inflow per day, HKD")


def test_a_size_of_one_code_can_be_chosen():
    ax = heatmap(builders.rows(), column="big_in_flow")
    np.testing.assert_array_equal(cells(ax), [builders.rows()["big_in_flow"]])
    assert names(ax) == ["Big"]


def test_a_main_flow_that_nobody_sent_says_what_it_is():
    frame = builders.minutes()
    ax = heatmap(frame, column="main_in_flow")
    own = delta(frame)
    amounts = cells(ax).compressed()
    np.testing.assert_allclose(np.unique(amounts), np.unique(own["super_in_flow"] + own["big_in_flow"]))
    assert ax.get_ylabel().startswith("Main: Net inflow per minute")
    assert "main is derived" in ax.get_xlabel()
    assert "derived" not in heatmap(builders.rows(), column="main_in_flow").get_xlabel()


def test_minutes_are_taken_apart_and_lunch_is_no_cell():
    frame = builders.minutes()
    ax = heatmap(frame)
    whole = ~np.ma.getmaskarray(cells(ax)).all(axis=0)
    starts, stops = edges(ax)[:-1], edges(ax)[1:]
    (lunch,) = by_gid(ax, "break")
    x = lunch.get_xdata()[0]
    assert not whole[(starts < x) & (x < stops)]
    total = (cells(ax)[0] * (stops - starts)).sum()
    assert total == pytest.approx(frame["in_flow"].iloc[-1], rel=1e-6)  # each cell is a minute wide
    assert not absent(ax)
    assert "per minute" in ax.get_ylabel()


@pytest.mark.parametrize("code", ["HK.00700", "US.AAPL", "SH.600519"])
@pytest.mark.parametrize("label", ["end", "start"])
def test_a_whole_session_lacks_nothing(code, label):
    ax = heatmap(builders.minutes(code, days=["2025-01-02", "2025-01-03"], label=label))
    assert not absent(ax)
    assert "hatched" not in ax.get_xlabel()


def test_ticks_are_those_of_the_session():
    assert ticks(heatmap(builders.minutes())) == [
        "09:30", "10:30", "12:00/13:00", "14:00", "15:00", "16:00",
    ]  # fmt: skip


def test_half_a_day_ends_where_it_ends():
    ax = heatmap(builders.minutes().iloc[:75])
    assert edges(ax)[-1] == pytest.approx(74.5)
    assert ax.get_xlim()[1] > 330
    assert not absent(ax)


def test_a_missing_number_is_hatched_and_no_zero():
    frame = builders.rows(count=6)
    frame.iloc[2, 3] = np.nan
    ax = heatmap(frame)
    assert cells(ax).mask.sum() == 1
    assert absent(ax) == [(2, 1.5, 2.5)]
    assert "hatched: no number" in ax.get_xlabel()
    (hatched,) = [each for each in ax.collections if each.get_gid() == "absent"]
    assert hatched.get_hatch()
    assert to_hex(hatched.get_facecolor()[0]) != "#ffffff"


def test_missing_minutes_are_hatched():
    frame = builders.minutes()
    ax = heatmap(frame.drop(frame.index[50:60]))
    assert absent(ax) == [(strip, 49.5, 59.5) for strip in range(5)]
    assert "rows that hold the flow of missing ones" in ax.get_xlabel().replace("\n", " ")


def test_minutes_missing_on_both_sides_of_lunch_are_hatched_and_lunch_is_not():
    frame = builders.minutes()
    rest = frame.index.get_loc(pd.Timestamp("2025-01-02 12:00", tz="Asia/Hong_Kong"))
    ax = heatmap(frame.drop(frame.index[rest - 9 : rest + 11]), column="in_flow")
    (_, start, stop), (_, start_after, stop_after) = absent(ax)
    assert (start, stop) == (140.5, 150)
    assert stop_after - start_after == pytest.approx(10.5)
    assert start_after > stop


def test_a_day_that_one_code_lacks_is_hatched_for_it():
    frame = together()
    ax = heatmap(frame.drop(index=frame.index[6]))
    assert absent(ax) == [(1, 0.5, 1.5)]
    np.testing.assert_array_equal(cells(ax)[0], frame.loc["HK.00700", "in_flow"])
    np.testing.assert_array_equal(cells(ax)[1, 2:], frame.loc["HK.09988", "in_flow"].iloc[2:])


def test_longer_rows_fill_the_time_they_stand_for():
    frame = resample(builders.minutes(), "30min")
    ax = heatmap(frame)
    filled = ~np.ma.getmaskarray(cells(ax))[0]
    widths = np.diff(edges(ax))
    np.testing.assert_allclose(widths[filled], 30)
    np.testing.assert_allclose(cells(ax)[0].compressed(), delta(frame)["in_flow"])
    assert not absent(ax)


def test_whole_sessions_have_a_cell_each():
    frame = resample(builders.minutes(days=["2025-01-02", "2025-01-03"]), "1D")
    row = cells(heatmap(frame))[0].compressed()
    assert sorted(set(row)) == sorted(frame["in_flow"])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("colors", sorted(COLOURS))
def test_colours_diverge_from_the_paper_at_zero(colors, dark):
    with plt.style.context("dark_background" if dark else "default"):
        mesh = mesh_of(heatmap(builders.rows(count=22), colors=colors))
        paper = to_hex(plt.rcParams["axes.facecolor"])
    up, down = (pair[dark] for pair in COLOURS[colors])
    assert mesh.norm.vmin == -mesh.norm.vmax
    ends = [to_hex(mesh.cmap(mesh.norm(amount))) for amount in (mesh.norm.vmin, mesh.norm.vmax)]
    assert ends == [down, up]
    middle = np.array(mesh.cmap(0.5)[:3]) - np.array(plt.matplotlib.colors.to_rgb(paper))
    assert np.abs(middle).max() < 0.01


@pytest.mark.parametrize(("code", "convention"), [("SH.600519", "cn"), ("HK.00700", "intl")])
def test_auto_colours_follow_the_market(code, convention):
    mesh = mesh_of(heatmap(builders.rows(code)))
    assert to_hex(mesh.cmap(1.0)) == COLOURS[convention][0][0]


def test_one_far_amount_does_not_pale_the_rest_and_the_chart_says_so():
    frame = builders.rows(count=60)
    usual = mesh_of(heatmap(frame)).norm.vmax
    frame.iloc[30, 0] = 1e12
    ax = heatmap(frame)
    assert mesh_of(ax).norm.vmax < 1.2 * usual
    assert mesh_of(ax).colorbar.extend in ("max", "both")
    assert f"one colour beyond ±{mesh_of(ax).norm.vmax / 1e6:.0f}M" in ax.get_xlabel()


finite = st.floats(-1e12, 1e12).map(lambda amount: round(amount, 2))


@given(st.lists(finite | st.just(float("nan")), max_size=60))
def test_amounts_beyond_the_limit_are_few_and_told(rows):
    amounts = np.array(rows, dtype=float)
    shading = Shading.of(amounts, lang="en")
    known = amounts[np.isfinite(amounts)]
    beyond = np.abs(known) > shading.limit
    assert shading.limit > 0
    assert beyond.mean() <= 0.04 if known.size > 50 else beyond.sum() <= 2
    told = {"neither": (False, False), "min": (True, False), "max": (False, True), "both": (True, True)}
    assert told[shading.extend] == ((known < -shading.limit).any(), (known > shading.limit).any())


def test_the_key_has_the_currency_and_readable_amounts():
    ax = heatmap(builders.rows(count=22))
    ax.figure.canvas.draw()
    key = key_of(ax)
    assert [text.get_text() for text in key.texts] == ["HKD"]
    labels = [label.get_text() for label in key.get_yticklabels()]
    assert "0" in labels
    assert all(label == "0" or label.endswith("M") for label in labels)
    assert len(labels) <= 6


def test_currencies_do_not_share_a_scale():
    frame = together(("HK.00700", "US.AAPL"))
    with pytest.raises(QueryError, match=r"HKD, USD.*or pass scale='code'"):
        heatmap(frame)
    assert not plt.get_fignums()


def test_on_its_own_scale_a_code_of_any_size_and_currency_looks_alike():
    ax = heatmap(together(("HK.00700", "US.AAPL")), scale="code")
    one, two = cells(ax)
    np.testing.assert_allclose(one, two)
    assert np.sqrt((one**2).mean()) == pytest.approx(1)
    own = builders.rows()["in_flow"].to_numpy()
    assert (np.sign(one) == np.sign(own)).all(), "an inflow stays one"
    label = ax.get_ylabel()
    assert label.startswith("Net inflow per day, in each code's typical amount (root mean square)")
    assert "HKD" not in label
    assert [text.get_text() for text in key_of(ax).texts] == ["× typical"]


def test_a_code_with_nothing_but_zeros_is_zero_on_its_own_scale():
    frame = together()
    frame.loc["HK.09988", :] = 0.0
    ax = heatmap(frame, scale="code")
    assert not cells(ax)[1].any()
    assert not absent(ax)


def test_currency_stays_in_the_label_of_amounts():
    assert ", HKD · " in heatmap(together()).get_ylabel()
    assert "HKD" not in heatmap(together(), scale="code").get_ylabel()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"column": "x"}, "column 'x' is not known: expected one of in_flow, main_in_flow, super_in_flow"),
        ({"column": ["in_flow"]}, r"column \['in_flow'\] is not known"),
        ({"scale": "log"}, "scale 'log' is not known: expected one of common, code"),
        ({"scale": "code"}, "scale='code' needs several codes, and this frame holds one"),
    ],
)
def test_what_is_not_known_is_named(options, message):
    with pytest.raises(QueryError, match=message):
        heatmap(builders.rows(), **options)
    assert not plt.get_fignums()


def test_a_column_that_is_not_there_is_refused():
    with pytest.raises(QueryError, match="the frame lacks it"):
        heatmap(builders.rows().drop(columns="big_in_flow"), column="big_in_flow")
    ax = heatmap(builders.rows().drop(columns="big_in_flow"))
    assert names(ax) == ["Total", "Super", "Mid", "Small"]


@pytest.mark.parametrize("options", [{}, {"scale": "code"}, {"lang": "zh"}])
def test_nothing_to_draw_says_so(options):
    for frame in (builders.rows(), builders.minutes(), together()):
        ax = heatmap(frame.iloc[:0], **options)
        assert not ax.collections
        assert not ax.child_axes
        assert len(by_gid(ax, "empty")) == 1


def test_nothing_but_missing_numbers_is_no_data():
    frame = builders.rows(count=3)
    frame[:] = np.nan
    ax = heatmap(frame)
    assert by_gid(ax, "empty")
    assert len(absent(ax)) == 5
    assert not ax.child_axes, "no colour stands for anything"


def test_one_row_is_a_column():
    ax = heatmap(builders.rows(count=1))
    np.testing.assert_array_equal(edges(ax), [-0.5, 0.5])
    low, high = ax.get_xlim()
    assert high - low > 4


def test_very_many_codes_are_named_as_far_as_there_is_room():
    codes = [f"HK.{number:05}" for number in range(1, 121)]
    ax = heatmap(together(codes))
    shown = [name for name in names(ax) if name]
    assert 5 < len(shown) < 60
    assert cells(ax).shape == (120, 5)
    places = {code: place for place, code in enumerate(codes)}
    bottom, _ = ax.get_ylim()
    for place, label in zip(ax.get_yticks(), names(ax), strict=True):
        assert not label or places[label] == place
    assert bottom == 119.5


def test_a_demo_mark_is_drawn_over_the_map_and_hides_nothing():
    ax = heatmap(builders.minutes(source={"url": "demo://", "demo": True}))
    (mark,) = by_gid(ax, "demo")
    assert mark.get_zorder() > mesh_of(ax).get_zorder()
    assert mark.get_color()[3] == 0
    assert mark.get_path_effects()
    assert ax.get_xlabel().startswith("demo data")


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_in_subplots_a_key_keeps_to_its_own_map(layout):
    figure, axes = plt.subplots(2, 2, figsize=(9, 6), layout=layout)
    for ax in axes.flat:
        heatmap(builders.rows(count=22), ax=ax)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    assert len(figure.axes) == 4
    for left, right in axes:
        assert key_of(left).get_tightbbox(renderer).x1 <= right.get_window_extent().x0
        assert key_of(right).get_tightbbox(renderer).x1 <= figure.bbox.x1
    if layout is None:
        key, (low, high) = key_of(axes[0, 0]).get_tightbbox(renderer), axes[0, 0].get_xlim()
        assert key.x0 > axes[0, 0].transData.transform((21.5, 0))[0]
        assert high - low > 22


def test_where_room_is_short_the_footnote_says_what_the_amounts_are():
    """A turned label would stand beyond the names of the strips, and be cut off."""
    _, ax = plt.subplots(figsize=(4, 3.5))
    heatmap(builders.minutes(), ax=ax)
    (foot,) = by_gid(ax, "foot")
    assert "Net inflow per minute" in foot.get_text().replace("\n", " ")
    ax.figure.canvas.draw()
    assert ax.get_tightbbox(ax.figure.canvas.get_renderer()).x0 >= 0


def test_axes_that_are_cleared_and_drawn_on_again_have_one_key():
    _, ax = plt.subplots()
    for _ in range(3):
        ax.clear()
        heatmap(builders.rows(), ax=ax)
    assert key_of(ax)
    assert len(ax.figure.axes) == 1


def test_a_mouse_is_told_time_strip_and_amount():
    frame = builders.rows(count=5)
    frame.iloc[1, 0] = 5e8
    ax = heatmap(frame)
    assert ax.format_coord(1.2, 0.3) == "3 Jan 2025   Total   500M"
    assert ax.format_coord(99, 9) == ""
    assert heatmap(together(), scale="code").format_coord(1, 1).endswith("×")
