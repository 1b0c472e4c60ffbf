"""What a recorder is doing: a value, and the file in which a service tells it to who watches over it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import StoreError
from pd_capflow.store.counting import counted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from pd_capflow.client import Budget
    from pd_capflow.store.recorder.standing import Standing

__all__ = ["ENDED", "Status", "write_health"]

#: States after which nothing more comes.
ENDED = ("done", "stopped", "failed")


@dataclass(frozen=True, slots=True)
class Status:
    """How a recording stands.

    Attributes
    ----------
    state : str
        ``starting``, ``asking``, ``saving``, ``waiting``; ``no gateway`` or ``no store`` while it tries
        again; ``done``, ``stopped`` or ``failed`` in the end.
    at : datetime or None
        When it took this state, on the recorder's clock.
    codes : int
        Codes that are recorded.
    answered, failed : int
        Codes whose last question was answered, and those whose last question was not.
    settled : int
        Codes of which the session at hand is recorded to the end.
    rows : int
        Rows that were new or changed, and are in the store.
    last_commit : datetime or None
        When rows were kept last.
    next_wake : datetime or None
        When something is to be asked again.
    missing : int
        What could not be recorded, as `Recording.missing` lists it.
    trouble : str
        What went wrong last, if it has not been made good.
    unanswered : mapping of str to str
        Why codes have no answer to their last question, by code.
    sessions : tuple of Standing
        How far the session at hand of each market is recorded.

    Examples
    --------
    >>> Status(codes=3).text
    'starting · 3 codes · 0 rows'
    """

    state: str = "starting"
    at: datetime | None = None
    codes: int = 0
    answered: int = 0
    failed: int = 0
    settled: int = 0
    rows: int = 0
    last_commit: datetime | None = None
    next_wake: datetime | None = None
    missing: int = 0
    trouble: str = ""
    unanswered: Mapping[str, str] = field(default_factory=dict)
    sessions: tuple[Standing, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.state in ENDED

    @property
    def text(self) -> str:
        """The status on one line."""
        parts = [self.state, counted(self.codes, "code"), counted(self.rows, "row")]
        parts += [f"{self.failed:,} not answered"] if self.failed else []
        parts += [f"{self.missing:,} missing"] if self.missing else []
        parts += [f"next at {self.next_wake:%H:%M:%S %Z}"] if self.next_wake else []
        return " · ".join([*parts, self.trouble] if self.trouble else parts)

    def facts(self, budget: Budget) -> dict[str, Any]:
        """Return what a health file says."""
        moments = ("at", "last_commit", "next_wake")
        told = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "sessions"}
        told |= {name: told[name].isoformat() if told[name] else None for name in moments}
        limit = {"requests": budget.requests, "seconds": budget.seconds, "left": budget.left}
        return {**told, "budget": limit if budget.is_limited else None}


def write_health(path: Path, facts: dict[str, Any]) -> None:
    """Put a status into a file, so that who reads it finds the old one or the new one, and never a part.

    Where that fails the old one stays, and nothing is left beside it.

    Raises
    ------
    StoreError
        If it cannot be written there.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(facts, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise StoreError(f"health file {path}: {error.strerror or error}; choose another place") from error
