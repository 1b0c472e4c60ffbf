"""The dashboard in a real JupyterLab, on a gateway whose market goes sixty times as fast as ours.

Nothing here waits for a time: a test waits until the page shows something else.
"""

from __future__ import annotations

import re

import nbformat
import psutil
import pytest

from tests.browser.chromium import PATIENCE
from tests.browser.conftest import KERNEL
from tests.gateways import MORNING, GatewayProcess
from tests.kernels import EVENING

pytestmark = pytest.mark.timeout(400)

CODES = ["HK.00700", "HK.09988", "US.AAPL"]
#: Those of the README's picture, in three currencies, and when it is taken: a little before the kernel's now.
WATCHLIST = ["HK.00700", "HK.09988", "HK.03690", "US.AAPL", "SH.600519"]
AFTERNOON = EVENING.astimezone(MORNING.tzinfo).replace(hour=15, minute=35)
WINDOW = {"width": 1360, "height": 860}


#: For tests that are to see many refreshes soon.
UNPACED = {"rate": None}


def written(**options):
    return ", ".join(f"{name}={value!r}" for name, value in options.items())


@pytest.fixture
def gateway():
    there = GatewayProcess()
    yield there
    there.kill()


@pytest.fixture
def complaints():
    """What pages wrote onto their consoles that no page should."""
    return []


@pytest.fixture
def open_board(open_notebook, complaints):
    """Open a dashboard in a notebook of its own."""
    from tests.browser.board import Board  # which needs Playwright

    def open_board(url, codes=CODES, *, settings=UNPACED, window=None, **options):
        sources = (
            f"import pd_capflow\n\npd_capflow.configure({written(url=url, **settings)})",
            f"board = pd_capflow.dashboard({codes!r}, {written(**{'interval': 1, **options})})\nboard",
            "",
            "",
        )
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        content = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
        notebook = open_notebook(content, "board", **{"viewport": WINDOW, **(window or {})})
        notebook.page.on("pageerror", lambda error: complaints.append(str(error)))
        notebook.page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        for cell in notebook.code_cells[:2]:
            cell.run()
        board = Board(notebook, notebook.code_cells[1])
        board.is_drawn()
        return board

    return open_board


@pytest.fixture
def board(open_board, gateway, complaints):
    yield open_board(gateway.url)
    assert not complaints


def told(board, source):
    """Run a cell below the dashboard, and return what it says."""
    cell = board.notebook.code_cells[2]
    cell.write(source)
    cell.run()
    return cell.outputs.inner_text().strip()


def test_it_shows_chart_ranking_and_state_and_moves_with_the_market(board, expect):
    for text in (
        "connected to tcp://127.0.0.1",
        "DEMO DATA",
        "NOT LIVE: its clock says 5 Jan 2026",
        "HK open",
        "no rate limit",
        "next at",
    ):
        expect(board.status).to_contain_text(text)
    for code in CODES:
        expect(board.ranking).to_contain_text(code)
    expect(board.ranking).to_contain_text("HKD")
    expect(board.title).to_have_text("HK.00700 Lines")
    before = board.status.locator(".capflow-valid").inner_text()
    board.changes(2)
    expect(board.status.locator(".capflow-valid")).not_to_have_text(before)


def test_codes_are_added_by_code_and_by_name_and_taken_away(board, expect):
    board.enter("HK.03690")
    expect(board.chips).to_have_count(4)
    expect(board.title).to_have_text("HK.03690 Lines")
    board.code.click()
    board.code.press_sequentially("汇丰")
    expect(board.root.locator("datalist option").first).to_have_attribute("value", re.compile("HK.00005"))
    board.code.press("Enter")
    expect(board.chips).to_have_count(5)
    expect(board.code).to_have_value("")
    expect(board.message).to_have_text("HK.00005 added")
    board.is_drawn()
    board.button("Remove US.AAPL").click()
    expect(board.chips).to_have_count(4)
    expect(board.ranking).not_to_contain_text("US.AAPL")
    assert board.codes() == ["HK.00700", "HK.09988", "HK.03690", "HK.00005"]


def test_a_bad_code_is_one_line_and_the_rest_goes_on(board, expect):
    board.enter("nonsense")
    expect(board.message).to_have_text(re.compile("^no code or name 'nonsense' is known"))
    expect(board.code).to_have_value("nonsense")
    board.code.fill("")
    board.enter("HK.99999")
    expect(board.message).to_contain_text("unknown stock 99999")
    expect(board.ranking.locator("td.capflow-bad")).to_contain_text("unknown stock")
    line = board.message.locator(".capflow-bad")
    assert line.evaluate("line => line.clientHeight < 2 * parseFloat(getComputedStyle(line).lineHeight)")
    board.button("HK.00700 TENCENT").click()
    expect(board.title).to_have_text("HK.00700 Lines")
    board.changes(2)
    expect(board.status).to_contain_text("connected to")


def test_period_chart_lines_and_language_follow_a_click(board, expect):
    board.button("Days").click()
    expect(board.title).to_have_text("HK.00700 Bars")
    expect(board.button("Total")).to_be_disabled()
    board.button("Ranking").click()
    expect(board.title).to_have_text("HK.00700 Ranking")
    board.button("Minutes").click()
    board.button("Auto").click()
    board.is_drawn()
    before = board.picture()
    board.button("Super").click()
    expect(board.chart).not_to_have_attribute("src", before)
    board.field("Language").select_option("中文")
    expect(board.status).to_contain_text("已连接")
    expect(board.button("停止")).to_be_visible()
    board.field("语言").select_option("English")
    expect(board.button("Stop")).to_be_visible()
    assert told(board, "board.frame.attrs['capflow']['period']") == "'intraday'"


def test_after_stop_nothing_is_refreshed_until_start(board, expect):
    """Another dashboard is refreshed three times meanwhile: this one would have been, too."""
    board.button("Stop").click()
    expect(board.status).to_contain_text("stopped")
    meanwhile = (
        "with pd_capflow.dashboard('HK.00005', interval=1) as other:\n"
        "    before = other.wait(1) and board.status.refreshes\n"
        "    after = other.wait(3) and board.status.refreshes\n"
        "after - before"
    )
    picture = board.picture()
    assert told(board, meanwhile) == "0"
    assert board.picture() == picture
    board.button("Start").click()
    board.changes(2)
    expect(board.status).not_to_contain_text("stopped")


def test_it_outlives_its_gateway_and_says_so(board, gateway, expect, screenshots):
    gateway.kill()
    expect(board.status).to_contain_text("reconnecting to tcp://127.0.0.1")
    expect(board.status).to_contain_text("last data from")
    expect(board.chart).to_be_visible()
    assert not board.cut()
    board.notebook.screenshot(screenshots / "dashboard-lost.png")
    gateway.start()
    expect(board.status).to_contain_text("connected to tcp://127.0.0.1")
    board.changes(2)
    assert told(board, "board.status.trouble") == "''"


def test_it_is_refreshed_while_a_cell_is_busy(board, tmp_path, expect):
    """The cell holds the kernel's main thread and never gives way, until the page has seen enough."""
    enough = tmp_path / "enough"
    cell = board.notebook.code_cells[2]
    cell.write(f"from pathlib import Path\n\nwhile not Path({str(enough)!r}).exists():\n    sum(range(1000))")
    cell.start()
    expect(cell.prompt).to_have_text("[*]:")
    board.changes(3)
    expect(cell.prompt).to_have_text("[*]:")
    enough.touch()
    expect(cell.prompt).to_have_text("[3]:")


def test_a_keyboard_and_a_screen_reader_find_every_control(board, expect):
    assert not board.nameless()
    controls = board.controls()
    assert len(controls) > 30
    assert board.tabbed() == controls
    board.button("Remove HK.09988").focus()
    board.notebook.press("Space")
    expect(board.chips).to_have_count(2)
    board.button("Weeks").focus()
    board.notebook.press("Enter")
    expect(board.title).to_have_text("HK.00700 Bars")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("width", "scheme"), [(800, "light"), (1280, "light"), (1600, "dark")], ids=["narrow", "laptop", "wide"]
)
def test_it_fits_and_nothing_is_cut(open_board, expect, screenshots, width, scheme, lang, gateway):
    window = {"viewport": {"width": width, "height": 1100}, "color_scheme": scheme}
    codes = [*WATCHLIST, "HK.00005", "HK.01299", "HK.02318"]
    board = open_board(gateway.url, codes, lang=lang, theme=scheme, window=window)
    expect(board.ranking.locator("td.capflow-wait")).to_have_count(0)
    assert not board.cut()
    for button in board.root.locator(".capflow-kind button").all()[1:]:
        button.click()
        expect(board.title).to_have_text(f"HK.00700 {button.inner_text()}")
        board.is_drawn()
        assert not board.cut(), button.inner_text()
    board.notebook.screenshot(screenshots / f"dashboard-{width}-{scheme}-{lang}.png")


@pytest.mark.parametrize("width", [800, 1600])
def test_a_long_text_breaks_nothing(open_board, gateway, expect, width):
    """What is typed and what a gateway says can be of any length, and of one word."""
    board = open_board(gateway.url, window={"viewport": {"width": width, "height": 1000}})
    for text in ("x" * 300, "HK." + "9" * 60):
        board.code.fill("")
        board.code.fill(text)
        board.code.press("Enter")
        expect(board.message).to_contain_text(text[:30])
        assert not board.cut()
    board.button("Days").click()
    expect(board.title).to_contain_text("Bars")
    assert not board.cut()


def test_it_pauses_while_its_output_is_away_and_ends_with_close(board, expect):
    clear = "() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
    board.page.evaluate(clear)
    expect(board.root).to_have_count(0)
    paused = "board._screen.wait_until(lambda: 'paused: no page shows it' in str(board.status), 60)"
    assert told(board, paused) == "True"
    again = board.notebook.code_cells[2]
    again.write("board")
    again.run()
    expect(again.locator.locator(".capflow-dashboard .capflow-status")).not_to_contain_text("paused")
    last = board.notebook.code_cells[3]
    last.write("board.close()\nboard")
    last.run()
    expect(again.locator.locator(".capflow-dashboard")).to_have_count(0)
    expect(last.outputs.locator("img")).to_be_visible()
    expect(last.locator.locator(".capflow-dashboard")).to_have_count(0)


def test_a_restart_of_the_kernel_leaves_nothing_behind(board, expect):
    kernel = psutil.Process(int(told(board, "import os\nos.getpid()")))
    assert not kernel.children(), "it has threads, and no processes"
    board.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    assert psutil.wait_procs([kernel], PATIENCE / 1000) == ([kernel], [])
    board.notebook.wait_until_ready()
    for cell in board.notebook.code_cells[:2]:
        cell.run()
    board.is_drawn()
    board.changes()


def test_the_magic_opens_it_too(board, expect):
    cell = board.notebook.code_cells[2]
    cell.write("%load_ext pd_capflow\n%capflow HK.00005 -p week --live")
    cell.run()
    expect(cell.locator.locator(".capflow-dashboard .capflow-title")).to_have_text("HK.00005 Bars")


def test_a_frame_beside_it_looks_as_it_does_alone(board, expect):
    """A page has one style for all, so rules of the one must not reach the other."""
    cell = board.notebook.code_cells[2]
    cell.write("%load_ext pd_capflow\nboard.frame.groupby('code').tail(1)")
    cell.run()
    table = cell.locator.locator(".capflow-frame table")
    expect(table.locator("thead th").first).to_have_css("font-weight", "700")
    expect(cell.locator.locator(".capflow-frame .capflow-facts")).to_have_css("display", "block")
    frameless = "table => table.offsetWidth < table.parentElement.offsetWidth - 20"
    assert table.evaluate(frameless), "it is as wide as its rows are"
    expect(board.status.locator(".capflow-demo")).to_have_css("border-top-width", "0px")
    expect(board.status.locator(".capflow-facts")).to_have_css("opacity", "1")


def test_its_picture(open_board, expect, screenshots, request):
    there = GatewayProcess(AFTERNOON, limit="30/30")
    request.addfinalizer(there.kill)
    board = open_board(there.url, WATCHLIST, settings={}, interval=5)
    expect(board.ranking.locator("td.capflow-wait")).to_have_count(0)
    expect(board.status).not_to_contain_text("NOT LIVE")
    board.changes()
    board.notebook.screenshot(screenshots / "dashboard.png")
