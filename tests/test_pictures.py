"""The README's pictures: each is there, none is large, and each chart of the sheet is one that there is."""

from __future__ import annotations

import re

from tests import sheet
from tests.notebooks import DRAWN, FOLDER, SHEET, TAKEN

README = FOLDER.parent / "README.md"
LARGEST, ALL_TOGETHER = 450_000, 1_500_000  # bytes


def test_each_picture_of_the_readme_is_there_and_can_be_made_again():
    named = set(re.findall(r"notebooks/pictures/(\w+)\.png", README.read_text(encoding="utf-8")))
    held = {path.stem for path in FOLDER.glob("pictures/*.png")}
    assert named <= held
    assert held == {*DRAWN, *TAKEN, SHEET}


def test_pictures_are_small():
    sizes = {path.name: path.stat().st_size for path in FOLDER.glob("pictures/*.png")}
    assert max(sizes.values()) < LARGEST, sizes
    assert sum(sizes.values()) < ALL_TOGETHER, sizes


def test_each_part_of_the_sheet_has_a_chart_that_says_it_is_of_demo_data():
    figure = sheet.draw()
    assert len(figure.subfigs) == len(sheet.PANELS)
    for part in figure.subfigs:
        texts = [text.get_text() for ax in part.axes for text in ax.texts]
        assert {"DEMO DATA", "演示数据"} & {*texts}, texts
        assert part.axes[0].get_title("left")
