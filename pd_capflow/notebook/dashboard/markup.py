"""HTML of the ranking and of the status line. Whatever a gateway or a user wrote is escaped here.

Colours of the page are JupyterLab's own variables, so light and dark themes both read; where there are
none, what is inherited does.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from pd_capflow.notebook.dashboard.picture import PAPERS
from pd_capflow.notebook.dashboard.ranking import ranking
from pd_capflow.notebook.dashboard.words import say
from pd_capflow.plot.style import theme_of
from pd_capflow.plot.units import Scale
from pd_capflow.security import MARKETS
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pd_capflow.notebook.dashboard.ranking import Row
    from pd_capflow.notebook.dashboard.reading import Reading
    from pd_capflow.notebook.dashboard.status import Status
    from pd_capflow.notebook.dashboard.wish import Wish

__all__ = ["in_line", "message_html", "ranking_html", "status_html"]

_LONGEST = 200
_DASH = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"


def in_line(text: object) -> str:
    """Return what somebody else wrote on one line."""
    return one_line(str(text), _LONGEST)


def message_html(text: str, *, is_error: bool = False, link: str = "") -> str:
    """Return the line of the last message, with HTML of our own behind it."""
    kind = "capflow-bad" if is_error else "capflow-good"
    return f'<div role="status" class="{kind}">{escape(in_line(text))}{link}</div>' if text else ""


def status_html(status: Status) -> str:
    """Return the status line: one piece for each fact."""
    pieces = "".join(
        f'<span class="capflow-fact capflow-{kind}">{escape(in_line(text))}</span>'
        for kind, text in status.facts
    )
    trouble = f'<div class="capflow-bad">{escape(in_line(status.trouble))}</div>' if status.trouble else ""
    return f'<div class="capflow-facts capflow-is-{status.link}">{pieces}</div>{trouble}'


def ranking_html(reading: Reading, wish: Wish) -> str:
    """Return the table of the watched codes."""
    groups = ranking(reading)
    rows = [row for group in groups.values() for row in group]
    if not rows:
        return ""
    is_derived = any(row.is_derived for row in rows)
    has_share = any(isfinite(row.share) for row in rows)
    body = "".join(_group(currency, group, wish) for currency, group in groups.items())
    notes = [say(wish.lang, "derived_note")] * is_derived + [say(wish.lang, "share_note")] * has_share
    foot = f'<div class="capflow-notes">{escape(" · ".join(notes))}</div>' if notes else ""
    caption = escape(say(wish.lang, "ranking"))
    head = _head(wish.lang, "main_derived" if is_derived else "main")
    return f'<table class="capflow-list" aria-label="{caption}">{head}{body}</table>{foot}'


def _head(lang: str, main: str) -> str:
    names = ("code", "price", "change", "flow", "", main, "share")
    cells = (f'<th scope="col">{escape(say(lang, name)) if name else ""}</th>' for name in names)
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def _group(currency: str, rows: Sequence[Row], wish: Wish) -> str:
    lines = "".join(_line(row, wish) for row in rows)
    title = f'<tr class="capflow-group"><th scope="rowgroup" colspan="7">{escape(currency)}</th></tr>'
    return f"<tbody>{title}{lines}</tbody>"


def _line(row: Row, wish: Wish) -> str:
    chosen = ' class="capflow-chosen"' if row.security == wish.shown else ""
    name = f'<span class="capflow-name">{escape(in_line(row.name))}</span>' if row.name else ""
    cells = [f'<th scope="row">{escape(str(row.security))}{name}</th>']
    if row.error or row.is_new:
        error = in_line(row.error).removeprefix(f"{row.security}: ")
        text = error or say(wish.lang, "waiting")
        kind = "capflow-bad" if row.error else "capflow-wait"
        if not isfinite(row.flow):
            cells.append(f'<td colspan="6" class="{kind}" title="{escape(text)}">{escape(text)}</td>')
            return f"<tr{chosen}>{''.join(cells)}</tr>"
        cells[0] = cells[0].replace("</th>", f' <span class="{kind}" title="{escape(text)}">⚠</span></th>')
    up, down = _inks(wish.colors, row.security.market, wish.theme)
    cells += [
        _number(f"{row.price:,.10g}", row.price),
        _signed(f"{row.change:+.2%}", row.change, up, down),
        _signed(_amount(row.flow, wish.lang), row.flow, up, down),
        f"<td>{_bar(row.length, up, down)}</td>",
        _signed(_amount(row.main, wish.lang), row.main, up, down),
        _signed(f"{row.share:+.1%}", row.share, up, down),
    ]
    return f"<tr{chosen}>{''.join(cells)}</tr>"


def _amount(amount: float, lang: str) -> str:
    # A unit of its own for each: in the unit of the greatest, the small ones would all read 0.
    return Scale.of(np.array([amount]), lang).text(amount, signed=True)


def _number(text: str, value: float, style: str = "") -> str:
    shown = text.replace("-", _MINUS) if isfinite(value) else _DASH
    return f'<td class="capflow-number"{style}>{shown}</td>'


def _signed(text: str, value: float, up: str, down: str) -> str:
    ink = up if value > 0 else down if value < 0 else ""  # what is not known is neither
    return _number(text, value, f' style="color:{ink}"' if ink else "")


def _bar(length: float, up: str, down: str) -> str:
    """Draw a bar to the left or the right of the middle; none where there is no number."""
    if not isfinite(length):
        return ""
    side, ink = ("left:50%", up) if length > 0 else ("right:50%", down)
    return (
        '<div class="capflow-bar" aria-hidden="true">'
        f'<i style="{side};width:{abs(length) / 2:.1%};background:{ink}"></i></div>'
    )


@lru_cache(maxsize=64)
def _inks(colors: str, market: str, theme: str) -> tuple[str, str]:
    """Return the colours of up and down that a chart of this market has on this paper."""
    paper = PAPERS[theme]
    ax = Figure(facecolor=paper).add_subplot(facecolor=paper)
    found = theme_of(ax, colors, [MARKETS[market]])
    return found.up, found.down
