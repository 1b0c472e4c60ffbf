"""The gateway: where it listens, whom it lets in, and what it grants them."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import logging
import secrets
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Self

from pd_capflow.gateway.clock import Clock
from pd_capflow.gateway.handlers import PACED, SERVER_VERSION, Refusal, answer, is_counted, success
from pd_capflow.gateway.limits import Limit, RateLimiter
from pd_capflow.gateway.market import InventedMarket
from pd_capflow.gateway.notices import KICKED_OUT, event_notice, login_notice
from pd_capflow.gateway.session import KEEP_ALIVE_INTERVAL, Session
from pd_capflow.protocol.cipher import PLAIN, Algorithm
from pd_capflow.protocol.conversation import ServerConversation
from pd_capflow.protocol.handshake import hashed_key
from pd_capflow.protocol.messages import GLOBAL_STATE, INIT_CONNECT, INIT_WEBSOCKET
from pd_capflow.protocol.websocket import GatewayWebSocketWire

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable
    from datetime import datetime

    from pd_capflow.gateway.sources import Source
    from pd_capflow.gateway.texts import Language
    from pd_capflow.protocol.cipher import Cipher, Rsa
    from pd_capflow.protocol.events import Asked
    from pd_capflow.protocol.messages import Method

__all__ = ["Gateway"]

log = logging.getLogger("pd_capflow.gateway")

#: Connections that OpenD serves at one time; further ones are closed at once.
MAX_CONNECTIONS = 128


class Gateway:
    """A gateway that serves a market over OpenD's protocol: an invented one, or what was recorded.

    Parameters
    ----------
    market : Source, optional
        Whose numbers to serve; by default those of an `InventedMarket`.
    seed : int, default 0
        Another seed, another market.
    clock : callable, optional
        Returns the market's time, as an aware datetime; the wall clock by default.
    speed : float, default 1.0
        How fast the default clock runs.
    limit : Limit or None
        Requests in a sliding window, for each interface over all connections; None for no limit.
    timer : callable
        Seconds that the limit goes by, on a clock that never goes back.
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
        market: Source | None = None,
        seed: int = 0,
        clock: Callable[[], datetime] | None = None,
        speed: float = 1.0,
        limit: Limit | None = Limit(),  # noqa: B008  # frozen
        timer: Callable[[], float] = time.monotonic,
        language: Language = "en",
        rsa: Rsa | None = None,
        encryption: Algorithm | None = None,
        websocket_key: str = "",
    ) -> None:
        self.market: Source = InventedMarket(seed) if market is None else market
        self.clock = clock or Clock(speed=speed)
        self.limiter = RateLimiter(limit, timer)
        self.language = language
        self.cipher: Cipher = rsa or PLAIN
        self.is_logged_in = True
        self._encryption = encryption
        self._websocket_key = hashed_key(websocket_key)
        self._sessions: set[Session] = set()
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
        session: Callable[[], Session],
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
        if method in PACED and not self.is_logged_in:
            raise Refusal("not_logged_in")
        if is_counted(method, c2s) and not self.limiter.grants(method.proto_id):
            limit = self.limiter.limit or Limit()
            raise Refusal(
                "too_often",
                title=method.title,
                title_zh=PACED[method],
                requests=self.limiter.requests(method.proto_id),
                seconds=limit.seconds,
            )
        response = answer(method, self.market, self.clock(), c2s, self.language)
        if method is GLOBAL_STATE:
            response.s2c.qotLogined = self.is_logged_in
        return response

    def notify(self, response: Any) -> int:
        """Push a ``Notify.Response`` to every client that wants notices; return how many there are.

        `pd_capflow.gateway.notices` makes them. Like all of a gateway it belongs to its event loop.
        """
        return sum([session.notify(response) for session in list(self._sessions)])

    def log_out(self, text: str = "the account logged in elsewhere") -> None:
        """Lose the login, as if the account had logged in elsewhere: tell clients, and serve no quotes."""
        self.is_logged_in = False
        self.notify(event_notice(KICKED_OUT, text))
        self.notify(login_notice(False))

    def log_in(self) -> None:
        """Be logged in again, and tell clients."""
        self.is_logged_in = True
        self.notify(login_notice(True))

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
        self._tell_kind(s2c)
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
        self._tell_kind(response.s2c)
        return response

    def _tell_kind(self, s2c: Any) -> None:
        if self.market.demo:
            s2c.demo = self.market.demo
        if self.market.recorded:
            s2c.recorded = self.market.recorded

    def enter(self, session: Session) -> bool:
        """Let a session in, unless there are too many."""
        if len(self._sessions) >= MAX_CONNECTIONS:
            log.warning("! more than %d connections: the newest is closed", MAX_CONNECTIONS)
            return False
        self._sessions.add(session)
        return True

    def leave(self, session: Session) -> None:
        """Forget a session."""
        self._sessions.discard(session)

    def _session(self) -> Session:
        return Session(self, ServerConversation(cipher=self.cipher))

    def _websocket_session(self) -> Session:
        return Session(self, ServerConversation(wire=GatewayWebSocketWire(), opening=INIT_WEBSOCKET))


def _is_loopback(host: str) -> bool:
    return ip_address(host.partition("%")[0]).is_loopback
