"""What a gateway has told in passing: names of securities, for charts, and watchlists, for Tab."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from pd_capflow.flow.frames import ATTRS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["known_codes", "known_names", "known_watchlists", "remember"]

R = TypeVar("R")
V = TypeVar("V")

# Names kept of each gateway; a market has some thousands.
_MOST = 20_000
# Names that travel with a frame, whose attrs are copied at every step.
_MOST_IN_ATTRS = 50

_names: dict[str, dict[str, str]] = {}
_watchlists: dict[str, dict[str, None]] = {}
_lock = Lock()


def remember(answer: R) -> R:
    """Keep the names in an answer, by the address that it comes from, and return it as it is."""
    if isinstance(answer, pd.DataFrame) and ATTRS in answer.attrs:
        facts = answer.attrs[ATTRS]
        _keep(_names, facts, _told(answer, facts))
        _keep(_watchlists, facts, dict.fromkeys(_listed(answer, facts)))
    return answer


def _keep(where: dict[str, dict[str, V]], facts: Mapping[str, Any], told: dict[str, V]) -> None:
    if told:
        with _lock:
            held = where.setdefault(facts["source"]["url"], {})
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


def known_names(url: str, codes: Iterable[str]) -> dict[str, str]:
    """Return the names that are known of some codes; none where there are too many to travel."""
    asked = list(codes)
    held = _names.get(url, {})
    return {code: held[code] for code in asked if code in held} if len(asked) <= _MOST_IN_ATTRS else {}


def known_codes(url: str) -> dict[str, str]:
    """Return all names that are known of a gateway, by code."""
    with _lock:
        return dict(_names.get(url, {}))


def known_watchlists(url: str) -> list[str]:
    """Return the names of all watchlists that are known of a gateway."""
    with _lock:
        return list(_watchlists.get(url, {}))
