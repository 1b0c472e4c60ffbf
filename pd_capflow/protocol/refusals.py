"""A response that says no -> the exception for it.

The gateway tells its reasons in text only, in Chinese or English, and in wordings that vary by version,
so the kinds are known by words that they contain.
"""

from __future__ import annotations

from typing import Any

from pd_capflow.errors import (
    GatewayError,
    QuoteRightError,
    RateLimitError,
    UnknownSecurityError,
    UnsupportedSecurityError,
)

__all__ = ["check_response", "printable"]

# The first row of which a word occurs in the lower-cased text decides.
_KINDS: tuple[tuple[type[GatewayError], tuple[str, ...], str], ...] = (
    (
        RateLimitError,
        ("频率", "频繁", "frequency", "too frequent"),
        "more was asked than the gateway grants in its window, by this program or another; wait 30 seconds",
    ),
    (
        UnknownSecurityError,
        ("未知股票", "unknown stock", "unknown security"),
        "check the code: HK.00700, US.AAPL, SH.600519",
    ),
    (
        UnsupportedSecurityError,
        ("只支持", "仅支持", "不支持", "supported"),
        "only stocks, warrants and funds have capital flow",
    ),
    (
        QuoteRightError,
        ("权限", "暂不提供", "permission", "authority", "quote right", "no right"),
        "the account lacks the quote right for this market",
    ),
    (GatewayError, ("nn_protoret_",), "the vendor's servers failed; try again, or another range"),
    (
        GatewayError,
        ("未知自选股分组", "unknown watchlist"),
        "watchlists() tells those there are",
    ),
    (GatewayError, ("协议id",), "this OpenD is too old for the request; update it"),
)


def printable(text: str) -> str:
    """Return untrusted text on one line, with control characters spelled out."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def check_response(response: Any, code: str | None = None) -> None:
    """Raise the `GatewayError` that a response stands for, unless it stands for success.

    Parameters
    ----------
    response : message
        Any ``Response``: retType, retMsg, errCode.
    code : str, optional
        The security's code that was asked for.
    """
    if response.retType == 0:
        return
    text = response.retMsg
    kind, hint = _kind(text)
    raise kind(
        _sentence(code, text, response.retType, hint),
        code=code,
        ret_type=response.retType,
        ret_msg=text,
        err_code=response.errCode if response.HasField("errCode") else None,
    )


def _kind(text: str) -> tuple[type[GatewayError], str]:
    lowered = text.lower()
    for kind, words, hint in _KINDS:
        if any(word in lowered for word in words):
            return kind, hint
    return GatewayError, ""


def _sentence(code: str | None, text: str, ret_type: int, hint: str) -> str:
    about = f"{code}: " if code else ""
    reason = printable(text) or f"no reason given (retType {ret_type})"
    return f"{about}the gateway refused: {reason}" + (f" ({hint})" if hint else "")
