"""Message <-> body bytes, in the two formats that a packet's header can name.

Whatever cannot be read, or lacks a required field, is a `ProtocolError`: half a message is no message.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError, EncodeError

from pd_capflow.errors import ProtocolError

__all__ = ["BodyFormat", "decode_body", "encode_body"]


class BodyFormat(IntEnum):
    """``protoFmt`` of the packet header."""

    PROTOBUF = 0
    JSON = 1


def encode_body(message: Any, body_format: BodyFormat) -> bytes:
    """Return the message's bytes in the format."""
    if body_format is BodyFormat.PROTOBUF:
        return bytes(message.SerializeToString())
    text = json_format.MessageToJson(message, preserving_proto_field_name=True, indent=2, ensure_ascii=False)
    return text.encode()


def decode_body(message_class: Any, body: bytes, body_format: BodyFormat) -> Any:
    """Return the message that the bytes hold.

    Raises
    ------
    ProtocolError
        If the bytes are no such message, or a required field is missing.
    """
    try:
        message = _PARSERS[body_format](message_class, body)
    except (DecodeError, json_format.ParseError, UnicodeDecodeError, ValueError, RecursionError) as error:
        name = message_class.DESCRIPTOR.full_name
        raise ProtocolError(f"a body of {len(body)} bytes is no {name}: {error}") from error
    _check_complete(message)
    return message


def _check_complete(message: Any) -> None:
    # Parsing accepts what lacks required fields, serialising does not. It is twice as fast as
    # IsInitialized(), which this is for.
    try:
        message.SerializeToString()
    except EncodeError as error:
        raise ProtocolError(f"a body lacks required fields: {error}") from error


def _parse_protobuf(message_class: Any, body: bytes) -> Any:
    return message_class.FromString(body)


def _parse_json(message_class: Any, body: bytes) -> Any:
    return json_format.Parse(body.decode(), message_class(), ignore_unknown_fields=True)


_PARSERS = {BodyFormat.PROTOBUF: _parse_protobuf, BodyFormat.JSON: _parse_json}
