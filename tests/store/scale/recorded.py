"""Answers of several codes, markets and sessions, with what real ones lack."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np

from pd_capflow.flow.frames import FLOW, Columns, build_frame
from pd_capflow.security import Security

__all__ = ["DAYS", "HONG_KONG", "MIXED", "frame_of"]

SOURCE = {"url": "tcp://127.0.0.1:11111", "demo": False}
HONG_KONG = ("HK.00700", "HK.09988", "HK.00005", "HK.03690")
MIXED = ("US.AAPL", "HK.00700", "SH.600519", "HK.09988", "US.TSLA")
DAYS = [date(2026, 1, 5) + timedelta(days=number) for number in (0, 1, 2, 3, 4, 7, 8)]
_MINUTES = 40


def frame_of(codes, days, period, seed=1):
    """Return a frame as a client makes it."""
    parts = dict(_answer(code, days, period, seed + number) for number, code in enumerate(codes))
    return build_frame(FLOW, list(parts), parts, period=period, single=False, source=SOURCE)


def _answer(code, days, period, seed):
    """Return a code's columns: whole amounts, some of them absent, and no main flow intraday."""
    security, random = Security.parse(code), np.random.default_rng(seed)
    times, amounts = [], []
    for day in days:
        instants = _instants(security, day, period)
        own = random.integers(-9_000, 9_000, (len(instants), len(FLOW.columns))).astype(float)
        own = own.cumsum(axis=0) if period == "intraday" else own
        own[random.random(own.shape) < 0.02] = np.nan
        times += instants
        amounts.append(own)
    values = np.concatenate(amounts)
    if period == "intraday":
        values[:, list(FLOW.columns).index("main_in_flow")] = np.nan
    return security, Columns(np.array(times), values)


def _instants(security, day, period):
    """Return the microseconds of a session's first minutes, or of the day itself."""
    zone = security.home.tzinfo
    if period != "intraday":
        return [round(datetime.combine(day, time(), zone).timestamp() * 1e6)]
    opens = datetime.combine(day, security.home.sessions[0][0], zone).timestamp() * 1e6
    return [round(opens + minute * 60e6) for minute in range(_MINUTES)]
