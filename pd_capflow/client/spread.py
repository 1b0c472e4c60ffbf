"""One client for several gateways: whoever has room in its rate budget takes the next code.

Every gateway has its own client, connection and budget, and a feeder that takes from one queue. A code
whose gateway fails goes back into the queue, for the others. A gateway that fails rests until it can be
connected to again; when all of them rest at a time, what is left has failed. So nothing is lost, and
nothing comes twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pd_capflow.client.asynchronous import AsyncClient
from pd_capflow.client.budget import Budget
from pd_capflow.client.copies import copied
from pd_capflow.client.link import Listeners
from pd_capflow.client.verbs import AsyncVerbs
from pd_capflow.errors import (
    CapflowError,
    ConnectError,
    DisconnectedError,
    ProtocolError,
    QueryError,
    RateLimitError,
    TransportError,
)
from pd_capflow.flow.frames import recorded_in

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from pd_capflow.client.batch import Outcome, Plan
    from pd_capflow.client.link import Link
    from pd_capflow.client.notice import Notice
    from pd_capflow.client.pacing import Booking
    from pd_capflow.client.progress import Meter
    from pd_capflow.client.settings import Settings
    from pd_capflow.flow.queries import CapitalQuery, Query
    from pd_capflow.protocol.messages import Method

__all__ = ["SpreadClient", "client_for"]

# Requests of one gateway that may await their answers at one time.
_IN_FLIGHT = 32
# What a gateway may do to a code before another is asked.
_Trouble = (TransportError, ProtocolError)
# How often each gateway may fail a code before the code has failed.
_TRIES = 2
# Seconds before a gateway that could not be reached is tried again.
_REST_SECONDS = 1.0

T = TypeVar("T")

log = logging.getLogger("pd_capflow.client")


def client_for(
    settings: Settings, states: Listeners[Link] | None = None, pushes: Listeners[Notice] | None = None
) -> AsyncClient | SpreadClient:
    """Return a client of one gateway or of several, as the settings have it."""
    kind = SpreadClient if settings.others else AsyncClient
    return kind(settings, states, pushes)


class SpreadClient(AsyncVerbs):
    """A client of several gateways, for use in an event loop.

    Parameters
    ----------
    settings : Settings
        Of all of them.
    states, pushes : Listeners, optional
        Whom to tell of the link to each, and of their notices.
    """

    def __init__(
        self,
        settings: Settings,
        states: Listeners[Link] | None = None,
        pushes: Listeners[Notice] | None = None,
    ) -> None:
        self.settings = settings
        states = Listeners() if states is None else states
        pushes = Listeners() if pushes is None else pushes
        self.clients = [AsyncClient(each, states, pushes) for each in settings.each]
        self._states, self._pushes = states, pushes
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "connected" if self.connected else "not connected"
        return f"<{AsyncClient.__name__} {self._names()} {state}>"

    @property
    def connected(self) -> bool:
        """Whether there is a connection to any of them."""
        return any(client.connected for client in self.clients)

    @property
    def link(self) -> Link:
        """How the client stands with the gateway that it stands best with."""
        return max((client.link for client in self.clients), key=lambda link: link.status == "connected")

    @property
    def links(self) -> dict[str, Link]:
        """How the client stands with each, by address."""
        return {str(client.settings.address): client.link for client in self.clients}

    def on_state(self, listener: Callable[[Link], object]) -> Callable[[], None]:
        """Call a function whenever the link to any of them changes; see `Client.on_state`."""
        remove = self._states.add(listener)
        for client in self.clients:
            client.nudge()
        return remove

    def on_push(self, listener: Callable[[Notice], object]) -> Callable[[], None]:
        """Call a function with every notice of any of them; see `Client.on_push`."""
        return self._pushes.add(listener)

    async def connect(self) -> Self:
        """Make sure that there is a connection to one of them at least."""
        tried = await asyncio.gather(*(client.connect() for client in self.clients), return_exceptions=True)
        failed = {client: each for client, each in zip(self.clients, tried, strict=True) if _is_error(each)}
        if len(failed) == len(self.clients):
            raise self.nobody(failed)  # type: ignore[arg-type]  # errors, all of them
        self.check_alike()
        return self

    async def close(self) -> None:
        """End all connections."""
        self._closed = True
        for client in self.clients:
            await client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def source(self) -> dict[str, Any]:
        """Return where answers come from: the addresses as ``url``, and the rest as of one gateway."""
        each = [client.source() for client in self.clients]
        return {"url": self._names(), "demo": any(told["demo"] for told in each), **recorded_in(*each)}

    def room(self, method: Method) -> float:
        """Return how many requests could be sent at once now."""
        return sum(client.room(method) for client in self.clients)

    def budget_of(self, method: Method) -> Budget:
        """Return the rate budget of an interface, of all gateways together."""
        return Budget.together([client.budget_of(method) for client in self.clients])

    def time_for(self, method: Method, requests: int) -> float:
        """Return the seconds until so many requests more can have been sent, a like share by each."""
        share = -(-requests // len(self.clients))
        return max(client.time_for(method, share) for client in self.clients)

    async def answers(self, query: Query[Any]) -> list[Any]:
        """Ask the first of them that answers."""
        failed: dict[AsyncClient, Exception] = {}
        for client in sorted(self.clients, key=lambda client: not client.connected):
            try:
                found = await client.answers(query)
            except _Trouble as error:
                failed[client] = error
            else:
                self.check_alike()
                return found
        raise self.nobody(failed)

    async def outcome(self, plan: Plan, meter: Meter, outcome: Outcome) -> Outcome:
        """Ask all of a plan's queries, spread over the gateways."""
        batch = _Batch(plan.queries, outcome, meter, _TRIES * len(self.clients))
        try:
            async with asyncio.TaskGroup() as group:
                for client in self.clients:
                    group.create_task(_Feeder(self, client, batch).feed())
        except BaseExceptionGroup as several:
            raise _innermost(several) from None
        outcome.source = self.source() | {"by_code": dict(batch.served)}
        return outcome

    def check_alike(self) -> None:
        """Refuse a demo gateway among real ones; only a connection tells what it is."""
        kinds = {bool(client.source()["demo"]) for client in self.clients if client.connected}
        if len(kinds) > 1:
            raise QueryError(
                f"some of {self._names()} are demo gateways and some are not; invented numbers must not mix "
                "with real ones: name gateways of one kind"
            )

    def nobody(self, failed: Mapping[AsyncClient, Exception]) -> CapflowError:
        """Return what is told to codes that no gateway is left for."""
        reasons = "; ".join(str(error) for error in failed.values())
        kind = DisconnectedError if self._closed else ConnectError
        return kind(f"none of {len(self.clients)} gateways answers: {reasons}", address=self._names())

    def _names(self) -> str:
        return ", ".join(str(client.settings.address) for client in self.clients)


class _Batch:
    """The codes that are left, and what came of the others."""

    def __init__(self, queries: Iterable[CapitalQuery], outcome: Outcome, meter: Meter, tries: int) -> None:
        self.queue = deque(queries)
        self.left = len(self.queue)
        self.served: dict[str, str] = {}
        self.resting: dict[AsyncClient, Exception] = {}
        self.meter = meter
        self._outcome = outcome
        self._tries = tries
        self._troubles: Counter[CapitalQuery] = Counter()
        self._changed = asyncio.Event()
        self._finished = asyncio.Event()

    def put_back(self, query: CapitalQuery, trouble: CapflowError | None = None) -> None:
        """Take a code back that was not answered; one that has been in trouble too often has failed."""
        self._troubles[query] += trouble is not None
        if trouble is not None and self._troubles[query] >= self._tries:
            self.failed(query, trouble)
            return
        self.queue.appendleft(query)
        self._changed.set()

    def came(self, query: CapitalQuery, answer: Any, address: str) -> None:
        """Take an answer."""
        self._outcome.parts[query.security] = answer
        self.served[str(query.security)] = address
        self._count()

    def failed(self, query: CapitalQuery, error: CapflowError) -> None:
        """Take the reason why there is no answer."""
        self._outcome.errors[query.security] = error
        self._count()

    def give_up(self, error: CapflowError) -> None:
        """Let all fail that wait for a gateway."""
        while self.queue:
            self.failed(self.queue.popleft(), copied(error))

    async def wait(self) -> None:
        """Wait until there is something in the queue, or nothing left at all."""
        self._changed.clear()
        if self.left and not self.queue:
            await self._changed.wait()

    async def unless_finished(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Return what some work leads to, or None as soon as nothing is left to work for."""
        doing = asyncio.ensure_future(work)
        finished = asyncio.ensure_future(self._finished.wait())
        try:
            await asyncio.wait({doing, finished}, return_when=asyncio.FIRST_COMPLETED)
            return doing.result() if doing.done() else None
        finally:
            doing.cancel()
            finished.cancel()

    def _count(self) -> None:
        self.left -= 1
        self._changed.set()
        if not self.left:
            self._finished.set()
        self.meter.done()


class _Feeder:
    """Feeds one gateway from the queue of a batch."""

    def __init__(self, spread: SpreadClient, client: AsyncClient, batch: _Batch) -> None:
        self._spread = spread
        self._client = client
        self._batch = batch
        self._address = str(client.settings.address)
        self._free = asyncio.Semaphore(_IN_FLIGHT)
        self._since = client.now()

    async def feed(self) -> None:
        """Ask until the batch is done."""
        async with asyncio.TaskGroup() as group:
            while self._batch.left:
                await self._batch.wait()
                if self._batch.queue and await self._is_there():
                    await self._take_next(group)

    async def _is_there(self) -> bool:
        """Connect if need be; a gateway that cannot be reached rests, and the last to rest ends the batch."""
        batch, spread = self._batch, self._spread
        try:
            await batch.unless_finished(self._client.connect())
            spread.check_alike()
        except _Trouble as error:
            if self._client not in batch.resting:
                log.warning("! %s rests, the other gateways go on: %s", self._address, error)
            batch.resting[self._client] = error
            if len(batch.resting) == len(spread.clients):
                batch.give_up(spread.nobody(batch.resting))
            await batch.unless_finished(asyncio.sleep(_REST_SECONDS))
            return False
        batch.resting.pop(self._client, None)
        return True

    async def _take_next(self, group: asyncio.TaskGroup) -> None:
        """Wait for room, then take what is next by then."""
        await self._free.acquire()
        batch = self._batch
        booking = None
        if batch.queue:
            booking = await batch.unless_finished(self._client.reserve(batch.queue[0], batch.meter))
        if booking is None or not batch.queue:
            self._free.release()
            return
        group.create_task(self._ask(batch.queue.popleft(), booking))

    async def _ask(self, query: CapitalQuery, booking: Booking) -> None:
        batch = self._batch
        try:
            answer = await self._client.try_once(query, booking, batch.meter)
        except RateLimitError as error:
            again = self._client.refused(query, self._since)
            batch.put_back(query) if again else batch.failed(query, error)
        except _Trouble as error:
            batch.put_back(query, error)
        except CapflowError as error:
            batch.failed(query, error)
        else:
            batch.came(query, answer, self._address)
        finally:
            self._free.release()


def _is_error(value: object) -> bool:
    if isinstance(value, BaseException) and not isinstance(value, _Trouble):
        raise value
    return isinstance(value, BaseException)


def _innermost(several: BaseException) -> BaseException:
    while isinstance(several, BaseExceptionGroup):
        several = several.exceptions[0]
    return several
