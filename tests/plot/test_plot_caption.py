"""Names of securities in headings: known ones only, in fonts that can show them, and never as markup."""

from __future__ import annotations

import warnings

import pytest
from matplotlib import pyplot as plt

from pd_capflow.plot import draw, style
from tests.plot import plot_frames as builders


def _title(name, **options):
    ax = draw(builders.minutes(names={"HK.00700": name}), **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each character that no font has
        ax.figure.canvas.draw()
    return ax.get_title(loc="left")


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("TENCENT", "TENCENT HK.00700 capital flow"),
        ("A$\\frac$B", "A$\\frac$B HK.00700 capital flow"),
        ("a\nb\x00\u202ec\t", "a b c HK.00700 capital flow"),
        ("x" * 60, "x" * 39 + "… HK.00700 capital flow"),
        ("HK.00700", "HK.00700 capital flow"),
        ("\x00 ", "HK.00700 capital flow"),
        (7, "HK.00700 capital flow"),
        (None, "HK.00700 capital flow"),
        ("\U0010fffd", "HK.00700 capital flow"),
        ("{code}", "{code} HK.00700 capital flow"),
    ],
)
def test_a_name_is_plain_text_of_one_line(name, title):
    assert _title(name) == title


def test_a_chinese_name_without_a_font_is_left_out(monkeypatch):
    monkeypatch.setattr(style, "_CJK", ())
    assert _title("腾讯控股") == "HK.00700 capital flow"


def test_a_chinese_name_takes_the_font_that_is_there():
    if style.cjk_family() is None:
        assert _title("腾讯控股") == "HK.00700 capital flow"
        return
    assert _title("腾讯控股") == "腾讯控股 HK.00700 capital flow"
    assert _title("腾讯控股", lang="zh") == "腾讯控股 HK.00700 资金流向"


def test_a_title_of_ones_own_stays():
    assert _title("TENCENT", title="Mine") == "Mine"


def test_no_names_is_as_before():
    assert draw(builders.minutes()).get_title(loc="left") == "HK.00700 capital flow"
    assert draw(builders.minutes(names=["x"])).get_title(loc="left") == "HK.00700 capital flow"
