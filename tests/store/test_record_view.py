"""A recording in a notebook: what is shown of it, and its button."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import ipywidgets
import pytest

from pd_capflow.store import Store
from pd_capflow.store.recorder.markup import markup
from pd_capflow.store.recorder.status import Status
from pd_capflow.store.recorder.view import view
from tests.store.markets import CODES, MORNING, Market, States


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "flows", demo=True)


def parts(shown):
    told, (bar, stop) = shown.children[0], shown.children[1].children
    return told, bar, stop


def test_the_button_ends_the_recording(store):
    with Market(MORNING) as market:
        recording = market.record(CODES, store)
        _, _, stop = parts(view(recording))
        States(recording).wait(lambda status: status.rows > 0)
        assert not stop.disabled
        stop.click()
        assert recording.wait(30)
        assert recording.status.state == "stopped"
        assert stop.disabled


def test_the_page_follows_to_the_end(store):
    with Market() as market:
        recording = market.record(CODES, store)
        told, bar, stop = parts(view(recording))
        assert recording.wait(60)
        assert "<b>done</b>" in told.value
        assert (bar.value, bar.max, stop.disabled) == (3, 3, True)
        assert "3 of 3" in told.value


def test_a_front_end_gets_widgets_and_who_has_none_a_table(store, monkeypatch):
    with Market() as market:
        recording = market.record(CODES, store)
        assert recording.wait(60)
        bundle, _ = recording._repr_mimebundle_()
        assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
        assert "invented" in bundle["text/html"]
        assert bundle["text/plain"] == repr(recording)
        ipywidgets.Widget.close_all()
        monkeypatch.setitem(sys.modules, "pd_capflow.store.recorder.view", None)
        assert set(recording._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_texts_of_the_gateway_are_escaped(store):
    moment = datetime(2026, 1, 5, 1, 30, tzinfo=UTC)
    status = Status(
        "no gateway", moment, codes=2, trouble="<script>", last_commit=moment, missing=1, failed=2
    )
    html = markup(status, store)
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert "2026-01-05 01:30:00 UTC" in html
    assert "next at" not in html
