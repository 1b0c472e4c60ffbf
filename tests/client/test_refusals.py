"""The gateway says no: which exception it is, what it carries, and what becomes of the other codes."""

from __future__ import annotations

import pickle

import pytest

from pd_capflow.errors import (
    BatchError,
    CapflowError,
    GatewayError,
    ProtocolError,
    QuoteRightError,
    RateLimitError,
    ReplyTimeoutError,
    UnknownSecurityError,
    UnsupportedSecurityError,
)

CODE = "HK.00700"
CODES = ["HK.00700", "HK.99999", "US.AAPL", "HK.800000"]

TEXTS = [
    (RateLimitError, "获取资金流向频率太高，请求失败，每30秒最多30次。"),
    (RateLimitError, "获取历史K线频率太高，请求失败，每30秒最多60次。"),
    (RateLimitError, "此协议请求太频繁，触发了频率限制，请稍后再试"),
    (
        RateLimitError,
        "Get Capital Flow request failed due to high frequency. Maximum 30 times per 30 seconds.",
    ),
    (RateLimitError, "请求过于频繁，请稍后再试"),
    (UnknownSecurityError, "未知股票 700"),
    (UnknownSecurityError, "未知股票 HK.00001"),
    (UnknownSecurityError, "unknown stock X"),
    (UnknownSecurityError, "Unknown stock X"),
    (UnsupportedSecurityError, "只支持正股、窝轮和基金"),
    (
        UnsupportedSecurityError,
        "Only stocks, warrants, and funds are supported; other security types are not supported.",
    ),
    (QuoteRightError, "行情权限不足"),
    (QuoteRightError, "无权限订阅US.GOOG的行情，请检查美国市场股票行情权限"),
    (QuoteRightError, "暂不提供美股 OTC 市场行情 SSKN"),
    (GatewayError, "缺少必要的参数: securityFirm"),
    (GatewayError, "未知的协议ID"),
    (GatewayError, "NN_ProtoRet_SvrFailed"),
    (GatewayError, "NN_ProtoRet_TimeOut"),
    (GatewayError, "NN_ProtoRet_ByDisConnOrCacnel"),
    (GatewayError, "网络中断"),
    (GatewayError, "请求个数超过限制"),
    (GatewayError, ""),
    (GatewayError, "line one\nline two \x1b[31mred"),
]


def refuse_all(text, ret_type=-1, err_code=0):
    def script(peer):
        peer.handshake()
        while (asked := peer.asked()) is not None:
            peer.refuse(asked, text, ret_type, err_code)

    return script


def refuse_some(kit, refusals):
    """A script that refuses some codes, with a text each, and answers the others."""

    def script(peer):
        peer.handshake()
        while (asked := peer.asked()) is not None:
            text = refusals.get(kit.code_of(asked))
            if text is None:
                peer.reply(asked)
            else:
                peer.refuse(asked, text)

    return script


SOME = {"HK.99999": "unknown stock 99999", "HK.800000": "只支持正股、窝轮和基金"}


def same(one, other):
    """Compare two exceptions by everything that they carry."""
    return type(one) is type(other) and one.args == other.args and str(one) == str(other)


@pytest.mark.parametrize(("kind", "text"), TEXTS, ids=[text[:20] or "nothing" for _, text in TEXTS])
def test_the_kind_is_known_by_the_text(kind, text, gateway, connect):
    there = gateway(refuse_all(text))
    with pytest.raises(GatewayError) as caught:
        connect(there).capital_flow(CODE)
    error = caught.value
    assert type(error) is kind
    assert error.code == CODE
    assert error.ret_type == -1
    assert error.ret_msg == text
    assert error.err_code == 0
    assert CODE in str(error)
    assert str(error).isprintable()
    if text.isprintable():
        assert text in str(error)
    assert there.codes == [CODE], "a refusal is an answer: it is not asked again"


@pytest.mark.parametrize("ret_type", [-1, -100, -200, -400, -500, 1, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("err_code", [None, 0, 1003, -7])
def test_the_numbers_are_carried_as_they_came(ret_type, err_code, gateway, connect):
    with pytest.raises(GatewayError) as caught:
        connect(gateway(refuse_all("no", ret_type, err_code))).capital_distribution(CODE)
    assert caught.value.ret_type == ret_type
    assert caught.value.err_code == err_code


def test_a_refusal_costs_no_connection(gateway, connect, kit):
    there = gateway(refuse_some(kit, SOME))
    client = connect(there)
    with pytest.raises(UnknownSecurityError):
        client.capital_flow("HK.99999")
    assert kit.has_value(client.capital_flow(CODE), CODE)
    assert there.connections == 1


def test_many_codes_are_all_tried_and_then_raise(gateway, connect, kit):
    there = gateway(refuse_some(kit, SOME))
    with pytest.raises(BatchError, match="2 of 4 codes failed") as caught:
        connect(there).capital_flow(CODES)
    error = caught.value
    assert there.codes == CODES
    assert list(error.errors) == ["HK.99999", "HK.800000"]
    assert type(error.errors["HK.99999"]) is UnknownSecurityError
    assert type(error.errors["HK.800000"]) is UnsupportedSecurityError
    assert error.errors["HK.99999"].code == "HK.99999"
    assert all(kit.has_value(error.frame.loc[code], code) for code in (CODE, "US.AAPL"))
    assert len(error.frame) == 4
    assert list(error.frame.attrs["capflow"]["errors"]) == list(SOME)


def test_many_codes_may_be_collected(gateway, connect, kit):
    frame = connect(gateway(refuse_some(kit, SOME))).capital_flow(CODES, errors="collect")
    told = frame.attrs["capflow"]["errors"]
    assert list(told) == ["HK.99999", "HK.800000"]
    for code, text in SOME.items():
        assert text in told[code]
    assert all(kit.has_value(frame.loc[code], code) for code in (CODE, "US.AAPL"))
    assert len(frame) == 4


def test_a_list_of_one_that_fails_is_a_batch(gateway, connect, kit):
    with pytest.raises(BatchError, match="1 of 1") as caught:
        connect(gateway(refuse_some(kit, SOME))).capital_flow(["HK.99999"])
    assert caught.value.frame.empty
    assert list(caught.value.frame.index.names) == ["code", "time"]


def test_one_code_may_be_collected(gateway, connect, kit):
    frame = connect(gateway(refuse_some(kit, SOME))).capital_flow("HK.99999", errors="collect")
    assert frame.empty
    assert frame.index.name == "time"
    assert list(frame.attrs["capflow"]["errors"]) == ["HK.99999"]
    assert frame.attrs["capflow"]["codes"] == []  # as of a list of it


@pytest.mark.parametrize("measure", ["delta", "cumulative", "rolling", "streak", "signals", "with_names"])
def test_nothing_can_be_measured(gateway, connect, kit, measure):
    """Also where there is no code at all that could say which market's hours to keep."""
    frame = connect(gateway(refuse_some(kit, SOME))).capital_flow("HK.99999", errors="collect")
    assert getattr(frame.capflow, measure)().empty


def test_no_failure_is_no_errors(gateway, connect):
    client = connect(gateway())
    for errors in ("raise", "collect"):
        assert client.capital_flow(CODES, errors=errors).attrs["capflow"]["errors"] == {}


def test_fetching_a_query_raises_its_own_error(gateway, connect, kit):
    from pd_capflow import CapitalFlow

    with pytest.raises(UnknownSecurityError):
        connect(gateway(refuse_some(kit, SOME))).fetch(CapitalFlow("HK.99999", "day"))


class TestPickling:
    """Errors cross processes: whoever scales out gets them whole."""

    def restored(self, error):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # made in the same line
        assert same(copy, error)
        return copy

    def test_a_refusal(self, gateway, connect):
        with pytest.raises(GatewayError) as caught:
            connect(gateway(refuse_all("未知股票 700", -400, 12))).capital_flow(CODE)
        copy = self.restored(caught.value)
        assert (copy.code, copy.ret_type, copy.ret_msg, copy.err_code) == (CODE, -400, "未知股票 700", 12)

    def test_a_batch(self, gateway, connect, kit):
        with pytest.raises(BatchError) as caught:
            connect(gateway(refuse_some(kit, SOME))).capital_flow(CODES)
        copy = self.restored(caught.value)
        assert list(copy.errors) == list(caught.value.errors)
        assert all(same(copy.errors[code], caught.value.errors[code]) for code in copy.errors)
        assert copy.frame.equals(caught.value.frame)
        assert copy.frame.attrs == caught.value.frame.attrs

    def test_faults(self, gateway, connect, make_client):
        """One of each kind, as it really comes."""

        def garbage(peer):
            peer.handshake()
            peer.asked()
            peer.send(b"garbage")

        def silent(peer):
            peer.handshake()
            peer.until_gone()

        def refusing(peer):
            asked = peer.asked()
            peer.reply(asked, asked.method.response(retType=-1, retMsg="no"))

        gone = gateway()
        gone.stop_listening()
        for client in (
            connect(gateway(garbage)),
            connect(gateway(silent), timeout=0.3),
            make_client(gateway(refusing)),
            make_client(gone),
        ):
            with pytest.raises(CapflowError) as caught:
                client.capital_flow(CODE)
            copy = self.restored(caught.value)
            assert getattr(copy, "address", None) == getattr(caught.value, "address", None)

    def test_kinds(self):
        """Every kind, by its public constructor, with its facts."""
        for error in (
            ProtocolError("bad", serial_no=7),
            ReplyTimeoutError("late", address="tcp://h:1"),
            RateLimitError("often", code=CODE, ret_msg="too often", err_code=3),
        ):
            assert vars(self.restored(error)) == vars(error)
