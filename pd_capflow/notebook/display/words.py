"""What the heading says, in English and in Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pd_capflow.flow.frames import DEMO_NOTE, RECORDED_NOTE

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["UNITS", "WORDS"]

_EN = {
    "flow": "capital flow",
    "distribution": "capital distribution",
    "intraday": "intraday",
    "day": "day",
    "week": "week",
    "month": "month",
    "own": "each row its own flow",
    "running": "running totals",
    "since_open": "running totals since the open",
    "currencies": "several currencies",
    "row": "{n:,} row",
    "rows": "{n:,} rows",
    "some_rows": "{shown:,} of {n:,} rows",
    "valid": "valid to {time}",
    "more": "and {n} more",
    "failed": "no answer for {n} of the codes: {why}",
    "course": "net inflow of {code}",
    "last": "in_flow of the last row: {amount}",
    "demo": DEMO_NOTE,
    "recorded": RECORDED_NOTE,
}

_ZH = {
    "flow": "资金流向",
    "distribution": "资金分布",
    "intraday": "分时",
    "day": "日",
    "week": "周",
    "month": "月",
    "own": "各行为当期净流入",
    "running": "累计净流入",
    "since_open": "开盘以来累计净流入",
    "currencies": "多种货币",
    "row": "{n:,} 行",
    "rows": "{n:,} 行",
    "some_rows": "显示 {n:,} 行中的 {shown:,} 行",
    "valid": "数据截至 {time}",
    "more": "另 {n} 只",
    "failed": "{n} 只证券未取得：{why}",
    "course": "{code} 净流入",
    "last": "最后一行 in_flow：{amount}",
    "demo": "演示数据（DEMO DATA）：数字均为虚构",
    "recorded": "录制数据，非实时：{what}",
}

#: Templates by language and name.
WORDS: Mapping[str, Mapping[str, str]] = {"en": _EN, "zh": _ZH}

#: Units of short amounts by language, the greatest first.
UNITS: Mapping[str, tuple[tuple[float, str], ...]] = {
    "en": ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")),
    "zh": ((1e12, "万亿"), (1e8, "亿"), (1e4, "万")),
}
