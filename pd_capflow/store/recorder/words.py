"""What a recording says on a page, in English and in Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pd_capflow.plot.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

__all__ = ["clock", "day", "say", "zone"]

_EN = {
    "recording": "Recording",
    "stop": "Stop",
    "stopping": "Stopping",
    "stop_hint": "End it; what is being written is finished first",
    # states
    "starting": "starting",
    "asking": "asking",
    "saving": "saving",
    "waiting": "waiting for the next question",
    "no gateway": "no answer from {url}: it is tried again",
    "no store": "the store cannot be written: it is tried again",
    "done": "done: the session is recorded",
    "done_missing": "done, but for what is missing",
    "stopped": "stopped: record() again goes on from here",
    "failed": "failed",
    # facts
    "from": "from {url}",
    "demo": "DEMO DATA",
    "one": "1 code",
    "codes": "{n:,} codes",
    "rows": "{n:,} rows written",
    "rows_at": "{n:,} rows written, last at {time}",
    "next": "next at {time}",
    # sessions
    "market": "Market",
    "session": "Session",
    "until": "Recorded to",
    "complete": "Complete",
    "share": "{done:,} of {all:,} codes",
    "share_one": "{done:,} of 1 code",
    "table": "Sessions and how far they are recorded",
    # what did not come
    "missing": "Missing for good",
    "unanswered": "Not answered, asked again",
    "unanswered_last": "Not answered when it ended",
    "more": "and {n:,} more",
    "see": "and {n:,} more: see .missing",
    "intraday": "minutes",
    "distribution": "distribution",
    "day": "day's row",
}

_ZH = {
    "recording": "录制",
    "stop": "停止",
    "stopping": "正在停止",
    "stop_hint": "结束录制；先写完正在写入的数据",
    "starting": "正在启动",
    "asking": "正在请求",
    "saving": "正在写入",
    "waiting": "等待下次请求",
    "no gateway": "{url} 没有应答，将重试",
    "no store": "无法写入，将重试",
    "done": "已完成：交易时段已录制",
    "done_missing": "已完成，但有缺失",
    "stopped": "已停止：再次 record() 可继续",
    "failed": "失败",
    "from": "来自 {url}",
    "demo": "演示数据",
    "one": "1 只",
    "codes": "{n:,} 只",
    "rows": "已写入 {n:,} 行",
    "rows_at": "已写入 {n:,} 行，最近 {time}",
    "next": "下次 {time}",
    "market": "市场",
    "session": "交易时段",
    "until": "已录至",
    "complete": "完整",
    "share": "{done:,}/{all:,} 只",
    "share_one": "{done:,}/1 只",
    "table": "各交易时段的录制进度",
    "missing": "无法取得",
    "unanswered": "未应答，将再次请求",
    "unanswered_last": "结束时仍未应答",
    "more": "另 {n:,} 只",
    "see": "另 {n:,} 项，见 .missing",
    "intraday": "分时",
    "distribution": "分布",
    "day": "日线",
}

_TEXTS: Mapping[str, Mapping[str, str]] = {"en": _EN, "zh": _ZH}


def say(lang: str, name: str, /, **facts: object) -> str:
    """Fill in the text of that name.

    Examples
    --------
    >>> say("en", "rows", n=1200), say("zh", "rows", n=1200)
    ('1,200 rows written', '已写入 1,200 行')
    """
    return _TEXTS[lang][name].format(**facts)


def day(lang: str, session: date) -> str:
    """Name a day, such as ``"5 Jan 2026"``."""
    return words_of(lang).date(session)


def clock(lang: str, moment: datetime, today: datetime | None) -> str:
    """Tell a time, with its day where that is not today."""
    is_today = today is not None and today.astimezone(moment.tzinfo).date() == moment.date()
    return f"{moment:%H:%M:%S}" if is_today else f"{words_of(lang).date(moment, 'day')} {moment:%H:%M:%S}"


def zone(lang: str, moment: datetime) -> str:
    """Name the time that a moment is told in, such as ``"Hong Kong time"``."""
    return words_of(lang).zone(str(moment.tzinfo))
