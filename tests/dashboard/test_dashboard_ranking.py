"""Ranking and status line: no number that is not known, no two currencies in one order, all escaped."""

from __future__ import annotations

import datetime as dt
import re
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.client import Budget, Link
from pd_capflow.errors import ConnectError, GatewayError
from pd_capflow.flow.frames import Columns
from pd_capflow.notebook.dashboard import words
from pd_capflow.notebook.dashboard.markup import message_html, ranking_html, status_html
from pd_capflow.notebook.dashboard.pace import Pace
from pd_capflow.notebook.dashboard.ranking import ranking
from pd_capflow.notebook.dashboard.reading import Quote, Reading
from pd_capflow.notebook.dashboard.status import Status
from pd_capflow.notebook.dashboard.wish import CHARTS, Wish
from pd_capflow.security import Security

DAY = dt.date(2026, 1, 5)
NOON = dt.datetime(2026, 1, 5, 11, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
EVIL = "<img src=x onerror=alert(1)>\x1b[31m"


def columns(flow, *, main=nan, tiers=(nan, nan, nan, nan)):
    amounts = np.array([[0.0] * 6, [flow, main, *tiers]])
    instant = round(NOON.timestamp()) * 1_000_000
    return Columns(np.array([instant - 60_000_000, instant]), amounts, NOON.isoformat())


def quote(name="", *, last=10.0, change=0.01, turnover=1e9, day=DAY):
    return Quote(name, last, change, turnover, day)


def reading(flows=None, **facts):
    flows = {Security.parse(code): each for code, each in (flows or {}).items()}
    facts = {"codes": tuple(flows), "source": {"url": "tcp://127.0.0.1:11111", "demo": False}} | facts
    return Reading(flows=flows, **facts)


def test_each_currency_has_its_own_order_and_its_own_longest_bar():
    """A million dollars stand above a billion yen in no list."""
    found = ranking(
        reading(
            {
                "HK.00700": columns(-5e6),
                "US.AAPL": columns(1e6),
                "HK.09988": columns(10e6),
                "HK.80700": columns(3e6),
                "US.TSLA": columns(-4e6),
            }
        )
    )
    assert {currency: [str(row.security) for row in rows] for currency, rows in found.items()} == {
        "HKD": ["HK.09988", "HK.00700"],
        "USD": ["US.AAPL", "US.TSLA"],
        "CNY": ["HK.80700"],
    }
    assert [row.length for rows in found.values() for row in rows] == [1.0, -0.5, 0.25, -1.0, 1.0]


@given(
    st.dictionaries(st.from_regex(r"HK\.0[0-9]{4}", fullmatch=True), st.floats(-1e12, 1e12) | st.just(nan))
)
def test_a_ranking_falls_and_loses_no_code(flows):
    rows = [
        row
        for group in ranking(reading({code: columns(x) for code, x in flows.items()})).values()
        for row in group
    ]
    known = [row.flow for row in rows if not isnan(row.flow)]
    assert known == sorted(known, reverse=True)
    assert sorted(str(row.security) for row in rows) == sorted(flows)
    assert all(isnan(row.flow) for row in rows[len(known) :])
    assert all(abs(row.length) <= 1 for row in rows[: len(known)])


def test_the_main_flow_is_the_gateways_or_says_that_it_is_derived():
    sent, derived, unknown = (
        ranking(reading({"HK.00700": each}))["HKD"][0]
        for each in (
            columns(5.0, main=3.0, tiers=(9.0, 9.0, 0.0, 0.0)),
            columns(5.0, tiers=(2.0, 1.5, 0.0, 0.0)),
            columns(5.0, tiers=(2.0, nan, 0.0, 0.0)),
        )
    )
    assert (sent.main, sent.is_derived) == (3.0, False)
    assert (derived.main, derived.is_derived) == (3.5, True)
    assert isnan(unknown.main)
    assert not unknown.is_derived
    html = ranking_html(reading({"HK.00700": columns(5.0, tiers=(2.0, 1.5, 0.0, 0.0))}), Wish.of([HK]))
    assert "Main*" in html
    assert "added up here" in html


HK = Security.parse("HK.00700")


@pytest.mark.parametrize(
    ("told", "period", "share"),
    [
        (quote(turnover=2e9), "intraday", 0.05),
        (quote(turnover=2e9, day=DAY - dt.timedelta(days=1)), "intraday", nan),  # of another session
        (quote(turnover=0.0), "intraday", nan),
        (quote(turnover=nan), "intraday", nan),
        (quote(turnover=2e9), "day", nan),
    ],
)
def test_a_share_is_of_the_turnover_of_the_same_session_or_unknown(told, period, share):
    found = ranking(reading({"HK.00700": columns(1e8)}, quotes={HK: told}, period=period))["HKD"][0]
    assert found.share == pytest.approx(share, nan_ok=True)


def test_what_is_not_known_is_a_dash_and_never_zero():
    html = ranking_html(reading({"HK.00700": columns(1e6)}, quotes={}), Wish.of([HK]))
    assert html.count(">–<") == 4  # price, change, main, share
    assert ">0<" not in html
    assert html.count('style="color:') == 1, "what is not known is neither up nor down"


def test_small_flows_beside_great_ones_do_not_read_zero():
    flows = {"HK.00700": columns(5e9), "HK.09988": columns(1234.0)}
    assert "+1.23K" in ranking_html(reading(flows), Wish.of(map(Security.parse, flows)))


def test_a_code_without_an_answer_says_why():
    refused = reading({}, codes=(HK,), errors={HK: GatewayError(f"no such thing {EVIL}")})
    html = ranking_html(refused, Wish.of([HK]))
    assert "no such thing" in html
    assert "<img" not in html
    assert "\x1b" not in html
    assert "waiting for the first answer" in ranking_html(reading({}, codes=(HK,)), Wish.of([HK]))


def test_an_error_beside_older_numbers_shows_both():
    html = ranking_html(reading({"HK.00700": columns(1e6)}, errors={HK: GatewayError("gone")}), Wish.of([HK]))
    assert "+1.00M" in html
    assert 'title="gone"' in html


def test_names_from_the_gateway_are_escaped_and_bounded():
    html = ranking_html(reading({"HK.00700": columns(1.0)}, quotes={HK: quote(EVIL * 40)}), Wish.of([HK]))
    assert "<img" not in html
    assert "&lt;img" in html
    assert len(html) < 3000


def test_colours_go_by_the_market_of_each_code():
    """Red is up in Shanghai and down in Hong Kong."""
    flows = {"HK.00700": columns(1e6), "SH.600519": columns(1e6)}
    wish = Wish.of(map(Security.parse, flows))
    html = ranking_html(reading(flows), wish)
    assert html.count("left:50%") == 2
    assert len({part.split('"')[0] for part in html.split("background:")[1:]}) == 2
    alike = ranking_html(reading(flows), Wish.of(wish.codes, colors="cb"))
    assert len({part.split('"')[0] for part in alike.split("background:")[1:]}) == 1


def test_messages_are_escaped():
    assert "<img" not in message_html(EVIL, is_error=True)
    assert message_html("") == ""


NOW = dt.datetime(2026, 1, 5, 3, 30, 5, tzinfo=dt.UTC)


def line(lang="en", **facts):
    facts = {
        "link": Link("connected"),
        "budget": Budget(30, 30.0, left=26),
        "pace": Pace(36.0, 6.0, 5),
        "markets": {"HK": "morning"},
        "next_at": NOW,
    } | facts
    told = reading({"HK.00700": columns(1e6)}, **facts)
    return str(Status.of(told, Wish.of(told.codes, lang=lang)))


def test_the_status_line_says_it_all():
    text = line()
    for piece in (
        "connected to tcp://127.0.0.1:11111",
        "real quotes",
        "HK open",
        "data to 5 Jan 2026 11:30:00 Hong Kong time",
        "26 of 30 requests left",
        "1 code: every 36 s",
        f"next at {NOW.astimezone():%H:%M:%S}",
    ):
        assert piece in text


def test_what_is_served_again_says_so_and_is_not_called_real():
    source = {"url": "tcp://127.0.0.1:11111", "demo": False, "recorded": "a replay of a store"}
    assert "RECORDED" in line(source=source)
    assert "real" not in line(source=source)
    assert "DEMO DATA · RECORDED" in line(source=source | {"demo": True})


def test_demo_data_say_so_and_are_not_called_real():
    text = line(source={"url": "demo://", "demo": True})
    assert "DEMO DATA" in text
    assert "real" not in text
    assert "演示数据" in line("zh", source={"url": "demo://", "demo": True})


def test_data_of_today_are_told_without_the_year():
    now = dt.datetime.now(HK.home.tzinfo).replace(microsecond=0)
    told = columns(1e6)
    held = {"HK.00700": Columns(told.time, told.amounts, now.isoformat())}
    told = str(Status.of(reading(held), Wish.of([HK])))
    assert f"data to {now.day} {now:%b %H:%M:%S} Hong Kong time" in told


@pytest.mark.parametrize("is_demo", [True, False])
def test_what_was_recorded_is_not_called_real(is_demo):
    text = line(source={"url": "store:///flows", "demo": is_demo})
    assert "RECORDED" in text
    assert "real" not in text
    assert ("DEMO DATA" in text) == is_demo
    assert "录制数据" in line("zh", source={"url": "store:///flows", "demo": is_demo})


@pytest.mark.parametrize("hours", [-7000, -2, 48])
def test_a_gateway_whose_clock_is_elsewhere_is_not_taken_for_live(hours):
    ahead = dt.timedelta(hours=hours)
    there = dt.datetime.now(HK.home.tzinfo) + ahead
    text = line(ahead=ahead)
    assert f"NOT LIVE: its clock says {there.day} {there:%b %Y} " in text
    assert "real" not in text
    assert f"非实时：其时钟为{there.year}年" in line("zh", ahead=ahead)
    assert "NOT LIVE" not in line(ahead=dt.timedelta(minutes=-50)), "a machine's clock may be wrong"


def test_a_lost_connection_says_of_when_the_data_are():
    text = line(link=Link("waiting", attempt=2), answered=NOW, trouble=ConnectError("refused"))
    assert f"reconnecting to tcp://127.0.0.1:11111, last data from {NOW.astimezone():%H:%M:%S}" in text
    assert "refused" in text
    assert "real quotes" not in text


def test_a_gateway_that_never_answered_is_not_called_lost():
    assert "no answer from" in line(link=Link(), trouble=ConnectError("nobody listens"))


def test_a_closed_market_and_a_used_up_budget_are_told():
    assert "1 at rest: every 5 min" in line(at_rest=frozenset({HK}), markets={"HK": "closed"})
    assert "waiting for the rate budget" in line(is_squeezed=True)


def test_the_status_line_is_escaped():
    told = reading({}, codes=(), source={"url": EVIL, "demo": True}, trouble=ConnectError(EVIL))
    assert "<img" not in status_html(Status.of(told, Wish.of([])))


def test_every_text_is_there_in_both_languages_with_the_same_facts():
    english, chinese = words._EN, words._ZH
    assert list(english) == list(chinese)
    for name in english:
        facts = [sorted(re.findall(r"{(\w+)", texts[name])) for texts in (english, chinese)]
        assert facts[0] == facts[1], name
    for kind in CHARTS:
        assert kind in english
