"""What a chart says, in English and in Chinese; dates without the process's locale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pd_capflow.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pandas as pd

__all__ = ["LANGUAGES", "Words", "words_of"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_EN = {
    "in_flow": "Total",
    "main_in_flow": "Main",
    "super_in_flow": "Super",
    "big_in_flow": "Big",
    "mid_in_flow": "Mid",
    "sml_in_flow": "Small",
    "close": "Close",
    "title": "{code} capital flow",
    "title_plain": "Capital flow",
    "title_many": "Capital flow of {n} codes",
    "since_open": "Net inflow since the open",
    "since_each_open": "Net inflow since each day's open",
    "since_row": "Net inflow, running total from {first}",
    "running_total": "Net inflow, running total",
    "as_given": "Net inflow, rows as given",
    "per_minute": "Net inflow per minute",
    "per_minutes": "Net inflow per {n:g} minutes",
    "per_day": "Net inflow per day",
    "per_week": "Net inflow per week",
    "per_month": "Net inflow per month",
    "per_quarter": "Net inflow per quarter",
    "per_year": "Net inflow per year",
    "per_rule": "Net inflow per {rule}",
    "in_out": "Inflow and outflow by order size",
    "flows_in": "in",
    "flows_out": "out",
    "net": "net inflow",
    "share_in": "{share:.1%} came in",
    "share_in_short": "{share:.1%} in",
    "no_shares": "a size is missing, so there are no shares",
    "in_typical": "{label}, in each code's typical amount (root mean square)",
    "typical": "× typical",
    "beyond": "one colour beyond ±{limit}",
    "absent": "hatched: no number",
    "after_gap": "rows that hold the flow of missing ones before them: {n}",
    "no_price": "no closing price",
    "no_stack": "rows that lack a size and have no stack: {n}",
    "zone": "{city} time",
    "no_zone": "time zone not stated",
    "valid": "valid to {time}",
    "source": "source {url}",
    "demo": "demo data",
    "recorded": "recorded, not live",
    "no_data": "no data",
    "missing": "total unknown where a row is missing, first on {date}",
    "failed": "no answer for {codes}",
    "and_more": "{codes} and {n} more",
    "comma": ", ",
    "net_of": "{tier} net inflow",
    "share_of_turnover": "{what} as a share of turnover",
    "rank_title": "Ranking by {what}",
    "codes": "{n} codes",
    "up_in": "price up, money in",
    "up_out": "price up, money out",
    "down_in": "price down, money in",
    "down_out": "price down, money out",
    "across": "across: change of price",
    "over_rows": "Net inflow over {n} rows",
    "of_tier": "{tier}: {what}",
    "unnamed": "{n} more without a name",
    "last_rows": "Last row of each code",
    "not_shown": "{n} more not shown",
    "unranked": "no number for {codes}",
    "older": "older: {codes}",
    "main_derived": "main is derived: super and big orders together",
    "until": "to {time}",
    "own_scales": "each chart has its own scale",
    "one_scale": "all charts have one scale",
    "exchange_times": "each chart in exchange time, the rest in UTC",
    "date": "{day} {month} {year}",
    "day": "{day} {month}",
    "month": "{month}",
    "year": "{year}",
}

_ZH = {
    "in_flow": "整体",
    "main_in_flow": "主力",
    "super_in_flow": "特大单",
    "big_in_flow": "大单",
    "mid_in_flow": "中单",
    "sml_in_flow": "小单",
    "close": "收盘价",
    "title": "{code} 资金流向",
    "title_plain": "资金流向",
    "title_many": "{n} 只证券的资金流向",
    "since_open": "开盘以来累计净流入",
    "since_each_open": "每日开盘以来累计净流入",
    "since_row": "自{first}起累计净流入",
    "running_total": "累计净流入",
    "as_given": "净流入（按所给数据）",
    "per_minute": "每分钟净流入",
    "per_minutes": "每{n:g}分钟净流入",
    "per_day": "每日净流入",
    "per_week": "每周净流入",
    "per_month": "每月净流入",
    "per_quarter": "每季净流入",
    "per_year": "每年净流入",
    "per_rule": "每{rule}净流入",
    "in_out": "各类订单流入与流出",
    "flows_in": "流入",
    "flows_out": "流出",
    "net": "净流入",
    "share_in": "流入占 {share:.1%}",
    "share_in_short": "{share:.1%}",
    "no_shares": "数据不全，无法计算占比",
    "in_typical": "{label}，以各证券均方根金额为单位",
    "typical": "倍",
    "beyond": "超出 ±{limit} 者同色",
    "absent": "斜线：无数据",
    "after_gap": "{n} 行含此前缺失时段的净流入",
    "no_price": "无收盘价",
    "no_stack": "{n} 行数据不全，未绘堆叠",
    "zone": "{city}时间",
    "no_zone": "时区未注明",
    "valid": "数据截至 {time}",
    "source": "来源 {url}",
    "demo": "演示数据",
    "recorded": "录制数据，非实时",
    "no_data": "无数据",
    "missing": "数据缺失后累计值未知，始于{date}",
    "failed": "未取得 {codes}",
    "and_more": "{codes} 等另 {n} 个",
    "comma": "，",
    "net_of": "{tier}净流入",
    "share_of_turnover": "{what}占成交额比例",
    "rank_title": "{what}排名",
    "codes": "{n} 只证券",
    "up_in": "价涨资金流入",
    "up_out": "价涨资金流出",
    "down_in": "价跌资金流入",
    "down_out": "价跌资金流出",
    "across": "横轴：价格涨跌幅",
    "over_rows": "近{n}行净流入",
    "of_tier": "{tier}{what}",
    "unnamed": "另有 {n} 个未标名称",
    "last_rows": "各证券最新数据",
    "not_shown": "另有 {n} 只未显示",
    "unranked": "无数据：{codes}",
    "older": "数据较早：{codes}",
    "main_derived": "主力由特大单与大单合计得出",
    "until": "至{time}",
    "own_scales": "各图刻度不同",
    "one_scale": "各图刻度相同",
    "exchange_times": "各图为交易所当地时间，其余为 UTC",
    "date": "{year}年{number}月{day}日",
    "day": "{number}月{day}日",
    "month": "{number}月",
    "year": "{year}年",
}

# mainland exchanges keep Beijing time, whatever the zone database calls it
_ZH_CITIES = {
    "Asia/Hong_Kong": "香港",
    "Asia/Shanghai": "北京",
    "America/New_York": "纽约",
    "Asia/Singapore": "新加坡",
    "Asia/Tokyo": "东京",
    "Australia/Sydney": "悉尼",
    "Asia/Kuala_Lumpur": "吉隆坡",
    "America/Toronto": "多伦多",
}


@dataclass(frozen=True)
class Words:
    """The texts of one language, and the font families that can show them.

    Attributes
    ----------
    lang : str
        ``"en"`` or ``"zh"``.
    texts : mapping of str to str
        Templates by their name.
    cities : mapping of str to str
        What this language calls an IANA zone's city, where that differs from the zone's own name.
    fonts : tuple of str
        Families to use instead of the reader's own; empty where those will do.
    """

    lang: str
    texts: Mapping[str, str]
    cities: Mapping[str, str]
    fonts: tuple[str, ...] = ()

    def say(self, name: str, **facts: object) -> str:
        """Fill in the template of that name."""
        return self.texts[name].format(**facts)

    def date(self, time: date, form: str = "date") -> str:
        """Name a date; `form` is ``"date"``, ``"day"``, ``"month"`` or ``"year"``."""
        return self.say(form, day=time.day, number=time.month, month=_MONTHS[time.month - 1], year=time.year)

    def dates(self, first: pd.Timestamp, last: pd.Timestamp) -> str:
        """Name a day, or the days from the first to the last."""
        if first.date() == last.date():
            return self.date(first)
        form = "day" if first.year == last.year and self.lang == "en" else "date"
        return f"{self.date(first, form)} – {self.date(last)}"

    def zone(self, name: str | None) -> str:
        """Name the time of a zone, such as ``"Hong Kong time"``."""
        if name is None:
            return self.say("no_zone")
        if "/" not in name:
            return name
        return self.say("zone", city=self.cities.get(name, name.rpartition("/")[2].replace("_", " ")))

    def listing(self, names: list[str], most: int = 3) -> str:
        """Join names; those beyond the first few are only counted."""
        text = self.texts["comma"].join(names[:most])
        return text if len(names) <= most else self.say("and_more", codes=text, n=len(names) - most)


#: Every language by its name.
LANGUAGES: dict[str, Words] = {"en": Words("en", _EN, {}), "zh": Words("zh", _ZH, _ZH_CITIES)}


def words_of(lang: str) -> Words:
    """Return a language's words.

    Raises
    ------
    QueryError
        If there is no such language.
    """
    try:
        return LANGUAGES[lang]
    except (KeyError, TypeError):
        raise QueryError(f"lang {lang!r} is not known: expected one of {', '.join(LANGUAGES)}") from None
