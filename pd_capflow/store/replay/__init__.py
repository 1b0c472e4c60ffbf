"""What was recorded, served again: a store behind OpenD's protocol, whole or on a moving clock."""

from __future__ import annotations

from pd_capflow.store.replay.market import RecordedMarket
from pd_capflow.store.replay.replay import Replay
from pd_capflow.store.replay.serving import gateway_of

__all__ = ["RecordedMarket", "Replay", "gateway_of"]
