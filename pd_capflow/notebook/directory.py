"""Other names by which people look for well-known securities: facts, as the companies publish them.

The first names, in English and in simplified Chinese, stand in the table of the demo gateway. Here is
what else is typed: traditional characters, pinyin and its initials, as Chinese trading programs take
them, Japanese, and what everybody calls the company.
"""

from __future__ import annotations

from functools import cache

__all__ = ["well_known"]

_ALSO = {
    "HK.00700": "騰訊控股 tengxun txkg",
    "HK.09988": "阿里巴巴 alibaba albb",
    "HK.03690": "美團 meituan mt",
    "HK.01810": "小米集團 xiaomi xmjt",
    "HK.09618": "京東集團 jingdong jdjt",
    "HK.00005": "滙豐控股 huifeng hfkg",
    "HK.00388": "港交所 gangjiaosuo gjs xgjys",
    "HK.00883": "中國海洋石油 中海油 zhonghaiyou zghysy",
    "HK.00939": "中國建設銀行 jianshe jsyh China Construction Bank",
    "HK.00941": "中國移動 zhongguoyidong zgyd",
    "HK.01211": "比亞迪 biyadi bydgf",
    "HK.01299": "友邦保險 youbang ybbx",
    "HK.02318": "中國平安 zhongguopingan zgpa",
    "HK.80700": "騰訊控股 tengxun txkg",
    "HK.02800": "盈富基金 yingfu yfjj 2800",
    "US.AAPL": "蘋果 pingguo pg",
    "US.MSFT": "微軟 weiruan wr",
    "US.NVDA": "英偉達 輝達 yingweida ywd",
    "US.AMZN": "亞馬遜 yamaxun ymx",
    "US.GOOGL": "Google 谷歌 guge gg",
    "US.META": "Facebook 脸书 臉書 lianshu",
    "US.TSLA": "特斯拉 tesila tsl",
    "US.BRK.B": "波克夏 巴菲特 bokexia bkx",
    "US.BABA": "阿里巴巴 albb",
    "US.FUTU": "富途控股 moomoo futu ftkg",
    "US.SPY": "標普500 biaopu S&P 500",
    "US.QQQ": "納指100 nazhi Nasdaq 100",
    "SH.600519": "貴州茅台 maotai gzmt",
    "SH.600036": "招商銀行 zhaoshang zsyh CMB",
    "SH.601318": "中國平安 zhongguopingan zgpa",
    "SH.601398": "工商銀行 gongshang gsyh",
    "SH.601857": "中國石油 zhongguoshiyou zgsy",
    "SH.688981": "中芯國際 zhongxin zxgj",
    "SH.510300": "滬深300 hushen hs300",
    "SZ.000001": "平安銀行 pinganyinhang payh",
    "SZ.000333": "美的集團 meidi mdjt",
    "SZ.000858": "五糧液 wuliangye wly",
    "SZ.002594": "比亞迪 biyadi",
    "SZ.300750": "寧德時代 ningde ndsd",
    "SZ.159915": "創業板 chuangyeban cyb",
    "JP.7203": "トヨタ自動車 豐田 fengtian",
    "JP.6758": "ソニー 索尼 suoni",
    "SG.Z74": "新電信 xindianxin",
    "SG.C6L": "新航 xinhang SIA",
    "AU.BHP": "必和必拓 bihebituo",
    "MY.1155": "马来亚银行 馬來亞銀行 Malayan Banking",
}


@cache
def well_known() -> dict[str, tuple[str, ...]]:
    """Return the names of well-known securities by code: English, Chinese, then all others in one text.

    Examples
    --------
    >>> well_known()["HK.00700"][:2]
    ('TENCENT', '腾讯控股')
    """
    from pd_capflow.gateway.listing import LISTINGS

    return {code: (each.name, each.name_zh, _ALSO.get(code, "")) for code, each in LISTINGS.items()}
