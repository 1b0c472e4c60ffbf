"""What a gateway has told in passing: names of securities, for charts; watchlists and codes, for Tab.

Codes are remembered as recent if somebody named them and they were answered; what a plate or a watchlist
brought along was not named.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from pd_capflow.flow.frames import ATTRS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "MOST_NAMES",
    "known_codes",
    "known_members",
    "known_names",
    "known_watchlists",
    "recent_codes",
    "remember",
    "unsought_names",
]

R = TypeVar("R")
V = TypeVar("V")

# Names kept of each gateway; a market has some thousands.
_MOST = 20_000
#: Names that travel with a frame, whose attrs are copied at every step.
MOST_NAMES = 50

_names: dict[str, dict[str, str]] = {}
_watchlists: dict[str, dict[str, None]] = {}
_members: dict[str, dict[str, None]] = {}
_recent: dict[str, dict[str, None]] = {}
_sought: dict[str, dict[str, None]] = {}
_lock = Lock()


def remember(answer: R) -> R:
    """Keep names and codes of an answer, by the address that it comes from, and return it as it is."""
    if isinstance(answer, pd.DataFrame) and ATTRS in answer.attrs:
        facts = answer.attrs[ATTRS]
        _keep(_names, facts, _told(answer, facts))
        _keep(_watchlists, facts, dict.fromkeys(_listed(answer, facts)))
        _keep(_members, facts, dict.fromkeys(facts["codes"] if facts.get("watchlist") else ()))
        _keep(_recent, facts, dict.fromkeys(_asked(facts)))
    return answer


def _keep(where: dict[str, dict[str, V]], facts: Mapping[str, Any], told: dict[str, V]) -> None:
    if told:
        with _lock:
            held = where.setdefault(facts["source"]["url"], {})
            for name in told:
                held.pop(name, None)  # what is told again is new
            held.update(told)
            for oldest in list(held)[: max(len(held) - _MOST, 0)]:
                del held[oldest]


def _told(frame: pd.DataFrame, facts: Mapping[str, Any]) -> dict[str, str]:
    if frame.index.name == "code" and "name" in frame.columns:
        named = frame["name"].dropna()
        return {str(code): str(name) for code, name in named.items() if name}
    return {facts["codes"][0]: facts["name"]} if facts.get("name") else {}


def _listed(frame: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    if facts.get("watchlist"):
        return [facts["watchlist"]]
    # Only the frame of all watchlists has names, and no codes, for its index.
    return [str(name) for name in frame.index if name] if frame.index.name == "name" else []


def _asked(facts: Mapping[str, Any]) -> list[str]:
    """Return the codes that somebody named and that came, the last named first in line to be forgotten."""
    if "period" not in facts:
        return []
    named = set(facts.get("asked") or facts["codes"]) - set(facts.get("errors") or ())
    return [code for code in reversed(facts["codes"]) if code in named]


def known_names(url: str, codes: Iterable[str]) -> dict[str, str]:
    """Return the names that are known of some codes; none where there are too many to travel."""
    asked = list(codes)
    held = _names.get(url, {})
    return {code: held[code] for code in asked if code in held} if len(asked) <= MOST_NAMES else {}


def unsought_names(url: str, codes: Iterable[str]) -> list[str]:
    """Return the codes whose names are neither known nor were ever sought, and take them as sought now."""
    with _lock:
        held, sought = _names.get(url, {}), _sought.setdefault(url, {})
        found = [code for code in codes if code not in held and code not in sought]
        sought.update(dict.fromkeys(found))
        return found


def known_codes(url: str) -> dict[str, str]:
    """Return all names that are known of a gateway, by code."""
    with _lock:
        return dict(_names.get(url, {}))


def known_watchlists(url: str) -> list[str]:
    """Return the names of all watchlists that are known of a gateway."""
    with _lock:
        return list(_watchlists.get(url, {}))


def known_members(url: str) -> list[str]:
    """Return the codes of all watchlists that a gateway has told the members of."""
    with _lock:
        return list(_members.get(url, {}))


def recent_codes(url: str) -> list[str]:
    """Return the codes that a gateway has answered for in this process, the newest first."""
    with _lock:
        return list(reversed(_recent.get(url, {})))
