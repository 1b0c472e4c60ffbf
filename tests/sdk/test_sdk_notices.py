"""What the gateway tells unasked, the vendor's SDK reads, and as our client does."""

import threading

import pytest

import pd_capflow
from pd_capflow.client.portal import current_portal
from pd_capflow.gateway import Gateway
from pd_capflow.gateway.notices import event_notice, program_notice
from pd_capflow.protocol.messages import CAPITAL_FLOW
from tests.sdk.sdk_oracle import ask_sdk

RET_OK = 0
FLOW = ["get_capital_flow", {"stock_code": "HK.00700"}]
PASSWORD_CHANGED = 8
READY, FORCED_OUT = 10, 11

# What the SDK reads of each notice, and the kind and the fields that our client does.
TOLD = [
    (
        ["GTW_EVENT", "KickedOut", "在其他地方登录"],
        ("event", {"event": "kicked_out", "description": "在其他地方登录"}),
    ),
    (
        ["CONN_STATUS", None, {"qot_logined": False, "trd_logined": False}],
        ("login", {"logged_in": False, "trading_logged_in": False}),
    ),
    (
        ["GTW_EVENT", "LoginPwdChanged", ""],
        ("event", {"event": "password_changed", "description": ""}),
    ),
    (
        ["PROGRAM_STATUS", "FORCE_LOGOUT", "bye"],
        ("program_status", {"program_status": "logged_out", "description": "bye"}),
    ),
    (
        ["PROGRAM_STATUS", "READY", ""],
        ("program_status", {"program_status": "ready", "description": ""}),
    ),
    (
        ["CONN_STATUS", None, {"qot_logined": True, "trd_logined": False}],
        ("login", {"logged_in": True, "trading_logged_in": False}),
    ),
]


class Telling(Gateway):
    """A gateway that loses its login and finds it again while a question is asked."""

    def response(self, method, c2s):
        if method is CAPITAL_FLOW:
            self.log_out("在其他地方登录")
            self.notify(event_notice(PASSWORD_CHANGED, ""))
            self.notify(program_notice(FORCED_OUT, "bye"))
            self.notify(program_notice(READY))
            self.log_in()
        return super().response(method, c2s)


@pytest.fixture
def telling():
    portal = current_portal()
    there = Telling(limit=None)
    _, number = portal.run(there.listen(port=0))
    yield number
    portal.run(there.close())


def test_the_sdk_reads_every_notice(telling, home):
    answer, notices = ask_sdk(telling, [FLOW], home, notices=len(TOLD))
    assert notices == [[RET_OK, theirs] for theirs, _ in TOLD]
    assert answer[0] == RET_OK


def test_so_does_our_client(telling):
    told, enough = [], threading.Event()

    def listen(notice):
        told.append((notice.kind, notice.fields))
        if len(told) == len(TOLD):
            enough.set()

    with pd_capflow.connect(f"tcp://127.0.0.1:{telling}", rate=None) as client:
        client.on_push(listen)
        client.capital_flow("HK.00700")
        assert enough.wait(30)
    assert told == [ours for _, ours in TOLD]
