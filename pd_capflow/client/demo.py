"""``demo://``: the demo gateway in this process, at the far end of a socket pair.

The bytes are those of a TCP connection; only nobody else can connect. One gateway serves the whole
process, on the I/O thread, so that its rate limit and its market are the same for all clients.
"""

from __future__ import annotations

import asyncio
import os
import socket
from threading import Lock
from typing import TYPE_CHECKING

from pd_capflow.client.portal import Portal, current_portal

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.client.connection import Connection
    from pd_capflow.gateway import Gateway

__all__ = ["reach_demo"]

_gateways: dict[Portal, Gateway] = {}
_lock = Lock()


async def reach_demo(make: Callable[[], Connection]) -> Connection:
    """Connect to the process's demo gateway."""
    near, far = socket.socketpair()
    portal = current_portal()
    try:
        # The gateway has the far end from here on, and hangs up when the near one is closed. To close it
        # under its loop would give its number to the next socket, which then would never be heard.
        await asyncio.shield(asyncio.wrap_future(portal.submit(_gateway_of(portal).adopt(far))))
        _, connection = await asyncio.get_running_loop().create_connection(make, sock=near)
    except BaseException:
        near.close()
        raise
    return connection


def _gateway_of(portal: Portal) -> Gateway:
    from pd_capflow.gateway import Gateway  # only who asks for the demo pays for loading it

    with _lock:
        if portal not in _gateways:
            _gateways[portal] = Gateway()
            portal.keep(_gateways[portal])
        return _gateways[portal]


def _forget() -> None:
    # A forked child has none of its parent's threads, but would have the locks that they hold.
    global _lock  # one for each process
    _lock = Lock()
    _gateways.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
