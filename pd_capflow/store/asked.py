"""What a store is asked for: codes and days, and whether there is anything of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pd_capflow.errors import QueryError, StoreError
from pd_capflow.flow.queries.question import one_of, parse_codes, parse_day
from pd_capflow.security import MARKETS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from pd_capflow.security import Market
    from pd_capflow.store.layout import Layout

__all__ = ["Asked", "known_columns", "parse_days"]

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
    first, last : date or None
        Days at the exchange, both included; None for no bound.
    """

    codes: list[str] | None
    single: bool
    first: date | None
    last: date | None

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
        market = MARKETS[named[0].partition(".")[0]] if named else MARKETS["HK"]
        return cls(named, single, *parse_days(start, end, market))

    def check_came(self, held: Sequence[str], path: str) -> None:
        """Raise `StoreError` unless there are rows, and some of each code that was named."""
        found = set(held)
        missing = [code for code in self.codes or () if code not in found]
        if missing or not held:
            raise StoreError(self._nothing(missing, path))

    def _nothing(self, missing: list[str], path: str) -> str:
        first, last = self.first, self.last
        named = ", ".join(missing[:_MOST_CODES_NAMED]) or "any code"
        more = f" and {len(missing) - _MOST_CODES_NAMED} more" if len(missing) > _MOST_CODES_NAMED else ""
        when = f" from {first or 'the first'} to {last or 'the last'}" if first or last else ""
        return (
            f"store {path}: nothing is recorded of {named}{more}{when}; codes() and days() tell what is, and "
            "a recorder keeps what is served from now on"
        )


def parse_days(start: Any, end: Any, market: Market) -> tuple[date | None, date | None]:
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
    names = [columns] if isinstance(columns, str) else list(columns)
    if not names or len(set(names)) < len(names):
        raise QueryError(
            f"columns={columns!r}; expected one or more, each once, of {', '.join(layout.amounts)}"
        )
    return [one_of("column", name, layout.amounts) for name in names]
