"""``%capflow`` in a real IPython shell."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest

from pd_capflow.client.synchronous import Client
from pd_capflow.errors import (
    BatchInterrupted,
    CapflowError,
    ConnectError,
    GatewayError,
    QueryError,
    UnknownSecurityError,
)
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


def test_a_code_gives_its_frame_and_demo_data_says_so_once(run):
    result, printed = run(f"%capflow HK.00700 {DEMO}")
    assert printed.count("DEMO DATA") == 1
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
        (f"HK.00700 --plot pie {DEMO}", QueryError, "QueryError: unknown kind 'pie'; expected one of "),
        (f"HK.00700 --colors red {DEMO}", QueryError, "QueryError: unknown colors 'red'; expected one"),
        (f"HK.00700 --lang fr {DEMO}", QueryError, "QueryError: unknown lang 'fr'; expected one of"),
        (f"HK.00700 --errors hide {DEMO}", QueryError, "QueryError: errors='hide'; expected 'raise' or"),
        (f"HK.00700 --out flow.xls {DEMO}", QueryError, "QueryError: --out flow.xls: expected a name"),
        (f"HK.00700 US.AAPL --plot bars {DEMO}", QueryError, "QueryError: bars needs one code"),
        (f"HK.00700 -p day --plot distribution {DEMO}", QueryError, "QueryError: --period day with a "),
        (f"HK.00700 --live --out flow.csv {DEMO}", QueryError, "QueryError: --out with --live, which "),
        ("HK.00700 --url tcp://me:secret@x:1", QueryError, "QueryError: an address holds no user name"),
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
        ("HK.00700 --interval often", "invalid float value"),
        ("'HK.00700", "No closing quotation: 'HK.00700"),
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


@pytest.fixture
def agg():
    """Figures that need no screen; how many there are."""
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    plt.close("all")
    yield plt
    plt.close("all")


@pytest.mark.parametrize("line", ["tencent", "腾讯", "00700", "US.AAPL 腾讯"])
def test_a_name_is_no_code_but_the_error_says_which_is_meant(run, line):
    _, printed = run(f"%capflow {line} {DEMO}")
    assert "; did you mean HK.00700 (" in printed
    assert len(printed.strip().splitlines()) == 1


def test_what_needs_no_hint_has_one_only(run):
    assert run(f"%capflow hk.00700 {DEMO}")[1].count("did you mean") == 1
    assert "did you mean" not in run(f"%capflow HK.00700 -p year {DEMO}")[1]


def test_some_codes_failed(run, shell):
    result, printed = run(f"%capflow HK.00700 HK.99999 {DEMO}")
    assert printed.startswith("BatchError: 1 of 2 codes failed: HK.99999: the gateway refused")
    assert printed.endswith("--errors collect returns what came\n")
    assert result.error_in_exec.frame.index.levels[0].tolist() == ["HK.00700"]
    result, printed = run(f"%capflow HK.00700 HK.99999 --errors collect {DEMO}")
    assert result.result.attrs["capflow"]["codes"] == ["HK.00700"]
    assert "no answer for 1 of the codes: HK.99999" in printed


def test_an_error_that_is_marked_up_stays_text_and_a_long_one_is_cut(run, monkeypatch, shell):
    """A gateway's text is untrusted, and the line goes to a front end as text."""

    def refuse(*_, **__):
        raise GatewayError("<b>\x1b[31m" + "no " * 1000)

    monkeypatch.setattr(Client, "capital_flow", refuse)
    _, printed = run(f"%capflow HK.00700 {DEMO}")
    assert printed.startswith("GatewayError: <b> [31mno no")
    assert "\x1b" not in printed
    assert len(printed) < 800


def test_the_distribution_is_asked_for_where_its_chart_is(run, agg):
    result, _ = run(f"%capflow HK.00700 --plot distribution {DEMO}")
    assert "super_in" in result.result.columns
    assert len(agg.get_fignums()) == 1


def test_the_price_is_asked_for_only_if_it_is_told(run):
    days = f"-p day --start 2026-01-05 --end 2026-01-09 {DEMO}"
    assert "close" not in run(f"%capflow HK.00700 {days}")[0].result
    assert run(f"%capflow HK.00700 --price {days}")[0].result["close"].notna().all()


def test_colours_and_language_reach_the_chart(run, agg):
    from matplotlib.colors import to_hex

    from pd_capflow.plot.style import COLOURS

    run(f"%capflow HK.00700 -p day --plot --colors cb --lang zh {DEMO}")
    axes = agg.gcf().axes[0]
    drawn = {to_hex(color) for held in axes.collections for color in held.get_facecolor()}
    drawn |= {to_hex(patch.get_facecolor()) for patch in axes.patches}
    assert {pair[0] for pair in COLOURS["cb"]} <= drawn
    assert "净流入" in axes.get_ylabel()


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_out_keeps_the_frame_and_says_so(run, tmp_path, suffix):
    path = tmp_path / f"flow.{suffix}"
    result, printed = run(f"%capflow HK.00700 --out {path} {DEMO}")
    assert f"wrote {path} (DEMO DATA: these numbers are invented; so says its column demo)" in printed
    read = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}[suffix](path)
    assert len(read) == len(result.result)


def test_what_cannot_be_written_costs_no_frame(run, shell, tmp_path):
    result, printed = run(f"%capflow HK.00700 --out /proc/flow.csv -o kept {DEMO}")
    assert isinstance(result.error_in_exec, CapflowError)
    assert "--out /proc/flow.csv: " in printed
    assert len(printed.strip().splitlines()) == 1
    assert len(shell.user_ns["kept"])


def test_a_folder_that_is_missing_is_told_before_anything_is_asked(run, shell, tmp_path):
    result, printed = run(f"%capflow HK.00700 --out {tmp_path}/nowhere/flow.csv -o kept {DEMO}")
    assert isinstance(result.error_in_exec, CapflowError)
    assert f"there is no folder {tmp_path}/nowhere" in printed
    assert "kept" not in shell.user_ns


def test_a_semicolon_keeps_the_frame_out_of_sight(run, shell):
    result, printed = run(f"%capflow HK.00700 -o kept {DEMO};")
    assert (result.result, printed) == (None, "")
    assert len(shell.user_ns["kept"])


CELL = f"""%%capflow -p day --start 2026-01-05 --end 2026-01-09 -o kept {DEMO}
# what I have, at $20 {{each}}
HK.00700   # Tencent

$mine
{{'JP.%d' % 7203}}, "US.TSLA"
watchlist:My list # with a blank
US.AAPL HK.00005"""


def test_a_cell_has_a_code_a_line(run, shell, lists):
    result, printed = run("mine = ['MY.1155', 'watchlist:A,B']")
    result, printed = run(CELL)
    assert result.error_in_exec is None, printed
    named = ["HK.00700", "MY.1155", "watchlist:A,B", "JP.7203", "US.TSLA", "watchlist:My list", "US.AAPL"]
    assert result.result.attrs["capflow"]["asked"] == [*named, "HK.00005"]
    assert result.result is shell.user_ns["kept"]
    assert "capital flow · day" in printed


def test_a_cell_of_one_code_is_a_list_as_it_is_with_two(run):
    assert list(run(f"%%capflow {DEMO}\nHK.00700")[0].result.index.names) == ["code", "time"]


def test_codes_in_the_line_go_before_those_in_the_cell(run):
    result, _ = run(f"%%capflow US.AAPL {DEMO}\nHK.00700")
    assert result.result.attrs["capflow"]["codes"] == ["US.AAPL", "HK.00700"]


@pytest.mark.parametrize("cell", ["# nothing", "\n\n  \n# x"])
def test_a_cell_without_a_code_is_told_so(run, cell):
    _, printed = run(f"%%capflow {DEMO}\n{cell}")
    assert printed.startswith("UsageError: no code given")


def test_question_mark_and_h_show_the_same_manual(run, shell):
    printed = run("%capflow -h")[1]
    documented = shell.object_inspect("%capflow")["docstring"]
    assert printed.strip() == documented.strip()
    assert len(printed.splitlines()) < 60
    assert max(map(len, printed.splitlines())) <= 100
    for said in ("%%capflow [options]", "--plot [KIND]", "-o NAME", "Examples", "%config CapflowMagics"):
        assert said in printed
    for noise in ("::", "positional arguments", "<", "optional", "nargs"):
        assert noise not in printed


def test_every_argument_is_in_the_manual():
    from pd_capflow.notebook.arguments import ARGUMENTS, MANUAL

    for flags, keywords in ARGUMENTS:
        assert all(flag in MANUAL for flag in flags if flag.startswith("-"))
        assert keywords["help"].split()[0] in MANUAL


def test_loading_twice_is_as_loading_once_and_unloading_leaves_nothing(run, shell):
    import gc

    from pd_capflow.client.shared import _clients
    from pd_capflow.notebook import CapflowMagics

    run("%load_ext pd_capflow")
    run("%reload_ext pd_capflow")
    assert [type(each) for each in shell.configurables].count(CapflowMagics) == 1
    run(f"%capflow HK.00700 {DEMO}")
    assert _clients
    run("%unload_ext pd_capflow")
    assert not _clients
    assert not any("capflow" in kind for kind in shell.magics_manager.magics.values())
    assert not [each for each in shell.configurables if isinstance(each, CapflowMagics)]
    assert "not found" in run("%capflow HK.00700")[1]
    gc.collect()
    run("%load_ext pd_capflow")
    assert run(f"%capflow HK.00700 {DEMO}")[0].result is not None


def test_live_opens_a_dashboard_and_unloading_closes_it(run, shell, lists):
    result, printed = run(f"%capflow 'watchlist:My list' --live --plot cumulative --lang zh -o board {lists}")
    assert result.error_in_exec is None, printed
    board = result.result
    assert shell.user_ns["board"] is board
    assert list(board.codes) == ["HK.00700", "HK.09988"]
    board.wait(1, timeout=60)
    assert board.frame is not None
    run("%unload_ext pd_capflow")
    with pytest.raises(QueryError, match="was closed"):
        board.wait(1, timeout=60)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("hk.00700 --live", "QueryError: code 'hk.00700' has no known market: did you mean HK.00700?"),
        ("HK.00700 --live --interval 0", "QueryError: "),
        ("腾讯 --live", "QueryError: code '腾讯' names no market"),
    ],
)
def test_what_no_dashboard_can_be_of_is_one_line(run, line, text):
    _, printed = run(f"%capflow {line} {DEMO}")
    assert printed.startswith(text)
    assert len(printed.strip().splitlines()) == 1


def test_who_interrupts_is_told_in_one_line_where_the_rest_is(run, monkeypatch):
    """A user's Ctrl-C in the middle of many codes loses nothing."""
    came = run(f"%capflow HK.00700 {DEMO}")[0].result

    def stop(*_, **__):
        raise BatchInterrupted("stopped after 1 of 2 codes; what came is in .frame", frame=came)

    monkeypatch.setattr(Client, "capital_flow", stop)
    _, printed = run(f"%capflow HK.00700 US.AAPL {DEMO}")
    assert printed == ("BatchInterrupted: stopped after 1 of 2 codes; what came is in sys.last_value.frame\n")
    assert run("import sys; sys.last_value.frame")[0].result is came


@pytest.mark.parametrize("line", ["HK.99999", "HK.99999 HK.99998", "nonsense"])
def test_an_error_of_the_magic_can_still_be_pickled(shell, line):
    with pytest.raises(CapflowError) as caught:
        shell.run_line_magic("capflow", f"{line} {DEMO}")
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  # our own bytes
    assert (type(again), str(again)) == (type(caught.value), str(caught.value))


def test_a_file_without_a_name_is_refused(run):
    """As `--out $path` has it where path is empty: a frame that nobody kept must not pass for kept."""
    result, printed = run(f"%capflow HK.00700 {DEMO} --out ''")
    assert isinstance(result.error_in_exec, QueryError)
    assert "expected a name that ends in" in printed
