"""Python values in a line, ``$name`` and ``{expression}``, become arguments; lines of a cell become codes."""

from __future__ import annotations

import re
from typing import Any

from IPython.utils.text import DollarFormatter

__all__ = ["Words", "codes_of", "without_comments"]

_COMMENT = re.compile(r"(^|(?<=\s))#.*$", re.MULTILINE)
_WATCHLIST = "watchlist:"
# What stands between blanks, which quotes may hold together.
_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|\S)+""")


class Words(DollarFormatter):
    """Expands ``$name`` and ``{expr}`` into arguments.

    A list becomes its items with a comma behind each, so that one alone stays a list; watchlists, whose
    names may have blanks and commas, stand in quotes. A date, which prints with a blank before its hour,
    becomes one word.
    """

    def format_field(self, value: Any, format_spec: str) -> str:
        """Write a value as one argument, or a list as several."""
        if not isinstance(value, str) and hasattr(value, "__iter__"):
            return " ".join(f"{_one_word(str(item))} ," for item in value)
        if not format_spec and hasattr(value, "isoformat"):
            return str(value.isoformat())
        return str(super().format_field(value, format_spec))

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        """Leave a list a list, which IPython would make a text."""
        listed = not isinstance(value, str) and hasattr(value, "__iter__")
        return value if listed else super().convert_field(value, conversion)


def _one_word(item: str) -> str:
    quote = "'" if '"' in item else '"'
    return f"{quote}{item}{quote}" if item.startswith(_WATCHLIST) else item


def without_comments(cell: str) -> str:
    """Return a cell without its comments: ``#`` at the beginning of a line or behind a blank begins one.

    A comment may have dollars and braces, so it goes before anything is expanded.
    """
    return _COMMENT.sub("", cell)


def codes_of(cell: str) -> list[str]:
    r"""Return the arguments that the lines of a cell are.

    Parameters
    ----------
    cell : str
        A code or selector a line, or several with blanks or commas between. A watchlist that begins a
        line goes to its end and needs no quotes.

    Examples
    --------
    >>> codes_of("HK.00700\n\nwatchlist:My own list\nUS.AAPL, US.TSLA")
    ['HK.00700', '"watchlist:My own list"', 'US.AAPL,', 'US.TSLA']
    """
    return [word for line in cell.splitlines() for word in _words(line.strip())]


def _words(line: str) -> list[str]:
    return [_one_word(line)] if line.startswith(_WATCHLIST) else _WORD.findall(line)
