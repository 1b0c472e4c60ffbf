"""A frame as HTML: a heading with sparklines over a short table.

Names, codes, addresses and reasons come from elsewhere and are escaped. Colours are JupyterLab's where it
has them and the page's own elsewhere, so that light and dark pages can both be read; nothing is loaded and
nothing runs.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from pd_capflow.flow.tables import currency_of
from pd_capflow.looks import NOT_MATHS
from pd_capflow.notebook.display.amounts import compact
from pd_capflow.notebook.display.colours import up_and_down
from pd_capflow.notebook.display.heading import MOST_CODES, Heading
from pd_capflow.notebook.display.sparkline import sparkline
from pd_capflow.notebook.display.table import html_table, shown_rows
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.notebook.display.facts import Facts, Line
    from pd_capflow.notebook.preferences import Preferences

__all__ = ["markup"]

_STYLE = """\
<style>
.capflow-frame {line-height: 1.4; margin: 2px 0 4px}
.capflow-frame .capflow-head {display: flex; flex-wrap: wrap; align-items: center; gap: 2px 18px}
.capflow-frame .capflow-code {display: inline-flex; align-items: center; gap: 6px; white-space: nowrap}
.capflow-frame .capflow-last {font-variant-numeric: tabular-nums}
.capflow-frame .capflow-facts {opacity: .75; font-size: .92em; margin-bottom: 4px}
.capflow-frame .capflow-failed {color: var(--jp-warn-color1, #c2660a); font-size: .92em}
.capflow-frame .capflow-demo {border: 1px solid; color: var(--jp-warn-color1, #c2660a);
  border-radius: 3px; padding: 0 6px; font-size: .85em; font-weight: 600; white-space: nowrap}
.capflow-frame table.capflow-table :is(td, th) {font-variant-numeric: tabular-nums; white-space: nowrap}
.capflow-frame table.capflow-table .capflow-nan {opacity: .45}
</style>
"""


def markup(frame: pd.DataFrame, facts: Facts, preferences: Preferences) -> str | None:
    """Return the HTML of a frame, None where pandas is told to make none."""
    own: str | None = frame._repr_html_()  # type: ignore[operator]  # pandas-stubs do not have it
    if own is None:
        return None
    said = Heading(facts, preferences.lang)
    table = html_table(frame, preferences) if facts.kind else own
    shown = shown_rows(len(frame), preferences) if facts.kind else len(frame)
    line = " · ".join([*said.subject(), *said.provenance(len(frame), shown)])
    head = _codes(said, preferences) + _element("span", "capflow-demo", said.demo())
    below = _element("div", "capflow-facts", line) + _element("div", "capflow-failed", said.failures())
    inside = f'{_STYLE}<div class="capflow-head">{head}</div>{below}{table}'
    return f'<div class="capflow-frame {NOT_MATHS}">{inside}</div>'


def _element(tag: str, name: str, text: str) -> str:
    """Return an element with a text that is escaped here, nothing of no text."""
    return f'<{tag} class="{name}">{escape(text)}</{tag}>' if text else ""


def _codes(said: Heading, preferences: Preferences) -> str:
    lines = {line.code: line for line in said.facts.lines}
    colors = up_and_down(said.facts.codes, preferences.colors)
    drawn = [
        _course(lines[code], said, colors) if code in lines and preferences.sparkline else ""
        for code in said.facts.codes[:MOST_CODES]
    ]
    named = map(_code, said.facts.codes, map(said.name, said.facts.codes), drawn)
    return "".join(named) + _element("span", "capflow-more", said.more())


def _code(code: str, name: str, drawn: str) -> str:
    called = f"<b>{escape(name)}</b> {escape(one_line(code))}" if name else f"<b>{escape(one_line(code))}</b>"
    return f'<span class="capflow-code"><span>{called}</span>{drawn}</span>'


def _course(line: Line, said: Heading, colors: tuple[str, str]) -> str:
    """Return a sparkline, and the amount that it ends with."""
    label = escape(said.say("course", code=one_line(line.code)))
    drawn = sparkline(line.flow.to_numpy(), bars=said.facts.running is False, colors=colors, label=label)
    return drawn + (_last(line, said, colors) if len(line.flow) else "")


def _last(line: Line, said: Heading, colors: tuple[str, str]) -> str:
    last, currency = float(line.flow.iloc[-1]), currency_of(line.code) or ""
    color = "inherit" if not np.isfinite(last) or last == 0 else colors[int(last < 0)]
    title = escape(said.say("last", amount=f"{last:,.2f} {currency}".rstrip()))
    unit = "" if said.facts.currency else currency  # where amounts of several stand side by side
    text = f"{compact(last, said.lang)} {unit}".rstrip()
    return f'<span class="capflow-last" style="color: {color}" title="{title}">{text}</span>'
