"""A browser and a JupyterLab for the tests of this folder, and pictures of what they see.

They end with the folder's last test: where Playwright's synchronous side has a loop, no other can run in
this thread. Screenshots go into the folder that CAPFLOW_SCREENSHOTS names, else into a temporary one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nbformat
import pytest

from tests.browser.chromium import PATIENCE, launched, what_is_missing
from tests.browser.server import jupyter_lab

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
PREAMBLE = 'import pd_capflow\n\n%load_ext pd_capflow\npd_capflow.configure(url="demo://")'
LAPTOP = {"width": 1280, "height": 800}


@pytest.fixture(scope="package")
def browser(screenshots):
    """Chromium; without it the test is skipped."""
    if missing := what_is_missing():
        pytest.skip(missing)
    with launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def server(browser, tmp_path_factory):
    """A JupyterLab, and an empty folder for its notebooks."""
    with jupyter_lab(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("notebooks")) as server:
        yield server


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory):
    """The folder that keeps the screenshots."""
    folder = os.environ.get("CAPFLOW_SCREENSHOTS")
    return Path(folder) if folder else tmp_path_factory.mktemp("screenshots")


@pytest.fixture
def new_page(browser):
    """Open empty windows, and close them in the end."""
    contexts = []

    def new_page(**options):
        contexts.append(browser.new_context(**{"viewport": LAPTOP, **options}))
        contexts[-1].set_default_timeout(PATIENCE)
        return contexts[-1].new_page()

    yield new_page
    for context in contexts:
        context.close()


@pytest.fixture
def open_notebook(new_page, server):
    """Open a notebook in a window of its own, with a kernel of its own."""
    from tests.browser.lab import Notebook  # which needs Playwright

    opened = []

    def open_notebook(content, name="notebook", **options):
        path = Path(tempfile.mkdtemp(dir=server.folder), f"{name}.ipynb")
        nbformat.write(content, path)
        page = new_page(**options)
        page.goto(server.url(path.relative_to(server.folder).as_posix()))
        opened.append(Notebook(page))
        return opened[-1]

    yield open_notebook
    for notebook in opened:
        notebook.close()


@pytest.fixture
def scratch(open_notebook):
    """A notebook of a few empty cells, in which the demo market is asked."""
    cells = [nbformat.v4.new_code_cell(source) for source in (PREAMBLE, "", "", "")]
    notebook = open_notebook(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}))
    notebook.code_cells[0].run()
    return notebook


@pytest.fixture
def expect(browser):
    """What waits until something is so in the page."""
    from playwright.sync_api import expect

    return expect


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Say of a test that failed what its windows showed, and what the server said."""
    report = yield
    if report.when == "call" and report.failed:
        _picture(item, report)
        if server := item.funcargs.get("server"):
            report.sections.append(("log of JupyterLab", server.log.read_text(encoding="utf-8")[-4000:]))
    return report


def _picture(item, report):
    if browser := item.funcargs.get("browser"):
        pages = [page for context in browser.contexts for page in context.pages]
        for number, page in enumerate(pages):
            path = item.funcargs["screenshots"] / f"failed-{item.name}-{number}.png".replace("/", "-")
            page.screenshot(path=path)
            report.sections.append(("window", str(path)))
