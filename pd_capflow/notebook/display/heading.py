"""What the heading says, in words that both formats share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pd_capflow.notebook.directory import well_known
from pd_capflow.notebook.texts import one_line

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.notebook.display.facts import Facts

__all__ = ["MOST_CODES", "failures", "name_of", "provenance", "subject", "titles"]

#: Codes that are named; the rest is counted.
MOST_CODES = 4

_OWN, _RUNNING, _SINCE_OPEN = "each row its own flow", "running totals", "running totals since the open"


def name_of(code: str, facts: Facts) -> str:
    """Return the name of a code: the frame's own, or else the well-known one; "" if there is none."""
    known = well_known().get(code, ("",))
    name = one_line(facts.names.get(code) or known[0])
    return "" if name == code else name


def titles(facts: Facts) -> list[str]:
    """Return what the codes are called, the first few of them."""
    named = [f"{name_of(code, facts)} {one_line(code)}".strip() for code in facts.codes[:MOST_CODES]]
    more = len(facts.codes) - MOST_CODES
    return [*named, f"and {more} more"] if more > 0 else named


def subject(facts: Facts) -> list[str]:
    """Return what the rows are."""
    period = [facts.period] if facts.period else []
    several = "several currencies" if facts.kind and len(facts.codes) > 1 else ""
    return [part for part in (facts.kind, *period, _running(facts), facts.currency or several) if part]


def _running(facts: Facts) -> str:
    if facts.running is None:
        return ""
    return (_SINCE_OPEN if facts.opened else _RUNNING) if facts.running else _OWN


def provenance(facts: Facts, rows: int, shown: int) -> list[str]:
    """Return how many rows there are, and where and when they come from."""
    count = f"{rows:,} row{'' if rows == 1 else 's'}"
    counted = count if shown >= rows else f"{shown:,} of {count}"
    parts = [counted, facts.zone, _valid(facts), one_line(facts.source, 80)]
    return [part for part in parts if part]


def _valid(facts: Facts) -> str:
    if not facts.valid:
        return ""
    first, last = (_at(time, facts.zone) for time in facts.valid)
    return f"valid to {first}" if first == last else f"valid to {first} – {last}"


def _at(time: pd.Timestamp, zone: str | None) -> str:
    return f"{time if zone is None else time.tz_convert(zone):%Y-%m-%d %H:%M}"


def failures(facts: Facts) -> str:
    """Return which codes are missing and why, "" if none is."""
    if not facts.failed:
        return ""
    told = [_failure(str(code), str(why)) for code, why in facts.failed.items()]
    more = f"; and {len(told) - MOST_CODES} more" if len(told) > MOST_CODES else ""
    return f"no answer for {len(told)} of the codes: {'; '.join(told[:MOST_CODES])}{more}"


def _failure(code: str, why: str) -> str:
    return one_line(why if code in why else f"{code}: {why}", 140)
