"""What the gateway refuses, the vendor's SDK reports in the words that our errors carry."""

import pytest

import pd_capflow
from pd_capflow.errors import GatewayError, RateLimitError, UnknownSecurityError, UnsupportedSecurityError
from tests.sdk.sdk_oracle import ask_sdk

RET_ERROR = -1
REFUSED = [
    ("HK.99999", UnknownSecurityError),
    ("US.NOSUCH", UnknownSecurityError),
    ("HK.800000", UnsupportedSecurityError),
    ("SH.000001", UnsupportedSecurityError),
]
VERBS = ("capital_flow", "capital_distribution")


def questions():
    return [[f"get_{verb}", {"stock_code": code}] for verb in VERBS for code, _ in REFUSED]


def refusals(port):
    with pd_capflow.connect(f"tcp://127.0.0.1:{port}", rate=None) as client:
        for verb in VERBS:
            for code, kind in REFUSED:
                with pytest.raises(kind) as caught:
                    getattr(client, verb)(code)
                assert caught.value.ret_type == RET_ERROR
                assert caught.value.code == code
                yield caught.value.ret_msg


@pytest.mark.parametrize("which", ["port", "chinese_port"])
def test_codes_are_refused_in_the_same_words(request, which, home):
    port = request.getfixturevalue(which)
    assert ask_sdk(port, questions(), home) == [[RET_ERROR, text] for text in refusals(port)]


def test_the_languages_differ(port, chinese_port):
    assert set(refusals(port)).isdisjoint(refusals(chinese_port))


@pytest.mark.parametrize("verb", VERBS)
def test_the_fourth_request_of_three_is_refused_in_the_same_words(strict_port, home, verb):
    theirs = ask_sdk(strict_port, [[f"get_{verb}", {"stock_code": "HK.00700"}]] * 4, home)
    assert [ret for ret, _ in theirs] == [0, 0, 0, RET_ERROR]
    address = f"tcp://127.0.0.1:{strict_port}"
    with pd_capflow.connect(address, rate=None) as client, pytest.raises(RateLimitError) as caught:
        getattr(client, verb)("HK.00700")
    assert caught.value.ret_msg == theirs[-1][1]
    assert "Maximum 3 times per 30 seconds" in caught.value.ret_msg


def test_each_interface_has_a_limit_of_its_own(strict_port, home):
    flow = ["get_capital_flow", {"stock_code": "HK.00700"}]
    distribution = ["get_capital_distribution", {"stock_code": "HK.00700"}]
    theirs = ask_sdk(strict_port, [flow, flow, flow, flow, distribution, ["get_global_state", {}]], home)
    assert [ret for ret, _ in theirs] == [0, 0, 0, RET_ERROR, 0, 0]


def test_both_read_on_after_a_refusal(port, home):
    bad, good = ({"stock_code": code} for code in ("HK.99999", "HK.00700"))
    theirs = ask_sdk(port, [["get_capital_flow", bad], ["get_capital_flow", good]], home)
    with pd_capflow.connect(f"tcp://127.0.0.1:{port}", rate=None) as client:
        with pytest.raises(GatewayError):
            client.capital_flow(bad["stock_code"])
        ours = client.capital_flow(good["stock_code"])
    assert theirs[1][1]["in_flow"] == ours["in_flow"].tolist()
