"""Both ends of a conversation as state machines: bytes in, events out, bytes to send.

Law: however the bytes are cut, the same events come out; whatever the bytes are, the only fault that
they cause is one `Broken` event with a `CapflowError`, after which the machine is deaf; and the first
fault wins. Neither machine reads a clock or moves a byte: their owner does both.

::

    receive_data(bytes) -> events_received() -> [event, ...]
    open(), request(), keep_alive(), accept(), reply(), push() -> data_to_send() -> [bytes, ...]
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Any, Generic, TypeVar

from pd_capflow.errors import (
    CapflowError,
    DisconnectedError,
    HandshakeError,
    ProtocolError,
    ReplyTimeoutError,
    TransportError,
)
from pd_capflow.protocol.body import BodyFormat, decode_body, encode_body
from pd_capflow.protocol.cipher import PLAIN, Algorithm, Cipher, aes_cipher, agreed_algorithm
from pd_capflow.protocol.events import (
    Asked,
    Broken,
    ClientEvent,
    Failed,
    Pushed,
    Replied,
    ServerEvent,
)
from pd_capflow.protocol.handshake import Handshake, InitConnect
from pd_capflow.protocol.messages import (
    INIT_CONNECT,
    INIT_WEBSOCKET,
    KEEP_ALIVE,
    METHODS,
    PUSH_IDS,
    Method,
)
from pd_capflow.protocol.websocket import DISCONNECT_NOTICE
from pd_capflow.protocol.wire import CLIENT_BODY_LIMIT, GATEWAY_BODY_LIMIT, Packet, TcpWire, Wire

__all__ = ["ClientConversation", "ServerConversation", "State"]

SERIAL_LIMIT = 2**32 - 1

# A keep-alive goes out after this part of the gateway's interval, and after this many intervals
# without any packet the gateway counts as gone. Both as the official SDK has them.
KEEP_ALIVE_PART = 0.8
SILENT_INTERVALS = 3.3

# What a WebSocket gateway means by the error in its header; anything else is a lost answer too.
_WEBSOCKET_TIMEOUTS = {1: "the gateway", 2: "the OpenD behind the WebSocket"}


class State(Enum):
    """Where a conversation stands."""

    NEW = auto()
    OPENING = auto()
    OPEN = auto()
    BROKEN = auto()


Event = TypeVar("Event")


class _Machine(Generic[Event]):
    """What both ends share: a wire, a state, events to hand out and bytes to send."""

    def __init__(self, wire: Wire) -> None:
        self.state = State.NEW
        self._wire = wire
        self._events: list[Event | Broken] = []

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
        except CapflowError as error:
            self._break(error)

    def events_received(self) -> list[Event | Broken]:
        """Return what has happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> list[bytes]:
        """Return the bytes that are due to the peer, and count them as sent."""
        return self._wire.data_to_send()

    def _receive_packets(self) -> None:
        while not self.is_broken and (packet := self._wire.next_packet()) is not None:
            self._receive_packet(packet)

    def _receive_packet(self, packet: Packet) -> None:
        raise NotImplementedError

    def _send(self, packet: Packet) -> None:
        self._wire.send(packet)

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
    handshake : Handshake, optional
        How to open; InitConnect without encryption by default.
    wire : Wire, optional
        The layout of packets; TCP's by default.
    """

    def __init__(
        self,
        *,
        client_id: str = "pd_capflow",
        first_serial: int = 1,
        body_format: BodyFormat = BodyFormat.PROTOBUF,
        handshake: Handshake | None = None,
        wire: Wire | None = None,
    ) -> None:
        super().__init__(wire or TcpWire(CLIENT_BODY_LIMIT))
        self._handshake = handshake or InitConnect(client_id, body_format)
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
        """When the next keep-alive is due, on the clock of the ``now`` that was given; None for never."""
        is_open = self.state is State.OPEN
        return self._asked_alive + KEEP_ALIVE_PART * self._interval if is_open else None

    @property
    def silence_due(self) -> float | None:
        """From when on the gateway counts as gone if nothing comes before; None for never."""
        return self._heard + SILENT_INTERVALS * self._interval if self.state is State.OPEN else None

    def open(self) -> None:
        """Ask for a session."""
        self.state = State.OPENING
        self._wire.cipher = self._handshake.cipher
        self._ask(self._handshake.method, self._handshake.request())

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
        if self._wire.keep_alive():
            return
        message = KEEP_ALIVE.request()
        message.c2s.time = unix_time
        self._ask(KEEP_ALIVE, message)

    def forget(self, serial_no: int) -> None:
        """Stop waiting for a reply; should it come after all, it is ignored."""
        self._pending.pop(serial_no, None)

    def receive_data(self, data: bytes, now: float = 0.0) -> None:
        """Take bytes from the gateway, cut anywhere, and the time at which they came."""
        self._now = self._heard = now
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

    def _break(self, error: CapflowError) -> None:
        super()._break(self._handshake.explain(error) if self.state is State.OPENING else error)

    def _receive_packet(self, packet: Packet) -> None:
        method = self._pending.get(packet.serial_no)
        if method is not None and method.proto_id == packet.proto_id:
            del self._pending[packet.serial_no]
            self._receive_reply(packet, method)
        elif packet.proto_id in PUSH_IDS:
            self._receive_push(packet)
        elif packet.proto_id == DISCONNECT_NOTICE:
            raise DisconnectedError("the gateway has lost the OpenD behind its WebSocket")
        # Anything else answers no question that is still open: a late or stray reply.

    def _receive_reply(self, packet: Packet, method: Method) -> None:
        if method is self._handshake.method:
            self._receive_welcome(packet)
        elif packet.error:
            self._events.append(Failed(packet.serial_no, _lost_answer(packet)))
        elif method is not KEEP_ALIVE:
            self._events.append(Replied(packet.serial_no, method, _decode(packet, method)))

    def _receive_push(self, packet: Packet) -> None:
        method = METHODS.get(packet.proto_id)
        message = method and decode_body(method.response, packet.body, packet.body_format)
        self._events.append(Pushed(packet.proto_id, message))

    def _receive_welcome(self, packet: Packet) -> None:
        message = None if packet.error else _decode(packet, self._handshake.method)
        opened, self._wire.cipher = self._handshake.accept(packet, message)
        self._interval = opened.keep_alive_interval
        self._asked_alive = self._now
        self.state = State.OPEN
        self._events.append(opened)


def _decode(packet: Packet, method: Method) -> Any:
    try:
        return decode_body(method.response, packet.body, packet.body_format)
    except ProtocolError as error:
        error.serial_no = packet.serial_no
        raise


def _lost_answer(packet: Packet) -> TransportError:
    who = _WEBSOCKET_TIMEOUTS.get(packet.error)
    if who is not None:
        return ReplyTimeoutError(f"{who} did not get an answer in time")
    return DisconnectedError(f"the gateway lost the answer (error {packet.error})")


class ServerConversation(_Machine[ServerEvent]):
    """The gateway's side of one connection.

    It hands out every request as an `Asked` event and leaves all answers to its owner, but for one: a first
    packet that opens nothing is refused and ends the conversation.

    Parameters
    ----------
    wire : Wire, optional
        The layout of packets; TCP's by default.
    cipher : Cipher
        Under which an InitConnect may come besides plain: `Rsa`.
    opening : Method
        The first request: InitConnect, or InitWebSocket.
    """

    def __init__(
        self, *, wire: Wire | None = None, cipher: Cipher = PLAIN, opening: Method = INIT_CONNECT
    ) -> None:
        super().__init__(wire or TcpWire(GATEWAY_BODY_LIMIT))
        self.wants_notify = False
        self._opening = opening
        self._wire.cipher = cipher
        self._push_format = BodyFormat.PROTOBUF
        self._push_serial = 0

    def accept(self, asked: Asked, response: Any) -> None:
        """Answer an InitConnect or InitWebSocket with a session."""
        if self._opening is INIT_WEBSOCKET:
            self.reply(asked, response)
        else:
            self._accept_connect(asked, response)
        self.state = State.OPEN

    def _accept_connect(self, asked: Asked, response: Any) -> None:
        c2s = asked.message.c2s
        self.wants_notify = c2s.recvNotify
        if c2s.pushProtoFmt == BodyFormat.JSON:
            self._push_format = BodyFormat.JSON
        encrypts = asked.packet.sealed and c2s.packetEncAlgo != Algorithm.NONE
        if not encrypts:
            self._wire.cipher = PLAIN
        self.reply(asked, response)
        if encrypts:
            session = response.s2c
            self._wire.cipher = aes_cipher(agreed_algorithm(session), session.connAESKey, session.aesCBCiv)

    def keep_alive(self) -> None:
        """Keep the connection alive, if its layout has a way of its own to do so."""
        if self.state is State.OPEN:
            self._wire.keep_alive()

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

    def fail(self, asked: Asked, error: int, text: str) -> None:
        """Answer over WebSocket with an error in the header, and end the conversation."""
        packet = asked.packet
        self._send(Packet(packet.proto_id, packet.serial_no, b"", error=error, error_text=text))
        self._break(HandshakeError(f"a client was sent away: {text}"))

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
        if self.state is State.NEW and method is not self._opening:
            self.refuse(asked, f"{self._opening.name} must be the first request")
            self._break(ProtocolError(f"the first packet was {packet.proto_id}, not {self._opening.name}"))
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
