"""Texts that somebody else wrote, fit to be shown: on one line, visible, and not too long."""

from __future__ import annotations

__all__ = ["one_line", "sentences"]


def one_line(text: object, most: int = 40) -> str:
    r"""Return a text on one line, without what cannot be seen, and cut where it is too long.

    Parameters
    ----------
    text : object
        Untrusted; what is no text is none.
    most : int
        Characters that are left of it.

    Examples
    --------
    >>> one_line(" two\nlines\x1b[31m ")
    'two lines [31m'
    >>> one_line("a long name", most=6)
    'a lon…'
    """
    told = text if isinstance(text, str) else ""
    line = " ".join("".join(char if char.isprintable() else " " for char in told).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def sentences(*texts: str) -> str:
    """Return texts one after the other, each but the last with an end to its sentence.

    Examples
    --------
    >>> sentences("nobody listens", "Is it on?", "Start it.")
    'nobody listens. Is it on? Start it.'
    """
    told = [text for text in texts if text]
    ended = [text if text.endswith((".", "?", "!")) else f"{text}." for text in told[:-1]]
    return " ".join([*ended, *told[-1:]])
