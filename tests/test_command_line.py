"""The command line, as a process of its own."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys

import pandas as pd
import pytest

CAPFLOW = [sys.executable, "-m", "pd_capflow"]


@pytest.fixture
def capflow(tmp_path):
    def run(*arguments):
        command = [*CAPFLOW, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)

    return run


@pytest.fixture
def gateway():
    """Start a gateway process, and return its address."""
    started = []

    def start(*arguments):
        command = [*CAPFLOW, "gateway", "--port", "0", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        line = process.stdout.readline()
        return process, re.search(r"tcp://[\d.]+:\d+", line)[0], line

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_fetch_prints_the_frame_and_owns_up_to_the_demo(capflow):
    done = capflow("fetch", "HK.00700", "--url", "demo://")
    assert done.returncode == 0
    assert "DEMO DATA" in done.stdout
    assert "HKD · Asia/Hong_Kong" in done.stdout
    assert "rows x 6 columns" in done.stdout


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_fetch_keeps_the_frame_in_a_file(capflow, tmp_path, suffix):
    path = tmp_path / f"flow.{suffix}"
    days = pd.bdate_range(end=pd.Timestamp.now("America/New_York").date(), periods=8)[:5]
    dates = ["-p", "day", "--start", days[0].date(), "--end", days[-1].date()]
    done = capflow("fetch", "HK.00700", "US.AAPL", *dates, "--url", "demo://", "--out", path)
    assert done.returncode == 0, done.stderr
    read = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}[suffix]
    frame = read(path).reset_index()
    assert frame["code"].unique().tolist() == ["HK.00700", "US.AAPL"]
    assert len(frame) == 10
    assert frame["in_flow"].notna().all()


def test_json_tells_what_is_absent(capflow, tmp_path):
    capflow("fetch", "HK.00700", "--url", "demo://", "--out", "flow.json")
    rows = json.loads((tmp_path / "flow.json").read_text())
    assert {row["main_in_flow"] for row in rows} == {None}


def test_fetch_draws_the_chart(capflow, tmp_path):
    done = capflow("fetch", "HK.00700", "--url", "demo://", "--plot", "flow.png")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")


def test_who_stops_to_read_the_frame_has_its_files_all_the_same(tmp_path):
    files = ["--plot", "flow.png", "--out", "flow.csv"]
    command = [*CAPFLOW, "fetch", "HK.00700", "--url", "demo://", *files]
    piped = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    piped.stdout.close()
    with piped:
        assert "BrokenPipe" not in piped.stderr.read()
    assert piped.returncode == 0
    assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "flow.csv").read_text()


def test_fetch_draws_the_kind_that_is_named_in_a_language(capflow, tmp_path):
    told = ["--kind", "distribution", "--colors", "cn", "--lang", "zh"]
    done = capflow("fetch", "HK.00700", "--url", "demo://", "--plot", "flow.svg", *told)
    assert done.returncode == 0, done.stderr
    assert "super_in" in done.stdout
    assert (tmp_path / "flow.svg").read_text().startswith("<?xml")


def test_fetch_joins_the_price_and_collects_what_came(capflow):
    days = ["-p", "day", "--start", "2026-01-05", "--end", "2026-01-09", "--url", "demo://"]
    done = capflow("fetch", "HK.00700", "HK.99999", "--price", "--errors", "collect", *days)
    assert done.returncode == 0, done.stderr
    assert "close" in done.stdout
    assert "capflow: no answer: HK.99999: the gateway refused" in done.stderr
    alone = capflow("fetch", "HK.99999", "--errors", "collect", "--url", "demo://")
    assert alone.stdout.startswith("HK.99999 · intraday")


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["00700"], 2, "names no market"),
        (["HK.00700", "--kind", "bars"], 2, "--kind bars of no chart; expected --plot FILE.png with it"),
        (["HK.00700", "--plot", "x.png", "--kind", "pie"], 2, "unknown kind 'pie'; expected one of"),
        (["HK.00700", "--plot", "x.png", "--lang", "fr"], 2, "unknown lang 'fr'; expected one of"),
        (["HK.00700", "--colors", "cn"], 2, "--colors cn of no chart; expected --plot FILE.png with it"),
        ([], 2, "no code given"),
        (["HK.00700", "--out", "flow.xls"], 2, ".parquet"),
        (["HK.00700", "--plot", "flow.gif"], 2, ".png"),
        (["HK.00700", "--url", "http://127.0.0.1"], 2, "scheme"),
        (
            ["HK.00700", "--url", "tcp://127.0.0.1:1"],
            1,
            "Start OpenD there, or use the demo gateway: demo://",
        ),
        (["HK.99999", "--url", "demo://"], 1, "unknown stock 99999"),
        (["HK.00700", "--url", "demo://", "--out", "nowhere/flow.csv"], 1, "nowhere"),
    ],
)
def test_what_goes_wrong_is_one_line_on_standard_error(capflow, arguments, code, text):
    done = capflow("fetch", *arguments)
    assert done.returncode == code
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("capflow: ")


def test_what_came_is_printed_even_if_some_codes_failed(capflow):
    done = capflow("fetch", "HK.00700", "HK.99999", "--url", "demo://")
    assert done.returncode == 1
    assert "HK.00700" in done.stdout
    assert "no answer for 1 of the codes; the rest is printed\n  HK.99999: the gateway refused" in done.stderr
    assert ".frame" not in done.stderr


def test_if_no_code_came_nothing_is_written(capflow, tmp_path):
    done = capflow("fetch", "US.NOSUCH", "HK.99999", "--url", "demo://", "--out", "flow.csv")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no answer for 2 of the codes; nothing came" in done.stderr
    assert not (tmp_path / "flow.csv").exists()


def test_a_file_of_invented_numbers_says_so_and_the_command_too(capflow, tmp_path):
    done = capflow("fetch", "HK.00700", "--url", "demo://", "--out", "flow.csv")
    assert "wrote flow.csv (DEMO DATA: these numbers are invented; so says its column demo)" in done.stderr
    assert pd.read_csv(tmp_path / "flow.csv")["demo"].all()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_gateway_process_serves_until_a_signal_ends_it(gateway, capflow, number):
    process, address, line = gateway()
    assert "invented data" in line
    done = capflow("fetch", "HK.00700", "--url", address)
    assert done.returncode == 0, done.stderr
    assert "DEMO DATA" in done.stdout  # it owns up to being a demo over TCP too
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_a_gateway_has_its_clock_its_seed_and_its_limit(gateway, capflow):
    clock = ["--clock", "2025-06-04T10:43:44+08:00", "--speed", "0", "--limit", "2/3600"]
    _, address, _ = gateway(*clock)
    first = capflow("fetch", "HK.00700", "--url", address, "--out", "first.csv")
    assert "last valid 2025-06-04T10:43:44+08:00" in first.stdout
    _, other, _ = gateway(*clock, "--seed", "5")
    assert capflow("fetch", "HK.00700", "--url", other).stdout != first.stdout


def test_a_port_that_is_taken_is_told(gateway, capflow):
    _, address, _ = gateway()
    done = capflow("gateway", "--port", address.rpartition(":")[2])
    assert done.returncode == 1
    assert "cannot listen" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--limit", "many"], "--limit many: expected REQUESTS/SECONDS such as 30/30, or none"),
        (["--limit", "5"], "--limit 5: expected REQUESTS/SECONDS such as 30/30, or none"),
        (["--limit", "30/30/30"], "--limit 30/30/30: expected REQUESTS/SECONDS such as 30/30, or none"),
        (
            ["--clock", "noon"],
            "--clock noon is no time; expected one with its zone, such as 2026-01-05T10:00",
        ),
        (["--clock", "2025-01-01T10:00"], "--clock 2025-01-01T10:00:00 has no zone, such as +08:00"),
        (["--speed", "-1"], "--speed -1.0 is not 0 or a number above"),
        (["--port", "abc"], "argument --port: 'abc' is no port; expected 0 to 65535"),
        (["--port", "65536"], "argument --port: '65536' is no port; expected 0 to 65535"),
        (["--websocket-port", "-1"], "argument --websocket-port: "),
    ],
)
def test_a_gateway_refuses_what_cannot_be_meant(capflow, arguments, told):
    done = capflow("gateway", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("every", ["10", "10.5"])
def test_a_recorder_wants_to_know_the_unit_of_its_time(capflow, every):
    done = capflow("record", "HK.00700", "--store", "flows", "--every", every, "--demo", "--url", "demo://")
    assert done.returncode == 2
    assert f"--every {every}: expected a time with its unit, such as 30s, 10min or 1h" in done.stderr


def test_what_a_terminal_cannot_show_costs_nothing_else(tmp_path):
    command = [*CAPFLOW, "fetch", "HK.00700", "--url", "demo://", "--out", "flow.csv"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        command, capture_output=True, timeout=60, cwd=tmp_path, check=False, env=environment
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert b"HK.00700 ? intraday, running totals" in done.stdout
    assert (tmp_path / "flow.csv").exists()


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("command", ["fetch HK.00700 --out flow.csv --plot flow.png", "doctor"])
def test_without_a_terminal_there_are_files_and_an_exit_code(tmp_path, command, closed):
    script = f"{sys.executable} -m pd_capflow {command} --url demo:// {closed}"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False
    )
    assert (done.returncode, "Traceback" in done.stdout + done.stderr) == (0, False)
    if command.startswith("fetch"):
        assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")
        assert len(pd.read_csv(tmp_path / "flow.csv")) > 1


@pytest.mark.parametrize("kind", ["bars", "tiers", "distribution"])
def test_several_codes_on_a_chart_of_one_are_refused_before_anybody_is_asked(capflow, kind):
    told = ["--plot", "x.png", "--kind", kind, "--url", "tcp://127.0.0.1:1"]
    done = capflow("fetch", "HK.00700,US.AAPL", *told)
    assert done.returncode == 2
    assert f"--kind {kind} shows one code, and these are 2; name one, or draw cumulative, " in done.stderr


def test_a_selector_that_stands_for_several_is_told_in_the_same_words(capflow, tmp_path):
    told = ["--plot", "x.png", "--kind", "bars", "--url", "demo://", "--out", "flow.csv"]
    done = capflow("fetch", "plate:HK.BK1001", *told)
    assert done.returncode == 2
    assert "--kind bars shows one code, and these are 5; name one, or draw cumulative, " in done.stderr
    assert (tmp_path / "flow.csv").exists()


def test_a_gateway_off_loopback_says_so(gateway):
    everywhere = "0.0.0.0"  # noqa: S104  # that is what is to be warned of
    process, _, line = gateway("--host", everywhere)
    assert everywhere in line
    assert "everybody who reaches this machine" in process.stderr.readline()


def test_a_reader_that_stops_early_is_no_error(tmp_path):
    script = f"{sys.executable} -m pd_capflow fetch HK.00700 --url demo:// | true"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr


def test_the_written_csv_is_what_pandas_reads(capflow, tmp_path):
    done = capflow("fetch", "HK.00700", "--url", "demo://", "--out", "flow.csv")
    text = (tmp_path / "flow.csv").read_text()
    frame = pd.read_csv(io.StringIO(text), index_col="time", parse_dates=True)
    assert frame["main_in_flow"].isna().all(), done.stderr
