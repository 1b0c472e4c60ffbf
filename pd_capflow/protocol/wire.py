"""Packet <-> bytes, as they travel over TCP.

A packet is a header of 44 bytes, little-endian and without padding, and a body::

    magic "FT" | proto_id u32 | format u8 | version u8 | serial_no u32 | body length u32 | SHA-1 | 8 zeros

The length is that of the body as transmitted, the SHA-1 that of the plain body. There is nothing by
which to find the next packet once one is broken, so every fault is final: `ProtocolError`, and the
connection is of no more use. However the bytes are cut, the same packets come out, and what is buffered
never exceeds one packet of the permitted size and one piece.

A wire is a layout: `websocket` has another with the same verbs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Protocol

from pd_capflow.errors import ProtocolError
from pd_capflow.protocol.body import BodyFormat
from pd_capflow.protocol.cipher import PLAIN, Cipher

__all__ = ["CLIENT_BODY_LIMIT", "GATEWAY_BODY_LIMIT", "HEADER", "MAGIC", "Packet", "TcpWire", "Wire"]

HEADER = struct.Struct("<2sIBBII20s8s")
MAGIC = b"FT"

#: Largest body that a client takes from a gateway, in bytes.
CLIENT_BODY_LIMIT = 16 * 1024 * 1024
#: Largest body that a gateway takes from a client, in bytes.
GATEWAY_BODY_LIMIT = 1024 * 1024

_FORMATS = {int(known): known for known in BodyFormat}


@dataclass(frozen=True, slots=True)
class Packet:
    """The wire unit: a numbered body, in plain.

    Attributes
    ----------
    proto_id, serial_no : int
        The method's number, and the request's.
    body : bytes
        In plain.
    body_format : BodyFormat
        What the body is written in.
    sealed : bool
        Whether it came encrypted.
    error : int
        Not 0 where a WebSocket gateway tells of a failure in the header; then the body means nothing.
    error_text : str
        What it says to that.
    """

    proto_id: int
    serial_no: int
    body: bytes = field(repr=False)
    body_format: BodyFormat = BodyFormat.PROTOBUF
    sealed: bool = False
    error: int = 0
    error_text: str = ""


class Wire(Protocol):
    """One layout of packets in bytes, with what it has received and not yet handed out."""

    cipher: Cipher

    @property
    def ends(self) -> bool:
        """Whether the peer has said in the layout's own way that this is the end."""
        ...

    def send(self, packet: Packet) -> None:
        """Take a packet to be sent."""
        ...

    def data_to_send(self) -> list[bytes]:
        """Return the bytes that are due to the peer, and count them as sent."""
        ...

    def keep_alive(self) -> bool:
        """Keep the connection alive in the layout's own way; return False if it has none."""
        ...

    def receive_data(self, data: bytes) -> None:
        """Take bytes, cut anywhere."""
        ...

    def next_packet(self) -> Packet | None:
        """Return the next whole packet, or None; raise `ProtocolError` where bytes break the layout."""
        ...


class TcpWire:
    """The layout of OpenD's TCP port.

    Parameters
    ----------
    body_limit : int
        Largest body to accept, in bytes.
    """

    def __init__(self, body_limit: int) -> None:
        self.cipher: Cipher = PLAIN
        self._body_limit = body_limit
        self._buffer = bytearray()
        self._outgoing: list[bytes] = []

    @property
    def ends(self) -> bool:
        """False: over TCP the end is that of the bytes."""
        return False

    def send(self, packet: Packet) -> None:
        """Take a packet to be sent."""
        self._outgoing.append(self.pack(packet))

    def data_to_send(self) -> list[bytes]:
        """Return the bytes that are due to the peer, and count them as sent."""
        data, self._outgoing = self._outgoing, []
        return data

    def keep_alive(self) -> bool:
        """Return False: over TCP a keep-alive is a request like any other."""
        return False

    def pack(self, packet: Packet) -> bytes:
        """Return the bytes of a packet."""
        sealed = self.cipher.encrypt(packet.body)
        header = HEADER.pack(
            MAGIC,
            packet.proto_id,
            packet.body_format,
            0,
            packet.serial_no,
            len(sealed),
            _digest(packet.body),
            bytes(8),
        )
        return header + sealed

    def receive_data(self, data: bytes) -> None:
        """Take bytes, cut anywhere."""
        self._buffer += data

    def next_packet(self) -> Packet | None:
        """Return the next whole packet, or None while its bytes are not all there."""
        buffer = self._buffer
        if not MAGIC.startswith(buffer[:2]):
            raise ProtocolError(f"a packet begins with {bytes(buffer[:2])!r}, not with {MAGIC!r}")
        if len(buffer) < HEADER.size:
            return None
        _, proto_id, number, _, serial_no, length, digest, _ = HEADER.unpack_from(buffer)
        end = HEADER.size + length
        try:
            body_format = self._check_header(proto_id, number, length)
            if len(buffer) < end:
                return None
            transmitted = bytes(buffer[HEADER.size : end])
            body = self._open(transmitted, digest)
        except ProtocolError as error:
            error.serial_no = serial_no
            raise
        del buffer[:end]
        return Packet(proto_id, serial_no, body, body_format, sealed=body is not transmitted)

    def _check_header(self, proto_id: int, number: int, length: int) -> BodyFormat:
        if length > self._body_limit:
            raise ProtocolError(
                f"a packet {proto_id} announces a body of {length} bytes; {self._body_limit} are allowed"
            )
        body_format = _FORMATS.get(number)
        if body_format is None:
            raise ProtocolError(f"a packet {proto_id} has body format {number}; there are 0 and 1")
        return body_format

    def _open(self, transmitted: bytes, digest: bytes) -> bytes:
        if self.cipher.lenient and _digest(transmitted) == digest:
            return transmitted
        body = self.cipher.decrypt(transmitted)
        if _digest(body) != digest:
            raise ProtocolError("the SHA-1 in a packet's header is not that of its body")
        return body


def _digest(body: bytes) -> bytes:
    return sha1(body, usedforsecurity=False).digest()
