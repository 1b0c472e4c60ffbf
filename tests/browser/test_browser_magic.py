"""``%capflow`` in a real JupyterLab: the frame, the error of one line, and what Tab offers."""

from __future__ import annotations

from pathlib import Path

import pytest

import pd_capflow

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def cell(scratch):
    return scratch.code_cells[1]


def test_a_kernel_has_the_package_under_test(cell, expect):
    cell.write("pd_capflow.__file__")
    cell.run()
    expect(cell.outputs).to_have_text(repr(str(Path(pd_capflow.__file__))))


def test_a_frame_is_a_table_that_says_it_is_demo_data(scratch, cell, expect, screenshots):
    cell.write("%capflow HK.00700")
    cell.run()
    expect(cell.tables.first).to_be_visible()
    expect(cell.tables.first).to_contain_text("in_flow")
    expect(cell.locator).to_contain_text("DEMO")
    scratch.screenshot(screenshots / "magic.png")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("HK.99999", "UnknownSecurityError: HK.99999: the gateway refused"),
        ("00700", "QueryError: code '00700' names no market"),
        ("HK.00700 --url tcp://127.0.0.1:1", "ConnectError: no gateway at tcp://127.0.0.1:1"),
    ],
)
def test_an_error_is_one_line(cell, expect, line, error):
    cell.write(f"%capflow {line}")
    cell.run()
    expect(cell.outputs).to_have_count(1)
    expect(cell.errors).to_contain_text(error)
    assert len(cell.errors.inner_text().strip().splitlines()) == 1
    assert cell.errors.locator("pre").evaluate("text => text.scrollWidth <= text.clientWidth")


def test_what_a_code_says_is_text_and_no_page(cell, expect):
    cell.write('%capflow "HK.<img src=x onerror=alert(1)>"')
    cell.run()
    expect(cell.errors).to_contain_text("<img src=x onerror=alert(1)>")
    expect(cell.pictures).to_have_count(0)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("%capflow HK.007", "HK.00700"),
        ("frame = %capflow HK.00700 --per", "--period"),
        ("%capflow HK.00700 --period w", "week"),
    ],
)
def test_tab_offers_what_can_follow(cell, expect, typed, offered):
    cell.write(typed)
    expect(cell.complete().filter(has_text=offered).first).to_be_visible()
