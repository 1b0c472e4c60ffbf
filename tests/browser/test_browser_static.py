"""The notebooks where nothing runs: as a page of HTML, in a browser without a network.

So they are in a code host, in a mail, in an editor that knows no widgets: each output has to read in one of
the kinds that need no help.
"""

from __future__ import annotations

import nbformat
import pytest

from tests.notebooks import NOTEBOOKS, code_cells

pytestmark = pytest.mark.timeout(200)

#: The kinds that need no help, the best first.
STATIC = ("text/html", "image/png", "text/plain")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


@pytest.fixture(params=["lab", "classic"])
def page(notebook, new_page, tmp_path, request):
    """The notebook as a page, without whatever a widget or a script could add."""
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    settings = Config({"NbConvertBase": {"display_data_priority": list(STATIC)}})
    html, _ = HTMLExporter(config=settings, template_name=request.param).from_notebook_node(notebook)
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    page = new_page(java_script_enabled=False, offline=True)
    page.goto((tmp_path / "page.html").as_uri(), wait_until="commit")
    return page


def shown(notebook):
    """Return kind and content of what a page without help shows of each output."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if data := output.get("data"):
                kind = next((kind for kind in STATIC if kind in data), None)
                assert kind, f"{cell.id} shows only {sorted(data)}"
                yield kind, data[kind]
            else:
                yield "text/plain", output.get("text") or "\n".join(output.traceback)


def test_a_widget_stands_beside_a_picture_or_a_table_and_a_text(notebook):
    """Whatever a front end can do, there is something for it to show."""
    for cell in code_cells(notebook):
        for data in (output.data for output in cell.outputs if "data" in output):
            assert "text/plain" in data, cell.id
            if any("widget" in kind for kind in data):
                assert {"image/png", "text/html"} & set(data), cell.id


def test_a_page_without_a_network_shows_all_of_them(notebook, page, expect, screenshots, request):
    outputs = list(shown(notebook))
    below = page.locator(".jp-OutputArea-output, .output_subarea")  # as the templates call it
    html = "".join(text for kind, text in outputs if kind == "text/html")
    pictures = below.locator("img")
    expect(pictures).to_have_count(sum(kind == "image/png" for kind, _ in outputs) + html.count("<img"))
    for picture in pictures.all():
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
    expect(below.locator("table")).to_have_count(html.count("<table"))
    body = page.locator("body").inner_text()
    for text in (text for kind, text in outputs if kind == "text/plain"):
        assert text.strip() in body
    page.screenshot(path=screenshots / f"static-{request.node.callspec.id}.png", full_page=True)
