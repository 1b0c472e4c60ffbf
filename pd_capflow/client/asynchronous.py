"""The client: one verb for every query, over one connection that is made again when it was lost.

Every call has one deadline for connecting, shaking hands and the answer; only the wait for the rate
budget stops the clock. All requests are reads, so one whose connection died under it is asked once more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pd_capflow.client.clock import MONOTONIC
from pd_capflow.client.copies import copied
from pd_capflow.client.deadline import Deadline
from pd_capflow.client.lifeline import Lifeline
from pd_capflow.client.link import Line, Link, Listeners
from pd_capflow.client.pacing import Booking, Pacer, pacer_for
from pd_capflow.client.patience import Patience
from pd_capflow.client.progress import meter_for
from pd_capflow.client.verbs import AsyncVerbs
from pd_capflow.errors import (
    CapflowError,
    DisconnectedError,
    GatewayError,
    ProtocolError,
    QueryError,
    RateLimitError,
    ReplyTimeoutError,
    TransportError,
)
from pd_capflow.flow.frames import recorded_in
from pd_capflow.flow.queries import GatewayState, Query
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from pd_capflow.client.batch import Outcome, Plan
    from pd_capflow.client.budget import Budget
    from pd_capflow.client.clock import PacingClock
    from pd_capflow.client.connection import Connection
    from pd_capflow.client.notice import Notice
    from pd_capflow.client.progress import Meter
    from pd_capflow.client.settings import Settings
    from pd_capflow.flow.queries import CapitalQuery
    from pd_capflow.protocol.messages import Method

__all__ = ["AsyncClient"]

R = TypeVar("R")

# Requests that may await their answers at one time, however fast the rate lets them out.
_IN_FLIGHT = 64
# Of what a gateway says of itself.
_LONGEST_TOLD = 200


class AsyncClient(AsyncVerbs):
    """A client for use in an event loop. `pd_capflow.connect_async` makes one.

    Parameters
    ----------
    settings : Settings
        Where to, and how.
    states, pushes : Listeners, optional
        Whom to tell of the link, and of notices.
    clock : PacingClock, optional
        What pacing goes by instead of the system's clock; the budget is then the client's own.

    Examples
    --------
    >>> import asyncio, pd_capflow
    >>> async def main():
    ...     async with await pd_capflow.connect_async("demo://") as client:
    ...         return await client.capital_flow("HK.00700", "day")
    >>> frame = asyncio.run(main())
    >>> frame.index.name
    'time'
    """

    def __init__(
        self,
        settings: Settings,
        states: Listeners[Link] | None = None,
        pushes: Listeners[Notice] | None = None,
        *,
        clock: PacingClock | None = None,
    ) -> None:
        self.settings = settings
        self._clock = clock or MONOTONIC
        own = Pacer(settings.rate, clock=clock) if clock else None
        self._pacer = own or pacer_for(settings.address, settings.rate)
        states = Listeners() if states is None else states
        pushes = Listeners() if pushes is None else pushes
        self._line = Line(str(settings.address), states, pushes)
        self._lifeline = Lifeline(settings, self._line)

    def __repr__(self) -> str:
        closed = self._lifeline.is_closed
        state = "closed" if closed else "connected" if self.connected else "not connected"
        return f"<{type(self).__name__} {self.settings.address} {state}>"

    @property
    def connected(self) -> bool:
        """Whether a connection stands; if not, the next call makes one."""
        return self._lifeline.stands

    @property
    def link(self) -> Link:
        """How the client stands with its gateway; asks nobody."""
        return self._line.link

    def on_state(self, listener: Callable[[Link], object]) -> Callable[[], None]:
        """Call a function with the `Link` whenever that changes; see `Client.on_state`."""
        remove = self._line.states.add(listener)
        self._lifeline.nudge()
        return remove

    def on_push(self, listener: Callable[[Notice], object]) -> Callable[[], None]:
        """Call a function with every `Notice` of the gateway; see `Client.on_push`."""
        return self._line.pushes.add(listener)

    async def connect(self) -> Self:
        """Make sure that a connection stands."""
        await self._lifeline.connect(Deadline(self.settings.timeout))
        return self

    async def close(self) -> None:
        """End the connection. Calls under way fail, later ones too. Closing twice is fine."""
        self._lifeline.close()
        if self.settings.capture is not None:
            self.settings.capture.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def room(self, method: Method) -> float:
        """Return how many requests could be sent at once now."""
        return self._pacer.room(method)

    def budget_of(self, method: Method) -> Budget:
        """Return the rate budget of an interface."""
        return self._pacer.budget(method)

    def time_for(self, method: Method, requests: int) -> float:
        """Return the seconds until so many requests more can have been sent."""
        return self._pacer.time_for(method, requests)

    async def answers(self, query: Query[Any]) -> list[Any]:
        """Ask a query and what follows it up, and return what was read."""
        if not isinstance(query, Query):
            raise QueryError(f"{query!r} is no query; expected one such as CapitalFlow('HK.00700')")
        found: list[Any] = []
        left: Query[Any] | None = query
        meter = meter_for(None, 1)
        while left is not None:
            answer = await self._ask(left, meter)
            found.append(answer)
            left = left.follow_up(answer)
        return found

    def source(self) -> dict[str, Any]:
        """Return where answers come from: the ``url``, whether it is a ``demo``, and what is ``recorded``."""
        address = self.settings.address
        connection = self._lifeline.connection
        session = connection.session if connection is not None else None
        recorded = one_line(session.recorded, _LONGEST_TOLD) if session else ""
        is_demo = address.is_demo or bool(session and session.demo)
        return {"url": str(address), "demo": is_demo, **recorded_in({"recorded": recorded})}

    async def outcome(self, plan: Plan, meter: Meter, outcome: Outcome) -> Outcome:
        """Ask all of a plan's queries, and gather what came and what went wrong."""
        free = asyncio.Semaphore(_IN_FLIGHT)
        patience = Patience(self.settings.timeout)
        tasks: list[asyncio.Task[None]] = []

        async def ask_one(query: CapitalQuery) -> None:
            try:
                async with free:
                    outcome.parts[query.security] = await self._ask(query, meter)
                patience.answered()
            except CapflowError as error:
                outcome.errors[query.security] = error
                patience.heard(error)
                if patience.lost is not None:
                    _cancel_others(tasks)
            except asyncio.CancelledError:
                if patience.lost is None:
                    raise
                outcome.errors[query.security] = copied(patience.lost)
            meter.done()

        if len(plan.queries) == 1:
            await ask_one(plan.queries[0])
        else:
            try:
                async with asyncio.TaskGroup() as group:
                    tasks += [group.create_task(ask_one(query)) for query in plan.queries]
            except BaseExceptionGroup as several:
                # No failure of ours: a progress function that raised, or a warning made an error.
                raise several.exceptions[0] from None
        outcome.source = self.source()
        return outcome

    async def _ask(self, query: Query[Any], meter: Meter) -> Any:
        """Ask until there is an answer that is not a refusal for asking too often."""
        since = self._pacer.now()
        while True:
            try:
                answer = await self._ask_twice(query, meter)
            except RateLimitError:
                if not self._pacer.refused(query.method, since):
                    raise
            except GatewayError as error:
                raise self._line.explained(error) from None
            else:
                self._pacer.granted(query.method)
                self._learn(answer)
                return answer

    async def _ask_twice(self, query: Query[Any], meter: Meter) -> Any:
        """Ask, and once more if the connection dies meanwhile. The first error is the one that counts."""
        deadline = Deadline(self.settings.timeout)
        try:
            return await self._ask_once(query, deadline, meter)
        except DisconnectedError as first:
            if self._lifeline.is_closed:
                raise
            return await self._ask_again(query, deadline, meter, first)

    async def _ask_again(
        self, query: Query[Any], deadline: Deadline, meter: Meter, first: DisconnectedError
    ) -> Any:
        """Ask after a loss; and again where the answer to another request costs this connection, too.

        Who asked for that answer has an error by then and asks no more, so this ends.
        """
        for _ in range(_IN_FLIGHT):
            try:
                return await self._ask_once(query, deadline, meter)
            except TransportError as second:
                if _is_of_another(second) and not self._lifeline.is_closed:
                    continue
                cause = first.__cause__
                if isinstance(cause, ReplyTimeoutError):
                    # A connection given up for its silence, and no time for another: then silence it was.
                    raise copied(cause) from second
                raise first from (cause or second)
        raise first

    async def _ask_once(self, query: Query[Any], deadline: Deadline, meter: Meter) -> Any:
        await self._lifeline.connect(deadline)
        with deadline.stopped():
            booking = await self.reserve(query, meter)
        # The wait may have outlived the connection.
        connection = await self._lifeline.connect(deadline)
        return await self._send(query, booking, connection, deadline.left, meter)

    async def reserve(self, query: Query[Any], meter: Meter) -> Booking:
        """Wait until the rate budget lets a query out, and count it."""
        if not query.is_paced:
            return Booking()
        return await self._pacer.acquire(query.method, meter.waiting, self._sleep)

    async def try_once(self, query: Query[Any], booking: Booking, meter: Meter) -> Any:
        """Ask a query that was let out, and leave it to others to ask again."""
        try:
            connection = self._lifeline.standing()
            answer = await self._send(query, booking, connection, self.settings.timeout, meter)
        except RateLimitError:
            raise
        except GatewayError as error:
            raise self._line.explained(error) from None
        self._pacer.granted(query.method)
        return answer

    def refused(self, query: Query[Any], since: float) -> bool:
        """Take note of a refusal for asking too often, and tell whether to ask again; see `Pacer.refused`."""
        return self._pacer.refused(query.method, since)

    def now(self) -> float:
        """Return seconds on the clock that pacing goes by."""
        return self._pacer.now()

    def nudge(self) -> None:
        """Make a lost connection again by itself, if somebody listens; from any thread."""
        self._lifeline.nudge()

    async def _send(
        self, query: Query[Any], booking: Booking, connection: Connection, within: float, meter: Meter
    ) -> Any:
        try:
            with meter.under_way():
                return await connection.ask(query.method, query.request(), query.read, within)
        finally:
            self._pacer.answered(query.method, booking)

    async def _sleep(self, seconds: float) -> None:
        await self._lifeline.sleep(seconds, self._clock)

    def _learn(self, answer: Any) -> None:
        if isinstance(answer, GatewayState):
            self._line.learn(
                logged_in=answer.logged_in, program_status=answer.program_status, markets=answer.markets
            )


def _is_of_another(error: TransportError) -> bool:
    """Tell whether a connection ended by what was answered to another request."""
    cause = error.__cause__
    return (
        isinstance(error, DisconnectedError)
        and isinstance(cause, ProtocolError)
        and cause.serial_no is not None
    )


def _cancel_others(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task is not asyncio.current_task():
            task.cancel()
