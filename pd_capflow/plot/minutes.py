"""The axis of minute rows: trading time only, so that lunch, night and weekend take next to no room.

Its spans are the market's own hours on each day shown, plus whatever rows lie outside them, in minutes
since the epoch. Between two spans the axis has a narrow break. Positions and times are one piecewise
linear function of each other, and its knots are the ends of the spans. Nothing here depends on whether a
row's label is the start or the end of its minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.plot.ticks import Tick

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from pd_capflow.plot.subject import Flow, Subject
    from pd_capflow.plot.words import Words
    from pd_capflow.security import Market

    Floats = npt.NDArray[np.float64]
    Span = tuple[float, float]

__all__ = ["MinuteAxis", "usual_step"]

_SLACK = 1.5  # a gap is more than this many usual steps
_BREAK, _BREAKS = 0.012, 0.12  # of the axis: room for one break at most, for all breaks at most
_MANY_DAYS = 15  # beyond, separators would be clutter
_CLOCK_STEPS = (120, 60, 30, 15, 5, 1)  # minutes between ticks
_DAY_STEPS = (250, 100, 50, 20, 10, 5, 2, 1)  # days between ticks
_SOME_DAY = pd.Timestamp("2000-01-03")  # a chart without rows shows the hours of no particular day


@dataclass(frozen=True)
class MinuteAxis:
    """Positions of minute rows, in trading minutes from the first session's open.

    Attributes
    ----------
    spans : tuple of (float, float)
        Trading time that is shown, in minutes since the epoch, in order, without overlap.
    knots : ndarray of float
        Positions of the spans' ends: start, end, start, end, ...
    step : float
        The usual distance of rows, in minutes.
    zone : tzinfo or None
        Zone of the labels.
    words : Words
        Language of the labels.
    dated : bool
        Whether there are rows, and so days; without them the hours are those of any day.
    """

    spans: tuple[Span, ...]
    knots: Floats
    step: float
    zone: Any
    words: Words
    dated: bool

    filled = 0.8

    @classmethod
    def of(cls, subject: Subject, words: Words) -> MinuteAxis:
        """Lay out the axis for all rows of a subject."""
        step = usual_step(subject.flows)
        known = [span for flow in subject.flows for span in _known_hours(flow)]
        spans = _merge_rows(_union(known), _all_minutes(subject.flows), step)
        zone = subject.flows[0].times.tz if subject.zone != "UTC" else "UTC" if subject.zone else None
        dated = any(len(flow.rows) for flow in subject.flows)
        return cls(spans, _layout(spans), step, zone, words, dated)

    @property
    def limits(self) -> tuple[float, float]:
        """Left and right end of the axis."""
        length = float(self.knots[-1])
        air = max(0.006 * length, min(0.5 * self.step, 0.03 * length))
        return -air, float(self.knots[-1]) + air

    @property
    def separators(self) -> list[float]:
        """Where a subtle line shows that time was left out."""
        days = len(self._days())
        middles = self._middles()
        if days == 1:
            return [x for x, _ in middles]
        return [x for x, night in middles if night] if days <= _MANY_DAYS else []

    @property
    def row_width(self) -> float:
        """Width of one row's stretch; one of a few rows is no wall."""
        return min(self.step, max(0.1 * float(self.knots[-1]), 1.0))

    def place(self, times: pd.DatetimeIndex) -> Floats:
        """Return the positions of times."""
        return np.interp(_minutes(times), np.ravel(self.spans), self.knots)

    @property
    def rests(self) -> Floats:
        """Where trading time begins and ends, from the first open to the last close."""
        return self.knots

    def trades(self, places: Floats) -> npt.NDArray[np.bool_]:
        """Tell which positions lie in trading time, and not where time is left out."""
        return np.asarray(np.searchsorted(self.knots, places) % 2 == 1, dtype=np.bool_)

    def breaks(self, times: pd.DatetimeIndex) -> npt.NDArray[np.intp]:
        """Return the numbers of the rows before which a line must be broken."""
        far, across = self._steps(times)
        return np.flatnonzero(far | across) + 1

    def missing(self, times: pd.DatetimeIndex) -> int:
        """Count the places between rows where others of the same trading time are missing."""
        far, across = self._steps(times)
        return int((far & ~across).sum())

    def _steps(self, times: pd.DatetimeIndex) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Tell which steps between rows are too long, and which lead from one span into another."""
        minutes = _minutes(times)
        span = np.searchsorted([start for start, _ in self.spans], minutes, side="right")
        return np.diff(minutes) > _SLACK * self.step, np.diff(span) != 0

    def describe(self, x: float) -> str:
        """Name the time at a position."""
        if not self.knots[0] <= x <= self.knots[-1]:
            return ""
        time = self._time(float(np.interp(x, self.knots, np.ravel(self.spans))))
        return f"{self.words.date(time, 'day')} {time:%H:%M}" if self.dated else f"{time:%H:%M}"

    def subtitle(self) -> str:
        """Name the days shown."""
        if not self.dated:
            return ""
        return self.words.dates(self._time(self.spans[0][0]), self._time(self.spans[-1][1]))

    def tick_sets(self, low: float, high: float) -> Iterator[Sequence[Tick]]:
        """Give days, or the clock where a single day is in view, from coarse to fine."""
        days = self._days()
        shown = [(start, end) for start, end in days if end > low and start < high]
        if len(shown) > 1:
            ticks = [self._day_tick(start, end) for start, end in days]
            for every in _DAY_STEPS:
                yield ticks[::every]
            return
        ends = self._end_ticks()
        yield ends[:: max(len(ends) - 1, 1)]
        yield ends
        for minutes in _CLOCK_STEPS:
            yield self._clock_ticks(ends, minutes)

    def _time(self, minutes: float) -> pd.Timestamp:
        time = pd.Timestamp(round(minutes * 60), unit="s", tz="UTC")
        return time.tz_localize(None) if self.zone is None else time.tz_convert(self.zone)

    def _clock(self, minutes: float) -> str:
        return f"{self._time(minutes):%H:%M}"

    def _is_night(self, before: Span, after: Span) -> bool:
        return self._time(before[1]).date() != self._time(after[0]).date()

    def _middles(self) -> list[tuple[float, bool]]:
        """Return the middle of each break, and whether a day ends there."""
        nights = [self._is_night(before, after) for before, after in pairwise(self.spans)]
        middles = (self.knots[1:-1:2] + self.knots[2::2]) / 2
        return list(zip(middles.tolist(), nights, strict=True))

    def _days(self) -> list[Span]:
        """Return the positions between which each day lies."""
        nights = [i for i, (_, night) in enumerate(self._middles()) if night]
        firsts, lasts = [0, *(i + 1 for i in nights)], [*nights, len(self.spans) - 1]
        pairs = zip(firsts, lasts, strict=True)
        return [(float(self.knots[2 * first]), float(self.knots[2 * last + 1])) for first, last in pairs]

    def _day_tick(self, start: float, end: float) -> Tick:
        time = self._time(float(np.interp(start, self.knots, np.ravel(self.spans))))
        return Tick((start + end) / 2, self.words.date(time, "day"))

    def _end_ticks(self) -> list[Tick]:
        """Return the open, the breaks and the close."""
        opening, closing = self.spans[0][0], self.spans[-1][1]
        labels = [f"{self._clock(one[1])}/{self._clock(two[0])}" for one, two in pairwise(self.spans)]
        middles = [Tick(x, label) for (x, _), label in zip(self._middles(), labels, strict=True)]
        first, last = float(self.knots[0]), float(self.knots[-1])
        ends = [Tick(first, self._clock(opening)), *middles, Tick(last, self._clock(closing))]
        return ends if last > first else ends[:1]

    def _clock_ticks(self, ends: Sequence[Tick], minutes: int) -> list[Tick]:
        """Return the ends and, from the half hour of each span's start, every so many minutes."""
        ticks = list(ends)
        for i, (start, end) in enumerate(self.spans):
            moments = np.arange(start - start % 30 + minutes, end - 0.6 * minutes, minutes)
            ticks += [Tick(float(self.knots[2 * i] + at - start), self._clock(at)) for at in moments]
        return sorted(ticks)


def _minutes(times: pd.DatetimeIndex) -> Floats:
    """Return minutes since the epoch; a time without a zone counts as it is."""
    instants = times.tz_convert("UTC").tz_localize(None) if times.tz is not None else times
    return np.asarray(instants.as_unit("us").asi8, dtype=np.float64) / 60e6


def _all_minutes(flows: Iterable[Flow]) -> Floats:
    return np.unique(np.concatenate([_minutes(flow.times) for flow in flows]))


def usual_step(flows: Iterable[Flow]) -> float:
    """Return the most frequent distance of neighbouring rows, in minutes; one where there is none."""
    steps = np.concatenate([np.diff(_minutes(flow.times)) for flow in flows])
    values, counts = np.unique(steps[steps > 0].round(6), return_counts=True)
    return float(values[counts.argmax()]) if values.size else 1.0


def _known_hours(flow: Flow) -> list[Span]:
    """Return the regular hours of a code's market on each day that it has rows."""
    if flow.market is None:
        return []
    days = flow.times.tz_localize(None).normalize().unique() if len(flow.rows) else [_SOME_DAY]
    zone = flow.market.zone if flow.times.tz is not None else None
    return [span for day in days for span in _hours(day, flow.market, zone)]


def _hours(day: pd.Timestamp, market: Market, zone: str | None) -> list[Span]:
    """Return the market's hours on one day."""
    times = [pd.Timestamp.combine(day.date(), moment) for pair in market.sessions for moment in pair]
    ends = _minutes(pd.DatetimeIndex(times, dtype="datetime64[us]").tz_localize(zone)).tolist()
    return list(zip(ends[::2], ends[1::2], strict=True))


def _union(spans: Iterable[Span], reach: float = 0.0) -> list[Span]:
    """Join spans that overlap, or are no further apart than `reach`."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + reach:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _merge_rows(known: list[Span], minutes: Floats, step: float) -> tuple[Span, ...]:
    """Add the rows that lie outside the known spans: to a span that they touch, or as spans of their own."""
    gaps = [after[0] - before[1] for before, after in pairwise(known)]
    reach = min([_SLACK * step, *(gap / 2.5 for gap in gaps)])
    if known:
        starts, ends = np.array(known).T
        span = np.searchsorted(starts, minutes, side="right") - 1
        minutes = minutes[(span < 0) | (minutes > ends[span])]
    strays = _union(((at, at) for at in minutes.tolist()), reach)
    spans = _union([*known, *strays], reach)
    return tuple(spans) or ((0.0, 0.0),)


def _layout(spans: tuple[Span, ...]) -> Floats:
    """Return the positions of the spans' ends: trading minutes, plus a narrow break before each but one."""
    ends = np.array(spans)
    lengths = ends[:, 1] - ends[:, 0]
    total = max(float(lengths.sum()), 1.0)
    gap = total * min(_BREAK, _BREAKS / max(len(spans) - 1, 1))
    starts = np.concatenate([[0.0], np.cumsum(lengths + gap)[:-1]])
    return np.column_stack([starts, starts + lengths]).ravel()
