"""Packet <-> messages of OpenD's WebSocket port.

One message is one packet, big-endian, with a header of 20 bytes from the client and of 44 bytes from the
gateway::

    sign "ft-v1.0" NUL | command u32 | section u64                                  and from the gateway
    error i32 | error text, 20 bytes of ASCII, filled up with NUL

The command is the proto id, the section the serial number; a push has section 0. Bodies are protobuf, and
there is neither length nor hash nor cipher: messages have their own ends, and TLS sees to the rest.
"""

from __future__ import annotations

import struct
from collections import deque

from pd_capflow.errors import ProtocolError
from pd_capflow.protocol.cipher import PLAIN, Cipher
from pd_capflow.protocol.wire import CLIENT_BODY_LIMIT, GATEWAY_BODY_LIMIT, Packet

__all__ = ["DISCONNECT_NOTICE", "ClientWebSocketWire", "GatewayWebSocketWire"]

#: The command by which a gateway tells that its own OpenD is gone.
DISCONNECT_NOTICE = 2

_SIGN = b"ft-v1.0\0"
_FROM_CLIENT = struct.Struct(">8sIQ")
_FROM_GATEWAY = struct.Struct(">8sIQi20s")


class _Messages:
    """Whole messages that were received and not yet handed out."""

    header: struct.Struct
    body_limit: int

    def __init__(self) -> None:
        self.cipher: Cipher = PLAIN
        self._messages: deque[bytes] = deque()

    def receive_data(self, data: bytes) -> None:
        """Take a whole message."""
        self._messages.append(data)

    def _next_message(self) -> bytes | None:
        if not self._messages:
            return None
        message = self._messages.popleft()
        if message[: len(_SIGN)] != _SIGN:
            raise ProtocolError(f"a message begins with {message[: len(_SIGN)]!r}, not with {_SIGN!r}")
        if not 0 <= len(message) - self.header.size <= self.body_limit:
            raise ProtocolError(
                f"a message of {len(message)} bytes; {self.header.size} to "
                f"{self.header.size + self.body_limit} are allowed"
            )
        return message


class ClientWebSocketWire(_Messages):
    """The client's side."""

    header = _FROM_GATEWAY
    body_limit = CLIENT_BODY_LIMIT

    def pack(self, packet: Packet) -> bytes:
        """Return the message of a packet."""
        return _FROM_CLIENT.pack(_SIGN, packet.proto_id, packet.serial_no) + packet.body

    def next_packet(self) -> Packet | None:
        """Return the next packet."""
        message = self._next_message()
        if message is None:
            return None
        _, command, section, error, text = _FROM_GATEWAY.unpack_from(message)
        shown = text.rstrip(b"\0").decode("ascii", errors="replace")
        return Packet(command, section, message[self.header.size :], error=error, error_text=shown)


class GatewayWebSocketWire(_Messages):
    """The gateway's side."""

    header = _FROM_CLIENT
    body_limit = GATEWAY_BODY_LIMIT

    def pack(self, packet: Packet) -> bytes:
        """Return the message of a packet."""
        text = packet.error_text.encode("ascii", errors="replace")[:20]
        return _FROM_GATEWAY.pack(_SIGN, packet.proto_id, packet.serial_no, packet.error, text) + packet.body

    def next_packet(self) -> Packet | None:
        """Return the next packet."""
        message = self._next_message()
        if message is None:
            return None
        _, command, section = _FROM_CLIENT.unpack_from(message)
        return Packet(command, section, message[self.header.size :])
