"""The feed: asks for what a dashboard watches, again and again, and tells what came.

It is one task on the I/O thread and knows no widgets. It reads the wish anew for every round, so other
threads only set it and wake the feed. What fails is told and tried again: a code that the gateway refuses
has an error of its own and the others go on; a lost connection is the client's to heal, and then the feed
asks at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from weakref import WeakSet

from pd_capflow.client.batch import Outcome, Plan
from pd_capflow.client.progress import meter_for
from pd_capflow.errors import CapflowError
from pd_capflow.flow.queries import CapitalDistribution, CapitalFlow, Snapshot, State
from pd_capflow.notebook.dashboard.harvest import LONG_AGO, Harvest
from pd_capflow.notebook.dashboard.pace import kept_free
from pd_capflow.notebook.dashboard.reading import Reading, quotes_of
from pd_capflow.notebook.dashboard.timetable import SOON_SECONDS, Timetable, rests
from pd_capflow.protocol.messages import CAPITAL_DISTRIBUTION, SNAPSHOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pd_capflow.client.address import Address
    from pd_capflow.client.asynchronous import AsyncClient
    from pd_capflow.client.link import Link
    from pd_capflow.client.spread import SpreadClient
    from pd_capflow.flow.queries import CapitalQuery
    from pd_capflow.notebook.dashboard.wish import Wish
    from pd_capflow.security import Security

__all__ = ["Feed"]

log = logging.getLogger("pd_capflow.notebook")

# Seconds after which the markets' states are asked for again; they cost nothing of the rate budget.
_STATES_SECONDS = 15.0
# Seconds in which snapshots are not asked for after one was refused.
_NO_QUOTES_SECONDS = 60.0
# Seconds that flows wait for what goes beside them, so as to be shown together.
_LATE_SECONDS = 0.5

_running: WeakSet[Feed] = WeakSet()


class Feed:
    """Keeps what a dashboard shows up to date.

    Parameters
    ----------
    wish : Wish
        What to watch. Set another at any time, from any thread, and `wake` the feed.
    tell : callable
        Is told every `Reading`, on the I/O thread.
    """

    def __init__(self, wish: Wish, tell: Callable[[Reading], object]) -> None:
        self.wish = wish
        self._tell = tell
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._harvest = Harvest(wish.period)
        self._markets: dict[str, str] = {}
        self._ahead = timedelta()
        self._began = self._states_at = self._no_quotes_until = LONG_AGO
        self._rounds = 0

    def wake(self) -> None:
        """Have the wish read now; from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and the feed with it
                self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self, client: AsyncClient | SpreadClient) -> None:
        """Refresh until cancelled."""
        self._client = client
        self._loop = asyncio.get_running_loop()
        remove = client.on_state(self._heard)
        _running.add(self)
        try:
            while True:
                self._wake.clear()
                await self._round()
                await self._rest()
        finally:
            _running.discard(self)
            remove()

    @property
    def address(self) -> Address:
        """Where the feed asks."""
        return self._client.settings.address

    @property
    def is_on(self) -> bool:
        """Whether anything is to be refreshed."""
        wish = self.wish
        is_wanted = wish.is_live and (wish.is_seen or wish.in_a_hurry)
        return is_wanted and bool(wish.codes) and self._client.link.status != "closed"

    @property
    def trading(self) -> int:
        """How many of its codes may have news."""
        return sum(not rests(security, self.wish, self._markets) for security in self.wish.codes)

    @property
    def _timetable(self) -> Timetable:
        return Timetable(self.wish, self._client, self._harvest.asked, self._markets, self._others())

    async def _round(self) -> None:
        wish, self._began = self.wish, self._now()
        self._harvest.keep_to(wish)
        if self.is_on:
            try:
                await self._ask_all(wish)
            except CapflowError as error:
                self._harvest.trouble = error
            except Exception as error:  # a feed that ends without a word would show old numbers as new
                log.exception("! a round of the dashboard failed")
                self._harvest.trouble = CapflowError(f"unexpected {type(error).__name__}: {error}")
        self._report()

    async def _ask_all(self, wish: Wish) -> None:
        await self._ask_states()
        harvest, due = self._harvest, self._timetable.due(self._began)
        if due:
            outcome = await self._ask([CapitalFlow(security, wish.period) for security in due])
            if wish.period != self.wish.period:
                return  # nobody wants to know any more
            harvest.take(outcome, self._began)
        if harvest.trouble is None:
            with self._showing_what_came():
                await self._ask_distribution(wish, due)
                await self._ask_quotes([security for security in due if security in harvest.flows])
            self._rounds += bool(due)

    @contextmanager
    def _showing_what_came(self) -> Iterator[None]:
        """Show what came already, if what goes beside it takes long."""
        late = asyncio.get_running_loop().call_later(_LATE_SECONDS, self._report)
        try:
            yield
        finally:
            late.cancel()

    async def _ask(self, queries: Sequence[CapitalQuery]) -> Outcome:
        plan = Plan(queries, single=False, errors="collect")
        meter = meter_for(False, len(queries))
        return await self._client.outcome(plan, meter, Outcome(self._client.source()))

    async def _ask_states(self) -> None:
        """Ask which markets trade. It costs nothing of the budget, so it also finds out who is there."""
        harvest = self._harvest
        if self._now() - self._states_at < _STATES_SECONDS and harvest.trouble is None:
            return
        state = await self._client.fetch(State())
        before = self._timetable
        self._markets, self._states_at, harvest.trouble = state.markets, self._now(), None
        self._ahead = state.time - datetime.now(UTC)
        after = self._timetable
        for security in harvest.asked:
            if after.is_at_rest(security) and not before.is_at_rest(security):
                harvest.asked[security] = LONG_AGO  # to see how the session ended

    async def _ask_distribution(self, wish: Wish, due: Sequence[Security]) -> None:
        harvest, shown = self._harvest, wish.shown
        if wish.chart != "distribution" or shown is None:
            return
        has_room = self._client.room(CAPITAL_DISTRIBUTION) > kept_free(self._client.budget)
        if has_room and (shown in due or shown not in {*harvest.distributions, *harvest.errors}):
            outcome = await self._ask([CapitalDistribution(shown)])
            harvest.take_distributions(outcome)

    async def _ask_quotes(self, codes: Sequence[Security]) -> None:
        """Ask for prices and turnover, market by market: one without a quote right spoils no other's."""
        by_market: dict[str, list[Security]] = defaultdict(list)
        for security in codes:
            by_market[security.market].append(security)
        if self._now() >= self._no_quotes_until and self._client.room(SNAPSHOT) >= 2 * len(by_market):
            await asyncio.gather(*map(self._ask_quotes_of, by_market.values()))

    async def _ask_quotes_of(self, codes: Sequence[Security]) -> None:
        try:
            told = quotes_of(await self._client.fetch(Snapshot(tuple(codes))))
        except CapflowError as error:
            log.info("= no quotes beside capital flow: %s", error)
            self._no_quotes_until = self._now() + _NO_QUOTES_SECONDS
            return
        self._harvest.quotes |= {each: told[str(each)] for each in codes if str(each) in told}

    def _others(self) -> int:
        """Count the codes that other feeds refresh out of the same budget, but for those at rest."""
        others = [feed for feed in _running if feed is not self and feed.is_on]
        return sum(feed.trading for feed in others if feed.address == self.address)

    async def _rest(self) -> None:
        """Wait until something is due, or somebody wakes the feed."""
        seconds = self._seconds_left()
        if seconds is not None and any(map(self._timetable.is_at_rest, self.wish.codes)):
            seconds = min(seconds, _STATES_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(None if seconds is None else max(seconds, SOON_SECONDS)):
                await self._wake.wait()

    def _seconds_left(self) -> float | None:
        """Return the seconds until the next refresh; None if there will be none."""
        if not self.is_on:
            return None
        return self._timetable.rest(self._began, self._now(), failed=self._harvest.trouble is not None)

    def _heard(self, link: Link) -> None:
        """Show at once how the link stands; after a failure, ask over a new connection at once."""
        if link.status == "connected" and self._harvest.trouble is not None:
            self._wake.set()
        self._report()

    def _report(self) -> None:
        wish, client, harvest, timetable = self.wish, self._client, self._harvest, self._timetable
        left = self._seconds_left()
        self._tell(
            Reading(
                codes=wish.codes,
                period=harvest.period,
                source=client.source(),
                link=client.link,
                budget=timetable.budget,
                pace=timetable.pace,
                flows=dict(harvest.flows),
                distributions=dict(harvest.distributions),
                errors=dict(harvest.errors),
                quotes=dict(harvest.quotes),
                markets=self._markets_of(wish.codes),
                at_rest=frozenset(filter(timetable.is_at_rest, wish.codes)),
                ahead=self._ahead,
                trouble=harvest.trouble,
                answered=harvest.answered,
                next_at=None if left is None else datetime.now(UTC) + timedelta(seconds=max(left, 0)),
                is_squeezed=left is not None and not timetable.room,
                rounds=self._rounds,
            )
        )

    def _markets_of(self, codes: Sequence[Security]) -> dict[str, str]:
        prefixes = dict.fromkeys(security.market for security in codes)
        return {prefix: self._markets[prefix] for prefix in prefixes if prefix in self._markets}

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
