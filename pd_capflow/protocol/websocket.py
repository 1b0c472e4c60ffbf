"""Packet <-> bytes, as they travel through OpenD's WebSocket port.

One binary message is one packet, big-endian, with a header of 20 bytes from the client and of 44 bytes
from the gateway::

    sign "ft-v1.0" NUL | command u32 | section u64                                  and from the gateway
    error i32 | error text, 20 bytes of ASCII, filled up with NUL

The command is the proto id, the section the serial number; a push has section 0. Bodies are protobuf, and
there is neither length nor hash nor cipher: messages have their own ends, and TLS sees to the rest.

The WebSocket protocol itself is that of the library ``websockets``, without input or output like
everything here, and loaded when a wire is made. What is sent before the opening is through waits for it.
"""

from __future__ import annotations

import logging
import struct
from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

from pd_capflow.errors import HandshakeError, ProtocolError, QueryError
from pd_capflow.protocol.cipher import PLAIN, Cipher
from pd_capflow.protocol.refusals import printable
from pd_capflow.protocol.wire import CLIENT_BODY_LIMIT, GATEWAY_BODY_LIMIT, Packet

if TYPE_CHECKING:
    from websockets.frames import Frame
    from websockets.http11 import Request, Response

__all__ = ["DISCONNECT_NOTICE", "ClientWebSocketWire", "GatewayWebSocketWire"]

#: The command by which a gateway tells that its own OpenD is gone.
DISCONNECT_NOTICE = 2

_SIGN = b"ft-v1.0\0"
_FROM_CLIENT = struct.Struct(">8sIQ")
_FROM_GATEWAY = struct.Struct(">8sIQi20s")

log = logging.getLogger("pd_capflow.websocket")


class _WebSocketWire:
    """Messages over one of the library's protocol machines."""

    header: ClassVar[struct.Struct]
    body_limit: ClassVar[int]

    def __init__(self, machine: Any) -> None:
        self.cipher: Cipher = PLAIN
        self._machine = machine
        self._messages: deque[bytes] = deque()
        self._parts: list[bytes] = []
        self._early: list[bytes] = []
        self._open = False

    @property
    def ends(self) -> bool:
        """Whether the WebSocket is being closed, so that nothing more can be sent."""
        return self._open and bool(self._machine.close_expected())

    def send(self, packet: Packet) -> None:
        """Take a packet to be sent."""
        message = self._pack(packet)
        if self._open:
            self._put(message)
        else:
            self._early.append(message)

    def data_to_send(self) -> list[bytes]:
        """Return the bytes that are due to the peer, and count them as sent."""
        return [data for data in self._machine.data_to_send() if data]

    def keep_alive(self) -> bool:
        """Send a ping, which is a WebSocket's own way to keep alive."""
        if self._open and not self.ends:
            self._machine.send_ping(b"")
        return True

    def receive_data(self, data: bytes) -> None:
        """Take bytes, cut anywhere."""
        self._machine.receive_data(data)
        for event in self._machine.events_received():
            self._handle(event)
        error = self._machine.parser_exc
        if error is not None and not isinstance(error, EOFError):
            raise ProtocolError(f"this is no WebSocket conversation: {printable(str(error))}") from error

    def next_packet(self) -> Packet | None:
        """Return the next whole packet, or None; raise `ProtocolError` where bytes break the layout."""
        if not self._messages:
            return None
        message = self._messages.popleft()
        if message[: len(_SIGN)] != _SIGN:
            raise ProtocolError(f"a message begins with {message[: len(_SIGN)]!r}, not with {_SIGN!r}")
        if len(message) < self.header.size:
            raise ProtocolError(f"a message of {len(message)} bytes is shorter than its header")
        return self._unpack(message)

    def _pack(self, packet: Packet) -> bytes:
        raise NotImplementedError

    def _unpack(self, message: bytes) -> Packet:
        raise NotImplementedError

    def _handle_opening(self, event: Any) -> None:
        raise NotImplementedError

    def _handle(self, event: Any) -> None:
        if self._open:
            self._handle_frame(event)
        else:
            self._handle_opening(event)

    def _begin(self) -> None:
        self._open = True
        for message in self._early:
            self._put(message)
        self._early.clear()

    def _put(self, message: bytes) -> None:
        if not self.ends:
            self._machine.send_binary(message)

    def _handle_frame(self, frame: Frame) -> None:
        from websockets.frames import Opcode

        if frame.opcode is Opcode.TEXT:
            raise ProtocolError("a text message came; there are binary ones only")
        if frame.opcode not in (Opcode.BINARY, Opcode.CONT):
            return  # pings, pongs and the closing, which the machine answers by itself
        self._parts.append(bytes(frame.data))
        if frame.fin:
            self._messages.append(b"".join(self._parts))
            self._parts.clear()


class ClientWebSocketWire(_WebSocketWire):
    """The client's side.

    Parameters
    ----------
    url : str
        ``ws://HOST:PORT`` or ``wss://HOST:PORT``.
    """

    header = _FROM_GATEWAY
    body_limit = CLIENT_BODY_LIMIT

    def __init__(self, url: str) -> None:
        try:
            from websockets.client import ClientProtocol
            from websockets.uri import parse_uri
        except ImportError as error:
            raise QueryError(f"{url} needs WebSocket: pip install 'pd_capflow[ws]'") from error
        machine = ClientProtocol(parse_uri(url), max_size=self.body_limit + self.header.size, logger=log)
        super().__init__(machine)
        machine.send_request(machine.connect())

    def receive_data(self, data: bytes) -> None:
        """Take bytes, cut anywhere."""
        super().receive_data(data)
        refused = self._machine.handshake_exc
        if refused is not None:
            raise HandshakeError(f"this is no WebSocket: {printable(str(refused))}") from refused

    def _pack(self, packet: Packet) -> bytes:
        return _FROM_CLIENT.pack(_SIGN, packet.proto_id, packet.serial_no) + packet.body

    def _unpack(self, message: bytes) -> Packet:
        _, command, section, error, text = _FROM_GATEWAY.unpack_from(message)
        shown = text.rstrip(b"\0").decode("ascii", errors="replace")
        return Packet(command, section, message[self.header.size :], error=error, error_text=shown)

    def _handle_opening(self, event: Response) -> None:  # noqa: ARG002  # the machine has judged it
        if self._machine.handshake_exc is None:
            self._begin()


class GatewayWebSocketWire(_WebSocketWire):
    """The gateway's side."""

    header = _FROM_CLIENT
    body_limit = GATEWAY_BODY_LIMIT

    def __init__(self) -> None:
        try:
            from websockets.server import ServerProtocol
        except ImportError as error:
            raise QueryError("a WebSocket port needs: pip install 'pd_capflow[ws]'") from error
        super().__init__(ServerProtocol(max_size=self.body_limit + self.header.size, logger=log))

    def _pack(self, packet: Packet) -> bytes:
        text = packet.error_text.encode("ascii", errors="replace")[:20]
        return _FROM_GATEWAY.pack(_SIGN, packet.proto_id, packet.serial_no, packet.error, text) + packet.body

    def _unpack(self, message: bytes) -> Packet:
        _, command, section = _FROM_CLIENT.unpack_from(message)
        return Packet(command, section, message[self.header.size :])

    def _handle_opening(self, event: Request) -> None:
        response = self._machine.accept(event)
        self._machine.send_response(response)
        if response.status_code != 101:
            raise ProtocolError(f"a request that opens no WebSocket: {response.status_code}")
        self._begin()
