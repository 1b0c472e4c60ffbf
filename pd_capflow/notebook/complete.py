"""What Tab offers behind ``%capflow``: codes, selectors, options, and the values of options.

Codes are found by their beginning and by a part of a name. Only what is known already is offered, so
nothing is asked of a gateway and nothing waits; `pd_capflow.notebook.catalogue` says what that is. The
kind of a completion, which front ends show beside it, is the name. IPython's hook ``complete_command``
would see neither ``frame = %capflow`` nor the whole of ``plate:HK.``, so this is a matcher.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

from IPython.core.completer import SimpleCompletion, context_matcher

from pd_capflow.client.address import DEFAULT_URL
from pd_capflow.flow.queries import PERIODS
from pd_capflow.notebook.arguments import ARGUMENTS
from pd_capflow.notebook.catalogue import Catalogue, address_of
from pd_capflow.notebook.suggest import matches
from pd_capflow.notebook.variables import without_comments
from pd_capflow.options import CHARTS, COLORS, ERRORS, LANGUAGES, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from pd_capflow.notebook.preferences import Preferences

__all__ = ["complete_capflow", "offer", "withdraw"]

# At the beginning of a line, behind other magics, or assigned: elsewhere it is a part of a text or comment.
_MAGIC = re.compile(r"^(?:\s*(?:%\w+\s+)*%?|[^=#]+=\s*%)capflow\s+(?!=)(?P<arguments>.*)$")
_CELL_MAGIC = re.compile(r"%%capflow(?P<arguments>\s.*)?$")
# An argument, which quotes may hold together or be about to, or what stands between two.
_PIECE = re.compile(r"""(?:"[^"]*"?|'[^']*'?|[^\s,()[\]"'])+|[\s,()[\]]""")
_QUOTES = ("'", '"')
# What begins a Python value in a line, as `pd_capflow.notebook.variables` reads it.
_EXPANDED = frozenset("${}")
_NO_BREAK_SPACE, _WORD_JOINER = "\N{NO-BREAK SPACE}", "\N{WORD JOINER}"

_FLAGS = [flag for flags, _ in ARGUMENTS for flag in flags if flag.startswith("-")]
_TAKES_ONE = {
    flag for flags, keywords in ARGUMENTS if keywords.get("action") != "store_true" for flag in flags
}
# What may stand behind an option; behind the others only the user knows.
_VALUES = {
    "--period": tuple(PERIODS),
    "-p": tuple(PERIODS),
    "--errors": ERRORS,
    "--source": SOURCES,
    "--plot": CHARTS,
    "--colors": COLORS,
    "--lang": LANGUAGES,
    "--url": ("demo://", DEFAULT_URL),
}

# Whose trait is the address of lines that name none: a matcher is not told its shell.
_preferences: WeakSet[Preferences] = WeakSet()


def offer(shell: InteractiveShell, preferences: Preferences) -> None:
    """Have a shell complete ``%capflow``, with some traits as defaults."""
    withdraw(shell)
    _preferences.add(preferences)
    _matchers(shell).append(complete_capflow)


def withdraw(shell: InteractiveShell) -> None:
    """Have it do so no more."""
    matchers = _matchers(shell)
    matchers[:] = [matcher for matcher in matchers if matcher is not complete_capflow]
    _preferences.clear()


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
    arguments = _arguments(context, line[:cursor])
    if arguments is None:
        return None
    *before, word = ["", *_PIECE.findall(arguments)]
    if word.strip(" \t,()[]") == "":
        before, word = [*before, word], ""
    return _Spot(word, [piece for piece in before if piece.strip()], line[cursor:])


def _arguments(context: CompletionContext, until: str) -> str | None:
    """Return what stands between the magic and the cursor, None where there is no magic of ours."""
    lines = context.full_text.splitlines()[: context.cursor_line]
    cell = _CELL_MAGIC.match(lines[0]) if lines else None
    if cell is not None:
        is_comment = without_comments(until) != until
        return None if is_comment else f"{cell['arguments'] or ''} {until}"
    magic = _MAGIC.search(until)
    return magic["arguments"] if magic else None


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
    known = Catalogue(_address(spot.before))
    found = [(each.code, _unbroken(each.name) or "code") for each in matches(start, known.securities())]
    found += _plates(known, start)
    lists = [f"watchlist:{name}" for name in known.watchlists() if _can_be_typed(name)]
    found += _matching(lists, start, "watchlist")
    return [(_quoted(text, quote, spot.after), kind) for text, kind in found]


def _plates(known: Catalogue, start: str) -> list[tuple[str, str]]:
    """Return the plates of a code or name, which stands for itself or behind the word of the selector."""
    word = "plate:"
    if word.startswith(start.lower()):
        start = word
    is_selector = start.lower().startswith(word)
    found = matches(start[len(word) :] if is_selector else start, known.plates())
    if not is_selector:  # then a name was typed, since a plate's code alone asks for no members
        found = [each for each in found if start.lower() not in each.code.lower()]
    return [(f"{word}{each.code}", _unbroken(each.name) or "plate") for each in found]


def _can_be_typed(name: str) -> bool:
    """Tell whether a line would take a name for itself: it is a gateway's, and must bring in nothing else."""
    is_quotable = not _EXPANDED & set(name) and not set(_QUOTES) <= set(name)
    return is_quotable and name.isprintable()


def _unbroken(name: str) -> str:
    """Return a name that stays on one line: JupyterLab's menu breaks at blanks, dashes and Chinese."""
    letters = name.replace(" ", _NO_BREAK_SPACE)
    return re.sub(r"(?<=[^\w])(?=.)|(?<=[^\x00-\x7f])(?=.)", _WORD_JOINER, letters)


def _quoted(text: str, quote: str, after: str) -> str:
    """Return a text as an argument: a name with a blank or a comma needs quotes."""
    if not quote and not re.search(r"[\s,()[\]]", text):
        return text
    quote = quote or ("'" if '"' in text else '"')
    return f"{quote}{text}{'' if after.startswith(quote) else quote}"


def _address(before: list[str]) -> str:
    """Return the address that the line asks, "" if it cannot be told."""
    told: str | None = None
    for option, value in pairwise([*before, ""]):
        name, is_joined, joined = option.partition("=")
        if name == "--url":
            told = (joined if is_joined else value).strip("'\"")
    usual = next((each.url for each in _preferences), None)
    return address_of(usual if told is None else told)
