"""What is typed into the code box: a code, a selector, or a name that stands for a code."""

from __future__ import annotations

from typing import Any

from pd_capflow.errors import QueryError
from pd_capflow.flow.selectors import Selection, parse_selection
from pd_capflow.notebook.suggest import suggest
from pd_capflow.texts import one_line

__all__ = ["SEPARATOR", "meant", "options"]

#: Between the parts of an option.
SEPARATOR = " · "
_MOST = 12


def options(text: str, url: str) -> list[str]:
    """Return what the code box offers for a text.

    A browser shows only options that contain what was typed, so where neither code nor name does, as with
    initials, that is put behind them.

    Examples
    --------
    >>> options("腾讯", "demo://")[0]
    'HK.00700 · 腾讯控股'
    """
    if not text.strip():
        return []
    found = (SEPARATOR.join(filter(None, suggestion)) for suggestion in suggest(text, url, limit=_MOST))
    wanted = text.strip()
    return [each if wanted.casefold() in each.casefold() else f"{each}{SEPARATOR}{wanted}" for each in found]


def meant(text: Any, url: str) -> Selection:
    """Return what a text stands for: itself, if it is a code or selector, or else the best suggestion.

    Raises
    ------
    QueryError
        If it stands for nothing that is known.

    Examples
    --------
    >>> [str(part) for part in meant("tencent", "demo://").parts]
    ['HK.00700']
    """
    if not isinstance(text, str):
        return parse_selection(text)
    wanted = text.strip()
    try:
        return parse_selection(wanted)
    except QueryError as error:
        if ":" in wanted or wanted.endswith("."):  # "HK." begins any code of a market, and is none
            raise
        found = suggest(wanted, url, limit=1) if wanted else []
        if found:
            return parse_selection(found[0].code)
        if _could_be_code(wanted):
            raise
        shown = one_line(wanted)
        raise QueryError(f"no code or name {shown!r} is known; expected one such as HK.00700") from error


def _could_be_code(text: str) -> bool:
    return "." in text
