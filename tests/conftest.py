"""What all tests share: a process that knows no gateway but those that a test names."""

from __future__ import annotations

import pytest

from pd_capflow.client import close_shared_clients, demo, pacing, settings


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch):
    """No test sees another's configuration or used-up budget, or the developer's environment."""
    for name in ("PD_CAPFLOW_URL", "PD_CAPFLOW_KEY", "PD_CAPFLOW_RSA_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(settings, "_configured", {})
    monkeypatch.setattr(demo, "_gateways", {})
    monkeypatch.setattr(pacing, "_pacers", {})
    yield
    close_shared_clients()
