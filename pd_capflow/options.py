"""The arguments of a question, as the magic and the command line both take them."""

from __future__ import annotations

from typing import Any

__all__ = ["QUESTION", "split_codes"]

#: Flags and keywords of `argparse.ArgumentParser.add_argument`, in the order of the help.
QUESTION: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("codes",),
        {"nargs": "*", "metavar": "CODE", "help": "such as HK.00700; several make one frame"},
    ),
    (
        ("--period", "-p"),
        {"default": "intraday", "help": "intraday (default), day, week or month"},
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
        ("--url",),
        {
            "metavar": "U",
            "help": "the gateway: tcp://127.0.0.1:11111 (default, or PD_CAPFLOW_URL), ws://, wss://, demo://",
        },
    ),
)


def split_codes(words: list[str]) -> list[str]:
    """Return the codes in words that commas, quotes and brackets may still cling to.

    Examples
    --------
    >>> split_codes(["['HK.00700',", "'US.AAPL']"])
    ['HK.00700', 'US.AAPL']
    """
    pieces = (piece.strip("[]()'\"") for word in words for piece in word.split(","))
    return [piece for piece in pieces if piece]
