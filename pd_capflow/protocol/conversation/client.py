"""The client's side of a conversation."""

from __future__ import annotations

from typing import Any

from pd_capflow.errors import (
    CapflowError,
    DisconnectedError,
    HandshakeError,
    ProtocolError,
    ReplyTimeoutError,
    TransportError,
)
from pd_capflow.protocol.body import BodyFormat, decode_body, encode_body
from pd_capflow.protocol.conversation.machine import Machine, State
from pd_capflow.protocol.events import ClientEvent, Failed, Heard, Pushed, Quiet, Replied
from pd_capflow.protocol.handshake import Handshake, InitConnect
from pd_capflow.protocol.messages import KEEP_ALIVE, METHODS, PUSH_IDS, Method
from pd_capflow.protocol.websocket import DISCONNECT_NOTICE
from pd_capflow.protocol.wire import CLIENT_BODY_LIMIT, Packet, TcpWire, Wire
from pd_capflow.texts import one_line, sentences

__all__ = ["ClientConversation"]

SERIAL_LIMIT = 2**32 - 1

# A keep-alive goes out after this part of the gateway's interval, as with the official SDK. So many
# intervals without a byte, and the gateway counts as quiet, or as gone.
KEEP_ALIVE_PART = 0.8
QUIET_INTERVALS = 2.0
SILENT_INTERVALS = 3.0

# What a WebSocket gateway means by the error in its header; anything else is a lost answer too.
_WEBSOCKET_TIMEOUTS = {1: "the gateway", 2: "the OpenD behind the WebSocket"}


class ClientConversation(Machine[ClientEvent]):
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
        self._is_quiet = False

    @property
    def pending(self) -> frozenset[int]:
        """Serial numbers of the requests that await their reply."""
        return frozenset(self._pending)

    @property
    def due(self) -> float | None:
        """When `tick` has something to do, on the clock of the ``now`` that was given; None for never."""
        if self.state is not State.OPEN:
            return None
        silence = SILENT_INTERVALS if self._is_quiet else QUIET_INTERVALS
        return min(self._keep_alive_due, self._heard + silence * self._interval)

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

    def tick(self, now: float, unix_time: int) -> None:
        """Do what is due: show that the client is there, note that the gateway is quiet, or break.

        Parameters
        ----------
        now : float
            Seconds on the clock that `receive_data` is told too.
        unix_time : int
            The client's wall clock, in seconds.
        """
        if self.state is not State.OPEN:
            return
        silence = now - self._heard
        if silence >= SILENT_INTERVALS * self._interval:
            self._break(DisconnectedError(f"the gateway has sent nothing for {silence:.0f} s"))
            return
        if silence >= QUIET_INTERVALS * self._interval and not self._is_quiet:
            self._is_quiet = True
            self._events.append(Quiet())
        if now >= self._keep_alive_due:
            self._keep_alive(now, unix_time)

    def forget(self, serial_no: int) -> None:
        """Stop waiting for a reply; should it come after all, it is ignored."""
        self._pending.pop(serial_no, None)

    def receive_data(self, data: bytes, now: float = 0.0) -> None:
        """Take bytes from the gateway, cut anywhere, and the time at which they came."""
        self._now = self._heard = now
        if self._is_quiet and not self.is_broken:
            self._is_quiet = False
            self._events.append(Heard())
        super().receive_data(data)

    def receive_eof(self) -> None:
        """Take the end of the connection."""
        if self.state is State.OPENING:
            name = self._handshake.method.name
            closed = f"the connection was closed instead of answering {name}"
            self._break(HandshakeError(sentences(closed, self._handshake.hint)))
        else:
            self._break(DisconnectedError("the gateway closed the connection"))

    @property
    def _keep_alive_due(self) -> float:
        return self._asked_alive + KEEP_ALIVE_PART * self._interval

    def _keep_alive(self, now: float, unix_time: int) -> None:
        self._asked_alive = now
        if not self._wire.keep_alive():
            message = KEEP_ALIVE.request()
            message.c2s.time = unix_time
            self._ask(KEEP_ALIVE, message)

    def _ask(self, method: Method, message: Any) -> int:
        serial = self._serial
        self._serial = serial + 1 if serial < SERIAL_LIMIT else 1
        self._pending[serial] = method
        self._send(Packet(method.proto_id, serial, encode_body(message, self._format), self._format))
        return serial

    def _break(self, error: CapflowError) -> None:
        if self.state is State.OPENING and isinstance(error, ProtocolError):
            error = self._handshake.explain(error)
        super()._break(error)

    def _receive_packet(self, packet: Packet) -> None:
        method = self._pending.get(packet.serial_no)
        if method is not None and method.proto_id == packet.proto_id:
            del self._pending[packet.serial_no]
            self._receive_reply(packet, method)
        elif packet.proto_id in PUSH_IDS:
            self._receive_push(packet)
        elif packet.proto_id == DISCONNECT_NOTICE:
            raise DisconnectedError("the gateway has lost the OpenD behind its WebSocket")
        elif method is not None and packet.proto_id in METHODS:
            raise ProtocolError(
                f"the answer to request {packet.serial_no} is a packet {packet.proto_id}, and should be a "
                f"{method.proto_id}",
                serial_no=packet.serial_no,
            )
        # Anything else answers no question that is still open: a late or stray reply, or a push of a later
        # version, which may carry any number.

    def _receive_reply(self, packet: Packet, method: Method) -> None:
        if method is self._handshake.method:
            self._receive_welcome(packet)
        elif packet.error:
            self._events.append(Failed(packet.serial_no, _lost_answer(packet)))
        elif method is not KEEP_ALIVE:
            self._events.append(Replied(packet.serial_no, method, _decode(packet, method)))

    def _receive_push(self, packet: Packet) -> None:
        method = METHODS.get(packet.proto_id)
        try:
            message = method and decode_body(method.response, packet.body, packet.body_format)
        except ProtocolError:
            message = None  # a notice of a later version must not cost those who wait for answers
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
    said = one_line(packet.error_text)
    told = f"error {packet.error}" + (f", {said}" if said else "")
    who = _WEBSOCKET_TIMEOUTS.get(packet.error)
    if who is not None:
        return ReplyTimeoutError(f"{who} got no answer in time ({told}); try again")
    return DisconnectedError(f"the gateway lost the answer ({told})")
