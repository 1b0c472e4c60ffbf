"""Queries: a question as a value that writes its request and reads its reply.

A query is checked when it is made: one that exists can be asked. Clients know only the `Query` shape, so
a new endpoint is a new class here and nothing there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from numbers import Number
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import pandas as pd

from pd_capflow.errors import ProtocolError, QueryError
from pd_capflow.flow.frames import DISTRIBUTION, FLOW, Columns
from pd_capflow.flow.rows import read_rows
from pd_capflow.flow.times import NO_TIME, epoch_us, iso_time
from pd_capflow.protocol.messages import CAPITAL_DISTRIBUTION, CAPITAL_FLOW, Method
from pd_capflow.protocol.refusals import check_response
from pd_capflow.security import Security

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pd_capflow.flow.frames import Shape

__all__ = ["PERIODS", "CapitalDistribution", "CapitalFlow", "Query", "parse_codes"]

#: Names of periods and their ``Qot_Common.PeriodType``.
PERIODS = {"intraday": 1, "day": 2, "week": 3, "month": 4}

_YEAR = timedelta(days=365)


class Query(Protocol):
    """What a client needs to know of a question about one security."""

    method: ClassVar[Method]
    shape: ClassVar[Shape]

    @property
    def security(self) -> Security:
        """The security asked about."""
        ...

    @property
    def period(self) -> str:
        """The period of the rows."""
        ...

    def request(self) -> Any:
        """Return the request message."""
        ...

    def read(self, response: Any) -> Columns:
        """Return what a response holds; raise what it stands for."""
        ...


@dataclass(frozen=True)
class CapitalFlow:
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
        period = _period(self.period)
        start = _day("start", self.start, security)
        end = _day("end", self.end, security)
        if period == "intraday":
            _refuse_dates(start, end)
        else:
            start, end = _range(start, end, security)
        for name, value in (("security", security), ("period", period), ("start", start), ("end", end)):
            object.__setattr__(self, name, value)

    def request(self) -> Any:
        """Return the ``Qot_GetCapitalFlow.Request``."""
        request = CAPITAL_FLOW.request()
        _write_security(request.c2s, self.security)
        request.c2s.periodType = PERIODS[self.period]
        if self.start is not None and self.end is not None:
            request.c2s.beginTime = f"{self.start.isoformat()} 00:00:00"
            request.c2s.endTime = f"{self.end.isoformat()} 23:59:59"
        return request

    def read(self, response: Any) -> Columns:
        """Return the rows of a ``Qot_GetCapitalFlow.Response``."""
        s2c = _contents(response, self.security)
        zone = self.security.home.zone
        rows = read_rows(s2c)
        time = epoch_us(rows.timestamps, rows.texts, zone)
        amounts = rows.amounts
        if (time[1:] < time[:-1]).any():
            order = np.argsort(time, kind="stable")
            time, amounts = time[order], amounts[order]
        return Columns(time, amounts, _moment(s2c, "lastValidTimestamp", "lastValidTime", zone))


@dataclass(frozen=True)
class CapitalDistribution:
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
        _write_security(request.c2s, self.security)
        return request

    def read(self, response: Any) -> Columns:
        """Return the one row of a ``Qot_GetCapitalDistribution.Response``."""
        s2c = _contents(response, self.security)
        zone = self.security.home.zone
        moment = _moment(s2c, "updateTimestamp", "updateTime", zone)
        time = NO_TIME if moment is None else round(datetime.fromisoformat(moment).timestamp() * 1e6)
        fields = DISTRIBUTION_FIELDS.values()
        values = [getattr(s2c, name) if s2c.HasField(name) else np.nan for name in fields]
        return Columns(np.array([time]), np.array([values]), moment)


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


def parse_codes(codes: str | Security | Iterable[str | Security]) -> tuple[list[Security], bool]:
    """Return the securities asked for, each once and in order, and whether one alone was asked for.

    Raises
    ------
    QueryError
        If there is none, or one of them is no code.
    """
    if isinstance(codes, str | Security):
        return [Security.parse(codes)], True
    try:
        given = list(codes)
    except TypeError:
        raise QueryError(
            f"{codes!r} is no code; expected one such as 'HK.00700', or several in a list"
        ) from None
    if not given:
        raise QueryError("an empty list of codes; expected at least one, such as ['HK.00700']")
    return list(dict.fromkeys(Security.parse(code) for code in given)), False


def _period(period: object) -> str:
    name = period.lower() if isinstance(period, str) else ""
    if name not in PERIODS:
        raise QueryError(f"unknown period {period!r}; expected one of {', '.join(map(repr, PERIODS))}")
    return name


def _day(name: str, value: Any, security: Security) -> date | None:
    if value is None:
        return None
    if isinstance(value, Number) and not isinstance(value, np.datetime64):
        raise QueryError(f"{name}={value!r} is a number; expected a date such as '2025-01-31'")
    try:
        moment = pd.Timestamp(value)
    except (TypeError, ValueError) as error:
        raise QueryError(f"{name}={value!r} is no date; expected one such as '2025-01-31'") from error
    if pd.isna(moment):
        raise QueryError(f"{name}={value!r} is no date; expected one such as '2025-01-31'")
    return (moment if moment.tz is None else moment.tz_convert(security.home.zone)).date()


def _refuse_dates(start: date | None, end: date | None) -> None:
    for name, value in (("start", start), ("end", end)):
        if value is not None:
            raise QueryError(
                f"{name}={value.isoformat()} with period='intraday', which is always the latest session; "
                "ask for period='day', 'week' or 'month', or leave the dates out"
            )


def _range(start: date | None, end: date | None, security: Security) -> tuple[date, date]:
    """Fill in what was not given as the vendor does, but by the exchange's calendar day."""
    if start is not None and end is not None:
        if end < start:
            raise QueryError(f"end={end.isoformat()} is before start={start.isoformat()}")
        return start, end
    if start is not None:
        return start, _shift(start, _YEAR)
    last = end or security.home.today()
    return _shift(last, -_YEAR), last


def _shift(day: date, by: timedelta) -> date:
    try:
        return day + by
    except OverflowError as error:
        raise QueryError(f"{day.isoformat()} is no day that a gateway could have data for") from error


def _write_security(c2s: Any, security: Security) -> None:
    c2s.security.market = security.home.number
    c2s.security.code = security.symbol
    c2s.header.securityFirm = 0


def _contents(response: Any, security: Security) -> Any:
    check_response(response, str(security))
    if not response.HasField("s2c"):
        raise ProtocolError(f"{security}: the gateway reports success but sent no contents")
    return response.s2c


def _moment(s2c: Any, number: str, text: str, zone: str) -> str | None:
    return iso_time(getattr(s2c, number) if s2c.HasField(number) else None, getattr(s2c, text), zone)
