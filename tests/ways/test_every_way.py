"""The same numbers come by every way to a gateway, and what is in the way is told."""

from __future__ import annotations

import socket
import warnings

import pandas as pd
import pytest

import pd_capflow
from pd_capflow.errors import (
    AuthenticationError,
    CapflowWarning,
    ConnectError,
    DisconnectedError,
    HandshakeError,
    ProtocolError,
    QueryError,
    UnknownSecurityError,
)
from pd_capflow.protocol.cipher import Algorithm

CODES = ["HK.00700", "US.AAPL", "SH.600519"]


@pytest.fixture
def expected(gateway_at):
    address, _ = gateway_at()
    return _answers(pd_capflow.connect(address, rate=None))


def _answers(client):
    with client:
        return (
            client.capital_flow(CODES),
            client.capital_flow("HK.00700", "day"),
            client.capital_distribution(CODES),
        )


def _assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("algorithm", [Algorithm.AES_CBC, Algorithm.FTAES_ECB, Algorithm.AES_ECB])
def test_encrypted(gateway_at, rsa_keys, expected, algorithm):
    address, _ = gateway_at(rsa=True, encryption=algorithm)
    client = pd_capflow.connect(address, rsa_key=rsa_keys[0], rate=None)
    assert client._async._lifeline.connection.session.encryption == algorithm.name
    _assert_same(_answers(client), expected)


def test_cbc_is_what_is_asked_for(gateway_at, rsa_keys):
    address, _ = gateway_at(rsa=True)
    with pd_capflow.connect(address, rsa_key=str(rsa_keys[0])) as client:
        assert client._async._lifeline.connection.session.encryption == "AES_CBC"


@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("key", [None, "密钥 abc123"])
def test_websocket(gateway_at, certificate, expected, scheme, key):
    address, _ = gateway_at(scheme, websocket_key=key or "")
    ca_file = certificate[0] if scheme == "wss" else None
    _assert_same(_answers(pd_capflow.connect(address, key=key, ca_file=ca_file, rate=None)), expected)


def test_a_gateway_with_a_key_lets_plain_clients_in(gateway_at, expected):
    address, _ = gateway_at(rsa=True)
    _assert_same(_answers(pd_capflow.connect(address, rate=None)), expected)


def test_refusals_and_demo_notes_come_through_a_websocket(gateway_at):
    address, _ = gateway_at("ws")
    with pd_capflow.connect(address) as client:
        with pytest.raises(UnknownSecurityError):
            client.capital_flow("HK.99999")
        assert client.capital_flow("HK.00700").attrs["capflow"]["source"] == {"url": address, "demo": True}


@pytest.mark.parametrize("scheme", ["tcp", "ws"])
def test_a_lost_connection_is_made_again(gateway_at, rsa_keys, scheme):
    options = {"rsa_key": rsa_keys[0]} if scheme == "tcp" else {"key": "k"}
    address, gateway = gateway_at(scheme, rsa=scheme == "tcp", websocket_key="k")
    with pd_capflow.connect(address, rate=None, **options) as client:
        first = client.capital_flow("HK.00700")
        for session in list(gateway._sessions):
            client._portal.loop.call_soon_threadsafe(session.hang_up)
        pd.testing.assert_frame_equal(client.capital_flow("HK.00700"), first)


class TestWhatIsInTheWay:
    def test_another_key_than_the_gateways(self, gateway_at, rsa_keys):
        address, _ = gateway_at(rsa=True)
        with pytest.raises(
            HandshakeError, match=r"InitConnect\. Does the gateway hold the same RSA key\? If"
        ):
            pd_capflow.connect(address, rsa_key=rsa_keys[1], timeout=5)

    def test_a_key_where_the_gateway_has_none(self, gateway_at, rsa_keys):
        address, _ = gateway_at()
        with pytest.raises(HandshakeError, match=r"\? If it has none, leave rsa_key out$"):
            pd_capflow.connect(address, rsa_key=rsa_keys[0], timeout=5)

    @pytest.mark.parametrize("key", [None, "wrong", ""])
    def test_a_wrong_websocket_key(self, gateway_at, key):
        address, _ = gateway_at("ws", websocket_key="right")
        with pytest.raises(AuthenticationError, match="key=") as caught:
            pd_capflow.connect(address, key=key, timeout=5)
        assert "wrong" not in str(caught.value)

    def test_a_certificate_that_does_not_verify(self, gateway_at):
        address, _ = gateway_at("wss")
        with pytest.raises(ConnectError, match=r"does not verify.*ca_file"):
            pd_capflow.connect(address, timeout=5)

    def test_tls_where_there_is_none(self, gateway_at):
        address, _ = gateway_at("ws")
        with pytest.raises(ConnectError, match=r"is it ws:// and not wss://\? Start OpenD there, or"):
            pd_capflow.connect(address.replace("ws:", "wss:"), timeout=1)

    def test_a_websocket_where_there_is_tcp(self, gateway_at):
        address, _ = gateway_at()
        with pytest.raises(HandshakeError):
            pd_capflow.connect(address.replace("tcp:", "ws:"), timeout=5)

    def test_tcp_where_there_is_a_websocket(self, gateway_at):
        address, _ = gateway_at("ws")
        with pytest.raises((HandshakeError, ProtocolError)):
            pd_capflow.connect(address.replace("ws:", "tcp:"), timeout=5)

    def test_a_web_server(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            import threading

            def serve():
                there, _ = server.accept()
                with there:
                    there.recv(4096)
                    there.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

            thread = threading.Thread(target=serve)
            thread.start()
            with pytest.raises(HandshakeError, match="404"):
                pd_capflow.connect(f"ws://127.0.0.1:{server.getsockname()[1]}", timeout=5)
            thread.join()

    def test_a_gateway_that_has_gone(self, gateway_at):
        address, gateway = gateway_at("ws")
        client = pd_capflow.connect(address, timeout=5)
        client._portal.run(gateway.close())
        with client, pytest.raises((DisconnectedError, ConnectError)):
            client.capital_flow("HK.00700")


class TestBadSettings:
    @pytest.mark.parametrize(
        ("url", "options", "reason"),
        [
            ("tcp://127.0.0.1:1", {"key": "k"}, "a key is for ws"),
            ("ws://127.0.0.1:1", {"rsa_key": "k.pem"}, "an RSA key is for tcp"),
            ("demo://", {"rsa_key": "k.pem"}, "an RSA key is for tcp"),
            ("ws://127.0.0.1:1", {"ca_file": "c.pem"}, "certificates are for wss"),
            ("ws://127.0.0.1", {}, "names no port"),
            ("ftp://127.0.0.1:1", {}, "no known scheme"),
            ("ws://127.0.0.1:1", {"key": b"k"}, "expected text"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, url, options, reason):
        with pytest.raises(QueryError, match=reason):
            pd_capflow.connect(url, **options)

    def test_keys_of_other_addresses_are_left_alone(self, gateway_at, monkeypatch):
        monkeypatch.setenv("PD_CAPFLOW_KEY", "for another gateway")
        address, _ = gateway_at()
        pd_capflow.connect(address).close()
        pd_capflow.configure(url="ws://127.0.0.1:1", key="for that one")
        pd_capflow.connect(address).close()

    def test_a_key_is_shown_nowhere(self, gateway_at):
        address, _ = gateway_at("ws", websocket_key="Tr0ub4dor")
        with pd_capflow.connect(address, key="Tr0ub4dor") as client:
            frame = client.capital_flow("HK.00700")
            shown = f"{client!r} {client.settings!r} {client._async._lifeline.connection!r} {frame.attrs}"
        assert "Tr0ub4dor" not in shown

    @pytest.mark.parametrize(
        ("contents", "reason"), [(None, "No such file"), (b"rubbish", "no private key in PEM")]
    )
    def test_a_key_file_that_is_none(self, gateway_at, tmp_path, contents, reason):
        address, gateway = gateway_at(rsa=True)
        path = tmp_path / "key.pem"
        if contents is not None:
            path.touch(mode=0o600)
            path.write_bytes(contents)
        with pytest.raises(QueryError, match=reason) as caught:
            pd_capflow.connect(address, rsa_key=path)
        assert str(path) in str(caught.value)
        assert gateway.connections == 0

    def test_a_key_file_that_others_can_read(self, gateway_at, rsa_keys, tmp_path):
        address, _ = gateway_at(rsa=True)
        path = tmp_path / "key.pem"
        path.write_bytes(rsa_keys[0].read_bytes())
        path.chmod(0o644)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            pd_capflow.connect(address, rsa_key=path).close()
        assert [warning.category for warning in caught] == [CapflowWarning]
        assert "chmod 600" in str(caught[0].message)

    @pytest.mark.parametrize("contents", [None, b"rubbish"])
    def test_certificates_that_are_none(self, tmp_path, contents):
        path = tmp_path / "ca.pem"
        if contents is not None:
            path.write_bytes(contents)
        with pytest.raises(QueryError, match="ca_file"):
            pd_capflow.connect("wss://127.0.0.1:1", ca_file=path)
