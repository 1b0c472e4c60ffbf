"""What all tests share: a process that knows no gateway but those that a test names."""

from __future__ import annotations

import atexit
import os

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from pd_capflow.client import close_shared_clients, demo, known, pacing, settings

hypothesis_settings.register_profile(
    "long",
    max_examples=5_000,
    stateful_step_count=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch, tmp_path_factory):
    """No test sees another's configuration or used-up budget, or the developer's environment."""
    for name in ("URL", "KEY", "RSA_KEY", "CA_FILE", "STORE"):
        monkeypatch.delenv(f"PD_CAPFLOW_{name}", raising=False)
    monkeypatch.setenv("PD_CAPFLOW_CONFIG", os.devnull)
    monkeypatch.setattr(settings, "_configured", {})
    monkeypatch.setattr(demo, "_gateways", {})
    monkeypatch.setattr(pacing, "_ledgers", {})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    for held in ("_names", "_watchlists", "_members", "_recent", "_sought"):
        monkeypatch.setattr(known, held, {})
    yield
    close_shared_clients()


@pytest.fixture
def shell():
    """A real IPython shell with the extension loaded."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.run_line_magic("colors", "nocolor")
    shell.run_line_magic("load_ext", "pd_capflow")
    yield shell
    shell.run_line_magic("unload_ext", "pd_capflow")
    shell.history_manager.end_session()
    atexit.unregister(shell.atexit_operations)  # a shell cleans up the whole process, and so would each


def pytest_sessionfinish(session):
    """Where CI says so, a test that was skipped is a test that failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("a test was skipped, and CI is to run all of them", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
