"""The tour in a real JupyterLab: each cell is run by hand, and what it shows is seen."""

from __future__ import annotations

from copy import deepcopy

import nbformat
import pytest

from tests.notebooks import FOLDER, code_cells, is_to_fail

pytestmark = pytest.mark.timeout(400)

TOUR = "01_tour"


@pytest.fixture
def kept():
    return nbformat.read(FOLDER / f"{TOUR}.ipynb", as_version=4)


@pytest.fixture
def blank(kept):
    """The tour before anything was run."""
    notebook = deepcopy(kept)
    for cell in code_cells(notebook):
        cell.update(outputs=[], execution_count=None)
    return notebook


def count(cell, kind, text=""):
    """How many outputs of a kind are kept with a cell."""
    return sum(text in output.get("data", {}).get(kind, []) for output in cell.outputs)


def shows_what_it_is_kept_with(cell, kept, expect):
    """Check what stands below a cell, and that nothing wrong does."""
    expect(cell.errors).to_have_count(1 if is_to_fail(kept) else 0)
    expect(cell.outputs).to_have_count(len(kept.outputs))
    expect(cell.tables).to_have_count(count(kept, "text/html", "<table"))
    expect(cell.pictures).to_have_count(count(kept, "image/png"))
    for picture in cell.pictures.all():
        is_seen(picture, expect)


def is_seen(picture, expect):
    """Check that a picture has come, is in sight and is no wider than its window."""
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
    box = picture.bounding_box()
    assert box["x"] + box["width"] <= picture.page.viewport_size["width"]


@pytest.mark.parametrize("width", [1280, 800])
def test_the_tour_runs_cell_by_cell(kept, blank, open_notebook, expect, screenshots, width):
    notebook = open_notebook(blank, TOUR, viewport={"width": width, "height": 800})
    for cell, expected in zip(notebook.code_cells, code_cells(kept), strict=True):
        cell.run()
        shows_what_it_is_kept_with(cell, expected, expect)
        if expected.id == "cell-09":
            notebook.screenshot(screenshots / f"tour-{width}.png")


def test_the_error_at_the_tours_end_is_one_line_in_red(blank, open_notebook, expect):
    notebook = open_notebook(blank, TOUR)
    cells = notebook.code_cells
    wrong = next(index for index, cell in enumerate(code_cells(blank)) if is_to_fail(cell))
    cells[0].run()
    cells[wrong].run()
    expect(cells[wrong].outputs).to_have_count(1)
    expect(cells[wrong].errors).to_contain_text("UnknownSecurityError: HK.700: the gateway refused")
    assert len(cells[wrong].errors.inner_text().strip().splitlines()) == 1


def test_the_tour_reads_in_the_dark_as_well(blank, open_notebook, expect, screenshots):
    notebook = open_notebook(blank, TOUR, color_scheme="dark")
    expect(notebook.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    for cell in notebook.code_cells[:5]:
        cell.run()
    notebook.screenshot(screenshots / "tour-dark.png")


def test_the_tour_shows_all_it_is_kept_with_before_anything_is_run(kept, open_notebook, expect):
    """Of a notebook that came from elsewhere, JupyterLab shows only what it holds harmless."""
    notebook = open_notebook(kept, TOUR)
    for cell, expected in zip(notebook.code_cells, code_cells(kept), strict=True):
        shows_what_it_is_kept_with(cell, expected, expect)
