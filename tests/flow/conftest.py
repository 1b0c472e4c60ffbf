"""Answers of the wire, and frames made of them as a client makes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pd_capflow.flow.frames import FLOW, Columns, build_frame
from pd_capflow.flow.rows import FLOW_FIELDS
from pd_capflow.protocol.messages import CAPITAL_FLOW
from pd_capflow.security import Security

SOURCE = {"url": "tcp://127.0.0.1:11111", "demo": False}


@pytest.fixture
def answer():
    """Make a ``Qot_GetCapitalFlow.Response`` out of rows given as dicts of wire fields."""

    def make(rows, **s2c):
        response = CAPITAL_FLOW.response()
        response.retType = 0
        response.s2c.SetInParent()
        for row in rows:
            item = response.s2c.flowItemList.add()
            for name, value in ({"inFlow": 0.0} | row).items():
                setattr(item, name, value)
        for name, value in s2c.items():
            setattr(response.s2c, name, value)
        return response

    return make


@pytest.fixture
def frame_of():
    """Make a frame out of codes, local times and one column of amounts, as a client would."""

    def make(parts, period="intraday"):
        columns = {}
        for code, rows in parts.items():
            security = Security.parse(code)
            zone = ZoneInfo(security.home.zone)
            times = [datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() for text in rows]
            flow = np.array(list(rows.values()), np.float64)
            share = np.outer(flow, [1.0, np.nan, 0.5, 0.25, 0.125, 0.125])
            columns[security] = Columns((np.array(times) * 1e6).astype(np.int64), share)
        return build_frame(FLOW, list(columns), columns, period=period, single=len(parts) == 1, source=SOURCE)

    return make


@pytest.fixture
def minutes():
    """List the END labels of minutes between two local times, the first excluded."""

    def make(first, last):
        at, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
        labels = []
        while at < end:
            at += timedelta(minutes=1)
            labels.append(at.isoformat(sep=" "))
        return labels

    return make


assert list(FLOW_FIELDS) == list(FLOW.columns)
