"""A frame as HTML: a heading with sparklines over a short table.

Names, codes, addresses and reasons come from elsewhere and are escaped. Colours are JupyterLab's where it
has them and the page's own elsewhere, so that light and dark pages can both be read; nothing is loaded and
nothing runs.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from pd_capflow.flow.frames import DEMO_NOTE
from pd_capflow.flow.tables import currency_of
from pd_capflow.notebook.display.amounts import compact
from pd_capflow.notebook.display.colours import up_and_down
from pd_capflow.notebook.display.heading import MOST_CODES, failures, name_of, provenance, subject
from pd_capflow.notebook.display.sparkline import sparkline
from pd_capflow.notebook.display.table import html_table, shown_rows
from pd_capflow.notebook.texts import one_line

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.notebook.display.facts import Facts, Line
    from pd_capflow.notebook.preferences import Preferences

__all__ = ["markup"]

_STYLE = """\
<style>
.capflow-frame {line-height: 1.4; margin: 2px 0 4px}
.capflow-head {display: flex; flex-wrap: wrap; align-items: center; gap: 2px 18px}
.capflow-code {display: inline-flex; align-items: center; gap: 6px; white-space: nowrap}
.capflow-last {font-variant-numeric: tabular-nums}
.capflow-facts {opacity: .75; font-size: .92em; margin-bottom: 4px}
.capflow-failed {color: var(--jp-warn-color1, #c2660a); font-size: .92em}
.capflow-demo {border: 1px solid var(--jp-warn-color1, #c2660a); color: var(--jp-warn-color1, #c2660a);
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
    table = html_table(frame, preferences) if facts.kind else own
    shown = shown_rows(len(frame), preferences) if facts.kind else len(frame)
    line = " · ".join([*subject(facts), *provenance(facts, len(frame), shown)])
    return "".join(
        [
            f'<div class="capflow-frame">{_STYLE}<div class="capflow-head">{_codes(facts, preferences)}',
            f'{_demo(facts)}</div><div class="capflow-facts">{escape(line)}</div>',
            f"{_failed(facts)}{table}</div>",
        ]
    )


def _codes(facts: Facts, preferences: Preferences) -> str:
    lines = {line.code: line for line in facts.lines}
    colors = up_and_down(facts.codes, preferences.colors)
    told = [_code(code, lines.get(code), facts, preferences, colors) for code in facts.codes[:MOST_CODES]]
    more = len(facts.codes) - MOST_CODES
    return "".join([*told, f"<span>and {more} more</span>" if more > 0 else ""])


def _code(code: str, line: Line | None, facts: Facts, preferences: Preferences, colors: Any) -> str:
    name = escape(name_of(code, facts))
    called = f"<b>{name}</b> {escape(one_line(code))}" if name else f"<b>{escape(one_line(code))}</b>"
    drawn = _course(code, line, facts, colors) if line is not None and preferences.sparkline else ""
    return f'<span class="capflow-code"><span>{called}</span>{drawn}</span>'


def _course(code: str, line: Line, facts: Facts, colors: Any) -> str:
    label = escape(f"net inflow of {one_line(code)}")
    drawn = sparkline(line.flow.to_numpy(), bars=facts.running is False, colors=colors, label=label)
    if not len(line.flow):
        return drawn
    last = float(line.flow.iloc[-1])
    color = "inherit" if not np.isfinite(last) or last == 0 else colors[int(last < 0)]
    currency = currency_of(code) or ""
    title = escape(f"in_flow of the last row: {last:,.2f} {currency}".rstrip())
    amount = compact(last) if facts.currency else f"{compact(last)} {currency}".rstrip()
    return f'{drawn}<span class="capflow-last" style="color: {color}" title="{title}">{amount}</span>'


def _demo(facts: Facts) -> str:
    return f'<span class="capflow-demo">{escape(DEMO_NOTE)}</span>' if facts.demo else ""


def _failed(facts: Facts) -> str:
    told = failures(facts)
    return f'<div class="capflow-failed">{escape(told)}</div>' if told else ""
