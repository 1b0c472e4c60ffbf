"""What a gateway tells its clients unasked: ``Notify`` messages."""

from __future__ import annotations

from typing import Any

from pd_capflow.protocol.messages import NOTIFY

__all__ = ["KICKED_OUT", "event_notice", "login_notice", "program_notice"]

#: ``GtwEventType``: the account logged in elsewhere.
KICKED_OUT = 7

_EVENT, _PROGRAM, _LOGIN = 1, 2, 3


def event_notice(event: int, text: str) -> Any:
    """Return the notice of a ``GtwEventType``."""
    response = _notice(_EVENT)
    response.s2c.event.eventType = event
    response.s2c.event.desc = text
    return response


def program_notice(status: int, text: str = "") -> Any:
    """Return the notice of a ``ProgramStatusType``."""
    response = _notice(_PROGRAM)
    program = response.s2c.programStatus.programStatus
    program.type = status
    if text:
        program.strExtDesc = text
    return response


def login_notice(quotes: bool, *, trading: bool = False) -> Any:
    """Return the notice of being logged in, or not, to the quote and the trading servers."""
    response = _notice(_LOGIN)
    response.s2c.connectStatus.qotLogined = quotes
    response.s2c.connectStatus.trdLogined = trading
    return response


def _notice(kind: int) -> Any:
    response = NOTIFY.response(retType=0, retMsg="", errCode=0)
    response.s2c.type = kind
    return response
