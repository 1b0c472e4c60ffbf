"""Law: whatever bytes arrive, cut, late, bent or forged, a conversation goes on or ends once, with a reason.

And as long as nobody touches the bytes, every question gets its own answer. Both ends talk here through a
line that hypothesis holds in its hands: over TCP plain, TCP encrypted and WebSocket. The default run tries a
little; this tries for long::

    python -m pytest tests/protocol/test_fuzz.py --hypothesis-profile=long --timeout=0
"""

from __future__ import annotations

import logging
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pd_capflow.errors import CapflowError
from pd_capflow.protocol.body import BodyFormat
from pd_capflow.protocol.cipher import Rsa
from pd_capflow.protocol.conversation import ClientConversation, ServerConversation
from pd_capflow.protocol.events import Asked, Broken, Failed, Heard, Opened, Pushed, Quiet, Replied
from pd_capflow.protocol.handshake import InitConnect, InitWebSocket
from pd_capflow.protocol.messages import CAPITAL_FLOW, INIT_CONNECT, INIT_WEBSOCKET, KEEP_ALIVE, NOTIFY
from pd_capflow.protocol.websocket import ClientWebSocketWire, GatewayWebSocketWire

logging.getLogger("pd_capflow.websocket").setLevel(logging.CRITICAL)  # it tells of every bent byte


@cache
def _rsa():
    return Rsa(rsa.generate_private_key(65537, 1024))  # noqa: S505  # the size that OpenD takes


def _welcome(algorithm="cbc"):
    response = INIT_CONNECT.response()
    response.retType = 0
    session = response.s2c
    session.serverVer, session.loginUserID, session.connID = 1011, 1, 5
    session.connAESKey, session.keepAliveInterval = "0123456789abcdef", 10
    if algorithm != "ecb":
        session.aesCBCiv = "fedcba9876543210"
    return response


def _websocket_welcome():
    response = INIT_WEBSOCKET.response()
    response.retType = 0
    response.s2c.connID = 5
    return response


def _tcp(body_format):
    client = ClientConversation(body_format=body_format)
    return client, ServerConversation(), _welcome()


def _encrypted(algorithm):
    client = ClientConversation(handshake=InitConnect("fuzz", rsa=_rsa()))
    return client, ServerConversation(cipher=_rsa()), _welcome(algorithm)


def _websocket():
    client = ClientConversation(
        handshake=InitWebSocket("fuzz", "key"), wire=ClientWebSocketWire("ws://127.0.0.1:33333")
    )
    server = ServerConversation(wire=GatewayWebSocketWire(), opening=INIT_WEBSOCKET)
    return client, server, _websocket_welcome()


WAYS = {
    "tcp": lambda: _tcp(BodyFormat.PROTOBUF),
    "json": lambda: _tcp(BodyFormat.JSON),
    "cbc": lambda: _encrypted("cbc"),
    "ecb": lambda: _encrypted("ecb"),
    "websocket": _websocket,
}


class Line:
    """Bytes on their way to one end."""

    def __init__(self):
        self.bytes = bytearray()
        self.honest = True

    def take(self, count):
        piece = bytes(self.bytes[:count])
        del self.bytes[:count]
        return piece


class Conversation(RuleBasedStateMachine):
    """Two ends, two lines, and everything that can happen to them."""

    @initialize(way=st.sampled_from(sorted(WAYS)))
    def begin(self, way):
        self.client, self.server, self.welcome = WAYS[way]()
        self.to_client, self.to_server = Line(), Line()
        self.now = 0.0
        self.asked, self.answered, self.open_questions = {}, {}, []
        self.opened = self.hung_up = False
        self.ends = {"client": None, "server": None}
        self.client.open()
        self._collect()

    @property
    def honest(self):
        return self.to_client.honest and self.to_server.honest

    # What the ends do.

    @precondition(lambda self: self.opened and not self.client.is_broken)
    @rule(amount=st.integers(0, 10**6))
    def ask(self, amount):
        request = CAPITAL_FLOW.request()
        request.c2s.security.market, request.c2s.security.code = 1, str(amount)
        self.asked[self.client.request(CAPITAL_FLOW, request)] = float(amount)
        self._collect()

    @precondition(lambda self: self.open_questions and not self.server.is_broken)
    @rule(data=st.data())
    def answer(self, data):
        which = data.draw(st.integers(0, len(self.open_questions) - 1), label="which")
        asked = self.open_questions.pop(which)
        self._answer(asked)

    @precondition(lambda self: self.opened and not self.server.is_broken)
    @rule()
    def push(self):
        response = NOTIFY.response()
        response.retType = 0
        response.s2c.type = 3
        self.server.push(NOTIFY, response)
        self._collect()

    @precondition(lambda self: self.opened and not self.client.is_broken)
    @rule(seconds=st.floats(0, 20))
    def keep_alive(self, seconds):
        self.now += seconds
        self.client.tick(self.now, 1_700_000_000)
        self._collect()

    @precondition(lambda self: self.asked and not self.client.is_broken)
    @rule(data=st.data())
    def forget(self, data):
        serial = data.draw(st.sampled_from(sorted(self.asked)), label="serial")
        self.client.forget(serial)
        del self.asked[serial]

    # What happens on the way.

    @rule(count=st.integers(1, 400))
    def deliver_to_client(self, count):
        self._deliver_to_client(count)

    @rule(count=st.integers(1, 400))
    def deliver_to_server(self, count):
        self._deliver_to_server(count)

    @rule()
    def deliver_everything(self):
        while self.to_client.bytes or self.to_server.bytes:
            self._deliver_to_server(len(self.to_server.bytes))
            self._deliver_to_client(len(self.to_client.bytes))

    @rule(toward=st.sampled_from(["client", "server"]), at=st.integers(0, 5000), flip=st.integers(1, 255))
    def bend(self, toward, at, flip):
        line = self._line(toward)
        assume(line.bytes)
        line.honest = False
        line.bytes[at % len(line.bytes)] ^= flip

    @rule(toward=st.sampled_from(["client", "server"]), at=st.integers(0, 5000), count=st.integers(1, 50))
    def lose(self, toward, at, count):
        line = self._line(toward)
        assume(line.bytes)
        line.honest = False
        start = at % len(line.bytes)
        del line.bytes[start : start + count]

    @rule(
        toward=st.sampled_from(["client", "server"]),
        at=st.integers(0, 5000),
        forged=st.binary(min_size=1, max_size=80),
    )
    def forge(self, toward, at, forged):
        line = self._line(toward)
        line.honest = False
        start = at % (len(line.bytes) + 1)
        line.bytes[start:start] = forged

    @rule(toward=st.sampled_from(["client", "server"]))
    def hang_up(self, toward):
        self.hung_up = True
        (self.client if toward == "client" else self.server).receive_eof()
        self._collect()

    def teardown(self):
        """Where nobody meddled, whoever asked has heard."""
        if not hasattr(self, "client") or not self.honest or self.hung_up or self.client.is_broken:
            return
        self.deliver_everything()
        while self.open_questions:
            self._answer(self.open_questions.pop())
            self.deliver_everything()
        assert self.opened
        assert {serial: self.answered.get(serial) for serial in self.asked} == self.asked

    def _answer(self, asked):
        code = asked.message.c2s.security.code
        response = CAPITAL_FLOW.response()
        response.retType = 0
        response.s2c.flowItemList.add().inFlow = float(code) if code.isascii() and code.isdigit() else -1.0
        self.server.reply(asked, response)
        self._collect()

    # The law.

    def _line(self, toward):
        return self.to_client if toward == "client" else self.to_server

    def _deliver_to_client(self, count):
        if piece := self.to_client.take(count):
            self.client.receive_data(piece, self.now)
        self._collect()

    def _deliver_to_server(self, count):
        if piece := self.to_server.take(count):
            self.server.receive_data(piece)
        self._collect()

    def _collect(self):
        for event in self.client.events_received():
            self._heard_by("client", event)
            match event:
                case Opened():
                    self.opened = True
                case Replied():
                    self._check_reply(event)
                case _:
                    assert isinstance(event, Pushed | Failed | Quiet | Heard | Broken)
        for event in self.server.events_received():
            self._heard_by("server", event)
            if isinstance(event, Asked):
                self._serve(event)
        self.to_server.bytes += b"".join(self.client.data_to_send())
        self.to_client.bytes += b"".join(self.server.data_to_send())
        assert len(self.client.pending) <= len(self.asked) + 50

    def _heard_by(self, end, event):
        assert self.ends[end] is None, f"the {end} heard {event} after its end"
        if not isinstance(event, Broken):
            return
        self.ends[end] = event.error
        assert isinstance(event.error, CapflowError)
        silent = "has sent nothing" in str(event.error)
        assert self.hung_up or not self.honest or silent, f"an honest line ended: {event.error}"

    def _check_reply(self, reply):
        if self.honest:
            (row,) = reply.message.s2c.flowItemList
            self.answered[reply.serial_no] = row.inFlow

    def _serve(self, asked):
        if asked.method in (INIT_CONNECT, INIT_WEBSOCKET) and asked.message is not None and not self.opened:
            self.server.accept(asked, self.welcome)
        elif asked.method is KEEP_ALIVE and asked.message is not None:
            response = KEEP_ALIVE.response()
            response.retType = 0
            response.s2c.time = asked.message.c2s.time
            self.server.reply(asked, response)
        elif asked.method is CAPITAL_FLOW and asked.message is not None:
            self.open_questions.append(asked)
        else:
            self.server.refuse(asked, "未知的协议ID")


test_conversation = Conversation.TestCase
