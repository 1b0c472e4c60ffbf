"""Where a gateway's numbers come from: what it asks of an invented market and of a recorded one alike.

Amounts are float64, and NaN is a field that is not sent. Instants are unix seconds. What is not known is
refused by an exception, never made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date, datetime

    import numpy as np
    from numpy.typing import NDArray

    from pd_capflow.gateway.market import Distribution
    from pd_capflow.security import Market, Security

    Floats = NDArray[np.float64]

__all__ = ["Flow", "NotRecorded", "RecordedSource", "Source"]


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """The capital flow of one security, as it is to be sent.

    Attributes
    ----------
    times : ndarray of float64, shape (n,)
        Unix seconds, ascending. ``n`` may be zero.
    amounts : ndarray of float64, shape (n, 6)
        In the order of `pd_capflow.flow.rows.FLOW_FIELDS`; NaN is not sent.
    last_valid : float or None
        Unix seconds of the newest trade behind the last row; None is not sent.
    """

    times: Floats
    amounts: Floats
    last_valid: float | None = None


class NotRecorded(LookupError):  # noqa: N818  # the answer that a handler gives, not a fault of ours
    """What is asked for was not recorded.

    Parameters
    ----------
    text : str
        What is missing, where, and what to do.
    """


class Source(Protocol):
    """What serves capital flow."""

    @property
    def demo(self) -> str:
        """What clients are told of invented numbers; empty if the numbers are real."""

    @property
    def recorded(self) -> str:
        """What clients are told of numbers that are served again; empty if they are of now."""

    @property
    def title(self) -> str:
        """What this is, in a word, for the state of the program."""

    def flow(self, security: Security, period: str, first: date, last: date, now: datetime) -> Flow:
        """Return the rows of a period up to a clock; `first` and `last` bound all but ``intraday``."""

    def distribution(self, security: Security, now: datetime) -> Distribution:
        """Return what came in and went out in the latest session up to a clock."""


class RecordedSource(Source, Protocol):
    """What serves flow that was recorded, and so knows nothing but that."""

    def codes(self) -> list[str]:
        """Return the codes of which something is recorded, sorted."""

    def names(self, securities: list[Security], now: datetime) -> list[str]:
        """Return names as they were recorded, else codes; raise `NotRecorded` if one never was."""

    def days(self, market: Market) -> list[date]:
        """Return the recorded sessions of a market, ascending."""
