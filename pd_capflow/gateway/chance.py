"""Chance for the invented market: the same numbers from the same words, in every process.

SplitMix64 in counter mode. What is made of it are sums, products, quotients and square roots alone, which
IEEE 754 rounds alike everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.gateway.listing import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["uniform", "uniforms"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_STIRS = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)
_LAST_SHIFT, _DROPPED = np.uint64(31), np.uint64(11)
_UNIT = 1 / (1 << 53)  # a power of two: the product is the quotient, to the last bit


def uniform(key: str, rows: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    """Draw numbers in [0, 1), shape (n, width): a row depends on the key, the row and the width alone."""
    state = (rows[:, np.newaxis] * width + np.arange(width)).astype(np.uint64)
    state *= _GOLDEN
    state += np.uint64(fingerprint(key))
    return _stirred(state)


def uniforms(keys: Sequence[str], rows: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
    """Draw as `uniform` does with width 1, for several keys at once; shapes (n,)."""
    counts = [len(each) for each in rows]
    state = np.concatenate(rows).astype(np.uint64)
    state *= _GOLDEN
    state += np.repeat(np.array([fingerprint(key) for key in keys], np.uint64), counts)
    return np.split(_stirred(state), np.cumsum(counts)[:-1])


def _stirred(state: NDArray[np.uint64]) -> NDArray[np.float64]:
    for shift, factor in _STIRS:
        state ^= state >> shift
        state *= factor
    state ^= state >> _LAST_SHIFT
    state >>= _DROPPED
    return state.astype(np.float64) * _UNIT
