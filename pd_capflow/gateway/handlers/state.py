"""The gateway's own state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pd_capflow.gateway.calendar import market_state
from pd_capflow.gateway.handlers.scene import success
from pd_capflow.protocol.messages import GLOBAL_STATE, KEEP_ALIVE
from pd_capflow.security import MARKETS

if TYPE_CHECKING:
    from pd_capflow.gateway.handlers.scene import Scene

__all__ = ["SERVER_VERSION", "global_state", "keep_alive"]

SERVER_VERSION = 1011
SERVER_BUILD = 7108

_READY = 10


def keep_alive(scene: Scene, _c2s: Any) -> Any:
    """Answer a ``KeepAlive``."""
    response = success(KEEP_ALIVE)
    response.s2c.time = int(scene.now.timestamp())
    return response


def global_state(scene: Scene, _c2s: Any) -> Any:
    """Answer a ``GetGlobalState``."""
    response = success(GLOBAL_STATE)
    s2c = response.s2c
    for prefix in ("HK", "US", "SH", "SZ", "SG", "MY", "JP"):
        setattr(s2c, f"market{prefix}", market_state(MARKETS[prefix], scene.now))
    s2c.marketHKFuture = 0
    s2c.qotLogined = True
    s2c.trdLogined = False
    s2c.serverVer = SERVER_VERSION
    s2c.serverBuildNo = SERVER_BUILD
    s2c.time = int(scene.now.timestamp())
    s2c.localTime = scene.now.timestamp()
    s2c.programStatus.type = _READY
    s2c.programStatus.strExtDesc = scene.source.title
    return response
