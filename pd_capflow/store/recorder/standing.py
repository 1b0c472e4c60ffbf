"""How far the session at hand of each market is recorded: values, for who looks on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pd_capflow.store.recorder.tasks import Key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pd_capflow.store.calendar import Session
    from pd_capflow.store.recorder.plan import Plan

__all__ = ["Standing", "standings"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the latest session of a market is recorded.

    Attributes
    ----------
    session : Session
        The one that a gateway serves now.
    codes, settled : int
        Codes of that market, and those of which nothing more is to come.
    until : datetime or None
        Up to when the minutes of all its codes are in the store, but of those that were given up; None
        while one was not yet answered.
    """

    session: Session
    codes: int
    settled: int
    until: datetime | None

    @property
    def share(self) -> float:
        """How much of the session that is, from its open to its close: 0 to 1."""
        opens, closes = self.session.opens, self.session.closes
        return (self.until - opens) / (closes - opens) if self.until else 0.0


def standings(plan: Plan, now: datetime) -> tuple[Standing, ...]:
    """Return how all markets of a plan stand, in the order of its codes."""
    return tuple(_standing(plan, session) for session in plan.latest(now).values() if session is not None)


def _standing(plan: Plan, session: Session) -> Standing:
    codes = [str(code) for code in plan.codes if code.market == session.market.prefix]
    settled = sum(plan.is_settled(code, session.day) for code in codes)
    return Standing(session, len(codes), settled, _until(plan, session, codes))


def _until(plan: Plan, session: Session, codes: Sequence[str]) -> datetime | None:
    given_up = {miss.code for miss in plan.misses if miss.session == session.day and miss.what == "intraday"}
    reached = [_reached(plan, session, code) for code in codes if code not in given_up]
    told = [moment for moment in reached if moment is not None]
    return min(told) if told and len(told) == len(reached) else None


def _reached(plan: Plan, session: Session, code: str) -> datetime | None:
    if plan.has(Key(code, session.day, "intraday")):
        return session.closes
    kept = plan.memory.kept.get(code)
    return None if kept is None or kept < session.opens else min(kept, session.closes)
