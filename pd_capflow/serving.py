"""The commands that serve: ``capflow gateway``, and ``capflow replay`` of what was recorded.

What they print names what is served, and says whether the numbers are invented.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import ssl
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import CapflowError, QueryError
from pd_capflow.keyfile import load_rsa

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.gateway import Clock, Gateway
    from pd_capflow.protocol.cipher import Rsa
    from pd_capflow.store.replay import Replay

__all__ = ["add_gateway", "add_replay"]

_DONE = 0
_LAST_PORT = 65535
_EXPECTED_CLOCK = "expected one with its zone, such as 2026-01-05T10:00+08:00"


def add_gateway(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``capflow gateway``."""
    _add_places(parser)
    parser.add_argument("--seed", type=int, default=0, help="another seed, another market")
    parser.add_argument("--replay", metavar="STORE", help="serve what was recorded there instead")
    parser.add_argument("--date", metavar="D", help="the recorded day (default the latest)")
    parser.add_argument(
        "--playback",
        type=Path,
        metavar="FILE",
        help="answer as in a capture: what connect(capture=FILE) wrote",
    )
    parser.add_argument("--clock", metavar="T", help="the market's time, such as 2026-01-05T10:00+08:00")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast that clock runs (default 1)")
    parser.set_defaults(run=_gateway)


def add_replay(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``capflow replay``."""
    parser.description = (
        "Serves a recorded day over OpenD's protocol as it happened, minute by minute, to any client. The "
        "amounts of a running minute are those that it had in the end."
    )
    parser.add_argument(
        "replay", nargs="?", metavar="STORE", help="where it was recorded; else PD_CAPFLOW_STORE"
    )
    parser.add_argument("--date", metavar="D", help="the day (default the latest that is recorded)")
    parser.add_argument(
        "--at", metavar="T", help="where its clock starts, in exchange time (default the open)"
    )
    parser.add_argument("--speed", type=float, default=60.0, help="how fast its clock runs (default 60)")
    _add_places(parser)
    parser.set_defaults(run=_replay_named, clock=None, seed=0, playback=None)


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=11111, help="0 takes a free one (default 11111)")
    parser.add_argument("--websocket-port", type=_port, metavar="N", help="serve WebSocket there too")
    parser.add_argument("--websocket-key", metavar="K", help="what WebSocket clients must know")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate for the WebSocket port")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key")
    parser.add_argument("--rsa-key", type=Path, metavar="FILE", help="let clients with this key encrypt")
    parser.add_argument("--limit", default="30/30", metavar="N/S", help="requests in S seconds; 'none'")
    parser.add_argument("--lang", choices=("en", "chs"), default="en", help="language of refusals")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="log more")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= _LAST_PORT):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no port; expected 0 to {_LAST_PORT}")
    return int(text)


def _gateway(told: argparse.Namespace) -> int:
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(told.verbose, 2)]
    logging.basicConfig(level=level, format="%(asctime)s %(message)s")
    if told.playback is not None:
        return _playback(told)
    if told.replay is not None:
        return _replay(told)
    if told.date is not None:
        raise QueryError(f"--date {told.date} of nothing recorded; expected --replay STORE with it")
    return asyncio.run(_serve(_make_gateway(told, _clock(told)), told, "demo gateway", "invented data"))


def _replay_named(told: argparse.Namespace) -> int:
    from pd_capflow.store.place import named

    told.replay = named(told.replay)
    return _gateway(told)


def _replay(told: argparse.Namespace) -> int:
    replay = _found(told)
    gateway = _make_gateway(told, replay.clock(), market=replay.market)
    return asyncio.run(_serve(gateway, told, str(replay), replay.kind))


def _playback(told: argparse.Namespace) -> int:
    from pd_capflow.gateway import Playback, PlaybackGateway

    if told.clock or told.seed or told.speed != 1 or told.replay or told.date:
        raise QueryError(
            "--playback answers as it was then; --clock, --speed, --seed, --replay and --date are of no use "
            "with it"
        )
    playback = Playback.read(told.playback)
    gateway = PlaybackGateway(playback, rsa=_rsa(told), websocket_key=told.websocket_key or "")
    return asyncio.run(_serve(gateway, told, "playback", f"a capture of {playback.origin}"))


def _found(told: argparse.Namespace) -> Replay:
    from pd_capflow.store.opening import opened
    from pd_capflow.store.replay import Replay

    start = _clock(told)() if told.clock else None
    day = told.date or (start and start.date())
    replay = Replay.of(opened(told.replay), day, at=getattr(told, "at", None), speed=told.speed)
    return replay if start is None else replace(replay, start=start)


def _clock(told: argparse.Namespace) -> Clock:
    from pd_capflow.gateway import Clock

    try:
        start = datetime.fromisoformat(told.clock) if told.clock else None
    except ValueError:
        raise QueryError(f"--clock {told.clock} is no time; {_EXPECTED_CLOCK}") from None
    try:
        return Clock(start, told.speed)
    except ValueError as error:
        raise QueryError(f"--{error}") from error


def _make_gateway(told: argparse.Namespace, clock: Clock, **served: Any) -> Gateway:
    from pd_capflow.gateway import Gateway, Limit

    try:
        limit = None if told.limit == "none" else Limit.parse(told.limit)
    except ValueError:
        raise QueryError(
            f"--limit {told.limit}: expected REQUESTS/SECONDS such as 30/30, or none for no limit"
        ) from None
    return Gateway(
        seed=told.seed,
        clock=clock,
        limit=limit,
        language=told.lang,
        rsa=_rsa(told),
        websocket_key=told.websocket_key or "",
        **served,
    )


def _rsa(told: argparse.Namespace) -> Rsa | None:
    return load_rsa(told.rsa_key) if told.rsa_key else None


def _tls(told: argparse.Namespace) -> ssl.SSLContext | None:
    """Return the context of the WebSocket port's certificate, if it has one."""
    if not told.tls_cert and not told.tls_key:
        return None
    if not told.tls_cert:
        raise QueryError("--tls-key needs its certificate: --tls-cert FILE")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(told.tls_cert, told.tls_key)
    except OSError as error:
        raise QueryError(f"--tls-cert {told.tls_cert}: {error.strerror or error}") from error
    return context


async def _serve(gateway: Gateway, told: argparse.Namespace, title: str, kind: str) -> int:
    """Say what is served where, and serve until a signal says that it is enough."""
    enough = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, enough.set)
        except NotImplementedError:  # Windows; there Ctrl-C ends asyncio.run
            break
    tls = _tls(told)
    async with gateway:
        places = [("tcp", await _bound(gateway.listen, told.host, told.port))]
        if told.websocket_port is not None:
            listen = partial(gateway.listen_websocket, tls=tls)
            scheme = "wss" if tls else "ws"
            places.append((scheme, await _bound(listen, told.host, told.websocket_port)))
        addresses = " and ".join(_address(scheme, *place) for scheme, place in places)
        print(f"{title} at {addresses} ({kind}; Ctrl-C ends it)", flush=True)
        await enough.wait()
    return _DONE


async def _bound(listen: Callable[..., Any], host: str, port: int) -> tuple[str, int]:
    try:
        place: tuple[str, int] = await listen(host, port)
    except OSError as error:
        raise CapflowError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return place


def _address(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
