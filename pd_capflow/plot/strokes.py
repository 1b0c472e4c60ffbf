"""Lines that stop where the time axis leaves time out, and dots where a line cannot show a point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from pd_capflow.plot.chart import Chart

    Floats = npt.NDArray[np.float64]

__all__ = ["broken", "lone"]


def broken(chart: Chart, times: pd.DatetimeIndex, values: Floats) -> tuple[Floats, Floats]:
    """Return the points of a line, with a NaN between rows that no line may join.

    Parameters
    ----------
    chart : Chart
        Whose axis decides where.
    times : pandas.DatetimeIndex
        One for each value, in order.
    values : ndarray of float
        In the unit of the vertical axis.

    Returns
    -------
    tuple of (ndarray of float, ndarray of float)
        Positions and values, more than were given by the number of breaks.
    """
    places, breaks = chart.places.place(times), chart.places.breaks(times)
    middles = (places[breaks - 1] + places[breaks]) / 2
    return np.insert(places, breaks, middles), np.insert(values, breaks, np.nan)


def lone(values: Floats) -> npt.NDArray[np.bool_]:
    """Tell which points have no neighbour: a line cannot show them."""
    there = np.concatenate([[False], np.isfinite(values), [False]])
    return np.asarray(there[1:-1] & ~there[:-2] & ~there[2:], dtype=np.bool_)
