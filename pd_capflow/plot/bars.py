"""The net inflow of each row as a bar, up or down from zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.errors import QueryError
from pd_capflow.plot.chart import Chart
from pd_capflow.plot.own import label_of_own, own_rows, stretches
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
_MANY = 800  # bars beyond which each is thinner than a line, and far too slow to draw one by one


def bars(
    frame: pd.DataFrame,
    *,
    ax: Axes | None = None,
    colors: str = "auto",
    lang: str = "en",
    title: str | None = None,
) -> Axes:
    """Draw the net inflow of each row.

    Running totals are taken apart first, so that a bar is always the flow of its own minute, day, week or
    month. A row without a number has no bar.

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

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    QueryError
        If the frame holds several codes, or an option is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.date_range("2025-01-02", periods=2, freq="D", tz="Asia/Hong_Kong")
    >>> frame = pd.DataFrame({"in_flow": [-1.2e9, 0.4e9]}, index=times)
    >>> [f"{bar.get_height():.1e}" for bar in bars(frame).patches]
    ['-1.2e+09', '4.0e+08']
    """
    subject = Subject.of(frame)
    _check(subject)
    chart = Chart.begin(subject, ax=ax, colors=colors, lang=lang)
    flow = subject.flows[0]
    heights = own_rows(subject, flow)["in_flow"].to_numpy(dtype=np.float64)
    scale = Scale.of(heights, chart.words.lang)
    drawn = _draw(chart, heights)
    if drawn and not subject.intraday:
        _write_values(chart, drawn, scale)
    return chart.finish(scale, label=label_of_own(chart), title=title)


def _check(subject: Subject) -> None:
    if (count := len(subject.flows)) > 1:
        codes = [str(flow.code) for flow in subject.flows]
        some = ", ".join(codes[:3]) + ", …" * (count > 3)
        raise QueryError(f"bars needs one code, and this frame holds {count} ({some}): {_choose(codes[0])}")


def _choose(code: str) -> str:
    return f'choose one, such as frame.loc[["{code}"]]'


def _draw(chart: Chart, heights: Floats) -> BarContainer | None:
    there = np.isfinite(heights)
    middles, widths = (each[there] for each in stretches(chart, chart.subject.flows[0]))
    amounts = heights[there]
    colors = np.where(amounts >= 0, chart.theme.up, chart.theme.down).tolist()
    if there.sum() > _MANY:
        chart.ax.vlines(middles, 0, amounts, colors=colors, linewidth=0.7, zorder=2)
        return None
    return chart.ax.bar(middles, amounts, width=widths, color=colors, linewidth=0, zorder=2)


def _write_values(chart: Chart, drawn: BarContainer, scale: Scale) -> None:
    """Write the amounts at the ends of bars, where these are few enough to read them all."""
    ax = chart.ax
    texts = [scale.text(float(bar.get_height()), signed=True) for bar in drawn.patches]
    low, high = ax.get_xlim()
    room = ax.bbox.width * 72 / ax.figure.dpi / (high - low)
    if max(text_width(text, _VALUE_SIZE) for text in texts) > 0.9 * room:
        return
    labels = ax.bar_label(drawn, texts, padding=2.5, fontsize=_VALUE_SIZE, color=chart.theme.muted)
    for label in labels:
        label.set(**chart.text_options)
