"""Measures: pure functions from a capital-flow frame to a frame or series.

What is not known is NaN and stays NaN: no measure fills, skips or guesses. Every function leaves its
argument as it was.

What pandas does to a frame keeps its ``attrs``, also where they are no longer true: after ``frame.diff()``,
``frame.resample()`` or ``frame.groupby().sum()`` a frame still says that it is cumulative. Use `delta` and
`resample` here, which keep the books.
"""

from pd_capflow.flow.measures.balances import disagreement, imbalance
from pd_capflow.flow.measures.prices import correlation, divergence
from pd_capflow.flow.measures.quadrants import quadrant
from pd_capflow.flow.measures.ranking import rank
from pd_capflow.flow.measures.resampling import resample
from pd_capflow.flow.measures.running import cumulative, delta, is_cumulative
from pd_capflow.flow.measures.scores import zscore
from pd_capflow.flow.measures.signals import Thresholds, signals
from pd_capflow.flow.measures.sizes import main, tiers
from pd_capflow.flow.measures.streaks import streak
from pd_capflow.flow.measures.trends import acceleration, rolling

__all__ = [
    "Thresholds",
    "acceleration",
    "correlation",
    "cumulative",
    "delta",
    "disagreement",
    "divergence",
    "imbalance",
    "is_cumulative",
    "main",
    "quadrant",
    "rank",
    "resample",
    "rolling",
    "signals",
    "streak",
    "tiers",
    "zscore",
]
