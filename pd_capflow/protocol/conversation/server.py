"""The gateway's side of a conversation."""

from __future__ import annotations

from typing import Any

from pd_capflow.errors import DisconnectedError, HandshakeError, ProtocolError
from pd_capflow.protocol.body import BodyFormat, decode_body, encode_body
from pd_capflow.protocol.cipher import PLAIN, Algorithm, Cipher, aes_cipher, agreed_algorithm
from pd_capflow.protocol.conversation.machine import Machine, State
from pd_capflow.protocol.events import Asked, ServerEvent
from pd_capflow.protocol.messages import INIT_CONNECT, INIT_WEBSOCKET, KEEP_ALIVE, METHODS, Method
from pd_capflow.protocol.wire import GATEWAY_BODY_LIMIT, Packet, TcpWire, Wire

__all__ = ["ServerConversation"]


class ServerConversation(Machine[ServerEvent]):
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
            self.wants_notify = True  # a WebSocket's clients are not asked
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
        """Answer a request, in the format in which it came; bytes go as they are."""
        packet = asked.packet
        is_body = isinstance(response, bytes)
        body = response if is_body else encode_body(response, packet.body_format)
        self._send(Packet(packet.proto_id, packet.serial_no, body, packet.body_format))

    def push(self, method: Method, response: Any) -> None:
        """Send what nobody asked for; pushes are numbered from 1 on, but over WebSocket all are 0."""
        if self._opening is not INIT_WEBSOCKET:
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
