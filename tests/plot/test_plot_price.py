"""The closing price over bars: an axis of its own, and never a claim that it shares the amounts'."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from pd_capflow.errors import QueryError
from pd_capflow.flow.measures import resample
from pd_capflow.plot import bars, draw
from pd_capflow.plot.style import COLOURS
from tests.plot import plot_frames as builders
from tests.plot.artists import amounts, heights, longest_stride, ticks


def price_axes(ax):
    """The axes of the price that stand on these, none or one."""
    bounds = ax.get_position().bounds
    others = [each for each in ax.figure.axes if each is not ax and each.get_position().bounds == bounds]
    return others[0] if others else None


def price_line(ax):
    (line,) = price_axes(ax).lines
    return line


def test_the_close_is_a_line_on_an_axis_of_its_own():
    frame = builders.with_close(builders.rows(count=22))
    ax = bars(frame)
    np.testing.assert_array_equal(price_line(ax).get_ydata(), frame["close"])
    np.testing.assert_array_equal(price_line(ax).get_xdata(), range(22))
    np.testing.assert_array_equal(heights(ax), frame["in_flow"])
    low, high = price_axes(ax).get_ylim()
    assert low < frame["close"].min() <= frame["close"].max() < high
    assert low > 0, "prices do not begin at zero"
    assert price_axes(ax).yaxis.get_ticks_position() == "right"


def test_amounts_are_where_they_are_without_a_price():
    frame = builders.rows(count=22)
    assert bars(builders.with_close(frame)).get_ylim() == bars(frame).get_ylim()


def test_its_name_tells_currency_and_last_value():
    frame = builders.with_close(builders.rows("US.AAPL", count=10))
    frame.iloc[-1, frame.columns.get_loc("close")] = 1677.5
    assert price_axes(bars(frame)).get_ylabel() == "Close 1,677.5 USD"


@pytest.mark.parametrize(
    ("prices", "text"),
    [([1.0, 2.0], "2"), ([1.5, 2.0], "2.0"), ([0.125, 2.0], "2.000"), ([0.12345, 2], "2.000")],
)
def test_the_last_value_has_the_decimals_of_all(prices, text):
    frame = builders.rows(count=2).assign(close=prices)
    frame.attrs = builders.rows().attrs
    assert price_axes(bars(frame)).get_ylabel() == f"Close {text} HKD"


def test_the_last_value_is_of_the_last_row_that_has_one():
    frame = builders.with_close(builders.rows(count=5))
    frame.iloc[3, -1], frame.iloc[4, -1] = 700.0, np.nan
    ax = bars(frame)
    assert "700.0" in price_axes(ax).get_ylabel()
    assert price_line(ax).get_markevery() == [3]


@pytest.mark.parametrize("colors", sorted(COLOURS))
@pytest.mark.parametrize("dark", [False, True])
def test_its_colour_is_neither_up_nor_down(colors, dark):
    with plt.style.context("dark_background" if dark else "default"):
        color = to_hex(
            price_line(bars(builders.with_close(builders.rows(count=22)), colors=colors)).get_color()
        )
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    assert red == green == blue


def test_it_has_neither_grid_nor_zero():
    axes = price_axes(bars(builders.with_close(builders.rows(count=22))))
    axes.figure.canvas.draw()
    assert not any(line.get_visible() for line in axes.get_ygridlines())
    assert len(axes.lines) == 1
    assert 2 <= len(axes.get_yticks()) <= 6


@pytest.mark.parametrize("code", ["HK.00700", "US.AAPL"])
def test_it_crosses_neither_lunch_nor_night(code):
    frame = builders.with_close(builders.minutes(code, days=["2025-01-02", "2025-01-03"]))
    ax = bars(frame)
    assert longest_stride(price_line(ax)) == pytest.approx(1.0)
    breaks = np.isnan(np.asarray(price_line(ax).get_ydata(), float)).sum()
    assert breaks == {"HK.00700": 3, "US.AAPL": 1}[code]
    assert price_axes(ax).get_xlim() == ax.get_xlim()


def test_a_missing_price_is_a_gap():
    frame = builders.with_close(builders.rows(count=10))
    frame.iloc[4, -1] = np.nan
    assert np.isnan(price_line(bars(frame)).get_ydata()).tolist() == [False] * 4 + [True] + [False] * 5


def test_longer_rows_have_the_price_at_their_end():
    frame = resample(builders.with_close(builders.minutes()), "30min")
    ax = bars(frame)
    x, y = (np.asarray(values, float) for values in price_line(ax).get_data())
    np.testing.assert_array_equal(y[np.isfinite(y)], frame["close"])
    ends = [bar.get_x() + bar.get_width() / 2 + 15 for bar in ax.patches]
    np.testing.assert_allclose(x[np.isfinite(y)], ends)


def test_sessions_of_one_row_each_are_dots():
    """A line of one point cannot be seen, and no line crosses the night."""
    frame = resample(builders.with_close(builders.minutes(days=["2025-01-02", "2025-01-03"])), "1D")
    line = price_line(bars(frame))
    y = np.asarray(line.get_ydata(), float)
    assert y[line.get_markevery()].tolist() == frame["close"].tolist()


def test_it_can_be_left_out_and_asked_for():
    frame = builders.with_close(builders.rows())
    assert price_axes(bars(frame, price=False)) is None
    assert price_axes(bars(builders.rows())) is None
    assert price_axes(draw(frame, price=True)) is not None


def test_a_price_that_is_not_there_is_refused_before_a_figure_is_made():
    with pytest.raises(QueryError, match=r"needs the column close: frame\.capflow\.with_price\(\) adds it"):
        bars(builders.rows(), price=True)
    with pytest.raises(QueryError, match="price='yes' is not known: expected True, False or None"):
        bars(builders.rows(), price="yes")
    assert not plt.get_fignums()


def test_prices_of_which_none_is_known_are_told():
    ax = bars(builders.rows().assign(close=np.nan))
    assert price_axes(ax) is None
    assert "no closing price" in ax.get_xlabel()


def test_no_rows_have_no_price():
    ax = bars(builders.with_close(builders.rows()).iloc[:0])
    assert price_axes(ax) is None
    assert "price" not in ax.get_xlabel()


def test_one_row_is_a_dot():
    line = price_line(bars(builders.with_close(builders.rows(count=1))))
    assert line.get_markevery() == [0]


def test_amounts_are_not_written_where_the_line_would_strike_them_out():
    frame = builders.with_close(builders.rows(count=5))
    assert not bars(frame).texts
    assert len(bars(frame, price=False).texts) == 5


def test_the_current_axes_stay_what_they_were():
    _, (left, right) = plt.subplots(1, 2)
    plt.sca(right)
    bars(builders.with_close(builders.rows()), ax=left)
    assert plt.gca() is right


def test_axes_that_are_drawn_on_again_have_one_price():
    figure, (left, right) = plt.subplots(1, 2, sharex=True)
    frame = builders.with_close(builders.rows())
    bars(frame, ax=right)
    for _ in range(3):
        left.clear()
        bars(frame, ax=left)
    assert len(figure.axes) == 4
    left.clear()
    bars(builders.rows(), ax=left)
    assert len(figure.axes) == 3


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_in_subplots_no_price_runs_into_its_neighbour(layout):
    figure, axes = plt.subplots(2, 2, figsize=(9, 6), layout=layout)
    for ax in axes.flat:
        bars(builders.with_close(builders.minutes()), ax=ax)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    for row in axes:
        left, right = (price_axes(ax).get_tightbbox(renderer) for ax in row)
        assert left.x1 <= row[1].get_window_extent().x0
        assert right.x1 <= figure.bbox.x1
        assert row[0].get_position().bounds == price_axes(row[0]).get_position().bounds
        labels = [label.get_window_extent() for label in price_axes(row[0]).get_yticklabels()]
        assert labels
        assert layout or all(label.x1 <= row[0].get_window_extent().x1 for label in labels)


def test_names_of_both_axes_keep_apart():
    for count in (22, 700):  # more days are a longer name
        for width in (9, 6, 4):
            _, ax = plt.subplots(figsize=(width, 4.6), layout="constrained")
            bars(builders.with_close(builders.rows(count=count)), ax=ax)
            ax.figure.canvas.draw()
            both = [each.yaxis.label.get_window_extent() for each in (ax, price_axes(ax))]
            assert not both[0].overlaps(both[1])


def test_its_texts_are_chinese_where_the_chart_is(monkeypatch):
    from pd_capflow.plot import style

    monkeypatch.setattr(style, "_CJK", ("DejaVu Sans",))
    axes = price_axes(bars(builders.with_close(builders.rows()), lang="zh"))
    assert axes.get_ylabel().startswith("收盘价 ")
    assert all(
        text.get_fontfamily()[-1] == "DejaVu Sans" for text in [axes.yaxis.label, *axes.get_yticklabels()]
    )


def test_a_mouse_is_told_flow_and_price():
    frame = builders.with_close(builders.rows())
    ax = bars(frame)
    axes = price_axes(ax)
    axes.figure.canvas.draw()
    there = ax.transData.transform((0, 5e7))
    text = axes.format_coord(*axes.transData.inverted().transform(there))
    assert text.startswith("2 Jan 2025   50.0")
    assert "Close 6" in text


def test_ticks_of_the_time_stay():
    frame = builders.minutes()
    assert ticks(bars(builders.with_close(frame))) == ticks(bars(frame))
    assert amounts(bars(builders.with_close(frame))) == amounts(bars(frame))


def test_the_price_of_one_code_among_several_is_its_own():
    codes = {code: builders.with_close(builders.rows(code), start=100.0 * number) for number, code in
             enumerate(("HK.00700", "HK.09988"), 1)}  # fmt: skip
    frame = builders.together(codes)
    ax = bars(frame.loc[["HK.09988"]])
    np.testing.assert_array_equal(price_line(ax).get_ydata(), codes["HK.09988"]["close"])
    assert isinstance(frame.index, pd.MultiIndex)


def test_a_last_price_of_an_earlier_row_says_so():
    """Or it would be read as that of the last bar."""
    frame = builders.with_close(builders.rows(count=6))
    frame.iloc[-2:, frame.columns.get_loc("close")] = np.nan
    assert price_axes(bars(frame)).get_ylabel().endswith(" HKD · to 7 Jan")
    minutes = builders.with_close(builders.minutes())
    minutes.iloc[-1, minutes.columns.get_loc("close")] = np.nan
    assert price_axes(bars(minutes)).get_ylabel().endswith(" HKD · to 2 Jan 15:59")


@pytest.mark.parametrize("none", [0.0, -1.0, np.inf])
def test_what_is_no_price_is_not_drawn_as_one(none):
    frame = builders.with_close(builders.rows())
    frame.iloc[2, frame.columns.get_loc("close")] = none
    assert np.isnan(price_line(bars(frame)).get_ydata()).sum() == 1
    assert "no closing price" in bars(frame.assign(close=none)).get_xlabel()
