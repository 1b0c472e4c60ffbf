r"""The config file: TOML, in the platform's usual place.

::

    url = "tcp://127.0.0.1:11111"
    key = "..."                      # of a WebSocket port
    rsa_key = "~/.config/pd_capflow/rsa.pem"
    ca_file = "~/.config/pd_capflow/ca.pem"
    store = "~/flows"                # what fetch(..., source="store") reads
    timeout = 10.0                   # seconds
    rate = [30, 30.0]                # requests, seconds; or "none"

It lies in ``~/.config/pd_capflow/config.toml`` on Linux, ``~/Library/Application Support/pd_capflow`` on
macOS and ``%LOCALAPPDATA%\pd_capflow`` on Windows; ``PD_CAPFLOW_CONFIG`` names another. It is read
whenever a client is made, so a change holds from then on.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from pd_capflow.client.secret import Secret
from pd_capflow.errors import CapflowWarning, QueryError

__all__ = ["ConfigFile", "config_path", "read_config"]

_VARIABLE = "PD_CAPFLOW_CONFIG"
_LARGEST = 64 * 1024

_TEXT = (str,), 'text in quotes, such as {name} = "..."'
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "url": _TEXT,
    "key": _TEXT,
    "rsa_key": _TEXT,
    "ca_file": _TEXT,
    "store": _TEXT,
    "timeout": ((int, float), "a number of seconds, such as {name} = 10.0"),
    "rate": ((list, str), 'requests and seconds, such as {name} = [30, 30.0], or {name} = "none"'),
}


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What a config file says.

    Attributes
    ----------
    path : Path
        Where it is, or would be.
    values : dict
        Settings by their name; empty where there is no file.
    lines : dict of str to int
        The line of each.
    """

    path: Path
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def place(self, name: str) -> str:
        """Return file and line of a setting, for messages."""
        return f"{self.path}, line {self.lines[name]}" if name in self.lines else str(self.path)


def config_path() -> Path:
    """Return where the config file is looked for."""
    named = os.environ.get(_VARIABLE)
    usual = platformdirs.user_config_path("pd_capflow", appauthor=False) / "config.toml"
    return Path(named).expanduser() if named else usual


def read_config() -> ConfigFile:
    """Return what the config file says; nothing if there is none in the usual place.

    Raises
    ------
    QueryError
        If it cannot be read, is no TOML, or has an unknown key or a value of the wrong type; or if
        ``PD_CAPFLOW_CONFIG`` names a file that does not exist.

    Warns
    -----
    CapflowWarning
        If it holds a key and other users of this machine can read it.
    """
    path = config_path()
    # No frame of a traceback may hold the text, which the frames of the parser do.
    found, fault, mode = _load(path)
    if fault:
        raise QueryError(fault) from None
    if found.values.get("key") and os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        warnings.warn(
            f"{path} holds a key and can be read by other users; make it yours alone: chmod 600 {path}",
            CapflowWarning,
            stacklevel=4,
        )
    return found


def _load(path: Path) -> tuple[ConfigFile, str, int]:
    """Return the file's contents, what is wrong with it, and its mode."""
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            text = opened.read(_LARGEST).decode()
    except (FileNotFoundError, NotADirectoryError) as error:
        missing = f"{path}: {error.strerror}; {_VARIABLE} names it: make it, or unset the variable"
        return ConfigFile(path), missing if os.environ.get(_VARIABLE) else "", 0
    except OSError as error:
        return (
            ConfigFile(path),
            f"{path}: {error.strerror or error}; make it readable for you, or remove it",
            0,
        )
    except UnicodeDecodeError:
        return ConfigFile(path), f"{path} is no TOML: expected text in UTF-8", 0
    return (*_parse(path, text), mode)


def _parse(path: Path, text: str) -> tuple[ConfigFile, str]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return ConfigFile(path), f"{path} is no TOML: {error}; a line looks like: timeout = 10.0"
    found = ConfigFile(path, document, _lines(text, document))
    fault = next((fault for name in document if (fault := _fault(found, name))), "")
    if isinstance(document.get("key"), str):
        document["key"] = Secret(document["key"])
    return (ConfigFile(path) if fault else found), fault


def _lines(text: str, names: Any) -> dict[str, int]:
    """Return the line in which each name is given its value, where one looks like that."""
    lines = text.splitlines()
    starts = {name: re.compile(rf"""\s*\[*["']?{re.escape(name)}["']?\s*[=.\]]""") for name in names}
    found = {
        name: next((number for number, line in enumerate(lines, 1) if start.match(line)), 0)
        for name, start in starts.items()
    }
    return {name: number for name, number in found.items() if number}


def _fault(found: ConfigFile, name: str) -> str:
    """Return what is wrong with a name or the type of its value."""
    if name not in _KINDS:
        return f"{found.place(name)}: unknown setting {name!r}; expected some of {', '.join(_KINDS)}"
    types, expected = _KINDS[name]
    if isinstance(found.values[name], types) and not isinstance(found.values[name], bool):
        return ""
    kind = type(found.values[name]).__name__
    return f"{found.place(name)}: {name} is of type {kind}; expected {expected.format(name=name)}"
