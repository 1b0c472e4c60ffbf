"""No connection: which address, what is wrong with it, and what to do; within the deadline."""

from __future__ import annotations

import contextlib
import socket

import pytest

import pd_capflow
from pd_capflow.errors import ConnectError, TransportError

CODE = "HK.00700"


@pytest.fixture
def deaf_port():
    """A port that nobody listens on, and that nobody else takes meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def full_port():
    """A port with a full queue: attempts to connect are left without an answer."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_nobody_listens(deaf_port, kit):
    url = f"tcp://127.0.0.1:{deaf_port}"
    with kit.within(5), pytest.raises(ConnectError) as caught:
        pd_capflow.connect(url)
    text = str(caught.value)
    assert url in text
    assert "OpenD" in text
    assert "demo://" in text
    assert caught.value.address == url
    assert isinstance(caught.value, TransportError)
    assert isinstance(caught.value, OSError)
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_a_call_says_the_same_as_connecting(deaf_port, make_client, kit):
    client = make_client(f"tcp://127.0.0.1:{deaf_port}")
    for _ in range(2):
        with kit.within(5), pytest.raises(ConnectError, match=f":{deaf_port}.*OpenD.*demo://"):
            client.capital_flow(CODE)


def test_a_call_works_once_somebody_listens(gateway, make_client, kit):
    there = gateway()
    there.stop_listening()
    client = make_client(there)
    with pytest.raises(ConnectError):
        client.capital_flow(CODE)
    with socket.create_server(("127.0.0.1", there.port)) as listener:
        call = kit.background(client.capital_flow, CODE)
        listener.settimeout(kit.bound)
        sock, _ = listener.accept()
        peer = kit.peer(there, sock, 0)
        peer.handshake()
        peer.reply(peer.asked())
        assert kit.has_value(call.result(kit.bound), CODE)
        sock.close()


@pytest.mark.parametrize(
    "host", ["no-such-host.invalid", "a.b.c.invalid", "host..invalid", "x" * 70 + ".invalid"]
)
def test_no_such_host(host, kit):
    url = f"tcp://{host}:11111"
    with kit.within(15), pytest.raises(ConnectError) as caught:
        pd_capflow.connect(url)
    text = str(caught.value)
    assert url in text
    assert "OpenD" in text
    assert "demo://" in text


def test_no_answer_to_the_attempt(full_port, kit):
    url = f"tcp://127.0.0.1:{full_port}"
    with kit.within(5), pytest.raises(ConnectError, match="no answer") as caught:
        pd_capflow.connect(url, timeout=0.5)
    assert url in str(caught.value)
    assert caught.value.address == url


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("tcp", "no answer to the attempt to connect. Start OpenD there"),
        ("wss", "no answer to the attempt to connect; is it ws:// and not wss://? Start OpenD there"),
    ],
)
def test_the_reason_is_a_sentence_with_one_end(full_port, scheme, said):
    with pytest.raises(ConnectError) as caught:
        pd_capflow.connect(f"{scheme}://127.0.0.1:{full_port}", timeout=0.2)
    assert said in str(caught.value)


def test_a_host_with_several_addresses_is_tried_through(gateway, connect, kit):
    """``localhost`` may be ``::1`` first, where nobody listens."""
    there = gateway()
    client = connect(f"tcp://localhost:{there.port}")
    assert kit.has_value(client.capital_flow(CODE), CODE)


def test_a_slow_resolver_does_not_hold_the_call_up(monkeypatch, kit):
    """The system's resolver cannot be interrupted; the call is, at its deadline."""
    import threading

    answered = threading.Event()

    def never(*args, **options):
        answered.wait(kit.bound)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    try:
        with kit.within(5), pytest.raises(ConnectError, match=r"slow\.invalid"):
            pd_capflow.connect("tcp://slow.invalid:11111", timeout=0.5)
    finally:
        answered.set()
        for thread in threading.enumerate():
            if thread.name == "pd_capflow-resolver":
                thread.join(kit.bound)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_address_of_version_6(kit):
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 loopback here")
    port = listener.getsockname()[1]
    listener.close()
    with kit.within(5), pytest.raises(ConnectError) as caught:
        pd_capflow.connect(f"tcp://[::1]:{port}")
    assert f"tcp://[::1]:{port}" in str(caught.value)
