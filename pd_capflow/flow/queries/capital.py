"""Capital flow and distribution of one security."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import DISTRIBUTION, FLOW, Columns, build_frame
from pd_capflow.flow.queries.question import (
    PERIODS,
    Query,
    check_contents,
    one_of,
    parse_day,
    parse_range,
    sent,
    write_security,
)
from pd_capflow.flow.rows import read_rows
from pd_capflow.flow.times import epoch_us, instant_us, iso_time
from pd_capflow.protocol.messages import CAPITAL_DISTRIBUTION, CAPITAL_FLOW, Method
from pd_capflow.security import Security

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pandas as pd

    from pd_capflow.flow.frames import Shape

__all__ = ["CapitalDistribution", "CapitalFlow", "CapitalQuery"]


#: Column of the frame and field of the message, in the frame's order.
DISTRIBUTION_FIELDS = {
    "super_in": "capitalInSuper",
    "super_out": "capitalOutSuper",
    "big_in": "capitalInBig",
    "big_out": "capitalOutBig",
    "mid_in": "capitalInMid",
    "mid_out": "capitalOutMid",
    "sml_in": "capitalInSmall",
    "sml_out": "capitalOutSmall",
}


@dataclass(frozen=True)
class CapitalFlow(Query["pd.DataFrame"]):
    """The capital flow of one security (``Qot_GetCapitalFlow``, 3211).

    Parameters
    ----------
    security : str or Security
        Such as ``"HK.00700"``.
    period : {"intraday", "day", "week", "month"}
        Rows of a minute, a day, a week or a month.
    start, end : date-like, optional
        First and last day asked for, in exchange time: anything that `pandas.Timestamp` takes, but
        numbers. Neither: the last 365 days. One: 365 days from it or up to it. Not for ``intraday``,
        which is always the latest session.

    Raises
    ------
    QueryError
        If the code, the period or the dates cannot be asked.

    Examples
    --------
    >>> query = CapitalFlow("HK.00700", "day", "2024-01-02", "2024-06-28")
    >>> query.start
    datetime.date(2024, 1, 2)
    """

    security: Security
    period: str = "intraday"
    start: date | None = None
    end: date | None = None

    method: ClassVar[Method] = CAPITAL_FLOW
    shape: ClassVar[Shape] = FLOW

    def __post_init__(self) -> None:
        security = Security.parse(self.security)
        period = one_of("period", self.period, PERIODS)
        start, end = _days(period, self.start, self.end, security)
        for name, value in (("security", security), ("period", period), ("start", start), ("end", end)):
            object.__setattr__(self, name, value)

    def request(self) -> Any:
        """Return the ``Qot_GetCapitalFlow.Request``."""
        request = CAPITAL_FLOW.request()
        _write_subject(request.c2s, self.security)
        request.c2s.periodType = PERIODS[self.period]
        if self.start is not None and self.end is not None:
            request.c2s.beginTime = f"{self.start.isoformat()} 00:00:00"
            request.c2s.endTime = f"{self.end.isoformat()} 23:59:59"
        return request

    def read(self, response: Any) -> Columns:
        """Return the rows of a ``Qot_GetCapitalFlow.Response``."""
        s2c = check_contents(response, str(self.security), str(self.security))
        zone = self.security.home.zone
        rows = read_rows(s2c)
        time = epoch_us(rows.timestamps, rows.texts, zone)
        amounts = rows.amounts
        if (time[1:] < time[:-1]).any():
            order = np.argsort(time, kind="stable")
            time, amounts = time[order], amounts[order]
        return Columns(time, amounts, _moment(s2c, "lastValidTimestamp", "lastValidTime", zone))

    def result(self, answers: Sequence[Columns], source: Mapping[str, Any]) -> pd.DataFrame:
        """Return the tidy frame."""
        return _frame(self, answers[0], source)


@dataclass(frozen=True)
class CapitalDistribution(Query["pd.DataFrame"]):
    """Gross inflow and outflow of one security's latest session (``Qot_GetCapitalDistribution``, 3212).

    Parameters
    ----------
    security : str or Security
        Such as ``"HK.00700"``.
    """

    security: Security
    period: ClassVar[str] = "intraday"

    method: ClassVar[Method] = CAPITAL_DISTRIBUTION
    shape: ClassVar[Shape] = DISTRIBUTION

    def __post_init__(self) -> None:
        object.__setattr__(self, "security", Security.parse(self.security))

    def request(self) -> Any:
        """Return the ``Qot_GetCapitalDistribution.Request``."""
        request = CAPITAL_DISTRIBUTION.request()
        _write_subject(request.c2s, self.security)
        return request

    def read(self, response: Any) -> Columns:
        """Return the one row of a ``Qot_GetCapitalDistribution.Response``."""
        s2c = check_contents(response, str(self.security), str(self.security))
        zone = self.security.home.zone
        time = instant_us(sent(s2c, "updateTimestamp"), s2c.updateTime, zone)
        moment = _moment(s2c, "updateTimestamp", "updateTime", zone)
        values = [sent(s2c, name, np.nan) for name in DISTRIBUTION_FIELDS.values()]
        return Columns(np.array([time]), np.array([values]), moment)

    def result(self, answers: Sequence[Columns], source: Mapping[str, Any]) -> pd.DataFrame:
        """Return the tidy frame."""
        return _frame(self, answers[0], source)


#: A question of which many can be put together: the same of each of many codes.
CapitalQuery = CapitalFlow | CapitalDistribution


def _days(period: str, start: Any, end: Any, security: Security) -> tuple[date | None, date | None]:
    market = security.home
    if period != "intraday":
        return parse_range(start, end, market)
    _refuse_dates(parse_day("start", start, market), parse_day("end", end, market))
    return None, None


def _write_subject(c2s: Any, security: Security) -> None:
    write_security(c2s.security, security)
    c2s.header.securityFirm = 0


def _refuse_dates(start: date | None, end: date | None) -> None:
    for name, value in (("start", start), ("end", end)):
        if value is not None:
            raise QueryError(
                f"{name}={value.isoformat()} with period='intraday', which is always the latest session; "
                "ask for period='day', 'week' or 'month', or leave the dates out"
            )


def _moment(s2c: Any, number: str, text: str, zone: str) -> str | None:
    return iso_time(sent(s2c, number), getattr(s2c, text), zone)


def _frame(query: CapitalQuery, answer: Columns, source: Mapping[str, Any]) -> pd.DataFrame:
    security = query.security
    parts = {security: answer}
    return build_frame(query.shape, [security], parts, period=query.period, single=True, source=source)
