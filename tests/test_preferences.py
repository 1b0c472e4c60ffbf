"""``%config CapflowMagics``: what holds where a line says nothing."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets import TraitError
from traitlets.config import Config

import pd_capflow
from pd_capflow.notebook import CapflowMagics
from pd_capflow.notebook.preferences import Preferences
from pd_capflow.options import CHARTS


@pytest.fixture
def magics(shell):
    return shell.magics_manager.registry["CapflowMagics"]


@pytest.fixture
def set_trait(shell, capsys, caplog):
    """Set a trait as a user does, and return what is said."""

    def run(text):
        caplog.clear()
        shell.run_line_magic("config", f"CapflowMagics.{text}")
        return capsys.readouterr().out + "".join(record.getMessage() for record in caplog.records)

    return run


def fetch(shell, line):
    return shell.run_line_magic("capflow", line)


def test_config_lists_every_trait_with_a_line_of_help(shell, capsys):
    shell.run_line_magic("config", "CapflowMagics")
    listed = capsys.readouterr().out
    names = Preferences.class_trait_names(config=True)
    assert {"url", "period", "colors", "lang", "plot", "timeout", "rows", "sparkline", "heading"} < set(names)
    for name in names:
        assert f"CapflowMagics.{name}=" in listed
        assert Preferences.class_traits()[name].help
    assert "Choices: any of ['intraday', 'day', 'week', 'month']" in listed


def test_no_trait_is_a_key(shell, capsys):
    assert not {"key", "rsa_key"} & set(CapflowMagics.class_trait_names(config=True))


def test_a_line_goes_before_a_trait_and_a_trait_before_the_rest(shell, set_trait, monkeypatch):
    monkeypatch.setenv("PD_CAPFLOW_URL", "tcp://127.0.0.1:1")
    pd_capflow.configure(url="tcp://127.0.0.1:2")
    with pytest.raises(pd_capflow.errors.ConnectError, match=r"127\.0\.0\.1:2"):
        fetch(shell, "HK.00700")
    set_trait("url = 'tcp://127.0.0.1:3'")
    with pytest.raises(pd_capflow.errors.ConnectError, match=r"127\.0\.0\.1:3"):
        fetch(shell, "HK.00700")
    assert fetch(shell, "HK.00700 --url demo://") is not None
    set_trait("url = None")
    with pytest.raises(pd_capflow.errors.ConnectError, match=r"127\.0\.0\.1:2"):
        fetch(shell, "HK.00700")


def test_period_errors_and_chart(shell, set_trait):
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    plt.close("all")
    for text in ("url = 'demo://'", "period = 'week'", "errors = 'collect'", "plot = 'auto'"):
        assert set_trait(text) == ""
    assert fetch(shell, "HK.00700").attrs["capflow"]["period"] == "week"
    assert len(plt.get_fignums()) == 1
    assert fetch(shell, "HK.00700 HK.99999 -p day --plot off").attrs["capflow"]["period"] == "day"
    assert len(plt.get_fignums()) == 1
    assert "super_in" in fetch(shell, "HK.00700 --plot distribution")  # which is of no period
    plt.close("all")


def test_the_timeout_is_the_clients(shell, set_trait):
    from pd_capflow.client.shared import _clients

    set_trait("timeout = 2.5")
    fetch(shell, "HK.00700 --url demo://")
    assert [settings.timeout for settings in _clients] == [2.5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("period = 'year'", "CapflowMagics.period = 'year': expected one of 'intraday', 'day'"),
        ("plot = 'pie'", "CapflowMagics.plot = 'pie': expected one of 'off', 'auto', 'cumulative'"),
        ("timeout = 0", "CapflowMagics.timeout = 0: expected a number of seconds above 0, or None"),
        ("timeout = 'long'", "CapflowMagics.timeout = 'long': expected a number of seconds"),
        ("timeout = float('nan')", "CapflowMagics.timeout = nan: expected a number of seconds"),
        ("rows = -1", "CapflowMagics.rows = -1: expected a number of rows, or 0"),
        ("rows = True", "CapflowMagics.rows = True: expected a number of rows, or 0"),
        ("sparkline = 'yes'", "CapflowMagics.sparkline = 'yes': expected True or False"),
        ("url = 'http://x'", "CapflowMagics.url: address 'http://x' has no known scheme; expected tcp://"),
        ("url = 5", "CapflowMagics.url: address 5 is no text; expected tcp://"),
    ],
)
def test_what_cannot_be_is_refused_on_one_line_and_changes_nothing(set_trait, magics, text, said):
    before = dict(magics.trait_values())
    told = set_trait(text)
    assert told.startswith(said)
    assert len(told.strip().splitlines()) == 1
    assert dict(magics.trait_values()) == before


def test_a_key_in_an_address_is_refused_and_not_shown(set_trait):
    told = set_trait("url = 'ws://me:hunter2@127.0.0.1:33333'")
    assert "an address holds no user name or key" in told
    assert "hunter2" not in told


@pytest.mark.parametrize("kind", CHARTS)
def test_every_kind_of_chart_can_be_the_default(set_trait, kind):
    assert set_trait(f"plot = {kind!r}") == ""


@pytest.fixture
def configured():
    """Start a shell with a configuration, as ipython_config.py gives it."""
    shells = []

    def start(**traits):
        shell = InteractiveShell(config=Config(CapflowMagics=traits))
        shells.append(shell)
        shell.run_line_magic("colors", "nocolor")
        return shell

    yield start
    for shell in shells:
        shell.history_manager.end_session()


def test_ipython_config_sets_traits(configured):
    shell = configured(url="demo://", period="day")
    shell.run_line_magic("load_ext", "pd_capflow")
    assert fetch(shell, "HK.00700").attrs["capflow"]["period"] == "day"
    shell.run_line_magic("unload_ext", "pd_capflow")


def test_a_wrong_ipython_config_is_told_on_one_line(configured, capsys):
    shell = configured(period="year")
    result = shell.run_cell("%load_ext pd_capflow")
    assert isinstance(result.error_in_exec, TraitError)
    printed = capsys.readouterr().out
    assert printed.startswith("TraitError: CapflowMagics.period = 'year': expected one of 'intraday'")
    assert len(printed.strip().splitlines()) == 1
