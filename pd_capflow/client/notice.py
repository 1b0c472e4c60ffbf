"""What a gateway tells unasked (``Notify``, 1003), as a value.

A new kind of notice is a line in `_KINDS`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pd_capflow.flow.names import PROGRAM_STATUSES, name_of
from pd_capflow.protocol.refusals import printable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Notice", "read_notice"]

_EVENTS = {
    1: ("local_configuration_failed", "could not load its configuration"),
    2: ("api_server_failed", "could not start its API server"),
    3: ("needs_update", "has to be updated"),
    4: ("login_failed", "could not log in"),
    5: ("disclaimer_not_agreed", "waits for its disclaimer to be agreed to"),
    6: ("network_configuration_missing", "lacks its network configuration"),
    7: ("kicked_out", "was logged out: the account logged in elsewhere"),
    8: ("password_changed", "was logged out: the login password was changed"),
    9: ("login_banned", "may not log in: the account is banned"),
    10: ("needs_picture_code", "waits for the code of a picture"),
    11: ("needs_phone_code", "waits for the code sent to a phone"),
    12: ("app_data_missing", "lacks data of the app"),
    13: ("data_missing", "lacks data it needs"),
    14: ("trade_password_changed", "found the trade password changed"),
    15: ("device_lock", "found the device lock turned on"),
}
# Events and program statuses after which there is no login.
_LOGIN_LOST = {"login_failed", "kicked_out", "password_changed", "login_banned", "logged_out"}
_QUOTE_RIGHTS = {0: "unknown", 1: "bmp", 2: "lv1", 3: "lv2", 4: "sf", 5: "none", 6: "lv3"}


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a gateway told unasked.

    Attributes
    ----------
    kind : str
        ``"event"``, ``"program_status"``, ``"login"``, ``"quote_right"``, ``"api_level"``,
        ``"api_quota"``, ``"used_quota"``, or ``"unknown N"``.
    text : str
        What it says, on one line. Parts of it are the gateway's words: escape it before you show it.
    fields : dict
        The facts in it, by name.
    facts : dict
        Those of them that belong to a `Link`.
    """

    kind: str
    text: str
    fields: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def level(self) -> int:
        """The level at which it is logged: a warning if the login is lost."""
        return logging.WARNING if self.facts.get("logged_in") is False else logging.INFO


def read_notice(message: Any) -> Notice | None:
    """Return what a ``Notify.Response`` says, or None if it says nothing that can be read."""
    if message is None or message.DESCRIPTOR.full_name != "Notify.Response" or not message.HasField("s2c"):
        return None
    s2c = message.s2c
    if s2c.type not in _KINDS:
        return Notice(f"unknown {s2c.type}", f"the gateway sent a notice of type {s2c.type}")
    name, read = _KINDS[s2c.type]
    return read(getattr(s2c, name)) if s2c.HasField(name) else None


def _read_event(event: Any) -> Notice:
    name, words = _EVENTS.get(event.eventType, (f"unknown {event.eventType}", "tells of something"))
    said = printable(event.desc)
    text = f"the gateway {words}" + (f": {said}" if said else "")
    facts = {"logged_in": False, "notice": text} if name in _LOGIN_LOST else {}
    return Notice("event", text, {"event": name, "description": said}, facts)


def _read_program(program: Any) -> Notice:
    status = name_of(PROGRAM_STATUSES, program.programStatus.type)
    said = printable(program.programStatus.strExtDesc)
    text = f"the gateway's program: {status}" + (f", {said}" if said else "")
    facts: dict[str, Any] = {"program_status": status}
    if status in _LOGIN_LOST:
        facts |= {"logged_in": False, "notice": text}
    return Notice("program_status", text, {"program_status": status, "description": said}, facts)


def _read_login(connect: Any) -> Notice:
    quotes, trading = connect.qotLogined, connect.trdLogined
    text = f"the gateway is {'' if quotes else 'not '}logged in to the quote servers"
    facts: dict[str, Any] = {"logged_in": quotes}
    if quotes:
        facts["notice"] = ""
    return Notice("login", text, {"logged_in": quotes, "trading_logged_in": trading}, facts)


def _read_rights(rights: Any) -> Notice:
    found = {
        descriptor.name.removesuffix("QotRight"): name_of(_QUOTE_RIGHTS, value)
        for descriptor, value in rights.ListFields()
    }
    return Notice("quote_right", f"quote rights: {_listed(found)}", found)


def _read_rest(kind: str, title: str) -> Callable[[Any], Notice]:
    def read(part: Any) -> Notice:
        found = {descriptor.name: value for descriptor, value in part.ListFields()}
        return Notice(kind, f"{title}: {_listed(found)}", found)

    return read


def _listed(found: dict[str, Any]) -> str:
    return ", ".join(f"{name} {printable(str(value))}" for name, value in found.items())


_KINDS: dict[int, tuple[str, Callable[[Any], Notice]]] = {
    1: ("event", _read_event),
    2: ("programStatus", _read_program),
    3: ("connectStatus", _read_login),
    4: ("qotRight", _read_rights),
    5: ("apiLevel", _read_rest("api_level", "API level")),
    6: ("apiQuota", _read_rest("api_quota", "API quota")),
    7: ("usedQuota", _read_rest("used_quota", "quota used")),
}
