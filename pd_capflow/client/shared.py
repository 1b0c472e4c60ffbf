"""The clients that the accessor, the magic and the command line share: one for each way to a gateway."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING

from pd_capflow.client.settings import UNSET, Settings, resolve
from pd_capflow.client.synchronous import Client

if TYPE_CHECKING:
    from pd_capflow.client.settings import Unset

__all__ = ["close_shared_clients", "shared_client"]

_clients: dict[Settings, Client] = {}
_lock = Lock()


def shared_client(url: str | Unset | None = UNSET, *, timeout: float | Unset = UNSET) -> Client:
    """Return the process's client for an address; by default the one that is configured.

    It connects when it is first asked something.
    """
    settings = resolve(url=url, timeout=timeout)
    with _lock:
        if settings not in _clients:
            _clients[settings] = Client(settings)
        return _clients[settings]


def close_shared_clients() -> None:
    """Close them all; who asks again gets new ones."""
    with _lock:
        clients = list(_clients.values())
        _clients.clear()
    for client in clients:
        client.close()


def _new_lock() -> None:
    global _lock  # a forked child must not inherit a lock that another thread holds
    _lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)
