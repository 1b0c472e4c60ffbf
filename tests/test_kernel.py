"""``%capflow`` in a kernel of its own: what a front end is sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).parents[1]
DEMO = "--url demo://"
SECONDS = 60


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A client of a kernel with the extension loaded."""
    home = str(tmp_path_factory.mktemp("home"))
    own = {"PD_CAPFLOW_CONFIG": os.devnull, "XDG_CACHE_HOME": home, "IPYTHONDIR": home}
    environment = os.environ | own | {"PYTHONPATH": str(ROOT)}
    manager = KernelManager()
    manager.start_kernel(env=environment, cwd=home)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=SECONDS)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def run(kernel):
    """Run a cell, and return the messages that the front end got, by type."""

    def execute(code):
        heard = []
        kernel.execute_interactive(code, timeout=SECONDS, output_hook=heard.append)
        found = {}
        for message in heard:
            found.setdefault(message["msg_type"], []).append(message["content"])
        return found

    execute("%load_ext pd_capflow")
    yield execute
    execute("%unload_ext pd_capflow")


def test_a_frame_comes_as_html_and_as_text(run):
    (result,) = run(f"%capflow HK.00700 {DEMO}")["execute_result"]
    assert 'class="capflow-frame ' in result["data"]["text/html"]
    assert "<svg" in result["data"]["text/html"]
    assert result["data"]["text/plain"].startswith("TENCENT HK.00700 · capital flow · intraday")
    for text in result["data"].values():
        assert text.count("DEMO DATA") == 1


def test_a_frame_that_is_kept_says_nothing_until_it_is_shown(run):
    assert "stream" not in run(f"frame = %capflow HK.00700 {DEMO}")
    (result,) = run("frame")["execute_result"]
    assert "DEMO DATA" in result["data"]["text/plain"]


def test_a_cell_form_is_shown_as_the_line_form(run):
    (result,) = run(f"%%capflow -p day {DEMO}\n# two\nHK.00700\nUS.AAPL")["execute_result"]
    assert "TENCENT HK.00700, Apple US.AAPL · capital flow · day" in result["data"]["text/plain"]


@pytest.mark.parametrize(
    ("line", "name", "text"),
    [
        ("HK.99999", "UnknownSecurityError", "UnknownSecurityError: HK.99999: the gateway refused"),
        ("HK.00700 HK.99999", "BatchError", "BatchError: 1 of 2 codes failed"),
        ("tencent", "QueryError", "QueryError: code 'tencent' names no market"),
        (
            "HK.00700 --out nowhere/x.csv",
            "CapflowError",
            "CapflowError: --out nowhere/x.csv: there is no folder",
        ),
        ("HK.00700 US.AAPL --plot bars", "QueryError", "QueryError: bars needs one code"),
    ],
)
def test_an_error_is_one_line_that_stays_what_it_is(run, line, name, text):
    (error,) = run(f"%capflow {line} {DEMO}")["error"]
    assert error["ename"] == name
    assert len(error["traceback"]) == 1
    assert error["traceback"][0].startswith(text)
    (whole,) = run("%tb")["error"]
    assert len("\n".join(whole["traceback"]).splitlines()) > 5


def test_a_wrong_line_is_told_in_one_line_too(run):
    said = run("%capflow --frob")
    assert "error" in said or "stream" in said
    text = "".join(each["text"] for each in said.get("stream", []))
    assert text.startswith("UsageError: unrecognized arguments: --frob")


def test_a_chart_comes_as_a_picture_beside_the_frame(run):
    said = run(f"%capflow HK.00700 --plot {DEMO}")
    (picture,) = said["display_data"]
    assert "image/png" in picture["data"]
    assert "text/html" in said["execute_result"][0]["data"]


def test_tab_tells_the_name_beside_the_code(kernel, run):
    """As JupyterLab reads it: what to replace, by what, and a type to show."""
    line = f"x = %capflow {DEMO} 腾讯"
    kernel.complete(line)
    content = kernel.get_shell_msg(timeout=SECONDS)["content"]
    told = content["metadata"]["_jupyter_types_experimental"]
    assert [each["text"] for each in told] == ["HK.00700", "HK.80700"]
    assert told[0]["type"].replace("\u2060", "") == "腾讯控股"
    assert {line[each["start"] : each["end"]] for each in told} == {"腾讯"}
    assert line[content["cursor_start"] : content["cursor_end"]] == "腾讯"


def test_question_mark_shows_the_manual(run, kernel):
    reply = kernel.execute_interactive("%capflow?", timeout=SECONDS, output_hook=lambda _: None)
    (page,) = reply["content"]["payload"]
    assert "%%capflow [options]" in page["data"]["text/plain"]
    assert "Examples" in page["data"]["text/plain"]


def test_traits_are_listed(run):
    text = "".join(each["text"] for each in run("%config CapflowMagics")["stream"])
    assert "CapflowMagics.url=" in text


def test_unloaded_frames_are_pandas_own(run):
    run(f"%capflow HK.00700 -o frame {DEMO}")
    run("%unload_ext pd_capflow")
    (result,) = run("frame")["execute_result"]
    assert "capflow" not in result["data"]["text/html"]
    assert "TENCENT" not in result["data"]["text/plain"]
    run("%load_ext pd_capflow")
    assert "TENCENT" in run("frame")["execute_result"][0]["data"]["text/plain"]
