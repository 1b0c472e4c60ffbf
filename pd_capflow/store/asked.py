"""What a store is asked for: codes and days, and whether there is anything of them.

A moment with a zone is of one day in Hong Kong and may be of another in New York. So days are by market, as
they are where a gateway is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from pd_capflow.errors import QueryError, StoreError
from pd_capflow.flow.queries.question import one_of, parse_codes, parse_day
from pd_capflow.security import MARKETS
from pd_capflow.store.files import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pd_capflow.security import Market
    from pd_capflow.store.layout import Layout

__all__ = ["Asked", "Days", "Range", "days_around", "days_by_market", "known_columns", "parse_days"]

#: A first and a last day at the exchange, both included; None for no bound.
Range = tuple[date | None, date | None]
#: Of each market, by its prefix.
Days = Mapping[str, Range]

_MOST_CODES_NAMED = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """Codes and days that somebody asks for.

    Attributes
    ----------
    codes : list of str or None
        Each once, in the order asked; None for all.
    single : bool
        Whether it is one code alone, and no list.
    days : Days
        Of every market that a code may be of.
    """

    codes: list[str] | None
    single: bool
    days: Days

    @classmethod
    def of(cls, codes: Any, start: Any, end: Any) -> Self:
        """Read what a caller gave.

        Raises
        ------
        QueryError
            If it cannot be understood.
        """
        chosen, single = parse_codes(codes) if codes is not None else (None, False)
        named = None if chosen is None else [str(code) for code in chosen]
        markets = MARKETS if chosen is None else {code.market for code in chosen}
        return cls(named, single, days_by_market(start, end, markets))

    def wanted(self, period: str, recorded: Callable[[], list[str]]) -> list[Wanted]:
        """Return what to read: one question for each range of days.

        Parameters
        ----------
        period : str
        recorded : callable
            Returns all codes that there are; called only where it matters which they are.
        """
        ranges = set(self.days.values())
        if len(ranges) == 1:
            return [Wanted(self.codes, *ranges.pop(), period)]
        groups: dict[Range, list[str]] = {}
        for code in recorded() if self.codes is None else self.codes:
            groups.setdefault(self.days[_market_of(code)], []).append(code)
        return [Wanted(codes, *days, period) for days, codes in groups.items()]

    def check_came(self, held: Sequence[str], path: str) -> None:
        """Raise `StoreError` unless there are rows, and some of each code that was named."""
        found = set(held)
        missing = [code for code in self.codes or () if code not in found]
        if missing or not held:
            raise StoreError(self._nothing(missing, path), absent=True)

    def _nothing(self, missing: list[str], path: str) -> str:
        first, last = self.days[_market_of(missing[0])] if missing else days_around(self.days)
        named = ", ".join(missing[:_MOST_CODES_NAMED]) or "any code"
        more = f" and {len(missing) - _MOST_CODES_NAMED} more" if len(missing) > _MOST_CODES_NAMED else ""
        return (
            f"store {path}: nothing is recorded of {named}{more}{_when(first, last)}; codes() and days() "
            "tell what is, and a recorder keeps what is served from now on"
        )


def _when(first: date | None, last: date | None) -> str:
    """Return the words for a range of days, with a space before; none for all days."""
    if first and last:
        return f" from {first} to {last}" if first < last else f" on {first}"
    return f" from {first} on" if first else f" up to {last}" if last else ""


def _market_of(code: str) -> str:
    return code.partition(".")[0]


def days_around(days: Days) -> Range:
    """Return the first and the last day of all markets."""
    firsts, lasts = zip(*days.values(), strict=True)
    return (None if None in firsts else min(firsts)), (None if None in lasts else max(lasts))


def days_by_market(start: Any, end: Any, prefixes: Iterable[str]) -> dict[str, Range]:
    """Return what a caller's first and last day are at each of some markets.

    Raises
    ------
    QueryError
        As by `parse_days`.

    Examples
    --------
    >>> days = days_by_market("2026-11-24T20:00Z", None, ["HK", "US"])
    >>> {prefix: str(first) for prefix, (first, _) in days.items()}
    {'HK': '2026-11-25', 'US': '2026-11-24'}
    """
    return {prefix: parse_days(start, end, MARKETS[prefix]) for prefix in prefixes}


def parse_days(start: Any, end: Any, market: Market) -> Range:
    """Return the first and the last day that a caller gave, None for no bound.

    Raises
    ------
    QueryError
        If one is no day, or the last is before the first.
    """
    first, last = parse_day("start", start, market), parse_day("end", end, market)
    if first and last and last < first:
        raise QueryError(f"end={last.isoformat()} is before start={first.isoformat()}")
    return first, last


def known_columns(columns: Sequence[str] | None, layout: Layout) -> list[str]:
    """Return the names of the amounts asked for, by default of all.

    Raises
    ------
    QueryError
        If there is none, one twice, or one that is not known.
    """
    if columns is None:
        return layout.amounts
    several = [columns] if isinstance(columns, str) or not isinstance(columns, Iterable) else columns
    names = [one_of("column", name, layout.amounts) for name in several]
    if not names or len(set(names)) < len(names):
        raise QueryError(
            f"columns={columns!r}; expected one or more, each once, of {', '.join(layout.amounts)}"
        )
    return names
