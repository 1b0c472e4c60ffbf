"""The vendor's JavaScript SDK, over WebSocket: the numbers that our client reads, and its refusals."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import pd_capflow
from tests.sdk.conftest import CLOCK
from tests.sdk.sdk_oracle import gateway

SOURCE = Path(__file__).with_name("javascript")
# What the gateway has; the script names no dates.
YEAR = ("2024-06-04", "2025-06-04")
FIELDS = {
    "in_flow": "inFlow",
    "main_in_flow": "mainInFlow",
    "super_in_flow": "superInFlow",
    "big_in_flow": "bigInFlow",
    "mid_in_flow": "midInFlow",
    "sml_in_flow": "smlInFlow",
}


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """The SDK and our question in one file that Node runs, made of the registry's packages."""
    folder = tmp_path_factory.mktemp("javascript")
    for name in ("package.json", "child.mjs"):
        shutil.copy(SOURCE / name, folder)
    _run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"], folder)
    options = ["--bundle", "--platform=node", "--format=cjs", "--outfile=child.cjs", "--log-level=error"]
    _run(["npx", "esbuild", "child.mjs", *options], folder)
    return folder / "child.cjs"


def _run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def websocket_port():
    with gateway(
        *CLOCK, "--limit", "none", "--websocket-port", "0", "--websocket-key", "abc123", scheme="ws"
    ) as port:
        yield port


@pytest.fixture
def ask(script, websocket_port):
    def ask(key, code):
        return json.loads(_run(["node", script, str(websocket_port), key, code], script.parent))

    return ask


@pytest.mark.timeout(300)
def test_it_reads_our_numbers(ask, websocket_port):
    told = ask("abc123", "00700")
    address = f"ws://127.0.0.1:{websocket_port}"
    with pd_capflow.connect(address, key="abc123", rate=None) as client:
        frames = {
            "flow": client.capital_flow("HK.00700"),
            "day": client.capital_flow("HK.00700", "day", *YEAR),
        }
        gross = client.capital_distribution("HK.00700").iloc[0]
    for name, frame in frames.items():
        rows = told[name]["s2c"]["flowItemList"]
        assert [row["timestamp"] for row in rows] == [moment.timestamp() for moment in frame.index]
        for column, field in FIELDS.items():
            np.testing.assert_array_equal(frame[column], [row.get(field, np.nan) for row in rows])
    assert told["gross"]["s2c"]["capitalInSuper"] == gross["super_in"]
    assert told["flow"]["s2c"]["lastValidTime"] == "2025-06-04 10:43:44"


@pytest.mark.timeout(300)
def test_a_refusal_keeps_its_words(ask):
    assert ask("abc123", "99999")["error"]["retMsg"] == "unknown stock 99999"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("key", ["wrong", ""])
def test_a_wrong_key_is_told_at_once(ask, key):
    assert ask(key, "00700") == {"ok": False, "detail": 1}
