from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pd_capflow.gateway import chance
from pd_capflow.gateway import market as module
from pd_capflow.gateway.calendar import latest_session, midnight, minutes, sessions_between
from pd_capflow.gateway.listing import LISTINGS, UnknownSecurity, UnsupportedSecurity, look_up
from pd_capflow.gateway.market import HISTORY_DAYS, InventedMarket
from pd_capflow.security import Security

TENCENT, APPLE = Security.parse("HK.00700"), Security.parse("US.AAPL")
EVER = (date.min, date.max)
FRIDAY = date(2026, 11, 20)

market = InventedMarket()

invented = st.integers(1, 79_999).map(lambda number: f"HK.{number:05}")
securities = (st.sampled_from(sorted(LISTINGS)) | invented).map(Security.parse)
instants = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
patient = settings(deadline=None)  # the first call of a process is slow, and says nothing


def at(security, day, clock):
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=security.home.tzinfo)


def dates(security, times):
    return [datetime.fromtimestamp(second, security.home.tzinfo).date() for second in times.tolist()]


# --- A session --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "rows"), [("HK.00700", 331), ("SH.600519", 241), ("US.AAPL", 391)])
def test_a_finished_session_has_all_rows(code, rows):
    security = Security.parse(code)
    session = market.intraday(security, at(security, FRIDAY, "20:00"))
    assert session.times.tolist() == minutes(security.home, FRIDAY).tolist()
    assert session.cumulative.shape == (rows, 4)
    assert session.cumulative.dtype == session.times.dtype == np.int64
    assert session.last_valid_time == session.times[-1]


def test_a_running_session_ends_with_the_minute_in_progress():
    now = at(TENCENT, FRIDAY, "10:43:44.9")
    session = market.intraday(TENCENT, now)
    assert session.cumulative.shape == (75, 4)
    assert session.times[-1] == at(TENCENT, FRIDAY, "10:44").timestamp()
    assert session.last_valid_time == at(TENCENT, FRIDAY, "10:43:44").timestamp()


@pytest.mark.parametrize(
    ("clock", "valid"),
    [
        ("09:30:00", "09:30:00"),
        ("09:30:00.7", "09:30:00"),
        ("11:59:59", "11:59:59"),
        ("12:45:10", "12:00:00"),  # nothing trades at lunch
        ("13:00:01", "13:00:01"),
        ("15:59:59", "15:59:59"),
        ("16:00:01", "16:00:00"),
    ],
)
def test_last_valid_time_is_when_trading_last_was(clock, valid):
    now = at(TENCENT, FRIDAY, clock)
    expected = at(TENCENT, FRIDAY, valid).timestamp()
    assert market.intraday(TENCENT, now).last_valid_time == expected
    assert market.distribution(TENCENT, now).update_time == expected


def test_the_opening_second_has_one_row_of_zeros():
    session = market.intraday(TENCENT, at(TENCENT, FRIDAY, "09:30"))
    assert session.cumulative.tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("clock", ["2026-11-23T09:29:59", "2026-11-22T12:00", "2026-11-21T00:00"])
def test_before_the_open_and_on_weekends_it_is_the_previous_session(clock):
    day, time = clock.split("T")
    session = market.intraday(TENCENT, at(TENCENT, day, time))
    finished = market.intraday(TENCENT, at(TENCENT, FRIDAY, "17:00"))
    assert session.times.tolist() == finished.times.tolist()
    assert session.cumulative.tolist() == finished.cumulative.tolist()
    assert session.last_valid_time == finished.last_valid_time


@patient
@given(security=securities, now=instants)
def test_laws_of_a_session(security, now):
    session = market.intraday(security, now)
    whole = minutes(security.home, latest_session(security.home, now))
    assert session.times.tolist() == whole[: len(session.times)].tolist()
    assert len(session.times) == len(session.cumulative) >= 1
    assert session.times[0] <= session.last_valid_time <= now.timestamp()
    assert session.times[-1] - 60 <= session.last_valid_time <= session.times[-1]
    assert not session.cumulative[0].any()
    assert not (session.cumulative % 10).any()
    assert np.abs(session.cumulative).sum() < 2**53


@patient
@given(security=securities, now=instants, later=st.timedeltas(timedelta(0), timedelta(hours=8)))
def test_rows_that_were_shown_never_change(security, now, later):
    early, late = market.intraday(security, now), market.intraday(security, now + later)
    if early.times[0] == late.times[0]:
        shown = len(early.times)
        assert late.cumulative[:shown].tolist() == early.cumulative.tolist()
        assert late.last_valid_time >= early.last_valid_time


def test_what_is_handed_out_cannot_be_overwritten():
    """Sessions are cached: a caller that could write into one would change the past."""
    session = market.intraday(TENCENT, at(TENCENT, FRIDAY, "12:00"))
    for array in (session.times, session.cumulative):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_rows_handed_out_for_days_are_the_callers_own():
    now = at(TENCENT, FRIDAY, "12:00")
    expected = market.days(TENCENT, FRIDAY, FRIDAY, now).flow.tolist()
    market.days(TENCENT, FRIDAY, FRIDAY, now).flow[:] = 1
    assert market.days(TENCENT, FRIDAY, FRIDAY, now).flow.tolist() == expected


# --- Days, weeks, months ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [*LISTINGS, "HK.01234", "US.ZZZZ", "SH.601000", "JP.285A"])
def test_each_day_is_the_last_intraday_row_of_its_session(code):
    security = Security.parse(code)
    now = at(security, FRIDAY, "20:00")
    days = market.days(security, *EVER, now)
    for day, flow in list(zip(dates(security, days.times), days.flow.tolist(), strict=True))[::13]:
        assert market.intraday(security, at(security, day, "20:00")).cumulative[-1].tolist() == flow


@patient
@given(security=securities, now=instants)
def test_the_running_day_is_the_last_intraday_row_so_far(security, now):
    days = market.days(security, *EVER, now)
    latest = latest_session(security.home, now)
    assert days.times[-1] == midnight(security.home, latest)
    assert days.flow[-1].tolist() == market.intraday(security, now).cumulative[-1].tolist()


def test_the_running_day_differs_from_the_finished_one():
    noon = market.days(TENCENT, FRIDAY, FRIDAY, at(TENCENT, FRIDAY, "12:00"))
    night = market.days(TENCENT, FRIDAY, FRIDAY, at(TENCENT, FRIDAY, "20:00"))
    assert noon.times.tolist() == night.times.tolist()
    assert (noon.flow != night.flow).all()


@patient
@given(security=securities, now=instants)
def test_the_history_is_one_year_of_sessions(security, now):
    days = market.days(security, *EVER, now)
    today = now.astimezone(security.home.tzinfo).date()
    latest = latest_session(security.home, now)
    expected = sessions_between(security.home, today - timedelta(days=365), latest)
    assert HISTORY_DAYS == 365
    assert dates(security, days.times) == expected
    assert days.times.tolist() == [midnight(security.home, day) for day in expected]
    assert days.flow.shape == (len(expected), 4)
    assert days.flow.dtype == days.times.dtype == np.int64


@patient
@given(security=securities, now=instants, start=st.integers(-400, 30), length=st.integers(-5, 100))
def test_a_range_is_a_piece_of_the_history(security, now, start, length):
    """Both ends are inclusive; the numbers don't depend on what else was asked for."""
    first = now.date() + timedelta(days=start)
    last = first + timedelta(days=length)
    for verb in (market.days, market.weeks, market.months):
        history, piece = verb(security, *EVER, now), verb(security, first, last, now)
        kept = [first <= day <= last for day in dates(security, history.times)]
        assert piece.times.tolist() == history.times[kept].tolist()
        assert piece.flow.tolist() == history.flow[kept].tolist()
        assert piece.flow.shape == (sum(kept), 4)


GROUPS = [("weeks", lambda day: day.isocalendar()[:2]), ("months", lambda day: (day.year, day.month))]


@pytest.mark.parametrize(("verb", "name_of"), GROUPS, ids=["weeks", "months"])
@patient
@given(security=securities, now=instants)
def test_weeks_and_months_are_the_exact_sums_of_their_days(verb, name_of, security, now):
    days = market.days(security, *EVER, now)
    members = defaultdict(list)
    for day, flow in zip(dates(security, days.times), days.flow.tolist(), strict=True):
        members[name_of(day)].append((day, flow))
    groups = getattr(market, verb)(security, *EVER, now)
    assert dates(security, groups.times) == [rows[-1][0] for rows in members.values()]
    sums = [
        [sum(tier) for tier in zip(*(flow for _, flow in rows), strict=True)] for rows in members.values()
    ]
    assert groups.flow.tolist() == sums


def test_the_running_week_is_dated_with_its_last_session_so_far():
    weeks = market.weeks(TENCENT, *EVER, at(TENCENT, date(2026, 11, 18), "09:29"))
    assert dates(TENCENT, weeks.times)[-2:] == [date(2026, 11, 13), date(2026, 11, 17)]


def test_the_times_of_days_keep_to_midnight_when_the_clocks_change():
    days = market.days(APPLE, date(2026, 10, 30), date(2026, 11, 2), at(APPLE, FRIDAY, "20:00"))
    assert days.times.tolist() == [
        int(datetime(2026, 10, 30, 4, tzinfo=UTC).timestamp()),
        int(datetime(2026, 11, 2, 5, tzinfo=UTC).timestamp()),
    ]


# --- The distribution -------------------------------------------------------------------------------------


@patient
@given(security=securities, now=instants)
def test_in_less_out_is_the_last_intraday_row(security, now):
    distribution, session = market.distribution(security, now), market.intraday(security, now)
    net = distribution.inflow - distribution.outflow
    assert net.tolist() == session.cumulative[-1].tolist()
    assert (distribution.inflow > 0).all()
    assert (distribution.outflow > 0).all()
    assert distribution.inflow.shape == distribution.outflow.shape == (4,)
    assert distribution.inflow.dtype == distribution.outflow.dtype == np.int64
    assert distribution.update_time == session.last_valid_time


@pytest.mark.parametrize("code", ["HK.00700", "US.TSLA", "SG.Z74", "HK.01234"])
def test_neither_side_shrinks_while_the_session_runs_and_both_make_up_the_turnover(code):
    security = Security.parse(code)
    clocks = [datetime.fromtimestamp(int(s), UTC) for s in minutes(security.home, FRIDAY)]
    served = [market.distribution(security, clock) for clock in clocks]
    assert (np.diff([one.inflow for one in served], axis=0) >= 0).all()
    assert (np.diff([one.outflow for one in served], axis=0) >= 0).all()
    turnover = int((served[-1].inflow + served[-1].outflow).sum())
    assert 0.5 < turnover / look_up(security).turnover < 2.5
    assert (served[0].inflow == served[0].outflow).all()


# --- Plausible --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def year():
    """A year of Tencent: net inflow and turnover by day and tier."""
    ordinals = np.arange(740_000, 740_000 + 1_000)
    amounts = module.day_totals(0, look_up(TENCENT), ordinals)
    return amounts.net.astype(float), amounts.gross.astype(float)


def test_net_flow_is_some_percent_of_turnover_with_fat_tails(year):
    net, gross = year
    part = net.sum(axis=1) / gross.sum(axis=1)
    assert 0.02 < np.median(np.abs(part)) < 0.06
    assert np.quantile(np.abs(part), 0.99) < 0.25
    assert abs(part.mean()) < 0.01
    total = net.sum(axis=1)
    assert (total**4).mean() / (total**2).mean() ** 2 > 4  # a bell has 3


def test_large_orders_lead_and_small_ones_stand_on_the_other_side(year):
    net, _ = year
    assert (np.sign(net[:, 0]) != np.sign(net[:, 3])).mean() > 0.65
    assert np.corrcoef(net[:, 0], net[:, 1])[0, 1] > 0.4


def test_a_session_is_rough_and_busiest_at_its_ends():
    moves, turns = np.zeros(330), []
    for day in sessions_between(TENCENT.home, date(2026, 1, 1), FRIDAY)[::5]:
        net = market.intraday(TENCENT, at(TENCENT, day, "20:00")).cumulative.sum(axis=1)
        moves += np.abs(np.diff(net))
        turns.append((np.diff(np.sign(np.diff(net))) != 0).mean())
    assert np.mean(turns) > 0.3
    assert moves[:20].mean() > 1.5 * moves[100:200].mean()
    assert moves[-20:].mean() > 1.3 * moves[100:200].mean()


# --- The same everywhere ----------------------------------------------------------------------------------


def test_chance_is_splitmix64(monkeypatch):
    """The first numbers of the published generator with seed 0."""
    monkeypatch.setattr(chance, "fingerprint", lambda _: 0)
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    drawn = chance.uniform("", np.array([1, 2, 3]), 1)[:, 0]
    assert drawn.tolist() == [(number >> 11) / 2**53 for number in expected]


GOLDEN_MINUTES = [
    [4568650, 579540, -225030, -6156110],
    [121980860, 51283040, -41410420, -99158560],
    [193153840, 95559260, -67617260, -168688380],
]
GOLDEN_DAYS = [
    [487804320, 119120530, 127116720, -182247700],
    [-313599180, -165989690, -43166010, 218746380],
    [193153840, 95559260, -67617260, -168688380],
]
GOLDEN_SIDES = [
    [415869190, 348311980, 290769150, 264603880],
    [222715350, 252752720, 358386410, 433292260],
]
GOLDEN_MONTH = [-1327174200, -5453730, 1436193340, -156588470]


def test_golden_numbers():
    """Another process, platform or release serves the same market: recordings and examples rest on it."""
    now = at(TENCENT, FRIDAY, "10:43:44")
    assert market.intraday(TENCENT, now).cumulative[[1, 40, -1]].tolist() == GOLDEN_MINUTES
    days = market.days(TENCENT, date(2026, 11, 18), FRIDAY, now)
    assert days.times.tolist() == [1794931200, 1795017600, 1795104000]
    assert days.flow.tolist() == GOLDEN_DAYS
    distribution = market.distribution(TENCENT, now)
    assert [distribution.inflow.tolist(), distribution.outflow.tolist()] == GOLDEN_SIDES
    assert InventedMarket(seed=7).months(APPLE, *EVER, now).flow[-2].tolist() == GOLDEN_MONTH


def test_seeds_and_codes_make_different_markets():
    now = at(TENCENT, FRIDAY, "20:00")
    other = InventedMarket(seed=1)
    sibling = Security.parse("HK.09988")
    flows = [
        market.intraday(TENCENT, now).cumulative[1:],
        other.intraday(TENCENT, now).cumulative[1:],
        market.intraday(sibling, now).cumulative[1:],
    ]
    for one, two in ((0, 1), (0, 2), (1, 2)):
        assert (flows[one] != flows[two]).mean() > 0.99
    assert (market.days(TENCENT, *EVER, now).flow != other.days(TENCENT, *EVER, now).flow).all()


def test_two_markets_of_one_seed_are_one_market():
    now = at(TENCENT, FRIDAY, "11:11")
    module.session_amounts.cache_clear()
    first = InventedMarket(3).intraday(TENCENT, now).cumulative.tolist()
    module.session_amounts.cache_clear()
    assert InventedMarket(3).intraday(TENCENT, now).cumulative.tolist() == first
    assert InventedMarket(3) == InventedMarket(3)


# --- Refusals ---------------------------------------------------------------------------------------------

VERBS = [
    lambda security, now: market.intraday(security, now),
    lambda security, now: market.distribution(security, now),
    lambda security, now: market.days(security, *EVER, now),
    lambda security, now: market.weeks(security, *EVER, now),
    lambda security, now: market.months(security, *EVER, now),
]


@pytest.mark.parametrize("verb", VERBS, ids=["intraday", "distribution", "days", "weeks", "months"])
def test_every_verb_refuses_alike(verb):
    now = at(TENCENT, FRIDAY, "12:00")
    with pytest.raises(UnknownSecurity):
        verb(Security.parse("HK.99999"), now)
    with pytest.raises(UnsupportedSecurity):
        verb(Security.parse("HK.800000"), now)
    with pytest.raises(UnsupportedSecurity):
        verb(Security.parse("FX.USDCNH"), now)
    with pytest.raises(ValueError, match="no time zone"):
        verb(TENCENT, datetime(2026, 11, 20, 12, 0))
