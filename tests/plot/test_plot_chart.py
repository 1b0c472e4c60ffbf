"""Heading, footnote, marks, fonts, and the axes that a user brings."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from pd_capflow.errors import CapflowWarning, QueryError
from pd_capflow.plot import KINDS, draw, style
from tests.plot import plot_frames as builders
from tests.plot.artists import bar_colors, by_gid, data_lines, ticks

DEMO = {"url": "demo://", "demo": True}


def test_kind_follows_the_period():
    assert data_lines(draw(builders.minutes()))
    assert draw(builders.rows()).patches


def own_minutes(frame):
    """What ``delta()`` makes of a frame."""
    own = frame.copy()
    own.attrs["capflow"] = frame.attrs["capflow"] | {"cumulative": False}
    return own


def test_several_codes_have_a_usual_kind_of_every_period():
    """Lines where amounts can share an axis, a map where they cannot."""
    codes, mixed = ["HK.00700", "HK.09988"], ["HK.00700", "US.AAPL"]
    lines = draw(builders.watchlist(codes, builders.rows))
    assert lines.get_ylabel().startswith("Net inflow, running total from 2 Jan 2025, HKD")
    assert len(lines.get_lines()) >= len(codes)
    assert draw(builders.watchlist(codes, builders.minutes)).get_ylabel().startswith("Net inflow since the")
    own = draw(own_minutes(builders.watchlist(codes, builders.minutes)))
    assert own.get_ylabel().startswith("Net inflow per minute, HKD")
    for make in (builders.rows, builders.minutes):
        frame = builders.watchlist(mixed, make)
        for each in (frame, own_minutes(frame)):
            assert len(draw(each).collections) == len(draw(each, "heatmap", scale="code").collections) > 0
            assert draw(each, title="T").get_ylabel() == draw(each, "heatmap", scale="code").get_ylabel()
        assert draw(frame, scale="code").get_ylabel() == draw(frame).get_ylabel()
        plt.close("all")


def test_the_usual_kind_of_a_minutes_own_flows_is_bars():
    assert draw(own_minutes(builders.minutes())).get_ylabel() == "Net inflow per minute, HKD · 2 Jan 2025"


@pytest.mark.parametrize("ax", [5, "x", [], object()])
@pytest.mark.parametrize("kind", [None, "cumulative", "heatmap", "rank"])
def test_what_is_no_axes_is_named(ax, kind):
    frame = builders.watchlist(["HK.00700", "HK.09988"], builders.rows)
    with pytest.raises(QueryError, match=f"ax is a {type(ax).__name__}; expected axes of matplotlib"):
        draw(frame, kind, ax=ax)
    assert not plt.get_fignums()


def test_kind_can_be_chosen():
    assert not data_lines(draw(builders.minutes(), "bars"))
    assert data_lines(draw(builders.rows(), "cumulative"))


@pytest.mark.parametrize(("facts", "count"), [("day", 4), ("week", 4), ("month", 4)])
def test_period_is_guessed_from_the_times(facts, count):
    frame = builders.rows(period=facts, count=count)
    frame.attrs = {}
    assert f"per {facts}" in draw(frame).get_ylabel()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "pie"}, "kind 'pie' is not known: expected one of cumulative, bars"),
        ({"kind": ["bars"]}, r"kind \['bars'\] is not known"),
        ({"color": "red"}, "no option color: expected some of ax, colors, lang, title"),
        ({"colors": "pink"}, "colors 'pink' is not known: expected one of auto, cn, intl, cb"),
        ({"colors": ["cn"]}, "colors .* is not known"),
        ({"lang": "fr"}, "lang 'fr' is not known: expected one of en, zh"),
        ({"lang": {}}, "lang .* is not known"),
    ],
)
def test_what_is_not_known_is_named(arguments, message):
    with pytest.raises(QueryError, match=message):
        draw(builders.minutes(), **arguments)


def test_what_is_no_flow_is_refused():
    frame = builders.minutes()
    for wrong, message in [
        ([1, 2], "not list"),
        (frame.rename(columns={"in_flow": "x"}), "needs the column in_flow"),
        (frame.reset_index(drop=True), "indexed by time"),
    ]:
        with pytest.raises(QueryError, match=message):
            draw(wrong)


@pytest.mark.parametrize("kind", ["cumulative", "bars", "tiers", "heatmap"])
def test_codes_in_a_column_are_as_good_as_in_a_level(kind):
    """After ``reset_index("code")`` rows of two codes are not those of one."""
    both = builders.watchlist(["HK.00700", "HK.09988"], builders.rows)
    apart = both.drop(both.index[[0, 1, 2, 8, 9]])  # no two of the same day
    for frame in (both, apart):
        column = frame.reset_index("code")
        if kind in ("bars", "tiers"):
            with pytest.raises(QueryError, match="needs one code, and this frame holds 2"):
                draw(column, kind)
        else:
            assert draw(column, kind).get_title(loc="left") == "Capital flow of 2 codes"
    one = both.loc[["HK.09988"]]
    drawn = draw(one.reset_index("code"), kind)
    assert drawn.get_title(loc="left") == draw(one, kind).get_title(loc="left") == "HK.09988 capital flow"


@pytest.mark.parametrize("kind", ["cumulative", "bars", "tiers", "heatmap", "distribution"])
def test_rows_that_cannot_be_told_apart_are_refused(kind):
    rows = builders.rows()
    if kind == "distribution":
        rows = rows.rename(columns={"in_flow": "super_in"})
    for wrong, message in [
        (pd.concat([rows, rows.iloc[:1]]), "two rows are of HK.00700 at 2025-01-02"),
        (rows.assign(code=[np.nan, *["HK.00700"] * 4]), "a row has no code"),
        (pd.concat([rows, rows.iloc[:, :1]], axis=1), "several columns are named"),
    ]:
        with pytest.raises(QueryError, match=message):
            draw(wrong, kind)


def test_kinds_can_be_joined(monkeypatch):
    monkeypatch.setitem(KINDS, "title", lambda frame, *, ax=None, title=None: (len(frame), ax, title))
    assert draw(builders.rows(), "title", title="x") == (5, None, "x")


def test_own_axes_are_used_and_returned():
    _, axes = plt.subplots(1, 2)
    assert draw(builders.minutes(), ax=axes[1]) is axes[1]
    assert not axes[0].lines
    assert plt.get_fignums() == [1]


def test_new_axes_are_on_a_pyplot_figure():
    ax = draw(builders.minutes())
    assert plt.gcf() is ax.figure


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_demo_is_marked_within_the_axes(layout):
    """Whatever cuts off what is around the axes, the mark stays."""
    _, axes = plt.subplots(2, 2, figsize=(9, 6), layout=layout)
    for kind, ax in zip(["cumulative", "bars"] * 2, axes.flat, strict=True):
        draw(builders.minutes(source=DEMO), kind, ax=ax)
        ax.figure.canvas.draw()
        (mark,) = by_gid(ax, "demo")
        box, around = mark.get_window_extent(), ax.get_window_extent()
        assert mark.get_text() == "DEMO DATA"
        assert around.x0 <= box.x0
        assert box.x1 <= around.x1
        assert around.y0 <= box.y0
        assert box.y1 <= around.y1


def test_demo_is_told_in_the_footnote():
    assert draw(builders.minutes(source=DEMO)).get_xlabel().startswith("demo data · ")


def test_real_data_has_no_demo_mark():
    ax = draw(builders.minutes())
    assert not by_gid(ax, "demo")
    assert "demo" not in ax.get_xlabel()


@pytest.mark.parametrize(("lang", "said"), [("en", "recorded, not live"), ("zh", "录制数据，非实时")])
def test_what_is_served_again_says_so_in_the_footnote(lang, said):
    source = {"url": "tcp://127.0.0.1:11111", "demo": False, "recorded": "a replay\x1b[31m" * 99}
    told = draw(builders.minutes(source=source), lang=lang).get_xlabel()
    assert told.endswith(f"tcp://127.0.0.1:11111 · {said}")


def test_footnote_names_zone_time_and_source():
    ax = draw(builders.minutes(last_valid_time="2025-01-02T02:43:44+00:00"))
    assert ax.get_xlabel() == "Hong Kong time · valid to 2 Jan 10:43:44 · source tcp://127.0.0.1:11111"


def test_footnote_gives_the_range_of_several_codes():
    times = {"HK.00700": "2025-01-02T10:43:44+08:00", "HK.09988": "2025-01-02T10:41:00+08:00", "HK.1": "?"}
    frame = builders.together(
        {code: builders.minutes(code) for code in ("HK.00700", "HK.09988")},
        last_valid_time=times,
        errors={"HK.99999": "unknown"},
    )
    note = draw(frame).get_xlabel().replace("\n", " ")
    assert "valid to 2 Jan 10:41:00 – 2 Jan 10:43:44" in note
    assert "no answer for HK.99999" in note


def test_a_dollar_sign_is_no_formula():
    ax = draw(builders.minutes(source={"url": "tcp://$a_b^{$:1"}), title="$x_{$")
    ax.figure.canvas.draw()
    assert ax.get_title(loc="left") == "$x_{$"


def test_heading_names_code_currency_and_day():
    ax = draw(builders.minutes())
    assert ax.get_title(loc="left") == "HK.00700 capital flow"
    assert ax.get_ylabel() == "Net inflow since the open, HKD · 2 Jan 2025"


def test_axes_close_together_keep_their_texts_apart():
    """Without a layout engine a title must not run into what stands above it."""
    _, axes = plt.subplots(2, 2, figsize=(9, 6))
    for ax in axes.flat:
        draw(builders.minutes(source=DEMO), ax=ax)
    axes[0, 0].figure.canvas.draw()
    renderer = axes[0, 0].figure.canvas.get_renderer()
    lower, upper = axes[1, 0].get_tightbbox(renderer), axes[0, 0].get_tightbbox(renderer)
    assert lower.y1 <= upper.y0
    (foot,) = by_gid(axes[0, 0], "foot")
    assert foot.get_text().startswith("demo data")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("HK.00700", ["09:30", "10:30", "12:00/13:00", "14:00", "15:00", "16:00"]),
        ("US.AAPL", ["09:30", "10:30", "11:30", "12:30", "13:30", "14:30", "16:00"]),
    ],
)
def test_ticks_are_exchange_time(code, expected):
    assert ticks(draw(builders.minutes(code))) == expected


def test_ticks_of_several_days_are_dates():
    """Also over the night when New York changes its clocks."""
    ax = draw(builders.minutes("US.AAPL", days=["2025-03-07", "2025-03-10"]))
    assert ticks(ax) == ["7 Mar", "10 Mar"]
    low, high = ax.get_xlim()
    assert high - low < 2 * 390 * 1.05


def test_ticks_follow_the_zoom():
    ax = draw(builders.minutes())
    ax.set_xlim(0, 60)
    assert {"09:45", "10:00"} <= set(ticks(ax))


def test_ticks_thin_out_where_there_is_little_room():
    _, ax = plt.subplots(figsize=(2.5, 2))
    draw(builders.minutes(), ax=ax)
    assert len(ticks(ax)) <= 3


def test_dark_paper_gets_light_ink():
    with plt.style.context("dark_background"):
        ax = draw(builders.minutes())
        up, _ = (pair[1] for pair in style.COLOURS["intl"])
        assert data_lines(ax)["Total"].get_color() == "#ffffff"
        assert sum(to_rgb(ax.yaxis.label.get_color())) > 1.5
        assert up in bar_colors(draw(builders.rows(count=22)))[True]


def test_transparent_paper_is_judged_by_the_ink():
    with plt.rc_context({"axes.facecolor": "none", "figure.facecolor": "none", "text.color": "w"}):
        assert draw(builders.minutes()).title.axes is not None
        assert style.theme_of(plt.gca(), "auto", []).paper == "#000000"


@pytest.fixture
def _no_cjk(monkeypatch):
    monkeypatch.setattr(style, "_CJK", ())
    style._warn_no_cjk.cache_clear()
    yield
    style._warn_no_cjk.cache_clear()


@pytest.mark.usefixtures("_no_cjk")
def test_chinese_without_a_font_is_english_and_warned_of_once():
    with pytest.warns(CapflowWarning, match="no font with Chinese characters"):
        ax = draw(builders.minutes(), lang="zh")
    draw(builders.minutes(), lang="zh")  # a second warning would be an error
    assert ax.get_title(loc="left") == "HK.00700 capital flow"


def test_chinese_uses_the_font_that_is_there(monkeypatch):
    """DejaVu Sans plays the Chinese font: it is always installed. Nothing is drawn, so nothing is tofu."""
    monkeypatch.setattr(style, "_CJK", ("No Such Font", "DejaVu Sans"))
    ax = draw(builders.rows(source=DEMO), lang="zh")
    assert ax.get_title(loc="left") == "HK.00700 资金流向"
    assert ax.get_ylabel() == "每日净流入, HKD · 2025年1月2日 – 2025年1月8日"
    assert by_gid(ax, "demo")[0].get_text() == "演示数据"
    texts = [ax.yaxis.label, ax.xaxis.label, *ax.texts, *ax.get_yticklabels(), *ax.get_xticklabels()]
    assert all(text.get_fontfamily()[-1] == "DejaVu Sans" for text in texts)
    assert ax.yaxis.get_major_formatter().format_ticks([-2e8, 0, 2e8]) == ["−2亿", "0", "2亿"]
