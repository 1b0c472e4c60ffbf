"""What a recorder makes of an answer: lost gateways, refusals, and sessions that are not all there yet."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from pd_capflow.errors import (
    ConnectError,
    GatewayError,
    ProtocolError,
    QuoteRightError,
    RateLimitError,
    UnknownSecurityError,
    UnsupportedSecurityError,
)
from pd_capflow.flow.frames import DISTRIBUTION, FLOW, Columns, build_frame
from pd_capflow.security import Security
from pd_capflow.store import Store
from pd_capflow.store.almanac import calendar_of
from pd_capflow.store.recorder.answers import Answers, is_for_good, reason
from pd_capflow.store.recorder.resume import settled

DAY = date(2026, 1, 5)
CALENDAR = calendar_of("HK", date(2026, 1, 2), date(2026, 1, 9))
SESSION = CALENDAR.on(DAY)
CODE = "HK.00700"
SOURCE = {"url": "tcp://127.0.0.1:11111", "demo": False}


def frame_of(times, shape=FLOW, period="intraday", last=None):
    security = Security.parse(CODE)
    values = np.ones((len(times), len(shape.columns)))
    columns = {security: Columns(np.asarray(times, np.int64), values, last)}
    return build_frame(shape, [security], columns, period=period, single=False, source=SOURCE)


def at(text):
    return int(pd.Timestamp(f"2026-01-{text}", tz="Asia/Hong_Kong").timestamp() * 1e6)


def lack(*times, what="intraday", shape=FLOW, last=None):
    found = Answers(frame_of(times, shape, last=last)).lack(what, CODE, SESSION)
    return found.why if found else ""


def test_an_answer_reaches_as_far_as_its_last_row():
    assert Answers(frame_of([at("05 10:00"), at("05 10:01")])).reached == {
        CODE: pd.Timestamp("2026-01-05 10:01", tz="Asia/Hong_Kong")
    }
    assert Answers(frame_of([])).reached == {}
    assert Answers(None).reached == {}


def test_minutes_up_to_the_close_lack_nothing():
    assert lack(at("05 15:59"), at("05 16:00")) == ""


def test_minutes_that_end_early_may_have_more_to_come():
    assert lack(at("05 15:57"), at("05 15:58")) == "the gateway's minutes end at 15:58"


def test_minutes_that_end_early_are_whole_if_the_gateway_says_that_there_is_no_more():
    assert lack(at("05 15:40"), last="2026-01-05T16:00:00+08:00") == ""
    assert lack(at("05 15:40"), last="2026-01-05T15:59:59+08:00") == "the gateway's minutes end at 15:40"


def test_minutes_that_never_come_are_a_loss_only_where_there_are_none():
    assert Answers(frame_of([at("02 16:00")])).lack("intraday", CODE, SESSION).is_loss
    assert not Answers(frame_of([at("05 15:40")])).lack("intraday", CODE, SESSION).is_loss


def test_minutes_of_another_day_are_not_those_of_the_session():
    assert lack(at("02 16:00")) == "the gateway has nothing of 2026-01-05"


def test_a_code_without_rows_did_not_trade_and_lacks_nothing():
    assert lack() == ""
    assert Answers(frame_of([])).has_rows
    assert Answers(frame_of([at("05 16:00")])).lack("intraday", "HK.09988", SESSION) is None


def test_a_days_row_is_at_its_midnight_and_a_distribution_at_its_update():
    assert lack(at("02 00:00"), at("05 00:00"), what="day") == ""
    assert lack(at("02 00:00"), what="day") == "the gateway has nothing of 2026-01-05"
    assert lack(at("05 16:00"), what="distribution", shape=DISTRIBUTION) == ""
    assert lack(at("02 16:00"), what="distribution", shape=DISTRIBUTION) != ""


def test_a_gateway_is_lost_if_it_cannot_be_reached_for_any_of_the_codes():
    gone = ConnectError("nobody there")
    assert Answers(None, {"HK.1": gone, "HK.2": gone}).lost is gone
    assert Answers(None, {"HK.1": gone, "HK.2": GatewayError("no")}).lost is None
    assert Answers(frame_of([at("05 16:00")]), {"HK.2": gone}).lost is None
    assert Answers(None, {}).lost is None


@pytest.mark.parametrize(
    ("error", "for_good"),
    [
        (UnknownSecurityError("x"), True),
        (UnsupportedSecurityError("x"), True),
        (QuoteRightError("x"), False),
        (GatewayError("x"), False),
        (RateLimitError("x"), False),
        (ProtocolError("x"), False),
        (ConnectError("x"), False),
    ],
)
def test_what_is_refused_for_what_it_is_never_comes(error, for_good):
    assert is_for_good(error) is for_good


def test_a_reason_is_short_and_printable_whatever_the_gateway_says():
    assert reason(GatewayError("no\x1b[31m\n" + "x" * 999)).startswith("no [31m xxx")
    assert len(reason(GatewayError("x" * 999))) == 200
    assert reason(GatewayError("")) == "GatewayError"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "flows")


def held(store):
    now = SESSION.closes + pd.Timedelta("1h")
    found = settled(store, [Security.parse(CODE)], {"HK": CALENDAR}, now, pytest.fail)
    return [key.what for key in found]


def test_an_empty_place_holds_nothing(store):
    assert held(store) == []


@pytest.mark.parametrize(
    ("last", "reached", "is_whole"),
    [
        ("05 16:00", "2026-01-05T16:00:00+08:00", True),
        ("05 16:00", "2026-01-05T15:59:30+08:00", False),  # the last minute was not over
        ("05 15:59", "2026-01-05T16:00:00+08:00", True),  # nothing was traded in the last minute
        ("05 15:59", "2026-01-05T15:59:00+08:00", False),
        ("05 16:00", None, False),
    ],
)
def test_minutes_are_held_to_the_end_if_the_answer_was_made_after_the_close(store, last, reached, is_whole):
    store.write(frame_of([at("05 15:58"), at(last)], last=reached))
    assert held(store) == (["intraday"] if is_whole else [])


def test_a_distribution_is_held_if_it_is_of_after_the_close_and_a_days_row_if_it_was_kept_after(store):
    store.write(frame_of([at("05 15:00")], DISTRIBUTION))
    assert held(store) == []
    store.write(frame_of([at("05 16:00")], DISTRIBUTION))
    assert held(store) == ["distribution"]
    store.write(frame_of([at("05 00:00")], period="day"))
    assert held(store) == ["distribution", "day"]  # the test runs after January 2026


def test_nothing_is_held_to_the_end_before_the_close(store):
    store.write(frame_of([at("05 16:00")], last="2026-01-05T16:00:00+08:00"))
    early = SESSION.closes - pd.Timedelta("1min")
    assert settled(store, [Security.parse(CODE)], {"HK": CALENDAR}, early, pytest.fail) == []
