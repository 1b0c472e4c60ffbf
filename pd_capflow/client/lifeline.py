"""The connection of a client, made when it is needed and made again when it was lost.

However many callers need it at a time, one connects and the others wait for how that ends, each within
its own deadline. Where nobody ever listened, an attempt fails at once. A gateway that was there and has
gone may be restarting: then a call tries again until its deadline, and a client that somebody listens to
tries again by itself until it is closed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pd_capflow.client.backoff import pauses
from pd_capflow.client.clock import MONOTONIC
from pd_capflow.client.copies import copied
from pd_capflow.client.deadline import Deadline
from pd_capflow.client.dial import dial
from pd_capflow.client.notice import read_notice
from pd_capflow.errors import (
    AuthenticationError,
    CapflowError,
    ConnectError,
    DisconnectedError,
    ProtocolError,
    QueryError,
    StoreError,
    TransportError,
)
from pd_capflow.protocol.events import Broken, Heard, Pushed, Quiet

if TYPE_CHECKING:
    from pd_capflow.client.clock import PacingClock
    from pd_capflow.client.connection import Connection
    from pd_capflow.client.link import Line
    from pd_capflow.client.settings import Settings
    from pd_capflow.protocol.events import ClientEvent

__all__ = ["Lifeline"]

# Of a call; it should not sleep much longer than a gateway takes to come back.
_LONGEST_PAUSE = 1.0
# A failure is by time-out if no more than this part of a timeout was left, and who has no more than that
# left need not try for himself.
_NO_TIME = 0.02


@dataclass(frozen=True, slots=True)
class _Failure:
    """How an attempt to connect ended, and whether more time might have helped."""

    error: CapflowError
    is_late: bool


@dataclass(frozen=True, slots=True)
class _Home:
    """What belongs to one event loop: locks and events are of no use in another."""

    loop: asyncio.AbstractEventLoop
    connecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def close(self) -> None:
        """Wake whoever sleeps in the loop, from whatever thread."""
        if self.loop is asyncio.get_running_loop():
            self.closing.set()
        else:
            with suppress(RuntimeError):  # the loop has ended, and who slept there
                self.loop.call_soon_threadsafe(self.closing.set)


class Lifeline:
    """The one connection of a client.

    Parameters
    ----------
    settings : Settings
        Where to, and how.
    line : Line
        Whom to tell how it goes.
    """

    def __init__(self, settings: Settings, line: Line) -> None:
        self.connection: Connection | None = None
        self.is_closed = False
        self._settings = settings
        self._line = line
        self._homes: list[_Home] = []
        self._failure: _Failure | None = None
        self._has_stood = False
        self._healer: asyncio.Task[None] | None = None

    @property
    def stands(self) -> bool:
        """Whether there is a connection that can be used, in whatever loop."""
        return not self.is_closed and self.connection is not None and self.connection.usable

    async def connect(self, deadline: Deadline) -> Connection:
        """Return the connection; make it, or share in the attempt that is under way."""
        connection = self._standing()
        if connection is not None and not self.is_closed:
            return connection
        return await self._connect_in_turn(deadline, _LONGEST_PAUSE)

    def standing(self) -> Connection:
        """Return the connection that stands; make none."""
        self._check_open()
        connection = self._standing()
        if connection is None:
            where = str(self._settings.address)
            raise DisconnectedError(f"the connection to {where} was lost", address=where)
        return connection

    def close(self) -> None:
        """End the connection, and whoever waits for one, for good."""
        self.is_closed = True
        for home in self._homes:
            home.close()
        if self.connection is not None:
            self.connection.close()
        if self._line.link.status != "closed":
            self._line.move("closed")

    async def sleep(self, seconds: float, clock: PacingClock = MONOTONIC) -> None:
        """Sleep, unless the client is closed meanwhile: then raise that."""
        await clock.sleep(seconds, self._home().closing)
        self._check_open()

    def nudge(self) -> None:
        """Connect again by itself if a connection was lost and somebody listens now; from any thread."""
        if self.connection is not None and not self.stands:
            self.connection.call_soon(self._heal_soon)

    def _standing(self) -> Connection | None:
        connection = self.connection
        return connection if connection is not None and connection.usable and connection.is_here else None

    def _home(self) -> _Home:
        loop = asyncio.get_running_loop()
        for home in self._homes:
            if home.loop is loop:
                return home
        self._homes = [home for home in self._homes if not home.loop.is_closed()]
        self._homes.append(_Home(loop))
        return self._homes[-1]

    async def _connect_in_turn(self, deadline: Deadline, longest_pause: float | None) -> Connection:
        seen = self._failure
        connecting = self._home().connecting
        await self._take_turn(connecting, deadline)
        try:
            self._check_open()
            connection = self._standing()
            if connection is None:
                if self._failure is not seen:
                    self._share(deadline)
                connection = await self._connect(deadline, longest_pause)
            self._check_open()
            return connection
        finally:
            connecting.release()

    async def _take_turn(self, connecting: asyncio.Lock, deadline: Deadline) -> None:
        try:
            async with asyncio.timeout(deadline.left):
                await connecting.acquire()
        except TimeoutError:
            if self._failure is not None:
                raise copied(self._failure.error) from None
            where = str(self._settings.address)
            raise ConnectError(f"no gateway at {where}: no answer in time", address=where) from None

    def _share(self, deadline: Deadline) -> None:
        """Raise how the attempt ended that was waited for, unless the time that is left may end it better."""
        if self._failure is not None and not (self._failure.is_late and self._is_worth_a_try(deadline)):
            raise copied(self._failure.error)

    def _is_worth_a_try(self, deadline: Deadline) -> bool:
        return deadline.left > _NO_TIME * self._settings.timeout

    async def _connect(self, deadline: Deadline, longest_pause: float | None) -> Connection:
        """Dial until there is a connection; once only without pauses, or if there never was one."""
        rests = pauses(longest_pause or 0.0)
        attempt = 1
        while True:
            try:
                return await self._dial(deadline, attempt)
            except TransportError as error:
                pause = next(rests)
                is_final = isinstance(error, AuthenticationError) or pause >= deadline.left
                if longest_pause is None or is_final or not self._has_stood:
                    self._failure = _Failure(copied(error), attempt > 1 or not self._is_worth_a_try(deadline))
                    self._has_stood = False
                    raise
                attempt += 1
                self._line.move("waiting", error, attempt)
            except CapflowError as error:
                self._failure = _Failure(copied(error), is_late=False)
                raise
            await self.sleep(pause)

    async def _dial(self, deadline: Deadline, attempt: int) -> Connection:
        self._line.move("connecting", attempt=attempt)
        try:
            connection = await dial(self._settings, deadline.left, self._watch)
        except CapflowError as error:
            told = self._line.explained(error)
            self._move_apart(told)
            raise told from error.__cause__
        except BaseException:
            self._move_apart(None)
            raise
        self.connection = connection
        self._has_stood = True
        if self.is_closed:
            connection.close()
        elif connection.usable:
            self._line.move("connected")
        else:
            self._move_apart(connection.error)
        return connection

    def _move_apart(self, reason: CapflowError | None) -> None:
        if not self.is_closed:
            self._line.move("disconnected", reason)

    def _watch(self, connection: Connection, event: ClientEvent | Broken) -> None:
        """Take what happens to a connection, while it stands."""
        if isinstance(event, Pushed):
            notice = read_notice(event.message)
            if notice is not None:
                self._line.notice(notice)
        elif connection is self.connection and not self.is_closed:
            match event:
                case Quiet():
                    self._line.move("quiet")
                case Heard():
                    self._line.move("connected")
                case Broken():
                    self._line.move("disconnected", event.error)
                    self._heal_soon()

    def _heal_soon(self) -> None:
        is_healing = self._healer is not None and not self._healer.done()
        if self._line.states.are_there and not is_healing and not self.is_closed and not self.stands:
            self._healer = asyncio.get_running_loop().create_task(self._heal())

    async def _heal(self) -> None:
        """Connect again by itself, as long as somebody listens."""
        with suppress(DisconnectedError):  # closed while it slept
            for attempt, pause in enumerate(pauses(), 1):
                self._line.move("waiting", self._line.link.reason, attempt)
                await self.sleep(pause)
                if self.stands:
                    return
                if not self._line.states.are_there:
                    self._move_apart(self._line.link.reason)
                    return
                try:
                    await self._connect_in_turn(Deadline(self._settings.timeout), None)
                except (AuthenticationError, QueryError, StoreError):
                    return  # no use to try again
                except (TransportError, ProtocolError):
                    continue
                return

    def _check_open(self) -> None:
        if self.is_closed:
            where = str(self._settings.address)
            raise DisconnectedError(f"the client of {where} was closed; connect anew", address=where)
