"""Laws of the invented prices: bars agree with each other, with the flow, and with themselves later."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pd_capflow.gateway.calendar import latest_session, midnight, minutes
from pd_capflow.gateway.listing import LISTINGS, fundamentals, look_up
from pd_capflow.gateway.market import InventedMarket
from pd_capflow.gateway.prices import NO_BARS, THOUSANDTHS, InventedPrices, joined, price_step
from pd_capflow.security import Security

TENCENT = Security.parse("HK.00700")
DAY = date(2025, 6, 4)
EVER = (date.min, date.max)

market, prices = InventedMarket(), InventedPrices()

securities = st.sampled_from([*sorted(LISTINGS), "HK.01234", "US.ZZZ", "JP.1301"]).map(Security.parse)
days = st.dates(date(2024, 1, 1), date(2026, 12, 31))
patient = settings(deadline=None, max_examples=60)


def at(security, day, clock="23:59:59"):
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=security.home.tzinfo)


def assert_is_possible(bars):
    assert (bars.lows > 0).all()
    for column in (bars.opens, bars.closes):
        assert (column >= bars.lows).all()
        assert (column <= bars.highs).all()
    assert (bars.volumes >= 0).all()
    assert (np.diff(bars.times) > 0).all()


@patient
@given(securities, days)
def test_a_day_is_the_sum_of_its_minutes(security, day):
    now = at(security, day)
    day = latest_session(security.home, now)
    whole = prices.days(security, day, day, now + timedelta(days=7))
    parts = prices.minutes(security, day, now)
    assert_is_possible(whole)
    assert_is_possible(parts)
    assert parts.times.tolist() == minutes(security.home, day).tolist()
    assert (parts.opens[0], parts.closes[-1]) == (whole.opens[0], whole.closes[0])
    assert (parts.highs.max(), parts.lows.min()) == (whole.highs[0], whole.lows[0])
    assert (parts.volumes.sum(), parts.turnovers.sum()) == (whole.volumes[0], whole.turnovers[0])
    assert (parts.opens[1:] == parts.closes[:-1]).all()


@patient
@given(securities, days, st.times())
def test_the_turnover_is_what_came_in_and_what_went_out(security, day, clock):
    now = at(security, day, clock.isoformat())
    gross = market.distribution(security, now)
    today = latest_session(security.home, now)
    assert prices.days(security, today, today, now).turnovers.tolist() == [
        gross.inflow.sum() + gross.outflow.sum()
    ]


@patient
@given(securities, days)
def test_what_is_traded_was_traded_at_prices_of_the_day(security, day):
    bars = prices.days(security, day - timedelta(days=30), day, at(security, day))
    average = bars.turnovers / bars.volumes * THOUSANDTHS
    assert (average[:-1] >= bars.lows[:-1] * 0.999).all()
    assert (average[:-1] <= bars.highs[:-1] * 1.001).all()


def test_a_minute_that_was_shown_never_changes():
    whole = prices.minutes(TENCENT, DAY, at(TENCENT, DAY))
    early = prices.minutes(TENCENT, DAY, at(TENCENT, DAY, "10:43:44"))
    assert len(early) == 75
    for name in ("closes", "highs", "lows", "volumes", "turnovers"):
        assert getattr(early, name).tolist() == getattr(whole, name)[:75].tolist()


def test_the_running_day_is_the_sum_of_its_minutes_so_far():
    now = at(TENCENT, DAY, "10:43:44")
    bars = prices.days(TENCENT, date(2025, 6, 2), DAY, now)
    minute = prices.minutes(TENCENT, DAY, now)
    assert len(bars) == 3
    assert bars.closes[-1] == minute.closes[-1]
    assert bars.volumes[-1] == minute.volumes.sum()
    assert bars.times[-1] == midnight(TENCENT.home, DAY)
    assert bars.last_closes[-1] == bars.closes[-2]


@pytest.mark.parametrize("name", ["weeks", "months"])
@pytest.mark.parametrize("code", ["HK.00700", "US.AAPL", "AU.BHP"])
def test_longer_bars_are_sums_of_days_and_follow_each_other(name, code):
    security = Security.parse(code)
    now = at(security, DAY, "11:30:20")
    long = getattr(prices, name)(security, date(2025, 1, 1), DAY, now)
    daily = prices.days(security, date(2024, 11, 1), DAY, now)
    assert_is_possible(long)
    assert (long.last_closes[1:] == long.closes[:-1]).all()
    assert long.times[-1] == midnight(security.home, DAY)
    inside = (daily.times > long.times[2]) & (daily.times <= long.times[3])
    assert long.volumes[3] == daily.volumes[inside].sum()
    assert long.highs[3] == daily.highs[inside].max()
    assert long.opens[3] == daily.opens[inside][0]


def test_a_row_does_not_depend_on_the_range_that_it_is_asked_in():
    now = at(TENCENT, DAY)
    year = prices.months(TENCENT, date(2024, 6, 5), DAY, now)
    one = prices.months(TENCENT, date(2025, 3, 31), date(2025, 3, 31), now)
    assert one.times.tolist() == year.times[year.times == one.times[0]].tolist()
    assert one.volumes[0] == year.volumes[year.times == one.times[0]][0]


def test_bars_follow_each_other_and_stay_near_the_listing():
    for listing in LISTINGS.values():
        bars = prices.days(listing.security, date(2020, 1, 1), DAY, at(listing.security, DAY))
        assert (bars.last_closes[1:] == bars.closes[:-1]).all()
        assert bars.closes.min() / listing.price / THOUSANDTHS > 0.5
        assert bars.closes.max() / listing.price / THOUSANDTHS < 1.5
        assert (bars.closes % price_step(listing) == 0).all()
        assert np.abs(np.diff(bars.closes) / bars.closes[:-1]).max() < 0.12


def test_there_are_bars_since_the_list_date_and_none_before_or_after_now():
    now = at(TENCENT, DAY, "08:00")
    bars = prices.days(TENCENT, *EVER, now)
    assert bars.times[0] == midnight(TENCENT.home, look_up(TENCENT).listed)
    assert bars.times[-1] == midnight(TENCENT.home, date(2025, 6, 3))
    assert len(prices.days(TENCENT, date(2030, 1, 1), date(2031, 1, 1), now)) == 0
    assert len(prices.weeks(TENCENT, date(1990, 1, 1), date(1991, 1, 1), now)) == 0
    assert len(prices.months(TENCENT, *EVER, now)) > 250


def test_the_price_leans_to_where_the_money_goes():
    """Over many sessions, how price and money stray from their own straight lines goes together."""
    alike = []
    for offset in range(0, 140, 7):
        day = DAY - timedelta(days=offset)
        closes = prices.minutes(TENCENT, day, at(TENCENT, day)).closes.astype(float)
        money = market.intraday(TENCENT, at(TENCENT, day)).cumulative.sum(axis=1).astype(float)
        straight = np.linspace(0, 1, len(money))
        closes -= closes[0] + (closes[-1] - closes[0]) * straight
        money -= money[-1] * straight
        alike.append(np.corrcoef(closes, money)[0, 1])
    assert np.mean(alike) > 0.7


def test_another_seed_is_another_market():
    one = prices.days(TENCENT, date(2025, 1, 1), DAY, at(TENCENT, DAY))
    other = InventedPrices(1).days(TENCENT, date(2025, 1, 1), DAY, at(TENCENT, DAY))
    assert (one.closes != other.closes).mean() > 0.9


GOLDEN = [
    [642000, 643500, 635000, 641000, 15289746, 9791170790],
    [638500, 639500, 633000, 636000, 10222191, 6508980280],
    [635500, 636500, 628500, 634500, 4096485, 2596454280],
]


def test_the_numbers_are_the_same_everywhere():
    """Open, high, low, close, volume and turnover of three days, the last one until a quarter to eleven."""
    bars = prices.days(TENCENT, date(2025, 6, 2), DAY, at(TENCENT, DAY, "10:43:44"))
    names = ("opens", "highs", "lows", "closes", "volumes", "turnovers")
    assert np.array([getattr(bars, name) for name in names]).T.tolist() == GOLDEN


def test_nothing_joined_is_nothing():
    assert len(joined([NO_BARS, NO_BARS])) == 0


def test_fundamentals_are_possible():
    for listing in LISTINGS.values():
        facts = fundamentals(listing)
        assert 0 < facts.float_shares <= facts.shares
        assert 8 <= listing.price / facts.earnings <= 41
        assert 0.8 <= listing.price / facts.assets <= 7
