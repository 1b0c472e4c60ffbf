"""Stores in folders of their own, and frames as a client makes them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pd_capflow.flow.frames import FLOW, Columns, build_frame
from pd_capflow.security import Security
from pd_capflow.store import Store

REAL = {"url": "tcp://127.0.0.1:11111", "demo": False}


@pytest.fixture
def store(tmp_path):
    """A store of real data that nothing has been written to."""
    return Store(tmp_path / "flows")


@pytest.fixture
def poll():
    """Make an answer: codes, and of each its rows by local time; its last valid time is the last row's."""

    def make(parts, day="2026-01-05", period="intraday", source=REAL, last=None):
        columns = {}
        for code, rows in parts.items():
            security = Security.parse(code)
            zone = ZoneInfo(security.home.zone)
            times = [datetime.fromisoformat(f"{day} {text}").replace(tzinfo=zone) for text in rows]
            flow = np.array(list(rows.values()), np.float64)
            told = last or (times[-1].isoformat() if times else None)
            instants = np.array([time.timestamp() * 1e6 for time in times], np.int64)
            columns[security] = Columns(
                instants, np.outer(flow, [1.0, np.nan, 0.5, 0.25, 0.125, 0.125]), told
            )
        single = len(parts) == 1
        return build_frame(FLOW, list(columns), columns, period=period, single=single, source=source)

    return make
