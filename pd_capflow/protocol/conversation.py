"""Both ends of a conversation as state machines: bytes in, events out, bytes to send.

Law: however the bytes are cut, the same events come out; whatever the bytes are, the only fault that
they cause is one `Broken` event with a `CapflowError`, after which the machine is deaf; and the first
fault wins. Neither machine reads a clock or moves a byte: their owner does both.

::

    receive_data(bytes) -> events_received() -> [event, ...]
    open(), request(), keep_alive(), accept(), reply(), push() -> data_to_send() -> bytes
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Generic, TypeVar

from pd_capflow.errors import CapflowError, DisconnectedError, HandshakeError, ProtocolError
from pd_capflow.protocol.body import BodyFormat, decode_body, encode_body
from pd_capflow.protocol.messages import INIT_CONNECT, KEEP_ALIVE, METHODS, PUSH_IDS, Method
from pd_capflow.protocol.refusals import printable
from pd_capflow.protocol.wire import CLIENT_BODY_LIMIT, GATEWAY_BODY_LIMIT, Packet, TcpWire, Wire

__all__ = [
    "Asked",
    "Broken",
    "ClientConversation",
    "ClientEvent",
    "Opened",
    "Pushed",
    "Replied",
    "ServerConversation",
    "ServerEvent",
    "State",
]

CLIENT_VERSION = 300
SERIAL_LIMIT = 2**32 - 1

# A keep-alive goes out after this part of the gateway's interval, and after this many intervals
# without any packet the gateway counts as gone. Both as the official SDK has them.
KEEP_ALIVE_PART = 0.8
SILENT_INTERVALS = 3.3
# What a gateway may ask for, in seconds; anything else is brought into these bounds.
KEEP_ALIVE_BOUNDS = (1.0, 3600.0)


class State(Enum):
    """Where a conversation stands."""

    NEW = auto()
    OPENING = auto()
    OPEN = auto()
    BROKEN = auto()


@dataclass(frozen=True, slots=True)
class Opened:
    """The handshake succeeded; requests may follow."""

    connection_id: int
    keep_alive_interval: float
    server_version: int
    demo: str


@dataclass(frozen=True, slots=True)
class Replied:
    """The answer to the request with this serial number."""

    serial_no: int
    method: Method
    message: Any


@dataclass(frozen=True, slots=True)
class Pushed:
    """Something that the gateway sent unasked; `message` is None where its method is not in the table."""

    proto_id: int
    message: Any


@dataclass(frozen=True, slots=True)
class Asked:
    """A client's request; `message` is None where the method is unknown or the body could not be read."""

    packet: Packet
    method: Method | None
    message: Any
    fault: ProtocolError | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """The conversation is over."""

    error: CapflowError


ClientEvent = Opened | Replied | Pushed | Broken
ServerEvent = Asked | Broken


Event = TypeVar("Event")


class _Machine(Generic[Event]):
    """What both ends share: a wire, a state, events to hand out and bytes to send."""

    def __init__(self, wire: Wire) -> None:
        self.state = State.NEW
        self._wire = wire
        self._events: list[Event | Broken] = []
        self._outgoing = bytearray()

    @property
    def is_broken(self) -> bool:
        """Whether the conversation is over."""
        return self.state is State.BROKEN

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer, cut anywhere."""
        if self.is_broken:
            return
        try:
            self._wire.receive_data(data)
            self._receive_packets()
        except ProtocolError as error:
            self._break(error)

    def events_received(self) -> list[Event | Broken]:
        """Return what has happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> bytes:
        """Return the bytes that are due to the peer, and count them as sent."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def _receive_packets(self) -> None:
        while not self.is_broken and (packet := self._wire.next_packet()) is not None:
            self._receive_packet(packet)

    def _receive_packet(self, packet: Packet) -> None:
        raise NotImplementedError

    def _send(self, packet: Packet) -> None:
        self._outgoing += self._wire.pack(packet)

    def _break(self, error: CapflowError) -> None:
        if not self.is_broken:
            self.state = State.BROKEN
            self._events.append(Broken(error))


class ClientConversation(_Machine[ClientEvent]):
    """The client's side of one connection.

    Parameters
    ----------
    client_id : str
        How the client calls itself.
    first_serial : int
        Serial number of the first packet.
    body_format : BodyFormat
        Format of the bodies that are sent; replies come in the same.
    wire : Wire, optional
        The layout of packets; TCP's by default.
    """

    def __init__(
        self,
        *,
        client_id: str = "pd_capflow",
        first_serial: int = 1,
        body_format: BodyFormat = BodyFormat.PROTOBUF,
        wire: Wire | None = None,
    ) -> None:
        super().__init__(wire or TcpWire(CLIENT_BODY_LIMIT))
        self._client_id = client_id
        self._serial = first_serial
        self._format = body_format
        self._pending: dict[int, Method] = {}
        self._interval = 0.0
        self._asked_alive = self._heard = self._now = 0.0

    @property
    def pending(self) -> frozenset[int]:
        """Serial numbers of the requests that await their reply."""
        return frozenset(self._pending)

    @property
    def keep_alive_due(self) -> float | None:
        """When the next keep-alive is due, on the clock of the ``now`` that was given; None before."""
        return self._asked_alive + KEEP_ALIVE_PART * self._interval if self.state is State.OPEN else None

    @property
    def silence_due(self) -> float | None:
        """From when on the gateway counts as gone if nothing comes before; None before the handshake."""
        return self._heard + SILENT_INTERVALS * self._interval if self.state is State.OPEN else None

    def open(self) -> None:
        """Ask for a session."""
        self.state = State.OPENING
        request = INIT_CONNECT.request()
        request.c2s.clientVer = CLIENT_VERSION
        request.c2s.clientID = self._client_id
        request.c2s.recvNotify = True
        request.c2s.packetEncAlgo = -1
        request.c2s.pushProtoFmt = self._format
        request.c2s.programmingLanguage = "Python"
        request.c2s.aiType = 0
        self._ask(INIT_CONNECT, request)

    def request(self, method: Method, message: Any) -> int:
        """Ask, and return the serial number that the reply will carry."""
        if self.state is not State.OPEN:
            raise RuntimeError(f"no request in state {self.state.name}")
        return self._ask(method, message)

    def keep_alive(self, now: float, unix_time: int) -> None:
        """Show that the client is there, or break if the gateway has been silent for too long.

        Parameters
        ----------
        now : float
            Seconds on the clock that `receive_data` is told too.
        unix_time : int
            The client's wall clock, in seconds.
        """
        silence = self.silence_due
        if silence is not None and now >= silence:
            self._break(DisconnectedError(f"the gateway has sent nothing for {now - self._heard:.0f} s"))
            return
        self._asked_alive = now
        message = KEEP_ALIVE.request()
        message.c2s.time = unix_time
        self._ask(KEEP_ALIVE, message)

    def forget(self, serial_no: int) -> None:
        """Stop waiting for a reply; should it come after all, it is ignored."""
        self._pending.pop(serial_no, None)

    def receive_data(self, data: bytes, now: float = 0.0) -> None:
        """Take bytes from the gateway, cut anywhere, and the time at which they came."""
        self._now = now
        super().receive_data(data)

    def receive_eof(self) -> None:
        """Take the end of the connection."""
        if self.state is State.OPENING:
            self._break(HandshakeError("the connection was closed instead of answering InitConnect"))
        else:
            self._break(DisconnectedError("the gateway closed the connection"))

    def _ask(self, method: Method, message: Any) -> int:
        serial = self._serial
        self._serial = serial + 1 if serial < SERIAL_LIMIT else 1
        self._pending[serial] = method
        self._send(Packet(method.proto_id, serial, encode_body(message, self._format), self._format))
        return serial

    def _receive_packet(self, packet: Packet) -> None:
        self._heard = self._now
        method = self._pending.get(packet.serial_no)
        if method is not None and method.proto_id == packet.proto_id:
            self._receive_reply(packet, method)
        elif packet.proto_id in PUSH_IDS:
            self._receive_push(packet)
        # Anything else answers no question that is still open: a late or stray reply.

    def _receive_reply(self, packet: Packet, method: Method) -> None:
        del self._pending[packet.serial_no]
        try:
            message = decode_body(method.response, packet.body, packet.body_format)
        except ProtocolError as error:
            error.serial_no = packet.serial_no
            raise
        if method is INIT_CONNECT:
            self._receive_welcome(message)
        elif method is not KEEP_ALIVE:
            self._events.append(Replied(packet.serial_no, method, message))

    def _receive_push(self, packet: Packet) -> None:
        method = METHODS.get(packet.proto_id)
        message = method and decode_body(method.response, packet.body, packet.body_format)
        self._events.append(Pushed(packet.proto_id, message))

    def _receive_welcome(self, message: Any) -> None:
        if message.retType != 0:
            reason = printable(message.retMsg) or f"retType {message.retType}"
            self._break(HandshakeError(f"the gateway refused the session: {reason}"))
            return
        if not message.HasField("s2c"):
            self._break(ProtocolError("InitConnect succeeded, but its answer holds no session"))
            return
        session = message.s2c
        low, high = KEEP_ALIVE_BOUNDS
        self._interval = min(max(float(session.keepAliveInterval), low), high)
        self._asked_alive = self._now
        self.state = State.OPEN
        self._events.append(Opened(session.connID, self._interval, session.serverVer, session.demo))


class ServerConversation(_Machine[ServerEvent]):
    """The gateway's side of one connection.

    It hands out every request as an `Asked` event and leaves all answers to its owner, but for these: a
    first packet that is not InitConnect is refused and ends the conversation.

    Parameters
    ----------
    wire : Wire, optional
        The layout of packets; TCP's by default.
    """

    def __init__(self, *, wire: Wire | None = None) -> None:
        super().__init__(wire or TcpWire(GATEWAY_BODY_LIMIT))
        self.wants_notify = False
        self._push_format = BodyFormat.PROTOBUF
        self._push_serial = 0

    def accept(self, asked: Asked, response: Any) -> None:
        """Answer an InitConnect with a session."""
        self.wants_notify = asked.message.c2s.recvNotify
        if asked.message.c2s.pushProtoFmt == BodyFormat.JSON:
            self._push_format = BodyFormat.JSON
        self.state = State.OPEN
        self.reply(asked, response)

    def reply(self, asked: Asked, response: Any) -> None:
        """Answer a request, in the format in which it came."""
        packet = asked.packet
        body = encode_body(response, packet.body_format)
        self._send(Packet(packet.proto_id, packet.serial_no, body, packet.body_format))

    def push(self, method: Method, response: Any) -> None:
        """Send what nobody asked for; pushes are numbered from 1 on."""
        self._push_serial += 1
        body = encode_body(response, self._push_format)
        self._send(Packet(method.proto_id, self._push_serial, body, self._push_format))

    def refuse(self, asked: Asked, text: str, ret_type: int = -1) -> None:
        """Answer a request with a refusal, which has the same fields in every method."""
        response = KEEP_ALIVE.response()
        response.retType = ret_type
        response.retMsg = text
        response.errCode = 0
        self.reply(asked, response)

    def receive_eof(self) -> None:
        """Take the end of the connection."""
        self._break(DisconnectedError("the client closed the connection"))

    def _receive_packet(self, packet: Packet) -> None:
        method = METHODS.get(packet.proto_id)
        asked = self._read(packet, None if method is None or method.is_push else method)
        if self.state is State.NEW and method is not INIT_CONNECT:
            self.refuse(asked, "InitConnect must be the first request")
            self._break(ProtocolError(f"the first packet was {packet.proto_id}, not InitConnect"))
            return
        if self.state is State.NEW:
            self.state = State.OPENING
        self._events.append(asked)

    @staticmethod
    def _read(packet: Packet, method: Method | None) -> Asked:
        if method is None:
            return Asked(packet, None, None)
        try:
            return Asked(packet, method, decode_body(method.request, packet.body, packet.body_format))
        except ProtocolError as error:
            return Asked(packet, method, None, error)
