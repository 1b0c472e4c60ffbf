"""The arguments of a question, as the magic and the command line both take them."""

from __future__ import annotations

from typing import Any

__all__ = [
    "CHARTS",
    "COLORS",
    "ERRORS",
    "LANGUAGES",
    "LOOKS",
    "OF_ONE_CODE",
    "OUT",
    "QUESTION",
    "SOURCES",
    "Arguments",
    "as_asked",
    "split_codes",
    "unquoted",
]

_WATCHLIST = "watchlist:"

#: The kinds of chart of `pd_capflow.plot`, told without loading matplotlib.
CHARTS = ("cumulative", "bars", "tiers", "distribution", "heatmap", "rank", "quadrant")

#: Those of them that show one code.
OF_ONE_CODE = ("bars", "tiers", "distribution")

#: What can be said of errors of some codes, of colours and of languages.
ERRORS = ("raise", "collect")
COLORS = ("auto", "cn", "intl", "cb")
LANGUAGES = ("en", "zh")

#: Where rows can come from.
SOURCES = ("gateway", "store", "auto")

#: Flags and keywords of `argparse.ArgumentParser.add_argument`, by flag.
Arguments = tuple[tuple[tuple[str, ...], dict[str, Any]], ...]

#: What is asked, in the order of the help. What is not given is None, so that a default can be elsewhere.
QUESTION: Arguments = (
    (
        ("codes",),
        {
            "nargs": "*",
            "metavar": "CODE",
            "help": "such as HK.00700, plate:HK.BK1001 or watchlist:Tech; several make one frame",
        },
    ),
    (
        ("--period", "-p"),
        {"metavar": "P", "help": "intraday (default), day, week or month"},
    ),
    (
        ("--start",),
        {"metavar": "D", "help": "first day, such as 2026-01-31, in exchange time; not for intraday"},
    ),
    (
        ("--end",),
        {"metavar": "D", "help": "last day; without dates the last 365 days"},
    ),
    (
        ("--price",),
        {"action": "store_true", "help": "join the closing price on, as the column close"},
    ),
    (
        ("--errors",),
        {"metavar": "E", "help": "if some of many codes fail: raise (default), or collect what came"},
    ),
    (
        ("--source",),
        {
            "metavar": "S",
            "help": "gateway (default), store, or auto: a store first, and the gateway for what it lacks",
        },
    ),
    (
        ("--store",),
        {
            "metavar": "PATH",
            "help": "the store to read, else PD_CAPFLOW_STORE; of it intraday takes dates too",
        },
    ),
    (
        ("--url",),
        {
            "metavar": "U",
            "help": "the gateway: tcp://127.0.0.1:11111 (default, or PD_CAPFLOW_URL), ws://, wss://, demo:// "
            "or store://PATH",
        },
    ),
)

#: How a chart looks.
LOOKS: Arguments = (
    (
        ("--colors",),
        {
            "metavar": "C",
            "help": "auto (default: red is up in mainland China and Japan, green elsewhere), cn, intl or cb",
        },
    ),
    (("--lang",), {"metavar": "L", "help": "language of charts: en (default) or zh"}),
)

#: Where the frame is kept.
OUT: Arguments = ((("--out",), {"metavar": "FILE", "help": "keep the frame: .csv, .parquet or .json"}),)


def split_codes(words: list[str]) -> list[str]:
    """Return the codes and selectors in words that commas, quotes and brackets may still cling to.

    A watchlist's name may have blanks, commas and brackets of its own if it is in quotes.

    Examples
    --------
    >>> split_codes(["['HK.00700',", "'US.AAPL']"])
    ['HK.00700', 'US.AAPL']
    >>> split_codes(["'watchlist:My own, (old)'", "plate:HK.BK1001"])
    ['watchlist:My own, (old)', 'plate:HK.BK1001']
    """
    pieces = (piece for word in words for piece in _pieces(word))
    return [piece for piece in pieces if piece]


def _pieces(word: str) -> list[str]:
    bare = unquoted(word)
    # What has a blank was in quotes, which a command line's shell has taken off already.
    if bare.startswith(_WATCHLIST) and (bare != word or " " in bare):
        return [bare]
    return [piece.strip("[]()'\"") for piece in word.split(",")]


def unquoted(word: str) -> str:
    """Return what stands between a pair of quotes, which IPython leaves around an argument.

    Examples
    --------
    >>> unquoted("'2026-01-05 09:30'"), unquoted("day")
    ('2026-01-05 09:30', 'day')
    """
    quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "'\""
    return word[1:-1] if quoted else word


def as_asked(words: list[str]) -> str | list[str]:
    """Return the code that stands alone, or the list of codes that commas and brackets, or several, make.

    Examples
    --------
    >>> as_asked(["HK.00700"])
    'HK.00700'
    >>> as_asked(["HK.00700,"]), as_asked(["['HK.00700']"])
    (['HK.00700'], ['HK.00700'])
    """
    codes = split_codes(words)
    is_list = len(codes) != 1 or any(sign in word for word in words for sign in ",[(")
    return codes if is_list else codes[0]
