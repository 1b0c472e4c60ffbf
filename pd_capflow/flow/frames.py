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
    "EMPTY",
    "FLOW",
    "FLOW_COLUMNS",
    "OPENING",
    "TIERS",
    "Answers",
    "Columns",
    "Shape",
    "build_frame",
    "facts_in",
    "frame_of",
]

#: Key of the facts in ``DataFrame.attrs``.
ATTRS = "capflow"
#: Key, in these, of first rows that stand for all since the open though none stands at the open.
OPENING = "opening"
#: Key, in these, of codes that were answered without rows; a slice keeps it, and it stays true of them.
EMPTY = "empty"
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
class Answers:
    """What the answers of several securities hold, one after another.

    Attributes
    ----------
    securities : sequence of Security
        Whose they are.
    lengths : sequence of int
        How many rows each has.
    time : ndarray of int64, shape (n,)
        Microseconds since the epoch, ascending in each answer.
    amounts : ndarray of float64, shape (n, m)
    last_valid_time : sequence of (str or None)
        Of each answer, as in `Columns`.
    """

    securities: Sequence[Security]
    lengths: Sequence[int]
    time: NDArray[np.int64]
    amounts: NDArray[np.float64]
    last_valid_time: Sequence[str | None]

    @property
    def owner(self) -> NDArray[np.int64]:
        """Whose each row is, as the number of one of the securities."""
        return np.repeat(np.arange(len(self.securities)), self.lengths)

    @property
    def first(self) -> NDArray[np.int64]:
        """The position of the first row of each answer that has rows."""
        lengths = np.array(self.lengths, np.int64)
        return (np.cumsum(lengths) - lengths)[lengths > 0]


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
        The answers, in the order asked.
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
        ``float64`` columns; NaN where nothing was sent. ``codes`` in its facts are those that came, in the
        order asked. Those of them that came without rows are named in ``empty``, where there are any.
    """
    answers = _joined(parts, len(shape.columns))
    opening = answers.first if shape is FLOW else None
    return frame_of(
        shape, asked, answers, period=period, single=single, source=source, errors=errors, opening=opening
    )


def frame_of(
    shape: Shape,
    asked: Sequence[Security],
    answers: Answers,
    *,
    period: str,
    single: bool,
    source: Mapping[str, Any],
    errors: Mapping[str, str] | None = None,
    opening: NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """Return the tidy frame of answers that are joined already.

    Parameters
    ----------
    shape, asked, period, single, source, errors
        As for `build_frame`.
    answers : Answers
    opening : ndarray of int64, optional
        Positions of the first rows of sessions, of which a frame of minutes says where they begin.
    """
    held = answers.securities
    zone = _one([security.home.zone for security in held or asked]) or "UTC"
    index = _time_index(answers.time, zone) if single else _code_index(answers, zone)
    frame = pd.DataFrame(answers.amounts, index=index, columns=shape.columns, copy=False)
    codes = list(map(str, held))
    last = answers.last_valid_time
    frame.attrs[ATTRS] = {
        "codes": codes,
        "period": period,
        "cumulative": period == "intraday",
        "currency": _one([security.currency for security in held or asked]),
        "tz": zone,
        "last_valid_time": next(iter(last), None) if single else dict(zip(codes, last, strict=True)),
        "source": dict(source),
        "errors": dict(errors or {}),
    }
    if without := [code for code, count in zip(codes, answers.lengths, strict=True) if not count]:
        frame.attrs[ATTRS][EMPTY] = without
    if period == "intraday" and opening is not None and (noted := _after_open(answers, opening)):
        frame.attrs[ATTRS][OPENING] = noted
    return frame


def _joined(parts: Mapping[Security, Columns], width: int) -> Answers:
    answers = list(parts.values())
    time, amounts, last = (
        [answer.time for answer in answers],
        [answer.amounts for answer in answers],
        [answer.last_valid_time for answer in answers],
    )
    return Answers(
        list(parts),
        list(map(len, time)),
        time[0] if len(answers) == 1 else np.concatenate([np.empty(0, np.int64), *time]),
        amounts[0] if len(answers) == 1 else np.concatenate([np.empty((0, width)), *amounts]),
        last,
    )


def _after_open(answers: Answers, first: NDArray[np.int64]) -> dict[str, str | list[str]]:
    """Return of each code those first rows of sessions that were served without one at the open itself."""
    noted: dict[str, list[str]] = {}
    owner = np.searchsorted(np.cumsum(answers.lengths), first, side="right").tolist()
    instants = answers.time[first].tolist()
    known: dict[tuple[str, int], str | None] = {}
    for number, instant in zip(owner, instants, strict=True):
        security = answers.securities[number]
        key = security.market, instant
        if key not in known:
            known[key] = _ends_first_minute(security, instant)
        if text := known[key]:
            noted.setdefault(str(security), []).append(text)
    return {code: times[0] if len(times) == 1 else times for code, times in noted.items()}


def _ends_first_minute(security: Security, instant: int) -> str | None:
    """Return the moment of a row that ends the first minute of a session, as ISO 8601 tells it."""
    sessions = security.home.sessions
    if not sessions or instant == NO_TIME:
        return None
    zone = security.home.tzinfo
    moment = datetime.fromtimestamp(instant / 1e6, zone)
    at = datetime.combine(moment.date(), sessions[0][0], zone)
    return moment.isoformat() if timedelta(0) < moment - at <= timedelta(minutes=1) else None


def _one(values: Sequence[str]) -> str | None:
    """Return the value that all share, or None."""
    return values[0] if len(set(values)) == 1 else None


def _time_index(time: NDArray[np.int64], zone: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(time, dtype=pd.DatetimeTZDtype("us", zone), name="time")


def _code_index(answers: Answers, zone: str) -> pd.MultiIndex:
    # Built from its parts: working the levels out again from 100,000 labels takes ten times as long.
    places, instants = pd.factorize(answers.time, sort=True)
    if instants.size and instants[0] == NO_TIME:
        instants, places = instants[1:], places - 1
    codes = pd.Index(list(map(str, answers.securities)), dtype="str")
    return pd.MultiIndex(
        levels=[codes, _time_index(instants, zone)],  # type: ignore[list-item]  # stubs know lists only
        codes=[answers.owner, places],  # type: ignore[list-item]  # the same
        names=["code", "time"],
        verify_integrity=False,
    )
