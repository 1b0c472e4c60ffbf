"""The vendor's Python SDK with encryption on reads what it reads without."""

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import rsa

import pd_capflow
from tests.sdk.conftest import CLOCK
from tests.sdk.sdk_oracle import ask_sdk, gateway

QUESTIONS = [
    ["get_capital_flow", {"stock_code": "HK.00700"}],
    ["get_capital_flow", {"stock_code": "US.AAPL", "period_type": "DAY"}],
    ["get_capital_flow", {"stock_code": "HK.99999"}],
    ["get_capital_distribution", {"stock_code": "SH.600519"}],
]


@pytest.fixture(scope="module")
def key_file(tmp_path_factory):
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505  # the size that OpenD takes
    plain, encoding = form.NoEncryption(), form.Encoding.PEM
    path = tmp_path_factory.mktemp("keys") / "key.pem"
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(encoding, form.PrivateFormat.TraditionalOpenSSL, plain))
    return path


@pytest.fixture(scope="module")
def encrypting_port(key_file):
    with gateway(*CLOCK, "--limit", "none", "--rsa-key", str(key_file)) as number:
        yield number


def test_it_reads_the_same_as_without(encrypting_port, port, key_file, home):
    assert ask_sdk(encrypting_port, QUESTIONS, home, rsa=key_file) == ask_sdk(port, QUESTIONS, home)


def test_so_does_our_client(encrypting_port, port, key_file):
    with (
        pd_capflow.connect(f"tcp://127.0.0.1:{port}", rate=None) as plain,
        pd_capflow.connect(f"tcp://127.0.0.1:{encrypting_port}", rsa_key=key_file, rate=None) as sealed,
    ):
        assert plain.capital_flow("HK.00700").equals(sealed.capital_flow("HK.00700"))
