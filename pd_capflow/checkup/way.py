"""The way to the gateway: address, settings, name, port, protocol, and how secret it is."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from ipaddress import ip_address
from typing import TYPE_CHECKING

from pd_capflow.checkup.case import Case, Verdict, failed, fine, warned
from pd_capflow.client.dial import dial
from pd_capflow.client.resolver import resolve_host
from pd_capflow.client.settings import resolve_with_origins
from pd_capflow.errors import AuthenticationError, CapflowError, ConnectError, HandshakeError, QueryError

if TYPE_CHECKING:
    from pd_capflow.client.connection import Connection
    from pd_capflow.client.settings import Settings

__all__ = ["address", "encryption", "name", "port", "protocol", "settings"]

_AT_HOME = "this gateway lives in this process"
_START = (
    "start OpenD there and see which port it listens at (11111, and 33333 for WebSocket, unless it was told "
    "otherwise), or use the demo gateway: demo://"
)
_ELSEWHERE = (
    "OpenD listens to its own machine alone unless its setting ip names another address; check that, and "
    "the firewalls between"
)
_KEY = "give OpenD's WebSocket key in PD_CAPFLOW_KEY, the config file, or as key="
_RSA = "let rsa_key name the file that OpenD's setting rsa_private_key names, or neither name one"
_CA = "let ca_file name the certificate that vouches for it: PD_CAPFLOW_CA_FILE, the config file, or ca_file="
_OTHER = (
    "is it OpenD, and is this the right one of its ports? tcp:// is for its API port (11111), ws:// and "
    "wss:// for its WebSocket port (33333)"
)
_ENCRYPT = (
    "give OpenD an RSA key and let rsa_key name the same file; or use its WebSocket port with TLS, wss://; "
    "or a tunnel, such as ssh -L"
)


def address(case: Case) -> Verdict:
    """Find out where to, and who says so."""
    try:
        case.settings, case.origins = resolve_with_origins(**case.given)
    except QueryError as error:
        return failed(
            str(error), "correct it where it stands: the argument, PD_CAPFLOW_URL or the config file"
        )
    case.seconds = case.settings.timeout
    return fine(f"{case.settings.address} ({case.origins['url']})")


def settings(case: Case) -> Verdict:
    """Tell all other settings, and where they come from; of a key only whether there is one."""
    found, origins = case.settings, case.origins
    rate = "none" if found.rate is None else f"{found.rate[0]} requests in {found.rate[1]:g} s"
    values = {
        "timeout": f"{found.timeout:g} s",
        "rate": rate,
        "key": "set" if found.key else None,
        "rsa_key": found.rsa_key,
        "ca_file": found.ca_file,
    }
    told = (f"{name} {value} ({origins[name]})" for name, value in values.items() if value)
    return fine(" · ".join(told))


def name(case: Case) -> Verdict:
    """Look the host up."""
    where = case.settings.address
    if where.is_embedded:
        return fine(f"not needed: {_AT_HOME}")
    try:
        case.places = [(str(ip_address(where.host)), where.port)]
    except ValueError:
        return _look_up(case)
    return fine(f"not needed: {where.host} is a number")


def _look_up(case: Case) -> Verdict:
    host = case.settings.address.host
    fix = f"check the spelling of {host}, or give the machine's number, such as tcp://192.168.1.10:11111"
    try:
        case.places = case.run(resolve_host(host, case.settings.address.port))
    except TimeoutError:
        return failed(f"no answer about {host} within {case.seconds:g} s", fix)
    except OSError as error:
        return failed(f"no such host as {host}: {error.strerror or error}", fix)
    return fine(f"{host} is {', '.join(number for number, _ in case.places)}")


def port(case: Case) -> Verdict:
    """Knock at the door."""
    if case.settings.address.is_embedded:
        return fine(f"not needed: {_AT_HOME}")
    where = case.settings.address
    try:
        case.run(_knock(case.places))
    except ConnectionRefusedError:
        fix = _START if _is_near(case) else f"{_START}. {_ELSEWHERE}"
        return failed(f"nobody listens at port {where.port} of {where.host}", fix)
    except TimeoutError:
        return failed(
            f"no answer from port {where.port} of {where.host} within {case.seconds:g} s", _ELSEWHERE
        )
    except OSError as error:
        return failed(f"port {where.port} of {where.host}: {_reason(error)}", _ELSEWHERE)
    return fine(f"somebody listens at port {where.port}")


async def _knock(places: list[tuple[str, int]]) -> None:
    failure = OSError("the host has no address")
    for place in places:
        try:
            _, writer = await asyncio.open_connection(*place)
        except OSError as error:
            failure = error
        else:
            writer.close()
            return
    raise failure


def protocol(case: Case) -> Verdict:
    """Shake hands."""

    async def shake() -> None:
        case.connection = await dial(case.settings, case.seconds, _unwatched)

    try:
        case.portal.run(shake())  # which keeps the deadline itself, and tells what was late
    except CapflowError as error:
        return failed(str(error), _fix(error, case.settings))
    session = case.connection.session if case.connection else None
    kinds = [session.demo, session.recorded] if session else []
    return fine("; it is ".join(["it speaks OpenD's protocol", *filter(None, kinds)]))


def _unwatched(_connection: Connection, _event: object) -> None:
    """Take no note: who asks on the connection is told when it ends."""


def _fix(error: CapflowError, used: Settings) -> str:
    """Return what helps against an error of the handshake."""
    if isinstance(error, QueryError):
        return "correct the file or setting that is named there"
    if isinstance(error, AuthenticationError):
        return _KEY
    if isinstance(error, ConnectError):
        is_refused = isinstance(error.__cause__, ssl.SSLCertVerificationError)
        return (
            _CA
            if is_refused
            else "use ws:// if that port has no TLS"
            if used.address.scheme == "wss"
            else _START
        )
    if isinstance(error, HandshakeError) and used.rsa_key:
        return _RSA
    if isinstance(error, HandshakeError):
        keys = _KEY if used.address.is_websocket else _RSA
        return f"{_OTHER}. If so, restart it, and {keys}"
    return _OTHER


def encryption(case: Case) -> Verdict:
    """Tell who can read what is asked and answered."""
    where = case.settings.address
    if where.is_embedded:
        return fine(f"not needed: {_AT_HOME}")
    if where.scheme == "wss":
        return fine("TLS, its certificate verified" if case.connection else "TLS, if a session comes about")
    algorithm = _algorithm(case)
    if algorithm != "NONE":
        return fine(algorithm)
    if _is_near(case):
        return fine("none; the gateway is on this machine")
    return warned(
        f"none, and {where.host} is another machine: who is on the way can read and change it all", _ENCRYPT
    )


def _algorithm(case: Case) -> str:
    session = case.connection.session if case.connection else None
    if session is not None:
        return session.encryption
    return "with rsa_key, if a session comes about" if case.settings.rsa_key else "NONE"


def _is_near(case: Case) -> bool:
    """Tell whether the host is this machine."""
    numbers = [number for number, _ in case.places]
    return bool(numbers) and all(ip_address(number.partition("%")[0]).is_loopback for number in numbers)


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno is None:
        return error.strerror or str(error)
    return os.strerror(error.errno)
