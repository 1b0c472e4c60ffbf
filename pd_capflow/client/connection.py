"""One connection to a gateway: a conversation and the socket under it.

Law: every request gets an answer or an exception; once the connection is over, all that is left to do is
to ask on another. The first error is the one that everybody is told.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pd_capflow.client.copies import copied
from pd_capflow.errors import (
    CapflowError,
    DisconnectedError,
    ProtocolError,
    ReplyTimeoutError,
    TransportError,
)
from pd_capflow.protocol.events import Broken, Failed, Heard, Opened, Pushed, Quiet, Replied
from pd_capflow.texts import sentences

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.client.address import Address
    from pd_capflow.protocol.conversation import ClientConversation
    from pd_capflow.protocol.events import ClientEvent
    from pd_capflow.protocol.messages import Method

__all__ = ["Connection"]

log = logging.getLogger("pd_capflow.client")

_OTHER_PORT = "Is this an OpenD, and is the port its API port?"


class Connection(asyncio.Protocol):
    """An asyncio protocol that speaks a `ClientConversation`.

    Parameters
    ----------
    address : Address
        Where it goes, for messages.
    conversation : ClientConversation
        A new one.
    watch : callable
        Is told of pushes, of quiet and of the end, with the connection.
    """

    def __init__(
        self,
        address: Address,
        conversation: ClientConversation,
        watch: Callable[[Connection, ClientEvent | Broken], None],
    ) -> None:
        self.address = address
        self._watch = watch
        self.session: Opened | None = None
        self.error: CapflowError | None = None
        self._has_culprit = False
        self._conversation = conversation
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._opening: asyncio.Future[Opened] = self._loop.create_future()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._heard_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def usable(self) -> bool:
        """Whether requests can be sent."""
        return self.session is not None and self.error is None

    @property
    def is_here(self) -> bool:
        """Whether it belongs to the event loop that runs now; only that can use it."""
        return self._loop is asyncio.get_running_loop()

    async def open(self) -> Opened:
        """Shake hands; the caller sees to the deadline."""
        self._conversation.open()
        self._flush()
        return await self._opening

    async def ask(self, method: Method, message: Any, read: Callable[[Any], Any], within: float) -> Any:
        """Send a request and return what is read in the response.

        Parameters
        ----------
        method : Method
            What to ask.
        message : message
            The request.
        read : callable
            Makes of the response what is wanted. A `ProtocolError` of its costs the connection.
        within : float
            Seconds to wait.

        Raises
        ------
        DisconnectedError, ReplyTimeoutError, ProtocolError
            If no good answer arrived.
        """
        if self.error is not None:
            raise self._told_to_others(self.error)
        asked_at = time.monotonic()
        serial = self._conversation.request(method, message)
        answer = self._waiting[serial] = self._loop.create_future()
        self._flush()
        try:
            async with asyncio.timeout(within):
                response = await answer
        except ReplyTimeoutError:
            raise  # the gateway's own words; also a TimeoutError, but it is not our clock that ran out
        except TimeoutError:
            raise self._too_late(asked_at, within, method) from None
        finally:
            self._waiting.pop(serial, None)
            self._conversation.forget(serial)
        return self._read(response, read, serial)

    def close(self, reason: str = "the client was closed") -> None:
        """End the connection, from whatever thread; whoever still waits is told that it is over."""
        error = DisconnectedError(f"{self.address}: {reason}", address=str(self.address))
        if self.is_here or self._loop.is_closed():
            self._end(error)
        else:
            self.call_soon(self._end, error)

    def call_soon(self, work: Callable[..., object], *args: object) -> None:
        """Do something in the connection's event loop, from whatever thread."""
        with suppress(RuntimeError):  # the loop has ended, and there is nothing left to do in it
            self._loop.call_soon_threadsafe(work, *args)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the open socket."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # for the type checker: TCP has no other
        self._transport = transport
        log.debug("= %s connected", self.address)

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        self._conversation.receive_data(data, time.monotonic())
        self._flush()  # what the layout answers by itself, such as a WebSocket's pong
        self._handle_events()

    def eof_received(self) -> None:
        """Take the peer's end of file."""
        self._conversation.receive_eof()
        self._handle_events()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the socket."""
        self._conversation.receive_eof()
        self._handle_events(exc)

    # What they lead to.

    def _handle_events(self, cause: Exception | None = None) -> None:
        for event in self._conversation.events_received():
            match event:
                case Replied():
                    self._heard_at = time.monotonic()
                    self._deliver(event)
                case Failed():
                    self._fail(event)
                case Opened():
                    self._begin(event)
                case Pushed() | Quiet() | Heard():
                    self._watch(self, event)
                case Broken():
                    hint = _OTHER_PORT if self.session is None else ""
                    self._end(_located(event.error, self.address, hint), cause)

    def _deliver(self, reply: Replied) -> None:
        answer = self._waiting.get(reply.serial_no)
        if answer is not None and not answer.done():
            answer.set_result(reply.message)

    def _fail(self, failed: Failed) -> None:
        self._heard_at = time.monotonic()
        answer = self._waiting.get(failed.serial_no)
        if answer is not None and not answer.done():
            answer.set_exception(_located(failed.error, self.address))

    def _begin(self, session: Opened) -> None:
        self.session = session
        if not self._opening.done():
            self._opening.set_result(session)
        self._schedule_tick()

    def _schedule_tick(self) -> None:
        due = self._conversation.due
        if due is not None:
            self._timer = self._loop.call_later(max(due - time.monotonic(), 0), self._tick)

    def _tick(self) -> None:
        self._conversation.tick(time.monotonic(), int(time.time()))
        self._flush()
        self._handle_events()
        self._schedule_tick()

    def _read(self, response: Any, read: Callable[[Any], Any], serial: int) -> Any:
        try:
            return read(response)
        except ProtocolError as error:
            told = ProtocolError(f"{self.address}: {error}", serial_no=serial)
            self._end(told, error, is_answer=True)
            raise copied(told) from error

    def _flush(self) -> None:
        data = self._conversation.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(data)

    def _end(self, error: CapflowError, cause: Exception | None = None, *, is_answer: bool = False) -> None:
        if self.error is not None:
            return
        serial = error.serial_no if isinstance(error, ProtocolError) else None
        self._has_culprit = is_answer or serial in self._waiting
        error.__cause__ = cause
        self.error = error
        log.debug("! %s %s", self.address, error)
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None and not self._loop.is_closed():
            self._transport.abort()
        self._fail_all(error)
        self._watch(self, Broken(error))

    def _fail_all(self, error: CapflowError) -> None:
        if not self._opening.done():
            self._opening.set_exception(error)
        for serial, answer in self._waiting.items():
            if not answer.done():
                at_fault = isinstance(error, ProtocolError) and error.serial_no in (None, serial)
                answer.set_exception(copied(error) if at_fault else self._told_to_others(error))

    def _told_to_others(self, error: CapflowError) -> DisconnectedError:
        """Return what a request is told that has no part in the connection's end but to lose it."""
        if isinstance(error, DisconnectedError):
            return copied(error)
        where = str(self.address)
        lost = DisconnectedError(f"the connection to {where} ended: {error}", address=where)
        # Only where a request here was at fault will others not meet the same again; see AsyncClient.
        lost.__cause__ = error if self._has_culprit else _by_nobody(error)
        return lost

    def _too_late(self, asked_at: float, within: float, method: Method) -> ReplyTimeoutError:
        error = ReplyTimeoutError(
            f"{self.address} did not answer {method.name} within {within:.3g} s; "
            "try again, or allow more with timeout=",
            address=str(self.address),
        )
        if self._heard_at < asked_at:
            # Not one answer to anybody since: the connection is more likely stuck than the gateway slow.
            self._end(copied(error))
        return error


def _by_nobody(error: CapflowError) -> CapflowError:
    """Return the error without the number of a request that nobody here has made."""
    return ProtocolError(str(error)) if isinstance(error, ProtocolError) else error


def _located(error: CapflowError, address: Address, hint: str = "") -> CapflowError:
    """Return the error with the address in it, and what may be the matter if it breaks the protocol."""
    text = f"{address}: {error}"
    if isinstance(error, TransportError):
        return type(error)(text, address=str(address))
    if isinstance(error, ProtocolError):
        return ProtocolError(sentences(text, hint), serial_no=error.serial_no)
    return error
