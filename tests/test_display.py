"""How frames of capital flow are shown: a heading that says only what is sure, over a short table."""

from __future__ import annotations

import re
from datetime import datetime
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pd_capflow
from pd_capflow.client.portal import current_portal
from pd_capflow.flow.frames import DEMO_NOTE
from pd_capflow.gateway import Clock, Gateway
from pd_capflow.notebook.display.amounts import compact
from pd_capflow.notebook.display.colours import up_and_down
from pd_capflow.notebook.display.facts import Facts
from pd_capflow.notebook.display.sparkline import WIDTH, sparkline
from pd_capflow.notebook.display.words import WORDS
from pd_capflow.options import COLORS, LANGUAGES

VOID = {"br", "path"}


@pytest.fixture(scope="module")
def client():
    """A client of a demo gateway whose clock stands in the middle of a morning."""
    portal = current_portal()
    clock = Clock(datetime.fromisoformat("2026-10-14T10:43:44+08:00"), 0.0)
    gateway = Gateway(clock=clock, limit=None)
    _, port = portal.run(gateway.listen(port=0))
    with pd_capflow.connect(f"tcp://127.0.0.1:{port}", rate=None) as client:
        yield client
    portal.run(gateway.close())


@pytest.fixture
def day(client):
    return client.capital_flow("HK.00700", "day", "2026-01-05", "2026-09-30")


@pytest.fixture
def formats(shell):
    """Return what a shell shows of a value, by MIME type."""
    return lambda value: shell.display_formatter.format(value)[0]


class Page(HTMLParser):
    """The elements of a page, which must close in the order that they opened."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.words = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if "style" not in self.open:
            self.words.append(text)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def count(self, tag):
        return sum(tag == seen for seen, _ in self.seen)


def heading(text):
    """Return the lines above the table of a text."""
    return text.split("\n")[:2]


def test_a_session_says_what_it_is_in_both_formats(client, formats):
    frame = client.capital_flow("HK.00700")
    shown = formats(frame)
    page = Page(shown["text/html"])
    rows = len(frame)
    for text in (page.text, shown["text/plain"]):
        assert "TENCENT HK.00700" in text
        assert "capital flow · intraday · running totals since the open · HKD" in text
        assert f"{rows} rows · Asia/Hong_Kong · valid to 2026-10-14 10:4" in text
        assert f" · {client.settings.address}" in text
        assert text.count(DEMO_NOTE) == text.count("DEMO") == 1
    assert page.count("svg") == 1


def test_a_long_frame_is_short_where_it_is_shown(client, formats, day):
    shown = formats(day)
    assert f"10 of {len(day)} rows" in Page(shown["text/html"]).text
    assert Page(shown["text/html"]).count("tr") == 2 + 10 + 1  # two of names, and one of dots
    assert len(shown["text/html"]) < 12_000
    assert len(shown["text/plain"].splitlines()) < 20


@pytest.mark.parametrize(
    ("most", "least", "shown"), [(200, 10, 193), (60, 4, 4), (None, 10, 193), (6, None, 6)]
)
def test_pandas_options_say_how_many_rows(formats, day, most, least, shown):
    assert len(day) == 193
    with pd.option_context("display.max_rows", most, "display.min_rows", least):
        page = Page(formats(day)["text/html"])
    cells = [tag for tag, _ in page.seen if tag == "tr"]
    assert len(cells) == 2 + shown + (shown < len(day))
    assert (f"{shown} of {len(day)} rows" in page.text) is (shown < len(day))


def test_the_trait_says_it_before_them(shell, formats, day):
    shell.run_line_magic("config", "CapflowMagics.rows = 6")
    assert f"6 of {len(day)} rows" in formats(day)["text/plain"]
    shell.run_line_magic("config", "CapflowMagics.sparkline = False")
    assert "<svg" not in formats(day)["text/html"]
    shell.run_line_magic("config", "CapflowMagics.heading = False")
    assert formats(day)["text/html"] == day._repr_html_()
    assert formats(day)["text/plain"] == repr(day)


def test_pandas_option_for_no_html_is_kept(formats, day):
    with pd.option_context("display.notebook_repr_html", False):
        assert "text/html" not in formats(day)


def test_a_user_who_told_pandas_how_to_write_numbers_is_obeyed(formats, day):
    with pd.option_context("display.float_format", "{:.1e}".format):
        assert re.search(r">-?\d\.\de\+\d\d<", formats(day)["text/html"])
    assert re.search(r">-?\d{1,3},\d{3},\d{3}<", formats(day)["text/html"])


def test_what_is_absent_does_not_look_like_zero(client, formats):
    frame = client.capital_flow("HK.00700")
    page = Page(formats(frame)["text/html"])
    absent = [attributes for tag, attributes in page.seen if attributes.get("class") == "capflow-nan"]
    assert len(absent) == min(len(frame), 60 if len(frame) <= 60 else 10)  # main_in_flow, which is not sent
    assert "NaN" in page.text


def test_several_codes_and_currencies(client, formats):
    codes = ["HK.00700", "US.AAPL", "SH.600519", "JP.7203", "MY.1155", "HK.99999"]
    frame = client.capital_flow(codes, "day", "2026-01-05", "2026-01-09", errors="collect")
    page = Page(formats(frame)["text/html"])
    assert "Kweichow Moutai SH.600519" in page.text
    assert "and 1 more" in page.text
    assert "several currencies" in page.text
    assert "UTC" in page.text
    assert page.count("svg") == 4
    assert all(f" {currency} " in page.text for currency in ("HKD", "USD", "CNY", "JPY"))
    for text in (page.text, formats(frame)["text/plain"]):
        assert "no answer for 1 of the codes: HK.99999: the gateway refused" in text


def test_a_distribution_and_other_frames_of_ours(client, formats):
    shown = Page(formats(client.capital_distribution("HK.00700"))["text/html"])
    assert "capital distribution · HKD · 1 row" in shown.text
    assert "running" not in shown.text
    for frame in (client.snapshot(["HK.00700", "US.AAPL"]), client.watchlists(), client.history("US.AAPL")):
        shown = formats(frame)
        assert DEMO_NOTE in Page(shown["text/html"]).text
        assert DEMO_NOTE in shown["text/plain"]
        assert repr(frame) in shown["text/plain"]
        assert frame._repr_html_() in shown["text/html"]


def test_the_flow_of_each_row_is_told_from_totals(client, formats):
    frame = client.capital_flow("HK.00700")
    assert "each row its own flow" in heading(formats(frame.capflow.delta())["text/plain"])[0]
    totals = client.capital_flow("HK.00700", "day", "2026-01-05", "2026-01-30").capflow.cumulative()
    first = heading(formats(totals)["text/plain"])[0]
    assert "running totals" in first
    assert "since the open" not in first


def test_the_heading_in_chinese(shell, formats, client):
    shell.run_line_magic("config", "CapflowMagics.lang = 'zh'")
    codes = ["HK.00700", "SH.600519", "US.AAPL", "JP.7203", "MY.1155", "HK.99999"]
    shown = formats(client.capital_flow(codes, errors="collect"))
    for text in (Page(shown["text/html"]).text, shown["text/plain"]):
        assert "腾讯控股 HK.00700" in text
        assert "另 1 只" in text
        assert "资金流向 · 分时 · 开盘以来累计净流入 · 多种货币" in text
        assert "1 只证券未取得：HK.99999: " in text
        assert text.count("演示数据（DEMO DATA）：数字均为虚构") == 1
    assert re.search(r"[+−][\d.]+(万|亿) HKD", Page(shown["text/html"]).text)
    one = formats(client.capital_flow("SH.600519", "day", "2026-01-05", "2026-01-09"))["text/plain"]
    assert "各行为当期净流入 · CNY\n5 行 · Asia/Shanghai" in one


def test_both_languages_say_the_same():
    assert set(WORDS) == set(LANGUAGES)
    english, chinese = (
        {name: set(re.findall(r"{(\w+)", text)) for name, text in words.items()} for words in WORDS.values()
    )
    assert english == chinese


@pytest.mark.parametrize("change", ["diff", "pct_change", "shift"])
def test_facts_that_pandas_made_untrue_are_left_unsaid(client, formats, change):
    """Attrs survive diff, which makes of running totals something else."""
    frame = getattr(client.capital_flow("HK.00700"), change)()
    assert frame.attrs["capflow"]["cumulative"] is True
    shown = formats(frame)
    assert "running" not in shown["text/plain"]
    assert "running" not in Page(shown["text/html"]).text
    assert DEMO_NOTE in shown["text/plain"]


def test_a_period_that_the_rows_contradict_is_left_unsaid(formats, day):
    weeks = day.resample("W").sum()
    assert weeks.attrs["capflow"]["period"] == "day"
    assert "· day ·" in formats(day)["text/plain"]
    assert "· day ·" not in formats(weeks)["text/plain"]


def test_a_slice_is_not_said_to_be_valid_to_the_end(client):
    frame = client.capital_flow("HK.00700")
    assert Facts.of(frame).valid
    assert not Facts.of(frame.iloc[: len(frame) // 2]).valid


def test_codes_are_those_of_the_rows_and_not_of_the_facts(client, formats):
    frame = client.capital_flow(["HK.00700", "HK.09988"], "day", "2026-01-05", "2026-01-09")
    shown = heading(formats(frame.loc[["HK.09988"]])["text/plain"])[0]
    assert "HK.09988" in shown
    assert "HK.00700" not in shown
    # Without the level it is not sure whose rows they are.
    assert "HK." not in heading(formats(frame.loc["HK.09988"])["text/plain"])[0]


EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\n" + "x" * 500


def test_texts_from_elsewhere_are_escaped_and_bounded(formats):
    """Names, addresses and reasons come over the wire, codes from whoever made the frame."""
    times = pd.date_range("2026-01-05", periods=3, tz="Asia/Hong_Kong", name="time", unit="us")
    index = pd.MultiIndex.from_product([[EVIL, "HK.00700"], times], names=["code", "time"])
    frame = pd.DataFrame({"in_flow": np.arange(6.0), EVIL: EVIL}, index=index)
    frame.attrs["capflow"] = {
        "codes": [EVIL],
        "names": {"HK.00700": EVIL},
        "source": {"url": EVIL, "demo": False, "recorded": EVIL},
        "errors": {EVIL: EVIL},
    }
    shown = formats(frame)
    page = Page(shown["text/html"])
    tags = {tag for tag, _ in page.seen}
    assert {"div", "table", "svg"} < tags
    assert not {"script", "img"} & tags
    assert not [name for _, attributes in page.seen for name in attributes if name.startswith("on")]
    assert "\x1b" not in "".join(shown["text/plain"].split("in_flow")[0])
    assert all(len(line) < 900 for line in shown["text/plain"].split("\n")[:3])


def test_a_terminal_obeys_nothing_that_stands_in_a_cell(client, formats):
    frame = client.static_info(["HK.00700", "US.AAPL"])
    frame["name"] = ["\x1b]0;title\x07", "\u202eliame"]
    text = formats(frame[["name"]])["text/plain"]
    assert all(char.isprintable() for char in text.replace("\n", ""))
    assert "title" in text


def test_two_dollars_in_names_are_no_formula(formats, day):
    """Front ends read formulas in HTML, unless it says that there are none."""
    day.attrs["capflow"]["names"] = {"HK.00700": "A US$ B US$"}
    html = formats(day)["text/html"]
    assert html.startswith('<div class="capflow-frame tex2jax_ignore mathjax_ignore">')


def test_nothing_is_loaded_and_nothing_runs(formats, day):
    html = formats(day)["text/html"]
    for word in ("<script", "http:", "https:", "url(", "@import", "<link", "javascript"):
        assert word not in html


@pytest.mark.parametrize(
    "made",
    [
        lambda frame: pd.DataFrame({"in_flow": [1.0]}),
        lambda frame: frame.rename(columns={"in_flow": "x"}).reset_index(drop=True),
        lambda frame: frame.iloc[:0],
        lambda frame: frame.T,
        lambda frame: frame.astype(str),
        lambda frame: frame.melt(ignore_index=False),
        lambda frame: pd.concat([frame, frame], axis=1),
        lambda frame: pd.concat({"a": frame}, axis=1),
        lambda frame: frame[[]],
        lambda frame: frame.reset_index(),
        lambda frame: frame.set_axis([object()] * len(frame)),
        lambda frame: frame.tz_localize(None),
        lambda frame: frame.groupby(frame.index.month).sum(),
        lambda frame: frame * np.inf,
        lambda frame: _with(frame, {"source": {"url": "demo://"}, "codes": 7, "errors": 3, "names": []}),
        lambda frame: _with(frame, {"source": {"url": "x", "demo": 1}, "period": [], "last_valid_time": {}}),
        lambda frame: _with(frame, {"source": {"url": "x", "recorded": 7}}),
        lambda frame: _with(frame, "nonsense"),
    ],
)
def test_whatever_was_done_to_a_frame_it_is_shown(formats, day, made):
    frame = made(day)
    shown = formats(frame)
    assert "<table" in shown["text/html"]
    assert shown["text/plain"]
    Page(shown["text/html"])


def _with(frame, facts):
    frame = frame.copy()
    frame.attrs["capflow"] = facts
    return frame


def test_other_frames_are_pandas_own(formats):
    frame = pd.DataFrame({"a": [1, 2]})
    shown = formats(frame)
    assert (shown["text/html"], shown["text/plain"]) == (frame._repr_html_(), repr(frame))


def test_frames_in_a_list_have_no_headings(formats, day):
    assert "capital flow" not in formats([day])["text/plain"]


def test_who_showed_frames_before_does_so_for_others_and_after_unloading(shell, day):
    formatter = shell.display_formatter.formatters["text/html"]
    shell.run_line_magic("unload_ext", "pd_capflow")
    formatter.for_type(pd.DataFrame, lambda frame: f"<p>{len(frame)}</p>")
    shell.run_line_magic("load_ext", "pd_capflow")
    assert formatter(pd.DataFrame({"a": [1]})) == "<p>1</p>"
    assert "capflow-frame" in formatter(day)
    shell.run_line_magic("reload_ext", "pd_capflow")
    assert "capflow-frame" in formatter(day)
    shell.run_line_magic("unload_ext", "pd_capflow")
    assert formatter(day) == f"<p>{len(day)}</p>"
    formatter.pop(pd.DataFrame)
    shell.run_line_magic("load_ext", "pd_capflow")
    shell.run_line_magic("unload_ext", "pd_capflow")
    assert pd.DataFrame not in formatter.type_printers


@pytest.mark.parametrize("convention", COLORS)
@pytest.mark.parametrize("codes", [["HK.00700"], ["SH.600519", "SZ.000001"], ["SH.600519", "US.AAPL"], []])
def test_the_colours_are_those_of_the_charts(convention, codes):
    from matplotlib.figure import Figure

    from pd_capflow.plot.style import theme_of
    from pd_capflow.security import Security

    markets = [Security.parse(code).home for code in codes]
    theme = theme_of(Figure(facecolor="white").add_subplot(), convention, markets)
    assert up_and_down(codes, convention) == (theme.up, theme.down)


def test_the_sparklines_colours_follow_the_trait(shell, formats, client):
    frame = client.capital_flow("HK.00700")
    up = frame["in_flow"].iloc[-1] > 0
    for convention in ("cn", "intl", "cb"):
        shell.run_line_magic("config", f"CapflowMagics.colors = {convention!r}")
        color = up_and_down(["HK.00700"], convention)[0 if up else 1]
        assert f'stroke="{color}"' in formats(frame)["text/html"]


def path_of(svg, place=1):
    return re.findall(r'<path d="([^"]*)"', svg)[place]


def test_a_sparkline_has_a_gap_where_a_row_is_absent():
    values = np.array([1.0, 2.0, np.nan, 3.0, np.inf, 2.0])
    drawn = path_of(sparkline(values, bars=False, colors=("u", "d"), label=""))
    assert re.sub(r"[\d. ]", "", drawn) == "MLMM"


def test_a_sparklines_bars_stand_on_zero_by_sign():
    drawn = sparkline(np.array([2.0, -1.0, 0.0, np.nan]), bars=True, colors=("u", "d"), label="")
    zero = float(re.search(r"M0 ([\d.]+)H", drawn)[1])
    ups = re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)", path_of(drawn, 1))
    downs = re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)", path_of(drawn, 2))
    assert [(float(start), float(end) < zero) for start, end in ups] == [(zero, True)]
    assert [(float(start), float(end) > zero) for start, end in downs] == [(zero, True)]


@given(st.lists(st.floats(-1e12, 1e12) | st.just(np.nan), max_size=900), st.booleans())
def test_a_sparkline_stays_in_its_place(values, bars):
    drawn = sparkline(np.array(values), bars=bars, colors=("u", "d"), label="x")
    if not drawn:
        return
    Page(drawn)
    assert len(drawn) < 6_000
    for path in re.findall(r'<path d="([^"]*)"', drawn):
        for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", path):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= 24


def test_of_one_number_there_is_no_course():
    assert sparkline(np.array([np.nan, 1.0]), bars=True, colors=("u", "d"), label="") == ""


@given(st.floats(1e-3, 1e15))
def test_a_short_amount_is_within_half_a_percent(amount):
    text = compact(amount)
    unit = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}.get(text[-1], 1.0)
    assert float(text.lstrip("+").rstrip("KMBT")) * unit == pytest.approx(amount, rel=0.005)
    assert compact(-amount) == text.replace("+", "\N{MINUS SIGN}")
