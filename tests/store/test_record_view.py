"""A recording in a notebook: what is shown of it, and its button."""

from __future__ import annotations

import sys
from dataclasses import replace

import ipywidgets
import pytest

from pd_capflow.store import Store
from pd_capflow.store.recorder.markup import markup
from pd_capflow.store.recorder.view import view
from tests.store.markets import CODES, MORNING, Market, States


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "flows", demo=True)


@pytest.fixture
def done(store):
    """A recording of three codes that is over."""
    with Market() as market:
        recording = market.record(CODES, store)
        assert recording.wait(60)
        yield recording


def parts(shown):
    _, told, row = shown.children
    return told, row.children[0]


def test_the_button_ends_the_recording(store):
    with Market(MORNING) as market:
        recording = market.record(CODES, store)
        told, stop = parts(view(recording))
        States(recording).wait(lambda status: status.next_wake is not None)
        assert "Recorded to</th>" in told.value
        assert "<td>10:00</td><td>0 of 3 codes</td>" in told.value
        assert "next at 10:10:00 Hong Kong time" in told.value
        assert not stop.disabled
        stop.click()
        assert recording.wait(30)
        assert recording.status.state == "stopped"
        assert "stopped: record() again goes on from here" in told.value
        assert (stop.disabled, stop.description) == (True, "Stop")


def test_the_page_follows_to_the_end(store):
    with Market() as market:
        recording = market.record(CODES, store)
        told, stop = parts(view(recording))
        assert recording.wait(60)
        for text in ("done: the session is recorded", "<td>16:00</td><td>3 of 3 codes</td>", "DEMO DATA"):
            assert text in told.value
        assert 'capflow-whole" aria-hidden="true"><i style="width:100.0%">' in told.value
        assert stop.disabled


def test_what_is_missing_is_listed_with_its_reason_and_once(store):
    with Market() as market:
        recording = market.record([*CODES, "HK.99999"], store)
        assert recording.wait(60)
        html = markup(recording, recording.status)
        assert "done, but for what is missing" in html
        assert "minutes, 2026-01-05: the gateway refused: unknown stock 99999" in html
        assert "Not answered" not in html
        assert html.count("HK.99999</th>") == len(recording.missing) == 3


def test_what_is_asked_again_is_listed_until_there_is_too_much_of_it(done):
    whys = {f"HK.{number:05}": f"HK.{number:05}: no answer in time" for number in range(1, 8)}
    html = markup(done, replace(done.status, state="waiting", unanswered=whys))
    assert "Not answered, asked again" in html
    assert html.count("no answer in time") == 5
    assert "and 2 more" in html
    over = markup(done, replace(done.status, state="stopped", unanswered=whys))
    assert "asked again" not in over


def test_a_gateway_that_is_not_there_is_told_once(done):
    why = "no gateway at tcp://127.0.0.1:1: connection refused"
    status = replace(done.status, state="no gateway", trouble=why, unanswered=dict.fromkeys(CODES, why))
    html = markup(done, status)
    assert html.count(why) == 1
    assert f"no answer from {done.client.settings.address}: it is tried again" in html
    assert "capflow-is-no-gateway" in html


def test_it_says_so_in_chinese(store):
    with Market() as market:
        recording = market.record(CODES, store, lang="zh")
        told, stop = parts(view(recording))
        assert recording.wait(60)
        for text in ("已录至", "2026年1月5日", "香港时间", "演示数据", "3/3 只", "已完成"):
            assert text in told.value
        assert stop.description == "停止"


def test_a_time_of_another_day_says_its_day(done):
    at = done.status.at
    later = replace(done.status, next_wake=at.replace(day=6, hour=9, minute=30, second=0, microsecond=0))
    assert "next at 6 Jan 09:30:00 Hong Kong time" in markup(done, later)


def test_a_front_end_gets_widgets_and_who_has_none_a_table(done, monkeypatch):
    bundle, _ = done._repr_mimebundle_()
    model = bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert "DEMO DATA" in bundle["text/html"]
    assert "<style>" in bundle["text/html"]
    assert bundle["text/plain"] == repr(done)
    again, _ = done._repr_mimebundle_()
    assert again["application/vnd.jupyter.widget-view+json"]["model_id"] == model, "one, however often"
    ipywidgets.Widget.close_all()
    anew, _ = done._repr_mimebundle_()
    assert anew["application/vnd.jupyter.widget-view+json"]["model_id"] != model
    monkeypatch.setitem(sys.modules, "pd_capflow.store.recorder.view", None)
    assert set(done._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_the_store_is_called_as_it_is_seen_from_here(done, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "<Recording into flows: done" in repr(done)
    assert '<span class="capflow-path">flows</span>' in markup(done, done.status)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert done.place == done.store.path
    monkeypatch.setattr(done.store, "path", "s3://bucket/flows")
    assert done.place == "s3://bucket/flows"


def test_texts_of_the_gateway_are_escaped(done):
    status = replace(
        done.status, trouble="<script>1", unanswered={"HK.1<b>": "<script>2"}, state="waiting", next_wake=None
    )
    html = markup(done, status)
    assert "&lt;script&gt;1" in html
    assert "&lt;script&gt;2" in html
    assert "HK.1&lt;b&gt;" in html
    assert "<script>" not in html
    assert "next at" not in html
