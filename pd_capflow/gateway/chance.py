"""Chance for the invented market: the same numbers from the same words, in every process.

SplitMix64 in counter mode. What is made of it are sums, products, quotients and square roots alone, which
IEEE 754 rounds alike everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.gateway.listing import fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["uniform"]


def uniform(key: str, rows: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    """Draw numbers in [0, 1), shape (n, width): a row depends on the key, the row and the width alone."""
    counter = (rows[:, np.newaxis] * width + np.arange(width)).astype(np.uint64)
    state = counter * np.uint64(0x9E3779B97F4A7C15) + np.uint64(fingerprint(key))
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state = (state ^ (state >> np.uint64(31))) >> np.uint64(11)
    return state.astype(np.float64) / (1 << 53)
