"""The chart as a PNG, drawn without pyplot and without touching rcParams, in whatever thread.

Arranging a figure's axes takes as long as drawing them. From one refresh to the next the texts stay as
long as they were, so the arrangement of the last picture does for the next one.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from pd_capflow.notebook.dashboard.wish import LINES, OF_LINES, OF_MANY
from pd_capflow.plot import draw

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    import pandas as pd
    from matplotlib.axes import Axes

    from pd_capflow.notebook.dashboard.reading import Reading
    from pd_capflow.notebook.dashboard.wish import Wish

__all__ = ["PAPERS", "Easel", "subject_of"]

#: The colour of each paper.
PAPERS = {"light": "#ffffff", "dark": "#16181d"}

# Inches, and dots in each: 900 x 460 of them. Beside the ranking a picture is shown at two thirds of that.
_SIZE, _DPI = (7.5, 23 / 6), 120
_KEPT = 16  # arrangements


class Easel:
    """Draws one chart after another, on one figure, and remembers how the last ones were arranged."""

    def __init__(self) -> None:
        self._figure = Figure(figsize=_SIZE, dpi=_DPI, layout=_Arranged())
        # A canvas keeps its pixels: with one for each chart they would pile up until they are collected.
        self._canvas = FigureCanvasAgg(self._figure)

    def png(self, reading: Reading, wish: Wish) -> bytes:
        """Return the picture of what is wished for.

        Raises
        ------
        QueryError
            If this kind of chart cannot show these rows.
        """
        figure, paper = self._figure, PAPERS[wish.theme]
        figure.clear()
        figure.set_facecolor(paper)
        ax = figure.add_subplot(facecolor=paper)
        draw(subject_of(reading, wish), wish.chart, ax=ax, colors=wish.colors, lang=wish.lang)
        self._canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib's own
        return _png(self._canvas)


def subject_of(reading: Reading, wish: Wish) -> pd.DataFrame:
    """Return the frame that a chart is of: the chosen code's or, of some kinds, all codes'."""
    shown = wish.shown
    if shown is None or wish.chart in OF_MANY:
        return reading.frame(wish.drawn)
    if wish.chart == "distribution":
        return reading.distribution(shown)
    frame = reading.flow(shown)
    hidden = [line for line in LINES if line not in wish.lines]
    if wish.chart in OF_LINES and hidden:
        frame[hidden] = np.nan
    return frame


class _Arranged(ConstrainedLayoutEngine):
    """Arranges the axes as those of an earlier figure with texts of the same lengths."""

    def __init__(self) -> None:
        super().__init__(w_pad=0.12, h_pad=0.12)  # inches
        self._known: dict[Hashable, dict[int, Any]] = {}

    def execute(self, fig: Figure) -> None:
        """Place the axes."""
        key = _lengths(fig)
        if (places := self._known.get(key)) is not None:
            for number, ax in enumerate(fig.axes):
                ax._set_position(places[number])  # type: ignore[attr-defined]  # noqa: SLF001  # as layout engines do
            return
        super().execute(fig)
        self._known[key] = {number: ax.get_position(original=True) for number, ax in enumerate(fig.axes)}
        for oldest in list(self._known)[:-_KEPT]:
            del self._known[oldest]


def _lengths(figure: Figure) -> Hashable:
    """Return how long the texts around the axes are: what their arrangement depends on."""
    return tuple(tuple(map(len, _texts(ax))) for ax in figure.axes)


def _texts(ax: Axes) -> Iterator[str]:
    # No findobj: it would make all the ticks that are drawn, and those that are not.
    yield from (ax.get_title("left"), ax.get_xlabel(), ax.get_ylabel())
    yield from (text.get_text() for text in ax.texts)
    yield from ax.yaxis.get_major_formatter().format_ticks([float(at) for at in ax.yaxis.get_majorticklocs()])
    legend = ax.get_legend()
    yield from (text.get_text() for text in (legend.get_texts() if legend else ()))


def _png(canvas: FigureCanvasAgg) -> bytes:
    # All its colours: a palette would take half the bytes, and lose the pale ones, which mean something.
    size = canvas.get_width_height(physical=True)
    pixels = Image.frombuffer("RGBA", size, canvas.buffer_rgba())  # type: ignore[no-untyped-call]  # matplotlib's
    file = BytesIO()
    pixels.convert("RGB").save(file, "png", compress_level=1)
    return file.getvalue()
