"""Frames as a gateway's answers become them, invented from a fixed seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pd_capflow.security import Security

if TYPE_CHECKING:
    from collections.abc import Callable

TIERS = ["super_in_flow", "big_in_flow", "mid_in_flow", "sml_in_flow"]
COLUMNS = ["in_flow", "main_in_flow", *TIERS]


def facts(codes: list[str], period: str = "intraday", **changes: Any) -> dict[str, Any]:
    """The ``attrs`` of a frame."""
    security = Security.parse(codes[0])
    told = {
        "codes": codes,
        "period": period,
        "cumulative": period == "intraday",
        "currency": security.currency,
        "tz": security.home.zone,
        "last_valid_time": None,
        "source": {"url": "tcp://127.0.0.1:11111", "demo": False},
        "errors": {},
    }
    return {**told, **changes}


def session_times(code: str, days: list[str], *, label: str = "end") -> pd.DatetimeIndex:
    """One row a minute, named by the end or by the start of its minute, as two kinds of gateway do."""
    market = Security.parse(code).home
    times: list[pd.Timestamp] = []
    for day in days:
        for number, (start, end) in enumerate(market.sessions):
            span = pd.date_range(f"{day} {start}", f"{day} {end}", freq="min")
            last = number == len(market.sessions) - 1
            whole = number == 0 if label == "end" else last
            times += list(span if whole else span[1:] if label == "end" else span[:-1])
    return pd.DatetimeIndex(times, name="time").as_unit("us").tz_localize(market.zone)


def flows(times: pd.DatetimeIndex, *, seed: int = 7, size: float = 1e6) -> pd.DataFrame:
    """Each row's own flow: four tiers and their sum."""
    random = np.random.default_rng(seed)
    weights = np.array([1.6, 1.1, 0.5, 0.35]) * size
    drift = np.array([0.25, -0.1, -0.06, 0.05]) * size
    tiers = random.normal(size=(len(times), 4)) * weights + drift
    frame = pd.DataFrame(tiers, index=times, columns=TIERS)
    frame["in_flow"] = frame[TIERS].sum(axis=1)
    frame["main_in_flow"] = frame[TIERS[:2]].sum(axis=1)
    return frame[COLUMNS]


def minutes(
    code: str = "HK.00700", days: list[str] | None = None, *, label: str = "end", **changes: Any
) -> pd.DataFrame:
    """Running totals of whole sessions."""
    own = flows(session_times(code, days or ["2025-01-02"], label=label))
    frame = own.groupby(own.index.normalize()).cumsum()
    frame["main_in_flow"] = np.nan
    frame.attrs["capflow"] = facts([code], **changes)
    return frame


def rows(code: str = "HK.00700", period: str = "day", count: int = 5, **changes: Any) -> pd.DataFrame:
    """Rows of days, weeks or months."""
    zone = Security.parse(code).home.zone
    freq = {"day": "B", "week": "W-MON", "month": "MS"}[period]
    times = pd.date_range("2025-01-02", periods=count, freq=freq, tz=zone, unit="us", name="time")
    frame = flows(times, size=1e8)
    frame.attrs["capflow"] = facts([code], period, **changes)
    return frame


def together(frames: dict[str, pd.DataFrame], **changes: Any) -> pd.DataFrame:
    """One frame of several codes, in UTC if they trade in different zones."""
    zones = {str(frame.index.tz) for frame in frames.values()}
    shared = frames if len(zones) == 1 else {code: frame.tz_convert("UTC") for code, frame in frames.items()}
    frame = pd.concat(shared, names=["code", "time"])
    first = next(iter(frames.values())).attrs["capflow"]
    frame.attrs["capflow"] = {**first, "codes": list(frames), **changes}
    return frame


def distribution(code: str = "HK.00700", **changes: Any) -> pd.DataFrame:
    """What came in and went out of each tier: 400 in and 300 out of super orders, down to 100 and 0."""
    time = pd.DatetimeIndex(["2025-01-02 15:59:30"], name="time").as_unit("us")
    amounts = {}
    for number, tier in enumerate(("super", "big", "mid", "sml")):
        amounts |= {f"{tier}_in": [(4 - number) * 1e8], f"{tier}_out": [(3 - number) * 1e8]}
    frame = pd.DataFrame(amounts, index=time.tz_localize(Security.parse(code).home.zone))
    frame.attrs["capflow"] = facts([code], **changes)
    return frame


def with_close(frame: pd.DataFrame, *, start: float = 680.0) -> pd.DataFrame:
    """Flow with a closing price beside it, in steps of 0.2."""
    steps = np.random.default_rng(11).normal(size=len(frame)) * start * 0.004
    prices = start + np.cumsum(steps)
    result = frame.assign(close=np.round(prices * 5) / 5)
    result.attrs = frame.attrs
    return result


def watchlist(
    codes: list[str], make: Callable[[str], pd.DataFrame] = minutes, **changes: Any
) -> pd.DataFrame:
    """Several codes: the first has the frame's amounts, the next twice as much the other way, and so on."""
    parts = {}
    for number, code in enumerate(codes):
        part = make(code)
        part[COLUMNS] *= (number + 1) * (-1) ** number
        parts[code] = part
    return together(parts, **changes)


def traded(frame: pd.DataFrame, *, seed: int = 5) -> pd.DataFrame:
    """Join a closing price on, and a turnover that is larger than any flow."""
    steps = np.random.default_rng(seed).normal(0, 0.01, len(frame))
    turnover = frame["in_flow"].abs().fillna(0.0) * 10 + 1e6
    return frame.assign(close=100 * np.exp(np.cumsum(steps)), turnover=turnover)
