"""Gaps: which minutes are missing, told by runs, and which are not, though there is no row of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pd_capflow
from pd_capflow.errors import StoreError
from pd_capflow.flow.frames import FLOW, Columns, build_frame
from pd_capflow.security import MARKETS, Security
from pd_capflow.store import Store
from pd_capflow.store.almanac import calendar_of
from pd_capflow.store.gaps import gaps_of
from tests.store.markets import HONG_KONG, Market

MONDAY = date(2026, 1, 5)


def frame_of(code, times, last=1767600000000000):
    """Return minutes as a gateway serves them, of the instants given (microseconds).

    The last valid time is that of the last row, or `last` where there is none.
    """
    times = np.asarray(times, np.int64)
    security = Security.parse(code)
    told = pd.Timestamp(times[-1] if len(times) else last, unit="us", tz=security.home.zone)
    columns = Columns(times, np.ones((len(times), 6)), told.isoformat())
    source = {"url": "tcp://127.0.0.1:11111", "demo": False}
    return build_frame(FLOW, [security], {security: columns}, period="intraday", single=True, source=source)


def minutes(prefix, day=MONDAY):
    return calendar_of(prefix, day, day).sessions[0].minutes()


def told(gaps):
    """Return gaps as ``05 10:00-10:09 10``, by the frame's zone."""
    rows = zip(gaps["from"], gaps["to"], gaps["missing"], strict=True)
    return [f"{first:%d %H:%M}-{last:%H:%M} {count}" for first, last, count in rows]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "flows")


def test_a_whole_session_has_no_gaps_and_the_empty_answer_its_columns(store):
    store.write(frame_of("HK.00700", minutes("HK")))
    gaps = store.gaps()
    assert gaps.empty
    assert gaps.columns.tolist() == ["code", "session", "from", "to", "missing"]
    assert [str(kind) for kind in gaps.dtypes] == [
        "str", "datetime64[s]", "datetime64[us, Asia/Hong_Kong]", "datetime64[us, Asia/Hong_Kong]", "int64",
    ]  # fmt: skip


def test_missing_minutes_are_told_by_runs_that_go_on_over_noon(store):
    whole = minutes("HK")
    store.write(frame_of("HK.00700", np.r_[whole[:30], whole[40:145], whole[155:-1]]))
    assert told(store.gaps("HK.00700")) == ["05 10:00-10:09 10", "05 11:55-13:04 10", "05 16:00-16:00 1"]


def test_a_session_that_was_not_recorded_at_all_is_one_gap(store):
    for day in (MONDAY, date(2026, 1, 7)):
        store.write(frame_of("HK.00700", minutes("HK", day)))
    gaps = store.gaps()
    assert told(gaps) == ["06 09:30-16:00 331"]
    assert gaps["session"].tolist() == [pd.Timestamp("2026-01-06")]
    assert gaps.attrs["capflow"]["calendars"] == {"HK": ["exchange_calendars"]}


def test_the_end_of_a_session_and_the_beginning_of_the_next_are_two_gaps(store):
    store.write(frame_of("HK.00700", minutes("HK")[:-5]))
    store.write(frame_of("HK.00700", minutes("HK", date(2026, 1, 6))[3:-1]))
    gaps = store.gaps()
    assert told(gaps) == ["05 15:56-16:00 5", "06 09:30-09:32 3", "06 16:00-16:00 1"]
    assert gaps["session"].dt.day.tolist() == [5, 6, 6]


def test_holidays_and_the_afternoons_of_half_days_are_no_gaps(store):
    for day in (date(2025, 12, 23), date(2025, 12, 29)):
        store.write(frame_of("HK.00700", minutes("HK", day)))
    assert told(store.gaps()) == ["24 09:30-12:00 151"]  # and neither Christmas nor Boxing Day


def test_by_default_a_code_misses_nothing_before_its_first_day(store):
    store.write(frame_of("HK.00700", minutes("HK")))
    for code in ("HK.00700", "HK.09988"):
        store.write(frame_of(code, minutes("HK", date(2026, 1, 6))))
    assert store.gaps().empty
    assert told(store.gaps("HK.09988", "2026-01-05")) == ["05 09:30-16:00 331"]


def test_days_that_no_calendar_knows_have_no_minutes(store):
    """What is before 1970 or yet to come is not missing; between them nothing else is left out."""
    store.write(frame_of("HK.00700", minutes("HK")))
    assert store.gaps("HK.00700", "1600-01-01", "1969-12-31").empty
    assert store.gaps("HK.00700", "9000-01-01", "9999-12-31").empty
    now = datetime(2026, 1, 6, 10, tzinfo=HONG_KONG)
    gaps = gaps_of(store, ["HK.00700"], {"HK": (date.min, date.max)}, now=now)
    assert gaps["session"].iloc[0] == pd.Timestamp("1970-01-01")
    assert told(gaps.iloc[-1:]) == ["06 09:30-10:00 31"]
    assert gaps.attrs["capflow"]["calendars"] == {"HK": ["exchange_calendars", "weekdays"]}


def test_a_code_that_stopped_being_recorded_misses_what_others_of_its_market_have(store):
    store.write(frame_of("HK.09988", minutes("HK")))
    for day in (MONDAY, date(2026, 1, 6)):
        store.write(frame_of("HK.00700", minutes("HK", day)))
    gaps = store.gaps()
    assert gaps["code"].tolist() == ["HK.09988"]
    assert told(gaps) == ["06 09:30-16:00 331"]


def test_a_code_that_did_not_trade_misses_nothing(store):
    store.write(frame_of("HK.00700", []))
    store.write(frame_of("HK.09988", minutes("HK")))
    assert store.gaps().empty


def test_what_an_answer_that_goes_to_the_close_lacks_is_no_gap(store):
    """A gateway may leave out minutes in which nothing was traded, and never has them."""
    whole = minutes("HK")
    store.write(frame_of("HK.00700", np.r_[whole[:30], whole[40:300]]))
    assert told(store.gaps()) == ["05 10:00-10:09 10", "05 15:30-16:00 31"]
    store.write(frame_of("HK.00700", np.r_[whole[:30], whole[40:300], whole[-1:]]))
    assert store.gaps().empty
    store.write(says_the_close(frame_of("HK.09988", whole[40:300])))
    assert store.gaps().empty


def test_rows_may_be_named_by_the_begin_of_their_minute(store):
    """Then there is one at one o'clock and none at noon; the protocol promises neither."""
    whole = minutes("HK")
    named = np.r_[whole[:150], whole[151] - 60_000_000, whole[151:]]
    assert len(named) == len(whole) == 331
    store.write(frame_of("HK.00700", named[:200]))
    assert told(store.gaps()) == ["05 13:50-16:00 131"]
    store.write(frame_of("HK.09988", np.r_[named[:100], named[151:200]]))
    assert told(store.gaps("HK.09988")) == ["05 11:10-12:00 51", "05 13:50-16:00 131"]


def says_the_close(frame):
    frame.attrs["capflow"]["last_valid_time"] = "2026-01-05T16:00:00+08:00"
    return frame


def test_where_the_gateway_does_not_say_how_far_it_goes_it_is_as_far_as_it_was_recorded(store):
    """And these rows are recorded long after their session."""
    frame = frame_of("HK.00700", minutes("HK")[:300])
    frame.attrs["capflow"]["last_valid_time"] = None
    store.write(frame)
    assert store.gaps().empty


def test_a_code_that_was_not_traded_so_far_misses_nothing_until_its_session_is_over(store):
    morning = on_monday(10)
    store.write(frame_of("HK.00700", [], last=morning.timestamp() * 1e6))
    assert gaps_of(store, ["HK.00700"], now=on_monday(11)).empty
    assert told(gaps_of(store, ["HK.00700"], now=on_monday(17))) == ["05 09:30-16:00 331"]
    store.write(frame_of("HK.00700", [], last=on_monday(16).timestamp() * 1e6))
    assert gaps_of(store, ["HK.00700"], now=on_monday(17)).empty


def on_monday(hour):
    return datetime(2026, 1, 5, hour, tzinfo=HONG_KONG)


def test_codes_of_several_zones_are_told_in_utc(store):
    store.write(frame_of("HK.00700", minutes("HK")[:-1]))
    store.write(frame_of("US.AAPL", minutes("US")[1:-1]))
    gaps = store.gaps()
    assert told(gaps) == ["05 08:00-08:00 1", "05 14:30-14:30 1", "05 21:00-21:00 1"]
    assert str(gaps["from"].dtype) == "datetime64[us, UTC]"


def test_minutes_that_are_not_over_are_not_missing_yet(store):
    store.write(frame_of("HK.00700", minutes("HK")[:31]))
    now = datetime(2026, 1, 5, 10, 20, 30, tzinfo=HONG_KONG)
    assert told(gaps_of(store, ["HK.00700"], now=now)) == ["05 10:01-10:20 20"]
    assert gaps_of(store, ["HK.00700"], now=now - timedelta(minutes=20)).empty


def test_a_gateway_that_is_asked_tells_the_sessions(tmp_path):
    """The demo gateway knows no holidays: on Christmas Day its market is open."""
    with Market() as market:
        store = Store(tmp_path / "flows", demo=True)
        store.write(market.client.capital_flow("HK.00700"))
        asked = store.gaps("HK.00700", "2025-12-25", "2025-12-25", client=market.client)
        assert asked["missing"].tolist() == [331]
        assert asked.attrs["capflow"]["calendars"] == {"HK": ["gateway"]}
        assert store.gaps("HK.00700", "2025-12-25", "2025-12-25").empty
        # Canada is not in the gateway's calendars; others are asked instead
        assert store.gaps("CA.SHOP", "2026-01-05", "2026-01-05", client=market.client)["missing"].sum() == 391


def test_without_a_store_there_is_nothing_to_be_missing(tmp_path):
    with pytest.raises(StoreError, match="no store there"):
        pd_capflow.Store(tmp_path / "none").gaps()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.sampled_from(["HK", "US", "JP", "MY"]), st.data())
def test_gaps_and_rows_together_are_the_whole_session(tmp_path_factory, prefix, data):
    whole = minutes(prefix)
    kept = data.draw(st.sets(st.integers(0, len(whole) - 2), min_size=1).map(sorted))  # not up to the close
    store = Store(tmp_path_factory.mktemp("flows"))
    store.write(frame_of(f"{prefix}.1", whole[kept]))
    gaps = store.gaps(f"{prefix}.1")
    assert gaps["missing"].sum() + len(kept) == len(whole)
    place = {int(time): number for number, time in enumerate(whole)}
    found = set()
    for first, last, count in zip(gaps["from"], gaps["to"], gaps["missing"], strict=True):
        begin, end = (place[round(each.timestamp() * 1e6)] for each in (first, last))
        assert end - begin + 1 == count
        found |= set(range(begin, end + 1))
    assert found == set(range(len(whole))) - set(kept)
    assert str(gaps["from"].dt.tz) == MARKETS[prefix].zone
