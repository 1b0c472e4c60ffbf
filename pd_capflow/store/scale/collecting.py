"""Many codes, asked for by the workers of a Dask cluster, each at a gateway, and written to one store.

A gateway is asked by one task at a time in the whole cluster, so no two workers use up one budget. Its tasks
stay on one worker as long as that lives, which so knows what is left of the budget. Dask runs a task again,
elsewhere, when its worker dies; a gateway that fails is left out, and others are asked for its codes. The
store takes the same rows twice as once, so nothing that is done again does harm.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from distributed import as_completed

from pd_capflow.errors import QueryError, StoreError
from pd_capflow.flow.queries.question import PERIODS, one_of, parse_codes
from pd_capflow.store.scale.errand import Errand, Harvest, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from distributed import Client as Cluster
    from distributed import Future

    from pd_capflow.store.store import Store

__all__ = ["Collected", "collect"]

_AT_ONCE = 30  # as many as a gateway grants at once
_RETRIES = 2


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection came to.

    Attributes
    ----------
    rows : dict of str to int
        How many rows came of each code. The store may have had some of them.
    failures : dict of str to str
        Why the other codes did not come. It may hold a gateway's untrusted text.
    gateways : dict of str to int
        How many codes each gateway served.
    lost : dict of str to str
        Why gateways were left out.
    """

    rows: dict[str, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    gateways: dict[str, int] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        told = f"{len(self.rows)} codes, {sum(self.rows.values())} rows, {len(self.failures)} failed"
        return f"<Collected {told}{f', {len(self.lost)} gateways lost' if self.lost else ''}>"


def collect(
    codes: str | Iterable[str],
    store: Store,
    *,
    client: Cluster,
    gateways: Sequence[str],
    period: str = "intraday",
    start: Any = None,
    end: Any = None,
    at_once: int = _AT_ONCE,
    timeout: float = 10.0,
) -> Collected:
    """Ask the gateways for the capital flow of many codes, and write it to a store.

    Parameters
    ----------
    codes : str or iterable of str
        Each is asked for once.
    store : Store
        Where to: a path that all workers share, or the URL of an object store.
    client : distributed.Client
        The cluster. Its workers reach the gateways, and have keys for them in their own environment or
        config file.
    gateways : sequence of str
        Addresses, as for `pd_capflow.connect`.
    period, start, end
        As for `pd_capflow.Client.capital_flow`.
    at_once : int, default 30
        How many codes a task asks for.
    timeout : float, default 10.0
        Seconds that a gateway may take for an answer, waiting for its budget excepted.

    Returns
    -------
    Collected

    Raises
    ------
    QueryError
        If the question cannot be asked, or no gateway is named; nothing was sent.
    StoreError
        If the store cannot be written.

    Examples
    --------
    >>> import tempfile, pd_capflow
    >>> from distributed import Client
    >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
    >>> days = {"period": "day", "start": "2026-01-05", "end": "2026-01-09"}
    >>> with Client(processes=False, dashboard_address="127.0.0.1:0") as cluster:
    ...     collect(["HK.00700", "HK.09988"], store, client=cluster, gateways=["demo://"], **days)
    <Collected 2 codes, 10 rows, 0 failed>
    """
    asked = [str(code) for code in parse_codes(codes)[0]]
    _check(asked, period, start, end, gateways, at_once)
    todo = deque(asked[at : at + at_once] for at in range(0, len(asked), at_once))
    errand = Errand(store.path, store.demo, period, start, end, timeout)
    return _Round(client, errand, todo, list(dict.fromkeys(gateways))).run()


def _check(
    codes: Sequence[str], period: str, start: Any, end: Any, gateways: Sequence[str], at_once: int
) -> None:
    from pd_capflow.client.address import parse_address
    from pd_capflow.flow.measures.columns import check_whole
    from pd_capflow.flow.queries import CapitalFlow
    from pd_capflow.security import Security

    if isinstance(gateways, str) or not gateways:
        raise QueryError(
            f"gateways={gateways!r}; expected a list of addresses, such as ['tcp://10.0.0.1:11111']"
        )
    for url in gateways:
        parse_address(url)
    check_whole("at_once", at_once)
    CapitalFlow(Security.parse(codes[0]), one_of("period", period, PERIODS), start, end)


@dataclass(slots=True)
class _Round:
    """One task for each gateway at a time, until there is nothing left to ask, or nobody."""

    cluster: Cluster
    errand: Errand
    todo: deque[list[str]]
    gateways: list[str]
    report: Collected = field(default_factory=Collected)
    running: dict[Future, tuple[str, list[str]]] = field(default_factory=dict)
    done: as_completed = field(init=False)
    free: deque[str] = field(init=False)

    def __post_init__(self) -> None:
        self.done = as_completed([], loop=self.cluster.loop, raise_errors=False)
        self.free = deque(self.gateways)

    def run(self) -> Collected:
        """Keep every gateway busy until all is asked for; whoever interrupts leaves no task behind."""
        try:
            while (self.todo and self.free) or self.running:
                self._spread()
                future = next(self.done)
                gateway, codes = self.running.pop(future)
                if self._take(self._harvest(future, gateway, codes)):
                    self.free.append(gateway)
        finally:
            self.cluster.cancel(list(self.running))
        return self._ended()

    def _spread(self) -> None:
        while self.todo and self.free:
            gateway, codes = self.free.popleft(), self.todo.popleft()
            future = self._submit(gateway, codes)
            self.running[future] = (gateway, codes)
            self.done.add(future)

    def _submit(self, gateway: str, codes: list[str]) -> Future:
        home = self._home(gateway)
        return self.cluster.submit(
            self.errand.run, gateway, codes,
            workers=home, allow_other_workers=True, retries=_RETRIES, pure=False,
        )  # fmt: skip

    def _home(self, gateway: str) -> list[str] | None:
        """Return the worker that asks a gateway, of those that live now."""
        workers = sorted(self.cluster.nthreads())
        return [workers[self.gateways.index(gateway) % len(workers)]] if workers else None

    def _harvest(self, future: Future, gateway: str, codes: list[str]) -> Harvest:
        """Return what a task came to; one that failed as such, as with its worker, is asked elsewhere."""
        error = future.exception()
        if isinstance(error, (StoreError, QueryError)):
            raise error
        if error is not None:
            return Harvest(gateway, again=codes, lost=told(f"{type(error).__name__}: {error}"))
        harvest: Harvest = future.result()
        return harvest

    def _take(self, harvest: Harvest) -> bool:
        """Note what came; tell whether its gateway is to be asked again."""
        self.report.rows.update(harvest.rows)
        self.report.failures.update(harvest.failures)
        served = self.report.gateways.get(harvest.gateway, 0)
        self.report.gateways[harvest.gateway] = served + len(harvest.rows)
        if harvest.again:
            self.todo.append(harvest.again)
            self.report.lost[harvest.gateway] = harvest.lost
        return not harvest.again

    def _ended(self) -> Collected:
        why = "; ".join(f"{gateway}: {lost}" for gateway, lost in self.report.lost.items())
        for codes in self.todo:
            self.report.failures.update(dict.fromkeys(codes, f"no gateway left to ask: {why}"))
        return self.report
