"""Addresses of gateways: ``tcp://127.0.0.1:11111``, ``wss://host:33333``, ``demo://``, ``store://PATH``.

An address never holds a secret, so it may be shown anywhere.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pd_capflow.errors import QueryError

__all__ = ["DEFAULT_URL", "Address", "parse_address", "parse_addresses"]

DEFAULT_URL = "tcp://127.0.0.1:11111"

_EXPECTED = "expected tcp://HOST:PORT, ws://HOST:PORT, wss://HOST:PORT, demo:// or store://PATH"
_STORE = "store://"
# Scheme -> the port at which OpenD usually listens, for the message if it is missing.
_USUAL_PORTS = {"tcp": 11111, "ws": 33333, "wss": 33333}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a gateway listens.

    Attributes
    ----------
    scheme : {"tcp", "ws", "wss", "demo", "store"}
        How to reach it; ``demo`` is the embedded demo gateway, ``store`` one of recorded flow.
    host : str
        Name or number of the host; empty for gateways in this process.
    port : int
        TCP port; 0 for gateways in this process.
    path : str
        Where the store lies, absolute or the URL of an object store; empty for all others.
    """

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.is_embedded:
            return f"{self.scheme}://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def is_demo(self) -> bool:
        """Whether this is the embedded demo gateway."""
        return self.scheme == "demo"

    @property
    def is_store(self) -> bool:
        """Whether this is what was recorded, at a path."""
        return self.scheme == "store"

    @property
    def is_embedded(self) -> bool:
        """Whether the gateway lives in this process, so that there is no network between."""
        return self.is_demo or self.is_store

    @property
    def is_websocket(self) -> bool:
        """Whether packets travel through a WebSocket."""
        return self.scheme in ("ws", "wss")


def parse_address(url: str) -> Address:
    """Read an address; raise `QueryError` if it is none."""
    if not isinstance(url, str):
        raise QueryError(f"address {url!r} is no text; {_EXPECTED}")
    return _store(url.strip()) if _names_store(url) else _parse(url)


def parse_addresses(urls: Any) -> tuple[Address, ...]:
    """Read one address or several: a list of them, or a text with commas.

    Raises
    ------
    QueryError
        If there is none, one is none, two are the same, or the demo is among real gateways.
    """
    parts = _split(urls) if isinstance(urls, str) else urls
    if not isinstance(parts, list | tuple):
        raise QueryError(f"address {urls!r} is no text; {_EXPECTED}, or a list of such")
    found = tuple(parse_address(part) for part in parts)
    if not found:
        raise QueryError(f"the list of addresses is empty; {_EXPECTED}")
    for address in found:
        if found.count(address) > 1:
            raise QueryError(f"address {address} is in the list twice; one gateway has one rate budget")
    if len(found) > 1 and any(address.is_demo for address in found):
        raise QueryError("demo:// stands alone: its invented numbers must not mix with those of a gateway")
    if len(found) > 1 and any(address.is_store for address in found):
        raise QueryError(
            "store:// stands alone: what was recorded is no other gateway for the same questions"
        )
    return found


def _names_store(url: str) -> bool:
    return url.strip()[: len(_STORE)].lower() == _STORE


def _split(urls: str) -> list[str]:
    """Return the addresses of a text with commas; a store's path may hold some."""
    return [urls] if _names_store(urls) else urls.split(",")


def _store(url: str) -> Address:
    path = url[len(_STORE) :].removeprefix("file://")
    if not path:
        raise QueryError(
            f"address {_STORE} names no store; expected store://PATH, such as store:///data/flows"
        )
    if "://" not in path:
        return Address("store", path=str(Path(_without_slash(path)).expanduser().absolute()))
    if "@" in path.partition("://")[2].partition("/")[0]:
        raise QueryError(
            "an address holds no user name or key; object stores take theirs from the environment"
        )
    return Address("store", path=path.rstrip("/"))


def _without_slash(path: str) -> str:
    """Return ``/C:/flows`` as ``C:/flows``, which it means where drives have letters."""
    return path[1:] if os.name == "nt" and re.match(r"/[A-Za-z]:", path) else path


@lru_cache(maxsize=64)
def _parse(url: str) -> Address:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise QueryError(f"address {_shown(url)}: {error}; {_EXPECTED}") from None
    if parts.username is not None or parts.password is not None:
        raise QueryError("an address holds no user name or key; give a key as key=")
    if parts.scheme == "demo":
        return _demo(parts, url)
    return _network(parts, port, url)


def _demo(parts: SplitResult, url: str) -> Address:
    if parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise QueryError(f"address {_shown(url)}: the demo gateway's is demo:// and nothing more")
    return Address("demo")


def _network(parts: SplitResult, port: int | None, url: str) -> Address:
    if parts.scheme not in _USUAL_PORTS:
        raise QueryError(f"address {_shown(url)} has no known scheme; {_EXPECTED}")
    if not parts.hostname:
        raise QueryError(f"address {_shown(url)} names no host; {_EXPECTED}")
    if not port:
        usual = _USUAL_PORTS[parts.scheme]
        raise QueryError(f"address {_shown(url)} names no port; OpenD's is usually {usual}; {_EXPECTED}")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise QueryError(f"address {_shown(url)} has something after the port; {_EXPECTED}")
    return Address(parts.scheme, parts.hostname, port)


def _shown(url: str) -> str:
    """Return the address for a message, without anything that could be a key."""
    return repr(url.rpartition("@")[2].partition("?")[0].partition("#")[0])
