"""What somebody may mean who types a part of a code or of a name, in any language and case.

Nothing is asked of a gateway and nothing waits, so this can be called at every key.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from pd_capflow.errors import QueryError
from pd_capflow.flow.selectors import parse_selection
from pd_capflow.notebook.catalogue import Catalogue, address_of
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pd_capflow.notebook.catalogue import Entry

__all__ = ["Suggestion", "did_you_mean", "matches", "suggest"]

# How well a text fits, the best first.
_WHOLE, _CODE, _SYMBOL, _NAME, _WORD, _PART = range(6)
_LONG_AGO = 1_000_000


class Suggestion(NamedTuple):
    """A security or plate that may be meant.

    Attributes
    ----------
    code : str
        Such as ``"HK.00700"``.
    name : str
        Its name, on one line and not too long, but not escaped: the one that fits what was typed, else
        the gateway's own; "" if none is known.
    """

    code: str
    name: str


def suggest(text: str, url: str, *, limit: int | None = 12) -> list[Suggestion]:
    """Return the securities that a text may be the beginning of, the likeliest first.

    Parameters
    ----------
    text : str
        A part of a code (``"hk.007"``, ``"700"``) or of a name (``"腾讯"``, ``"tencent"``, ``"txkg"``).
        Of nothing at all: what was asked for lately, then what is in watchlists, then the rest.
    url : str
        The gateway's address, such as ``"demo://"``; of a wrong one nothing is known.
    limit : int, optional
        How many at most; None for all.

    Returns
    -------
    list of Suggestion
        A code that was typed whole comes first, then recent ones, then the better fit.

    Examples
    --------
    >>> suggest("腾讯", "demo://", limit=1)
    [Suggestion(code='HK.00700', name='腾讯控股')]
    >>> [each.code for each in suggest("700", "demo://")]
    ['HK.00700']
    """
    return matches(text, Catalogue(url).securities())[:limit]


def matches(text: str, entries: Iterable[Entry]) -> list[Suggestion]:
    """Return those of some entries that fit a text, as `suggest` does."""
    wanted = _folded(text)
    fits = ((entry, _fit(entry, wanted)) for entry in entries)
    found = [(_order(entry, fit, wanted), entry) for entry, fit in fits if fit is not None]
    found.sort(key=itemgetter(0))
    return [Suggestion(entry.code, _name(entry, wanted)) for _, entry in found]


def did_you_mean(codes: str | list[str], url: str | None) -> str:
    """Return what to say behind an error about codes that are none: what may be meant, "" if nothing is.

    Examples
    --------
    >>> did_you_mean("tencent", "demo://")
    '; did you mean HK.00700 (TENCENT) or HK.80700 (TENCENT-R)?'
    """
    for code in [codes] if isinstance(codes, str) else codes:
        try:
            parse_selection(code)
        except QueryError as error:
            found = [] if "did you mean" in str(error) else suggest(code, address_of(url), limit=2)
            meant = " or ".join(f"{each.code} ({each.name})" if each.name else each.code for each in found)
            return f"; did you mean {meant}?" if meant else ""
    return ""


def _order(entry: Entry, fit: int, wanted: str) -> tuple[bool, int, int, bool, str]:
    recent = _LONG_AGO if entry.recent is None else entry.recent
    # Who types the beginning of a code reads down a list of codes; a name says less of the order.
    is_late = not entry.listed and (fit >= _NAME or not wanted)
    return fit != _WHOLE, recent, fit, is_late, entry.code


def _fit(entry: Entry, wanted: str) -> int | None:
    """Return how well an entry fits, None if it does not."""
    fit = _fit_of_code(entry, wanted)
    if fit is not None or not wanted:
        return fit
    fits = (_fit_of_name(_folded(name), wanted) for name in (*entry.names, entry.also))
    return min((fit for fit in fits if fit is not None), default=None)


def _fit_of_code(entry: Entry, wanted: str) -> int | None:
    market, _, symbol = entry.code.casefold().partition(".")
    short = symbol.lstrip("0")
    if wanted.startswith(f"{market}."):
        rest = wanted.removeprefix(f"{market}.")
        fits = _WHOLE if rest in (symbol, short) else _CODE if _begins(rest, symbol, short) else None
        return fits if entry.told else None
    if wanted and (wanted in (symbol, short)):
        return _WHOLE
    if entry.told and market.startswith(wanted):
        return _CODE
    return _SYMBOL if wanted and _begins(wanted, symbol, short) else None


def _begins(wanted: str, *texts: str) -> bool:
    return any(text.startswith(wanted) for text in texts)


def _fit_of_name(name: str, wanted: str) -> int | None:
    if name.startswith(wanted):
        return _NAME
    place = name.find(wanted)
    while place > 0:
        if not name[place - 1].isalnum():
            return _WORD
        place = name.find(wanted, place + 1)
    # One letter stands in every name, one Chinese character says something.
    return _PART if wanted in name and (len(wanted) > 1 or not wanted.isascii()) else None


def _name(entry: Entry, wanted: str) -> str:
    fitting = [name for name in entry.names if wanted and wanted in _folded(name)]
    return one_line(next(iter(fitting or entry.names), ""))


@lru_cache(maxsize=1 << 16)
def _folded(text: str) -> str:
    """Return a text without what does not matter: case, width, blanks around."""
    return unicodedata.normalize("NFKC", text).casefold().strip()
