"""One recorded day on a moving clock: which day, where the clock starts, and how fast it runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import QueryError, StoreError
from pd_capflow.flow.queries.question import parse_day
from pd_capflow.gateway import Clock
from pd_capflow.security import MARKETS
from pd_capflow.store.replay.market import RecordedMarket

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.security import Market
    from pd_capflow.store.store import Store

__all__ = ["Replay"]

_MOST_DAYS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded day that happens again.

    Attributes
    ----------
    store : Store
        What was recorded.
    day : datetime.date
        The session.
    start : datetime.datetime
        Where the clock starts, aware.
    speed : float
        Seconds of that clock in a second.
    codes : int
        How many codes are recorded of the day.

    Examples
    --------
    >>> import tempfile, pd_capflow
    >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
    >>> store.write(pd_capflow.fetch("HK.00700")) > 0
    True
    >>> replay = Replay.of(store, at="10:30", speed=60)
    >>> replay.start.time(), replay.codes
    (datetime.time(10, 30), 1)
    """

    store: Store
    day: date
    start: datetime
    speed: float
    codes: int

    @classmethod
    def of(cls, store: Store, day: Any = None, *, at: str | None = None, speed: float = 1.0) -> Replay:
        """Find a recorded day.

        Parameters
        ----------
        store : Store
            What was recorded.
        day : date-like, optional
            The session; by default the latest that is recorded.
        at : str, optional
            Where the clock starts: a time of the exchange such as ``"10:30"``, by default its open. Of
            several exchanges it is the one that opens first that day.
        speed : float, default 1.0
            Seconds of the replay's clock in a second of the wall; 0 stands still.

        Raises
        ------
        StoreError
            If nothing is recorded of that day.
        QueryError
            If a day, time or speed cannot be understood.
        """
        recorded = store.days()
        found = parse_day("date", day, MARKETS["HK"]) or _latest(store, recorded)
        markets = [MARKETS[prefix] for prefix, session in recorded.index if session.date() == found]
        if not markets:
            raise StoreError(_nothing(store, found, recorded))
        first = min(markets, key=lambda market: _instant(market, found, _opening(market)))
        start = _instant(first, found, _opening(first) if at is None else _clock_time(at))
        _check_speed(speed)
        codes = recorded.xs(_stamp(recorded, found), level="session")["codes"].sum()
        return cls(store, found, start, speed, int(codes))

    @property
    def market(self) -> RecordedMarket:
        """A market for a gateway to serve; each one reads for itself."""
        return RecordedMarket(self.store, moving=True)

    @property
    def kind(self) -> str:
        """What the numbers are."""
        return "invented data, recorded from a demo gateway" if self.store.demo else "recorded data"

    def clock(self) -> Clock:
        """Return a clock that starts to run now."""
        return Clock(self.start, self.speed)

    def __str__(self) -> str:
        codes = "1 code" if self.codes == 1 else f"{self.codes} codes"
        clock = f"{self.start:%H:%M:%S} {self.start.tzinfo}, {self.speed:g} times as fast"
        return f"replay of {self.day} from {clock}: {codes} of {self.store.path}"


def _latest(store: Store, recorded: pd.DataFrame) -> date:
    if recorded.empty:
        raise StoreError(f"store {store.path}: no session is recorded; a replay needs intraday rows")
    latest: date = recorded.index.get_level_values("session").max().date()
    return latest


def _nothing(store: Store, day: date, recorded: pd.DataFrame) -> str:
    sessions = sorted({session.date().isoformat() for session in recorded.index.get_level_values("session")})
    if not sessions:
        return f"store {store.path}: no session is recorded; a replay needs intraday rows"
    older = f"{len(sessions)} sessions, the last are " if len(sessions) > _MOST_DAYS_NAMED else ""
    return (
        f"store {store.path}: nothing is recorded of {day}; recorded are {older}"
        f"{', '.join(sessions[-_MOST_DAYS_NAMED:])}"
    )


def _stamp(recorded: pd.DataFrame, day: date) -> Any:
    sessions = recorded.index.get_level_values("session")
    return next(session for session in sessions if session.date() == day)


def _opening(market: Market) -> time:
    return market.sessions[0][0] if market.sessions else time()


def _instant(market: Market, day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, market.tzinfo)


def _clock_time(text: str) -> time:
    try:
        clock = time.fromisoformat(text)
    except (TypeError, ValueError):
        raise QueryError(f"at={text!r} is no time of the day; expected one such as 10:30") from None
    if clock.tzinfo is not None:
        raise QueryError(f"at={text!r} has a zone; expected a time of the exchange such as 10:30")
    return clock


def _check_speed(speed: float) -> None:
    if not 0 <= speed < float("inf"):
        raise QueryError(f"speed={speed!r}; expected 0, which stands still, or a number above")
