"""What a frame shows: its flows by code and the facts around them, as far as the frame can tell.

Parsed here at the door, trusted by everything behind it. A frame that somebody built or mended by hand may
lack its ``attrs`` or carry wrong ones: what cannot be known stays unknown, and the chart says less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import FLOW_COLUMNS, facts_in
from pd_capflow.flow.frames import TIERS as SIZES
from pd_capflow.flow.sessions import check_distinct, check_one
from pd_capflow.flow.vocabularies import check_ours
from pd_capflow.security import MARKETS, Security

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from pd_capflow.security import Market

__all__ = ["PERIODS", "TIERS", "Flow", "Subject"]

#: The columns of the tiers, from super to small.
TIERS = tuple(f"{tier}_in_flow" for tier in SIZES)
PERIODS = ("intraday", "day", "week", "month")
# How long after a row's label its data may still be of it, however it is labelled.
_LENGTHS = {period: pd.Timedelta(days=days) for period, days in zip(PERIODS, (0, 1, 7, 31), strict=True)}
_LENGTHS["intraday"] = pd.Timedelta(minutes=1)
_ANY = Security.parse("HK.0")  # where no code is known, there is none to be mistaken for another


@dataclass(frozen=True, eq=False)
class Flow:
    """The rows of one code.

    Attributes
    ----------
    code : str or None
        Such as ``"HK.00700"``; None where the frame does not say.
    market : Market or None
        The code's market. Where the code is unknown: that of all codes it may be, if they share one, or
        one that keeps the hours of the frame's zone.
    currency : str or None
        ISO 4217 code of the amounts.
    rows : pandas.DataFrame
        All of the columns asked for as float64, infinities made NaN, by time, in the exchange's zone if it
        is known.
    """

    code: str | None
    market: Market | None
    currency: str | None
    rows: pd.DataFrame

    @property
    def times(self) -> pd.DatetimeIndex:
        """The index of the rows."""
        return pd.DatetimeIndex(self.rows.index)


@dataclass(frozen=True)
class Subject:
    """Everything that a chart needs to know about a frame.

    Attributes
    ----------
    flows : tuple of Flow
        One for each code, at least one, in the frame's order.
    period : str
        One of `PERIODS`: told by the frame, or else guessed from its times.
    cumulative : bool or None
        Whether rows are running totals; None where the frame does not say.
    zone : str or None
        Name of the zone that the times are in; ``"UTC"`` for a mix, None if they have none.
    demo : bool
        Whether the numbers are invented.
    recorded : bool
        Whether they are served again, and not of now.
    url : str or None
        The gateway that served them.
    valid : tuple of pandas.Timestamp
        Times of the newest data point behind each code, where known.
    failed : tuple of str
        Codes that were asked for and did not come.
    names : mapping of str to str
        Names by code, as the gateway sent them, where the frame knows any.
    facts : mapping
        What the frame tells of itself, unread.
    """

    flows: tuple[Flow, ...]
    period: str
    cumulative: bool | None
    zone: str | None
    demo: bool
    recorded: bool
    url: str | None
    valid: tuple[pd.Timestamp, ...]
    failed: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[Any, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, frame: pd.DataFrame, columns: Sequence[str] = FLOW_COLUMNS, *, timeless: bool = False
    ) -> Subject:
        """Read a frame.

        Parameters
        ----------
        frame : pandas.DataFrame
            Indexed by ``time`` or by ``(code, time)``, with at least the first of the columns.
        columns : sequence of str
            What its rows hold; those of capital flow by default.
        timeless : bool
            Whether rows without a time are kept, before the others; what is drawn over time has no place
            for them.

        Raises
        ------
        QueryError
            If it is no capital flow at all.
        """
        _check(frame, columns[0])
        facts = facts_in(frame)
        bare = frame.copy(deep=False)
        bare.attrs = {}  # or pandas copies them with every column of every code
        flows = tuple(_flow(code, rows, facts, columns) for code, rows in _by_code(bare, facts))
        if not timeless:
            flows = tuple(replace(flow, rows=flow.rows[flow.times.notna()]) for flow in flows)
        source, cumulative = _mapping(facts.get("source")), facts.get("cumulative")
        return cls(
            flows=flows,
            period=_period(facts, flows),
            cumulative=cumulative if isinstance(cumulative, bool) else None,
            zone=_zone(flows),
            demo=source.get("demo") is True,
            recorded=bool(source.get("recorded")),
            url=source["url"] if isinstance(source.get("url"), str) else None,
            valid=_valid(facts, flows, _period(facts, flows)),
            failed=tuple(str(code) for code in _mapping(facts.get("errors"))),
            names=_mapping(facts.get("names")),
            facts=facts,
        )

    def only(self, kind: str) -> Flow:
        """Return the flow of the one code that a kind of chart shows.

        Raises
        ------
        QueryError
            If there are several.
        """
        if (count := len(self.flows)) > 1:
            codes = [str(flow.code) for flow in self.flows]
            some = ", ".join(codes[:3]) + ", …" * (count > 3)
            raise QueryError(
                f"{kind} needs one code, and this frame holds {count} ({some}): choose one, such as "
                f'frame.loc[["{codes[0]}"]]'
            )
        return self.flows[0]

    @property
    def intraday(self) -> bool:
        """Whether rows are minutes."""
        return self.period == "intraday"

    @property
    def markets(self) -> list[Market]:
        """The known markets, one for each code."""
        return [flow.market for flow in self.flows if flow.market]

    @property
    def currencies(self) -> list[str]:
        """The known currencies, each once."""
        return list(dict.fromkeys(flow.currency for flow in self.flows if flow.currency))


def _check(frame: object, needed: str) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise QueryError(f"a chart needs a capital flow frame, not {type(frame).__name__}")
    check_ours(facts_in(frame))
    if needed not in frame.columns:
        have = ", ".join(map(str, frame.columns[:8])) or "none"
        raise QueryError(f"this chart needs the column {needed}; the frame's columns are {have}")
    times = frame.index.levels[-1] if isinstance(frame.index, pd.MultiIndex) else frame.index
    if frame.index.nlevels > 2 or not isinstance(times, pd.DatetimeIndex):
        names = ", ".join(map(str, frame.index.names))
        raise QueryError(f"a chart needs a frame indexed by time, or by (code, time), not by ({names})")


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _codes(facts: Mapping[Any, Any]) -> list[str]:
    codes = facts.get("codes")
    return [str(code) for code in codes] if isinstance(codes, (list, tuple)) else []


def _by_code(frame: pd.DataFrame, facts: Mapping[Any, Any]) -> Iterable[tuple[str | None, pd.DataFrame]]:
    """Take a frame apart by code, in the frame's order; a frame without rows still has one part."""
    codes = _codes(facts)
    only = codes[0] if len(codes) == 1 else None
    if isinstance(frame.index, pd.MultiIndex):
        owners, rows = frame.index.get_level_values(0), frame.droplevel(0)
    elif "code" in frame.columns:  # what reset_index("code") makes of the level
        owners, rows = pd.Index(frame["code"]), frame
    else:
        check_one([Security.parse(code) for code in codes if _is_code(code)] or [_ANY], frame.index)
        return [(only, frame)]
    if frame.empty:
        return [(only, rows)]
    if owners.hasnans:
        raise QueryError("a row has no code; drop it first, or say whose it is")
    numbers, names = owners.factorize()
    places = (np.flatnonzero(numbers == number) for number in range(len(names)))
    return [(str(code), rows.iloc[mine]) for code, mine in zip(names, places, strict=True)]


def _flow(code: str | None, rows: pd.DataFrame, facts: Mapping[Any, Any], columns: Sequence[str]) -> Flow:
    market = _market([code] if code else _codes(facts)) or _market_of_zone(rows)
    return Flow(code, market, _currency(code, facts), _tidy(code, rows, market, columns))


def _currency(code: str | None, facts: Mapping[Any, Any]) -> str | None:
    """Return what a code trades in: by its own market, since the facts may speak of several codes."""
    if code and _is_code(code):
        return Security.parse(code).currency
    told = facts.get("currency")
    return told if isinstance(told, str) else None


def _market(codes: list[str]) -> Market | None:
    """Return the one market of all these codes, or None."""
    prefixes = {code.partition(".")[0] for code in codes if _is_code(code)}
    return MARKETS[prefixes.pop()] if len(prefixes) == 1 else None


def _market_of_zone(rows: pd.DataFrame) -> Market | None:
    """Return a market in the frame's zone, if all that have capital flow there keep the same hours."""
    zone = str(pd.DatetimeIndex(rows.index).tz)
    markets = [market for market in MARKETS.values() if market.zone == zone and market.sessions]
    return markets[0] if len({market.sessions for market in markets}) == 1 else None


def _is_code(code: str) -> bool:
    try:
        Security.parse(code)
    except QueryError:
        return False
    return True


def _tidy(
    code: str | None, rows: pd.DataFrame, market: Market | None, columns: Sequence[str]
) -> pd.DataFrame:
    times = pd.DatetimeIndex(rows.index)
    if times.tz is not None and market:
        times = times.tz_convert(market.zone)
    numbers = np.column_stack([_numbers(rows, name) for name in columns])
    tidy = pd.DataFrame(numbers, index=times.rename("time"), columns=list(columns))
    if not times.is_monotonic_increasing or times.hasnans:
        tidy = tidy.sort_index(kind="stable", na_position="first")
    check_distinct(np.zeros(len(tidy), np.int64), pd.DatetimeIndex(tidy.index), [[code or "one code"]])
    return tidy


def _numbers(rows: pd.DataFrame, name: Hashable) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return one column as numbers; what is absent, no number or infinite becomes NaN."""
    if name not in rows.columns:
        return np.full(len(rows), np.nan)
    held = rows[name]
    if not isinstance(held, pd.Series):
        raise QueryError(f"several columns are named {name}; keep one of them")
    if held.dtype != np.float64:
        held = pd.to_numeric(held, errors="coerce")
    numbers = held.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _period(facts: Mapping[Any, Any], flows: tuple[Flow, ...]) -> str:
    told = facts.get("period")
    if told in PERIODS:
        return str(told)
    times = [flow.times for flow in flows]
    if any((index != index.normalize()).any() for index in times):
        return "intraday"
    days = [days for index in times for days in (index[1:] - index[:-1]).days]
    typical = float(np.median(days)) if days else 1.0
    return "day" if typical < 5 else "week" if typical < 20 else "month"


def _zone(flows: tuple[Flow, ...]) -> str | None:
    zones = {None if flow.times.tz is None else str(flow.times.tz) for flow in flows}
    return zones.pop() if len(zones) == 1 else "UTC"


def _valid(facts: Mapping[Any, Any], flows: tuple[Flow, ...], period: str) -> tuple[pd.Timestamp, ...]:
    """Read the times of the newest data, for the codes that are drawn up to it."""
    told = facts.get("last_valid_time")
    times = {flow: _instant(told.get(flow.code) if isinstance(told, Mapping) else told) for flow in flows}
    return tuple(time for flow, time in times.items() if time is not None and _reaches(flow, time, period))


def _reaches(flow: Flow, time: pd.Timestamp, period: str) -> bool:
    """Whether the last row is the one that the newest data belong to, and not one of a slice before it."""
    if not len(flow.rows) or flow.times.tz is None:
        return False
    return bool(time < flow.times[-1] + _LENGTHS[period])


def _instant(text: object) -> pd.Timestamp | None:
    try:
        time = pd.Timestamp(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return time if isinstance(time, pd.Timestamp) and time.tz is not None else None
