"""What the gateway does for us: version, login, quote rights, clock and budget."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from pd_capflow.checkup.case import Case, Verdict, failed, fine, warned
from pd_capflow.client.asynchronous import AsyncClient
from pd_capflow.client.pacing import pacer_for
from pd_capflow.errors import CapflowError, QuoteRightError, RateLimitError
from pd_capflow.flow.queries import CapitalFlow, GatewayState, State
from pd_capflow.protocol.messages import CAPITAL_FLOW

if TYPE_CHECKING:
    from pd_capflow.client.settings import Settings

__all__ = ["budget", "clock", "login", "quotes", "version"]

# Seconds; the gateway tells its time in whole ones.
_CLOCK_TOLERANCE = 5.0

_RIGHTS = (
    "buy or activate the quote right for that market in the Futu or moomoo app (Quotes > My quotes); "
    "an account may have it without charge in its own region"
)
_TOO_OLD = "update OpenD"
_USED_UP = "this or another program has used up the requests of this account"
_LATE = (
    "try again, or give it more time (timeout); if it stays silent see OpenD's window or log, it may be "
    "waiting for the vendor's servers"
)


def version(case: Case) -> Verdict:
    """Ask the gateway what it is."""
    try:
        case.state, case.clock_ahead = case.run(_ask_state(case))
    except TimeoutError:
        return failed(f"no answer to GetGlobalState within {case.seconds:g} s", "restart OpenD")
    except CapflowError as error:
        return failed(str(error), _TOO_OLD)
    major, minor = divmod(case.state.server_version, 100)
    return fine(f"OpenD {major}.{minor}, build {case.state.build}")


async def _ask_state(case: Case) -> tuple[GatewayState, float]:
    assert case.connection is not None  # noqa: S101  # for the type checker: there is a session by now
    query, before = State(), time.time()
    state = await case.connection.ask(query.method, query.request(), query.read, case.seconds)
    return state, state.time.timestamp() - (before + time.time()) / 2


def login(case: Case) -> Verdict:
    """Ask whether the gateway is logged in to the quote servers."""
    status = case.state.program_status
    if not case.state.logged_in:
        doing = f"; it is {status}" if status and status != "ready" else ""
        fix = (
            "log in: see OpenD's window or console, which may wait for a password or a code, and its network"
        )
        return failed(f"OpenD is not logged in to the quote servers{doing}", fix)
    if status not in (None, "ready"):
        return warned(
            f"logged in, but OpenD is {status}", "see OpenD's window or console for what it waits for"
        )
    return fine("logged in to the quote servers")


def quotes(case: Case) -> Verdict:
    """Ask for real capital flow of some markets."""
    answers = case.portal.run(_ask_all(case))
    good = [code for code, error in answers.items() if error is None]
    bad = {code: error for code, error in answers.items() if error is not None}
    told = "; ".join(
        filter(None, [f"answered: {', '.join(good)}" if good else "", *map(_complaint, bad.items())])
    )
    if not bad:
        return fine(told)
    fix = "; ".join(dict.fromkeys(_quote_fix(error, case.settings) for error in bad.values()))
    return warned(told, fix) if good else failed(told, fix)


async def _ask_all(case: Case) -> dict[str, CapflowError | TimeoutError | None]:
    client = AsyncClient(case.settings)
    answers: dict[str, CapflowError | TimeoutError | None] = {}
    try:
        for code in case.codes:
            answers[code] = TimeoutError(f"no answer within {case.seconds:g} s")
        async with asyncio.timeout(case.seconds):
            for code in case.codes:
                answers[code] = await _error_of(client.fetch(CapitalFlow(code)))  # type: ignore[arg-type]  # parsed
    except TimeoutError:
        pass  # those that are left say so
    finally:
        await client.close()
    return answers


async def _error_of(work: Any) -> CapflowError | None:
    try:
        await work
    except CapflowError as error:
        return error
    return None


def _complaint(item: tuple[str, Exception | None]) -> str:
    code, text = item[0], str(item[1])
    return text if code in text else f"{code}: {text}"


def _quote_fix(error: Exception, used: Settings) -> str:
    if isinstance(error, QuoteRightError):
        return _RIGHTS
    if isinstance(error, RateLimitError):
        return f"wait for 30 s: {_USED_UP}"
    if isinstance(error, TimeoutError):
        is_spent = used.rate is not None and pacer_for(used.address, used.rate).room(CAPITAL_FLOW) < 1
        return f"wait for {used.rate[1]:g} s: {_USED_UP}" if used.rate and is_spent else _LATE
    return "see what the gateway says; OpenD's own log may tell more"


def clock(case: Case) -> Verdict:
    """Compare the gateway's clock with ours."""
    ahead = case.clock_ahead
    if abs(ahead) <= _CLOCK_TOLERANCE:
        return fine(f"the gateway's clock and this machine's agree within {_CLOCK_TOLERANCE:g} s")
    which = "behind" if ahead > 0 else "ahead of"
    session = case.connection.session if case.connection else None
    if session and session.recorded:
        told = f"{case.state.time:%Y-%m-%d %H:%M:%S %Z}"
        return fine(f"the gateway's clock is one of its own, at {told}: it is {session.recorded}")
    if session and session.demo:
        fix = "nothing, if this demo gateway is meant to keep a time of its own"
    else:
        fix = "let this machine set its clock by the network (NTP); what is today depends on it"
    return warned(f"this machine's clock is {abs(ahead):,.0f} s {which} the gateway's", fix)


def budget(case: Case) -> Verdict:
    """Tell how many requests are left."""
    rate = case.settings.rate
    if case.settings.address.is_store:
        return fine("no limit: what was recorded is read from the store")
    if rate is None:
        return warned(
            "pacing is off: rate is none", "leave rate out; OpenD refuses more than 30 requests in 30 s"
        )
    room = pacer_for(case.settings.address, rate).room(CAPITAL_FLOW)
    told = f"{room:g} of {rate[0]} requests for capital flow can be sent now, in {rate[1]:g} s"
    return fine(told) if room >= 1 else warned(told, f"wait for {rate[1]:g} s; a fetch waits by itself")
