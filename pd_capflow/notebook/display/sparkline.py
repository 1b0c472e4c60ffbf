"""A small chart in a line of text, as SVG: running totals as a line, own flows as bars, from zero up or down.

An absent value is a gap. No script, no style and no font of its own: static hosts show it as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.floating[Any]]

__all__ = ["HEIGHT", "WIDTH", "sparkline"]

#: Pixels.
WIDTH, HEIGHT = 110, 24
_MARGIN = 1.5


def sparkline(values: Values, *, bars: bool, colors: tuple[str, str], label: str) -> str:
    """Return the SVG of a few values, "" if they are too few to show a course.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        By time; NaN where a row is absent.
    bars : bool
        Whether each value stands for itself.
    colors : (str, str)
        Of values above zero and below.
    label : str
        What it is, for who cannot see it; escaped already.
    """
    held = _thinned(values, summed=bars)
    known = held[np.isfinite(held)]
    if known.size < 2:
        return ""
    low, high = min(0.0, float(known.min())), max(0.0, float(known.max()))
    span = (high - low) or 1.0
    # A bar stands in the middle of its place; a line begins and ends at the edges.
    parts = (np.arange(len(held)) + 0.5) / len(held) if bars else np.linspace(0, 1, len(held))
    xs = _MARGIN + parts * (WIDTH - 2 * _MARGIN)
    ys = HEIGHT - _MARGIN - (held - low) / span * (HEIGHT - 2 * _MARGIN)
    zero = HEIGHT - _MARGIN - (0 - low) / span * (HEIGHT - 2 * _MARGIN)
    shapes = _bars(xs, ys, held, zero, colors) if bars else _line(xs, ys, known[-1], colors)
    return (
        f'<svg class="capflow-spark" role="img" aria-label="{label}" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}"><path d="M0 {zero:.1f}H{WIDTH}" stroke="currentColor" '
        f'stroke-opacity=".35" stroke-width="1" fill="none"/>{shapes}</svg>'
    )


def _thinned(values: Values, *, summed: bool) -> Values:
    """Return at most as many values as there are pixels: sums of own flows, every so many of totals."""
    held = np.where(np.isfinite(values), values, np.nan)
    step = -(-len(held) // WIDTH)
    if step <= 1:
        return held
    if not summed:
        return held[(len(held) - 1) % step :: step]  # the last one stays
    padded = np.concatenate([np.zeros(-len(held) % step), held])
    return np.asarray(padded.reshape(-1, step).sum(axis=1))


def _line(xs: Values, ys: Values, last: float, colors: tuple[str, str]) -> str:
    path = "".join(_runs(xs, ys))
    return _path(path, colors[int(last < 0)], 1.4)


def _runs(xs: Sequence[float] | Values, ys: Sequence[float] | Values) -> Iterable[str]:
    pen = "M"
    for x, y in zip(xs, ys, strict=True):
        if not np.isfinite(y):
            pen = "M"
            continue
        yield f"{pen}{x:.1f} {y:.1f}"
        pen = "L"


def _bars(xs: Values, ys: Values, values: Values, zero: float, colors: tuple[str, str]) -> str:
    width = max((WIDTH - 2 * _MARGIN) / len(xs) * 0.7, 0.6)
    paths = []
    for is_down, color in enumerate(colors):
        mine = (values < 0) if is_down else (values > 0)
        path = "".join(f"M{x:.1f} {zero:.1f}V{y:.1f}" for x, y in zip(xs[mine], ys[mine], strict=True))
        paths.append(_path(path, color, width) if path else "")
    return "".join(paths)


def _path(path: str, color: str, width: float) -> str:
    pen = f'stroke="{color}" stroke-width="{width:.1f}" stroke-linejoin="round"'
    return f'<path d="{path}" {pen} fill="none"/>'
