"""A conversation as lines of text, without its secrets: what a capture holds, written and read.

A capture is UTF-8 text with one JSON object a line. The first is its head::

    {"format": "pd_capflow capture", "version": 1, "pd_capflow": "0.1.0", "addresses": ["tcp://..."],
     "demo": false, "began": "2026-01-05T02:00:00+00:00", "note": "..."}

and every later one a packet, in the order in which they went (``>``) and came (``<``)::

    {"way": ">", "at": 0.012, "connection": 1, "proto_id": 3211, "method": "Qot_GetCapitalFlow",
     "serial_no": 2, "format": 0, "body": "base64 of the plain body"}

or what became of a connection: ``{"way": "=", "at": 0.0, "connection": 1, "text": "..."}``. ``at`` is in
seconds since the beginning. ``error`` and ``error_text`` stand where a WebSocket's header told of a
failure. A ``body`` of null was left out; ``size`` tells how many bytes it had.

Law: keys, session keys and what names the user never reach a line; nor does the body of a method that
we do not know, such as a trade's. A line that is read is hostile until every field has been checked.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import ProtocolError
from pd_capflow.protocol.body import BodyFormat, decode_body, encode_body
from pd_capflow.protocol.messages import GLOBAL_STATE, INIT_CONNECT, INIT_WEBSOCKET, METHODS
from pd_capflow.protocol.wire import CLIENT_BODY_LIMIT, Packet

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LINE_LIMIT", "Head", "Line", "event_line", "packet_line", "read_head", "read_line"]

#: The longest line, in bytes: a body of the permitted size in base64, and what stands around it.
LINE_LIMIT = 4 * (CLIENT_BODY_LIMIT // 3) + 64 * 1024

_FORMAT = "pd_capflow capture"
_VERSION = 1
_NOTE = (
    "A conversation with a gateway, for a bug report. Keys, session keys and user ids are left out; the "
    "codes that were asked for, watchlists' names and members, and the gateway's address are in it."
)
_UINT32 = 2**32 - 1

# What the messages of an opening, and others, tell of the user or the session; c2s or s2c, and fields.
_PRIVATE: dict[tuple[str, int], tuple[str, ...]] = {
    (">", INIT_CONNECT.proto_id): (),
    ("<", INIT_CONNECT.proto_id): ("loginUserID", "connID", "connAESKey", "aesCBCiv", "userAttribution"),
    (">", INIT_WEBSOCKET.proto_id): ("IP", "Port", "RSAPrivateKey", "websocketKey"),
    ("<", INIT_WEBSOCKET.proto_id): ("connID",),
    (">", GLOBAL_STATE.proto_id): ("userID",),
    ("<", GLOBAL_STATE.proto_id): ("connID",),
}
# Letters of a secret that are found again in a text no more by chance.
_PART = 4
# A word that may be a user's number, or a key that a refusal echoes.
_TELLING = re.compile(r"\b(?=\w*\d)\w{5,}\b")


@dataclass(frozen=True, slots=True)
class Head:
    """What a capture tells of itself.

    Attributes
    ----------
    addresses : tuple of str
        Of the gateways, without secrets.
    demo : bool
        Whether it was the embedded demo gateway.
    began : str
        When, in ISO 8601.
    software : str
        The version of pd_capflow that wrote it.
    """

    addresses: tuple[str, ...]
    demo: bool
    began: str
    software: str

    def line(self) -> str:
        """Return it as the first line of a capture.

        Examples
        --------
        >>> read_head(Head(("demo://",), True, "2026-01-05T02:00:00+00:00", "0.1.0").line()).addresses
        ('demo://',)
        """
        return _written(
            format=_FORMAT,
            version=_VERSION,
            pd_capflow=self.software,
            addresses=list(self.addresses),
            demo=self.demo,
            began=self.began,
            note=_NOTE,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A later line of a capture.

    Attributes
    ----------
    way : {">", "<", "="}
        Sent, received, or what became of a connection.
    at : float
        Seconds since the beginning.
    connection : int
        The connection's number; the first is 1.
    packet : Packet or None
        What was sent or received; None for ``=``.
    is_whole : bool
        False where the body was left out.
    text : str
        What became of the connection.
    """

    way: str
    at: float
    connection: int
    packet: Packet | None = None
    is_whole: bool = True
    text: str = ""


def packet_line(way: str, at: float, connection: int, packet: Packet, secrets: Sequence[bytes] = ()) -> str:
    """Return a packet as a line.

    Parameters
    ----------
    way : {">", "<"}
        Sent, or received.
    at : float
        Seconds since the beginning.
    connection : int
        The connection's number.
    packet : Packet
        In plain.
    secrets : sequence of bytes
        What must not be in it, whoever put it there: a body that holds one is left out.
    """
    method = METHODS.get(packet.proto_id)
    told = {
        "way": way,
        "at": round(at, 6),
        "connection": connection,
        "proto_id": packet.proto_id,
        "method": method.name if method else "",
        "serial_no": packet.serial_no,
        "format": int(packet.body_format),
    }
    if packet.error:
        told |= {"error": packet.error, "error_text": _unsaid(packet.error_text, secrets)}
    body = _public_body(way, packet)
    if body is None or any(secret in body for secret in secrets):
        return _written(**told, body=None, size=len(packet.body))
    return _written(**told, body=b64encode(body).decode())


def event_line(at: float, connection: int, text: str, secrets: Sequence[bytes] = ()) -> str:
    """Return what became of a connection as a line; nothing of a text that echoes a secret."""
    told = "#" if _echoes(text, secrets) else text
    return _written(way="=", at=round(at, 6), connection=connection, text=told)


def read_head(text: str) -> Head:
    """Read the first line of a capture; raise `ProtocolError` if it is none."""
    try:
        told = _read(text)
    except ProtocolError:
        told = {}
    if told.get("format") != _FORMAT:
        raise ProtocolError("this is no capture of pd_capflow; expected what connect(capture=FILE) writes")
    version = _take(told, "version", int)
    if version != _VERSION:
        raise ProtocolError(f"a capture of version {version}; this pd_capflow reads {_VERSION}: update it")
    addresses = _take(told, "addresses", list)
    if not all(isinstance(address, str) for address in addresses):
        raise ProtocolError("addresses holds something that is no text")
    began, software = (_take(told, name, str) for name in ("began", "pd_capflow"))
    return Head(tuple(addresses), _take(told, "demo", bool), began, software)


def read_line(text: str) -> Line:
    """Read a later line of a capture; raise `ProtocolError` if it is none."""
    told = _read(text)
    way, connection = _take(told, "way", str), _take(told, "connection", int)
    at = _take(told, "at", (int, float))
    if way == "=":
        return Line(way, at, connection, text=_take(told, "text", str))
    if way not in ("<", ">"):
        raise ProtocolError(f"way is {way[:20]!r}; expected '<', '>' or '='")
    body = None if told.get("body", "") is None else _body(_take(told, "body", str))
    return Line(way, at, connection, _packet(told, body or b""), body is not None)


def _packet(told: dict[str, Any], body: bytes) -> Packet:
    numbers = [_take(told, name, int) for name in ("proto_id", "serial_no", "format")]
    if not all(0 <= number <= _UINT32 for number in numbers):
        raise ProtocolError("proto_id, serial_no or format is out of range")
    proto_id, serial_no, form = numbers
    if form not in list(BodyFormat):
        raise ProtocolError(f"format is {form}; there are 0 and 1")
    error = _take(told, "error", int) if "error" in told else 0
    error_text = _take(told, "error_text", str) if "error" in told else ""
    return Packet(proto_id, serial_no, body, BodyFormat(form), error=error, error_text=error_text)


def _public_body(way: str, packet: Packet) -> bytes | None:
    """Return a body without what is private; None where that cannot be told from the rest."""
    method = METHODS.get(packet.proto_id)
    kind = method and (method.request if way == ">" else method.response)
    if kind is None:
        return b"" if not packet.body else None
    private = _PRIVATE.get((way, packet.proto_id))
    if private is None or not packet.body:
        return packet.body
    try:
        message = decode_body(kind, packet.body, packet.body_format)
    except ProtocolError:
        return None
    _strip(message, private)
    return encode_body(message, packet.body_format)


def _strip(message: Any, private: tuple[str, ...]) -> None:
    message.DiscardUnknownFields()  # of a later version, and who knows of what
    contents = message.c2s if message.DESCRIPTOR.name == "Request" else message.s2c
    if message.DESCRIPTOR.name == "Response" and message.retMsg:
        message.retMsg = _TELLING.sub("#", message.retMsg)
    for name in private:
        if contents.HasField(name):
            field = contents.DESCRIPTOR.fields_by_name[name]
            contents.ClearField(name)
            if field.is_required:
                setattr(contents, name, field.default_value)


def _unsaid(text: str, secrets: Sequence[bytes]) -> str:
    return "#" if _echoes(text, secrets) else _TELLING.sub("#", text)


def _echoes(text: str, secrets: Sequence[bytes]) -> bool:
    """Tell whether a text holds a part of a secret: a WebSocket's header has room for 20 letters of it."""
    held = text.lower()
    known = (secret.decode(errors="replace").lower() for secret in secrets)
    return any(each[at : at + _PART] in held for each in known for at in range(len(each) - _PART + 1))


def _written(**told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, allow_nan=False)


def _read(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ProtocolError("this is no line of JSON; is the file whole?") from None
    if not isinstance(told, dict):
        raise ProtocolError("expected a JSON object")
    return told


def _take(told: dict[str, Any], name: str, kind: Any) -> Any:
    """Return a field of a kind."""
    value = told.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ProtocolError(f"{name} is missing, or of the wrong type")
    return value


def _body(text: str) -> bytes:
    try:
        body = b64decode(text, validate=True)
    except ValueError:
        raise ProtocolError("the body is no base64") from None
    if len(body) > CLIENT_BODY_LIMIT:
        raise ProtocolError(f"the body has {len(body)} bytes; {CLIENT_BODY_LIMIT} are allowed")
    return body
