"""The dashboard as its user has it: verbs, clicks, what it shows, and that nothing is left of it."""

from __future__ import annotations

import gc
import threading
from base64 import b64decode
from collections import defaultdict
from dataclasses import replace
from io import BytesIO
from itertools import product

import pytest
from ipywidgets import Widget
from ipywidgets.widgets.widget import _instances
from PIL import Image

import pd_capflow
from pd_capflow.client.portal import current_portal
from pd_capflow.errors import QueryError, ReplyTimeoutError
from pd_capflow.gateway.handlers import Refusal
from pd_capflow.notebook.dashboard import close_dashboards
from pd_capflow.notebook.dashboard.reading import Reading
from pd_capflow.notebook.dashboard.screen import Screen
from pd_capflow.notebook.dashboard.wish import CHARTS, Wish
from pd_capflow.plot import KINDS
from pd_capflow.protocol.messages import CAPITAL_FLOW
from pd_capflow.security import Security
from tests.dashboard.conftest import BOUND, screen_of, until

CODES = ["HK.00700", "US.AAPL"]


def picture(data):
    image = Image.open(BytesIO(data))
    image.load()
    return image


def test_it_is_behind_a_door_of_the_package():
    assert callable(pd_capflow.dashboard)
    assert "dashboard" in pd_capflow.__all__


def test_it_refreshes_by_itself_and_keeps_the_frame(board_of):
    board = board_of(CODES, interval=1.0)
    assert board.codes == CODES
    assert board.wait(2) is board
    assert list(board.frame.index.unique("code")) == CODES
    assert board.frame.attrs["capflow"]["source"] == {"url": "demo://", "demo": True}
    assert board.status.refreshes >= 2
    assert board.status.is_demo
    assert "DEMO DATA" in str(board.status)


def test_before_the_first_answer_the_frame_is_empty_and_has_its_shape(board_of, gateway_process):
    gateway_process.kill()
    board = board_of(CODES, url=gateway_process.url)
    assert board.frame.empty
    assert board.frame.index.names == ["code", "time"]
    assert "in_flow" in board.frame.columns


def test_it_shows_a_widget_and_for_other_pages_a_picture_and_text(board_of, monkeypatch):
    monkeypatch.setattr("pd_capflow.notebook.dashboard.board._FIRST_PICTURE_SECONDS", BOUND)
    bundle = board_of(CODES)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert picture(b64decode(bundle["image/png"])).size == (900, 460)
    assert "DEMO DATA" in bundle["text/plain"]
    assert "DEMO DATA" in bundle["text/html"]
    assert "HK.00700" in bundle["text/html"]


def test_what_came_is_not_shown_before_it_is_drawn(board_of):
    """A page that is kept has no second picture, and the first one was drawn before there were numbers."""
    reading = board_of(CODES).wait(1)._screen.reading
    wish = Wish.of(reading.codes)
    nothing = Reading(wish.codes, source=reading.source)
    screen = Screen(wish, nothing, defaultdict(lambda: print), lambda text: [text])
    screen.draw()
    assert screen.wait_until(lambda: screen.drawing.png, BOUND)
    screen.reading = reading
    assert not screen.wait_until(screen._is_settled, 0)
    screen.draw()
    screen.settle(BOUND)
    assert "waiting" not in screen.drawing.ranking_html
    screen.close()


def test_what_is_wished_for_is_not_shown_before_the_feed_has_heard_of_it(board_of):
    board = board_of(CODES).wait(1)
    screen, wish = screen_of(board)[0], board._screen.wish
    board.snapshot()
    for change in ({"codes": wish.codes[:1]}, {"is_live": False}):
        screen.wish = replace(wish, **change)
        screen.draw()
        assert screen.wait_until(lambda: screen._drawn[0] is screen.wish, BOUND)
        assert not screen.wait_until(screen._is_settled, 0), change
    board.stop()
    board.remove(CODES[1])
    still = board.snapshot()
    assert "stopped" in still.text
    assert CODES[1] not in still.html


def test_a_snapshot_has_no_formulas(board_of):
    html = board_of("HK.00700").snapshot().html
    assert html.startswith('<div class="capflow-still tex2jax_ignore mathjax_ignore">')


def test_a_snapshot_is_static_and_shows_what_is_wished_for(board_of):
    board = board_of(CODES)
    before = board.wait(1).snapshot()
    board.show("US.AAPL", period="day", kind="bars", theme="dark", lang="zh")
    after = board.snapshot()
    bundle = after._repr_mimebundle_()
    assert sorted(bundle) == ["image/png", "text/html", "text/plain"]
    assert (
        picture(after.png).convert("RGB").getpixel((2, 2))[0]
        < 60
        < picture(before.png).convert("RGB").getpixel((2, 2))[0]
    )
    assert "演示数据" in after.text
    assert "<script" not in after.html
    assert "http" not in after.html


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"period": "hour"}, "intraday, day, week, month"),
        ({"kind": "pie"}, "cumulative, bars"),
        ({"colors": "blue"}, "auto, cn, intl, cb"),
        ({"lang": "fr"}, "en, zh"),
        ({"theme": "sepia"}, "light, dark"),
        ({"interval": 0.2}, "from 1 to 86,400"),
        ({"interval": 1e12}, "from 1 to 86,400"),
        ({"interval": True}, "from 1 to 86,400"),
        ({"client": "demo://"}, "connect"),
    ],
)
def test_what_cannot_be_wished_for_names_what_can(options, named):
    with pytest.raises(QueryError, match=named):
        pd_capflow.dashboard("HK.00700", **options)


def test_too_many_codes_and_none_are_refused():
    with pytest.raises(QueryError, match="up to 100"):
        pd_capflow.dashboard([f"HK.{n:05d}" for n in range(1, 102)], url="demo://")
    with pytest.raises(QueryError, match="at least one"):
        pd_capflow.dashboard([], url="demo://")


def test_names_and_selectors_can_be_added(board_of):
    board = board_of("HK.09988")
    board.add("腾讯")
    board.add("apple")
    board.add("hk.00005")
    assert board.codes == ["HK.09988", "HK.00700", "US.AAPL", "HK.00005"]
    board.add("watchlist:Tech")
    until(board, lambda: len(board.codes) > 4)
    board.remove("HK.09988")
    assert "HK.09988" not in board.codes
    with pytest.raises(QueryError, match="not watched"):
        board.remove("HK.09988")


def test_a_plate_can_be_watched(board_of):
    with pd_capflow.connect("demo://") as client:
        members = client.capital_flow("plate:HK.BK1001", "week").index.unique("code").tolist()
    assert board_of("plate:HK.BK1001").codes == members


def test_what_begins_any_code_of_a_market_is_none(board_of):
    board = board_of("HK.00700")
    with pytest.raises(QueryError, match="no valid symbol"):
        board.add("HK.")
    assert board.codes == ["HK.00700"]


def test_what_is_typed_is_added_by_enter_and_what_is_not_known_is_one_line(board_of):
    board = board_of("HK.00700")
    _, panel = screen_of(board)
    panel.code.value = "阿里"
    assert any("HK.09988" in option for option in panel.code.options)
    panel.code._handle_custom_msg({"event": "submit"}, [])
    assert board.codes == ["HK.00700", "HK.09988"]
    assert panel.code.value == ""
    panel.code.value = "no such <b>thing"
    panel.add.click()
    assert board.codes == ["HK.00700", "HK.09988"]
    assert "no such &lt;b&gt;thing" in panel.message.value
    assert "capflow-bad" in panel.message.value
    assert panel.code.value == "no such <b>thing", "what was typed is there to be mended"
    board.wait(1)


def test_an_option_that_is_picked_is_added_at_once(board_of):
    board = board_of("HK.00700")
    _, panel = screen_of(board)
    panel.code.value = "tsla"
    panel.code.value = panel.code.options[0]
    assert board.codes == ["HK.00700", "US.TSLA"]


def test_a_code_that_the_gateway_refuses_is_told_and_the_others_go_on(board_of):
    board = board_of("HK.00700", interval=1.0)
    _, panel = screen_of(board)
    board.wait(1)
    board.add("HK.99999999")
    until(board, lambda: "unknown stock" in panel.message.value)
    assert "unknown stock" in panel.ranking.value
    assert "HK.99999999" in board.status.errors
    board.wait(1)
    assert list(board.frame.index.unique("code")) == ["HK.00700"]
    assert "HK.99999999" in board.frame.attrs["capflow"]["errors"]


def chips_of(panel):
    return {chip.children[0].description: chip for chip in panel.chips.box.children}


def test_chips_choose_and_remove(board_of):
    board = board_of(CODES)
    _, panel = screen_of(board)
    until(board, lambda: "HK.00700 TENCENT" in chips_of(panel))
    chips = chips_of(panel)
    assert "capflow-chosen" in chips["HK.00700 TENCENT"]._dom_classes
    show, remove = chips["US.AAPL Apple"].children
    assert (show.tooltip, remove.tooltip) == ("Show US.AAPL", "Remove US.AAPL")
    show.click()
    until(board, lambda: "US.AAPL" in panel.title.value)
    assert "capflow-chosen" in chips["US.AAPL Apple"]._dom_classes
    widgets = len(_instances)
    remove.click()
    until(board, lambda: len(panel.chips.box.children) == 1)
    until(board, lambda: len(_instances) == widgets - 8)  # two buttons and a box, their layouts and styles
    assert board.codes == ["HK.00700"]
    until(board, lambda: "HK.00700" in panel.title.value)


def test_the_controls_change_the_wish_and_the_wish_the_controls(board_of):
    board = board_of(CODES)
    screen, panel = screen_of(board)
    fields = panel.controls.fields
    fields["period"].value = "week"
    fields["kind"].value = "cumulative"
    fields["interval"].value = 30.0
    fields["colors"].value = "cb"
    fields["theme"].value = "dark"
    panel.controls.lines["sml_in_flow"].value = False
    wish = screen.wish
    assert (wish.period, wish.kind, wish.interval, wish.colors, wish.theme) == (
        "week",
        "cumulative",
        30.0,
        "cb",
        "dark",
    )
    assert "sml_in_flow" not in wish.lines
    board.show(kind=None, interval=None, period="day", lang="zh")
    assert (fields["kind"].value, fields["interval"].value, fields["period"].value) == ("", 0.0, "day")
    assert fields["period"].description == "周期"
    assert panel.toggle.description == "停止"
    assert screen.wish.chart == "bars"
    fields["lang"].value = "en"
    assert fields["period"].description == "Period"


def test_a_hidden_line_is_not_drawn_and_the_total_is_as_it_was(board_of):
    from pd_capflow.notebook.dashboard.picture import subject_of

    board = board_of("HK.00700").wait(1)
    screen, panel = screen_of(board)
    panel.controls.lines["super_in_flow"].value = False
    subject = subject_of(screen.reading, screen.wish)
    assert subject["super_in_flow"].isna().all()
    assert subject["in_flow"].equals(screen.reading.flow(screen.wish.shown)["in_flow"])
    assert board.frame["super_in_flow"].notna().all(), "the frame is no business of the chart's"


def test_without_codes_it_says_so_and_shows_no_chart(board_of):
    board = board_of("HK.00700").wait(1)
    _, panel = screen_of(board)
    board.remove("HK.00700")
    until(board, lambda: "no codes" in panel.status.value)
    assert board.frame.empty
    assert sorted(board.snapshot()._repr_mimebundle_()) == ["text/html", "text/plain"]
    assert panel.chart.layout.display == "none"
    with pytest.raises(QueryError, match="add"):
        board.wait(1)
    board.add("HK.00005")
    assert board.wait(1).codes == ["HK.00005"]


def test_a_feed_that_ends_by_a_mistake_is_told(board_of, monkeypatch, caplog):
    from pd_capflow.notebook.dashboard import feed

    board = board_of("HK.00700", interval=1.0).wait(1)
    _, panel = screen_of(board)
    monkeypatch.setattr(feed, "Reading", None)
    until(board, lambda: board.show(colors="cb") or board._running.done())
    monkeypatch.undo()
    board.show(colors="auto")
    until(board, lambda: "refreshing ended: TypeError" in panel.message.value)
    assert "feed of a dashboard ended" in caplog.text
    board.start()
    board.wait(1)


def test_stop_and_start(board_of):
    board = board_of("HK.00700", interval=1.0).wait(1)
    _, panel = screen_of(board)
    panel.toggle.click()
    until(board, lambda: "stopped" in panel.status.value)
    assert panel.toggle.description == "Start"
    with pytest.raises(QueryError, match="start"):
        board.wait(1)
    panel.toggle.click()
    assert panel.toggle.description == "Stop"
    board.wait(1)


def test_after_its_client_was_closed_it_says_so_and_starts_again(board_of):
    board = board_of("HK.00700", interval=1.0).wait(1)
    pd_capflow.client.close_shared_clients()
    until(board, lambda: board.status.link == "closed" and not board.status.is_running)
    assert "Start connects again" in str(board.status)
    board.start()
    assert board.wait(1).status.link == "connected"


def test_it_pauses_while_no_page_shows_it(board_of):
    board = board_of("HK.00700", interval=1.0).wait(1)
    _, panel = screen_of(board)
    panel.box._view_count = 1
    panel.box._view_count = 0
    until(board, lambda: "paused" in panel.status.value)
    assert not board.status.is_running
    board.wait(1)  # who waits looks
    panel.box._view_count = 1
    until(board, lambda: board.status.is_running)


def test_one_that_was_closed_says_that_it_stopped_and_not_what_was_to_come(board_of):
    board = board_of("HK.00700", interval=1.0).wait(1)
    _, panel = screen_of(board)
    panel.box._view_count = 1
    panel.box._view_count = 0
    until(board, lambda: "paused" in panel.status.value)
    board.close()
    for shown in (board.snapshot(), board):
        html = shown._repr_mimebundle_()["text/html"]
        assert "stopped" in html
        assert "paused" not in html
        assert "stopped" in repr(shown)


def test_what_is_added_while_another_is_removed_stays(board_of):
    board = board_of(CODES)
    removing = Asked(board._changing)
    board._changing = removing
    remover = threading.Thread(target=board.remove, args=[CODES[1]])
    with removing.lock:
        remover.start()
        assert removing.is_asked.wait(BOUND)
        board._screen.wish = replace(board._wish, codes=(*board._wish.codes, Security.parse("HK.00005")))
    remover.join(BOUND)
    assert board.codes == [CODES[0], "HK.00005"]


class Asked:
    """A lock that tells when somebody asks for it."""

    def __init__(self, lock):
        self.lock, self.is_asked = lock, threading.Event()

    def __enter__(self):
        self.is_asked.set()
        return self.lock.__enter__()

    def __exit__(self, *told):
        return self.lock.__exit__(*told)


def test_a_wait_that_is_too_long_says_what_is_wrong(board_of, gateway_process):
    gateway_process.kill()
    board = board_of("HK.00700", url=gateway_process.url)
    with pytest.raises(ReplyTimeoutError, match="0 of 1 refreshes") as caught:
        board.wait(1, timeout=1.0)
    assert gateway_process.url in str(caught.value)


def test_a_picture_is_saved_beside_the_notebook_and_never_over_another(board_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    board = board_of("HK.00700").wait(1)
    _, panel = screen_of(board)
    for _ in range(3):
        panel.save.click()
    saved = sorted(tmp_path.glob("capflow-HK.00700-cumulative-*.png"))
    assert len(saved) == 3
    assert picture(saved[0].read_bytes()).size == (900, 460)
    assert 'download="capflow-' in panel.message.value


def test_a_frame_is_copied_into_a_variable(board_of, shell):
    board = board_of(CODES).wait(1)
    _, panel = screen_of(board)
    panel.variable.value = "mine"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
        panel.copy.click()
        assert shell.user_ns["mine"].equals(board.frame)
        assert "mine is now a frame" in panel.message.value
        panel.variable.value = "not a name"
        panel.copy.click()
    assert "cannot name a variable" in panel.message.value


def test_without_ipython_a_frame_cannot_be_copied_and_that_is_said(board_of):
    board = board_of("HK.00700").wait(1)
    _, panel = screen_of(board)
    panel.copy.click()
    assert "no IPython" in panel.message.value


def test_every_control_has_a_name(board_of):
    """What a keyboard reaches is labelled, in both languages."""
    board = board_of(CODES)
    _, panel = screen_of(board)
    for lang in ("en", "zh"):
        board.show(lang=lang)
        for widget in controls_in(panel.box):
            assert widget.description or widget.tooltip, widget
            assert widget._dom_classes, widget


def controls_in(widget):
    children = getattr(widget, "children", ())
    own = [widget] if hasattr(widget, "disabled") else []
    return own + [each for child in children for each in controls_in(child)]


async def tasks():
    import asyncio

    return len(asyncio.all_tasks())


def held():
    gc.collect()
    names = sorted(thread.name for thread in threading.enumerate())
    return len(_instances), names, current_portal().run(tasks())


def await_drawers():
    for thread in threading.enumerate():
        if "draw" in thread.name:
            thread.join(BOUND)


def test_nothing_is_left_of_a_closed_dashboard(board_of):
    pd_capflow.client.shared_client("demo://").capital_flow("HK.00700")
    await_drawers()
    before = held()
    boards = [board_of(CODES).wait(1) for _ in range(3)]
    screens = [screen_of(board)[0] for board in boards]
    assert [name for name in held()[1] if "draw" in name] == ["pd_capflow-draw_0"], "one thread draws for all"
    for board in boards:
        board.close()
        board.close()
    await_drawers()
    assert held() == before
    assert all(screen.panel.box.comm is None for screen in screens)
    listeners = boards[0]._client._states._functions
    assert not listeners


def test_a_closed_dashboard_keeps_its_last_picture_and_refuses_the_rest(board_of):
    with board_of("HK.00700") as board:
        board.wait(1)
    bundle = board._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" not in bundle
    assert "image/png" in bundle
    assert "closed" in bundle["text/plain"]
    for act in (board.start, board.wait, lambda: board.add("HK.00005"), lambda: board.show(kind="bars")):
        with pytest.raises(QueryError, match="closed"):
            act()


def test_it_ends_with_its_widget(board_of):
    """As when the page's side of it is gone."""
    board = board_of("HK.00700").wait(1)
    _, panel = screen_of(board)
    panel.box.comm.handle_close({})
    assert "closed" in repr(board)


def test_a_closed_dashboard_promises_no_refresh(board_of):
    board = board_of("US.AAPL").wait(1)
    assert board.status.is_running
    board.close()
    assert not board.status.is_running
    assert board.status.facts[-1] == ("next", "stopped")


def test_all_of_them_can_be_closed(board_of):
    boards = [board_of("HK.00700") for _ in range(2)]
    close_dashboards()
    assert all("closed" in repr(board) for board in boards)


def test_matplotlib_is_left_as_it_was(board_of):
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.get_backend()  # is only looked for when somebody asks
    before = mpl.rcParams.copy()
    board = board_of("HK.00700", theme="dark", lang="zh").wait(1)
    board.show(kind="bars")
    board.snapshot()
    assert mpl.rcParams == before
    assert plt.get_fignums() == []


def test_every_kind_of_chart_can_be_shown(board_of):
    """Of codes that trade in several currencies, in every period, on both papers, in both languages."""
    board = board_of(["HK.00700", "US.AAPL", "HK.09988", "HK.99999999"], interval=600.0).wait(1)
    screen, _ = screen_of(board)
    assert {"cumulative", "bars", "distribution"} <= set(CHARTS) <= set(KINDS)
    for period, (lang, theme) in zip(
        ("intraday", "day", "week"), product(("en", "zh"), ("light", "dark")), strict=False
    ):
        board.show(period=period, lang=lang, theme=theme)
        for kind in CHARTS:
            board.show(kind=kind)
            still = board.snapshot()
            assert not screen.drawing.problem, (kind, period)
            assert picture(still.png).size == (900, 460)


def test_an_unchanged_chart_is_not_drawn_again(gateway_at, board_of, monkeypatch):
    from pd_capflow.notebook.dashboard import picture as pictures

    drawn = []
    monkeypatch.setattr(
        pictures,
        "draw",
        lambda *args, draw=pictures.draw, **options: drawn.append(1) or draw(*args, **options),
    )
    there = gateway_at(speed=0)
    board = board_of("HK.00700", url=there.url, interval=1.0).wait(3)
    count = len(drawn)
    board.wait(2)
    assert len(drawn) == count <= 3
    board.show(colors="cb")
    board.snapshot()
    assert len(drawn) == count + 1


def test_a_picture_has_the_colours_that_were_drawn(board_of):
    """The pale tint between the total and zero among them."""
    colours = picture(board_of("US.AAPL").wait(1).snapshot().png).convert("RGB").getcolors(1 << 20)
    assert len(colours) > 300


def test_widgets_of_others_are_left_alone(board_of):
    other = Widget()
    board_of("HK.00700").close()
    assert other.comm is not None
    other.close()


@pytest.mark.parametrize("lines", ["in_flow", 5, None, ["bogus"], [["in_flow"]], {"in_flow": 1, "x": 2}])
def test_lines_that_are_none_are_refused_and_change_nothing(board_of, lines):
    board = board_of("HK.00700")
    with pytest.raises(QueryError, match="super_in_flow"):
        board.show(lines=lines)
    board.show(lines=["in_flow"])
    assert board._screen.wish.lines == frozenset({"in_flow"})


@pytest.mark.parametrize("code", [5, None, b"HK.00700"])
def test_what_is_no_text_cannot_be_added(board_of, code):
    board = board_of("HK.00700")
    with pytest.raises(QueryError, match=r"HK\.00700"):
        board.add(code)
    board.add(Security.parse("US.AAPL"))
    assert board.codes == ["HK.00700", "US.AAPL"]


def test_a_refusal_that_is_over_is_taken_back(gateway_at, board_of):
    there = gateway_at()
    board = board_of("HK.00700", url=there.url, interval=1.0)
    _, panel = screen_of(board)

    def refuse(method, c2s):
        if method is CAPITAL_FLOW:
            raise Refusal("unknown_security", symbol="00700")

    there.on_request = refuse
    until(board, lambda: "refused" in panel.message.value)
    there.on_request = lambda method, c2s: None
    board.wait(2)
    assert panel.message.value == ""


def test_what_was_said_since_a_refusal_is_not_taken_back_with_it(gateway_at, board_of):
    there = gateway_at()
    board = board_of(["HK.00700", "HK.99999"], url=there.url, interval=1.0)
    _, panel = screen_of(board)
    until(board, lambda: "refused" in panel.message.value)
    panel.say("something else")
    board.remove("HK.99999")
    board.wait(2)
    assert "something else" in panel.message.value


def test_a_client_of_ones_own_that_was_closed_is_not_started_again(board_of):
    client = pd_capflow.connect("demo://", rate=None)
    board = board_of("HK.00700", client=client, url=None).wait(1)
    _, panel = screen_of(board)
    client.close()
    with pytest.raises(QueryError, match="make another"):
        board.start()
    board.stop()
    panel.toggle.click()
    assert "make another" in panel.message.value


def test_a_client_and_an_address_are_one_too_many():
    with pd_capflow.connect("demo://") as client, pytest.raises(QueryError, match="the one or the other"):
        pd_capflow.dashboard("HK.00700", client=client, url="demo://")
