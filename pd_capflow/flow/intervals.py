"""How long the rows of a frame are, and which longer rows hold them whole.

A frame as served has rows of its period: minutes, days, weeks, months. One that was resampled says so in
``attrs["capflow"]["interval"]``, the rule as pandas writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pd_capflow.flow.sessions import Rows

__all__ = ["INTERVAL", "MinuteInterval", "check_fits", "read_rule"]

#: Key of the interval in ``attrs["capflow"]``.
INTERVAL = "interval"

_MICROSECOND = pd.Timedelta(1, unit="us")
_MINUTE_US = 60_000_000
_DAY_US = 86_400_000_000

_OWN = {"day": "D", "week": "W", "month": "ME"}
# What divides the year: every how many months, and how many months its label is behind its end.
_MONTHS: dict[type[pd.offsets.BaseOffset], tuple[int, int]] = {
    pd.offsets.MonthEnd: (1, 0),
    pd.offsets.MonthBegin: (1, 0),
    pd.offsets.QuarterEnd: (3, 0),
    pd.offsets.QuarterBegin: (3, 1),
    pd.offsets.YearEnd: (12, 0),
    pd.offsets.YearBegin: (12, 1),
}


def read_rule(rule: Any) -> pd.offsets.BaseOffset:
    """Return a rule such as ``"5min"`` or ``"ME"`` as pandas' offset; raise `QueryError` if it is none."""
    try:
        offset: pd.offsets.BaseOffset | None = pd.tseries.frequencies.to_offset(rule)
    except (ValueError, TypeError) as error:
        raise QueryError(f"unknown rule {rule!r}; expected one such as '5min', '1h', 'W' or 'ME'") from error
    if offset is None or offset.n < 1:
        raise QueryError(f"unknown rule {rule!r}; expected one such as '5min', '1h', 'W' or 'ME'")
    return offset


@dataclass(frozen=True, slots=True)
class MinuteInterval:
    """What an intraday row stands for: a length of trading time, or a whole session.

    Attributes
    ----------
    length : int or None
        Microseconds; None for a whole session. Intervals begin anew at each open and after each rest, and
        are open at their beginning: the row labelled 10:00 ends the half hour from 09:30.
    served : bool
        Whether the rows are as the gateway served them. Some label a minute by its end and some by its
        beginning, so only a row at the open itself is sure to hold all since the open.
    """

    length: int | None
    served: bool = False

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> MinuteInterval:
        """Return the interval of a frame with these facts."""
        told = facts.get(INTERVAL)
        return cls(_MINUTE_US, served=True) if told is None else cls.read(read_rule(told), told)

    @classmethod
    def read(cls, offset: pd.offsets.BaseOffset, rule: Any) -> MinuteInterval:
        """Return the interval that a rule means; raise `QueryError` if it is none of minutes."""
        if isinstance(offset, pd.offsets.Day) and offset.n == 1:
            return cls(None)
        length = pd.Timedelta(offset) // _MICROSECOND if isinstance(offset, pd.offsets.Tick) else 0
        if not 0 < length <= _DAY_US:
            raise QueryError(
                f"rule {rule!r} for minutes; expected a length from '1min' to '1D' "
                "(longer: fetch(period='week'))"
            )
        return cls(length)

    def holds(self, shorter: MinuteInterval) -> bool:
        """Whether every interval of the shorter kind lies whole in one of this."""
        if self.length is None or shorter.length is None:
            return self.length is None
        return self.length % shorter.length == 0

    def number(self, rows: Rows) -> NDArray[np.int64]:
        """Return which interval of its part of the session each row ends in, from 0."""
        if self.length is None:
            return np.zeros(len(rows.into), np.int64)
        return np.maximum(-(-rows.into // self.length) - 1, 0)

    def begins(self, rows: Rows) -> NDArray[np.int64]:
        """Return where each row's interval begins, in microseconds into its part of the session."""
        return self.number(rows) * (self.length or 0)

    def bins(self, rows: Rows) -> NDArray[np.int64]:
        """Return which interval each row belongs to, in one number."""
        if self.length is None:
            return rows.session
        # A part of a session has fewer than 2**17 minutes or seconds, and a day fewer than 8 parts.
        return rows.session << 20 | rows.part << 17 | self.number(rows)

    def opens(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether a row's interval begins at the open, so that its total since the open is its own flow."""
        if self.length is None:
            return np.ones(len(rows.into), np.bool_)
        reach = 0 if self.served else self.length
        opens: NDArray[np.bool_] = (rows.part == 0) & (rows.into <= reach)
        return opens


def check_fits(facts: Mapping[str, Any], offset: pd.offsets.BaseOffset, rule: Any) -> None:
    """Refuse a calendar rule that would cut rows of days or longer.

    Raises
    ------
    QueryError
        If the rule's intervals do not hold the frame's rows whole.
    """
    own = read_rule(facts.get(INTERVAL) or _OWN.get(str(facts.get("period")), "D"))
    if not _fits(own, offset):
        raise QueryError(
            f"rule {rule!r} is shorter than rows of {own.freqstr} or cuts them; expected {_fitting(own)}"
        )


def _fits(own: pd.offsets.BaseOffset, longer: pd.offsets.BaseOffset) -> bool:
    if isinstance(longer, pd.offsets.Tick) or own.n > 1:
        return False  # where several weeks or months begin depends on the first row
    if isinstance(own, pd.offsets.Day):
        return True
    if isinstance(own, pd.offsets.Week):
        days = {getattr(week, "weekday", None) for week in (own, longer)}
        return isinstance(longer, pd.offsets.Week) and len(days) == 1
    (mine, month), (theirs, other) = _months(own), _months(longer)
    return mine > 0 and theirs > 0 and theirs % mine == 0 and (other - month) % mine == 0


def _months(offset: pd.offsets.BaseOffset) -> tuple[int, int]:
    """Return every how many months an interval ends, and a month in which one does; zeros if none does."""
    if type(offset) not in _MONTHS:
        return 0, 0
    every, behind = _MONTHS[type(offset)]
    return every, getattr(offset, "startingMonth", getattr(offset, "month", 1)) - behind


def _fitting(own: pd.offsets.BaseOffset) -> str:
    if own.n > 1 or not (isinstance(own, (pd.offsets.Day, pd.offsets.Week)) or any(_months(own))):
        return "to resample the rows that these were made from"
    if isinstance(own, pd.offsets.Day):
        return "a calendar rule such as 'D', 'W' or 'ME'"
    if isinstance(own, pd.offsets.Week):
        return f"{own.freqstr!r} or more weeks, such as '4{own.freqstr}'"
    wider = ("'ME'", "'QE'", "'YE'")[(1, 3, 12).index(_months(own)[0]) :]
    return f"{' or '.join(wider)}, ending in the same months, or more of them"
