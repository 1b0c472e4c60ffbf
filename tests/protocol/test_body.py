"""Bodies: both formats, and nothing but `ProtocolError` for what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.errors import ProtocolError
from pd_capflow.protocol.body import BodyFormat, decode_body, encode_body
from pd_capflow.protocol.messages import CAPITAL_FLOW, INIT_CONNECT, KEEP_ALIVE, METHODS


def _welcome():
    response = INIT_CONNECT.response()
    response.retType = 0
    response.s2c.serverVer = 1011
    response.s2c.loginUserID = 10_000_001
    response.s2c.connID = 7_000_000_000_000_000_001
    response.s2c.connAESKey = "0123456789abcdef"
    response.s2c.keepAliveInterval = 10
    return response


@pytest.mark.parametrize("body_format", BodyFormat)
def test_a_message_comes_back(body_format):
    message = _welcome()
    assert decode_body(INIT_CONNECT.response, encode_body(message, body_format), body_format) == message


def test_json_keeps_the_vendors_names_and_writes_wide_integers_as_text():
    text = encode_body(_welcome(), BodyFormat.JSON).decode()
    assert '"connID": "7000000000000000001"' in text


def test_json_reads_wide_integers_as_numbers_too():
    body = b'{"retType":0,"s2c":{"time":1700000000}}'
    assert decode_body(KEEP_ALIVE.response, body, BodyFormat.JSON).s2c.time == 1_700_000_000


@pytest.mark.parametrize("body_format", BodyFormat)
def test_a_missing_required_field_is_an_error(body_format):
    body = b"{}" if body_format is BodyFormat.JSON else b""
    with pytest.raises(ProtocolError, match="required"):
        decode_body(CAPITAL_FLOW.response, body, body_format)


def test_a_missing_required_field_inside_is_an_error():
    with pytest.raises(ProtocolError, match="inFlow"):
        decode_body(CAPITAL_FLOW.response, bytes.fromhex("0800 2202 0a00"), BodyFormat.PROTOBUF)


@pytest.mark.parametrize("body_format", BodyFormat)
@given(body=st.binary(max_size=200), proto_id=st.sampled_from(sorted(METHODS)))
def test_noise_is_a_message_or_a_protocol_error_and_nothing_else(body_format, body, proto_id):
    message_class = METHODS[proto_id].response
    try:
        message = decode_body(message_class, body, body_format)
    except ProtocolError:
        return
    assert message.IsInitialized()


def test_json_nested_without_end_is_an_error():
    with pytest.raises(ProtocolError):
        decode_body(CAPITAL_FLOW.response, b'{"s2c":' * 5000, BodyFormat.JSON)
