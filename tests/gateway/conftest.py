"""A gateway on a loopback port, and a client that is nothing but a socket and a conversation."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import pytest

from pd_capflow.client.portal import current_portal
from pd_capflow.gateway import Clock, Gateway
from pd_capflow.protocol.conversation import ClientConversation
from pd_capflow.protocol.wire import CLIENT_BODY_LIMIT, Packet, TcpWire

HALF_PAST_ELEVEN_IN_HONG_KONG = datetime(2025, 6, 4, 3, 30, 20, tzinfo=UTC)


@pytest.fixture
def gateway_at():
    """Start a gateway whose clock stands still, and return it and its address."""
    portal = current_portal()
    started = []

    def start(**options):
        clock = Clock(HALF_PAST_ELEVEN_IN_HONG_KONG, speed=0)
        gateway = Gateway(**({"clock": clock, "limit": None} | options))
        started.append(gateway)
        return gateway, portal.run(gateway.listen(port=0))

    yield start
    for gateway in started:
        portal.run(gateway.close())


class RawClient:
    """Sends and receives packets, and blocks until they are there."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=20)
        self.wire = TcpWire(CLIENT_BODY_LIMIT)
        self.conversation = ClientConversation()

    def send(self, data):
        self.socket.sendall(data)

    def packet(self):
        """Return the next packet, or None at the end of the connection."""
        while (packet := self.wire.next_packet()) is None:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.wire.receive_data(data)
        return packet

    def open(self):
        """Shake hands and return the response's body."""
        self.conversation.open()
        self.send(b"".join(self.conversation.data_to_send()))
        return self.packet().body

    def ask(self, method, message, serial_no=7):
        """Ask and return the response message."""
        body = message.SerializeToString() if hasattr(message, "SerializeToString") else message
        self.send(self.wire.pack(Packet(method.proto_id, serial_no, body)))
        packet = self.packet()
        assert (packet.proto_id, packet.serial_no) == (method.proto_id, serial_no)
        return method.response.FromString(packet.body)

    def close(self):
        self.socket.close()


@pytest.fixture
def raw():
    """Connect to an address."""
    clients = []

    def connect(address, *, opened=True):
        client = RawClient(address)
        clients.append(client)
        if opened:
            client.open()
        return client

    yield connect
    for client in clients:
        client.close()
