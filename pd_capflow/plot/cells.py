"""The cells of a map: which amount stands where on the time axis, and where there is none.

A cell without a number is `absent`; a part of the axis in which nobody trades, or for which no time has
come yet, is no cell at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.plot.own import spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from pd_capflow.plot.chart import Chart
    from pd_capflow.plot.strips import Strip

    Floats = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

__all__ = ["Cells"]

_SLIVER = 0.75  # of a row's width: what is left between cells and is narrower is no missing row
_DIGITS = 6  # of a position; cells whose ends differ by less share them


@dataclass(frozen=True)
class Cells:
    """A grid of amounts.

    Attributes
    ----------
    edges : ndarray of float64, shape (columns + 1,)
        Positions on the time axis.
    amounts : ndarray of float64, shape (strips, columns)
        NaN where there is none.
    absent : ndarray of bool, shape (strips, columns)
        Where a number is missing.
    """

    edges: Floats
    amounts: Floats
    absent: Mask

    @classmethod
    def of(cls, chart: Chart, strips: Sequence[Strip]) -> Cells:
        """Lay out the cells of strips on a chart's axis."""
        flows = dict.fromkeys(strip.flow for strip in strips)
        ends = {flow: np.round(spans(chart, flow), _DIGITS) for flow in flows}
        edges = _edges(chart, np.concatenate([np.ravel(pair) for pair in ends.values()]))
        amounts = np.full((len(strips), max(len(edges) - 1, 0)), np.nan)
        covered = np.zeros(amounts.shape[1], dtype=np.bool_)
        for line, strip in zip(amounts, strips, strict=True):
            rows = _rows_at(edges, *ends[strip.flow])
            line[rows >= 0] = strip.amounts[rows[rows >= 0]]
            covered |= rows >= 0
        middles, widths = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
        missed = chart.places.trades(middles) & (widths > _SLIVER * chart.places.row_width)
        return cls(edges, amounts, np.isnan(amounts) & (covered | missed))

    def runs(self) -> list[tuple[int, float, float]]:
        """Return each stretch of absent cells: its strip, and where it begins and ends."""
        padded = np.pad(self.absent, ((0, 0), (1, 1))).astype(np.int8)
        strips, starts = np.nonzero(np.diff(padded) == 1)
        _, stops = np.nonzero(np.diff(padded) == -1)
        ends = zip(strips.tolist(), self.edges[starts].tolist(), self.edges[stops].tolist(), strict=True)
        return list(ends)

    def at(self, x: float, strip: int) -> float:
        """Return the amount at a position, NaN where there is none."""
        column = int(np.searchsorted(self.edges, x, side="right")) - 1
        inside = 0 <= column < self.amounts.shape[1] and 0 <= strip < len(self.amounts)
        return float(self.amounts[strip, column]) if inside else float("nan")


def _edges(chart: Chart, ends: Floats) -> Floats:
    """Return all ends in order, and between them the ends of trading time."""
    if not ends.size:
        return ends
    rests = np.round(chart.places.rests, _DIGITS)
    return np.union1d(ends, rests[(rests > ends.min()) & (rests < ends.max())])


def _rows_at(edges: Floats, starts: Floats, stops: Floats) -> npt.NDArray[np.intp]:
    """Return which row covers each column, -1 where none does."""
    if not len(starts):
        return np.full(max(len(edges) - 1, 0), -1, dtype=np.intp)
    rows = np.searchsorted(starts, edges[:-1], side="right") - 1
    return np.where((rows >= 0) & (edges[1:] <= stops[rows]), rows, -1)
