"""A key is shown nowhere: one is planted wherever it can come from, and looked for in all that shows."""

from __future__ import annotations

import json
import logging

import pytest

import pd_capflow
from pd_capflow.client import shared_client
from pd_capflow.client.settings import resolve
from pd_capflow.errors import AuthenticationError
from pd_capflow.protocol.handshake import hashed_key

KEY = "5entinel-of-the-websocket"
SHOWN = (KEY, hashed_key(KEY), KEY[2:-2])


def assert_hidden(*texts):
    for text in texts:
        assert text
        for secret in SHOWN:
            assert secret not in text


def by_argument(monkeypatch, tmp_path):
    return {"key": KEY}


def by_configure(monkeypatch, tmp_path):
    pd_capflow.configure(url="ws://127.0.0.1:1", key=KEY)
    return {}


def by_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PD_CAPFLOW_KEY", KEY)
    return {}


def by_file(monkeypatch, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(f'key = "{KEY}"')
    path.chmod(0o600)
    monkeypatch.setenv("PD_CAPFLOW_CONFIG", str(path))
    return {}


@pytest.fixture(params=[by_argument, by_configure, by_environment, by_file])
def options(request, monkeypatch, tmp_path, caplog):
    """Plant the key in one place, and return the arguments that a call then needs."""
    caplog.set_level(logging.DEBUG)
    return request.param(monkeypatch, tmp_path)


@pytest.fixture
def shell(shell):
    """A shell whose tracebacks show every local variable."""
    shell.run_line_magic("xmode", "Verbose")
    return shell


def test_the_key_works_and_nothing_shows_it(options, gateway_at, caplog, capsys):
    url, _ = gateway_at("ws", websocket_key=KEY)
    with pd_capflow.connect(url, **options) as client:
        frame = client.capital_flow("HK.00700")
        settings = client.settings
    report = pd_capflow.doctor(url, **options)
    assert report["protocol"].status == "ok"
    assert_hidden(repr(client), repr(settings), str(settings), f"{settings.key} {settings.key!r}")
    assert_hidden(json.dumps(frame.attrs), frame._repr_html_(), str(vars(client)))
    assert_hidden(str(report), report._repr_html_(), report.json(), str(report.frame()))
    assert_hidden("> " + caplog.text, "> " + "".join(capsys.readouterr()))


def test_a_refused_key_is_in_no_error_and_no_log(options, gateway_at, caplog):
    url, _ = gateway_at("ws", websocket_key="another")
    with pytest.raises(AuthenticationError) as caught:
        pd_capflow.connect(url, **options)
    assert_hidden(str(caught.value), repr(caught.value), str(vars(caught.value)), "> " + caplog.text)
    assert pd_capflow.doctor(url, **options)["protocol"].status == "failed"
    assert_hidden(str(pd_capflow.doctor(url, **options)))


@pytest.mark.parametrize(
    "call",
    ["connect({url!r}{key})", "doctor({url!r}{key}, codes=[''])", "configure(url={url!r}{key}, timeout=-1)"],
)
def test_no_traceback_shows_it_not_even_with_all_locals(options, gateway_at, shell, tmp_path, capsys, call):
    """The caller's own frame reads the key from a file, as nothing of ours can hide a caller's variable."""
    kept = tmp_path / "kept"
    kept.write_text(KEY)
    url, _ = gateway_at("ws", websocket_key="another")
    key = f", key=__import__('pathlib').Path({str(kept)!r}).read_text()" if "key" in options else ""
    result = shell.run_cell(f"import pd_capflow; pd_capflow.{call.format(url=url, key=key)}")
    printed = "".join(capsys.readouterr())
    assert isinstance(result.error_in_exec, pd_capflow.errors.CapflowError)
    assert "Traceback" in printed
    assert_hidden(printed)


@pytest.mark.parametrize("options", [by_configure, by_environment, by_file], indirect=True)
def test_the_magic_and_its_traceback_show_none(options, gateway_at, shell, capsys):
    url, _ = gateway_at("ws", websocket_key="another")
    shell.run_cell(f"%capflow HK.00700 --url {url}")
    shell.run_cell("%tb")
    shell.run_cell("%capflow -h")
    printed = "".join(capsys.readouterr())
    assert "AuthenticationError" in printed
    assert_hidden(printed)


@pytest.mark.parametrize(
    "text", [f'key = "{KEY}"\nhost = 1', f'key = "{KEY}', f'key = "{KEY}" {KEY}', f'key = ["{KEY}"]']
)
def test_a_broken_file_shows_none(text, monkeypatch, tmp_path, shell, capsys):
    path = tmp_path / "config.toml"
    path.write_text(text)
    path.chmod(0o644)
    monkeypatch.setenv("PD_CAPFLOW_CONFIG", str(path))
    shell.run_cell("import pd_capflow; pd_capflow.connect('demo://')")
    shell.run_cell("%tb")
    printed = "".join(capsys.readouterr())
    assert "QueryError" in printed
    assert_hidden(printed, str(pd_capflow.doctor()))


def test_one_key_is_one_client(monkeypatch):
    """A secret is still the text that it hides, wherever texts are compared."""
    monkeypatch.setenv("PD_CAPFLOW_KEY", KEY)
    assert shared_client("ws://127.0.0.1:1") is shared_client("ws://127.0.0.1:1")
    assert resolve(url="ws://h:1", key=KEY) == resolve(url="ws://h:1")
