"""Selectors -> codes: asks a gateway for the members of plates and watchlists."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from pd_capflow.errors import CapflowError, GatewayError, RateLimitError
from pd_capflow.flow.queries import PlateSecurities, Watchlist, Watchlists
from pd_capflow.flow.selectors import Member
from pd_capflow.protocol.refusals import printable

if TYPE_CHECKING:
    from typing import TypeVar

    import pandas as pd

    from pd_capflow.client.neighbours import AsyncNeighbours
    from pd_capflow.flow.selectors import Choice, Selection, Selector

    E = TypeVar("E", bound=GatewayError)

__all__ = ["expand"]

_MOST_NAMES = 20
_MOST_REASONS = 3


async def expand(client: AsyncNeighbours, selection: Selection, *, flowing: bool) -> Choice:
    """Return the securities that codes and selectors stand for.

    Parameters
    ----------
    client : AsyncNeighbours
        Whom to ask.
    selection : Selection
        What to ask for.
    flowing : bool
        Whether members of a type without capital flow are to be skipped.

    Raises
    ------
    GatewayError
        If there is no such plate or watchlist, or there is nothing in it that can be asked for.
    """
    members = {selector: await _members(client, selector) for selector in selection.selectors}
    choice = selection.choice(members, flowing=flowing)
    if not choice.securities:
        reasons = "; ".join(f"{code}: {why}" for code, why in list(choice.skipped.items())[:_MOST_REASONS])
        words = printable(" and ".join(choice.asked))
        raise GatewayError(f"{words}: no member can be asked for ({printable(reasons)})", ret_type=0)
    return choice


async def _members(client: AsyncNeighbours, selector: Selector) -> list[Member]:
    try:
        frame = await client.fetch(_query(selector))
    except RateLimitError:
        raise
    except GatewayError as error:
        raise _hinted(error, selector, await _hint(client, selector)) from error
    if frame.empty:
        hint = await _hint(client, selector)
        raise GatewayError(f"{printable(str(selector))} is empty; {hint}", code=selector.name, ret_type=0)
    rows = frame[["type", "name"]].itertuples()
    return [Member(str(code), str(kind), str(name)) for code, kind, name in rows]


def _query(selector: Selector) -> PlateSecurities | Watchlist:
    if selector.kind == "watchlist":
        return Watchlist(selector.name)
    return PlateSecurities(selector.name)  # type: ignore[arg-type]  # it reads codes


def _hinted(error: E, selector: Selector, hint: str) -> E:
    """Return the same refusal, with what the user can do about it."""
    reason = printable(error.ret_msg) or f"no reason given (retType {error.ret_type})"
    return type(error)(
        f"{printable(str(selector))}: the gateway refused: {reason}; {hint}",
        code=selector.name,
        ret_type=error.ret_type,
        ret_msg=error.ret_msg,
        err_code=error.err_code,
    )


async def _hint(client: AsyncNeighbours, selector: Selector) -> str:
    if selector.kind == "plate":
        return f"plates({selector.name.partition('.')[0]!r}) tells the plates there are"
    try:
        found: pd.DataFrame = await client.fetch(Watchlists())
    except CapflowError:
        return "watchlists() tells those there are"
    names = [printable(str(name)) for name in found.index]
    near = get_close_matches(selector.name, names, n=1)
    listed = ", ".join(map(repr, names[:_MOST_NAMES])) + (", ..." if len(names) > _MOST_NAMES else "")
    return (f"did you mean {near[0]!r}? " if near else "") + f"the watchlists are {listed or 'none'}"
