"""The net inflow of each row as a bar, up or down from zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.flow.frames import FLOW_COLUMNS
from pd_capflow.plot.blocks import put_blocks
from pd_capflow.plot.chart import Chart
from pd_capflow.plot.own import label_of_own, notes_of_own, own_rows, stretches
from pd_capflow.plot.price import CLOSE, put_price, wants_price
from pd_capflow.plot.subject import Subject
from pd_capflow.plot.ticks import text_width
from pd_capflow.plot.units import Scale

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer

    Floats = npt.NDArray[np.float64]

__all__ = ["bars"]

_VALUE_SIZE = "x-small"
_MANY = 64  # bars beyond which one artist draws them all, since one by one is slow


def bars(
    frame: pd.DataFrame,
    *,
    ax: Axes | None = None,
    colors: str = "auto",
    lang: str = "en",
    title: str | None = None,
    price: bool | None = None,
) -> Axes:
    """Draw the net inflow of each row, and over it the closing price where the frame has it.

    Running totals are taken apart first, so that a bar is always the flow of its own minute, day, week or
    month. A row without a number has no bar. Beyond 64 bars one collection holds them all.

    Parameters
    ----------
    frame : pandas.DataFrame
        Capital flow of one code, indexed by ``time`` or ``(code, time)``; amounts in the currency's own unit.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new pyplot figure.
    colors : {"auto", "cn", "intl", "cb"}
        Colours of inflow and outflow. ``auto``: red up in mainland China and Japan, green up elsewhere.
    lang : {"en", "zh"}
        Language of the texts. Without a Chinese font it is English, with a `CapflowWarning`.
    title : str, optional
        The heading; by default it names the code.
    price : bool, optional
        Whether to draw the column ``close``, as ``frame.capflow.with_price()`` adds it, as a line with an
        axis of its own at the right; by default if the frame has that column.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on; those of the price are another of the same figure.

    Raises
    ------
    QueryError
        If the frame holds several codes, the price is asked for and there is none, or an option is not
        known.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.date_range("2025-01-02", periods=2, freq="D", tz="Asia/Hong_Kong")
    >>> frame = pd.DataFrame({"in_flow": [-1.2e9, 0.4e9]}, index=times)
    >>> [f"{bar.get_height():.1e}" for bar in bars(frame).patches]
    ['-1.2e+09', '4.0e+08']
    """
    subject = Subject.of(frame, (*FLOW_COLUMNS, CLOSE))
    flow, priced = subject.only("bars"), wants_price(frame, price)
    chart = Chart.begin(subject, ax=ax, colors=colors, lang=lang)
    heights = own_rows(subject, flow)["in_flow"].to_numpy(dtype=np.float64)
    scale = Scale.of(heights, chart.words.lang)
    drawn = _draw(chart, heights)
    known = flow.rows[CLOSE].where(flow.rows[CLOSE] > 0)  # nothing trades at 0: there is no price
    closes = known if priced and known.notna().any() else None
    if drawn and closes is None and not subject.intraday:  # the line would strike them out
        _write_values(chart, drawn, scale)
    unknown = [chart.words.say("no_price")] if priced and closes is None and len(flow.rows) else []
    chart.finish(scale, label=label_of_own(chart), title=title, notes=(*notes_of_own(chart), *unknown))
    put_price(chart, closes)
    return chart.ax


def _draw(chart: Chart, heights: Floats) -> BarContainer | None:
    there = np.isfinite(heights)
    middles, widths = (each[there] for each in stretches(chart, chart.subject.flows[0]))
    amounts = heights[there]
    colors = np.where(amounts >= 0, chart.theme.up, chart.theme.down).tolist()
    if len(amounts) > _MANY:
        put_blocks(chart, (middles, widths), (np.zeros_like(amounts), amounts), colors=colors)
        return None
    return chart.ax.bar(middles, amounts, width=widths, color=colors, linewidth=0, zorder=2)


def _write_values(chart: Chart, drawn: BarContainer, scale: Scale) -> None:
    """Write the amounts at the ends of bars, where these are few enough to read them all."""
    ax = chart.ax
    texts = [scale.text(float(bar.get_height()), signed=True) for bar in drawn.patches]
    if max(text_width(text, _VALUE_SIZE) for text in texts) > 0.9 * chart.points_per_unit:
        return
    labels = ax.bar_label(drawn, texts, padding=2.5, fontsize=_VALUE_SIZE, color=chart.theme.muted)
    for label in labels:
        label.set(**chart.text_options)
