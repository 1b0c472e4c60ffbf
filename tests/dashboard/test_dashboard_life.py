"""A dashboard outlives its gateway, and lives in a real kernel without holding it up."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from pd_capflow.notebook.dashboard import timetable
from tests.dashboard.conftest import screen_of, until

CODE = "HK.00700"


def test_it_survives_its_gateway_visibly_and_by_itself(gateway_process, board_of):
    board = board_of([CODE, "HK.09988"], url=gateway_process.url, interval=1.0).wait(1)
    _, panel = screen_of(board)
    assert "capflow-is-connected" in panel.status.value
    before = board.frame
    gateway_process.kill()
    until(board, lambda: "reconnecting" in panel.status.value)
    assert "last data from" in panel.status.value
    assert "capflow-is-connected" not in panel.status.value
    assert len(board.frame) >= len(before), "what came stays to be looked at"
    assert panel.chart.value
    gateway_process.start()
    until(board, lambda: "capflow-is-connected" in panel.status.value)
    board.wait(2)
    assert board.status.trouble == ""
    assert "reconnecting" not in panel.status.value


def test_a_lost_connection_is_shown_at_once_and_data_are_asked_for_as_soon_as_it_is_back(
    gateway_process, board_of, monkeypatch
):
    """Neither waits for the next refresh, which is far away here."""
    monkeypatch.setattr(timetable, "_RETRY_SECONDS", 600.0)
    board = board_of(CODE, url=gateway_process.url, interval=600.0).wait(1)
    _, panel = screen_of(board)
    gateway_process.kill()
    until(board, lambda: "reconnecting" in panel.status.value)
    board.show(period="day")  # which cannot be had now
    until(board, lambda: board.status.trouble)
    gateway_process.start()
    until(board, lambda: board.status.refreshes == 2)
    assert len(board.frame)


def test_it_begins_before_its_gateway_does(gateway_process, board_of):
    gateway_process.kill()
    board = board_of(CODE, url=gateway_process.url)
    _, panel = screen_of(board)
    until(board, lambda: "no answer from" in panel.status.value)
    bundle = board._repr_mimebundle_()
    assert "no gateway" in bundle["text/plain"]
    gateway_process.start()
    board.wait(1)
    assert list(board.frame.index.unique("code")) == [CODE]


def test_what_is_shown_moves_with_the_market(gateway_process, board_of):
    board = board_of(CODE, url=gateway_process.url, interval=1.0).wait(1)
    _, panel = screen_of(board)
    picture, valid = panel.chart.value, board.status.valid
    until(board, lambda: panel.chart.value != picture and board.status.valid != valid)


def run(*sources, timeout=120):
    """Run cells in a kernel of their own, and return what each of them shows."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=timeout, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


@pytest.mark.timeout(240)
def test_a_kernel_shows_it_waits_for_it_and_goes_on(gateway_process):
    """While a cell works for long, the dashboard is refreshed by the other threads."""
    busy = (
        "import time\n"
        "before, until = board.status.refreshes, time.monotonic() + 60\n"
        "while board.status.refreshes < before + 2 and time.monotonic() < until:\n"
        "    sum(range(10_000))  # never gives way\n"
        "board.status.refreshes - before >= 2"
    )
    begin = (
        "import pd_capflow\n"
        "pd_capflow.configure(rate=None)\n"
        f"board = pd_capflow.dashboard(['HK.00700', 'US.AAPL'], url={gateway_process.url!r}, interval=1)\n"
        "board"
    )
    shown, stilled, worked, ended = run(
        begin, "board.wait(2, timeout=60)\nboard.snapshot()", busy, "board.close()\nboard.codes"
    )
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} <= set(shown[0].data)
    assert {"image/png", "text/html", "text/plain"} == set(stilled[0].data)
    assert "DEMO DATA" in stilled[0].data["text/html"]
    assert worked[0].data["text/plain"] == "True"
    assert ended[0].data["text/plain"] == "['HK.00700', 'US.AAPL']"


@pytest.mark.timeout(240)
def test_a_kernel_ends_while_a_dashboard_is_live():
    run("import pd_capflow\nboard = pd_capflow.dashboard('HK.00700', url='demo://').wait(1)", timeout=60)
