"""``%capflow`` in a real IPython shell."""

from __future__ import annotations

import pandas as pd
import pytest

from pd_capflow.errors import ConnectError, QueryError, UnknownSecurityError
from pd_capflow.gateway.plates import WATCHLISTS, Watchlist
from pd_capflow.security import Security

DEMO = "--url demo://"


@pytest.fixture
def run(shell, capsys):
    """Run a cell, and return its result and what it printed."""

    def run_cell(cell):
        capsys.readouterr()
        result = shell.run_cell(cell)
        captured = capsys.readouterr()
        return result, captured.out + captured.err

    return run_cell


def test_a_code_gives_its_frame_and_demo_data_says_so(run):
    result, printed = run(f"%capflow HK.00700 {DEMO}")
    assert printed.startswith("DEMO DATA")
    assert isinstance(result.result, pd.DataFrame)
    assert result.result.attrs["capflow"]["codes"] == ["HK.00700"]


def test_the_value_can_be_assigned(run, shell):
    run(f"frame = %capflow US.AAPL -p day --start 2026-01-05 --end 2026-01-09 {DEMO}")
    assert shell.user_ns["frame"].attrs["capflow"]["period"] == "day"


@pytest.mark.parametrize(
    "said", ["$codes", "{codes}", "{', '.join(codes)}", "HK.00700 US.AAPL", "HK.00700,US.AAPL"]
)
def test_several_codes_can_be_said_in_many_ways(run, said):
    result, _ = run(f"codes = ['HK.00700', 'US.AAPL']\n%capflow {said} {DEMO}")
    assert result.result.attrs["capflow"]["codes"] == ["HK.00700", "US.AAPL"]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("watchlist:Tech", ["watchlist:Tech"]),
        ('"watchlist:Tech"', ["watchlist:Tech"]),
        ("HK.00005 plate:HK.BK1002", ["HK.00005", "plate:HK.BK1002"]),
        ("$word", ["plate:HK.BK1002"]),
        ("--plot plate:HK.BK1002", ["plate:HK.BK1002"]),
    ],
)
def test_selectors_can_be_said_as_codes_are(run, said, asked):
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    result, _ = run(f"word = 'plate:HK.BK1002'\n%capflow {said} {DEMO}")
    plt.close("all")
    assert result.result.attrs["capflow"]["asked"] == asked
    assert result.result.index.names == ["code", "time"]


def test_a_watchlist_with_blanks_stands_in_quotes(run):
    _, printed = run(f'%capflow "watchlist:My own, (old) list" {DEMO}')
    assert printed.startswith("GatewayError: watchlist:My own, (old) list: the gateway refused")


# What people call their watchlists.
NAMES = ("My list", "A,B", "(old)", "Bob's", 'the "best"')


@pytest.fixture
def lists(monkeypatch):
    """The demo gateway of a user who has such watchlists."""
    members = (Security.parse("HK.00700"), Security.parse("HK.09988"))
    for name in NAMES:
        monkeypatch.setitem(WATCHLISTS, name, Watchlist(name, 1, members))
    return DEMO


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("said", ["$codes", "{codes}", "{tuple(codes)}", "--plot $codes", "--plot {codes}"])
def test_a_list_keeps_the_names_of_watchlists_whole(run, lists, name, said):
    """Watchlists are called as users like, with blanks, commas, brackets and quotes."""
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    asked = [f"watchlist:{name}", "HK.00005"]
    result, printed = run(f"codes = {asked!r}\n%capflow {said} {lists}")
    plt.close("all")
    assert result.error_in_exec is None, printed
    assert result.result.attrs["capflow"]["asked"] == asked


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('--plot "watchlist:A,B"', "A,B"),
        ("--plot 'watchlist:My list'", "My list"),
        ('"watchlist:A,B" --plot', "A,B"),
        ('"watchlist:A,B" --plot "cumulative"', "A,B"),
    ],
)
def test_quotes_hold_a_watchlist_together_behind_plot(run, lists, said, name):
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    result, printed = run(f"%capflow {said} {lists}")
    plt.close("all")
    assert result.error_in_exec is None, printed
    assert result.result.attrs["capflow"]["asked"] == [f"watchlist:{name}"]


def test_expressions_and_names_are_expanded(run):
    result, _ = run(f"n, period = 700, 'week'\n%capflow {{'HK.%05d' % n}} -p $period {DEMO}")
    facts = result.result.attrs["capflow"]
    assert (facts["codes"], facts["period"]) == (["HK.00700"], "week")


def test_the_variables_of_a_function_are_seen(run):
    cell = (
        f"def ask(code):\n    return get_ipython().run_line_magic('capflow', '$code {DEMO}')\nask('US.AAPL')"
    )
    assert run(cell)[0].result.attrs["capflow"]["codes"] == ["US.AAPL"]


def test_o_keeps_the_frame_and_returns_it(run, shell):
    result, _ = run(f"%capflow HK.00700 -o kept {DEMO}")
    assert shell.user_ns["kept"] is result.result


@pytest.mark.parametrize(
    "plot", ["--plot HK.00700", "HK.00700 --plot", "HK.00700 --plot cumulative", "--plot bars HK.00700"]
)
def test_plot_draws_one_chart_wherever_it_stands(run, plot):
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    plt.close("all")
    result, _ = run(f"%capflow {plot} {DEMO}")
    assert isinstance(result.result, pd.DataFrame)
    assert len(plt.get_fignums()) == 1
    plt.close("all")


@pytest.mark.parametrize(
    ("line", "error", "text"),
    [
        ("HK.00700 --url tcp://127.0.0.1:1", ConnectError, "ConnectError: no gateway at tcp://127.0.0.1:1: "),
        (f"00700 {DEMO}", QueryError, "QueryError: code '00700' names no market"),
        (f"HK.99999 {DEMO}", UnknownSecurityError, "UnknownSecurityError: HK.99999: the gateway refused"),
        (f"HK.00700 -p year {DEMO}", QueryError, "QueryError: unknown period 'year'"),
        (f"HK.00700 --plot pie {DEMO}", QueryError, "QueryError: "),
    ],
)
def test_an_error_is_one_line_and_stays_what_it_is(run, line, error, text):
    result, printed = run(f"%capflow {line}")
    assert type(result.error_in_exec) is error
    assert printed.startswith(text)
    assert len(printed.strip().splitlines()) == 1


def test_tb_shows_the_way_to_the_error(run):
    run(f"%capflow HK.99999 {DEMO}")
    _, printed = run("%tb")
    assert "Traceback" in printed
    assert "UnknownSecurityError" in printed


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("", "no code given; expected one such as %capflow HK.00700"),
        ("HK.00700 --frob", "unrecognized arguments: --frob"),
        ("HK.00700 -o 1x", "expected the name of a variable"),
    ],
)
def test_a_wrong_line_is_a_usage_error_on_one_line(run, line, text):
    result, printed = run(f"%capflow {line}")
    assert result.error_in_exec is not None
    assert text in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_printed_and_nothing_asked(run, flag):
    result, printed = run(f"%capflow {flag}")
    assert result.result is None
    assert "--period" in printed
    assert "tcp://127.0.0.1:11111" in printed


def test_the_extension_can_be_reloaded_and_unloaded(run, shell):
    run("%reload_ext pd_capflow")
    assert run(f"%capflow HK.00700 {DEMO}")[0].result is not None
    run("%unload_ext pd_capflow")
    assert "capflow" not in shell.magics_manager.magics["line"]
    run("%load_ext pd_capflow")


@pytest.mark.parametrize(
    "made",
    [
        "pd.Timestamp('2026-01-05')",
        "datetime.datetime(2026, 1, 5, 0, 0)",
        "datetime.date(2026, 1, 5)",
        "np.datetime64('2026-01-05')",
    ],
)
@pytest.mark.parametrize("said", ["$day", "{day}", '"2026-01-05"', "'2026-01-05 09:30'"])
def test_a_date_is_one_argument_whatever_prints_it(run, made, said):
    """Dates print with a blank before the hour, and IPython leaves quotes around an argument."""
    cell = f"import datetime, numpy as np, pandas as pd\nday = {made}\n"
    result, printed = run(f"{cell}%capflow HK.00700 -p day --start {said} --end {said} {DEMO}")
    assert result.error_in_exec is None, printed
    assert [str(time.date()) for time in result.result.index] == ["2026-01-05"]


@pytest.mark.parametrize(
    ("said", "names"),
    [("{['HK.00700']}", ["code", "time"]), ("HK.00700,", ["code", "time"]), ("{'HK.00700'}", ["time"])],
)
def test_a_list_of_one_stays_a_list(run, said, names):
    """As with fetch(["HK.00700"]): what is done with many codes can be done with one."""
    assert list(run(f"%capflow {said} {DEMO}")[0].result.index.names) == names


def test_quotes_around_an_address_do_not_belong_to_it(run):
    assert run('%capflow HK.00700 --url "demo://"')[0].result is not None


def test_o_refuses_a_name_that_python_keeps_for_itself(run):
    assert "expected the name of a variable" in run(f"%capflow HK.00700 -o class {DEMO}")[1]
