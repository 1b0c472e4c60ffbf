"""What the gateway says when it refuses, in OpenD's two languages.

These are facts of the protocol: clients know the reason by words in them. The wording of a few is known
in one language only; then both say that.
"""

from __future__ import annotations

from typing import Literal

__all__ = ["LANGUAGES", "Language", "say"]

Language = Literal["en", "chs"]
LANGUAGES: tuple[Language, ...] = ("en", "chs")

_TEXTS: dict[str, tuple[str, str]] = {
    "too_often": (
        "{title} request failed due to high frequency. Maximum {requests} times per {seconds:g} seconds.",
        "{title_zh}频率太高，请求失败，每{seconds:g}秒最多{requests}次。",
    ),
    "unknown_security": ("unknown stock {symbol}", "未知股票 {symbol}"),
    "unsupported_security": (
        "Only stocks, warrants, and funds are supported; other security types are not supported.",
        "只支持正股、窝轮和基金",
    ),
    "unknown_method": ("未知的协议ID", "未知的协议ID"),
    "unreadable": ("the packet's content cannot be read", "数据包内容非法"),
    "too_many_codes": ("请求个数超过限制", "请求个数超过限制"),
    "unknown_watchlist": ("Unknown watchlists", "未知自选股分组"),
    "bad_parameter": ("wrong parameter: {name}", "参数错误: {name}"),
    # Of gateways that serve what was recorded.
    "not_recorded": (
        "this gateway serves recorded capital flow, and this was not recorded; ask OpenD or demo://",
        "此网关只提供已录制的资金流向，该数据未录制",
    ),
    "nothing_recorded": ("{text}", "{text}"),
    "failed": ("the gateway failed ({what}); its log tells how", "网关内部错误（{what}），详见其日志"),
    # OpenD's own wording is not known.
    "not_logged_in": ("not logged in to the quote servers", "行情未登录"),
    # Of a played back capture alone.
    "not_captured": ("the capture has no answer: {what}", "the capture has no answer: {what}"),
    "not_initialised": ("InitConnect must be the first request", "InitConnect must be the first request"),
}


def say(key: str, language: Language, **facts: object) -> str:
    """Return a text with its facts filled in."""
    return _TEXTS[key][LANGUAGES.index(language)].format(**facts)
