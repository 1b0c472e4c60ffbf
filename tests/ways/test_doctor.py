"""The doctor: each illness on a real socket, and the fix that is named for it."""

from __future__ import annotations

import http.server
import json
import os
import re
import socket
import subprocess
import sys
import threading
import tomllib
from html.parser import HTMLParser
from importlib.metadata import requires
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

import pd_capflow
from pd_capflow.checkup import Finding, Report
from pd_capflow.checkup.report import Status
from pd_capflow.checkup.surroundings import EXTRAS
from pd_capflow.errors import QueryError
from pd_capflow.gateway import Gateway
from pd_capflow.protocol.messages import CAPITAL_FLOW, GLOBAL_STATE

KEY = "s3cret-websocket-key"
CHECKS = [
    *("address", "settings", "name", "port", "protocol"),
    *("version", "login", "quotes", "clock", "encryption", "budget"),
    *("extras", "font"),
]
ROOT = Path(__file__).parents[2]


class LoggedOut(Gateway):
    """A gateway that is not logged in, and waits for a disclaimer to be agreed to."""

    def response(self, method, c2s):
        response = super().response(method, c2s)
        if method is GLOBAL_STATE:
            response.s2c.qotLogined = False
            response.s2c.programStatus.type = 9
        return response


class Watched(Gateway):
    """A gateway that tells when a client has left."""

    def __init__(self, **options):
        super().__init__(**options)
        self.change = threading.Condition()

    def leave(self, session):
        with self.change:
            super().leave(session)
            self.change.notify_all()


class WithoutRights(Gateway):
    """A gateway whose account lacks the quote right for all markets but Hong Kong."""

    def response(self, method, c2s):
        if method is CAPITAL_FLOW and c2s.security.market != 1:
            response = CAPITAL_FLOW.response()
            response.retType, response.retMsg = -1, "行情权限不足"
            return response
        return super().response(method, c2s)


class Hostile(Gateway):
    """A gateway that tells everybody the key it was given, in HTML and over several lines."""

    def response(self, method, c2s):
        response = method.response()
        response.retType, response.retMsg = -1, f"<script>\n{KEY} \x1b[31m & more" + "x" * 5000
        return response


@pytest.fixture
def silent():
    """Return the address of a port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def web():
    """Return host and port of a web server."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def luminance(colour):
    """How bright a colour is, from 0 to 1, as WCAG 2 has it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def statuses(report):
    return {finding.name: finding.status for finding in report}


def assert_stops_at(report, name, found, fix):
    """Assert that the check of that name failed for that reason, and what needs it was skipped."""
    assert not report.ok
    at_fault = report[name]
    assert at_fault.status == "failed", report
    assert re.search(found, at_fault.found), at_fault
    assert re.search(fix, at_fault.fix), at_fault
    assert [each.name for each in report] == CHECKS
    told = statuses(report)
    for before in CHECKS[: CHECKS.index(name)]:
        assert told[before] in ("ok", "warning")
    for after in CHECKS[CHECKS.index(name) + 1 : CHECKS.index("clock") + 1]:
        assert told[after] == "skipped" or (name == "login" and after == "clock")


class TestGood:
    """Ways that work."""

    @pytest.mark.parametrize("scheme", ["tcp", "ws", "wss", "demo"])
    @pytest.mark.parametrize("clock", [None])
    def test_a_good_way_is_ok_from_end_to_end(self, gateway_at, certificate, scheme, clock):
        url = "demo://" if scheme == "demo" else gateway_at(scheme, clock=clock, websocket_key=KEY)[0]
        options = {"key": KEY} if scheme in ("ws", "wss") else {}
        report = pd_capflow.doctor(url, **options, **({"ca_file": certificate[0]} if scheme == "wss" else {}))
        assert report.ok, report
        assert set(statuses(report)) == set(CHECKS)
        assert {status for name, status in statuses(report).items() if name != "font"} == {"ok"}, report
        assert report["quotes"].found == "answered: HK.00700, US.AAPL, SH.600519"
        assert "key set (argument)" in report["settings"].found or "key" not in options

    def test_it_leaves_no_connection_behind(self, gateway_at):
        url, gateway = gateway_at(kind=Watched)
        pd_capflow.doctor(url)
        with gateway.change:
            assert gateway.change.wait_for(lambda: gateway.connections == 0, 20)

    def test_encryption_is_told(self, gateway_at, rsa_keys):
        report = pd_capflow.doctor(gateway_at("tcp", rsa=True)[0], rsa_key=rsa_keys[0])
        assert report["encryption"] == Finding("encryption", "ok", "AES_CBC")


class TestIll:
    """Ways that do not."""

    def test_an_address_that_is_none(self):
        report = pd_capflow.doctor("127.0.0.1:11111")
        assert_stops_at(report, "address", r"expected tcp://HOST:PORT", r"correct it where it stands")
        assert statuses(report)["extras"] == "ok"

    def test_a_config_file_that_is_broken(self, tmp_path, monkeypatch):
        path = tmp_path / "config.toml"
        path.write_text("host = 1")
        monkeypatch.setenv("PD_CAPFLOW_CONFIG", str(path))
        assert_stops_at(
            pd_capflow.doctor(), "address", r"config\.toml, line 1: unknown setting", "config file"
        )

    def test_a_name_that_nobody_has(self):
        report = pd_capflow.doctor("tcp://opend.invalid:11111")
        assert_stops_at(
            report, "name", "no such host as opend.invalid", "check the spelling of opend.invalid"
        )

    def test_another_machine_without_encryption(self):
        finding = pd_capflow.doctor("tcp://opend.invalid:11111")["encryption"]
        assert finding.status == "warning"
        assert "opend.invalid is another machine" in finding.found
        assert "RSA key" in finding.fix
        assert "wss://" in finding.fix

    def test_nothing_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        report = pd_capflow.doctor(f"tcp://127.0.0.1:{port}")
        assert_stops_at(report, "port", f"nobody listens at port {port}", "start OpenD there")

    @pytest.mark.parametrize("scheme", ["tcp", "ws", "wss"])
    def test_a_port_that_talks_http(self, web, scheme):
        report = pd_capflow.doctor(f"{scheme}://{web}", timeout=3)
        fix = "use ws:// if that port has no TLS" if scheme == "wss" else "the right one of its ports"
        assert_stops_at(report, "protocol", web, fix)

    @pytest.mark.parametrize("rsa", [True, False])
    def test_a_port_that_is_silent(self, silent, rsa_keys, rsa):
        report = pd_capflow.doctor(silent, timeout=0.3, rsa_key=rsa_keys[0] if rsa else None)
        assert_stops_at(report, "protocol", "opened no session within 0.3 s", "rsa_private_key")

    def test_a_wrong_rsa_key(self, gateway_at, rsa_keys):
        report = pd_capflow.doctor(gateway_at("tcp", rsa=True)[0], rsa_key=rsa_keys[1], timeout=3)
        assert_stops_at(report, "protocol", "same RSA key", "let rsa_key name the file that OpenD's setting")

    def test_an_rsa_key_that_the_gateway_has_not(self, gateway_at, rsa_keys):
        report = pd_capflow.doctor(gateway_at("tcp")[0], rsa_key=rsa_keys[1], timeout=3)
        assert_stops_at(report, "protocol", "RSA key", "or neither name one")

    def test_an_rsa_key_that_is_no_file(self, gateway_at):
        report = pd_capflow.doctor(gateway_at("tcp")[0], rsa_key="nowhere.pem")
        assert_stops_at(
            report, "protocol", "rsa_key nowhere.pem: No such file", "correct the file or setting"
        )

    def test_an_rsa_key_that_others_can_read(self, gateway_at, rsa_keys, tmp_path):
        path = tmp_path / "rsa.pem"
        path.write_bytes(rsa_keys[0].read_bytes())
        path.chmod(0o644)
        finding = pd_capflow.doctor(gateway_at("tcp", rsa=True)[0], rsa_key=path)["protocol"]
        assert (finding.status, "can be read by other users" in finding.found) == ("warning", True)
        assert f"chmod 600 {path}" in finding.fix

    @pytest.mark.parametrize("key", ["wrong", None])
    def test_a_wrong_websocket_key(self, gateway_at, key):
        report = pd_capflow.doctor(gateway_at("ws", websocket_key=KEY)[0], key=key)
        assert_stops_at(
            report, "protocol", "refused the WebSocket key", "give OpenD's WebSocket key in PD_CAPF"
        )

    def test_a_certificate_that_does_not_verify(self, gateway_at):
        report = pd_capflow.doctor(gateway_at("wss")[0])
        assert_stops_at(report, "protocol", "certificate does not verify", "let ca_file name the certificate")

    def test_no_tls_where_it_should_be(self, gateway_at):
        report = pd_capflow.doctor(gateway_at("ws")[0].replace("ws:", "wss:"), timeout=3)
        assert_stops_at(report, "protocol", "is it ws:// and not wss://", "use ws:// if that port has no TLS")

    def test_a_gateway_that_is_not_logged_in(self, gateway_at):
        report = pd_capflow.doctor(gateway_at(kind=LoggedOut)[0])
        assert_stops_at(
            report, "login", "not logged in to the quote servers; it is", "log in: see OpenD's window"
        )

    def test_quote_rights_for_some_markets(self, gateway_at):
        url = gateway_at(kind=WithoutRights)[0]
        finding = pd_capflow.doctor(url)["quotes"]
        assert finding.status == "warning"
        assert finding.found.startswith("answered: HK.00700; US.AAPL: the gateway refused: 行情权限不足")
        assert finding.fix.startswith("buy or activate the quote right")
        report = pd_capflow.doctor(url, codes=["US.AAPL"])
        assert (report["quotes"].status, report.ok) == ("failed", False)

    def test_a_clock_that_differs(self, gateway_at):
        finding = pd_capflow.doctor(gateway_at()[0])["clock"]
        assert finding.status == "warning"
        assert "ahead of the gateway's" in finding.found
        assert "this demo gateway" in finding.fix

    def test_a_budget_that_is_used_up(self, gateway_at):
        url, _ = gateway_at()
        report = pd_capflow.doctor(url, rate=(1, 3600), timeout=1)
        assert report["quotes"].status == "warning"
        assert "no answer within 1 s" in report["quotes"].found
        assert report["quotes"].fix == (
            "wait for 3600 s: this or another program has used up the requests of this account"
        )
        assert report["budget"].status == "warning"
        assert "0 of 1 requests" in report["budget"].found

    @pytest.mark.parametrize("rate", [(30, 30.0), None])
    def test_quotes_that_do_not_come_in_time(self, scripted, rate):
        """With a budget that is as good as untouched."""

        def stuck(peer):
            peer.handshake()
            while (asked := peer.asked()) is not None:
                if asked.method is GLOBAL_STATE:
                    peer.reply(asked, Gateway().response(GLOBAL_STATE, asked.message.c2s))

        report = pd_capflow.doctor(scripted(stuck, stuck, stuck, stuck).url, rate=rate, timeout=1)
        assert report["quotes"].status == "failed"
        assert report["quotes"].fix.startswith("try again, or give it more time (timeout); ")

    def test_codes_that_are_none_are_refused(self):
        with pytest.raises(QueryError, match="names no market"):
            pd_capflow.doctor("demo://", codes=["00700"])


class TestReport:
    """How it shows itself."""

    @pytest.fixture
    def hostile(self, gateway_at):
        return pd_capflow.doctor(gateway_at("ws", kind=Hostile, websocket_key=KEY)[0], key=KEY)

    def test_what_a_gateway_says_is_one_short_line_without_the_key(self, hostile):
        finding = hostile["version"]
        assert finding.status == "failed"
        assert finding.found.isprintable()
        assert len(finding.found) < 700
        for shown in (str(hostile), repr(hostile), hostile._repr_html_(), hostile.json()):
            assert KEY not in shown
        assert "********" in str(hostile)

    def test_html_is_escaped_and_well_formed(self, hostile):
        class Tags(HTMLParser):
            open: list[str] = []  # noqa: RUF012  # one parser alone
            seen: set[str] = set()  # noqa: RUF012  # the same

            def handle_starttag(self, tag, attrs):
                self.seen.add(tag)
                if tag != "br":
                    self.open.append(tag)

            def handle_endtag(self, tag):
                assert self.open.pop() == tag

        tags = Tags()
        tags.feed(hostile._repr_html_())
        assert not tags.open
        assert tags.seen == {"p", "b", "table", "tbody", "tr", "td", "span", "br", "i"}
        assert "&lt;script&gt;" in hostile._repr_html_()

    def test_html_reads_on_light_and_on_dark_paper(self):
        """Text takes the page's colour, and only badges, which bring their own paper, have one."""
        findings = tuple(Finding(status, status, "f", "h") for status in get_args(Status))
        styles = re.findall(r'style="([^"]*)"', Report("demo://", findings, {})._repr_html_())
        painted = [
            dict(re.findall(r"(?:^|;)(color|background):([^;]+)", style))
            for style in styles
            if "color:" in style or "background:" in style
        ]
        badges = [style for style in painted if style.get("color") == "#fff"]
        rest = [style for style in painted if style not in badges]
        assert {value for style in rest for value in style.values()} == {"inherit", "none"}
        assert len(badges) == len(findings)
        # WCAG 2: white text of this size asks for 4.5 to 1.
        assert min(1.05 / (luminance(style["background"]) + 0.05) for style in badges) >= 4.5

    def test_a_terminal_gets_columns_that_fit_and_colours_only_if_asked(self, hostile):
        text = hostile.text(width=70)
        assert "\x1b" not in text
        body = text.splitlines()[2:-2]
        assert max(len(line) for line in body if "x" * 60 not in line) <= 70
        assert {line[:9].strip() for line in body} <= {"ok", "warning", "failed", "skipped", ""}
        assert re.search(r"\x1b\[31;1mfailed \x1b\[0m  version", hostile.text(colour=True))

    def test_it_is_a_value_of_findings(self):
        report = Report("demo://", (Finding("a", "ok", "f"), Finding("b", "warning", "g", "h")), {"x": "1"})
        assert (report.ok, len(report), list(report)[1].fix) == (True, 2, "h")
        pd.testing.assert_frame_equal(
            report.frame().iloc[:, :2], pd.DataFrame({"name": ["a", "b"], "status": ["ok", "warning"]})
        )
        with pytest.raises(KeyError):
            report["c"]
        assert str(report) == (
            "capflow doctor · demo:// · x 1\n\n"
            "ok       a  f\nwarning  b  g\n            -> h\n\n"
            "1 ok, 1 warning"
        )


def test_the_extras_are_those_that_the_package_has():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(EXTRAS) == set(wanted) - {"all", "dev"}
    for extra, modules in EXTRAS.items():
        names = {re.split(r"[\[<>=~ ;]", needed)[0].replace("-", "_") for needed in wanted[extra]}
        assert set(modules) == names
    assert requires("pd_capflow")


class TestCommand:
    """``capflow doctor``, as a process of its own."""

    @staticmethod
    def run(*arguments, **environment):
        return subprocess.run(
            [sys.executable, "-m", "pd_capflow", "doctor", *map(str, arguments)],
            capture_output=True, text=True, timeout=60, check=False,
            env=os.environ | {"PD_CAPFLOW_CONFIG": os.devnull} | environment,
        )  # fmt: skip

    def test_all_is_well(self):
        done = self.run("--url", "demo://")
        assert (done.returncode, done.stderr) == (0, "")
        assert "ok       quotes" in done.stdout
        assert "\x1b" not in done.stdout

    def test_something_failed_and_a_machine_can_read_it(self):
        done = self.run("--json", PD_CAPFLOW_URL="tcp://127.0.0.1:1")
        assert done.returncode == 1
        told = json.loads(done.stdout)
        assert (told["address"], told["ok"]) == ("tcp://127.0.0.1:1", False)
        found = {finding["name"]: finding for finding in told["findings"]}
        assert found["address"]["found"] == "tcp://127.0.0.1:1 (PD_CAPFLOW_URL)"
        assert found["port"]["status"] == "failed"

    def test_it_tells_where_each_value_comes_from_and_no_key(self, tmp_path, gateway_at):
        path = tmp_path / "config.toml"
        path.write_text(f'key = "{KEY}"\ntimeout = 4.0\nurl = "demo://"')
        path.chmod(0o600)
        url = gateway_at("ws", websocket_key=KEY)[0]
        done = self.run("--url", url, PD_CAPFLOW_CONFIG=str(path))
        assert done.returncode == 0, done.stdout
        told = " ".join(done.stdout.split())
        assert f"{url} (argument)" in told
        assert f"timeout 4 s ({path}) · rate 30 requests in 30 s (default) · key set ({path})" in told
        assert KEY not in done.stdout + done.stderr
