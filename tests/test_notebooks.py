"""The notebooks run from top to bottom, show what they promise, and are kept as they run."""

from __future__ import annotations

import re

import nbformat
import pytest

from tests.kernels import EVENING
from tests.notebooks import NOTEBOOKS, WIDGET, code_cells, is_to_fail, run, tidy

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
DRAWS = re.compile(r"\.plot\(|--plot|\.page\(|^board(?:\.wait\(.*\))?(?:\.snapshot\(\))?$", re.MULTILINE)
MACHINE = re.compile(r"/(?:home|root|tmp|Users)/|0x[0-9a-f]{6}|ipykernel_\d")


@pytest.fixture(scope="module")
def stored():
    return {path: nbformat.read(path, as_version=4) for path in NOTEBOOKS}


def kinds(cell):
    """What kinds of output a cell shows: MIME types, the names of streams, errors."""
    return [
        sorted(output["data"]) if "data" in output else [output.get("name", output.output_type)]
        for output in cell.outputs
    ]


def pictures(cell):
    return [output for output in cell.outputs if "image/png" in output.get("data", {})]


def texts(cell):
    for output in cell.outputs:
        yield output.get("text", "") + "\n".join(output.get("traceback", []))
        yield from (text for kind, text in output.get("data", {}).items() if kind.startswith("text/"))


@pytest.mark.timeout(300)
@each_notebook
def test_a_notebook_runs_today_and_shows_what_it_was_kept_with(path, stored, tmp_path):
    """A cell whose outputs are of other kinds than those that are kept was changed and not run again."""
    notebook = tidy(run(path, tmp_path))
    for fresh, kept in zip(code_cells(notebook), code_cells(stored[path]), strict=True):
        assert kinds(fresh) == kinds(kept), fresh.source
        assert (["error"] in kinds(fresh)) == is_to_fail(fresh), fresh.source
        assert ["stderr"] not in kinds(fresh), fresh.source
        assert bool(pictures(fresh)) == bool(DRAWS.search(fresh.source)), fresh.source


@pytest.mark.timeout(300)
@each_notebook
def test_what_is_kept_depends_on_nothing_but_the_code(path, tmp_path):
    """Two runs are the same to the last byte, and both on the evening that is asked for."""
    one, two = (tidy(run(path, tmp_path / name, EVENING)) for name in ("one", "two"))
    assert one == two
    assert any(f"{EVENING:%Y-%m-%d}" in text for cell in code_cells(one) for text in texts(cell))


@each_notebook
def test_a_notebook_is_kept_with_its_pictures(path, stored):
    """So that a code host shows them."""
    cells = code_cells(stored[path])
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any(pictures(cell) for cell in cells)


@each_notebook
def test_a_notebook_tells_nothing_of_the_machine(path, stored):
    cells = code_cells(stored[path])
    assert not [found[0] for cell in cells for text in texts(cell) for found in MACHINE.finditer(text)]
    assert not [cell.id for cell in cells if "execution" in cell.metadata]
    assert "version" not in stored[path].metadata.language_info


@each_notebook
def test_a_notebook_tells_nothing_of_a_kernel_that_is_gone(path, stored):
    """A widget without its kernel is an empty place."""
    assert "widgets" not in stored[path].metadata
    assert not [cell.id for cell in code_cells(stored[path]) for kind in kinds(cell) if WIDGET in kind]


def test_there_are_notebooks():
    names = ["01_tour", "02_measures_and_charts", "03_live_dashboard", "04_record_and_scale"]
    assert [path.stem for path in NOTEBOOKS] == names
