"""A recording in a real JupyterLab, of a market that goes sixty times as fast as ours."""

from __future__ import annotations

import re

import nbformat
import pytest

from tests.browser.conftest import KERNEL
from tests.gateways import MORNING, GatewayProcess

pytestmark = pytest.mark.timeout(400)

CODES = ["HK.00700", "HK.09988", "US.AAPL"]
CLOSING = MORNING.replace(hour=15, minute=57)
#: When the README's picture is taken.
AFTERNOON = MORNING.replace(hour=14, minute=25)
WINDOW = {"width": 1280, "height": 560}


@pytest.fixture
def start_gateway(request):
    """Start gateways, and kill them in the end."""

    def start_gateway(*moment):
        there = GatewayProcess(*moment)
        request.addfinalizer(there.kill)
        return there

    return start_gateway


@pytest.fixture
def open_recording(open_notebook):
    """Record in a notebook of its own, by the clock of the gateway."""

    def open_recording(url, codes=CODES, *, lang="en", **window):
        language = "" if lang == "en" else f", lang={lang!r}"
        begin = (
            f"import pd_capflow\nfrom pd_capflow.gateway import Clock\n\n"
            f"client = pd_capflow.connect({url!r})\n"
            f"clock = Clock(client.state().time, speed=60)"
        )
        record = (
            f"recording = pd_capflow.record(\n    {codes!r}, 'flows', demo=True,\n"
            f"    client=client, now=clock, nap=0.1{language},\n)\nrecording"
        )
        sources = (begin, record, "recording.status.state, recording.is_running")
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        content = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
        notebook = open_notebook(content, "recording", **{"viewport": WINDOW, **window})
        for cell in notebook.code_cells[:2]:
            cell.run()
        return notebook, notebook.code_cells[1].locator.locator(".capflow-recording")

    return open_recording


def row(shown, market):
    """What stands in the row of a market."""
    return shown.locator("tbody tr", has=shown.page.get_by_role("rowheader", name=market, exact=True))


def cut(shown):
    """Return what is wider than its place, or stands beyond the edge."""
    return shown.evaluate(
        """shown => [...shown.querySelectorAll("*")].filter(it => {
          const edge = shown.getBoundingClientRect().right + 1, box = it.getBoundingClientRect();
          return box.width && (box.right > edge || it.scrollWidth > it.clientWidth + 1 && it.clientWidth > 0
            && getComputedStyle(it).overflowX !== "visible");
        }).map(it => it.className || it.tagName)"""
    )


def test_the_button_ends_it_and_the_page_says_so(open_recording, start_gateway, expect):
    notebook, shown = open_recording(start_gateway().url)
    expect(row(shown, "HK")).to_contain_text("5 Jan 2026")
    expect(row(shown, "US")).to_contain_text("1 of 1 code")
    for text in ("waiting for the next question", "DEMO DATA", "Hong Kong time", "rows written"):
        expect(shown.locator(".capflow-status")).to_contain_text(text)
    stop = shown.get_by_role("button", name="Stop")
    stop.click()
    expect(shown.locator(".capflow-link")).to_contain_text("stopped")
    expect(stop).to_be_disabled()
    expect(shown.locator(".capflow-next")).to_have_count(0)
    told = notebook.code_cells[2]
    told.run()
    expect(told.outputs).to_have_text("('stopped', False)")


def test_it_moves_with_the_market_and_says_when_the_gateway_is_away(open_recording, start_gateway, expect):
    there = start_gateway()
    _, shown = open_recording(there.url)
    until = row(shown, "HK").locator("td").nth(2)
    expect(until).to_have_text(re.compile(r"^1\d:\d\d$"))
    expect(until).not_to_have_text(until.inner_text())
    there.kill()
    expect(shown.locator(".capflow-link")).to_contain_text(f"no answer from {there.url}")
    expect(shown.locator(".capflow-bad")).to_contain_text("Start OpenD there")
    there.start()
    expect(shown.locator(".capflow-link")).not_to_contain_text("no answer")
    expect(shown.locator(".capflow-bad")).to_have_count(0)


@pytest.mark.parametrize(
    ("width", "scheme", "lang"), [(720, "light", "en"), (1280, "dark", "zh")], ids=["narrow", "dark"]
)
def test_nothing_is_cut(open_recording, start_gateway, expect, screenshots, width, scheme, lang):
    window = {"viewport": {"width": width, "height": 760}, "color_scheme": scheme}
    notebook, shown = open_recording(start_gateway().url, [*CODES, "HK.99999"], lang=lang, **window)
    expect(shown.locator(".capflow-bad")).to_contain_text("unknown stock 99999")
    expect(shown.locator(".capflow-next")).to_have_count(1)
    assert not cut(shown)
    notebook.screenshot(screenshots / f"recording-{width}-{scheme}-{lang}.png")


def test_it_goes_on_to_the_close_and_is_done(open_recording, start_gateway, expect, screenshots):
    there = start_gateway(CLOSING)
    notebook, shown = open_recording(there.url, ["HK.00700"])
    expect(shown.locator(".capflow-link")).to_have_text("done: the session is recorded")
    expect(row(shown, "HK")).to_contain_text("16:00")
    expect(row(shown, "HK")).to_contain_text("1 of 1 code")
    expect(shown.locator(".capflow-way.capflow-whole i")).to_have_attribute("style", "width:100.0%")
    expect(shown.get_by_role("button", name="Stop")).to_be_disabled()
    notebook.screenshot(screenshots / "recording-done.png")


def test_its_picture(open_recording, start_gateway, expect, screenshots):
    there = start_gateway(AFTERNOON)
    codes = ["HK.00700", "HK.09988", "SH.600519", "US.AAPL"]
    notebook, shown = open_recording(there.url, codes, viewport={"width": 1000, "height": 580})
    for market in ("HK", "SH"):
        expect(row(shown, market)).to_contain_text(re.compile("14:[345]"))
    expect(shown.locator(".capflow-next")).to_have_count(1)
    notebook.screenshot(screenshots / "recording.png")
