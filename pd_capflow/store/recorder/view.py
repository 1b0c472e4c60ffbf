"""A recording in a notebook: how it stands as that changes, and a button to end it.

Widgets may be changed from any thread, so the status goes from the I/O thread straight to the page.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import ipywidgets

from pd_capflow.store.recorder.markup import STYLE, markup
from pd_capflow.store.recorder.words import say

if TYPE_CHECKING:
    from pd_capflow.store.recorder.recording import Recording
    from pd_capflow.store.recorder.status import Status

__all__ = ["view"]


def view(recording: Recording) -> ipywidgets.VBox:
    """Return widgets that follow a recording."""
    lang, page = recording.lang, Lock()
    told = ipywidgets.HTML()
    stop = ipywidgets.Button(description=say(lang, "stop"), icon="stop", tooltip=say(lang, "stop_hint"))

    def end(_: object) -> None:
        stop.description, stop.disabled = say(lang, "stopping"), True
        recording.end_soon()

    def show(_: Status) -> None:
        with page:  # so that what stands there in the end is the latest, whichever thread was late
            status = recording.status
            told.value = markup(recording, status)
            if status.is_over:
                stop.description, stop.disabled = say(lang, "stop"), True

    stop.on_click(end)
    recording.on_status(show)
    row = ipywidgets.Box([stop]).add_class("capflow-row")
    return ipywidgets.VBox([ipywidgets.HTML(STYLE), told, row]).add_class("capflow-recording")
