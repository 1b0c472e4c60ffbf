"""``store://``: a gateway in this process for what lies at a path, at the far end of a socket pair.

Each connection has a gateway of its own. It lives on a thread of its own, since it reads files while it
answers, and the I/O thread must never wait for a disk.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

from pd_capflow.client.portal import OnePortal
from pd_capflow.embedded import maker_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.client.address import Address
    from pd_capflow.client.connection import Connection
    from pd_capflow.client.portal import Portal

__all__ = ["reach_embedded"]

_gateways = OnePortal()


async def reach_embedded(address: Address, make: Callable[[], Connection]) -> Connection:
    """Connect to a new gateway of what lies at an address, or raise why there is none."""
    near, far = socket.socketpair()
    try:
        # The far end is the gateway's from here on: see `pd_capflow.client.demo`.
        portal = _gateways.current()
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
