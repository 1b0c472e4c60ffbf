"""Plates, and the user's own watchlists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pd_capflow.gateway.handlers.scene import Refusal, read_market, read_security, success, write_security
from pd_capflow.gateway.handlers.static import write_static
from pd_capflow.gateway.listing import quoted
from pd_capflow.gateway.plates import PLATES, WATCHLISTS
from pd_capflow.protocol.messages import PLATE_SECURITY, PLATE_SET, USER_SECURITY, USER_SECURITY_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pd_capflow.gateway.handlers.scene import Scene
    from pd_capflow.security import Security

__all__ = ["plate_security", "plate_set", "user_security", "user_security_group"]

_MAINLAND = ("SH", "SZ")
_ALL_KINDS = (0, 1, 2, 3)
_ALL_PLATES, _ALL_GROUPS = 0, 3


def plate_set(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetPlateSet``."""
    prefix = read_market(c2s.market, "market").prefix
    if c2s.plateSetType not in _ALL_KINDS:
        raise Refusal("bad_parameter", name="plateSetType")
    prefixes = _MAINLAND if prefix in _MAINLAND else (prefix,)
    response = success(PLATE_SET)
    for plate in PLATES.values():
        if plate.security.market in prefixes and c2s.plateSetType in (_ALL_PLATES, plate.kind):
            info = response.s2c.plateInfoList.add(name=scene.name(plate), plateType=plate.kind)
            write_security(info.plate, plate.security)
    return response


def plate_security(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetPlateSecurity``; sorted by code, whatever was asked for."""
    plate = PLATES.get(read_security(c2s.plate))
    if plate is None:
        raise Refusal("unknown_security", symbol=c2s.plate.code)
    backwards = c2s.HasField("ascend") and not c2s.ascend
    response = success(PLATE_SECURITY)
    _write_members(response, reversed(plate.members) if backwards else plate.members, scene)
    return response


def user_security(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetUserSecurity``."""
    watchlist = WATCHLISTS.get(c2s.groupName)
    if watchlist is None:
        raise Refusal("unknown_watchlist")
    response = success(USER_SECURITY)
    _write_members(response, watchlist.members, scene)
    return response


def _write_members(response: Any, members: Iterable[Security], scene: Scene) -> None:
    for security in members:
        write_static(response.s2c.staticInfoList.add(), quoted(security), scene)


def user_security_group(_scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetUserSecurityGroup``."""
    response = success(USER_SECURITY_GROUP)
    for watchlist in WATCHLISTS.values():
        if c2s.groupType in (_ALL_GROUPS, watchlist.kind):
            response.s2c.groupList.add(groupName=watchlist.name, groupType=watchlist.kind)
    return response
