"""Many codes as one question: what to ask, what came, and the frame of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pd_capflow.client.known import known_names, remember
from pd_capflow.errors import BatchError, BatchInterrupted, CapflowError, QueryError
from pd_capflow.flow.frames import ATTRS, build_frame
from pd_capflow.flow.queries import CapitalDistribution, CapitalFlow

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pd_capflow.flow.frames import Columns
    from pd_capflow.flow.queries import CapitalQuery
    from pd_capflow.flow.selectors import Choice
    from pd_capflow.security import Security

__all__ = ["Errors", "Outcome", "Plan", "plan_distribution", "plan_flow"]

Errors = Literal["raise", "collect"]

_NAMED_FAILURES = 3


@dataclass(slots=True)
class Outcome:
    """What a plan's queries led to, by security."""

    source: dict[str, Any] = field(default_factory=dict)
    parts: dict[Security, Columns] = field(default_factory=dict)
    errors: dict[Security, CapflowError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Queries of one kind about different securities, and what to make of the answers.

    Attributes
    ----------
    queries : sequence of CapitalQuery
        At least one.
    single : bool
        Whether one code alone was asked for.
    errors : {"raise", "collect"}
        What to do with failures.
    facts : dict
        What else the frame's attrs are to tell.
    """

    queries: Sequence[CapitalQuery]
    single: bool
    errors: Errors = "raise"
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.errors not in ("raise", "collect"):
            raise QueryError(f"errors={self.errors!r}; expected 'raise' or 'collect'")

    def frame(self, outcome: Outcome) -> pd.DataFrame:
        """Return the frame of what came, or raise for what did not."""
        if not outcome.errors:
            return self._build(outcome)
        if self.errors == "collect":
            return self._build(outcome)
        if self.single:
            raise next(iter(outcome.errors.values()))
        errors = {str(security): error for security, error in self._in_order(outcome.errors).items()}
        raise BatchError(_summary(errors, len(self.queries)), frame=self._build(outcome), errors=errors)

    def interrupted(self, outcome: Outcome) -> BatchInterrupted:
        """Return what to raise when the user stops in the middle: what came is in it."""
        came = Outcome(outcome.source, dict(outcome.parts), dict(outcome.errors))
        errors = {str(security): error for security, error in self._in_order(came.errors).items()}
        count = f"{len(came.parts) + len(errors)} of {len(self.queries)}"
        return BatchInterrupted(
            f"stopped after {count} codes; what came is in .frame", frame=self._build(came), errors=errors
        )

    def _build(self, outcome: Outcome) -> pd.DataFrame:
        asked = [query.security for query in self.queries]
        frame = build_frame(
            self.queries[0].shape,
            asked,
            self._in_order(outcome.parts),
            period=self.queries[0].period,
            single=self.single,
            source=outcome.source,
            errors={str(who): str(why) for who, why in self._in_order(outcome.errors).items()},
        )
        facts = frame.attrs[ATTRS]
        facts.update(self.facts)
        if names := known_names(outcome.source.get("url", ""), facts["codes"]):
            facts["names"] = names
        return remember(frame)

    def _in_order(self, found: dict[Security, Any]) -> dict[Security, Any]:
        return {query.security: found[query.security] for query in self.queries if query.security in found}


def plan_flow(choice: Choice, period: str, start: Any, end: Any, errors: Errors) -> Plan:
    """Return the plan of a capital-flow call."""
    queries = [CapitalFlow(security, period, start, end) for security in choice.securities]
    return Plan(queries, choice.single, errors, choice.facts)


def plan_distribution(choice: Choice, errors: Errors) -> Plan:
    """Return the plan of a capital-distribution call."""
    queries = [CapitalDistribution(security) for security in choice.securities]
    return Plan(queries, choice.single, errors, choice.facts)


def _summary(errors: dict[str, Any], total: int) -> str:
    named = "; ".join(_about(code, error) for code, error in list(errors.items())[:_NAMED_FAILURES])
    more = len(errors) - _NAMED_FAILURES
    rest = f"; and {more} more" if more > 0 else ""
    return f"{len(errors)} of {total} codes failed: {named}{rest}. What came is in .frame, why in .errors"


def _about(code: str, error: Exception) -> str:
    text = str(error)
    return text if code in text else f"{code}: {text}"
