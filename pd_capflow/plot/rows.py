"""The axis of day, week and month rows: one place for each date, whatever the calendar leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pd_capflow.plot.ticks import Tick

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from pd_capflow.plot.layout import Layout
    from pd_capflow.plot.subject import Subject
    from pd_capflow.plot.words import Words

    Floats = npt.NDArray[np.float64]

__all__ = ["RowAxis"]

_FEWEST = 5  # rows for which there is always room, so that a single bar is not a wall


@dataclass(frozen=True)
class RowAxis:
    """Positions of rows that stand for days or more: 0, 1, 2, ...

    Attributes
    ----------
    dates : pandas.DatetimeIndex
        Every date shown, once, in order, without a zone: a day of one exchange is the same day of another.
    monthly : bool
        Whether a row stands for a month, and its day says nothing.
    words : Words
        Language of the labels.
    stacked : bool
        Whether the year stands below the day, where there is room, or beside it.
    """

    dates: pd.DatetimeIndex
    monthly: bool
    words: Words
    stacked: bool

    separators = ()
    rests = np.empty(0)
    step = row_width = 1.0
    filled = 0.74

    @classmethod
    def of(cls, subject: Subject, words: Words, layout: Layout) -> RowAxis:
        """Lay out the axis for all rows of a subject."""
        dates = pd.DatetimeIndex([])
        for flow in subject.flows:
            dates = dates.union(_dates(flow.times).unique())
        return cls(dates, subject.period == "month", words, layout.roomy)

    @property
    def limits(self) -> tuple[float, float]:
        """Left and right end of the axis."""
        middle, half = (len(self.dates) - 1) / 2, max(len(self.dates), _FEWEST) / 2
        return middle - half - 0.1, middle + half + 0.1

    def place(self, times: pd.DatetimeIndex) -> Floats:
        """Return the positions of times."""
        return self.dates.get_indexer(_dates(times)).astype(np.float64)

    def trades(self, places: Floats) -> npt.NDArray[np.bool_]:
        """Tell which positions lie in trading time, as all do between the first and the last."""
        return np.isfinite(places)

    def breaks(self, times: pd.DatetimeIndex) -> npt.NDArray[np.intp]:  # noqa: ARG002  # as `MinuteAxis`
        """Return the numbers of the rows before which a line must be broken: none."""
        return np.array([], dtype=np.intp)

    def missing(self, times: pd.DatetimeIndex) -> int:  # noqa: ARG002  # as `MinuteAxis`
        """Count the places where rows are missing: none, since the calendar decides which days there are."""
        return 0

    def describe(self, x: float) -> str:
        """Name the date at a position."""
        row = round(x)
        return self._full(row) if 0 <= row < len(self.dates) else ""

    def subtitle(self) -> str:
        """Name the dates shown: the subject's first and last."""
        if not len(self.dates):
            return ""
        if not self.monthly:
            return self.words.dates(self.dates[0], self.dates[-1])
        first, last = self._full(0), self._full(len(self.dates) - 1)
        return first if first == last else f"{first} – {last}"

    def tick_sets(self, low: float, high: float) -> Iterator[Sequence[Tick]]:
        """Give the first rows of years, quarters, months and weeks, then every row."""
        if not len(self.dates):
            return
        first, last = max(round(low), 0), min(round(high), len(self.dates) - 1)
        shown = self.dates[first : last + 1]
        for form, groups in _groups(shown, monthly=self.monthly):
            yield self._ticks(_starts(groups) + first, form)

    def _ticks(self, rows: npt.NDArray[np.intp], form: str) -> list[Tick]:
        """Label rows; the first label of each year names it."""
        ticks, year = [], 0
        for row in rows.tolist():
            date = self.dates[row]
            named = date.year != year and form != "year"
            label = self._with_year(date, form) if named else self.words.date(date, form)
            year = date.year
            ticks.append(Tick(float(row), label))
        return ticks

    def _with_year(self, date: pd.Timestamp, form: str) -> str:
        if self.stacked:
            return f"{self.words.date(date, form)}\n{self.words.date(date, 'year')}"
        return self.words.date(date) if form == "day" else self._month(date)

    def _full(self, row: int) -> str:
        date = self.dates[row]
        return self._month(date) if self.monthly else self.words.date(date)

    def _month(self, date: pd.Timestamp) -> str:
        month, year = self.words.date(date, "month"), self.words.date(date, "year")
        return f"{month} {year}" if self.words.lang == "en" else f"{year}{month}"


def _dates(times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return times.tz_localize(None).normalize().as_unit("us")


def _starts(groups: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Return the first row of each group, but not of a leading group that is mostly out of view."""
    starts = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1))
    lengths = np.diff(starts, append=len(groups))
    return starts[1:] if lengths.size > 1 and lengths[0] < 0.6 * lengths.max() else starts


def _groups(dates: pd.DatetimeIndex, *, monthly: bool) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """Yield, from coarse to fine, the form of a label and each date's number of years, months, ..."""
    year, month = np.asarray(dates.year, dtype=np.int64), np.asarray(dates.month, dtype=np.int64) - 1
    for years in (10, 5, 2, 1):
        yield "year", year // years
    yield "month", year * 4 + month // 3
    yield "month", year * 12 + month
    if not monthly:
        days = dates.asi8 // 86_400_000_000
        yield "day", (days + 3) // 7  # the epoch was a Thursday
    yield "month" if monthly else "day", np.arange(len(dates), dtype=np.int64)
