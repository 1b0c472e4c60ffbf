"""Gateways for the vendor's SDK to talk to."""

import pytest

from tests.sdk.sdk_oracle import gateway

CLOCK = ("--clock", "2025-06-04T10:43:44+08:00", "--speed", "0")


@pytest.fixture(scope="session")
def port():
    """A gateway in the middle of a morning at Hong Kong, the night after a session at New York."""
    with gateway(*CLOCK, "--limit", "none") as number:
        yield number


@pytest.fixture(scope="session")
def chinese_port():
    """A gateway that refuses in Chinese."""
    with gateway(*CLOCK, "--limit", "none", "--lang", "chs") as number:
        yield number


@pytest.fixture
def strict_port():
    """A gateway that grants three requests of an interface."""
    with gateway(*CLOCK, "--limit", "3/30") as number:
        yield number


@pytest.fixture
def live_port():
    """A gateway that knows what day it is."""
    with gateway("--limit", "none") as number:
        yield number


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A home directory for the SDK to write its logs into."""
    return tmp_path_factory.mktemp("home")
