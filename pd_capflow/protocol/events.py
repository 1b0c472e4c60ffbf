"""What a conversation tells its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pd_capflow.errors import CapflowError, ProtocolError, TransportError
    from pd_capflow.protocol.messages import Method
    from pd_capflow.protocol.wire import Packet

__all__ = [
    "Asked",
    "Broken",
    "ClientEvent",
    "Failed",
    "Heard",
    "Opened",
    "Pushed",
    "Quiet",
    "Replied",
    "ServerEvent",
]


@dataclass(frozen=True, slots=True)
class Opened:
    """The handshake succeeded; requests may follow.

    Attributes
    ----------
    connection_id : int
        The gateway's number for this connection.
    keep_alive_interval : float
        Seconds between keep-alives.
    server_version : int
        major * 100 + minor; 0 where it was not told.
    demo : str
        What a demo gateway says of itself; empty for any other.
    recorded : str
        What a gateway says of itself that serves again what was recorded; empty for any other.
    encryption : str
        Name of the algorithm, ``"NONE"`` for none.
    """

    connection_id: int
    keep_alive_interval: float
    server_version: int = 0
    demo: str = ""
    recorded: str = ""
    encryption: str = "NONE"


@dataclass(frozen=True, slots=True)
class Replied:
    """The answer to the request with this serial number."""

    serial_no: int
    method: Method
    message: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """The gateway says that it has no answer to the request with this serial number."""

    serial_no: int
    error: TransportError


@dataclass(frozen=True, slots=True)
class Pushed:
    """Something that the gateway sent unasked; `message` is None where it cannot be read."""

    proto_id: int
    message: Any


@dataclass(frozen=True, slots=True)
class Quiet:
    """The gateway has sent nothing for longer than its keep-alives allow for."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The gateway that was quiet has sent something."""


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


ClientEvent = Opened | Replied | Failed | Pushed | Quiet | Heard | Broken
ServerEvent = Asked | Broken
