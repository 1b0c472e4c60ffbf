"""What a dashboard says around its charts, in English and in Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pd_capflow.plot.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["say", "text_of"]

_EN = {
    # controls
    "code": "Code",
    "code_hint": "code or name, Enter adds it",
    "add": "Add",
    "show": "Show {code}",
    "remove": "Remove {code}",
    "period": "Period",
    "intraday": "Minutes",
    "day": "Days",
    "week": "Weeks",
    "month": "Months",
    "kind": "Chart",
    "usual": "Auto",
    "cumulative": "Lines",
    "bars": "Bars",
    "tiers": "Tiers",
    "distribution": "In/out",
    "heatmap": "Heat map",
    "rank": "Ranking",
    "lines": "Lines",
    "stop": "Stop",
    "start": "Start",
    "interval": "Interval",
    "auto": "auto",
    "seconds": "{n:g} s",
    "minutes": "{n:g} min",
    "colors": "Colours",
    "colors_auto": "by market",
    "colors_cn": "red up",
    "colors_intl": "green up",
    "colors_cb": "colour-blind safe",
    "lang": "Language",
    "theme": "Paper",
    "light": "light",
    "dark": "dark",
    "save": "Save picture",
    "copy": "Copy frame to",
    "variable": "Variable",
    # ranking
    "price": "Price",
    "change": "Change",
    "flow": "Net inflow",
    "main_derived": "Main*",
    "main": "Main",
    "share": "Share",
    "derived_note": "* super and big orders, added up here",
    "share_note": "share of turnover",
    "waiting": "waiting for the first answer",
    "ranking": "Net inflow of the watched codes, by currency",
    # status
    "connected": "connected to {url}",
    "real": "real quotes",
    "demo": "DEMO DATA",
    "recorded": "RECORDED",
    "not_live": "NOT LIVE: its clock says {date} {time}",
    "connecting": "connecting to {url}",
    "reconnecting": "reconnecting to {url}",
    "nobody": "no answer from {url}",
    "quiet": "{url} is quiet",
    "closed": "the connection to {url} was closed; Start connects again",
    "last_data": "last data from {time}",
    "valid": "data to {time}",
    "budget": "{left:g} of {requests:g} requests left",
    "unpaced": "no rate limit",
    "squeezed": "waiting for the rate budget",
    "each": "{n} codes: each every {seconds:.0f} s",
    "each_one": "1 code: every {seconds:.0f} s",
    "resting": "{n} at rest: every {minutes:g} min",
    "next": "next at {time}",
    "stopped": "stopped",
    "unseen": "paused: no page shows it",
    "no_codes": "no codes: add one",
    # messages
    "added": "{code} added",
    "already": "{code} is watched already",
    "saved": "saved as {path}",
    "download": "download",
    "nothing": "there is no picture yet",
    "copied": "{name} is now a frame of {rows} rows",
    "undrawn": "no chart: {why}",
}

_ZH = {
    "code": "代码",
    "code_hint": "代码或名称，回车添加",
    "add": "添加",
    "show": "显示 {code}",
    "remove": "移除 {code}",
    "period": "周期",
    "intraday": "分时",
    "day": "日",
    "week": "周",
    "month": "月",
    "kind": "图表",
    "usual": "自动",
    "cumulative": "累计线",
    "bars": "柱状",
    "tiers": "分单",
    "distribution": "流入流出",
    "heatmap": "热力图",
    "rank": "排行",
    "lines": "线条",
    "stop": "停止",
    "start": "开始",
    "interval": "间隔",
    "auto": "自动",
    "seconds": "{n:g} 秒",
    "minutes": "{n:g} 分钟",
    "colors": "颜色",
    "colors_auto": "按市场",
    "colors_cn": "红涨",
    "colors_intl": "绿涨",
    "colors_cb": "色盲友好",
    "lang": "语言",
    "theme": "背景",
    "light": "浅色",
    "dark": "深色",
    "save": "保存图片",
    "copy": "复制数据到",
    "variable": "变量",
    "price": "现价",
    "change": "涨跌幅",
    "flow": "净流入",
    "main_derived": "主力*",
    "main": "主力",
    "share": "净占比",
    "derived_note": "* 由特大单与大单相加得出",
    "share_note": "净占比：净流入占成交额",
    "waiting": "等待首次数据",
    "ranking": "自选净流入排行，按币种",
    "connected": "已连接 {url}",
    "real": "真实行情",
    "demo": "演示数据",
    "recorded": "录制数据",
    "not_live": "非实时：其时钟为{date} {time}",
    "connecting": "正在连接 {url}",
    "reconnecting": "正在重新连接 {url}",
    "nobody": "{url} 没有应答",
    "quiet": "{url} 无响应",
    "closed": "与 {url} 的连接已关闭；按“开始”重新连接",
    "last_data": "最近数据 {time}",
    "valid": "数据截至 {time}",
    "budget": "剩余请求 {left:g}/{requests:g}",
    "unpaced": "不限频率",
    "squeezed": "等待请求额度",
    "each": "{n} 只：每 {seconds:.0f} 秒刷新一次",
    "each_one": "1 只：每 {seconds:.0f} 秒刷新",
    "resting": "{n} 只休市：每 {minutes:g} 分钟",
    "next": "下次 {time}",
    "stopped": "已停止",
    "unseen": "已暂停：没有页面显示",
    "no_codes": "没有代码：请添加",
    "added": "已添加 {code}",
    "already": "{code} 已在列表中",
    "saved": "已保存为 {path}",
    "download": "下载",
    "nothing": "还没有图片",
    "copied": "{name} 现在是 {rows} 行的数据",
    "undrawn": "无法作图：{why}",
}

_STATES = {
    "en": {
        "waiting_open": "waiting for the open",
        "morning": "open",
        "afternoon": "open",
        "rest": "lunch break",
        "hk_closing_auction": "closing auction",
        "pre_market": "pre-market",
        "pre_market_end": "pre-market over",
        "after_hours": "after hours",
        "after_hours_end": "after hours over",
    },
    "zh": {
        "auction": "集合竞价",
        "waiting_open": "等待开盘",
        "morning": "交易中",
        "afternoon": "交易中",
        "rest": "午间休市",
        "closed": "已收盘",
        "hk_closing_auction": "收市竞价",
        "closing_auction": "收盘竞价",
        "pre_market": "盘前",
        "pre_market_end": "盘前结束",
        "after_hours": "盘后",
        "after_hours_end": "盘后结束",
        "night": "夜盘",
    },
}

_TEXTS: Mapping[str, Mapping[str, str]] = {"en": _EN, "zh": _ZH}


def say(lang: str, name: str, /, **facts: object) -> str:
    """Fill in the text of that name.

    Examples
    --------
    >>> say("en", "remove", code="HK.00700"), say("zh", "remove", code="HK.00700")
    ('Remove HK.00700', '移除 HK.00700')
    """
    texts = _TEXTS[lang]
    text = texts.get(name) or words_of(lang).texts.get(name) or name
    return text.format(**facts)


def text_of(lang: str, state: str) -> str:
    """Return what a market's state is called.

    Examples
    --------
    >>> text_of("en", "afternoon"), text_of("en", "star_after_hours")
    ('open', 'star after hours')
    """
    return _STATES[lang].get(state) or state.replace("_", " ")
