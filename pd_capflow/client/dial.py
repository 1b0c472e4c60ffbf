"""Address -> open connection, within a deadline, or the exception that says what to do.

This is the edge at which the operating system's errors become ours.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

from pd_capflow.client.connection import Connection
from pd_capflow.client.deadline import Deadline
from pd_capflow.client.demo import reach_demo
from pd_capflow.client.resolver import resolve_host
from pd_capflow.errors import ConnectError, HandshakeError
from pd_capflow.protocol.conversation import ClientConversation

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.client.address import Address

__all__ = ["dial"]

_REMEDIES = "Start OpenD there, or use the demo gateway: demo://"


async def dial(address: Address, seconds: float) -> Connection:
    """Return an open connection.

    Raises
    ------
    ConnectError, HandshakeError, ProtocolError
        If there is none within so many seconds.
    """
    deadline = Deadline(seconds)
    make = partial(Connection, address, ClientConversation())
    connection = await _reach(address, make, deadline)
    try:
        async with asyncio.timeout(deadline.left):
            await connection.open()
    except TimeoutError:
        connection.close()
        raise HandshakeError(
            f"{address} accepted the connection but did not answer InitConnect within {seconds:.3g} s. Is it "
            "an OpenD, is it logged in, and does it expect encryption?",
            address=str(address),
        ) from None
    except BaseException:
        connection.close()
        raise
    return connection


async def _reach(address: Address, make: Callable[[], Connection], deadline: Deadline) -> Connection:
    try:
        async with asyncio.timeout(deadline.left):
            return await (reach_demo(make) if address.is_demo else _reach_tcp(address, make, deadline))
    except TimeoutError:
        raise _no_connection(address, "no answer to the attempt to connect") from None
    except OSError as error:
        raise _no_connection(address, _reason(error)) from error


async def _reach_tcp(address: Address, make: Callable[[], Connection], deadline: Deadline) -> Connection:
    """Try the host's addresses one after the other, each for a fair part of the time."""
    places = await _places(address)
    failure: OSError = OSError("the host has no address")
    for number, (host, port) in enumerate(places):
        share = deadline.left / (len(places) - number)
        try:
            async with asyncio.timeout(share):
                _, connection = await asyncio.get_running_loop().create_connection(make, host, port)
                return connection
        except OSError as error:
            failure = error
    raise failure


async def _places(address: Address) -> list[tuple[str, int]]:
    try:
        ip_address(address.host)
    except ValueError:
        return await resolve_host(address.host, address.port)
    return [(address.host, address.port)]


def _no_connection(address: Address, reason: str) -> ConnectError:
    return ConnectError(f"no gateway at {address}: {reason}. {_REMEDIES}", address=str(address))


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused, nobody listens there"
    if error.errno is not None and not error.strerror:
        return os.strerror(error.errno)
    return error.strerror or str(error) or type(error).__name__
