"""What each row stands for by itself: its own flow, and its stretch of the time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError
from pd_capflow.flow import measures
from pd_capflow.flow.frames import ATTRS, OPENING
from pd_capflow.flow.intervals import INTERVAL, MinuteInterval, read_rule
from pd_capflow.flow.sessions import rows_of
from pd_capflow.flow.totals import BEGINS
from pd_capflow.plot.minutes import usual_step

if TYPE_CHECKING:
    import numpy.typing as npt

    from pd_capflow.plot.chart import Chart
    from pd_capflow.plot.sheet import Sheet
    from pd_capflow.plot.subject import Flow, Subject
    from pd_capflow.plot.words import Words

    Floats = npt.NDArray[np.float64]

__all__ = ["interval_of", "label_of_own", "notes_of_own", "own_rows", "spans", "stretches"]

_MINUTE_US = 60e6
_CALENDAR: dict[type[pd.offsets.BaseOffset], str] = {
    pd.offsets.Day: "per_day",
    pd.offsets.Week: "per_week",
    pd.offsets.MonthBegin: "per_month",
    pd.offsets.MonthEnd: "per_month",
    pd.offsets.QuarterBegin: "per_quarter",
    pd.offsets.QuarterEnd: "per_quarter",
    pd.offsets.YearBegin: "per_year",
    pd.offsets.YearEnd: "per_year",
}
_FILLED = 0.9  # of a stretch by its bar
_THIN = 3.0  # points; gaps between narrower bars would be no wider than a hair


def own_rows(subject: Subject, flow: Flow) -> pd.DataFrame:
    """Return the flow of each row's own interval; running totals are taken apart.

    Raises
    ------
    QueryError
        If these are running totals of a code whose hours are not known.
    """
    if not subject.cumulative:
        return flow.rows
    if not flow.market:
        raise QueryError(
            "running totals must be taken apart by session, and this frame does not tell its code: choose "
            'one, such as frame.loc[["HK.00700"]]'
        )
    return measures.delta(_told(subject, flow))


def interval_of(subject: Subject) -> MinuteInterval | None:
    """Return the interval of intraday rows that were made longer, None for rows as served."""
    told = subject.facts.get(INTERVAL)
    return MinuteInterval.of({INTERVAL: told}) if subject.intraday and isinstance(told, str) else None


def spans(chart: Chart, flow: Flow) -> tuple[Floats, Floats]:
    """Return where each row's stretch of the axis begins and where it ends."""
    places, half = chart.places.place(flow.times), chart.places.row_width / 2
    interval = interval_of(chart.subject)
    if interval is None or flow.market is None:
        return places - half, places + half
    rows = rows_of(_told(chart.subject, flow))
    if interval.length is None:
        return chart.places.place(_opens(flow)), places
    return places - (rows.into - interval.begins(rows)) / _MINUTE_US, places


def stretches(chart: Chart, flow: Flow) -> tuple[Floats, Floats]:
    """Return the middle and the width of each row's stretch, as a bar fills it: whole where bars are thin."""
    starts, ends = spans(chart, flow)
    widths = ends - starts
    filled = chart.places.filled if interval_of(chart.subject) is None else _FILLED
    thin = float(widths.min(initial=np.inf)) * chart.points_per_unit < _THIN
    return (starts + ends) / 2, widths * (1.0 if thin else filled)


def label_of_own(sheet: Sheet) -> str:
    """Name what the amounts are: net inflow per minute, day, and so on."""
    subject, words = sheet.subject, sheet.words
    if not subject.intraday:
        return _label_of_longer(subject, words)
    if subject.cumulative is None:
        return words.say("as_given")
    interval = interval_of(subject)
    if interval is not None and interval.length is None:
        return words.say("per_day")
    step = interval.length / _MINUTE_US if interval and interval.length else usual_step(subject.flows)
    return words.say("per_minute") if step == 1 else words.say("per_minutes", n=step)


def _label_of_longer(subject: Subject, words: Words) -> str:
    """Name rows of days and more: by their period, or by the rule that made them still longer."""
    told = subject.facts.get(INTERVAL)
    if not isinstance(told, str):
        return words.say(f"per_{subject.period}")
    rule = read_rule(told)
    name = _CALENDAR.get(type(rule)) if rule.n == 1 else None
    return words.say(name) if name else words.say("per_rule", rule=told)


def notes_of_own(chart: Chart) -> tuple[str, ...]:
    """Say so where a total could only be taken apart into the flow of a row and of missing ones before it."""
    if not chart.subject.cumulative:
        return ()
    gaps = sum(chart.places.missing(flow.times) for flow in chart.subject.flows)
    return (chart.words.say("after_gap", n=gaps),) if gaps else ()


def _told(subject: Subject, flow: Flow) -> pd.DataFrame:
    """Return the rows with whole facts, since the frame's own may be damaged."""
    code = flow.code or (f"{flow.market.prefix}.0" if flow.market else "")  # what matters are the hours
    rows = flow.rows.copy(deep=False)
    kept = {name: subject.facts[name] for name in (BEGINS, INTERVAL, OPENING) if name in subject.facts}
    rows.attrs[ATTRS] = {**kept, "codes": [code], "period": subject.period, "cumulative": True}
    return rows


def _opens(flow: Flow) -> pd.DatetimeIndex:
    """Return the open of each row's session."""
    first = flow.market.sessions[0][0] if flow.market and flow.market.sessions else None
    days = flow.times.tz_localize(None).normalize()
    opens = days if first is None else days + np.timedelta64(first.hour * 60 + first.minute, "m")
    return opens.tz_localize(flow.times.tz)
