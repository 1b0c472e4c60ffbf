"""Every chart in every condition, as pictures to look at: ``python -m tests.plot.gallery OUT [WORD ...]``.

Draws each kind of chart x language x paper x market x shape of the frame into ``OUT/<name>.png``, at the
size that a notebook shows, and contact sheets ``OUT/sheet-<kind>-<market>-<paper>-<lang>.png`` of all shapes.
With words, only the pictures whose names hold one of them: ``rank-``, ``dark-zh``.

A kind that has no frames here is missed by ``test_plot_gallery``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

from pd_capflow.plot import KINDS, page
from tests.plot import plot_frames as builders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from matplotlib.figure import Figure

    Frames = dict[str, Callable[[str], pd.DataFrame]]

__all__ = ["FRAMES", "PAGES", "Picture", "draw", "main", "pictures"]

LANGUAGES = ("en", "zh")
PAPERS = {"light": {}, "dark": plt.style.library["dark_background"]}
MARKETS = {"HK": "HK.00700", "US": "US.AAPL"}
NAMES = {
    "HK.00700": "TENCENT",
    "US.AAPL": "Apple",
    "HK.00005": "汇丰控股",
    "HK.00002": "A VERY LONG NAME INDEED LTD",
}
PERIODS = {"days": ("day", 22), "weeks": ("week", 52), "months": ("month", 14)}
_MANY = 30
_THUMB = 4.5  # inches of a picture on a contact sheet


def _told(frame: pd.DataFrame, **changes: Any) -> pd.DataFrame:
    """Give a frame the facts that show most: demo data, names, a time of the newest data."""
    facts = frame.attrs["capflow"]
    last = frame.index.get_level_values(-1).max() if len(frame) else None
    facts |= {"source": {"url": "demo://", "demo": True}, "names": NAMES}
    facts["last_valid_time"] = None if last is None else last.isoformat()
    facts |= changes
    return frame


def _priced(frame: pd.DataFrame, seed: int = 3) -> pd.DataFrame:
    """Join a price and a turnover on that go with the flow, but not always."""
    random = np.random.default_rng(seed)
    flow = frame["in_flow"].fillna(0.0).to_numpy()
    size = max(np.abs(flow).max(initial=0.0), 1.0)
    steps = random.normal(0, 0.004, len(frame)) + 0.02 * np.diff(flow, prepend=0.0) / size
    return frame.assign(close=np.round(350 * np.exp(np.cumsum(steps)), 2), turnover=np.abs(flow) * 12 + size)


def _minutes(code: str, **options: Any) -> pd.DataFrame:
    return _told(_priced(builders.minutes(code, **options)))


def _holes(frame: pd.DataFrame) -> pd.DataFrame:
    frame.iloc[len(frame) // 4 : len(frame) // 3] = np.nan
    frame.iloc[-1] = np.nan
    return frame


def _unknown(frame: pd.DataFrame) -> pd.DataFrame:
    frame[frame.columns] = np.nan
    return frame


MINUTES: Frames = {
    "day": _minutes,
    "half": lambda code: _minutes(code).iloc[:110],
    "one": lambda code: _minutes(code).iloc[:1],
    "none": lambda code: _minutes(code).iloc[:0],
    "holes": lambda code: _holes(_minutes(code)),
    "unknown": lambda code: _unknown(_minutes(code)),
    "fivedays": lambda code: _minutes(code, days=[f"2025-01-{day:02}" for day in (2, 3, 6, 7, 8)]),
}
LONGER: Frames = {
    **{
        name: lambda code, period=period, count=count: _told(_priced(builders.rows(code, period, count)))
        for name, (period, count) in PERIODS.items()
    },
    "oneday": lambda code: _told(_priced(builders.rows(code, count=1))),
    "fewdays": lambda code: _told(_priced(builders.rows(code, count=5))),
    "noday": lambda code: _told(_priced(builders.rows(code))).iloc[:0],
    "daysholes": lambda code: _holes(_told(_priced(builders.rows(code, count=22)))),
}


def _codes(code: str, count: int) -> list[str]:
    market = code.partition(".")[0]
    return [code, *(f"{market}.{number:05}" for number in range(1, count))]


def _many(code: str, count: int, make: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """Several codes of different sizes; one lacks its numbers, one ends earlier."""
    parts = {}
    for number, each in enumerate(_codes(code, count)):
        random = np.random.default_rng(number)
        part = make(each)
        part[builders.COLUMNS] *= random.normal() * 10 ** random.uniform(-1, 0.6)
        part = _priced(part, number)
        parts[each] = part.iloc[: len(part) // 2] if number == 3 else _unknown(part) if number == 4 else part
    return _told(builders.together(parts))


MANY: Frames = {
    "three": lambda code: _many(code, 3, _minutes),
    "thirty": lambda code: _many(code, _MANY, _minutes),
    "thirtydays": lambda code: _many(code, _MANY, LONGER["days"]),
    "onecode": lambda code: _many(code, 1, _minutes),
    "onerow": lambda code: _many(code, 6, MINUTES["one"]),
    "manynone": lambda code: _many(code, 3, _minutes).iloc[:0],
    "manyunknown": lambda code: _unknown(_many(code, 3, _minutes)),
}
DISTRIBUTION: Frames = {
    "whole": lambda code: _told(builders.distribution(code)),
    "hole": lambda code: _told(builders.distribution(code).assign(big_out=np.nan)),
    "empty": lambda code: _told(builders.distribution(code)).iloc[:0],
    "zero": lambda code: _told(builders.distribution(code) * 0),
}

#: The frames that each kind is drawn of, by what is special about them.
FRAMES: dict[str, Frames] = {
    "cumulative": {**MINUTES, **LONGER, "three": MANY["three"]},
    "bars": {**MINUTES, **LONGER},
    "tiers": {**MINUTES, **LONGER},
    "distribution": DISTRIBUTION,
    "heatmap": {**MINUTES, **LONGER, **MANY},
    "rank": MANY,
    "quadrant": {**MINUTES, **LONGER, **MANY},
}
#: The frames that pages are drawn of.
PAGES: Frames = {
    name: MANY[name] for name in ("three", "thirty", "thirtydays", "onecode", "manynone", "manyunknown")
}


@dataclass(frozen=True)
class Picture:
    """One chart: its kind, what it is of, and how it looks."""

    kind: str
    market: str
    shape: str
    paper: str
    lang: str

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return "-".join((self.kind, self.market, self.shape, self.paper, self.lang))


def pictures() -> Iterator[Picture]:
    """Every picture that there is to draw."""
    kinds = {**FRAMES, "page": PAGES}
    for kind, market, paper, lang in product(kinds, MARKETS, PAPERS, LANGUAGES):
        for shape in kinds[kind]:
            yield Picture(kind, market, shape, paper, lang)


def draw(picture: Picture) -> Figure:
    """Draw a picture, and return its figure."""
    shapes = PAGES if picture.kind == "page" else FRAMES[picture.kind]
    frame = shapes[picture.shape](MARKETS[picture.market])
    with plt.style.context(PAPERS[picture.paper]):
        if picture.kind == "page":
            figure = page(frame, lang=picture.lang)
        else:
            figure = KINDS[picture.kind](frame, lang=picture.lang).figure  # type: ignore[call-arg]
        figure.canvas.draw()
    return figure


def save(picture: Picture, folder: Path) -> Path:
    """Draw a picture into a folder."""
    path = folder / f"{picture.name}.png"
    figure = draw(picture)
    figure.savefig(path, dpi=100)
    plt.close(figure)
    return path


def contact_sheet(paths: list[Path], target: Path, across: int = 4) -> None:
    """Put pictures beside each other, small, each under its name."""
    images = [plt.imread(path) for path in paths]
    lines = [images[at : at + across] for at in range(0, len(images), across)]
    heights = [0.25 + _THUMB * max(image.shape[0] / image.shape[1] for image in line) for line in lines]
    spaces = {"left": 0.0, "right": 1.0, "bottom": 0.0, "top": 1 - 0.25 / sum(heights), "wspace": 0.01}
    figure, axes = plt.subplots(
        len(lines),
        across,
        figsize=(_THUMB * across, sum(heights)),
        squeeze=False,
        gridspec_kw={"height_ratios": heights, **spaces},
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, image, path in zip(axes.flat, images, paths, strict=False):
        ax.imshow(image, interpolation="lanczos")
        ax.set_title(path.stem, size="x-small")
    figure.savefig(target, dpi=100)
    plt.close(figure)


def main(arguments: list[str] | None = None) -> None:
    """Draw what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.plot.gallery", description="Draw every chart.")
    parser.add_argument("out", type=Path, help="the folder for the pictures")
    parser.add_argument("words", nargs="*", help="only pictures whose names hold one of these")
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    mpl.use("Agg")
    sheets: dict[str, list[Path]] = {}
    for picture in pictures():
        if not asked.words or any(word in picture.name for word in asked.words):
            sheet = f"sheet-{picture.kind}-{picture.market}-{picture.paper}-{picture.lang}.png"
            sheets.setdefault(sheet, []).append(save(picture, asked.out))
    for sheet, paths in sheets.items():
        contact_sheet(paths, asked.out / sheet)


if __name__ == "__main__":
    main()
