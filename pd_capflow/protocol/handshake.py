"""How a client opens a conversation: InitConnect over TCP, InitWebSocket over WebSocket.

A handshake knows its request and what to make of the answer: the session, and the cipher from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5
from typing import TYPE_CHECKING, Any, Protocol

from pd_capflow.errors import AuthenticationError, CapflowError, HandshakeError, ProtocolError
from pd_capflow.protocol.body import BodyFormat
from pd_capflow.protocol.cipher import PLAIN, Algorithm, Cipher, aes_cipher, agreed_algorithm
from pd_capflow.protocol.events import Opened
from pd_capflow.protocol.messages import INIT_CONNECT, INIT_WEBSOCKET, Method
from pd_capflow.protocol.refusals import printable
from pd_capflow.texts import sentences

if TYPE_CHECKING:
    from pd_capflow.protocol.cipher import Rsa
    from pd_capflow.protocol.wire import Packet

__all__ = ["Handshake", "InitConnect", "InitWebSocket", "hashed_key"]

CLIENT_VERSION = 300

# Seconds between pings of a WebSocket, whose gateways ask for none.
PING_INTERVAL = 10.0
# What a gateway may ask for, in seconds; anything else is brought into these bounds.
KEEP_ALIVE_BOUNDS = (1.0, 3600.0)


_SAME_KEY = "Does the gateway hold the same RSA key? If it has none, leave rsa_key out"
_KEY_WANTED = "If OpenD has an RSA key (its setting rsa_private_key), name the same file as rsa_key="


class Handshake(Protocol):
    """What a client conversation needs to know of its opening."""

    @property
    def method(self) -> Method:
        """The method of the request."""
        ...

    @property
    def cipher(self) -> Cipher:
        """What the request travels under."""
        ...

    def request(self) -> Any:
        """Return the request message."""
        ...

    def accept(self, packet: Packet, message: Any) -> tuple[Opened, Cipher]:
        """Return the session that an answer grants and its cipher; raise why it grants none."""
        ...

    @property
    def hint(self) -> str:
        """What it may be if the gateway hangs up instead of answering."""
        ...

    def explain(self, error: ProtocolError) -> CapflowError:
        """Return what a broken packet in the opening means."""
        ...


@dataclass(frozen=True, slots=True)
class InitConnect:
    """The opening over TCP (1001).

    Parameters
    ----------
    client_id : str
        How the client calls itself.
    body_format : BodyFormat
        In which pushes are to come.
    rsa : Rsa, optional
        The cipher of the key that the gateway holds too. With it the conversation is encrypted, by CBC if
        the gateway can, or there is none.
    """

    client_id: str
    body_format: BodyFormat = BodyFormat.PROTOBUF
    rsa: Rsa | None = None

    @property
    def method(self) -> Method:
        """InitConnect."""
        return INIT_CONNECT

    @property
    def cipher(self) -> Cipher:
        """RSA with a key, plain without."""
        return PLAIN if self.rsa is None else self.rsa

    def request(self) -> Any:
        """Return the ``InitConnect.Request``."""
        request = INIT_CONNECT.request()
        request.c2s.clientVer = CLIENT_VERSION
        request.c2s.clientID = self.client_id
        request.c2s.recvNotify = True
        request.c2s.packetEncAlgo = Algorithm.NONE if self.rsa is None else Algorithm.AES_CBC
        request.c2s.pushProtoFmt = self.body_format
        request.c2s.programmingLanguage = "Python"
        request.c2s.aiType = 0
        return request

    def accept(self, packet: Packet, message: Any) -> tuple[Opened, Cipher]:
        """Return the session that an ``InitConnect.Response`` grants and its cipher."""
        session = _contents(message)
        algorithm = Algorithm.NONE
        if self.rsa is not None:
            if not packet.sealed:
                raise HandshakeError(
                    "the gateway answered without encryption, so it does not hold the RSA key; nothing was "
                    "asked. Give OpenD the key too, or leave rsa_key out"
                )
            algorithm = agreed_algorithm(session)
        low, high = KEEP_ALIVE_BOUNDS
        interval = min(max(float(session.keepAliveInterval), low), high)
        told = session.demo, session.recorded
        opened = Opened(session.connID, interval, session.serverVer, *told, algorithm.name)
        return opened, aes_cipher(algorithm, session.connAESKey, session.aesCBCiv)

    @property
    def hint(self) -> str:
        """The RSA key, since OpenD hangs up on whoever has none, or another."""
        return _SAME_KEY if self.rsa is not None else _KEY_WANTED

    def explain(self, error: ProtocolError) -> CapflowError:
        """Return an error about keys for a body that a key did not open, and the rest as it is."""
        if self.rsa is not None and error.serial_no is not None:
            return HandshakeError(sentences(str(error), _SAME_KEY))
        return error


@dataclass(frozen=True, slots=True)
class InitWebSocket:
    """The opening over WebSocket.

    Parameters
    ----------
    client_id : str
        How the client calls itself.
    key : str
        The WebSocket key; empty for none.
    """

    client_id: str
    key: str = ""

    def __repr__(self) -> str:
        return f"InitWebSocket(client_id={self.client_id!r})"

    @property
    def method(self) -> Method:
        """InitWebSocket."""
        return INIT_WEBSOCKET

    @property
    def cipher(self) -> Cipher:
        """None: the secrecy of a WebSocket is that of TLS."""
        return PLAIN

    def request(self) -> Any:
        """Return the ``InitWebSocket.Request``."""
        request = INIT_WEBSOCKET.request()
        request.c2s.websocketKey = hashed_key(self.key)
        request.c2s.clientID = self.client_id
        request.c2s.programmingLanguage = "Python"
        return request

    def accept(self, packet: Packet, message: Any) -> tuple[Opened, Cipher]:
        """Return the session that an ``InitWebSocket.Response`` grants."""
        if packet.error:
            reason = printable(packet.error_text) or f"error {packet.error}"
            raise AuthenticationError(f"the gateway refused the WebSocket key: {reason}. Check key=")
        if message.retType != 0:
            reason = printable(message.retMsg) or f"retType {message.retType}"
            raise AuthenticationError(f"the gateway refused the WebSocket session: {reason}. Check key=")
        session = _contents(message)
        return Opened(session.connID, PING_INTERVAL, demo=session.demo, recorded=session.recorded), PLAIN

    @property
    def hint(self) -> str:
        """The key, since a wrong one may be answered by hanging up."""
        return "Is the WebSocket key right? Give it as key="

    def explain(self, error: ProtocolError) -> CapflowError:
        """Return the error: no key opens the packets of a WebSocket."""
        return error


def hashed_key(key: str) -> str:
    """Return a WebSocket key as it travels: the MD5 of its UTF-8 in hex, or nothing for none."""
    return md5(key.encode(), usedforsecurity=False).hexdigest() if key else ""


def _contents(message: Any) -> Any:
    if message.retType != 0:
        reason = printable(message.retMsg) or f"retType {message.retType}"
        raise HandshakeError(f"the gateway refused the session: {reason}")
    if not message.HasField("s2c"):
        raise ProtocolError(f"{message.DESCRIPTOR.full_name} reports success, but holds no session")
    return message.s2c
