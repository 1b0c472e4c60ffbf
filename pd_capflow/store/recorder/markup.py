"""A recording's status as HTML: what is said on a line, and in a small table below it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pd_capflow.store.recorder.status import Status
    from pd_capflow.store.store import Store

__all__ = ["markup"]

_TROUBLED = ("no gateway", "no store", "failed")
_CELL = "padding:1px 14px 1px 0;text-align:left"


def markup(status: Status, store: Store) -> str:
    """Return a status as HTML, its texts escaped.

    Examples
    --------
    >>> import tempfile, pd_capflow
    >>> from pd_capflow.store.recorder.status import Status
    >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
    >>> "invented" in markup(Status(codes=3), store)
    True
    """
    sign = "#c0392b" if status.state in _TROUBLED else "#2d8659" if not status.is_over else "#777"
    demo = " (demo data: invented numbers)" if store.demo else ""
    head = (
        f'<span style="color:{sign}">&#9679;</span> <b>{escape(status.state)}</b> '
        f"&middot; {escape(store.path)}{demo}"
    )
    cells = "".join(
        f'<tr><td style="{_CELL};opacity:.65">{name}</td><td style="{_CELL}">{escape(value)}</td></tr>'
        for name, value in _facts(status)
    )
    return f'<div style="font-variant-numeric:tabular-nums">{head}<table>{cells}</table></div>'


def _facts(status: Status) -> list[tuple[str, str]]:
    """Return what there is to say, by name."""
    facts = [
        ("codes", f"{status.codes:,}"),
        ("recorded to the close", f"{status.settled:,} of {status.codes:,}"),
        ("rows kept", f"{status.rows:,}"),
        ("last kept at", _clock(status.last_commit)),
        ("next at", _clock(status.next_wake)),
        ("not answered", f"{status.failed:,}" if status.failed else ""),
        ("missing", f"{status.missing:,} (see .missing)" if status.missing else ""),
        ("trouble", status.trouble),
    ]
    return [(name, value) for name, value in facts if value]


def _clock(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}" if moment else ""
