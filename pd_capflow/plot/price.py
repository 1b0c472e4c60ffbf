"""The closing price as a line over a chart of flow, on an axis of its own at the right.

The axis never claims that amounts and prices share a scale: it has no grid and no zero, its line is
neither up's colour nor down's, and its name carries the currency and the last value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.ticker import MaxNLocator

from pd_capflow.errors import QueryError
from pd_capflow.plot.sheet import AIR, LABEL, NOTE
from pd_capflow.plot.strokes import broken, lone
from pd_capflow.plot.style import mixed
from pd_capflow.plot.ticks import TICK_SIZE, text_width
from pd_capflow.plot.units import AmountFormatter, Scale

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from pd_capflow.plot.chart import Chart

    Floats = npt.NDArray[np.float64]

__all__ = ["CLOSE", "put_price", "wants_price"]

#: The column of the price.
CLOSE = "close"
_GID = "price"
_MOST_DECIMALS = 3
_AIR, _AIR_FOR_FOOT = 0.06, 0.18  # of the prices' range, above and below it


def wants_price(frame: pd.DataFrame, price: bool | None) -> bool:
    """Whether a frame's price is to be drawn; where nobody says, it is if it is there.

    Raises
    ------
    QueryError
        If the price is asked for and there is none, or `price` is neither True, False nor None.
    """
    if price not in (None, True, False):
        raise QueryError(f"price={price!r} is not known: expected True, False or None")
    if price and CLOSE not in frame.columns:
        raise QueryError(f"price=True needs the column {CLOSE}: frame.capflow.with_price() adds it")
    return CLOSE in frame.columns if price is None else price


def put_price(chart: Chart, closes: pd.Series[float] | None) -> Axes | None:
    """Draw the closing price over a finished chart.

    Parameters
    ----------
    chart : Chart
        Finished; whatever price was drawn on its axes before is taken off.
    closes : Series of float, optional
        By time, in the currency's own unit, with at least one number; None for no price.

    Returns
    -------
    matplotlib.axes.Axes or None
        The axes of the price, which share the time axis.
    """
    _forget(chart.ax)
    if closes is None:
        return None
    axes, prices = _twin(chart.ax), np.asarray(closes, dtype=np.float64)
    _draw(chart, axes, *broken(chart, pd.DatetimeIndex(closes.index), prices))
    _frame(chart, axes)
    named = f"{chart.words.say(CLOSE)} {_last(prices)} {chart.currency}".strip()
    _name(chart, axes, " · ".join(filter(None, [named, _until(chart, closes)])))
    _describe(chart, axes)
    return axes


def _forget(ax: Axes) -> None:
    """Remove the price of an earlier chart on the same axes."""
    for other in ax.get_shared_x_axes().get_siblings(ax):
        same = other.get_position(original=True).bounds == ax.get_position(original=True).bounds
        if other.get_gid() == _GID and same:
            other.remove()


def _twin(ax: Axes) -> Axes:
    """Return axes over others; the figure's current axes stay what they were."""
    figure = ax.get_figure(root=False)
    current = figure.gca() if figure else ax
    axes = ax.twinx()
    axes.set_gid(_GID)
    if figure:
        figure.sca(current)
    return axes


def _color(chart: Chart) -> str:
    return mixed(chart.theme.ink, chart.theme.paper, 0.7)


def _halo(chart: Chart) -> list[patheffects.AbstractPathEffect]:
    """Keep what is drawn over bars apart from them."""
    return [patheffects.withStroke(linewidth=2.8, foreground=chart.theme.paper)]


def _draw(chart: Chart, axes: Axes, x: Floats, closes: Floats) -> None:
    """Draw the line, with a dot where it ends, and where a point stands alone."""
    dots = lone(closes)
    dots[np.flatnonzero(np.isfinite(closes))[-1]] = True
    axes.plot(
        x,
        closes,
        color=_color(chart),
        linewidth=1.3,
        solid_joinstyle="round",
        marker="o",
        markersize=3.5,
        markeredgewidth=0,
        markevery=np.flatnonzero(dots).tolist(),
        path_effects=_halo(chart),
        label=chart.words.say(CLOSE),
        zorder=3,
    )
    axes.margins(y=_AIR if chart.layout.roomy else _AIR_FOR_FOOT)


def _last(closes: Floats) -> str:
    """Write the last price, with as many decimals as all of them have."""
    prices = closes[np.isfinite(closes)]
    exact = (places for places in range(_MOST_DECIMALS) if np.allclose(prices, prices.round(places), 0, 1e-6))
    return f"{prices[-1]:,.{next(exact, _MOST_DECIMALS)}f}"


def _until(chart: Chart, closes: pd.Series[float]) -> str:
    """Name the time of the last price, where rows without one come after it."""
    time = closes.index[closes.notna()][-1]
    if time == closes.index[-1]:
        return ""
    clock = f" {time:%H:%M}" if chart.subject.intraday else ""
    return chart.words.say("until", time=f"{chart.words.date(time, 'day')}{clock}")


def _frame(chart: Chart, axes: Axes) -> None:
    """Give the axis a few ticks: beside the axes where others make room, else within them."""
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    fonts = {"labelfontfamily": list(chart.words.fonts)} if chart.words.fonts else {}
    axes.tick_params(axis="y", length=0, labelsize=TICK_SIZE, labelcolor=chart.theme.muted, **fonts)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(AmountFormatter(Scale()))
    if not chart.layout.flexible:
        _tick_within(chart, axes)


def _tick_within(chart: Chart, axes: Axes) -> None:
    low, high = axes.get_ylim()
    edge = 0.06 * (high - low)
    inside = [tick for tick in axes.yaxis.get_majorticklocs() if low + edge < tick < high - edge]
    axes.set_yticks(inside)
    axes.tick_params(axis="y", pad=-3)
    for label in axes.get_yticklabels():
        label.set(ha="right", path_effects=_halo(chart))


def _name(chart: Chart, axes: Axes, text: str) -> None:
    """Name the axis above its end; where no room is left there, beside it or within it."""
    options: dict[str, Any] = {"color": _color(chart), **chart.text_options}
    taken = text_width(chart.ax.get_ylabel(), LABEL) + text_width(text, LABEL)
    if chart.layout.roomy and 1.1 * taken < chart.width:
        axes.set_ylabel(text, rotation=0, ha="right", va="baseline", size=LABEL, **options)
        axes.yaxis.set_label_coords(1, 1, transform=chart.above(AIR))
    elif chart.layout.flexible:
        axes.set_ylabel(text, size=NOTE, **options)
    else:
        axes.set_title(text, loc="right", pad=AIR, y=1.0, size=NOTE, **options)


def _describe(chart: Chart, axes: Axes) -> None:
    """Tell the mouse flow and price, since the upper axes alone are asked."""
    flow, prices = chart.ax.format_coord, AmountFormatter(Scale())

    def describe(x: float, y: float) -> str:
        there = axes.transData.transform((x, y))
        amount = chart.ax.transData.inverted().transform(there)[1]
        return f"{flow(x, amount)}   {chart.words.say(CLOSE)} {prices.scale.text(y, _MOST_DECIMALS)}"

    axes.format_coord = describe  # type: ignore[method-assign]
