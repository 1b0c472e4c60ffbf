from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pd_capflow.errors import QueryError
from pd_capflow.plot import cumulative
from tests.plot import plot_frames as builders
from tests.plot.artists import amounts, by_gid, data_lines, longest_stride, overlaps, ticks

NAMES = ["Super", "Big", "Mid", "Small", "Total"]
DEMO = {"url": "demo://", "demo": True}


def test_total_and_tiers_are_drawn_as_they_are():
    frame = builders.minutes()
    lines = data_lines(cumulative(frame))
    assert list(lines) == NAMES
    for name, column in zip(NAMES, [*builders.TIERS, "in_flow"], strict=True):
        y = np.asarray(lines[name].get_ydata(), float)
        np.testing.assert_array_equal(y[np.isfinite(y)], frame[column])


def test_total_stands_out():
    lines = data_lines(cumulative(builders.minutes()))
    widths = [line.get_linewidth() for line in lines.values()]
    assert widths[-1] > max(widths[:-1])
    assert lines["Total"].get_zorder() > max(lines[name].get_zorder() for name in NAMES[:-1])


@pytest.mark.parametrize("label", ["end", "start"])
@pytest.mark.parametrize("code", ["HK.00700", "SH.600519", "JP.7203"])
def test_no_line_crosses_lunch(code, label):
    """Whichever way rows are labelled: a line goes one minute at a time, and breaks once a day."""
    ax = cumulative(builders.minutes(code, label=label))
    for line in data_lines(ax).values():
        assert longest_stride(line) == pytest.approx(1.0)
        assert np.isnan(np.asarray(line.get_ydata(), float)).sum() == 1


def test_no_line_crosses_night_or_weekend():
    ax = cumulative(builders.minutes(days=["2025-01-02", "2025-01-03", "2025-01-06"]))
    for line in data_lines(ax).values():
        assert longest_stride(line) == pytest.approx(1.0)
        assert np.isnan(np.asarray(line.get_ydata(), float)).sum() == 5


def test_lunch_takes_next_to_no_room():
    ax = cumulative(builders.minutes())
    low, high = ax.get_xlim()
    assert 330 < high - low < 345
    assert len(by_gid(ax, "break")) == 1


def test_half_a_day_leaves_the_rest_of_the_session_empty():
    whole = cumulative(builders.minutes()).get_xlim()
    half = cumulative(builders.minutes().iloc[:75])
    assert half.get_xlim() == whole
    assert ticks(half)[-1] == "16:00"
    assert max(np.asarray(data_lines(half)["Total"].get_xdata(), float)) == pytest.approx(74)


def test_a_missing_minute_breaks_the_line():
    frame = builders.minutes()
    line = data_lines(cumulative(frame.drop(frame.index[50])))["Total"]
    assert longest_stride(line) == pytest.approx(1.0)


def test_a_missing_number_stays_a_gap():
    frame = builders.minutes()
    frame.iloc[50:60] = np.nan
    y = np.asarray(data_lines(cumulative(frame))["Total"].get_ydata(), float)
    assert np.isnan(y[50:60]).all()
    assert np.isfinite(y[[49, 60]]).all()


def test_a_lone_row_is_a_dot():
    """A line of one point cannot be seen."""
    frame = builders.minutes()
    frame.iloc[50:60] = np.nan
    frame.iloc[55] = 1e6
    line = data_lines(cumulative(frame))["Total"]
    assert 55 in line.get_markevery()
    assert line.get_marker() == "o"


@pytest.mark.parametrize("worst", [np.inf, -np.inf])
def test_infinity_is_no_amount(worst):
    frame = builders.minutes()
    frame.iloc[50, 0] = worst
    ax = cumulative(frame)
    assert np.isfinite(ax.get_ylim()).all()
    assert np.isnan(np.asarray(data_lines(ax)["Total"].get_ydata(), float)[50])


def test_absent_tiers_are_not_drawn():
    frame = builders.minutes()
    frame[builders.TIERS] = np.nan
    assert list(data_lines(cumulative(frame))) == ["Total"]


@pytest.mark.parametrize("make", [builders.minutes, builders.rows])
def test_no_rows_make_an_empty_chart(make):
    ax = cumulative(make().iloc[:0])
    assert [text.get_text() for text in by_gid(ax, "empty")] == ["no data"]
    assert not data_lines(ax)
    assert "HKD" in ax.get_ylabel()
    assert "20" not in ax.get_ylabel(), "an empty chart knows no date"


def test_deltas_are_refused():
    with pytest.raises(QueryError, match=r"frame\.capflow\.cumulative\(\)"):
        cumulative(builders.minutes(cumulative=False))


def test_refusal_leaves_no_figure():
    with pytest.raises(QueryError):
        cumulative(builders.minutes(cumulative=False))
    with pytest.raises(QueryError):
        cumulative(builders.minutes(), colors="pink")
    with pytest.raises(QueryError):
        cumulative(builders.minutes(), lang="fr")
    assert not plt.get_fignums()


def test_days_are_added_up_and_the_chart_says_so():
    frame = builders.rows(count=5)
    ax = cumulative(frame)
    np.testing.assert_allclose(data_lines(ax)["Total"].get_ydata(), frame["in_flow"].cumsum())
    assert "running total from 2 Jan 2025" in ax.get_ylabel()


def test_added_up_days_are_not_added_up_again():
    frame = builders.rows(count=5, cumulative=True)
    np.testing.assert_array_equal(data_lines(cumulative(frame))["Total"].get_ydata(), frame["in_flow"])


def test_a_running_total_is_unknown_after_a_missing_day():
    """Going on without the missing day would be a wrong number."""
    frame = builders.rows(count=8)
    frame.iloc[3] = np.nan
    ax = cumulative(frame)
    y = np.asarray(data_lines(ax)["Total"].get_ydata(), float)
    assert np.isfinite(y).tolist() == [True] * 3 + [False] * 5
    assert "first on 7 Jan 2025" in ax.get_xlabel()


def test_labels_give_the_last_values():
    frame = builders.minutes()
    frame.iloc[-1, 0] = -12.34e6
    texts = {text.get_text() for text in cumulative(frame).texts}
    assert "Total −12.3M" in texts


def test_labels_do_not_overlap():
    frame = builders.minutes()
    frame.iloc[-1] = 1e6  # all lines end at one point
    ax = cumulative(frame)
    assert len(ax.texts) == 5
    assert not overlaps(list(ax.texts))


def test_labels_stay_in_their_order():
    ax = cumulative(builders.minutes())
    ax.figure.canvas.draw()
    heights = [(text.xy[1], text.get_window_extent().y0) for text in ax.texts]
    assert [y for _, y in sorted(heights)] == sorted(y for _, y in heights)


def test_a_narrow_chart_has_a_legend_instead():
    _, ax = plt.subplots(figsize=(3, 3))
    cumulative(builders.minutes(), ax=ax)
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["Total", "Super", "Big", "Mid", "Small"]
    assert not [text for text in ax.texts if text.get_gid() is None]


def test_several_codes_are_a_line_each():
    frame = builders.together({code: builders.minutes(code) for code in ("HK.00700", "HK.09988")})
    ax = cumulative(frame)
    assert list(data_lines(ax)) == ["HK.00700", "HK.09988"]
    assert ax.get_title(loc="left") == "Capital flow of 2 codes"


def test_several_currencies_are_refused():
    frame = builders.together({code: builders.minutes(code) for code in ("HK.00700", "US.AAPL")})
    with pytest.raises(QueryError, match="HKD, USD"):
        cumulative(frame)


def test_a_mix_of_zones_is_in_utc():
    """The RMB counter in Hong Kong and Shanghai: one currency, two zones."""
    codes = ("HK.80700", "SH.600519")
    ax = cumulative(builders.together({code: builders.minutes(code) for code in codes}))
    assert "UTC" in ax.get_xlabel()
    assert ticks(ax)[0] == "01:30"
    assert all(longest_stride(line) == pytest.approx(1.0) for line in data_lines(ax).values())


def test_days_of_two_zones_share_their_places():
    codes = ("HK.80700", "SH.600519")
    ax = cumulative(builders.together({code: builders.rows(code) for code in codes}))
    for line in data_lines(ax).values():
        np.testing.assert_array_equal(line.get_xdata(), range(5))


def test_one_code_in_a_multiindex_is_one_code():
    ax = cumulative(builders.together({"HK.00700": builders.minutes()}))
    assert list(data_lines(ax)) == NAMES
    assert ax.get_title(loc="left") == "HK.00700 capital flow"


def test_area_is_tinted_by_sign():
    from pd_capflow.plot.style import COLOURS

    frame = builders.minutes("SH.600519")
    frame["in_flow"] = np.linspace(-1e6, 1e6, len(frame))
    up, down = (pair[0] for pair in COLOURS["cn"])
    areas = {area.get_facecolor()[0][:3].round(3).tobytes(): area for area in cumulative(frame).collections}
    tops = {key: area.get_datalim(area.axes.transData).y1 for key, area in areas.items()}
    from matplotlib.colors import to_rgb

    assert tops[np.round(to_rgb(up), 3).tobytes()] == pytest.approx(1e6)
    assert tops[np.round(to_rgb(down), 3).tobytes()] == pytest.approx(0, abs=1e4)


@pytest.mark.parametrize(("factor", "unit"), [(1e-6, ""), (1e-3, "K"), (1.0, "M"), (1e3, "B"), (1e6, "T")])
def test_amounts_have_one_unit(factor, unit):
    ax = cumulative(builders.minutes() * factor)
    labels = [label for label in amounts(ax) if label != "0"]
    assert labels
    assert {label.lstrip("−0123456789.") for label in labels} == {unit}
    assert not ax.yaxis.get_offset_text().get_text()


def test_zero_is_there():
    frame = builders.minutes()
    frame[builders.COLUMNS] = 5e6
    ax = cumulative(frame)
    (zero,) = by_gid(ax, "zero")
    assert set(zero.get_ydata()) == {0}
    assert ax.get_ylim()[0] <= 0


def test_a_mouse_is_told_time_and_amount():
    ax = cumulative(builders.minutes())
    assert ax.format_coord(0, 5e6) == "2 Jan 09:30   5.000M HKD"
    x = data_lines(ax)["Total"].get_xdata()[-1]
    assert ax.format_coord(x, 0).startswith("2 Jan 16:00")


def test_rows_beyond_the_known_hours_are_shown():
    frame = builders.minutes()
    late = frame.index.append(pd.DatetimeIndex(["2025-01-02 16:10"], tz="Asia/Hong_Kong"))
    frame = frame.reindex(late).ffill()
    line = data_lines(cumulative(frame))["Total"]
    assert longest_stride(line) == pytest.approx(1.0)
    assert ticks(line.axes)[-1] == "16:10"


def test_a_frame_without_facts_is_drawn():
    frame = builders.minutes()
    frame.attrs = {}
    ax = cumulative(frame)
    assert ax.get_title(loc="left") == "Capital flow"
    assert "as given" in ax.get_ylabel()
    assert ax.get_xlim() == cumulative(builders.minutes()).get_xlim(), "the zone tells the hours"


@pytest.mark.parametrize(
    "facts",
    [
        None,
        [],
        {"codes": "HK.00700", "period": 5, "source": "x", "last_valid_time": 3, "errors": []},
        {"codes": [None], "cumulative": "yes", "last_valid_time": "soon", "source": {"url": 7}},
    ],
)
def test_damaged_facts_are_not_believed(facts):
    frame = builders.minutes()
    frame.attrs["capflow"] = facts
    ax = cumulative(frame)
    ax.figure.canvas.draw()
    assert list(data_lines(ax)) == NAMES


def test_a_frame_without_zone_says_so():
    frame = builders.minutes().tz_localize(None)
    frame.attrs = {}
    ax = cumulative(frame)
    assert "time zone not stated" in ax.get_xlabel()
    assert all(longest_stride(line) == pytest.approx(1.0) for line in data_lines(ax).values())


def test_unsorted_rows_are_drawn_in_order():
    x = np.asarray(data_lines(cumulative(builders.minutes().iloc[::-1]))["Total"].get_xdata(), float)
    assert (np.diff(x) > 0).all()


def test_one_code_of_a_mix_is_in_exchange_time():
    codes = ("HK.80700", "SH.600519")
    frame = builders.together({code: builders.minutes(code) for code in codes})
    ax = cumulative(frame.xs("HK.80700", drop_level=False))
    assert ticks(ax)[0] == "09:30"
    assert "Hong Kong time" in ax.get_xlabel()


def test_hourly_rows_do_not_cross_lunch():
    """From 12:00 to 13:00 is no longer than any other step, and yet lunch."""
    hours = pd.date_range("2025-01-02 10:00", periods=7, freq="h", tz="Asia/Hong_Kong", unit="us")
    frame = builders.flows(hours)
    frame.attrs["capflow"] = builders.facts(["HK.00700"])
    y = np.asarray(data_lines(cumulative(frame))["Total"].get_ydata(), float)
    assert np.isnan(y).tolist() == [False] * 3 + [True] + [False] * 4
