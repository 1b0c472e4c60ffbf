"""Columns -> tidy frames.

One code gives a frame indexed by ``time``; several give a `MultiIndex` ``(code, time)`` in the order
asked. Codes of one zone carry that zone, a mix is in UTC. The unit is microseconds. What must travel with
a frame is in ``frame.attrs["capflow"]``, and JSON can hold it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.flow.rows import FLOW_FIELDS
from pd_capflow.flow.times import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pd_capflow.security import Security

__all__ = [
    "ATTRS",
    "DEMO_NOTE",
    "DISTRIBUTION",
    "FLOW",
    "FLOW_COLUMNS",
    "OPENING",
    "TIERS",
    "Columns",
    "Shape",
    "build_frame",
    "facts_in",
]

#: Key of the facts in ``DataFrame.attrs``.
ATTRS = "capflow"
#: Key, in these, of first rows that stand for all since the open though none stands at the open.
OPENING = "opening"
#: What is said, with what it is, wherever numbers are shown that are served again.
RECORDED_NOTE = "RECORDED, not live: {what}"

#: What is said wherever numbers of a demo gateway are shown.
DEMO_NOTE = "DEMO DATA: these numbers are invented"
#: Columns of a capital-flow frame.
FLOW_COLUMNS = tuple(FLOW_FIELDS)
#: Order sizes, the largest first.
TIERS = ("super", "big", "mid", "sml")


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What one answer holds.

    Attributes
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since the epoch, ascending.
    amounts : ndarray of float64, shape (n, m)
        Amounts in the security's currency, one column for each of the shape's.
    last_valid_time : str or None
        Newest data point behind the last row, ISO 8601 with offset.
    """

    time: NDArray[np.int64]
    amounts: NDArray[np.float64]
    last_valid_time: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """The columns of one kind of frame."""

    columns: pd.Index[str]


FLOW = Shape(pd.Index(FLOW_COLUMNS))
DISTRIBUTION = Shape(pd.Index([f"{tier}_{way}" for tier in TIERS for way in ("in", "out")]))


def facts_in(frame: pd.DataFrame) -> dict[str, Any]:
    """Return what a frame tells of itself, to be read only; nothing where it tells none or holds no facts."""
    told = frame.attrs.get(ATTRS)
    return told if isinstance(told, dict) else {}


def recorded_in(*sources: Mapping[str, Any]) -> dict[str, str]:
    """Return what some sources tell of being served again, as part of their common one; mostly nothing.

    Examples
    --------
    >>> recorded_in({"url": "tcp://a:1", "demo": False}, {"recorded": "a replay of a store"})
    {'recorded': 'a replay of a store'}
    """
    told = dict.fromkeys(source["recorded"] for source in sources if source.get("recorded"))
    return {"recorded": ", ".join(told)} if told else {}


def build_frame(
    shape: Shape,
    asked: Sequence[Security],
    parts: Mapping[Security, Columns],
    *,
    period: str,
    single: bool,
    source: Mapping[str, Any],
    errors: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return the tidy frame of some answers.

    Parameters
    ----------
    shape : Shape
        Which columns.
    asked : sequence of Security
        The securities asked for; they decide zone and currency where no answer does.
    parts : mapping of Security to Columns
        The answers, in the order asked; may be empty unless `single`.
    period : str
        Period of the rows. Rows of ``"intraday"`` are cumulative.
    single : bool
        Whether one code alone was asked for, so that there is no level ``code``.
    source : mapping
        Where the answers come from: ``url`` and ``demo``; of what is served again, ``recorded``.
    errors : mapping of str to str, optional
        Why codes are missing.

    Returns
    -------
    pandas.DataFrame
        ``float64`` columns; NaN where nothing was sent. ``codes`` in its facts are those that came, also
        without rows, in the order asked; of one code alone, that one.
    """
    held = list(parts)
    zone = _one([security.home.zone for security in held or asked]) or "UTC"
    answers = list(parts.values())
    index = _time_index(answers[0].time, zone) if single else _code_index(held, answers, zone)
    amounts = answers[0].amounts if len(answers) == 1 else _stack(answers, len(shape.columns))
    frame = pd.DataFrame(amounts, index=index, columns=shape.columns, copy=False)
    frame.attrs[ATTRS] = {
        "codes": [str(security) for security in held],
        "period": period,
        "cumulative": period == "intraday",
        "currency": _one([security.currency for security in held or asked]),
        "tz": zone,
        "last_valid_time": _last_valid(parts, single=single),
        "source": dict(source),
        "errors": dict(errors or {}),
    }
    if shape is FLOW and period == "intraday" and (opening := _opening(parts)):
        frame.attrs[ATTRS][OPENING] = opening
    return frame


def _opening(parts: Mapping[Security, Columns]) -> dict[str, str]:
    """Return the first rows of sessions that were served without one at the open itself."""
    first = {who: int(answer.time[0]) for who, answer in parts.items() if len(answer.time)}
    return {str(who): moment.isoformat() for who, at in first.items() if (moment := _after_open(who, at))}


def _after_open(security: Security, instant: int) -> datetime | None:
    """Return the moment of a row that ends the first minute of a session."""
    zone = security.home.tzinfo
    moment = datetime.fromtimestamp(instant / 1e6, zone)
    opens = [datetime.combine(moment.date(), first, zone) for first, _ in security.home.sessions[:1]]
    return moment if any(timedelta(0) < moment - at <= timedelta(minutes=1) for at in opens) else None


def _one(values: Sequence[str]) -> str | None:
    """Return the value that all share, or None."""
    return values[0] if len(set(values)) == 1 else None


def _last_valid(parts: Mapping[Security, Columns], *, single: bool) -> Any:
    times = {str(security): answer.last_valid_time for security, answer in parts.items()}
    return next(iter(times.values())) if single else times


def _stack(answers: Sequence[Columns], width: int) -> NDArray[np.float64]:
    return np.concatenate([answer.amounts for answer in answers] or [np.empty((0, width))])


def _time_index(time: NDArray[np.int64], zone: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(time, dtype=pd.DatetimeTZDtype("us", zone), name="time")


def _code_index(securities: Sequence[Security], answers: Sequence[Columns], zone: str) -> pd.MultiIndex:
    # Built from its parts: working the levels out again from 100,000 labels takes ten times as long.
    time = np.concatenate([answer.time for answer in answers] or [np.empty(0, np.int64)])
    instants, places = np.unique(time, return_inverse=True)
    if instants.size and instants[0] == NO_TIME:
        instants, places = instants[1:], places - 1
    owner = np.repeat(np.arange(len(answers)), [len(answer.time) for answer in answers])
    codes = pd.Index([str(security) for security in securities], dtype="str")
    return pd.MultiIndex(
        levels=[codes, _time_index(instants, zone)],  # type: ignore[list-item]  # stubs know lists only
        codes=[owner, places],  # type: ignore[list-item]  # the same
        names=["code", "time"],
        verify_integrity=False,
    )
