"""The client: one verb for every query, over one connection that is made again when it was lost.

Every call has one deadline for connecting, shaking hands and the answer; only the wait for the rate
budget stops the clock. All requests are reads, so one whose connection died under it is asked once more.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pd_capflow.client.batch import Errors, Outcome, Plan, plan_distribution, plan_flow
from pd_capflow.client.deadline import Deadline
from pd_capflow.client.dial import dial
from pd_capflow.client.neighbours import AsyncNeighbours
from pd_capflow.client.pacing import pacer_for
from pd_capflow.client.progress import ProgressOption, meter_for
from pd_capflow.errors import (
    CapflowError,
    DisconnectedError,
    ProtocolError,
    QueryError,
    RateLimitError,
    ReplyTimeoutError,
    TransportError,
)
from pd_capflow.flow.queries import Query

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from pd_capflow.client.connection import Connection
    from pd_capflow.client.progress import Meter
    from pd_capflow.client.settings import Settings
    from pd_capflow.flow.queries import CapitalQuery

__all__ = ["AsyncClient"]

R = TypeVar("R")

# Requests that may await their answers at one time, however fast the rate lets them out.
_IN_FLIGHT = 64


class AsyncClient(AsyncNeighbours):
    """A client for use in an event loop. `pd_capflow.connect_async` makes one.

    Parameters
    ----------
    settings : Settings
        Where to, and how.

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

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._pacer = pacer_for(settings.address, settings.rate)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connecting = asyncio.Lock()
        self._connection: Connection | None = None
        self._failure: CapflowError | None = None
        self._closed = False
        self._closing = asyncio.Event()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "connected" if self.connected else "not connected"
        return f"<{type(self).__name__} {self.settings.address} {state}>"

    @property
    def connected(self) -> bool:
        """Whether a connection stands; if not, the next call makes one."""
        return self._connection is not None and self._connection.usable

    async def connect(self) -> Self:
        """Make sure that a connection stands."""
        self._settle()
        await self._usable_connection(Deadline(self.settings.timeout))
        return self

    async def close(self) -> None:
        """End the connection. Calls under way fail, later ones too. Closing twice is fine."""
        self._settle()
        self._closed = True
        self._closing.set()
        if self._connection is not None:
            self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def capital_flow(
        self,
        codes: Any,
        period: str = "intraday",
        start: Any = None,
        end: Any = None,
        *,
        errors: Errors = "raise",
        progress: ProgressOption = None,
    ) -> pd.DataFrame:
        """Return the capital flow of one or more codes; see `Client.capital_flow`."""
        return await self._frame(plan_flow(codes, period, start, end, errors), progress)

    async def capital_distribution(
        self, codes: Any, *, errors: Errors = "raise", progress: ProgressOption = None
    ) -> pd.DataFrame:
        """Return gross in- and outflow of one or more codes; see `Client.capital_distribution`."""
        return await self._frame(plan_distribution(codes, errors), progress)

    async def fetch(self, query: Query[R]) -> R:
        """Return the answer to one query; see `Client.fetch`."""
        answers = await self.answers(query)
        return query.result(answers, self.source())

    async def _frame(self, plan: Plan, progress: ProgressOption) -> pd.DataFrame:
        with self.meter(plan, progress) as meter:
            outcome = await self.outcome(plan, meter)
        return plan.frame(outcome)

    def meter(self, plan: Plan, progress: ProgressOption) -> Meter:
        """Return the meter that shows a plan's progress."""
        return meter_for(progress, len(plan.queries), self._pacer.room(plan.queries[0].method))

    async def answers(self, query: Query[Any]) -> list[Any]:
        """Ask a query and what follows it up, and return what was read."""
        if not isinstance(query, Query):
            raise QueryError(f"{query!r} is no query; expected one such as CapitalFlow('HK.00700')")
        found: list[Any] = []
        left: Query[Any] | None = query
        while left is not None:
            answer = await self._ask(left, _in_silence)
            found.append(answer)
            left = left.follow_up(answer)
        return found

    def source(self) -> dict[str, Any]:
        """Return where answers come from: the ``url``, and whether it is a ``demo``."""
        address = self.settings.address
        session = self._connection.session if self._connection is not None else None
        return {"url": str(address), "demo": address.is_demo or bool(session and session.demo)}

    async def outcome(self, plan: Plan, meter: Meter) -> Outcome:
        """Ask all of a plan's queries, and gather what came and what went wrong."""
        self._settle()
        outcome = Outcome()
        free = asyncio.Semaphore(_IN_FLIGHT)

        async def ask_one(query: CapitalQuery) -> None:
            async with free:
                try:
                    outcome.parts[query.security] = await self._ask(query, meter.waiting)
                except CapflowError as error:
                    outcome.errors[query.security] = error
            meter.done()

        if len(plan.queries) == 1:
            await ask_one(plan.queries[0])
        else:
            try:
                async with asyncio.TaskGroup() as group:
                    for query in plan.queries:
                        group.create_task(ask_one(query))
            except BaseExceptionGroup as several:
                # No failure of ours: a progress function that raised, or a warning made an error.
                raise several.exceptions[0] from None
        outcome.source = self.source()
        return outcome

    async def _ask(self, query: Query[Any], on_wait: Callable[[float], None]) -> Any:
        """Ask until there is an answer that is not a refusal for asking too often."""
        since = time.monotonic()
        while True:
            response = await self._ask_twice(query, on_wait)
            try:
                answer = query.read(response)
            except RateLimitError:
                if not self._pacer.refused(query.method, since):
                    raise
            except ProtocolError as error:
                raise ProtocolError(f"{self.settings.address}: {error}", serial_no=error.serial_no) from error
            else:
                self._pacer.granted(query.method)
                return answer

    async def _ask_twice(self, query: Query[Any], on_wait: Callable[[float], None]) -> Any:
        """Ask, and once more if the connection dies meanwhile. The first error is the one that counts."""
        deadline = Deadline(self.settings.timeout)
        try:
            return await self._ask_once(query, deadline, on_wait)
        except DisconnectedError as first:
            if self._closed:
                raise
            try:
                return await self._ask_once(query, deadline, on_wait)
            except TransportError as second:
                # A connection given up for its silence, and no time for another: then silence it was.
                late = first.__cause__
                raise (copy(late) if isinstance(late, ReplyTimeoutError) else first) from second

    async def _ask_once(self, query: Query[Any], deadline: Deadline, on_wait: Callable[[float], None]) -> Any:
        await self._usable_connection(deadline)
        if query.is_paced:
            with deadline.stopped():
                await self._pacer.acquire(query.method, on_wait, self._sleep)
        # The wait may have outlived the connection.
        connection = await self._usable_connection(deadline)
        return await connection.ask(query.method, query.request(), deadline.left)

    def _settle(self) -> None:
        """Be at home in the running loop: locks and events belong to the one that first waits for them."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._connecting = asyncio.Lock()
            self._closing = asyncio.Event()

    async def _usable_connection(self, deadline: Deadline) -> Connection:
        connection = self._standing_connection()
        if connection is not None and not self._closed:
            return connection
        return await self._connect_once(deadline)

    def _standing_connection(self) -> Connection | None:
        connection = self._connection
        return connection if connection is not None and connection.usable and connection.is_here else None

    async def _connect_once(self, deadline: Deadline) -> Connection:
        """Connect, or wait for whoever is at it and share how that ends; both within the deadline."""
        failure = self._failure
        async with self._connecting:
            self._check_open()
            connection = self._standing_connection()
            if connection is None:
                if self._failure is not None and self._failure is not failure:
                    raise copy(self._failure)
                connection = self._connection = await self._dial(deadline)
            if self._closed:
                connection.close()
            self._check_open()
            return connection

    async def _dial(self, deadline: Deadline) -> Connection:
        try:
            return await dial(self.settings, deadline.left)
        except CapflowError as error:
            self._failure = copy(error)  # without the traceback, which holds on to the client
            raise

    async def _sleep(self, seconds: float) -> None:
        """Sleep, unless the client is closed meanwhile: then raise that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        self._check_open()

    def _check_open(self) -> None:
        if self._closed:
            address = self.settings.address
            raise DisconnectedError(f"the client of {address} was closed; connect anew", address=str(address))


def _in_silence(_seconds: float) -> None:
    """Wait for the rate budget without telling anybody."""
