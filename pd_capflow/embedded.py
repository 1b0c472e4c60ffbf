"""Gateways that live in this process: scheme of an address -> what makes the gateway of one.

Who knows how to make one says so here, and who connects asks here, so that neither imports the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["embed", "maker_of"]

_makers: dict[str, Callable[[str], Any]] = {}


def embed(scheme: str, make: Callable[[str], Any]) -> None:
    """Let addresses of a scheme be served by what `make` returns for their path."""
    _makers[scheme] = make


def maker_of(scheme: str) -> Callable[[str], Any]:
    """Return what makes the gateways of a scheme."""
    return _makers[scheme]
