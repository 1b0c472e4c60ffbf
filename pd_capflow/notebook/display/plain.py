"""A frame as text, for terminals and for whoever shows nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pd_capflow.notebook.display.heading import Heading
from pd_capflow.notebook.display.table import plain_table, shown_rows

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.notebook.display.facts import Facts
    from pd_capflow.notebook.preferences import Preferences

__all__ = ["plain"]

_MARK = "\N{REPLACEMENT CHARACTER}"


def plain(frame: pd.DataFrame, facts: Facts, preferences: Preferences) -> str:
    """Return a heading of two lines or so, and a short table."""
    shown = shown_rows(len(frame), preferences)
    table = plain_table(frame, preferences) if facts.kind and len(frame) else repr(frame)
    said = Heading(facts, preferences.lang)
    first = " · ".join(filter(None, [", ".join(said.titles()), *said.subject()]))
    second = " · ".join(said.provenance(len(frame), shown if facts.kind else len(frame)))
    return _visible("\n".join(filter(None, [first, second, said.demo(), said.failures(), table])))


def _visible(text: str) -> str:
    """Return a text with a mark for whatever a terminal might obey; cells hold names as they were sent."""
    return "".join(char if char.isprintable() or char == "\n" else _MARK for char in text)
