"""When the last rows of several codes were: the time that most charts of many codes are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pd_capflow.plot.rows import RowAxis

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.plot.sheet import Sheet
    from pd_capflow.plot.subject import Flow

__all__ = ["late_notes", "moment", "span"]


def moment(sheet: Sheet) -> str:
    """Name the day, or days, of the codes' last rows in exchange time, and of minutes the latest time."""
    lasts = _lasts(sheet)
    if not lasts:
        return ""
    first, last = min(lasts.values()), max(lasts.values())
    days = sheet.words.dates(first.normalize(), last.normalize())
    is_clock = sheet.subject.intraday and first.date() == last.date()
    return f"{days} {last:%H:%M}" if is_clock else days


def span(sheet: Sheet) -> str:
    """Name the first and the last day, or month, of a single code's rows."""
    subject, words = sheet.subject, sheet.words
    if not subject.intraday:
        return RowAxis.of(subject, words, sheet.layout).subtitle()
    times = subject.flows[0].times
    return words.dates(times[0], times[-1]) if len(times) else ""


def late_notes(sheet: Sheet) -> tuple[str, ...]:
    """Name the codes whose last row is older than the newest of the same exchange hours."""
    lasts, words = _lasts(sheet), sheet.words
    newest: dict[str, pd.Timestamp] = {}
    for flow, last in lasts.items():
        newest[_zone(flow)] = max(newest.get(_zone(flow), last), last)
    late = {flow: last for flow, last in lasts.items() if last < newest[_zone(flow)]}
    texts = [f"{flow.code} {_short(sheet, last, newest[_zone(flow)])}" for flow, last in late.items()]
    return (words.say("older", codes=words.listing(texts)),) if texts else ()


def _lasts(sheet: Sheet) -> dict[Flow, pd.Timestamp]:
    """Return the time of each code's last row, in exchange time but without its zone."""
    return {flow: flow.times[-1].tz_localize(None) for flow in sheet.subject.flows if len(flow.rows)}


def _zone(flow: Flow) -> str:
    return str(flow.times.tz)


def _short(sheet: Sheet, time: pd.Timestamp, newest: pd.Timestamp) -> str:
    if time.date() == newest.date():
        return f"{time:%H:%M}"
    return sheet.words.date(time, "day" if time.year == newest.year else "date")
