"""The gateway: sockets, sessions, and who may ask what when."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import logging
import secrets
from collections import deque
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Self

from pd_capflow.gateway.clock import Clock
from pd_capflow.gateway.handlers import HANDLERS, PACED, SERVER_VERSION, Refusal, answer, success
from pd_capflow.gateway.limits import Limit, RateLimiter
from pd_capflow.gateway.market import InventedMarket
from pd_capflow.gateway.texts import Language, say
from pd_capflow.protocol.cipher import PLAIN, Algorithm
from pd_capflow.protocol.conversation import ServerConversation, State
from pd_capflow.protocol.events import Asked, Broken
from pd_capflow.protocol.handshake import hashed_key
from pd_capflow.protocol.messages import INIT_CONNECT, INIT_WEBSOCKET
from pd_capflow.protocol.websocket import GatewayWebSocketWire

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable
    from datetime import datetime

    from pd_capflow.protocol.cipher import Cipher, Rsa
    from pd_capflow.protocol.messages import Method

__all__ = ["Gateway"]

log = logging.getLogger("pd_capflow.gateway")

#: Connections that OpenD serves at one time; further ones are closed at once.
MAX_CONNECTIONS = 128
#: Seconds between keep-alives that the gateway asks for, and of silence after which it hangs up.
KEEP_ALIVE_INTERVAL = 10
SILENCE_LIMIT = 3 * KEEP_ALIVE_INTERVAL

_DEMO = "the demo gateway of pd_capflow: all numbers are invented"
_INVALID_PACKET = -500
_WRONG_KEY = 1
_OPENINGS = (INIT_CONNECT, INIT_WEBSOCKET)


class Gateway:
    """A gateway that serves an invented market over OpenD's protocol.

    Parameters
    ----------
    seed : int, default 0
        Another seed, another market.
    clock : callable, optional
        Returns the market's time, as an aware datetime; the wall clock by default.
    speed : float, default 1.0
        How fast the default clock runs.
    limit : Limit or None
        Requests in a sliding window, for each interface over all connections; None for no limit.
    language : {"en", "chs"}
        In which to refuse.
    rsa : Rsa, optional
        The cipher of a key that clients hold too; they may encrypt then.
    encryption : Algorithm, optional
        What to encrypt with, whatever clients ask for; by default what they ask for.
    websocket_key : str
        What clients must know to come in through the WebSocket port; empty lets everybody in.

    Examples
    --------
    >>> import asyncio
    >>> async def main():
    ...     async with Gateway(seed=7) as gateway:
    ...         return await gateway.listen(port=0)
    >>> host, port = asyncio.run(main())
    >>> host
    '127.0.0.1'
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        clock: Callable[[], datetime] | None = None,
        speed: float = 1.0,
        limit: Limit | None = Limit(),  # noqa: B008  # frozen
        language: Language = "en",
        rsa: Rsa | None = None,
        encryption: Algorithm | None = None,
        websocket_key: str = "",
    ) -> None:
        self.market = InventedMarket(seed)
        self.clock = clock or Clock(speed=speed)
        self.limiter = RateLimiter(limit)
        self.language = language
        self.cipher: Cipher = rsa or PLAIN
        self._encryption = encryption
        self._websocket_key = hashed_key(websocket_key)
        self._sessions: set[_Session] = set()
        self._servers: list[asyncio.Server] = []
        self._numbers = itertools.count(7_000_000_000_000_000_001 + secrets.randbelow(1 << 40) * 1000)

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._sessions)

    async def listen(self, host: str = "127.0.0.1", port: int = 11111) -> tuple[str, int]:
        """Accept TCP connections, and return the host and port of it; port 0 takes a free one."""
        return await self._listen(self._session, host, port, secured="")

    async def listen_websocket(
        self, host: str = "127.0.0.1", port: int = 33333, *, tls: ssl.SSLContext | None = None
    ) -> tuple[str, int]:
        """Accept WebSocket connections, over TLS with a context, and return the host and port of it."""
        return await self._listen(self._websocket_session, host, port, secured="TLS" if tls else "", tls=tls)

    async def _listen(
        self,
        session: Callable[[], _Session],
        host: str,
        port: int,
        *,
        secured: str,
        tls: ssl.SSLContext | None = None,
    ) -> tuple[str, int]:
        server = await asyncio.get_running_loop().create_server(session, host, port, ssl=tls)
        self._servers.append(server)
        bound: tuple[str, int] = server.sockets[0].getsockname()[:2]
        if not _is_loopback(bound[0]):
            link = secured or "unencrypted"
            log.warning("listening on %s: everybody who reaches this machine can connect, %s", bound[0], link)
        return bound

    async def adopt(self, sock: socket.socket) -> None:
        """Serve a client at the other end of a socket that is connected."""
        await asyncio.get_running_loop().connect_accepted_socket(self._session, sock)

    async def close(self) -> None:
        """Hang up on everybody."""
        for server in self._servers:
            server.close()
        for session in list(self._sessions):
            session.hang_up()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def response(self, method: Method, c2s: Any) -> Any:
        """Return the response to a request of a session, or raise its `Refusal`."""
        if method in PACED and not self.limiter.grants(method.proto_id):
            limit = self.limiter.limit or Limit()
            raise Refusal(
                "too_often",
                title=method.title,
                title_zh=PACED[method],
                requests=limit.requests,
                seconds=limit.seconds,
            )
        return answer(method, self.market, self.clock(), c2s)

    def welcome(self, algorithm: Algorithm = Algorithm.NONE) -> Any:
        """Return the response to an InitConnect.

        Which cipher it means to a client is told by its vector: there, empty, or not there.
        """
        response = success(INIT_CONNECT)
        s2c = response.s2c
        s2c.serverVer = SERVER_VERSION
        s2c.loginUserID = 10_000_001
        s2c.connID = next(self._numbers)
        s2c.connAESKey = secrets.token_hex(8)
        s2c.keepAliveInterval = KEEP_ALIVE_INTERVAL
        if algorithm is not Algorithm.FTAES_ECB:
            s2c.aesCBCiv = "" if algorithm is Algorithm.AES_ECB else secrets.token_hex(8)
        s2c.userAttribution = 1
        s2c.demo = _DEMO
        return response

    def algorithm(self, asked: Asked) -> Algorithm:
        """Return what to encrypt a session with that a client asks for, or raise its `Refusal`."""
        if not asked.packet.sealed or asked.message.c2s.packetEncAlgo == Algorithm.NONE:
            return Algorithm.NONE
        if self._encryption is not None:
            return self._encryption
        try:
            return Algorithm(asked.message.c2s.packetEncAlgo)
        except ValueError:
            raise Refusal("bad_parameter", name="packetEncAlgo") from None

    def knows_key(self, c2s: Any) -> bool:
        """Tell whether a client may come in through the WebSocket port."""
        given = c2s.websocketKey.lower().encode(errors="replace")
        return not self._websocket_key or hmac.compare_digest(given, self._websocket_key.encode())

    def welcome_websocket(self) -> Any:
        """Return the response to an InitWebSocket."""
        response = success(INIT_WEBSOCKET)
        response.s2c.serverTime = int(self.clock().timestamp())
        response.s2c.connID = next(self._numbers)
        response.s2c.demo = _DEMO
        return response

    def enter(self, session: _Session) -> bool:
        """Let a session in, unless there are too many."""
        if len(self._sessions) >= MAX_CONNECTIONS:
            return False
        self._sessions.add(session)
        return True

    def leave(self, session: _Session) -> None:
        """Forget a session."""
        self._sessions.discard(session)

    def _session(self) -> _Session:
        return _Session(self, ServerConversation(cipher=self.cipher))

    def _websocket_session(self) -> _Session:
        return _Session(self, ServerConversation(wire=GatewayWebSocketWire(), opening=INIT_WEBSOCKET))


class _Session(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, gateway: Gateway, conversation: ServerConversation) -> None:
        self._gateway = gateway
        self._conversation = conversation
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._due: deque[Asked | Broken] = deque()
        self._next_turn: asyncio.Handle | None = None
        self._stuck = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the open socket."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # for the type checker: a socket has no other
        self._transport = transport
        if not self._gateway.enter(self):
            log.warning("! more than %d connections: the newest is closed", MAX_CONNECTIONS)
            transport.abort()
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Take the end of the socket."""
        self._gateway.leave(self)
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Take bytes, and answer what they ask."""
        self._heard_at = self._loop.time()
        self._conversation.receive_data(data)
        self._due.extend(self._conversation.events_received())
        self._flush()  # what the layout answers by itself, such as a WebSocket's opening
        if self._next_turn is None:
            self._take_turn()

    def pause_writing(self) -> None:
        """Answer and read nothing more while the client does not read its answers."""
        self._stuck = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read and answer on."""
        self._stuck = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            if self._next_turn is None:
                self._take_turn()

    def hang_up(self) -> None:
        """Close the connection once what is due has been sent."""
        if self._transport is not None:
            self._transport.close()

    def _take_turn(self) -> None:
        """Handle one event; the rest wait until every other connection has had its turn."""
        self._next_turn = None
        if not self._due or self._stuck:
            return
        event = self._due.popleft()
        if isinstance(event, Broken):
            log.warning("! %s", event.error)
            self._flush()
            self.hang_up()
            return
        self._handle(event)
        self._due.extend(self._conversation.events_received())
        self._flush()
        if self._due:
            self._next_turn = self._loop.call_soon(self._take_turn)

    def _handle(self, asked: Asked) -> None:
        log.debug("< %s", asked.packet)
        try:
            self._answer(asked)
        except Refusal as refusal:
            text = say(refusal.key, self._gateway.language, **refusal.facts)
            self._conversation.refuse(asked, text, _INVALID_PACKET if refusal.key == "unreadable" else -1)

    def _answer(self, asked: Asked) -> None:
        if asked.fault is not None:
            raise Refusal("unreadable")
        if asked.method in _OPENINGS and self._conversation.state is State.OPENING:
            self._open(asked)
            return
        if self._conversation.state is not State.OPEN:
            raise Refusal("not_initialised")
        if asked.method is None or asked.method not in HANDLERS:
            raise Refusal("unknown_method")
        self._conversation.reply(asked, self._gateway.response(asked.method, asked.message.c2s))

    def _open(self, asked: Asked) -> None:
        if asked.method is INIT_CONNECT:
            self._conversation.accept(asked, self._gateway.welcome(self._gateway.algorithm(asked)))
        elif self._gateway.knows_key(asked.message.c2s):
            self._conversation.accept(asked, self._gateway.welcome_websocket())
        else:
            self._conversation.fail(asked, _WRONG_KEY, "auth failed")

    def _flush(self) -> None:
        data = self._conversation.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(data)

    def _watch(self) -> None:
        """Ping a WebSocket; hang up on a client that has been silent for too long."""
        left = self._heard_at + SILENCE_LIMIT - self._loop.time()
        if left <= 0:
            self.hang_up()
            return
        self._conversation.keep_alive()
        self._flush()
        self._timer = self._loop.call_later(min(left, KEEP_ALIVE_INTERVAL), self._watch)


def _is_loopback(host: str) -> bool:
    return ip_address(host.partition("%")[0]).is_loopback
