"""What each chart costs, made and then drawn by Agg at notebook size, in a table at the end.

One session of one code, or of 30 codes; the first time, which loads fonts, does not count. What is taken is
this process's own time: charts are made and drawn by one thread, and others may keep the machine busy.
"""

from __future__ import annotations

import gc
import time
from statistics import median

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from pd_capflow.plot import KINDS, page
from tests.plot import gallery

mpl.use("Agg")

ROUNDS = 15
AIM_MS = 100
#: What each kind is drawn of: a frame of the gallery.
SHAPES = {
    "cumulative": ("day", "fivedays"),
    "bars": ("day", "days"),
    "tiers": ("day", "days"),
    "distribution": ("whole",),
    "heatmap": ("day", "thirtydays"),
    "rank": ("three", "thirty"),
    "quadrant": ("day", "thirty"),
    "page": ("three", "thirty"),
}
CASES = [(kind, shape) for kind in [*KINDS, "page"] for shape in SHAPES[kind]]


def spent(kind, frame):
    """The seconds that making a chart takes, and the seconds that drawing it takes."""
    begun = time.process_time()
    figure = page(frame) if kind == "page" else KINDS[kind](frame).figure
    made = time.process_time()
    figure.canvas.draw()
    done = time.process_time()
    plt.close(figure)
    return made - begun, done - made


@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_chart(charts_table, kind, shape):
    frame = {**gallery.FRAMES, "page": gallery.PAGES}[kind][shape](gallery.MARKETS["HK"])
    gc.collect()
    rounds = [spent(kind, frame) for _ in range(ROUNDS + 1)][1:]
    made, drawn = (median(each) * 1e3 for each in zip(*rounds, strict=True))
    charts_table.append((f"{kind}, {shape}", made, drawn, AIM_MS))
    assert made > 0
    assert drawn > 0
