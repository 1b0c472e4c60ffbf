"""Requests -> responses, out of an invented market or a recorded one: one handler a method.

A new endpoint is a handler in here and a line in `HANDLERS`, and in `RECORDED` if a recorder keeps it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pd_capflow.errors import StoreError
from pd_capflow.gateway.handlers import capital, history, lists, recorded, snapshot, state, static, trading
from pd_capflow.gateway.handlers.scene import Refusal, Scene, success
from pd_capflow.gateway.handlers.state import SERVER_VERSION
from pd_capflow.gateway.listing import UnknownSecurity, UnsupportedSecurity
from pd_capflow.gateway.market import InventedMarket
from pd_capflow.gateway.sources import NotRecorded
from pd_capflow.protocol.messages import (
    CAPITAL_DISTRIBUTION,
    CAPITAL_FLOW,
    GLOBAL_STATE,
    HISTORY_KL,
    KEEP_ALIVE,
    MARKET_STATE,
    PLATE_SECURITY,
    PLATE_SET,
    SNAPSHOT,
    STATIC_INFO,
    TRADE_DATE,
    USER_SECURITY,
    USER_SECURITY_GROUP,
    Method,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pd_capflow.gateway.sources import Source
    from pd_capflow.gateway.texts import Language

__all__ = ["HANDLERS", "PACED", "SERVER_VERSION", "Refusal", "answer", "is_counted", "success"]

HANDLERS: dict[Method, Callable[[Scene, Any], Any]] = {
    KEEP_ALIVE: state.keep_alive,
    GLOBAL_STATE: state.global_state,
    HISTORY_KL: history.history,
    STATIC_INFO: static.static_info,
    SNAPSHOT: snapshot.snapshot,
    PLATE_SET: lists.plate_set,
    PLATE_SECURITY: lists.plate_security,
    CAPITAL_FLOW: capital.capital_flow,
    CAPITAL_DISTRIBUTION: capital.capital_distribution,
    USER_SECURITY: lists.user_security,
    TRADE_DATE: trading.trade_dates,
    USER_SECURITY_GROUP: lists.user_security_group,
    MARKET_STATE: trading.market_state,
}

#: What a gateway of recorded flow answers; all else of `HANDLERS` it refuses.
RECORDED: dict[Method, Callable[[Scene, Any], Any]] = {
    KEEP_ALIVE: state.keep_alive,
    GLOBAL_STATE: state.global_state,
    STATIC_INFO: recorded.static_info,
    CAPITAL_FLOW: capital.capital_flow,
    CAPITAL_DISTRIBUTION: capital.capital_distribution,
    TRADE_DATE: recorded.trade_dates,
    MARKET_STATE: recorded.market_state,
}

#: Methods that count against the rate limit, and what they are called in Chinese.
PACED = {
    HISTORY_KL: "获取历史K线",
    STATIC_INFO: "获取静态信息",
    SNAPSHOT: "获取快照",
    PLATE_SET: "获取板块集合",
    PLATE_SECURITY: "获取板块下股票",
    CAPITAL_FLOW: "获取资金流向",
    CAPITAL_DISTRIBUTION: "获取资金分布",
    USER_SECURITY: "获取自选股",
    TRADE_DATE: "获取交易日",
    USER_SECURITY_GROUP: "获取自选股分组",
    MARKET_STATE: "获取市场状态",
}


def is_counted(method: Method, c2s: Any) -> bool:
    """Tell whether a request counts against the rate limit; of pages, the first one alone does."""
    return method in PACED and not (method is HISTORY_KL and c2s.nextReqKey)


def answer(method: Method, source: Source, now: datetime, c2s: Any, language: Language = "en") -> Any:
    """Return the response to a request, or raise its `Refusal`."""
    try:
        return _handler(method, source)(Scene(source, now, language), c2s)
    except (NotRecorded, StoreError) as error:  # a store may fail while it is read
        raise Refusal("nothing_recorded", text=error) from None
    except UnknownSecurity as error:
        raise Refusal("unknown_security", symbol=error.security.symbol) from None
    except UnsupportedSecurity as error:
        if method in (CAPITAL_FLOW, CAPITAL_DISTRIBUTION):
            raise Refusal("unsupported_security") from None
        # OpenD quotes options and futures; here none are listed.
        raise Refusal("unknown_security", symbol=error.security.symbol) from None


def _handler(method: Method, source: Source) -> Callable[[Scene, Any], Any]:
    if isinstance(source, InventedMarket):
        return HANDLERS[method]
    return RECORDED.get(method, recorded.not_recorded)
