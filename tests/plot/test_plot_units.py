from __future__ import annotations

import numpy as np
import pytest

from pd_capflow.plot.labels import spread
from pd_capflow.plot.units import AmountFormatter, Scale


@pytest.mark.parametrize(
    ("largest", "lang", "text"),
    [
        (999.0, "en", "+999"),
        (1e3, "en", "+1.00K"),
        (31.62e6, "en", "+31.6M"),
        (999.9e6, "en", "+1000M"),
        (2.1792e9, "en", "+2.18B"),
        (1e11, "en", "+100B"),
        (3.2e13, "en", "+32.0T"),
        (9999.0, "zh", "+9999"),
        (1e4, "zh", "+1.00万"),
        (21.792e8, "zh", "+21.8亿"),
        (0.05, "en", "+0.0500"),
    ],
)
def test_the_greatest_amount_has_three_digits(largest, lang, text):
    assert Scale.of(np.array([-0.1 * largest, largest]), lang).text(largest, signed=True) == text


def test_nothing_is_no_unit():
    assert Scale.of(np.array([np.nan, np.inf])).suffix == ""
    assert Scale.of(np.array([])).text(0.0) == "0"
    assert Scale.of(np.array([])).text(np.nan) == ""


def test_what_rounds_to_zero_has_no_sign():
    assert Scale.of(np.array([1e9])).text(-1.0, signed=True) == "0"


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [
        ([-1e8, 0, 1e8], ["−100M", "0", "100M"]),
        ([0, 2.5e6, 5e6], ["0", "2.5M", "5.0M"]),
        ([0, 0.25e6, 0.5e6], ["0", "0.25M", "0.50M"]),
        ([1e6], ["1M"]),
        ([], []),
    ],
)
def test_ticks_share_their_decimals(ticks, expected):
    assert AmountFormatter(Scale(1e6, "M", 1e8)).format_ticks(ticks) == expected


def test_points_apart_stay():
    wanted = np.array([50.0, 10.0, 90.0])
    np.testing.assert_allclose(spread(wanted, 10, 0, 100), wanted)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([50.0, 50.0], [45.0, 55.0]),
        ([50.0, 50.0, 50.0], [40.0, 50.0, 60.0]),
        ([100.0, 100.0], [85.0, 95.0]),
        ([0.0, 1.0, 60.0], [5.0, 15.0, 60.0]),
        ([], []),
    ],
)
def test_points_too_near_move_as_little_as_possible(wanted, expected):
    np.testing.assert_allclose(spread(np.array(wanted), 10, 0, 100), expected)


def test_points_keep_their_distance_whatever_is_wanted():
    random = np.random.default_rng(3)
    for _ in range(200):
        wanted = random.uniform(-20, 120, size=8)
        places = spread(wanted, 10, 0, 100)
        order = np.argsort(wanted)
        assert (np.diff(places[order]) > 10 - 1e-9).all()
        assert places.min() >= 5 - 1e-9
        assert places.max() <= 95 + 1e-9
