"""The latest distribution of each code: as it was recorded last, or a gateway's.

Law: a recorded row never stands for a gateway's in silence. Its time is in the index, the facts tell which
code came by the store, and a warning says why.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from pd_capflow.client.batch import Outcome
from pd_capflow.errors import BatchError, CapflowWarning, StoreError, TransportError
from pd_capflow.flow.frames import ATTRS, Columns, recorded_in
from pd_capflow.store.kinds import of_one_kind
from pd_capflow.store.opening import opened
from pd_capflow.store.union import columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pd_capflow.client import Client
    from pd_capflow.client.progress import ProgressOption
    from pd_capflow.security import Security
    from pd_capflow.store.store import Store

__all__ = ["last_recorded", "latest"]

_MOST_NAMED = 3
# From here up to who called `distribution`, so that the warning names their line.
_DEPTH = 4


def last_recorded(store: Store, codes: Sequence[Security]) -> Outcome:
    """Return of each code the distribution that was recorded last, and why of others there is none.

    Raises
    ------
    StoreError
        If there is no store, or it cannot be read.
    """
    errors: dict[Security, Any] = {}
    try:
        frame = store.distribution(codes)
    except StoreError:
        opened(store.path)  # raises where the whole store is at fault
        errors = {code: error for code in codes if (error := _fault(store, code))}
        came = [code for code in codes if code not in errors]
        if not came:
            return Outcome({"url": store.url, "demo": store.demo}, errors=errors)
        frame = store.distribution(came)
    parts = {code: _last_row(part) for code, part in columns_of(frame).items()}
    return Outcome(dict(frame.attrs[ATTRS]["source"]), parts, errors)


def latest(
    store: Store,
    codes: Sequence[Security],
    client: Client,
    *,
    progress: ProgressOption = None,
    keep: bool = False,
) -> Outcome:
    """Return a gateway's distributions, and of codes of which it gives no answer what was recorded last.

    Parameters
    ----------
    store : Store
        What is recorded; one that is not there yet holds nothing if it is to `keep` the answer.
    codes : sequence of Security
    client : Client
        Of the gateway.
    progress : bool or callable, optional
        As of `pd_capflow.Client.capital_distribution`.
    keep : bool
        Whether what the gateway answers is written to the store.

    Returns
    -------
    Outcome
        What the gateway refuses is an error, as without a store.

    Raises
    ------
    StoreError
        If the store cannot be read or written, or one of the two is demo data.

    Warns
    -----
    CapflowWarning
        If there are recorded rows in the place of a gateway's.
    """
    held = _held(store, codes, may_be_new=keep)
    frame, errors = _asked(client, codes, progress)
    fresh, source = ({}, {}) if frame is None else (columns_of(frame), frame.attrs[ATTRS]["source"])
    if frame is not None and fresh:
        store = of_one_kind(store, source, has_rows=bool(held.parts))
        if keep:
            store.write(frame)
    unanswered = {code: errors.pop(code) for code in list(errors) if _is_instead(code, errors, held)}
    instead = {code: held.parts[code] for code in unanswered}
    if instead:
        warnings.warn(_told(instead, next(iter(unanswered.values()))), CapflowWarning, stacklevel=_DEPTH)
    return Outcome(_source(store, source, held.source, fresh, instead), fresh | instead, errors)


def _fault(store: Store, code: Security) -> StoreError | None:
    try:
        store.distribution(code)
    except StoreError as error:
        return error
    return None


def _last_row(part: Columns) -> Columns:
    return Columns(part.time[-1:], part.amounts[-1:], part.last_valid_time)


def _held(store: Store, codes: Sequence[Security], *, may_be_new: bool) -> Outcome:
    try:
        return last_recorded(store, codes)
    except StoreError:
        if may_be_new:
            return Outcome()
        raise


def _asked(
    client: Client, codes: Sequence[Security], progress: ProgressOption
) -> tuple[pd.DataFrame | None, dict[Security, Any]]:
    """Ask a gateway, and take what it refuses as it comes."""
    try:
        return client.capital_distribution(codes, progress=progress), {}
    except BatchError as error:
        return error.frame, {code: error.errors[str(code)] for code in codes if str(code) in error.errors}


def _is_instead(code: Security, errors: dict[Security, Any], held: Outcome) -> bool:
    """Tell whether a recorded row is to stand where no answer arrived; a refusal is an answer."""
    return isinstance(errors[code], TransportError) and code in held.parts


def _told(instead: dict[Security, Columns], why: Exception) -> str:
    named = [f"{code} of {part.last_valid_time or 'no known time'}" for code, part in instead.items()]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    shown = ", ".join(named[:_MOST_NAMED])
    return f"no answer arrived, so this is what was recorded last: {shown}{more} ({why})"


def _source(
    store: Store,
    asked: dict[str, Any],
    held: dict[str, Any],
    fresh: dict[Security, Columns],
    instead: dict[Security, Columns],
) -> dict[str, Any]:
    """Return which gateways served the rows, in all, and by code what came by the store."""
    if not fresh and not instead:
        return {"url": store.url, "demo": store.demo}
    sources = [each for each, parts in ((asked, fresh), (held, instead)) if parts]
    urls = [str(each["url"]) for each in sources]
    places = {str(code): urls[0] for code in fresh} | {str(code): store.url for code in instead}
    return {
        "url": ", ".join(dict.fromkeys(urls)),
        "demo": store.demo,
        **recorded_in(asked),
        "by_code": places,
        "parts": {code: {place: 1} for code, place in places.items()},
    }
