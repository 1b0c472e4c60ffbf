"""The TCP layout: the same packets from any chunking, a bounded buffer, and every fault final."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.errors import ProtocolError
from pd_capflow.protocol.body import BodyFormat
from pd_capflow.protocol.wire import CLIENT_BODY_LIMIT, HEADER, MAGIC, Packet, TcpWire

LIMIT = 1000

packets = st.builds(
    Packet,
    proto_id=st.integers(0, 2**32 - 1),
    serial_no=st.integers(0, 2**32 - 1),
    body=st.binary(max_size=LIMIT),
    body_format=st.sampled_from(BodyFormat),
)


def _drain(wire):
    found = []
    while (packet := wire.next_packet()) is not None:
        found.append(packet)
    return found


@given(sent=st.lists(packets, max_size=5), cuts=st.lists(st.integers(0, 6000), max_size=20))
def test_any_chunking_gives_the_same_packets(sent, cuts):
    stream = b"".join(TcpWire(LIMIT).pack(packet) for packet in sent)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    wire, received = TcpWire(LIMIT), []
    for start, end in pairwise(edges):
        wire.receive_data(stream[start:end])
        received += _drain(wire)
    assert received == sent


@given(noise=st.binary(min_size=1, max_size=300))
def test_noise_is_a_protocol_error_or_an_unfinished_packet(noise):
    wire = TcpWire(LIMIT)
    wire.receive_data(noise)
    try:
        assert wire.next_packet() is None
        assert noise[:2] == MAGIC[: len(noise)]
    except ProtocolError:
        pass


@given(packet=packets, at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_flipped_byte_never_becomes_another_body(packet, at, flip):
    data = bytearray(TcpWire(LIMIT).pack(packet))
    data[at % len(data)] ^= flip
    wire = TcpWire(LIMIT)
    wire.receive_data(bytes(data))
    try:
        received = wire.next_packet()
    except ProtocolError:
        return
    # Only numbers of the header, which no hash covers, can have changed.
    assert received is None or received.body == packet.body


@pytest.mark.parametrize("first", [b"X", b"FX", b"HTTP/1.1 400 Bad Request", b"ft-v1.0"])
def test_a_wrong_magic_is_known_from_the_first_bytes(first):
    wire = TcpWire(LIMIT)
    wire.receive_data(first)
    with pytest.raises(ProtocolError, match="begins with"):
        wire.next_packet()


@pytest.mark.parametrize("length", [LIMIT + 1, 2**31, 2**32 - 1])
def test_a_body_over_the_limit_is_refused_by_its_header_alone(length):
    wire = TcpWire(LIMIT)
    wire.receive_data(HEADER.pack(MAGIC, 3211, 0, 0, 1, length, bytes(20), bytes(8)))
    with pytest.raises(ProtocolError, match=f"{length} bytes; {LIMIT}"):
        wire.next_packet()


def test_a_client_takes_16_mib():
    assert CLIENT_BODY_LIMIT == 16 * 2**20


def test_an_unknown_format_is_refused():
    wire = TcpWire(LIMIT)
    wire.receive_data(HEADER.pack(MAGIC, 3211, 7, 0, 1, 0, bytes(20), bytes(8)))
    with pytest.raises(ProtocolError, match="format 7"):
        wire.next_packet()


def test_a_wrong_hash_names_the_packet():
    data = bytearray(TcpWire(LIMIT).pack(Packet(3211, 42, b"body")))
    data[-1] ^= 1
    wire = TcpWire(LIMIT)
    wire.receive_data(bytes(data))
    with pytest.raises(ProtocolError, match="SHA-1") as caught:
        wire.next_packet()
    assert caught.value.serial_no == 42


def test_what_was_handed_out_is_not_kept():
    wire = TcpWire(LIMIT)
    for _ in range(100):
        wire.receive_data(wire.pack(Packet(1, 1, b"x" * LIMIT)))
        wire.next_packet()
    assert len(wire._buffer) == 0
