"""The config file: below the environment, read when a client is made, and exact about what is wrong."""

from __future__ import annotations

import os
import stat
import warnings

import platformdirs
import pytest

import pd_capflow
from pd_capflow.client import resolve, shared_client
from pd_capflow.client.configfile import config_path
from pd_capflow.client.settings import resolve_with_origins
from pd_capflow.errors import CapflowWarning, QueryError

SECRET = "s3cret-key"


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Write a config file, and name it to this process."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("PD_CAPFLOW_CONFIG", str(path))

    def write(text, mode=0o600):
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


def test_every_setting_can_stand_in_the_file(config):
    config(
        f'url = "wss://h:1"\nkey = "{SECRET}"\n'
        'ca_file = "~/ca.pem"\ntimeout = 3\nrate = [7, 1.5]\nrsa_key = "r"'
    )
    found = resolve()
    assert (str(found.address), found.timeout, found.rate) == ("wss://h:1", 3.0, (7, 1.5))
    assert found.key.encode() == SECRET.encode()
    assert found.ca_file == os.path.expanduser("~/ca.pem")  # noqa: PTH111  # the oracle
    assert resolve(url="tcp://h:1").rsa_key == "r"
    config('rate = "none"')
    assert resolve().rate is None


def test_arguments_beat_configure_beats_environment_beats_file_beats_default(config, monkeypatch):
    def where():
        settings, origins = resolve_with_origins()
        return str(settings.address), origins["url"]

    path = config("timeout = 4.0")
    assert where() == ("tcp://127.0.0.1:11111", "default")
    config('url = "tcp://file:1"')
    assert where() == ("tcp://file:1", str(path))
    monkeypatch.setenv("PD_CAPFLOW_URL", "tcp://environment:1")
    assert where() == ("tcp://environment:1", "PD_CAPFLOW_URL")
    pd_capflow.configure(url="tcp://configured:1")
    assert where() == ("tcp://configured:1", "configure()")
    settings, origins = resolve_with_origins(url="tcp://argument:1")
    assert (str(settings.address), origins["url"]) == ("tcp://argument:1", "argument")
    pd_capflow.configure(url=None)
    assert where() == ("tcp://environment:1", "PD_CAPFLOW_URL")


def test_it_is_read_when_a_client_is_made(config):
    config('url = "tcp://first:1"')
    first = shared_client()
    config('url = "tcp://second:1"')
    assert (str(first.settings.address), str(shared_client().settings.address)) == (
        "tcp://first:1",
        "tcp://second:1",
    )


def test_it_lies_in_the_platforms_usual_place(monkeypatch):
    monkeypatch.delenv("PD_CAPFLOW_CONFIG")
    assert config_path().name == "config.toml"
    assert str(config_path()).startswith(platformdirs.user_config_dir())


def test_none_in_the_usual_place_is_fine(monkeypatch, tmp_path):
    monkeypatch.delenv("PD_CAPFLOW_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert resolve().timeout == 10.0


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('timeout = 3\nhost = "h"', 2, "unknown setting 'host'; expected some of url, key, rsa_key"),
        ("\n\nkey = 7", 3, 'key is of type int; expected text in quotes, such as key = "..."'),
        ('timeout = "3"', 1, "timeout is of type str; expected a number of seconds, such as timeout = 10.0"),
        ("timeout = true", 1, "timeout is of type bool"),
        ("timeout = 0", 1, "expected a number of seconds above 0"),
        ("rate = [0, 1]", 1, "expected (requests, seconds)"),
        ('rate = "fast"', 1, "expected (requests, seconds)"),
        ('url = "127.0.0.1"', 1, "expected tcp://HOST:PORT"),
        ("[server]\nport = 1", 1, "unknown setting 'server'"),
        ('url = "demo://"\nkey = \nrate = "none"', 2, "is no TOML"),
    ],
)
def test_what_is_wrong_names_the_file_the_line_and_the_fix(config, text, line, says):
    path = config(text)
    with pytest.raises(QueryError) as caught:
        pd_capflow.connect("demo://")
    assert str(caught.value).startswith(str(path))
    assert f"line {line}" in str(caught.value)
    assert says in str(caught.value)


def test_a_file_that_is_named_but_not_there_is_an_error(config):
    with pytest.raises(QueryError, match=r"PD_CAPFLOW_CONFIG names it: make it, or unset the variable"):
        resolve()


def test_a_file_that_cannot_be_read_is_an_error(config, tmp_path, monkeypatch):
    monkeypatch.setenv("PD_CAPFLOW_CONFIG", str(tmp_path))
    with pytest.raises(QueryError, match="directory"):
        resolve()
    config("").write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv("PD_CAPFLOW_CONFIG", str(tmp_path / "config.toml"))
    with pytest.raises(QueryError, match="UTF-8"):
        resolve()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_key_that_others_can_read_is_warned_of(config):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config(f'key = "{SECRET}"', 0o600)
        resolve()
        config("timeout = 3", 0o644)
        resolve()
    path = config(f'key = "{SECRET}"', 0o644)
    with pytest.warns(CapflowWarning, match="chmod 600") as caught:
        resolve()
    assert SECRET not in str(caught[0].message)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
