"""``store://``: a gateway in this process for what lies at a path, at the far end of a socket pair.

Each connection has a gateway of its own. It lives on a thread of its own, since it reads files while it
answers, and the I/O thread must never wait for a disk.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import socket
from threading import Lock
from typing import TYPE_CHECKING, Any

from pd_capflow.client.portal import Portal
from pd_capflow.embedded import maker_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.client.address import Address
    from pd_capflow.client.connection import Connection

__all__ = ["reach_embedded"]

_portal: Portal | None = None
_lock = Lock()


async def reach_embedded(address: Address, make: Callable[[], Connection]) -> Connection:
    """Connect to a new gateway of what lies at an address, or raise why there is none."""
    near, far = socket.socketpair()
    try:
        # The far end is the gateway's from here on: see `pd_capflow.client.demo`.
        portal = _home()
        await asyncio.shield(asyncio.wrap_future(portal.submit(_serve(address, far, portal))))
        _, connection = await asyncio.get_running_loop().create_connection(make, sock=near)
    except BaseException:
        near.close()
        raise
    return connection


async def _serve(address: Address, far: socket.socket, portal: Portal) -> None:
    try:
        # Opening takes a while: libraries are loaded, the disk is read. Others are served meanwhile.
        gateway: Any = await asyncio.to_thread(maker_of(address.scheme), address.path)
    except BaseException:
        far.close()
        raise
    portal.keep(gateway)
    await gateway.adopt(far)


def _home() -> Portal:
    global _portal  # one for each process, and made late
    with _lock:
        if _portal is None or not _portal.is_alive:
            _portal = Portal()
            atexit.register(_portal.stop)
        return _portal


def _forget() -> None:
    # A forked child has the portal's memory but not its thread.
    global _portal, _lock  # as above
    _portal, _lock = None, Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
