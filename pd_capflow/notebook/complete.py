"""What Tab offers behind ``%capflow``: codes, selectors, options, and the values of options.

Only what is known already is offered, so nothing is asked of a gateway and nothing waits: what it has told
in passing, and of the demo gateway all that is well known. IPython's hook ``complete_command`` would see
neither ``frame = %capflow`` nor the whole of ``plate:HK.``, so this is a matcher.
"""

from __future__ import annotations

import re
import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython.core.completer import SimpleCompletion, context_matcher

from pd_capflow.client.address import DEFAULT_URL, parse_address
from pd_capflow.client.known import known_codes, known_watchlists
from pd_capflow.client.settings import UNSET, resolve
from pd_capflow.errors import CapflowError
from pd_capflow.flow.queries import PERIODS
from pd_capflow.notebook.magic import ARGUMENTS
from pd_capflow.options import CHARTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["complete_capflow", "offer", "withdraw"]

_MAGIC = re.compile(r"(?:^\s*|%)capflow\s+(?P<arguments>.*)$")
# An argument, which quotes may hold together or be about to, or what stands between two.
_PIECE = re.compile(r"""(?:"[^"]*"?|'[^']*'?|[^\s,()[\]"'])+|[\s,()[\]]""")
_PLATE_CODE = re.compile(r"[A-Z]+\.(BK|LIST)\d+")
_QUOTES = ("'", '"')

_FLAGS = [flag for flags, _ in ARGUMENTS for flag in flags if flag.startswith("-")]
_TAKES_ONE = {
    flag for flags, keywords in ARGUMENTS if keywords.get("action") != "store_true" for flag in flags
}
# What may stand behind an option; behind the others only the user knows.
_VALUES = {
    "--period": tuple(PERIODS),
    "-p": tuple(PERIODS),
    "--plot": CHARTS,
    "--url": ("demo://", DEFAULT_URL),
}


def offer(shell: InteractiveShell) -> None:
    """Have a shell complete ``%capflow``."""
    withdraw(shell)
    _matchers(shell).append(complete_capflow)


def withdraw(shell: InteractiveShell) -> None:
    """Have it do so no more."""
    matchers = _matchers(shell)
    matchers[:] = [matcher for matcher in matchers if matcher is not complete_capflow]


def _matchers(shell: Any) -> list[Any]:
    found: list[Any] = shell.Completer.custom_matchers
    return found


class _Spot(NamedTuple):
    """Where the cursor stands: the word that ends there, those before, and what follows."""

    word: str
    before: list[str]
    after: str


@context_matcher(identifier="pd_capflow.complete_capflow")
def complete_capflow(context: CompletionContext) -> SimpleMatcherResult:
    """Return what Tab offers; nothing where the line is not ours."""
    spot = _spot(context)
    found, fragment = _offered(spot) if spot else ([], "")
    return {
        "completions": [SimpleCompletion(text=text, type=kind) for text, kind in found],
        "matched_fragment": fragment,
        "suppress": bool(found),
        "ordered": True,
    }


def _spot(context: CompletionContext) -> _Spot | None:
    line, cursor = context.line_with_cursor, context.cursor_position
    if not line[:cursor].endswith(context.token):
        cursor = len(line)  # IPython's older interface tells a token's length for the place
    magic = _MAGIC.search(line[:cursor])
    if magic is None:
        return None
    *before, word = ["", *_PIECE.findall(magic["arguments"])]
    if word.strip(" \t,()[]") == "":
        before, word = [*before, word], ""
    return _Spot(word, [piece for piece in before if piece.strip()], line[cursor:])


def _offered(spot: _Spot) -> tuple[list[tuple[str, str]], str]:
    """Return texts and their kinds, and what of the line each stands for."""
    option, is_joined, value = spot.word.partition("=")
    if is_joined and option in _TAKES_ONE:
        return _matching(_VALUES.get(option, ()), value, "value"), value
    last = spot.before[-1] if spot.before else ""
    if spot.word.startswith("-"):
        return _matching(_FLAGS, spot.word, "option"), spot.word
    if last in _TAKES_ONE and last != "--plot":
        return _matching(_VALUES.get(last, ()), spot.word, "value"), spot.word
    # A code may follow --plot as well: its kind need not be told.
    charts = _matching(CHARTS if last == "--plot" else (), spot.word, "value")
    return charts + _subjects(spot), spot.word


def _matching(texts: Iterable[str], start: str, kind: str) -> list[tuple[str, str]]:
    return [(text, kind) for text in texts if text.lower().startswith(start.lower())]


def _subjects(spot: _Spot) -> list[tuple[str, str]]:
    """Return the codes and selectors that a word may become, in the quotes that it stands in."""
    quote = spot.word[:1] if spot.word.startswith(_QUOTES) else ""
    start = spot.word[len(quote) :]
    known = _Known(_address(spot.before))
    groups = {
        "code": known.codes(),
        "plate": [f"plate:{code}" for code in known.plates()],
        "watchlist": [f"watchlist:{name}" for name in known.watchlists()],
    }
    found = [pair for kind, texts in groups.items() for pair in _matching(texts, start, kind)]
    return [(_quoted(text, quote, spot.after), kind) for text, kind in found]


def _quoted(text: str, quote: str, after: str) -> str:
    """Return a text as an argument: a name with a blank or a comma needs quotes."""
    if not quote and not re.search(r"[\s,()[\]]", text):
        return text
    quote = quote or ("'" if '"' in text else '"')
    return f"{quote}{text}{'' if after.startswith(quote) else quote}"


def _address(before: list[str]) -> str:
    """Return the address that the line asks, "" if it cannot be told."""
    told: Any = UNSET
    for option, value in pairwise([*before, ""]):
        name, is_joined, joined = option.partition("=")
        if name == "--url":
            told = (joined if is_joined else value).strip("'\"")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the question itself will warn
            return str(parse_address(told) if isinstance(told, str) else resolve(url=told).address)
    except CapflowError:
        return ""


class _Known:
    """What is known of a gateway."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._is_demo = url == "demo://"

    def codes(self) -> list[str]:
        """Return the codes of securities."""
        return [code for code in self._all() if not _PLATE_CODE.fullmatch(code)]

    def plates(self) -> list[str]:
        """Return the codes of plates."""
        return [code for code in self._all() if _PLATE_CODE.fullmatch(code)]

    def watchlists(self) -> list[str]:
        """Return the names of watchlists."""
        if not self._is_demo:
            return known_watchlists(self._url)
        from pd_capflow.gateway.plates import WATCHLISTS

        return list(dict.fromkeys([*WATCHLISTS, *known_watchlists(self._url)]))

    def _all(self) -> list[str]:
        told = known_codes(self._url)
        if not self._is_demo:
            return sorted(told)
        from pd_capflow.gateway.listing import LISTINGS
        from pd_capflow.gateway.plates import PLATES

        return sorted({*LISTINGS, *map(str, PLATES), *told})
