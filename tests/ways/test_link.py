"""The link's states and the gateway's notices, by every transition, over TCP and through a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading

import pytest

import pd_capflow
from pd_capflow.client import Client, Link, resolve
from pd_capflow.client.portal import current_portal
from pd_capflow.errors import (
    DisconnectedError,
    GatewayError,
    HandshakeError,
    QueryError,
    ReplyTimeoutError,
    TransportError,
)
from pd_capflow.gateway.notices import event_notice, login_notice, program_notice
from pd_capflow.protocol import handshake
from pd_capflow.protocol.messages import NOTIFY

CODE = "HK.00700"
BOUND = 20.0


class Heard:
    """A listener that keeps what it is told, for another thread to take."""

    def __init__(self):
        self.all = []
        self._queue = queue.Queue()

    def __call__(self, value):
        self.all.append(value)
        self._queue.put(value)

    def next(self):
        return self._queue.get(timeout=BOUND)

    def until(self, status):
        """Return the next link of a status."""
        while True:
            link = self.next()
            if link.status == status:
                return link

    @property
    def statuses(self):
        return [link.status for link in self.all]


@pytest.fixture
def client_of():
    made = []

    def make(url, **options):
        made.append(Client(resolve(url=url, **({"rate": None, "timeout": 5.0} | options))))
        return made[-1]

    yield make
    for client in made:
        client.close()


def on_loop(work, *arguments):
    """Call something of a gateway where it belongs."""

    async def call():
        return work(*arguments)

    return current_portal().run(call())


@pytest.fixture(params=["tcp", "ws"])
def layout(request):
    return request.param


class TestTransitions:
    """The socket is killed at each of them."""

    def test_a_session_from_its_beginning_to_its_end(self, layout, gateway_at, client_of):
        url, _ = gateway_at(layout)
        client, heard = client_of(url), Heard()
        assert client.link.status == "disconnected"
        assert client.link.reason is None
        client.on_state(heard)
        client.connect()
        client.close()
        assert heard.statuses == ["connecting", "connected", "closed"]
        assert [link.since for link in heard.all] == sorted(link.since for link in heard.all)
        assert client.link == heard.all[-1]

    @pytest.mark.parametrize("stage", ["connecting", "handshake"])
    def test_killed_before_there_is_a_session(self, stage, layout, client_of, kit, scripted):
        """Nothing was ever there, so nobody tries again by himself."""

        def kill(peer):
            if stage == "handshake":
                peer.asked()
            peer.close()

        there = scripted(kill, layout=layout)
        client, heard = client_of(there.url), Heard()
        client.on_state(heard)
        with pytest.raises(HandshakeError):
            client.connect()
        assert heard.statuses == ["connecting", "disconnected"]
        assert isinstance(client.link.reason, HandshakeError)
        assert client.capital_flow(CODE).shape == (2, 6)
        assert heard.statuses[2:] == ["connecting", "connected"]
        assert client.link.reason is None

    def test_killed_while_idle_it_is_made_again_by_itself(self, layout, client_of, scripted):
        """For a client that somebody listens to; nobody calls anything."""
        kill = threading.Event()

        def idle(peer):
            peer.handshake()
            assert kill.wait(BOUND)

        there = scripted(idle, layout=layout)
        client, heard = client_of(there.url), Heard()
        client.on_state(heard)
        client.connect()
        kill.set()
        lost = heard.until("disconnected")
        assert isinstance(lost.reason, DisconnectedError)
        waits = heard.until("waiting")
        assert (waits.attempt, type(waits.reason)) == (1, DisconnectedError)
        assert heard.until("connecting").attempt == 1
        assert heard.until("connected").reason is None
        assert there.connections == 2
        assert there.requests == []

    def test_without_a_listener_the_next_call_makes_it_again(self, layout, client_of, scripted, kit):
        kill = threading.Event()

        def idle(peer):
            peer.handshake()
            assert kill.wait(BOUND)

        there = scripted(idle, layout=layout)
        client, heard = client_of(there.url), Heard()
        remove = client.on_state(heard)
        client.connect()
        remove()
        remove()
        kill.set()
        there._threads[1].join(BOUND)
        while client.link.status == "connected":
            kit.settle()
        assert client.link.status == "disconnected"
        assert heard.statuses == ["connecting", "connected"]
        assert client.capital_flow(CODE).shape == (2, 6)
        assert there.connections == 2

    def test_who_listens_after_the_loss_sets_it_off_too(self, layout, client_of, scripted, kit):
        kill = threading.Event()

        def idle(peer):
            peer.handshake()
            assert kill.wait(BOUND)

        there = scripted(idle, layout=layout)
        client, heard = client_of(there.url), Heard()
        client.connect()
        kill.set()
        while client.link.status == "connected":
            kit.settle()
        client.on_state(heard)
        heard.until("connected")

    def test_killed_in_flight_the_request_is_healed(self, layout, client_of, scripted):
        def in_flight(peer):
            peer.handshake()
            peer.asked()
            peer.reset()

        there = scripted(in_flight, layout=layout)
        client, heard = client_of(there.url), Heard()
        client.on_state(heard)
        assert client.capital_flow(CODE).shape == (2, 6)
        assert heard.statuses[:3] == ["connecting", "connected", "disconnected"]
        assert isinstance(heard.all[2].reason.__cause__, ConnectionResetError)
        assert client.link.status == "connected"

    def test_quiet_and_gone(self, layout, client_of, scripted, monkeypatch):
        """Nothing comes for two intervals, and then for a third."""
        monkeypatch.setattr(handshake, "PING_INTERVAL", 1.0)

        def mute(peer):
            peer.answers_keep_alive = False
            peer.handshake(interval=1)
            peer.until_gone()

        there = scripted(mute, layout=layout)
        client, heard = client_of(there.url), Heard()
        client.on_state(heard)
        client.connect()
        assert heard.until("quiet").reason is None
        assert "sent nothing for 3 s" in str(heard.until("disconnected").reason)
        heard.until("connected")
        assert there.connections == 2

    def test_quiet_and_heard_again(self, layout, client_of, scripted, monkeypatch):
        monkeypatch.setattr(handshake, "PING_INTERVAL", 1.0)
        is_quiet, over = threading.Event(), threading.Event()

        def pause(peer):
            peer.answers_keep_alive = False
            peer.handshake(interval=1)
            assert is_quiet.wait(BOUND)
            peer.push()
            assert over.wait(BOUND)

        there = scripted(pause, layout=layout)
        client, heard = client_of(there.url), Heard()
        client.on_state(lambda link: is_quiet.set() if link.status == "quiet" else None)
        client.on_state(heard)
        client.connect()
        heard.until("quiet")
        assert heard.until("connected").reason is None
        over.set()
        assert there.connections == 1

    def test_killed_while_quiet(self, layout, client_of, scripted, monkeypatch):
        monkeypatch.setattr(handshake, "PING_INTERVAL", 1.0)
        is_quiet = threading.Event()

        def die(peer):
            peer.answers_keep_alive = False
            peer.handshake(interval=1)
            assert is_quiet.wait(BOUND)
            peer.reset()

        there = scripted(die, layout=layout)
        client, heard = client_of(there.url), Heard()
        client.on_state(lambda link: is_quiet.set() if link.status == "quiet" else None)
        client.on_state(heard)
        client.connect()
        heard.until("quiet")
        assert isinstance(heard.until("disconnected").reason, DisconnectedError)
        heard.until("connected")
        assert there.connections == 2

    def test_silence_in_flight_is_a_reply_timeout_and_the_reason(self, layout, client_of, scripted):
        def silent(peer):
            peer.handshake()
            peer.until_gone()

        there = scripted(silent, layout=layout)
        client, heard = client_of(there.url, timeout=0.5), Heard()
        client.on_state(heard)
        with pytest.raises(ReplyTimeoutError):
            client.capital_flow(CODE)
        assert isinstance(heard.until("disconnected").reason, ReplyTimeoutError)
        heard.until("connected")

    def test_closing_ends_the_attempts(self, layout, client_of, scripted, kit):
        def last(peer):
            peer.handshake()
            peer.gateway.stop_listening()

        there = scripted(last, layout=layout)
        client, heard = client_of(there.url), Heard()
        client.on_state(heard)
        with contextlib.suppress(TransportError):
            client.connect()
        heard.until("waiting")
        client.close()
        heard.until("closed")
        kit.settle()
        assert client.link.status == "closed"
        assert on_loop(lambda: len(asyncio.all_tasks())) == 1


class TestListeners:
    def test_they_are_called_in_order_and_break_nothing(self, gateway_at, client_of, caplog):
        url, _ = gateway_at()
        client, calls = client_of(url), []

        def bad(link):
            calls.append("bad")
            raise SystemExit("no matter what")

        client.on_state(lambda link: calls.append("first"))
        client.on_state(bad)
        client.on_state(lambda link: calls.append("last"))
        with caplog.at_level(logging.ERROR, "pd_capflow"):
            client.connect()
        assert calls == ["first", "bad", "last"] * 2
        assert caplog.text.count("a listener raised") == 2
        assert len(client.capital_flow(CODE))

    def test_one_may_remove_itself(self, gateway_at, client_of):
        url, _ = gateway_at()
        client, told = client_of(url), []
        removes = []

        def once(link):
            told.append(link)
            removes[0]()

        removes.append(client.on_state(once))
        client.connect()
        assert len(told) == 1

    @pytest.mark.parametrize("listener", [None, 5, "print"], ids=str)
    def test_what_cannot_be_called_is_refused(self, listener, client_of):
        client = client_of("demo://")
        for listen in (client.on_state, client.on_push):
            with pytest.raises(QueryError, match="cannot be called"):
                listen(listener)

    def test_of_an_async_client_they_are_called_in_its_loop(self, gateway_at):
        url, _ = gateway_at()

        async def main():
            here, told = asyncio.get_running_loop(), []
            async with await pd_capflow.connect_async(url) as client:
                client.on_state(lambda link: told.append((link.status, asyncio.get_running_loop() is here)))
            return told, client.link

        told, link = asyncio.run(main())
        assert told == [("closed", True)]
        assert isinstance(link, Link)

    def test_they_go_on_listening_on_another_io_thread(self, gateway_at, client_of, scripted):
        there = scripted()
        client, heard = client_of(there.url), Heard()
        client.on_state(heard)
        client.connect()
        current_portal().stop()
        heard.until("closed")
        client.connect()
        heard.until("connected")


class TestNotices:
    def test_a_lost_login_is_a_notice_a_state_a_log_line_and_the_reason(
        self, layout, gateway_at, client_of, caplog
    ):
        url, gateway = gateway_at(layout)
        client, links, notices = client_of(url), Heard(), Heard()
        client.on_push(notices)
        client.on_state(links)
        client.connect()
        assert client.link.logged_in is None
        with caplog.at_level(logging.INFO, "pd_capflow"):
            on_loop(gateway.log_out, "logged in on a phone\nat home")
            kicked, login = notices.next(), notices.next()
        assert (kicked.kind, kicked.fields["event"]) == ("event", "kicked_out")
        assert (login.kind, login.fields) == ("login", {"logged_in": False, "trading_logged_in": False})
        lines = [record for record in caplog.records if "logged in elsewhere" in record.getMessage()]
        assert [record.levelname for record in lines] == ["WARNING"]
        assert "\n" not in lines[0].getMessage()
        assert client.link.logged_in is False
        with pytest.raises(
            GatewayError, match=r"not logged in to the quote servers \(.*on a phone"
        ) as caught:
            client.capital_flow(CODE)
        assert caught.value.ret_msg == "not logged in to the quote servers"
        assert caught.value.code == CODE
        on_loop(gateway.log_in)
        assert notices.next().fields["logged_in"] is True
        assert client.link.logged_in is True
        assert len(client.capital_flow(CODE))
        assert client.link.status == "connected"

    def test_what_the_gateway_is_asked_becomes_a_state_too(self, layout, gateway_at, client_of):
        url, gateway = gateway_at(layout)
        client = client_of(url)
        state = client.state()
        assert client.link.logged_in is True
        assert client.link.program_status == "ready"
        assert client.link.markets == state.markets
        assert state.markets["HK"]
        gateway.is_logged_in = False
        client.state()
        assert client.link.logged_in is False

    def test_a_new_session_has_told_nothing_yet(self, layout, gateway_at, client_of):
        url, gateway = gateway_at(layout)
        client, heard = client_of(url), Heard()
        client.on_state(heard)
        client.connect()
        on_loop(gateway.log_out)
        while heard.next().logged_in is not False:
            pass
        on_loop(lambda: [session.hang_up() for session in list(gateway._sessions)])
        heard.until("disconnected")
        assert heard.until("connecting").logged_in is False
        assert heard.until("connected").logged_in is None

    @pytest.mark.parametrize(
        ("response", "kind", "fields"),
        [
            (program_notice(10), "program_status", {"program_status": "ready", "description": ""}),
            (
                program_notice(11, "bye"),
                "program_status",
                {"program_status": "logged_out", "description": "bye"},
            ),
            (event_notice(99, "?"), "event", {"event": "unknown 99", "description": "?"}),
            (login_notice(True, trading=True), "login", {"logged_in": True, "trading_logged_in": True}),
        ],
    )
    def test_kinds(self, response, kind, fields, gateway_at, client_of):
        url, gateway = gateway_at()
        client, heard = client_of(url), Heard()
        client.on_push(heard)
        client.connect()
        assert on_loop(gateway.notify, response) == 1
        notice = heard.next()
        assert (notice.kind, notice.fields) == (kind, fields)
        if kind == "program_status":
            assert client.link.program_status == fields["program_status"]

    def test_quote_rights_and_quotas(self, gateway_at, client_of):
        url, gateway = gateway_at()
        client, heard = client_of(url), Heard()
        client.on_push(heard)
        client.connect()
        rights = NOTIFY.response(retType=0)
        rights.s2c.type = 4
        rights.s2c.qotRight.hkQotRight, rights.s2c.qotRight.usQotRight = 3, 5
        quota = NOTIFY.response(retType=0)
        quota.s2c.type = 6
        quota.s2c.apiQuota.subQuota, quota.s2c.apiQuota.historyKLQuota = 500, 300
        strange = NOTIFY.response(retType=0)
        strange.s2c.type = 77
        empty = NOTIFY.response(retType=0)
        empty.s2c.type = 3
        for each in (empty, rights, quota, strange):
            on_loop(gateway.notify, each)
        assert heard.next().text == "quote rights: hk lv2, us none"
        assert heard.next().fields == {"subQuota": 500, "historyKLQuota": 300}
        assert heard.next().kind == "unknown 77"
        assert client.connected

    def test_who_did_not_ask_for_notices_gets_none(self, gateway_at, client_of, monkeypatch):
        url, gateway = gateway_at()
        client = client_of(url)
        client.connect()
        (session,) = gateway._sessions
        session._conversation.wants_notify = False
        assert on_loop(gateway.notify, login_notice(False)) == 0
