"""Which of many codes get a bar, and where: both ends of a ranking, and one free place for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.plot.sheet import NOTE, points_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from pd_capflow.plot.sheet import Sheet

    Floats = npt.NDArray[np.float64]

__all__ = ["Slots", "foot_room"]

_ENDS = 10  # codes at each end, where not all are shown
_ROW = 11.5  # points that a bar needs for its texts to be read


@dataclass(frozen=True)
class Slots:
    """The codes that are shown.

    Attributes
    ----------
    codes : list of str
        From the largest value to the smallest.
    lengths : ndarray of float64
        Their values.
    places : ndarray of float64
        Where each bar is: 0, -1, -2, ...; one place is left free where codes are left out.
    hidden : int
        How many are.
    """

    codes: list[str]
    lengths: Floats
    places: Floats
    hidden: int

    @classmethod
    def of(cls, sheet: Sheet, ranked: pd.Series[float], n: int | None, *, grows: bool) -> Slots:
        """Choose the codes that are shown; on a figure of our own all that were asked for have room."""
        ends = n or max(1, min(_ENDS, int(_rows_that_fit(sheet) - 1) // 2))
        hidden = max(len(ranked) - 2 * ends, 0)
        shown = np.r_[:ends, ends + hidden : len(ranked)] if hidden else np.arange(len(ranked))
        places = -np.arange(len(shown), dtype=np.float64)
        if hidden:
            places[ends:] -= 1
        if grows:
            _grow(sheet, len(shown) + bool(hidden))
        lengths = np.asarray(ranked, np.float64)[shown]
        return cls([str(code) for code in ranked.index[shown]], lengths, places, hidden)

    @property
    def gap(self) -> float:
        """The place that is left free."""
        return float(self.places[len(self.places) // 2]) + 1


def _rows_that_fit(sheet: Sheet) -> float:
    return (sheet.height - foot_room(sheet)) / _ROW


def foot_room(sheet: Sheet) -> float:
    """Return the points that the footnote takes of the axes, where there is no room below them."""
    return 0.0 if sheet.layout.roomy else 3.6 * points_of(NOTE)


def _grow(sheet: Sheet, rows: int) -> None:
    """Make a new figure taller where its bars would be too thin to name them."""
    lacking = (rows - _rows_that_fit(sheet)) * _ROW
    figure = sheet.ax.get_figure(root=True)
    if lacking > 0 and figure is not None:
        width, height = figure.get_size_inches()
        figure.set_size_inches(width, height + lacking / 72)
