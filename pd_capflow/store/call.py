"""What `fetch` is called with, and what of it is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pd_capflow.client.batch import Outcome, plan_flow
from pd_capflow.errors import BatchError, StoreError
from pd_capflow.flow.frames import ATTRS
from pd_capflow.store.asked import Asked
from pd_capflow.store.layout import layout_of
from pd_capflow.store.reading import frame_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pd_capflow.client.batch import Errors
    from pd_capflow.client.progress import ProgressOption
    from pd_capflow.flow.selectors import Choice
    from pd_capflow.security import Security
    from pd_capflow.store.asked import Days
    from pd_capflow.store.store import Store

__all__ = ["Call", "read_each"]


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked for, read and checked.

    Attributes
    ----------
    choice : Choice
        The securities.
    period : str
        One of `PERIODS`.
    start, end : date-like or None
        First and last day, as somebody gave them.
    days : Days
        What these are at the exchanges of the securities.
    errors : {"raise", "collect"}
        What to do with failures.
    progress : bool or callable, optional
        As of `pd_capflow.Client.capital_flow`.
    """

    choice: Choice
    period: str
    start: Any
    end: Any
    days: Days
    errors: Errors
    progress: ProgressOption = None

    def frame(self, found: pd.DataFrame | None, errors: dict[str, Exception], store: Store) -> pd.DataFrame:
        """Return what was found with the errors in its facts, or raise them as the client does.

        Where nothing was found, it is the store that has nothing.
        """
        failed: Any = {code: errors[str(code)] for code in self.choice.securities if str(code) in errors}
        plan = plan_flow(self.choice, self.period, None, None, self.errors)
        if found is None or not len(found.attrs[ATTRS]["codes"]):
            nothing = {"url": store.url, "demo": store.demo}
            source = nothing if found is None else found.attrs[ATTRS]["source"]
            return plan.frame(Outcome(source, {}, failed))
        found.attrs[ATTRS].update(
            self.choice.facts, errors={str(code): str(error) for code, error in failed.items()}
        )
        if not failed or self.errors == "collect":
            return found
        try:
            return plan.frame(Outcome({}, {}, failed))
        except BatchError as error:
            error.frame = found
            raise


def read_each(store: Store, call: Call) -> tuple[pd.DataFrame | None, dict[str, Exception]]:
    """Return what is recorded of some codes, and why of others nothing is.

    Raises
    ------
    StoreError
        If there is no store, or it cannot be read.
    """
    codes = call.choice.securities
    try:
        return _read(store, call, codes), {}
    except StoreError as error:
        held = set(store.codes(call.period))  # raises where the whole store is at fault
        if call.choice.single:
            return None, {str(codes[0]): error}
    errors: dict[str, Exception] = {}
    for code in codes:
        if why := _fault(store, call, code, held):
            errors[str(code)] = why
    came = [code for code in codes if str(code) not in errors]
    return (_read(store, call, came) if came else None), errors


def _fault(store: Store, call: Call, code: Security, held: set[str]) -> StoreError | None:
    if str(code) not in held:
        return StoreError(f"store {store.path}: nothing is recorded of {code} by {call.period}")
    try:
        _read(store, call, [code])
    except StoreError as error:
        return error
    return None


def _read(store: Store, call: Call, codes: Sequence[Security]) -> pd.DataFrame:
    asked = Asked(list(map(str, codes)), call.choice.single, call.days)
    return frame_of(store.tables, layout_of(call.period), asked, call.period)
