"""The page of small charts: one for each code, with its own numbers, and one heading and footnote for all."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from pd_capflow.errors import QueryError
from pd_capflow.flow import measures
from pd_capflow.plot import page
from pd_capflow.plot.style import COLOURS
from tests.plot import plot_frames as builders
from tests.plot.artists import by_gid, data_lines, overlaps

CODES = ["HK.00700", "HK.09988", "HK.03690", "HK.00005", "HK.00388"]
DEMO = {"url": "demo://", "demo": True}


def panels(figure):
    return figure.axes[1:]


def texts(figure, gid):
    return [next((text.get_text() for text in by_gid(ax, gid)), "") for ax in panels(figure)]


def heights(ax):
    """The far end of each bar of a small chart."""
    (bars,) = [each for each in ax.collections if isinstance(each, PolyCollection)]
    return [path.vertices[1, 1] for path in bars.get_paths()]


def known(line):
    y = np.asarray(line.get_ydata(), float)
    return y[np.isfinite(y)]


def test_each_code_has_its_own_totals():
    frame = builders.watchlist(CODES)
    figure = page(frame)
    assert [ax.get_label() for ax in panels(figure)] == CODES
    for code, ax in zip(CODES, panels(figure), strict=True):
        assert list(data_lines(ax)) == ["in_flow"]
        np.testing.assert_array_equal(known(data_lines(ax)["in_flow"]), frame.loc[code, "in_flow"])


def test_each_code_has_its_own_bars():
    frame = builders.watchlist(CODES, builders.rows)
    figure = page(frame)
    for code, ax in zip(CODES, panels(figure), strict=True):
        np.testing.assert_allclose(heights(ax), frame.loc[code, "in_flow"])
    up, down = (pair[0] for pair in COLOURS["intl"])
    colors = [to_hex(color) for color in panels(figure)[0].collections[0].get_facecolor()]
    assert colors == [up if flow >= 0 else down for flow in frame.loc[CODES[0], "in_flow"]]


def test_minutes_are_taken_apart_for_bars():
    """Cumulative is never taken for delta."""
    frame = builders.watchlist(CODES[:2])
    own = measures.delta(frame)
    for code, ax in zip(CODES, panels(page(frame, "bars")), strict=False):
        np.testing.assert_allclose(heights(ax), own.loc[code, "in_flow"])


def test_thin_bars_do_not_vanish():
    """Rounded to whole pixels, a bar that is thinner than one would have no width at all."""
    figure = page(builders.watchlist([f"HK.{n:05}" for n in range(1, 13)]), "bars")
    assert all(each.get_snap() is False for ax in panels(figure) for each in ax.collections[:1])


def test_tiers_come_with_one_legend():
    frame = builders.watchlist(CODES)
    figure = page(frame, tiers=True)
    for ax in panels(figure):
        assert set(data_lines(ax)) == {*builders.TIERS, "in_flow"}
        assert ax.get_legend() is None
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["Total", "Super", "Big", "Mid", "Small"]


def test_legend_and_lines_have_the_same_colours():
    figure = page(builders.watchlist(CODES), tiers=True)
    lines = data_lines(panels(figure)[0])
    drawn = [lines[name].get_color() for name in ("in_flow", *builders.TIERS)]
    assert [handle.get_color() for handle in figure.axes[0].get_legend().legend_handles] == drawn


def test_name_code_and_last_value_stand_above():
    frame = builders.watchlist(CODES, names={"HK.00700": "TENCENT"})
    frame.loc[("HK.00700", frame.index[-1][1]), "in_flow"] = -12.34e6
    figure = page(frame)
    assert texts(figure, "name") == ["TENCENT", *CODES[1:]]
    assert texts(figure, "code") == ["HK.00700", "", "", "", ""]
    assert texts(figure, "value")[0] == "−12.3M"
    _, down = (pair[0] for pair in COLOURS["intl"])
    assert to_hex(by_gid(panels(figure)[0], "value")[0].get_color()) == down


def test_a_code_that_ends_earlier_says_so():
    parts = {code: builders.minutes(code) for code in CODES[:3]}
    parts["HK.09988"] = parts["HK.09988"].iloc[:110]
    parts["HK.03690"].iloc[-30:] = np.nan
    assert texts(page(builders.together(parts)), "aside") == ["", "to 11:19", "to 15:30"]
    days = {code: builders.rows(code) for code in CODES[:2]}
    days["HK.09988"] = days["HK.09988"].iloc[:3]
    assert texts(page(builders.together(days)), "aside") == ["", "to 6 Jan"]


def test_currencies_are_told_where_they_differ():
    mixed = page(builders.watchlist(["HK.00700", "US.AAPL"]))
    assert texts(mixed, "aside") == ["HKD", "USD"]
    assert "HKD" not in mixed.axes[0].get_ylabel()
    alike = page(builders.watchlist(CODES))
    assert texts(alike, "aside") == [""] * 5
    assert alike.axes[0].get_ylabel() == "Net inflow since the open, HKD · 2 Jan 2025"


def test_each_exchange_keeps_its_own_hours():
    """In one axis of UTC, New York would begin where Hong Kong has long ended."""
    figure = page(builders.watchlist(["HK.00700", "US.AAPL", "HK.09988"]), columns=3)
    figure.canvas.draw()
    labels = [[label.get_text() for label in ax.get_xticklabels()] for ax in panels(figure)]
    assert all(each[0] == "09:30" and each[-1] == "16:00" for each in labels)
    widths = [np.diff(ax.get_xlim())[0] for ax in panels(figure)]
    assert widths[0] == widths[2] < widths[1]
    assert "each chart in exchange time" in figure.axes[0].get_xlabel()


def test_days_of_two_exchanges_are_the_same_days():
    figure = page(builders.watchlist(["HK.00700", "US.AAPL"], builders.rows))
    assert texts(figure, "aside") == ["HKD", "USD"]


def test_times_stand_below_the_lowest_of_each_column():
    figure = page(builders.watchlist(CODES), columns=2)
    assert [ax.xaxis.get_visible() for ax in panels(figure)] == [False, False, False, True, True]


def test_own_scales_and_one_scale():
    frame = builders.watchlist(CODES)
    own, shared = page(frame), page(frame, share_y=True, columns=3)
    assert len({ax.get_ylim() for ax in panels(own)}) == 5
    assert len({ax.get_ylim() for ax in panels(shared)}) == 1
    assert "each chart has its own scale" in own.axes[0].get_xlabel()
    assert "all charts have one scale" in shared.axes[0].get_xlabel()
    assert all(by_gid(ax, "scale") for ax in panels(own))
    assert [bool(by_gid(ax, "scale")) for ax in panels(shared)] == [True, False, False, True, False]
    low, high = panels(shared)[0].get_ylim()
    amounts = frame["in_flow"]
    assert low <= amounts.min() < 0 < amounts.max() <= high


def test_a_scale_is_written_where_it_is():
    ax = panels(page(builders.watchlist(CODES)))[0]
    units = {"K": 1e3, "M": 1e6, "B": 1e9}
    for text in by_gid(ax, "scale"):
        told = text.get_text().replace("−", "-")
        assert float(told.rstrip("KMB")) * units.get(told[-1], 1) == pytest.approx(text.get_position()[1])


@pytest.mark.parametrize("count", [1, 2, 5, 12])
@pytest.mark.parametrize("kind", ["cumulative", "bars"])
def test_nothing_overlaps_and_nothing_is_cut(count, kind):
    codes = [f"HK.{number:05}" for number in range(1, count + 1)]
    told = {"HK.00001": "A VERY LONG NAME THAT GOES ON AND ON", "HK.00002": "TENCENT"}
    figure = page(builders.watchlist(codes, names=told), kind)
    figure.canvas.draw()
    written = [text for ax in panels(figure) for text in ax.texts if text.get_gid() not in ("demo", "empty")]
    written += [label for ax in panels(figure) if ax.xaxis.get_visible() for label in ax.get_xticklabels()]
    ground = figure.axes[0]
    written += [ground.title, ground._left_title, ground.yaxis.label, ground.xaxis.label]
    written = [text for text in written if text.get_text()]
    assert not overlaps(written)
    for text in written:
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0, text
        assert box.x1 <= figure.bbox.x1, text
        assert figure.bbox.y0 <= box.y0, text
        assert box.y1 <= figure.bbox.y1, text


def test_every_chart_marks_demo_data():
    """Whoever cuts one chart out of the page cuts the mark out with it."""
    figure = page(builders.watchlist(CODES, source=DEMO))
    assert all(by_gid(ax, "demo") for ax in panels(figure))
    assert "demo data" in figure.axes[0].get_xlabel()


def test_a_code_without_numbers_is_empty_and_the_others_are_not():
    frame = builders.watchlist(CODES)
    frame.loc["HK.09988"] = np.nan
    figure = page(frame)
    assert [bool(by_gid(ax, "empty")) for ax in panels(figure)] == [False, True, False, False, False]
    assert texts(figure, "value")[1] == ""
    assert not by_gid(panels(figure)[1], "scale")


def test_nothing_to_draw_says_so():
    figure = page(builders.watchlist(CODES).iloc[:0])
    assert [text.get_text() for text in by_gid(panels(figure)[0], "empty")] == ["no data"]


def test_one_code_needs_no_level():
    figure = page(builders.minutes())
    assert len(panels(figure)) == 1
    assert "scale" not in figure.axes[0].get_xlabel()


@pytest.mark.parametrize(("count", "across"), [(1, 1), (3, 2), (5, 3), (10, 4)])
def test_charts_stand_line_by_line(count, across):
    figure = page(builders.watchlist([f"HK.{number:05}" for number in range(1, count + 1)]))
    lefts = [round(ax.get_position().x0, 6) for ax in panels(figure)]
    tops = [round(ax.get_position().y1, 6) for ax in panels(figure)]
    assert len(set(lefts)) == across
    assert tops == sorted(tops, reverse=True)


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_a_figure_of_ones_own_is_used_and_returned(layout):
    own = Figure(figsize=(12, 8), layout=layout)
    assert page(builders.watchlist(CODES), figure=own) is own
    assert not plt.get_fignums()
    places = [ax.get_position().bounds for ax in panels(own)]
    own.canvas.draw()
    assert [ax.get_position().bounds for ax in panels(own)] == places
    assert own.get_size_inches().tolist() == [12, 8]


def test_a_part_of_a_figure_will_do():
    left, right = Figure(figsize=(16, 6), layout="constrained").subfigures(1, 2)
    assert page(builders.watchlist(CODES), figure=right) is right
    assert not left.axes
    left.figure.canvas.draw()


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (
            lambda: builders.watchlist(CODES),
            {"kind": "pie"},
            "kind 'pie' is not known: expected one of cumul",
        ),
        (lambda: builders.watchlist(CODES), {"kind": ["bars"]}, "is not known: expected one of"),
        (lambda: builders.watchlist(CODES), {"columns": 0}, "columns=0: expected how many charts"),
        (lambda: builders.watchlist(CODES), {"columns": "2"}, "columns='2': expected how many charts"),
        (lambda: builders.watchlist(CODES), {"colors": "pink"}, "colors 'pink' is not known"),
        (lambda: builders.watchlist(CODES), {"lang": "fr"}, "lang 'fr' is not known"),
        (lambda: builders.watchlist(CODES), {"figure": 3}, "figure=3: expected an empty"),
        (
            lambda: builders.watchlist(CODES),
            {"kind": "bars", "tiers": True},
            "tiers are lines of kind 'cumul",
        ),
        (
            lambda: builders.watchlist(["HK.00700", "US.AAPL"]),
            {"share_y": True},
            "share_y needs amounts in one",
        ),
        (
            lambda: builders.watchlist(CODES, cumulative=False),
            {"kind": "cumulative"},
            "cumulative needs running",
        ),
        (lambda: builders.watchlist(CODES).rename(columns={"in_flow": "x"}), {}, "needs the column in_flow"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_leaves_no_figure(make, options, message):
    with pytest.raises(QueryError, match=message):
        page(make(), **options)
    assert not plt.get_fignums()


def test_a_figure_that_holds_something_is_refused():
    figure, _ = plt.subplots()
    with pytest.raises(QueryError, match="needs an empty figure, and this one has 1 axes"):
        page(builders.watchlist(CODES), figure=figure)


def test_too_many_codes_are_refused_and_the_error_says_what_to_do():
    frame = builders.watchlist([f"HK.{number:05}" for number in range(1, 62)], builders.rows)
    with pytest.raises(QueryError, match=r"room for 60 codes, and this frame holds 61: .*rank\(n=60\)"):
        page(frame)


def test_dark_paper_gets_light_ink():
    with plt.style.context("dark_background"):
        figure = page(builders.watchlist(CODES))
    assert data_lines(panels(figure)[0])["in_flow"].get_color() == "#ffffff"


def test_the_accessor_has_a_door():
    figure = builders.watchlist(CODES).capflow.page("bars", columns=5)
    assert len(panels(figure)) == 5
    assert not hasattr(builders.distribution().capflow, "page")
