"""``connect(..., capture=FILE)``, and a gateway that plays a capture back."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pd_capflow
from pd_capflow.__main__ import main
from pd_capflow.client import capture as capture_module
from pd_capflow.errors import (
    AuthenticationError,
    CapflowError,
    ConnectError,
    GatewayError,
    ProtocolError,
    QueryError,
    RateLimitError,
    UnknownSecurityError,
)
from pd_capflow.gateway import Gateway, Limit, Playback, PlaybackGateway
from pd_capflow.protocol.handshake import hashed_key
from pd_capflow.protocol.messages import INIT_CONNECT, METHODS
from pd_capflow.protocol.transcript import event_line, packet_line, read_line
from pd_capflow.protocol.wire import Packet

CODES = ["HK.00700", "US.AAPL", "SH.600519"]
DAYS = ("day", "2025-01-06", "2025-01-10")
RECENT = ("day", "2026-01-05", "2026-01-09")  # demo:// goes by today, and back a year
KEY = "5entinel-of-the-websocket"


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def bodies_of(path):
    """The bodies of a capture as one, for what may not be in any of them."""
    return b"|".join(base64.b64decode(line.get("body") or "") for line in lines_of(path))


def talk(client):
    """Ask what a bug report may hold; return frames and errors."""
    found = [client.capital_flow(CODES), client.capital_flow("HK.00700", *DAYS)]
    found += [client.capital_distribution(CODES), client.history("HK.00700", *DAYS)]
    found += [client.watchlists(), client.capital_flow(["HK.00700", "HK.99999"], errors="collect")]
    for code in ("HK.99999", "HK.800000"):
        with pytest.raises(GatewayError) as caught:
            client.capital_flow(code)
        found.append(caught.value)
    return found


def assert_equal(first, second):
    """Frames and errors are those, but for where they come from."""
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        if isinstance(one, Exception):
            assert (type(one), str(one), vars(one)) == (type(other), str(other), vars(other))
        else:
            pd.testing.assert_frame_equal(one, other)
            facts, others = (dict(each.attrs.get("capflow", {})) for each in (one, other))
            facts.pop("source", None), others.pop("source", None)
            assert facts == others


@pytest.fixture
def played_back(gateway_at):
    """Serve a capture, and return its address."""

    def start(path, scheme="tcp", **options):
        playback = Playback.read(path)
        return gateway_at(scheme, kind=lambda **o: PlaybackGateway(playback, **o), **options)[0]

    return start


@pytest.fixture(params=["tcp", "rsa", "ws", "wss"])
def way(request, gateway_at, rsa_keys, certificate):
    """A gateway that is reached in one way, what it takes to reach it, and the gateway."""
    way = request.param
    if way == "tcp":
        url, gateway = gateway_at()
        return url, {}, gateway
    if way == "rsa":
        url, gateway = gateway_at(rsa=True)
        return url, {"rsa_key": rsa_keys[0]}, gateway
    url, gateway = gateway_at(way, websocket_key=KEY)
    return url, {"key": KEY} | ({"ca_file": certificate[0]} if way == "wss" else {}), gateway


def test_what_was_captured_is_played_back(way, tmp_path, played_back):
    """The same questions get the same frames and the same errors, in whatever way they were asked."""
    url, options, _ = way
    path = tmp_path / "talk.jsonl"
    with pd_capflow.connect(url, rate=None, capture=path, **options) as client:
        then = talk(client)
    with pd_capflow.connect(played_back(path), rate=None) as client:
        assert_equal(then, talk(client))


def test_no_secret_is_in_it(way, tmp_path, monkeypatch, rsa_keys):
    url, options, _ = way
    path = tmp_path / "talk.jsonl"
    told = []
    for name in ("welcome", "welcome_websocket"):
        monkeypatch.setattr(Gateway, name, _noting(getattr(Gateway, name), told))
    with pd_capflow.connect(url, rate=None, capture=path, **options) as client:
        client.capital_flow("HK.00700")
        client.state()
    (session,) = told
    secrets = [KEY, hashed_key(KEY), str(rsa_keys[0]), str(session.connID)]
    secrets += [getattr(session, name, "") for name in ("connAESKey", "aesCBCiv")]
    seen = path.read_bytes() + bodies_of(path)
    for secret in filter(None, secrets):
        assert secret.encode() not in seen
    opening = next(line for line in lines_of(path) if line.get("way") == "<")
    method = METHODS[opening["proto_id"]]
    kept = method.response.FromString(base64.b64decode(opening["body"])).s2c
    assert kept.connID == 0
    assert getattr(kept, "loginUserID", 0) == 0
    assert session.demo == kept.demo


def _noting(welcome, told):
    def noted(self, *arguments):
        response = welcome(self, *arguments)
        told.append(response.s2c)
        return response

    return noted


def test_a_refusal_that_echoes_the_key_is_captured_without_it(tmp_path, scripted):
    """Whatever a gateway answers to the opening, what looks like a key or a number is not in the file."""

    def echo(peer):
        asked = peer.asked()
        response = asked.method.response(retType=-1, retMsg=f"user 12345678 has no key {hashed_key(KEY)}")
        peer.reply(asked, response)
        peer.until_gone()

    path = tmp_path / "talk.jsonl"
    with pytest.raises(AuthenticationError):
        pd_capflow.connect(scripted(echo, layout="ws").url, key=KEY, capture=path)
    seen = path.read_bytes() + bodies_of(path)
    assert b"has no key" in seen
    for secret in (KEY, hashed_key(KEY), "12345678"):
        assert secret.encode() not in seen


def test_a_body_that_holds_the_key_is_left_out():
    method = next(method for method in METHODS.values() if method.name == "Qot_GetCapitalFlow")
    body = method.response(retType=-1, retMsg=f"so {KEY}").SerializeToString()
    line = json.loads(packet_line("<", 0.0, 1, Packet(3211, 5, body), [KEY.encode()]))
    assert (line["body"], line["size"]) == (None, len(body))


def test_a_header_that_echoes_a_part_of_the_key_is_captured_without_it():
    """A header holds 20 letters, so the whole of a key may not be in it."""
    secrets = [b"opensesame-and-more"]
    for text, kept in (("no key opensesame-a", "#"), ("no key OPENSES", "#"), ("auth failed", "auth failed")):
        line = json.loads(packet_line("<", 0.0, 1, Packet(1, 1, b"", error=1, error_text=text), secrets))
        assert line["error_text"] == kept
        assert json.loads(event_line(0.0, 1, text, secrets))["text"] == kept


@pytest.mark.parametrize("proto_id", [2208, 2218, 9999])
def test_what_we_do_not_know_is_left_out(proto_id):
    """A push of a trade tells of the account: its packet is noted, its body is not."""
    line = json.loads(packet_line("<", 0.0, 1, Packet(proto_id, 5, b"order of account 281756")))
    assert (line["proto_id"], line["body"], line["size"]) == (proto_id, None, 23)


def test_an_opening_that_cannot_be_read_is_left_out():
    assert json.loads(packet_line("<", 0.0, 1, Packet(1001, 1, b"\x00key")))["body"] is None
    ended = INIT_CONNECT.response(retType=0, retMsg="")
    ended.s2c.serverVer, ended.s2c.loginUserID, ended.s2c.connID = 1011, 281756, 77
    ended.s2c.connAESKey, ended.s2c.keepAliveInterval = "0123456789abcdef", 10
    later = ended.SerializeToString() + b"\xca\x3e\x06281756"  # a field that we do not know
    kept = base64.b64decode(json.loads(packet_line("<", 0.0, 1, Packet(1001, 1, later)))["body"])
    assert b"281756" not in kept
    assert b"0123456789abcdef" not in kept


def test_the_head_says_what_it_is_and_from_where(gateway_at, tmp_path):
    url, _ = gateway_at()
    path = tmp_path / "talk.jsonl"
    with pd_capflow.connect(url, capture=str(path)):
        pass
    head = lines_of(path)[0]
    assert (head["format"], head["version"], head["addresses"]) == ("pd_capflow capture", 1, [url])
    assert head["pd_capflow"] == pd_capflow.__version__
    assert pd.Timestamp(head["began"]).tzinfo is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert lines_of(path)[-1]["text"].startswith("ended, DisconnectedError")


def test_an_async_client_captures_too(gateway_at, tmp_path):
    url, _ = gateway_at()
    path = tmp_path / "talk.jsonl"

    async def main():
        async with await pd_capflow.connect_async(url, capture=path) as client:
            await client.capital_flow("HK.00700", *DAYS)

    asyncio.run(main())
    assert [line["proto_id"] for line in lines_of(path) if line.get("way") == "<"] == [1001, 3211]


def test_several_gateways_are_one_capture(gateway_at, tmp_path, played_back):
    urls = [gateway_at()[0] for _ in range(2)]
    path = tmp_path / "talk.jsonl"
    with pd_capflow.connect(urls, rate=None, capture=path) as client:
        then = client.capital_flow(CODES, *DAYS)
    assert lines_of(path)[0]["addresses"] == urls
    with pd_capflow.connect(played_back(path), rate=None) as client:
        pd.testing.assert_frame_equal(client.capital_flow(CODES, *DAYS), then)


def test_a_lost_connection_and_the_next_are_told_apart(scripted, kit, tmp_path):
    def hang_up(peer):
        peer.handshake()
        peer.asked()

    path = tmp_path / "talk.jsonl"
    with pd_capflow.connect(scripted(hang_up).url, rate=None, capture=path) as client:
        assert kit.has_value(client.capital_flow("HK.00700"), "HK.00700")
    asked = [line for line in lines_of(path) if line.get("proto_id") == 3211]
    assert [(line["way"], line["connection"]) for line in asked] == [(">", 1), (">", 2), ("<", 2)]
    assert any("ended, DisconnectedError" in line.get("text", "") for line in lines_of(path))


# A file that cannot be had.


def test_nobody_listens_and_the_file_says_so(tmp_path):
    path = tmp_path / "talk.jsonl"
    with pytest.raises(ConnectError):
        pd_capflow.connect("tcp://127.0.0.1:1", capture=path)
    assert [line["text"] for line in lines_of(path)[1:]] == ["connecting to tcp://127.0.0.1:1"]


@pytest.mark.parametrize("name", ["no/such/folder/talk.jsonl", ".", "nul\0name"])
def test_a_file_that_cannot_be_written_is_an_error_before_anything_is_asked(name, tmp_path, scripted):
    gateway = scripted()
    path = Path(os.fspath(tmp_path), name)
    with pytest.raises(QueryError, match="capture="):
        pd_capflow.connect(gateway.url, capture=path)
    assert gateway.connections == 0


@pytest.mark.parametrize("value", [7, "", True, b""])
def test_what_is_no_path_is_refused(value):
    with pytest.raises(QueryError, match="path of a file"):
        pd_capflow.connect("demo://", capture=value)


def test_a_file_that_is_no_capture_is_left_alone(tmp_path):
    path = tmp_path / "diary.txt"
    path.write_text("dear diary\n")
    with pytest.raises(QueryError, match="no capture"):
        pd_capflow.connect("demo://", capture=path)
    assert path.read_text() == "dear diary\n"


def test_a_capture_that_is_there_is_written_anew(tmp_path):
    path = tmp_path / "talk.jsonl"
    for _ in range(2):
        with pd_capflow.connect("demo://", capture=path):
            pass
        assert [line.get("way") for line in lines_of(path)] == [None, "=", ">", "<", "="]


def test_a_full_disk_at_the_beginning_is_an_error(tmp_path, monkeypatch):
    _fill_up(monkeypatch, tmp_path / "talk.jsonl", more=100)
    with pytest.raises(QueryError, match="is the disk full"):
        pd_capflow.connect("demo://", capture=tmp_path / "talk.jsonl")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_what_is_no_ordinary_file_is_refused(tmp_path):
    """A pipe would have to be read by somebody, and a device keeps nothing."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/null"):
        with pytest.raises(QueryError, match="no ordinary file"):
            pd_capflow.connect("demo://", capture=path)


def test_a_disk_that_fills_up_costs_no_answer(tmp_path, monkeypatch, caplog):
    """Capturing stops with a whole line and one warning; fetching goes on."""
    path = tmp_path / "talk.jsonl"
    with pd_capflow.connect("demo://", capture=path) as client:
        _fill_up(monkeypatch, path, more=60)
        frames = [client.capital_flow("HK.00700", *RECENT) for _ in range(2)]
    assert len(frames[1]) == 5
    assert [line.get("way") for line in lines_of(path)] == [None, "=", ">", "<"]
    assert caplog.text.count("stops: No space left on device") == 1


def _fill_up(monkeypatch, path, more):
    """Let the disk hold so many bytes more: a write is cut short, and the next fails."""
    size = (path.stat().st_size if path.exists() else 0) + more
    write = os.write

    def short(file, data):
        room = size - path.stat().st_size
        if room <= 0:
            raise OSError(28, "No space left on device")
        return write(file, data[:room])

    monkeypatch.setattr(capture_module.os, "write", short)


def test_a_capture_is_bounded(tmp_path, caplog, monkeypatch):
    path = tmp_path / "talk.jsonl"
    monkeypatch.setattr(capture_module, "LARGEST", 9000)
    monkeypatch.setattr(capture_module.Capture.__init__, "__kwdefaults__", {"largest": 9000})
    with pd_capflow.connect("demo://", rate=None, capture=path) as client:
        for _ in range(12):
            client.capital_flow("HK.00700", *RECENT)
    assert path.stat().st_size <= 9000
    assert "the capture ends here" in lines_of(path)[-1]["text"]
    assert caplog.text.count("is full") == 1


# Playing back.


def test_repeated_questions_get_their_answers_in_order_and_then_the_last(
    scripted, kit, tmp_path, played_back
):
    def answer(peer):
        peer.handshake()
        for value in (1.0, 2.0, 3.0):
            asked = peer.asked()
            peer.reply(asked, kit.good_response(asked, value))
        peer.until_gone()

    path = tmp_path / "talk.jsonl"
    with pd_capflow.connect(scripted(answer).url, rate=None, capture=path) as client:
        for _ in range(3):
            client.capital_flow("HK.00700")
    with pd_capflow.connect(played_back(path), rate=None) as client:
        found = [client.capital_flow("HK.00700")["in_flow"].iloc[0] for _ in range(5)]
        assert found == [1.0, 2.0, 3.0, 3.0, 3.0]
        source = client.capital_flow("HK.00700").attrs["capflow"]["source"]
        assert not source["demo"]
        assert source["recorded"].startswith("a capture of tcp://127.0.0.1:")
        assert source["recorded"].endswith("(real data)")


def test_the_demo_says_that_it_is_one_when_it_is_played_back(gateway_at, tmp_path, played_back):
    path = tmp_path / "talk.jsonl"
    with pd_capflow.connect(gateway_at()[0], capture=path) as client:
        client.capital_flow("HK.00700", *DAYS)
    assert "invented data" in Playback.read(path).origin
    for scheme in ("tcp", "ws"):
        with pd_capflow.connect(played_back(path, scheme)) as client:
            source = client.capital_flow("HK.00700", *DAYS).attrs["capflow"]["source"]
            assert source["demo"]
            assert source["recorded"].endswith("(invented data)")


def test_what_was_never_asked_is_refused_and_what_was_is_told(tmp_path, played_back):
    path = tmp_path / "talk.jsonl"
    with pd_capflow.connect("demo://", capture=path) as client:
        client.capital_flow("HK.00700", *RECENT)
    with pd_capflow.connect(played_back(path)) as client:
        with pytest.raises(GatewayError, match=r'HK.09988.*no answer.*never asked in it.*"00700"'):
            client.capital_flow("HK.09988", *RECENT)
        with pytest.raises(GatewayError, match="Qot_GetCapitalDistribution"):
            client.capital_distribution("HK.00700")
        assert len(client.capital_flow("HK.00700", *RECENT)) == 5


def test_a_refusal_for_asking_too_often_comes_when_it_came(gateway_at, tmp_path, played_back):
    url, _ = gateway_at(limit=Limit(2, 30.0))
    path = tmp_path / "talk.jsonl"
    with pd_capflow.connect(url, rate=None, capture=path) as client:
        then = [_tried(client) for _ in range(3)]
    assert isinstance(then[2], RateLimitError)
    with pd_capflow.connect(played_back(path), rate=None) as client:
        assert_equal(then, [_tried(client) for _ in range(3)])


def _tried(client):
    try:
        return client.capital_flow("HK.00700", *DAYS)
    except RateLimitError as error:
        return error


def test_a_broken_answer_is_broken_again(scripted, kit, tmp_path, played_back):
    """A bug report about an answer that cannot be read is of use only if it comes as it came."""

    def garble(peer):
        peer.handshake()
        asked = peer.asked()
        peer.send(kit.pack(Packet(asked.packet.proto_id, asked.packet.serial_no, b"\x08\xff")))
        peer.until_gone()

    path = tmp_path / "talk.jsonl"
    with (
        pd_capflow.connect(scripted(garble).url, rate=None, capture=path) as client,
        pytest.raises(ProtocolError, match="a body of 2 bytes"),
    ):
        client.capital_flow("HK.00700")
    with (
        pd_capflow.connect(played_back(path), rate=None) as client,
        pytest.raises(ProtocolError, match="a body of 2 bytes"),
    ):
        client.capital_flow("HK.00700")


def test_a_question_that_got_no_answer_is_refused(scripted, tmp_path, played_back):
    def hang_up(peer):
        peer.handshake()
        peer.asked()

    path = tmp_path / "talk.jsonl"
    gateway = scripted(hang_up, hang_up)
    with (
        pd_capflow.connect(gateway.url, rate=None, capture=path) as client,
        pytest.raises(CapflowError),
    ):
        client.capital_flow("HK.00700")
    with pd_capflow.connect(played_back(path)) as client, pytest.raises(GatewayError, match="no answer came"):
        client.capital_flow("HK.00700")


# Captures from strangers.


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    """The lines of a small capture."""
    path = tmp_path_factory.mktemp("capture") / "talk.jsonl"
    with pd_capflow.connect("demo://", capture=path) as client:
        client.capital_flow("HK.00700", *RECENT)
        with pytest.raises(UnknownSecurityError):
            client.capital_flow("HK.99999")
    return path.read_bytes().splitlines(keepends=True)


def spoilt(line, **told):
    return json.dumps(json.loads(line) | told).encode() + b"\n"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"way": "?"}, "way is"),
        ({"way": None}, "way is missing"),
        ({"at": "now"}, "at is missing, or of the wrong type"),
        ({"connection": True}, "connection"),
        ({"proto_id": -1}, "out of range"),
        ({"proto_id": 1e9}, "proto_id"),
        ({"serial_no": 2**32}, "out of range"),
        ({"format": 7}, "format is 7"),
        ({"body": "@@@"}, "no base64"),
        ({"body": 5}, "body"),
        ({"body": "AAAA"}, "a body of 3 bytes is no Qot_GetCapitalFlow.Request"),
    ],
)
def test_a_spoilt_line_is_named(captured, tmp_path, told, why):
    path = tmp_path / "talk.jsonl"
    number = next(n for n, line in enumerate(captured) if json.loads(line).get("proto_id") == 3211)
    path.write_bytes(
        b"".join([*captured[:number], spoilt(captured[number], **told), *captured[number + 1 :]])
    )
    with pytest.raises(CapflowError, match=f"talk.jsonl, line {number + 1}: .*{why}"):
        Playback.read(path)


@pytest.mark.parametrize(
    "head", [b"", b"\n", b"[]\n", b"{}\n", b"\xff\xfe\n", b'{"format": "har"}\n', b"[" * 100_000 + b"\n"]
)
def test_a_file_that_is_no_capture_is_refused(head, tmp_path):
    path = tmp_path / "talk.jsonl"
    path.write_bytes(head)
    with pytest.raises(CapflowError, match="line 1: this is no capture"):
        Playback.read(path)


def test_a_capture_of_another_version_is_refused(captured, tmp_path):
    path = tmp_path / "talk.jsonl"
    path.write_bytes(spoilt(captured[0], version=2) + b"".join(captured[1:]))
    with pytest.raises(CapflowError, match="version 2; this pd_capflow reads 1"):
        Playback.read(path)


def test_a_line_without_end_is_refused_before_it_is_all_read(captured, tmp_path):
    path = tmp_path / "talk.jsonl"
    path.write_bytes(captured[0])
    with path.open("ab") as file:
        file.truncate(40 * 1024 * 1024)
    with pytest.raises(CapflowError, match="line 2: it is longer than"):
        Playback.read(path)


def test_a_capture_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CapflowError, match=r"none.jsonl: No such file"):
        Playback.read(tmp_path / "none.jsonl")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_the_bytes_it_is_read_or_refused(captured, tmp_path, data):
    """Cut, or with bytes changed: there is a playback, or a CapflowError, and nothing else."""
    whole = bytearray(b"".join(captured))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "talk.jsonl"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(CapflowError):
        assert "data)" in Playback.read(path).origin


KNOWN = [proto_id for proto_id in METHODS if proto_id not in (1, 1001, 1002)]


@given(st.sampled_from(KNOWN), st.integers(0, 2**32 - 1), st.binary(max_size=50), st.integers(0, 5))
def test_a_packet_of_no_opening_comes_back_as_it_was(proto_id, serial_no, body, error):
    packet = Packet(proto_id, serial_no, body, error=error, error_text="refused" if error else "")
    line = read_line(packet_line("<", 1.5, 3, packet))
    assert (line.way, line.at, line.connection, line.packet, line.is_whole) == ("<", 1.5, 3, packet, True)


# The command.


def test_the_command_serves_a_capture_and_says_where_it_is_from(captured, tmp_path):
    path = tmp_path / "talk.jsonl"
    path.write_bytes(b"".join(captured))
    command = [sys.executable, "-m", "pd_capflow", "gateway", "--port", "0", "--playback", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        told = serving.stdout.readline()
        url = re.search(r"tcp://[\d.]+:\d+", told)[0]
        try:
            with pd_capflow.connect(url) as client:
                assert len(client.capital_flow("HK.00700", *RECENT)) == 5
        finally:
            serving.terminate()
    assert "(a capture of demo://" in told
    assert "(invented data)" in told
    assert serving.returncode == 0


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        (["--playback", "none.jsonl"], 1, "none.jsonl: No such file"),
        (["--playback", "none.jsonl", "--seed", "3"], 2, "--seed"),
    ],
)
def test_the_command_refuses_what_it_cannot_play_back(options, code, why, capsys):
    assert main(["gateway", "--port", "0", *options]) == code
    assert why in capsys.readouterr().err
