"""One client's connection to the gateway: its conversation, its turn, and its end."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from pd_capflow.gateway.handlers import HANDLERS, Refusal
from pd_capflow.gateway.texts import say
from pd_capflow.protocol.conversation import ServerConversation, State
from pd_capflow.protocol.events import Asked, Broken
from pd_capflow.protocol.messages import GLOBAL_STATE, INIT_CONNECT, INIT_WEBSOCKET, NOTIFY

if TYPE_CHECKING:
    from pd_capflow.gateway.server import Gateway

__all__ = ["KEEP_ALIVE_INTERVAL", "Session"]

log = logging.getLogger("pd_capflow.gateway")

#: Seconds between keep-alives that the gateway asks for, and of silence after which it hangs up.
KEEP_ALIVE_INTERVAL = 10
SILENCE_LIMIT = 3 * KEEP_ALIVE_INTERVAL

_INVALID_PACKET = -500
_WRONG_KEY = 1
_OPENINGS = (INIT_CONNECT, INIT_WEBSOCKET)


class Session(asyncio.Protocol):
    """One client's connection.

    Parameters
    ----------
    gateway : Gateway
        Whom to ask for what there is.
    conversation : ServerConversation
        A new one.
    """

    def __init__(self, gateway: Gateway, conversation: ServerConversation) -> None:
        self._gateway = gateway
        self._conversation = conversation
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._due: deque[Asked | Broken] = deque()
        self._next_turn: asyncio.Handle | None = None
        self._stuck = False
        self._number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the open socket."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # for the type checker: a socket has no other
        self._transport = transport
        if not self._gateway.enter(self):
            transport.abort()
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Take the end of the socket."""
        self._gateway.leave(self)
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Take bytes, and answer what they ask."""
        self._heard_at = self._loop.time()
        self._conversation.receive_data(data)
        self._due.extend(self._conversation.events_received())
        self._flush()  # what the layout answers by itself, such as a WebSocket's opening
        if self._next_turn is None:
            self._take_turn()

    def pause_writing(self) -> None:
        """Answer and read nothing more while the client does not read its answers."""
        self._stuck = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read and answer on."""
        self._stuck = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            if self._next_turn is None:
                self._take_turn()

    def notify(self, response: Any) -> bool:
        """Push a notice, if the client wants any; return whether."""
        wanted = self._conversation.state is State.OPEN and self._conversation.wants_notify
        if wanted:
            self._conversation.push(NOTIFY, response)
            self._flush()
        return wanted

    def hang_up(self) -> None:
        """Close the connection once what is due has been sent."""
        if self._transport is not None:
            self._transport.close()

    def _take_turn(self) -> None:
        """Handle one event; the rest wait until every other connection has had its turn."""
        self._next_turn = None
        if not self._due or self._stuck:
            return
        event = self._due.popleft()
        if isinstance(event, Broken):
            log.warning("! %s", event.error)
            self._flush()
            self.hang_up()
            return
        self._handle(event)
        self._due.extend(self._conversation.events_received())
        self._flush()
        if self._due:
            self._next_turn = self._loop.call_soon(self._take_turn)

    def _handle(self, asked: Asked) -> None:
        log.debug("< %s", asked.packet)
        try:
            self._answer(asked)
        except Refusal as refusal:
            text = say(refusal.key, self._gateway.language, **refusal.facts)
            self._conversation.refuse(asked, text, _INVALID_PACKET if refusal.key == "unreadable" else -1)
        except Exception as error:  # a fault of ours costs its own request, and not the connection
            log.exception("! %s", asked.packet)
            # The rest may hold what is none of a client's business, such as a path.
            self._conversation.refuse(asked, say("failed", self._gateway.language, what=type(error).__name__))

    def _answer(self, asked: Asked) -> None:
        if asked.fault is not None:
            raise Refusal("unreadable")
        if asked.method in _OPENINGS and self._conversation.state is State.OPENING:
            self._open(asked)
            return
        if self._conversation.state is not State.OPEN:
            raise Refusal("not_initialised")
        if asked.method is None or asked.method not in HANDLERS:
            raise Refusal("unknown_method")
        response = self._gateway.response(asked.method, asked.message.c2s)
        if asked.method is GLOBAL_STATE and not isinstance(response, bytes) and response.HasField("s2c"):
            response.s2c.connID = self._number
        self._conversation.reply(asked, response)

    def _open(self, asked: Asked) -> None:
        if asked.method is INIT_CONNECT:
            self._welcome(asked, self._gateway.welcome(self._gateway.algorithm(asked)))
        elif self._gateway.knows_key(asked.message.c2s):
            self._welcome(asked, self._gateway.welcome_websocket())
        else:
            self._conversation.fail(asked, _WRONG_KEY, "auth failed")

    def _welcome(self, asked: Asked, response: Any) -> None:
        self._number = response.s2c.connID
        self._conversation.accept(asked, response)

    def _flush(self) -> None:
        data = self._conversation.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(data)

    def _watch(self) -> None:
        """Ping a WebSocket; hang up on a client that has been silent for too long."""
        left = self._heard_at + SILENCE_LIMIT - self._loop.time()
        if left <= 0:
            self.hang_up()
            return
        self._conversation.keep_alive()
        self._flush()
        self._timer = self._loop.call_later(min(left, KEEP_ALIVE_INTERVAL), self._watch)
