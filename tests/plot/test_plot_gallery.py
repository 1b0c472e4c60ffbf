"""The gallery: it has every kind of chart, and it runs."""

from __future__ import annotations

import pytest
from matplotlib import pyplot as plt

from pd_capflow.plot import KINDS
from tests.plot import gallery
from tests.plot.artists import by_gid


def test_every_kind_is_in_the_gallery():
    """A new kind of chart that nobody looks at is no kind of chart."""
    assert set(gallery.FRAMES) == set(KINDS)
    drawn = {picture.kind for picture in gallery.pictures()}
    assert drawn == {*KINDS, "page"}


def test_every_condition_is_in_the_gallery():
    looks = {(picture.market, picture.paper, picture.lang) for picture in gallery.pictures()}
    assert len(looks) == 2 * 2 * 2
    names = [picture.name for picture in gallery.pictures()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("kind", [*KINDS, "page"])
def test_every_shape_can_be_drawn(kind):
    """No warning, such as of a missing glyph; and every axes with data says that these are invented."""
    for picture in gallery.pictures():
        if (picture.kind, picture.market, picture.paper, picture.lang) == (kind, "HK", "dark", "en"):
            figure = gallery.draw(picture)
            assert any(by_gid(ax, "demo") for ax in figure.axes), picture.name
            plt.close(figure)


def test_the_command_draws_pictures_and_a_contact_sheet(tmp_path):
    gallery.main([str(tmp_path), "distribution-US-hole-light"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "distribution-US-hole-light-en.png",
        "distribution-US-hole-light-zh.png",
        "sheet-distribution-US-light-en.png",
        "sheet-distribution-US-light-zh.png",
    ]
    height, width, _ = plt.imread(tmp_path / "distribution-US-hole-light-en.png").shape
    assert (width, height) == (900, 460)
