"""The vendor's SDK asks a gateway that plays our capture back, and is told what we were told."""

import pytest

import pd_capflow
from tests.sdk.sdk_oracle import ask_sdk, gateway

DAYS = ("2025-05-26", "2025-06-03")


def test_the_sdk_reads_what_was_captured(port, home, tmp_path):
    path = tmp_path / "talk.jsonl"
    with pd_capflow.connect(f"tcp://127.0.0.1:{port}", rate=None, capture=path) as client:
        days = client.capital_flow("HK.00700", "day", *DAYS)
        minutes = client.capital_flow("US.AAPL")
        with pytest.raises(pd_capflow.errors.UnknownSecurityError):
            client.capital_flow("HK.99999")
    questions = [
        [
            "get_capital_flow",
            {"stock_code": "HK.00700", "period_type": "DAY", "start": DAYS[0], "end": DAYS[1]},
        ],
        ["get_capital_flow", {"stock_code": "US.AAPL", "period_type": "INTRADAY"}],
        ["get_capital_flow", {"stock_code": "HK.99999", "period_type": "INTRADAY"}],
        ["get_capital_flow", {"stock_code": "HK.09988", "period_type": "INTRADAY"}],
    ]
    with gateway("--playback", str(path)) as again:
        told = ask_sdk(again, questions, home)
    for (ret, rows), frame in zip(told[:2], (days, minutes), strict=True):
        assert ret == 0, rows
        assert rows["in_flow"] == frame["in_flow"].tolist()
    assert [ret for ret, _ in told[2:]] == [-1, -1]
    assert "unknown stock" in told[2][1]
    assert "never asked" in told[3][1]
