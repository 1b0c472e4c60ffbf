"""The roll: which codes a recorder has to ask for at present, and when their exchanges trade."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import GatewayError
from pd_capflow.store.almanac import calendar_of, question_of
from pd_capflow.store.recorder.questions import check_markets, prefixes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pd_capflow.flow.selectors import Selection
    from pd_capflow.security import Security
    from pd_capflow.store.calendar import Calendar

__all__ = ["Roll", "called"]

# Days around today that calendars are asked for.
_PAST, _COMING = timedelta(days=10), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Roll:
    """Codes, and the calendar of each market of theirs by its prefix."""

    codes: Sequence[Security]
    calendars: Mapping[str, Calendar]


async def called(client: Any, selection: Selection, now: datetime) -> Roll:
    """Ask a gateway for the members of words for several codes, and for its calendars.

    Raises
    ------
    CapflowError
        If it does not answer, or a code is of a market without capital flow.
    """
    choice = await client.expand(selection, flowing=True)
    check_markets(choice.securities)
    markets = prefixes(choice.securities)
    return Roll(choice.securities, {prefix: await _calendar(client, prefix, now) for prefix in markets})


async def _calendar(client: Any, prefix: str, now: datetime) -> Calendar:
    first, last = now.date() - _PAST, now.date() + _COMING
    dates, told = question_of(prefix, first, last), None
    if dates is not None:
        with suppress(GatewayError):  # then others are asked
            told = await client.fetch(dates)
    return await asyncio.to_thread(calendar_of, prefix, first, last, told)  # it may have much to load
