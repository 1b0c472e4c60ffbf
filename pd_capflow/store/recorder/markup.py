"""A recording as HTML: how far each session is, what did not come, and how it stands.

Whatever a gateway wrote is escaped here. It looks like the dashboard, whose style sheet it shares.
"""

from __future__ import annotations

from html import escape
from itertools import islice
from typing import TYPE_CHECKING

from pd_capflow import looks
from pd_capflow.store.recorder.tasks import Miss
from pd_capflow.store.recorder.words import clock, day, say, zone
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pd_capflow.store.recorder.recording import Recording
    from pd_capflow.store.recorder.standing import Standing
    from pd_capflow.store.recorder.status import Status

__all__ = ["STYLE", "markup", "still"]

#: Of a recording.
STYLE = (
    looks.STYLE
    + """<style>
.capflow-recording { max-width: 920px; }
.capflow-recording .capflow-path { color: var(--jp-ui-font-color2, inherit); overflow-wrap: anywhere; }
.capflow-recording table.capflow-list { margin: 2px 0 4px; }
.capflow-recording table.capflow-list :is(th, td):nth-child(2) { text-align: left; white-space: normal; }
.capflow-recording table.capflow-list td:nth-child(3) { width: 30%; min-width: 48px; }
.capflow-recording table.capflow-list td.capflow-why { max-width: none; white-space: normal;
  overflow-wrap: anywhere; width: auto; text-align: left; }
.capflow-part { color: var(--jp-ui-font-color2, inherit); display: inline-block; white-space: nowrap; }
.capflow-way { height: 6px; border-radius: 3px; overflow: hidden;
  background: var(--jp-border-color2, rgba(128,128,128,.3)); }
.capflow-way i { display: block; height: 100%; background: var(--jp-brand-color1, #1976d2); }
.capflow-way.capflow-whole i { background: var(--jp-success-color1, #15803d); }
.capflow-is-running .capflow-link::before, .capflow-is-done .capflow-link::before {
  color: var(--jp-success-color1, #15803d); }
.capflow-is-stopped .capflow-link::before { color: var(--jp-ui-font-color3, #888); }
.capflow-is-failed .capflow-link::before { color: var(--jp-error-color1, #b91c1c); }
</style>"""
)

# What is listed of what did not come; the rest is counted.
_MOST = 5
_DASH = "\N{EN DASH}"
_IN_TROUBLE = ("no gateway", "no store", "failed")


def still(recording: Recording) -> str:
    """Return a recording as it stands, for pages where nothing moves."""
    told = markup(recording, recording.status)
    return f'<div class="capflow-recording {looks.NOT_MATHS}">{STYLE}{told}</div>'


def markup(recording: Recording, status: Status) -> str:
    """Return what a status says, its texts escaped.

    Parameters
    ----------
    recording : Recording
        Whose it is: of what store, from what gateway, in what language, and what it misses.
    status : Status

    Examples
    --------
    >>> import tempfile, pd_capflow
    >>> with pd_capflow.record("HK.00700", tempfile.mkdtemp(), demo=True, url="demo://") as recording:
    ...     "DEMO DATA" in markup(recording, recording.status)
    True
    """
    lang = recording.lang
    title = (
        f"<div><b>{say(lang, 'recording')}</b> "
        f'<span class="capflow-path">{escape(one_line(recording.place, 300))}</span></div>'
    )
    rows = [*_sessions(lang, status), *_missing(recording, status), *_unanswered(recording, status)]
    label = escape(say(lang, "table"))
    table = f'<table class="capflow-list" aria-label="{label}">{_head(lang)}{"".join(rows)}</table>'
    return f"{title}{table if rows else ''}{_standing(recording, status)}"


def _head(lang: str) -> str:
    names = ("market", "session", "", "until", "complete")
    cells = "".join(f'<th scope="col">{say(lang, name) if name else ""}</th>' for name in names)
    return f"<thead><tr>{cells}</tr></thead>"


def _sessions(lang: str, status: Status) -> Iterator[str]:
    for standing in status.sessions:
        yield f"<tr>{''.join(_cells(lang, standing))}</tr>"


def _cells(lang: str, standing: Standing) -> Iterator[str]:
    session, until = standing.session, standing.until
    hours = f"{session.opens:%H:%M}{_DASH}{session.closes:%H:%M} {zone(lang, session.opens)}"
    is_whole = standing.settled == standing.codes
    name = "share_one" if standing.codes == 1 else "share"
    yield f'<th scope="row">{session.market.prefix}</th>'
    yield f'<td>{day(lang, session.day)} <span class="capflow-part">{escape(hours)}</span></td>'
    yield (
        f'<td><div class="capflow-way{" capflow-whole" * is_whole}" aria-hidden="true">'
        f'<i style="width:{standing.share:.1%}"></i></div></td>'
    )
    yield f"<td>{until.astimezone(session.market.tzinfo).strftime('%H:%M') if until else _DASH}</td>"
    yield f"<td>{say(lang, name, done=standing.settled, all=standing.codes)}</td>"


def _missing(recording: Recording, status: Status) -> Iterator[str]:
    """List what never can be had any more, and why."""
    if not status.missing:
        return
    lang, missing = recording.lang, recording.missing
    misses = map(Miss._make, missing.head(_MOST).itertuples(index=False))
    whats = [
        (miss.code, f"{say(lang, miss.what)}, {miss.session}: {_bare(miss.why, miss.code)}")
        for miss in misses
    ]
    rest = len(missing) - len(whats)
    yield from _listed(say(lang, "missing"), "bad", whats, say(lang, "see", n=rest) if rest > 0 else "")


def _unanswered(recording: Recording, status: Status) -> Iterator[str]:
    """List what is to be asked again, unless it is all of it, for the one reason that is told below."""
    given_up = set(recording.missing["code"]) if status.missing else set()
    again = {code: why for code, why in status.unanswered.items() if code not in given_up}
    if status.state in _IN_TROUBLE or not again:
        return
    lang, title = recording.lang, "unanswered_last" if status.is_over else "unanswered"
    whys = [(code, _bare(why, code)) for code, why in islice(again.items(), _MOST)]
    rest = len(again) - len(whys)
    yield from _listed(say(lang, title), "wait", whys, say(lang, "more", n=rest) if rest > 0 else "")


def _listed(title: str, kind: str, whys: Iterable[tuple[str, str]], rest: str) -> Iterator[str]:
    yield f'<tr class="capflow-group"><th scope="rowgroup" colspan="5">{escape(title)}</th></tr>'
    for code, why in whys:
        told = f'<td class="capflow-why capflow-{kind}" colspan="4">{escape(why)}</td>'
        yield f'<tr><th scope="row">{escape(one_line(code))}</th>{told}</tr>'
    if rest:
        yield f'<tr><th></th><td class="capflow-why capflow-wait" colspan="4">{escape(rest)}</td></tr>'


def _bare(why: str, code: str) -> str:
    return one_line(why, 200).removeprefix(f"{code}: ")


def _standing(recording: Recording, status: Status) -> str:
    """Return the status line, and below it what went wrong."""
    pieces = "".join(
        f'<span class="capflow-fact capflow-{kind}">{escape(text)}</span>'
        for kind, text in _facts(recording, status)
    )
    trouble = one_line(status.trouble, 300)
    below = f'<div class="capflow-bad">{escape(trouble)}</div>' if trouble else ""
    return (
        f'<div class="capflow-status"><div class="capflow-facts capflow-is-{_kind(status)}">'
        f"{pieces}</div>{below}</div>"
    )


def _kind(status: Status) -> str:
    if status.state in _IN_TROUBLE or status.is_over:
        return status.state.replace(" ", "-")
    return "running"


def _facts(recording: Recording, status: Status) -> Iterator[tuple[str, str]]:
    lang, url = recording.lang, str(recording.client.settings.address)
    state = "done_missing" if status.state == "done" and status.missing else status.state
    yield "link", say(lang, state, url=url)
    if status.state != "no gateway":
        yield "source", say(lang, "from", url=url)
    if recording.store.demo:
        yield "demo", say(lang, "demo")
    if status.codes:
        yield "codes", say(lang, "one" if status.codes == 1 else "codes", n=status.codes)
    yield from _moments(lang, status)


def _moments(lang: str, status: Status) -> Iterator[tuple[str, str]]:
    """Say what was kept, and what comes next; the last time of the line says which zone's it is."""
    last, next_wake = status.last_commit, status.next_wake
    if last is None:
        yield "rows", say(lang, "rows", n=status.rows)
    else:
        time = clock(lang, last, status.at) + ("" if next_wake else f" {zone(lang, last)}")
        yield "rows", say(lang, "rows_at", n=status.rows, time=time)
    if next_wake is not None:
        time = f"{clock(lang, next_wake, status.at)} {zone(lang, next_wake)}"
        yield "next", say(lang, "next", time=time)
