"""An errand of a collection: what a worker is sent to ask one gateway for, and what it comes back with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import BatchError, ProtocolError, TransportError
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pd_capflow.client import Client

__all__ = ["Errand", "Harvest", "told"]

_WORDS = 300


@dataclass(frozen=True, slots=True)
class Errand:
    """What to ask any gateway for, and where to write what comes; a value that travels to the workers.

    Attributes
    ----------
    path, demo
        Of the store.
    period, start, end
        Of the question.
    timeout : float
        Seconds that a gateway may take for an answer.
    """

    path: str
    demo: bool
    period: str
    start: Any
    end: Any
    timeout: float

    def run(self, gateway: str, codes: Sequence[str]) -> Harvest:
        """Ask one gateway for some codes and write what comes; on a worker.

        Raises
        ------
        QueryError, StoreError
            If the question or the store is at fault, and no gateway.
        """
        from pd_capflow.client import connect
        from pd_capflow.store.store import Store

        try:
            with connect(gateway, timeout=self.timeout) as client:
                frame, errors = self._asked(client, codes)
        except (TransportError, ProtocolError) as error:
            return Harvest(gateway, again=list(codes), lost=told(error))
        if frame is not None and frame.attrs["capflow"]["codes"]:
            Store(self.path, demo=self.demo).write(frame)
        return _sorted(gateway, frame, errors)

    def _asked(
        self, client: Client, codes: Sequence[str]
    ) -> tuple[pd.DataFrame | None, dict[str, Exception]]:
        try:
            return client.capital_flow(codes, self.period, self.start, self.end, progress=False), {}
        except BatchError as error:
            return error.frame, error.errors


@dataclass(slots=True)
class Harvest:
    """What an errand came to.

    Attributes
    ----------
    gateway : str
        Who was asked.
    rows : dict of str to int
        How many came of each code.
    failures : dict of str to str
        What the gateway refused, and why.
    again : list of str
        Codes that another gateway may know; not empty where this one could not be asked.
    lost : str
        Why it could not.
    """

    gateway: str
    rows: dict[str, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)
    lost: str = ""


def told(error: Exception | str) -> str:
    """Return why something failed as it may be shown."""
    return one_line(str(error), _WORDS)


def _sorted(gateway: str, frame: pd.DataFrame | None, errors: dict[str, Exception]) -> Harvest:
    harvest = Harvest(gateway)
    if frame is not None:
        counts = frame.index.get_level_values("code").value_counts()
        harvest.rows = {code: int(counts.get(code, 0)) for code in frame.attrs["capflow"]["codes"]}
    for code, error in errors.items():
        if isinstance(error, TransportError):
            harvest.again.append(code)
            harvest.lost = told(error)
        else:
            harvest.failures[code] = told(error)
    return harvest
