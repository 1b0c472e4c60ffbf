"""A scripted gateway on a real socket, and what the tests of the client need around it.

The n-th connection that the gateway accepts is served by the n-th script, every later one by the last
script or, where there is none, by `Peer.serve`, which behaves well. A script is a function of a `Peer`:
it reads requests, sends what it likes, and returns; then the socket is closed. Scripts never sleep to
wait for the client: they wait for its bytes, or for its end of file.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
import zlib
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from websockets.frames import Frame, Opcode

import pd_capflow
from pd_capflow.client import Client, close_shared_clients, pacing, resolve, settings
from pd_capflow.client.portal import current_portal
from pd_capflow.protocol.body import BodyFormat, encode_body
from pd_capflow.protocol.conversation import ServerConversation
from pd_capflow.protocol.events import Asked
from pd_capflow.protocol.messages import CAPITAL_FLOW, INIT_CONNECT, INIT_WEBSOCKET, KEEP_ALIVE, NOTIFY
from pd_capflow.protocol.websocket import GatewayWebSocketWire
from pd_capflow.protocol.wire import GATEWAY_BODY_LIMIT, Packet, TcpWire
from pd_capflow.security import MARKETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds that anything may take before the test says that it hangs. Nothing here comes near it.
BOUND = 20.0

PREFIXES = {market.number: prefix for prefix, market in MARKETS.items()}
NINE_THIRTY = 1735781400  # 2025-01-02 09:30 in Hong Kong


def code_of(asked: Asked) -> str:
    """Return the code that a request asks about, as users write it."""
    security = asked.message.c2s.security
    return f"{PREFIXES[security.market]}.{security.code}"


def value_of(code: str) -> float:
    """Return the number that the scripted gateway answers for a code: another for each."""
    return float(zlib.crc32(code.encode()))


def good_response(asked: Asked, value: float | None = None) -> Any:
    """Return the answer that a request should have."""
    if asked.method is KEEP_ALIVE:
        response = KEEP_ALIVE.response(retType=0)
        response.s2c.time = NINE_THIRTY
        return response
    amount = value_of(code_of(asked)) if value is None else value
    response = asked.method.response(retType=0, retMsg="", errCode=0)
    if asked.method is CAPITAL_FLOW:
        for minute in range(2):
            response.s2c.flowItemList.add(inFlow=amount + minute, timestamp=NINE_THIRTY + 60 * minute)
        return response
    for field in ("InBig", "InMid", "InSmall", "OutBig", "OutMid", "OutSmall", "InSuper", "OutSuper"):
        setattr(response.s2c, f"capital{field}", amount)
    response.s2c.updateTimestamp = NINE_THIRTY
    return response


def good_welcome(interval: int = 10) -> Any:
    """Return the answer to an InitConnect."""
    response = INIT_CONNECT.response(retType=0, retMsg="", errCode=0)
    s2c = response.s2c
    s2c.serverVer, s2c.loginUserID, s2c.connID = 1011, 10000001, 7000000000000000001
    s2c.connAESKey, s2c.aesCBCiv, s2c.keepAliveInterval = "0123456789abcdef", "fedcba9876543210", interval
    return response


def good_notify() -> Any:
    """Return a push that says that the quote servers are connected."""
    response = NOTIFY.response(retType=0)
    response.s2c.type = 3
    response.s2c.connectStatus.qotLogined = True
    response.s2c.connectStatus.trdLogined = False
    return response


def pack(packet: Packet) -> bytes:
    """Return a packet's bytes."""
    return TcpWire(GATEWAY_BODY_LIMIT).pack(packet)


def good_websocket_welcome(interval: int = 10) -> Any:  # a WebSocket's gateway sets none
    """Return the answer to an InitWebSocket."""
    response = INIT_WEBSOCKET.response(retType=0, retMsg="", errCode=0)
    response.s2c.serverTime, response.s2c.connID = NINE_THIRTY, 7000000000000000001
    return response


def pack_for_websocket(packet: Packet) -> bytes:
    """Return a packet's bytes on their way through a WebSocket."""
    told = packet.error, packet.error_text.encode()
    header = struct.pack(">8sIQi20s", b"ft-v1.0\0", packet.proto_id, packet.serial_no, *told)
    return Frame(Opcode.BINARY, header + packet.body).serialize(mask=False)


def reply_packet(asked: Asked, response: Any) -> Packet:
    """Return the packet that answers a request."""
    return Packet(asked.packet.proto_id, asked.packet.serial_no, encode_body(response, BodyFormat.PROTOBUF))


def has_value(frame: Any, code: str) -> bool:
    """Tell whether a frame of one code holds what the gateway answers for it, and all of it."""
    return frame["in_flow"].tolist() == [value_of(code), value_of(code) + 1]


@dataclass(frozen=True)
class Layout:
    """What is different about a way to send packets."""

    scheme: str
    conversation: Callable[[], ServerConversation]
    welcome: Callable[[int], Any]
    pack: Callable[[Packet], bytes]


def _websocket_conversation() -> ServerConversation:
    return ServerConversation(wire=GatewayWebSocketWire(), opening=INIT_WEBSOCKET)


LAYOUTS = {
    "tcp": Layout("tcp", ServerConversation, good_welcome, pack),
    "ws": Layout("ws", _websocket_conversation, good_websocket_welcome, pack_for_websocket),
}


class Peer:
    """The gateway's end of one connection."""

    def __init__(self, gateway: FakeGateway, sock: socket.socket, number: int) -> None:
        self.gateway = gateway
        self.number = number
        self.answers_keep_alive = True
        self.keep_alives = 0
        self.kept_alive = threading.Event()
        self.gone = threading.Event()  # the client has ended the connection
        self.layout: Layout = gateway.layout
        self._socket = sock
        self._talk = self.layout.conversation()
        self._is_mute = False
        self.unanswered: list[Asked] = []
        self._asked: list[Any] = []

    def asked(self) -> Asked | None:
        """Return the next request, or None once the client is gone. Keep-alives are dealt with."""
        while True:
            while not self._asked:
                if not self._receive():
                    return None
            asked = self._asked.pop(0)
            if not isinstance(asked, Asked):
                raise AssertionError(f"the client broke the protocol: {asked}")
            if asked.method is not KEEP_ALIVE:
                return self._noted(asked)
            self._keep_alive(asked)

    def asked_many(self, count: int) -> list[Asked]:
        """Return so many requests, all of them unanswered."""
        found = [self.asked() for _ in range(count)]
        assert None not in found, "the client went before it had asked everything"
        return [asked for asked in found if asked is not None]

    def handshake(self, interval: int = 10) -> None:
        """Answer the InitConnect."""
        asked = self.asked()
        if asked is None:
            return
        assert asked.method in (INIT_CONNECT, INIT_WEBSOCKET)
        self._talk.accept(asked, self.layout.welcome(interval))
        self.send(b"".join(self._talk.data_to_send()))

    def reply(self, asked: Asked, response: Any = None) -> None:
        """Answer a request; by default as it should be."""
        answer = good_response(asked) if response is None else response
        self.send(self.layout.pack(reply_packet(asked, answer)))

    def refuse(self, asked: Asked, text: str, ret_type: int = -1, err_code: int | None = 0) -> None:
        """Answer a request with a no."""
        response = asked.method.response(retType=ret_type, retMsg=text)
        if err_code is not None:
            response.errCode = err_code
        self.reply(asked, response)

    def push(self, proto_id: int = 1003, serial_no: int = 1, body: bytes | None = None) -> None:
        """Send what nobody asked for."""
        text = encode_body(good_notify(), BodyFormat.PROTOBUF) if body is None else body
        self.send(self.layout.pack(Packet(proto_id, serial_no, text)))

    def send(self, data: bytes) -> None:
        """Send bytes, whatever they are; a client that is gone does not mind."""
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(data)

    def drip(self, data: bytes) -> None:
        """Send bytes one at a time, with pauses, until they or the client are gone."""
        self._is_mute = True
        for number in range(len(data)):
            self.send(data[number : number + 1])
            self._socket.settimeout(0.02)
            try:
                while self._receive():
                    pass
            except TimeoutError:
                continue
            finally:
                self._socket.settimeout(None)
            return

    def serve(self) -> None:
        """Behave: answer everything, until the client is gone."""
        self.handshake()
        self.serve_on()

    def serve_on(self) -> None:
        """Behave from now on: the session stands already."""
        while (asked := self.asked()) is not None:
            self.reply(asked)

    def until_gone(self) -> None:
        """Say nothing until the client ends the connection, not even pong."""
        self._is_mute = True
        while self._receive():
            pass

    def close(self) -> None:
        """End the connection with a FIN."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def reset(self) -> None:
        """End the connection with an RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _receive(self) -> bool:
        try:
            data = self._socket.recv(65536)
        except (ConnectionError, BrokenPipeError):
            data = b""
        if not data:
            self.gone.set()
            return False
        self._talk.receive_data(data)
        self._asked += self._talk.events_received()
        if not self._is_mute:
            self.send(b"".join(self._talk.data_to_send()))
        return True

    def _noted(self, asked: Asked) -> Asked:
        if "security" in asked.message.c2s.DESCRIPTOR.fields_by_name:
            self.gateway.requests.append((self.number, code_of(asked)))
        return asked

    def _keep_alive(self, asked: Asked) -> None:
        self.keep_alives += 1
        self.kept_alive.set()
        if self.answers_keep_alive:
            self.reply(asked)


class FakeGateway:
    """A gateway that does as it is told. It counts connections and notes requests."""

    def __init__(self, scripts: tuple[Callable[[Peer], None], ...], layout: str = "tcp") -> None:
        self.layout = LAYOUTS[layout]
        self.requests: list[tuple[int, str]] = []
        self.peers: list[Peer] = []
        self.failures: list[BaseException] = []
        self._scripts = scripts
        self._threads: list[threading.Thread] = []
        self._arrival = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"{layout}://127.0.0.1:{self.port}"
        self._start(self._accept)

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return len(self.peers)

    @property
    def codes(self) -> list[str]:
        """The codes that were asked for, in the order in which the requests came."""
        return [code for _, code in self.requests]

    def peer(self, number: int) -> Peer:
        """Return a connection, once it has been accepted; the first is 0."""
        with self._arrival:
            assert self._arrival.wait_for(lambda: len(self.peers) > number, BOUND), "no such connection"
            return self.peers[number]

    def stop_listening(self) -> None:
        """Accept no further connections: whoever tries is refused."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def close(self) -> None:
        """End everything, and raise what went wrong in a script."""
        self.stop_listening()
        for peer in list(self.peers):
            with contextlib.suppress(OSError):
                peer._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(BOUND)
            assert not thread.is_alive(), "a script of the gateway hangs"
        if self.failures:
            raise self.failures[0]

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(self, sock, len(self.peers))
            with self._arrival:
                self.peers.append(peer)
                self._arrival.notify_all()
            self._start(self._run, peer)

    def _run(self, peer: Peer) -> None:
        script = self._scripts[peer.number] if peer.number < len(self._scripts) else Peer.serve
        try:
            script(peer)
        except BaseException as error:  # noqa: BLE001  # the test is told when the gateway closes
            self.failures.append(error)
        finally:
            peer.close()


class Kit:
    """The helpers above, for tests to use by one name."""

    bound = BOUND
    nine_thirty = NINE_THIRTY
    peer = Peer
    gateway = FakeGateway
    code_of = staticmethod(code_of)
    value_of = staticmethod(value_of)
    has_value = staticmethod(has_value)
    good_response = staticmethod(good_response)
    good_welcome = staticmethod(good_welcome)
    good_notify = staticmethod(good_notify)
    reply_packet = staticmethod(reply_packet)
    pack = staticmethod(pack)

    @staticmethod
    @contextlib.contextmanager
    def within(seconds: float) -> Iterator[None]:
        """Assert that what is inside does not take longer: that it does not hang."""
        since = time.monotonic()
        yield
        taken = time.monotonic() - since
        assert taken < seconds, f"took {taken:.1f} s"

    @staticmethod
    def background(work: Callable[..., Any], *args: Any, **options: Any) -> Future[Any]:
        """Do work in a thread of its own."""
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(work(*args, **options))
            except BaseException as error:  # noqa: BLE001  # whoever asks the future is told
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return future

    @staticmethod
    def settle() -> None:
        """Let the I/O thread do everything that is due now."""

        async def turns() -> None:
            import asyncio

            for _ in range(3):
                await asyncio.sleep(0)

        current_portal().run(turns())


@pytest.fixture
def kit() -> type[Kit]:
    """Helpers."""
    return Kit


@pytest.fixture(autouse=True)
def _clean_slate(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give each test the settings, the rate budgets and the shared clients of a new process."""
    for name in ("PD_CAPFLOW_URL", "PD_CAPFLOW_KEY", "PD_CAPFLOW_RSA_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pacing, "_ledgers", {})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(settings, "_configured", {})
    yield
    close_shared_clients()


@pytest.fixture
def gateway() -> Iterator[Callable[..., FakeGateway]]:
    """Start scripted gateways: ``gateway(script, ...)``."""
    made: list[FakeGateway] = []

    def start(*scripts: Callable[[Peer], None], layout: str = "tcp") -> FakeGateway:
        made.append(FakeGateway(scripts, layout))
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.fixture
def make_client() -> Iterator[Callable[..., Client]]:
    """Make clients that are not connected yet and do not pace: ``make_client(gateway, timeout=...)``."""
    made: list[Client] = []

    def make(to: FakeGateway | str, **options: Any) -> Client:
        url = to if isinstance(to, str) else to.url
        made.append(Client(resolve(url=url, **({"rate": None} | options))))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Make clients that are connected and do not pace: ``connect(gateway, timeout=...)``."""
    made: list[Client] = []

    def make(to: FakeGateway | str, **options: Any) -> Client:
        url = to if isinstance(to, str) else to.url
        made.append(pd_capflow.connect(url, **({"rate": None} | options)))
        return made[-1]

    yield make
    for each in made:
        each.close()


__all__ = ["FakeGateway", "Kit", "Peer"]
