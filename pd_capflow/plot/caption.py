"""What a security is called in a heading: its name if the frame knows it and the fonts can show it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.font_manager import FontProperties, findfont, get_font

from pd_capflow.plot.style import cjk_family
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pd_capflow.plot.words import Words

__all__ = ["caption"]

_LONGEST = 40


def caption(
    code: str, names: Mapping[str, str], words: Words, *, longest: int = _LONGEST
) -> tuple[str, tuple[str, ...]]:
    """Return what to call a security, and the font families that it takes; none where any will do.

    Parameters
    ----------
    code : str
        Such as ``"HK.00700"``.
    names : mapping of str to str
        By code, as a gateway sent them: text that nobody has checked.
    words : Words
        The chart's language and fonts.
    longest : int
        How many characters of a name are shown.

    Returns
    -------
    tuple of (str, tuple of str)
        ``"TENCENT HK.00700"``, or the code alone where there is no name or no font for it.
    """
    name = one_line(names.get(code, ""), longest)
    if not name or name == code:
        return code, ()
    usual = words.fonts or tuple(mpl.rcParams["font.family"])
    if _can_show(usual, name):
        return f"{name} {code}", ()
    family = cjk_family()
    if family is not None and _can_show((*usual, family), name):
        return f"{name} {code}", (*usual, family)
    return code, ()


def _can_show(families: tuple[str, ...], text: str) -> bool:
    bold = [FontProperties(family=family, weight="bold") for family in families]  # as headings are
    held = [_characters(findfont(font)) for font in bold]
    return all(any(ord(char) in characters for characters in held) for char in text)


@lru_cache(maxsize=16)
def _characters(path: str) -> frozenset[int]:
    return frozenset(get_font(path).get_charmap())
