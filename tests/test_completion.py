"""What Tab offers behind ``%capflow``, in a real IPython shell."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.completer import CompletionContext, provisionalcompleter

import pd_capflow
from pd_capflow.client import known
from pd_capflow.client.portal import current_portal
from pd_capflow.errors import QueryError
from pd_capflow.flow.queries import PERIODS
from pd_capflow.gateway import Gateway
from pd_capflow.gateway.listing import LISTINGS
from pd_capflow.gateway.plates import PLATES
from pd_capflow.notebook.complete import complete_capflow
from pd_capflow.options import CHARTS
from pd_capflow.plot import KINDS

# InteractiveShell.complete stands on what IPython means to replace some day.
pytestmark = pytest.mark.filterwarnings("ignore:`Completer.complete`:PendingDeprecationWarning")

DEMO = "--url demo://"
HONG_KONG = sorted(code for code in LISTINGS if code.startswith("HK."))
PLATES_THERE = sorted(f"plate:{code}" for code in PLATES if code.market == "HK")


@pytest.fixture
def tab(shell):
    """Return what the last word of a line may become, as Jupyter asks for it."""

    def press(line, after=""):
        with provisionalcompleter():
            found = list(shell.Completer.completions(line + after, len(line)))
        return [each.text for each in found]

    return press


@pytest.fixture
def live_gateway():
    """The address of a gateway of which nothing is known yet."""
    portal = current_portal()
    there = Gateway(limit=None)
    _, port = portal.run(there.listen(port=0))
    yield f"tcp://127.0.0.1:{port}"
    portal.run(there.close())


def test_codes_of_the_demo_gateway(tab):
    assert tab(f"%capflow {DEMO} HK.") == HONG_KONG
    assert tab(f"%capflow {DEMO} hk.007") == ["HK.00700"]


@pytest.mark.parametrize(
    "start",
    ["frame = %capflow ", "%capflow HK.00005 ", "%capflow HK.00005,", "%capflow ['HK.00005', ", "capflow "],
)
def test_codes_wherever_they_stand(tab, monkeypatch, start):
    monkeypatch.setenv("PD_CAPFLOW_URL", "demo://")
    assert tab(f"{start}US.TS") == ["US.TSLA"]


def test_a_line_among_others(shell):
    cell = f"import pandas\nframe = %capflow {DEMO} US.TS\nframe"
    with provisionalcompleter():
        found = list(shell.Completer.completions(cell, cell.index("\nframe", 20)))
    assert [cell[each.start : each.end] for each in found] == ["US.TS"]
    assert [each.text for each in found] == ["US.TSLA"]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("HK.0070", ["HK.00700"]),
        ("watchlist:Te", ["watchlist:Tech"]),
        ("--plot=b", ["bars"]),
    ],
)
def test_the_older_interface_agrees(shell, tab, word, found):
    line = f"%capflow {DEMO} {word}"
    assert shell.complete(None, line, len(line)) == (word.rpartition("=")[2], found)
    assert tab(line) == found


def test_the_older_interface_tells_no_place(shell):
    assert shell.complete("HK.0070", f"%capflow {DEMO} HK.0070") == ("HK.0070", ["HK.00700"])


def test_selectors(tab):
    assert tab(f"%capflow {DEMO} plate:HK.") == PLATES_THERE
    assert tab(f"%capflow {DEMO} watchlist:") == ["watchlist:Favorites", "watchlist:Tech"]
    assert tab(f"%capflow {DEMO} watch") == ["watchlist:Favorites", "watchlist:Tech"]


def test_quotes_are_kept_and_closed_once(tab):
    assert tab(f'%capflow {DEMO} "watchlist:T') == ['"watchlist:Tech"']
    assert tab(f'%capflow {DEMO} "watchlist:T', '"') == ['"watchlist:Tech']


def test_names_of_options(tab):
    asked = ["--period", "--start", "--end", "--price", "--errors", "--source", "--store", "--url"]
    shown = ["--plot", "--colors", "--lang", "--live", "--interval"]
    assert tab("%capflow HK.00700 --") == [*asked, *shown, "--out", "--help"]
    assert tab("%capflow HK.00700 --pl") == ["--plot"]
    assert set(tab("%capflow -")) > {"-p", "-o", "-h", "--period"}


@pytest.mark.parametrize("option", ["--period ", "-p ", "--period="])
def test_periods(tab, option):
    assert tab(f"%capflow HK.00700 {option}") == list(PERIODS)
    assert tab(f"%capflow HK.00700 {option}m") == ["month"]


def test_charts_and_codes_behind_plot(tab):
    assert tab(f"%capflow {DEMO} --plot ")[:2] == ["cumulative", "bars"]
    assert tab("%capflow HK.00700 --plot=b") == ["bars"]
    assert tab(f"%capflow {DEMO} --plot US.TS") == ["US.TSLA"]


@pytest.mark.parametrize("option", ["--colors", "--lang", "--errors"])
def test_the_words_behind_options_are_those_that_hold(tab, option):
    """Whatever is offered is taken, and what is not offered is not."""
    words = tab(f"%capflow HK.00700 {option} ")
    with pd_capflow.connect("demo://") as client:
        frame = client.capital_flow("HK.00700")
        for word in words:
            _take(option, word, client, frame)
        with pytest.raises(QueryError) as told:
            _take(option, "nonsense", client, frame)
    assert all(word in str(told.value) for word in words)


def _take(option, word, client, frame):
    from matplotlib.figure import Figure

    if option == "--errors":
        client.capital_flow("HK.00700", errors=word)
    else:
        frame.capflow.plot(ax=Figure().add_subplot(), **{option.removeprefix("--"): word})


def test_every_kind_of_chart_is_offered():
    """The contract's kinds, in its order."""
    assert CHARTS == ("cumulative", "bars", "tiers", "distribution", "heatmap", "rank", "quadrant")
    assert set(KINDS) == set(CHARTS)


def test_addresses(tab):
    assert tab("%capflow HK.00700 --url d") == ["demo://"]


@pytest.mark.parametrize("option", ["--start ", "--end=", "-o "])
def test_what_only_the_user_knows(shell, option):
    line = f"%capflow {DEMO} {option}"
    context = CompletionContext("", line, len(line), 0, None)
    assert complete_capflow(context)["completions"] == []


def test_of_another_gateway_only_what_it_has_told(tab, live_gateway):
    line = f"%capflow --url {live_gateway} "
    assert not {"HK.00700", "plate:HK.BK1001", "watchlist:Tech"} & set(tab(line))
    with pd_capflow.connect(live_gateway) as client:
        client.static_info(["HK.00700", "HK.00005"])
        client.plates("HK")
        client.watchlists()
    assert tab(line + "HK.") == ["HK.00005", "HK.00700"]
    assert tab(line + "plate:HK.") == PLATES_THERE
    assert tab(line + "watchlist:") == ["watchlist:Favorites", "watchlist:Tech"]


def test_a_watchlist_that_was_asked_for_is_known(tab, live_gateway):
    with pd_capflow.connect(live_gateway) as client:
        client.watchlist("Tech")
    assert tab(f"%capflow --url={live_gateway} watchlist:") == ["watchlist:Tech"]


def test_a_name_with_a_blank_is_put_into_quotes(tab, monkeypatch):
    from pd_capflow.client import known

    monkeypatch.setattr(known, "_watchlists", {"demo://": {"My own, (old) list": None}})
    assert tab(f"%capflow {DEMO} watchlist:My") == ['"watchlist:My own, (old) list"']
    assert tab(f"%capflow {DEMO} 'watchlist:My ow") == ["'watchlist:My own, (old) list'"]


@pytest.mark.parametrize("line", ["%capflown HK.0070", "print(HK.0070", "%time HK.0070", "xcapflow HK.0070"])
def test_other_lines_are_left_alone(tab, monkeypatch, line):
    monkeypatch.setenv("PD_CAPFLOW_URL", "demo://")
    assert "HK.00700" not in tab(line)


def test_variables_are_completed_by_ipython(tab, shell):
    shell.user_ns["my_codes"] = ["HK.00700"]
    assert "my_codes" in tab(f"%capflow {DEMO} $my_co")


@pytest.mark.parametrize("url", ["nonsense://", "", "tcp://", "tcp://host:99999"])
def test_a_wrong_address_offers_nothing_of_it(tab, url):
    assert tab(f"%capflow --url '{url}' HK.0070") == []


def test_a_wrong_config_file_offers_nothing(tab, monkeypatch, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("url = [")
    monkeypatch.setenv("PD_CAPFLOW_CONFIG", str(path))
    assert tab("%capflow HK.0070") == []


@given(st.text(alphabet="HK.0plateswch:\"'=-, \t[]{}$%ou/\n"), st.text(max_size=3), st.integers(0, 40))
def test_any_line_is_completed_without_an_error(arguments, after, shift):
    """Its law: whatever stands there, it answers, and with the end of what stands before the cursor."""
    line = f"%capflow {arguments}"
    cell = line + after.replace("\n", " ")
    row = line.count("\n")
    column = max(len(line.split("\n")[-1]) - shift, 0)
    until = cell.split("\n")[row][:column]
    found = complete_capflow(CompletionContext("", cell, column, row, None))
    assert until.endswith(found["matched_fragment"])


def test_unloaded_it_offers_nothing_and_reloaded_it_offers_once(tab, shell):
    line = f"%capflow {DEMO} HK.0070"
    shell.run_line_magic("unload_ext", "pd_capflow")
    assert complete_capflow not in shell.Completer.custom_matchers
    assert tab(line) == []
    shell.run_line_magic("load_ext", "pd_capflow")
    shell.run_line_magic("reload_ext", "pd_capflow")
    assert shell.Completer.custom_matchers.count(complete_capflow) == 1
    assert tab(line) == ["HK.00700"]


def test_it_loads_no_matplotlib():
    script = "import sys, pd_capflow.notebook as n; print(n.__name__, 'matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["pd_capflow.notebook", "False"]


@pytest.mark.parametrize("word", ["腾讯", "tencent", "Tencent", "txkg", "700", "'tencent"])
def test_a_name_becomes_the_code(tab, word):
    found = tab(f"%capflow {DEMO} {word}")
    assert found[0].strip("'") == "HK.00700"


def test_a_name_finds_the_code_at_a_gateway_that_told_nothing(tab, live_gateway):
    assert tab(f"%capflow --url {live_gateway} 美团") == ["HK.03690"]


def test_the_word_is_replaced_and_the_name_stands_beside_the_code(shell):
    line = f"frame = %capflow {DEMO} US.AAPL 腾讯"
    with provisionalcompleter():
        found = next(iter(shell.Completer.completions(line, len(line))))
    assert (line[found.start : found.end], found.text) == ("腾讯", "HK.00700")
    assert found.type.replace("\u2060", "") == "腾讯控股"


@pytest.mark.parametrize(
    ("word", "name"), [("0000", "HSBC HOLDINGS"), ("0181", "XIAOMI-W"), ("小米", "小米集团-W")]
)
def test_a_name_stays_on_one_line_of_the_menu(shell, word, name):
    """Beside the code JupyterLab breaks lines at blanks and dashes and between Chinese characters."""
    line = f"%capflow {DEMO} {word}"
    with provisionalcompleter():
        shown = next(iter(shell.Completer.completions(line, len(line)))).type
    assert shown.replace("\u2060", "").replace("\u00a0", " ") == name
    assert " " not in shown
    assert not re.search(r"-(?!\u2060)|[\u4e00-\u9fff](?!\u2060|$)", shown)


def test_a_plate_is_found_by_its_name(tab):
    assert tab(f"%capflow {DEMO} 互联") == ["plate:HK.BK1001"]
    assert tab(f"%capflow {DEMO} plate:spir") == ["plate:SH.BK0002"]


def test_what_was_asked_for_comes_first(tab, shell):
    shell.run_cell(f"%capflow JP.7203 {DEMO}")
    assert tab(f"%capflow {DEMO} ")[0] == "JP.7203"


def test_lines_of_a_cell_are_completed(shell):
    cell = f"%%capflow -p day {DEMO}\n# mine\nUS.TS"
    with provisionalcompleter():
        found = [each.text for each in shell.Completer.completions(cell, len(cell))]
        comment = f"{cell} # US.TS"
        beside = [each.text for each in shell.Completer.completions(comment, len(comment))]
    assert found == ["US.TSLA"]
    assert "US.TSLA" not in beside


def test_the_traits_address_is_the_one_that_is_known_about(tab, shell):
    assert tab("%capflow US.TS") == []
    shell.run_line_magic("config", "CapflowMagics.url = 'demo://'")
    assert tab("%capflow US.TS") == ["US.TSLA"]


@pytest.mark.parametrize(
    "name",
    [
        "{1/0}",
        "{print(1)",
        "my $HOME",
        "two\nlines",
        "a\n!rm",
        "\x1b[31mred",
        "\u202eright to left",
        "a 'b' \"c\"",
    ],
)
def test_a_name_that_a_line_would_take_for_something_else_is_not_offered(tab, monkeypatch, name):
    """Names are a gateway's: none may bring an expression, a line or a sign of its own into the cell."""
    monkeypatch.setitem(known._watchlists, "demo://", {name: None, "Fine one": None})
    offered = tab(f"%capflow {DEMO} watchlist:")
    assert '"watchlist:Fine one"' in offered
    assert not [text for text in offered if name in text]


@pytest.mark.parametrize(
    "line",
    [
        "print('%capflow HK.007",
        "# try %capflow HK.007",
        "left %capflow HK.007",
        "capflow = HK.007",
        "x = capflow HK.007",
    ],
)
def test_what_only_looks_like_the_magic_is_left_to_python(tab, monkeypatch, line):
    monkeypatch.setenv("PD_CAPFLOW_URL", "demo://")
    assert "HK.00700" not in tab(line)


@pytest.mark.parametrize(
    "start", ["a, b = %capflow ", "    frame = %capflow ", "d['%'] = %capflow ", "x[1].y=%capflow "]
)
def test_a_line_that_assigns_what_the_magic_returns(tab, monkeypatch, start):
    monkeypatch.setenv("PD_CAPFLOW_URL", "demo://")
    assert tab(f"{start}HK.007") == ["HK.00700"]
