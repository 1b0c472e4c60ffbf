"""What came of a batch of tasks: which are done, which come again, and which never can be.

An answer after the close holds all that there is if it says that its data goes to the close, or has a row
there. One that ends before may be of a gateway that lags, or of a code that was not traded any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from pd_capflow.errors import (
    TransportError,
    UnknownSecurityError,
    UnsupportedSecurityError,
)
from pd_capflow.flow.frames import ATTRS
from pd_capflow.security import MARKETS
from pd_capflow.store.rows import instant_of
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pd_capflow.store.calendar import Session

__all__ = ["Answers", "Lack", "is_for_good", "reason"]

# No quote right is none of them: another login may have taken it, and give it back.
_FOR_GOOD = (UnknownSecurityError, UnsupportedSecurityError)
_WORDS = 200


class Lack(NamedTuple):
    """What an answer has not got of a session, and whether that is a loss if it never comes."""

    why: str
    is_loss: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """What a gateway answered to a batch.

    Attributes
    ----------
    frame : DataFrame or None
        What came; None if nothing did.
    errors : mapping of str to Exception
        Why others did not come, by code.
    """

    frame: pd.DataFrame | None = None
    errors: Mapping[str, Exception] = field(default_factory=dict)

    @property
    def has_rows(self) -> bool:
        """Whether there is a frame to be kept: one of a code that answered, be it with no rows."""
        return self.frame is not None and bool(self.frame.attrs["capflow"]["codes"])

    @property
    def lost(self) -> Exception | None:
        """Why the gateway cannot be reached, if that is so for all of them."""
        faults = list(self.errors.values())
        gone = bool(faults) and not self.has_rows and all(isinstance(each, TransportError) for each in faults)
        return faults[0] if gone else None

    @property
    def reached(self) -> dict[str, datetime]:
        """The time of each code's last row; aware."""
        if self.frame is None or not self.has_rows:
            return {}
        codes = self.frame.index.get_level_values("code")
        times = pd.Series(self.frame.index.get_level_values("time"), index=codes)
        return dict(times.groupby(level=0).max().dropna())

    def lack(self, what: str, code: str, session: Session) -> Lack | None:
        """Return what an answer lacks of a session that is over; None where it has no rows at all.

        A code without rows did not trade; one whose rows are of another day, or end before the close and
        do not say that there is no more, may have more to come.
        """
        times = self._times(code)
        if times is None or times.empty:
            return None
        mine = times[_days(times, code) == pd.Timestamp(session.day)]
        if mine.empty:
            return Lack(f"the gateway has nothing of {session.day}", is_loss=True)
        if what == "intraday" and not self._goes_to_the_close(mine, code, session):
            last = mine.max().tz_convert(session.market.zone)
            return Lack(f"the gateway's minutes end at {last:%H:%M}", is_loss=False)
        return None

    def _goes_to_the_close(self, times: pd.DatetimeIndex, code: str, session: Session) -> bool:
        told = self.frame.attrs[ATTRS]["last_valid_time"] if self.frame is not None else None
        reached = instant_of(told.get(code) if isinstance(told, dict) else told)
        is_told = reached is not None and reached >= session.closes
        return is_told or bool(times.max() >= pd.Timestamp(session.closes))

    def _times(self, code: str) -> pd.DatetimeIndex | None:
        if self.frame is None or code not in self.frame.index.get_level_values("code"):
            return None
        times = pd.DatetimeIndex(self.frame.xs(code, level="code").index)
        return times[times.notna()]


def _days(times: pd.DatetimeIndex, code: str) -> pd.DatetimeIndex:
    zone = MARKETS[code.partition(".")[0]].zone
    return times.tz_convert(zone).tz_localize(None).normalize()


def is_for_good(error: Exception) -> bool:
    """Tell whether asking again can be of no use."""
    return isinstance(error, _FOR_GOOD)


def reason(error: Exception) -> str:
    """Return why something did not come, on one line."""
    return one_line(str(error), _WORDS) or type(error).__name__
