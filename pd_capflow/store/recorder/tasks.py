"""What a recorder can be asked to do, and what it could not do: values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date, datetime

__all__ = ["SWEEP", "Key", "Miss", "Task"]

#: What is asked after a close, in order: minutes are gone with the next open, so they come first.
SWEEP = ("intraday", "distribution", "day")


class Task(NamedTuple):
    """One question: since when it is due, what, of which code, of which session; and if it is of a sweep."""

    due: datetime
    what: str
    code: str
    session: date
    is_sweep: bool

    @property
    def market(self) -> str:
        """The prefix of the code's market."""
        return self.code.partition(".")[0]

    @property
    def key(self) -> Key:
        """What the task is about, whenever it is due."""
        return Key(self.code, self.session, self.what)


class Key(NamedTuple):
    """What of which session of a code."""

    code: str
    session: date
    what: str

    @property
    def market(self) -> str:
        """The prefix of the code's market."""
        return self.code.partition(".")[0]


class Miss(NamedTuple):
    """What could not be recorded, and why.

    Examples
    --------
    >>> from datetime import date
    >>> Miss("HK.00700", date(2026, 1, 5), "intraday", "no answer").code
    'HK.00700'
    """

    code: str
    session: date
    what: str
    why: str
