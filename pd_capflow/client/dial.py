"""Address -> open connection, within a deadline, or the exception that says what to do.

This is the edge at which the operating system's errors become ours.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

from pd_capflow.client.connection import Connection
from pd_capflow.client.deadline import Deadline
from pd_capflow.client.demo import reach_demo
from pd_capflow.client.embedded import reach_embedded
from pd_capflow.client.resolver import resolve_host
from pd_capflow.errors import ConnectError, HandshakeError, QueryError
from pd_capflow.keyfile import load_rsa
from pd_capflow.protocol.conversation import ClientConversation
from pd_capflow.protocol.handshake import InitConnect, InitWebSocket
from pd_capflow.protocol.websocket import ClientWebSocketWire
from pd_capflow.texts import sentences

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.client.address import Address
    from pd_capflow.client.settings import Settings
    from pd_capflow.protocol.events import Broken, ClientEvent

__all__ = ["dial"]

CLIENT_ID = "pd_capflow"

_SILENCE = "Is it an OpenD, is it logged in, and does it expect a key?"
_REMEDIES = "Start OpenD there, or use the demo gateway: demo://"


async def dial(
    settings: Settings, seconds: float, watch: Callable[[Connection, ClientEvent | Broken], None]
) -> Connection:
    """Return an open connection; `watch` is told what happens to it.

    Raises
    ------
    QueryError, ConnectError, HandshakeError, ProtocolError
        If there is none within so many seconds, or a key or certificate file is at fault.
    """
    address = settings.address
    deadline = Deadline(seconds)
    conversation = _conversation(settings)
    if settings.capture is not None:
        conversation.tap = tap = settings.capture.connection(str(address))
        watch = tap.watching(watch)
    make = partial(Connection, address, conversation, watch)
    connection = await _reach(settings, make, deadline)
    try:
        async with asyncio.timeout(deadline.left):
            await connection.open()
    except TimeoutError:
        connection.close()
        raise HandshakeError(
            f"{address} accepted the connection but opened no session within {seconds:.3g} s. {_SILENCE}",
            address=str(address),
        ) from None
    except BaseException:
        connection.close()
        raise
    return connection


def _conversation(settings: Settings) -> ClientConversation:
    address = settings.address
    if address.is_websocket:
        handshake = InitWebSocket(CLIENT_ID, settings.key or "")
        return ClientConversation(handshake=handshake, wire=ClientWebSocketWire(str(address)))
    rsa = load_rsa(settings.rsa_key) if settings.rsa_key else None
    return ClientConversation(handshake=InitConnect(CLIENT_ID, rsa=rsa))


async def _reach(settings: Settings, make: Callable[[], Connection], deadline: Deadline) -> Connection:
    address = settings.address
    tls = _tls(settings) if address.scheme == "wss" else None
    try:
        async with asyncio.timeout(deadline.left):
            if address.is_demo:
                return await reach_demo(make)
            if address.is_embedded:
                return await reach_embedded(address, make)
            return await _reach_host(address, make, deadline, tls)
    except TimeoutError:
        hint = "; is it ws:// and not wss://?" if tls else ""
        raise _no_connection(address, f"no answer to the attempt to connect{hint}") from None
    except OSError as error:
        raise _no_connection(address, _reason(error)) from error


def _tls(settings: Settings) -> ssl.SSLContext:
    """Return the context that verifies a gateway's certificate. There is none that does not."""
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except ssl.SSLError as error:
        raise QueryError(f"ca_file {settings.ca_file} holds no certificates in PEM") from error
    except OSError as error:
        raise QueryError(f"ca_file {settings.ca_file}: {error.strerror or error}") from error


async def _reach_host(
    address: Address, make: Callable[[], Connection], deadline: Deadline, tls: ssl.SSLContext | None
) -> Connection:
    """Try the host's addresses one after the other, each for a fair part of the time."""
    places = await _places(address)
    failure: OSError = OSError("the host has no address")
    loop = asyncio.get_running_loop()
    name = address.host if tls else None
    for number, (host, port) in enumerate(places):
        share = deadline.left / (len(places) - number)
        try:
            async with asyncio.timeout(share):
                _, connection = await loop.create_connection(make, host, port, ssl=tls, server_hostname=name)
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
    told = sentences(f"no gateway at {address}: {reason}", _REMEDIES)
    return ConnectError(told, address=str(address))


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused, nobody listens there"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not verify, {error.verify_message}; a private one needs ca_file="
    if isinstance(error, ssl.SSLError):
        return f"no TLS came about ({error.reason}); is it ws:// and not wss://?"
    if error.errno is not None and not error.strerror:
        return os.strerror(error.errno)
    return error.strerror or str(error) or type(error).__name__
