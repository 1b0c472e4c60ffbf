"""A recording in a notebook: its status as it changes, how much of the session is in, and a button to end it.

Widgets may be changed from any thread, so the status goes from the I/O thread straight to the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets

from pd_capflow.store.recorder.markup import markup

if TYPE_CHECKING:
    from pd_capflow.store.recorder.recording import Recording
    from pd_capflow.store.recorder.status import Status

__all__ = ["view"]


def view(recording: Recording) -> ipywidgets.VBox:
    """Return widgets that follow a recording."""
    told = ipywidgets.HTML()
    bar = ipywidgets.IntProgress(min=0, layout=ipywidgets.Layout(width="260px"))
    stop = ipywidgets.Button(
        description="Stop", icon="stop", tooltip="End it; a commit under way is finished"
    )
    stop.on_click(lambda _: recording.end_soon())

    def show(status: Status) -> None:
        told.value = markup(status, recording.store)
        bar.max, bar.value = max(status.codes, 1), status.settled
        stop.disabled = status.is_over

    recording.on_status(show)
    return ipywidgets.VBox([told, ipywidgets.HBox([bar, stop])])
