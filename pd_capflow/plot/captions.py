"""What to call several securities where there is only so much room for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pd_capflow.plot.caption import caption
from pd_capflow.plot.ticks import text_width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pd_capflow.plot.words import Words

__all__ = ["fitted", "short_caption"]


def short_caption(
    code: str, names: Mapping[str, str], words: Words, *, room: float, size: str
) -> tuple[str, tuple[str, ...]]:
    """Return a caption in so many points, and the fonts that it takes; of a long name only the beginning.

    Examples
    --------
    >>> from pd_capflow.plot.words import words_of
    >>> names = {"HK.00700": "TENCENT HOLDINGS"}
    >>> short_caption("HK.00700", names, words_of("en"), room=90, size="small")
    ('TENCENT… HK.00700', ())
    """
    told, fonts = caption(code, names, words)
    name = told.removesuffix(code).strip()
    short = fitted(name, lambda text: text_width(f"{text} {code}", size) <= room) if name else ""
    return (f"{short} {code}", fonts) if len(short) > 1 else (code, ())


def fitted(text: str, fits: Callable[[str], bool]) -> str:
    """Return as much of a text's beginning as fits, with an ellipsis for the rest.

    Examples
    --------
    >>> fitted("TENCENT HOLDINGS", lambda text: len(text) <= 9)
    'TENCENT…'
    """
    if fits(text):
        return text
    ends = range(len(text) - 1, 0, -1)
    return next((short for end in ends if fits(short := text[:end].rstrip() + "…")), "…")
