"""What both ends of a conversation share."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Generic, TypeVar

from pd_capflow.errors import CapflowError
from pd_capflow.protocol.events import Broken

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.protocol.wire import Packet, Wire

__all__ = ["Machine", "State"]


class State(Enum):
    """Where a conversation stands."""

    NEW = auto()
    OPENING = auto()
    OPEN = auto()
    BROKEN = auto()


Event = TypeVar("Event")


class Machine(Generic[Event]):
    """What both ends share: a wire, a state, events to hand out and bytes to send.

    A `tap` is told of every packet in plain, with ``">"`` for one that is sent and ``"<"`` for one that came.
    """

    def __init__(self, wire: Wire) -> None:
        self.state = State.NEW
        self.tap: Callable[[str, Packet], object] | None = None
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
        else:
            if self._wire.ends:
                self.receive_eof()

    def receive_eof(self) -> None:
        """Take the end of the connection."""
        raise NotImplementedError

    def events_received(self) -> list[Event | Broken]:
        """Return what has happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> list[bytes]:
        """Return the bytes that are due to the peer, and count them as sent."""
        return self._wire.data_to_send()

    def _receive_packets(self) -> None:
        while not self.is_broken and (packet := self._wire.next_packet()) is not None:
            if self.tap is not None:
                self.tap("<", packet)
            self._receive_packet(packet)

    def _receive_packet(self, packet: Packet) -> None:
        raise NotImplementedError

    def _send(self, packet: Packet) -> None:
        if self.tap is not None:
            self.tap(">", packet)
        self._wire.send(packet)

    def _break(self, error: CapflowError) -> None:
        if not self.is_broken:
            self.state = State.BROKEN
            self._events.append(Broken(error))
