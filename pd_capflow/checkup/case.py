"""One case: what is known of a way to a gateway so far, and how a check says what it found."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pd_capflow.client.portal import Portal, current_portal

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from pd_capflow.checkup.report import Status
    from pd_capflow.client.connection import Connection
    from pd_capflow.client.settings import Settings
    from pd_capflow.flow.queries import GatewayState

__all__ = ["Case", "Verdict", "failed", "fine", "warned"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found; a finding that does not know its check's name."""

    status: Status
    found: str
    fix: str = ""


def fine(found: str, fix: str = "") -> Verdict:
    """Return that all is well."""
    return Verdict("ok", found, fix)


def warned(found: str, fix: str) -> Verdict:
    """Return that it works, but not as it should."""
    return Verdict("warning", found, fix)


def failed(found: str, fix: str) -> Verdict:
    """Return that it does not work."""
    return Verdict("failed", found, fix)


@dataclass(slots=True)
class Case:
    """What the checks have found out; each may rely on what those before it needed to succeed have set.

    Attributes
    ----------
    given : dict
        The arguments.
    codes : tuple of str
        Whose capital flow to ask for.
    seconds : float
        What each check may take.
    settings : Settings
        Of the way; `origins` tells where the value of each name comes from.
    places : list of (str, int)
        Numbers and ports of the host.
    connection : Connection or None
        With an open session; None if there is none.
    state : GatewayState
        What the gateway says of itself; `clock_ahead` is how many seconds it thinks it is later.
    """

    given: dict[str, Any]
    codes: tuple[str, ...]
    seconds: float = 10.0
    settings: Settings = field(init=False)
    origins: dict[str, str] = field(default_factory=dict)
    places: list[tuple[str, int]] = field(default_factory=list)
    connection: Connection | None = None
    state: GatewayState = field(init=False)
    clock_ahead: float = 0.0
    portal: Portal = field(default_factory=current_portal)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work on the I/O thread, within the deadline."""

        async def within() -> T:
            async with asyncio.timeout(self.seconds):
                return await work

        return self.portal.run(within())

    def close(self) -> None:
        """Hang up."""
        if self.connection is not None:
            self.portal.loop.call_soon_threadsafe(self.connection.close)
