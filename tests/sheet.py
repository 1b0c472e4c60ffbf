"""The README's picture of several charts: ``python -m tests.sheet FILE.png``.

Drawn of the demo market on the evening that all pictures are of, so that a second run gives the same.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pandas as pd
import time_machine
from matplotlib.figure import Figure

import pd_capflow
from pd_capflow.asking import name_codes
from tests.kernels import EVENING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pd_capflow import Client

    Ask = Callable[[Client], pd.DataFrame]

__all__ = ["PANELS", "draw"]

CODES = (
    "HK.00700",
    "HK.09988",
    "HK.03690",
    "HK.00005",
    "HK.01299",
    "HK.00388",
    "HK.02318",
    "HK.00941",
)
_WIDTH, _HEIGHT, _DPI = 6.6, 3.5, 136  # inches of a panel; dots in each


def _today(codes: str | tuple[str, ...]) -> Ask:
    return lambda client: client.capital_flow(codes)


def _distribution(code: str) -> Ask:
    return lambda client: client.capital_distribution(code)


def _days(code: str, days: int) -> Ask:
    start = EVENING.date() - pd.Timedelta(days=days)
    return lambda client: client.capital_flow(code, "day", start)


def _priced(code: str, days: int) -> Ask:
    ask = _days(code, days)
    return lambda client: ask(client).capflow.with_price(client)


#: What is drawn, from left to right and from top to bottom: a frame, the kind of chart, and how it looks.
PANELS: tuple[tuple[Ask, str, Mapping[str, str]], ...] = (
    (_priced("HK.00700", 80), "bars", {}),
    (_today("US.AAPL"), "heatmap", {}),
    (_days("HK.09988", 42), "tiers", {}),
    (_distribution("SH.600519"), "distribution", {"lang": "zh"}),
    (_today(CODES), "rank", {}),
    (_priced("HK.00700", 30), "quadrant", {}),
)


def draw() -> Figure:
    """Return the picture."""
    down = len(PANELS) // 2
    figure = Figure(figsize=(2 * _WIDTH, down * _HEIGHT), dpi=_DPI, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    with pd_capflow.connect("demo://") as client:
        for part, (ask, kind, look) in zip(figure.subfigures(down, 2).flat, PANELS, strict=True):
            name_codes(ask(client), client).capflow.plot(kind, ax=part.subplots(), **look)
    return figure


if __name__ == "__main__":
    with time_machine.travel(EVENING, tick=True):
        draw().savefig(sys.argv[1], metadata={"Software": None})
