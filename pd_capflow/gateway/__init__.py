"""The gateway: speaks OpenD's protocol, serves an invented market and says so, or what was recorded.

It refuses what OpenD refuses and as OpenD does, so that what works with it works with OpenD.
"""

from __future__ import annotations

from pd_capflow.gateway.clock import Clock
from pd_capflow.gateway.limits import Limit
from pd_capflow.gateway.market import InventedMarket
from pd_capflow.gateway.playback import Playback, PlaybackGateway
from pd_capflow.gateway.server import Gateway
from pd_capflow.gateway.sources import Flow, NotRecorded, RecordedSource, Source

__all__ = [
    "Clock",
    "Flow",
    "Gateway",
    "InventedMarket",
    "Limit",
    "NotRecorded",
    "Playback",
    "PlaybackGateway",
    "RecordedSource",
    "Source",
]
