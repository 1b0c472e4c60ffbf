"""The recorder: asks a gateway through the day, and keeps in a store what it serves.

`plan` says what is due, by the clock and the calendar of the `roll`; `runner` asks it, on the I/O thread, has
the `keeper` keep what comes, and tells the `logbook`; the `shelf` holds what cannot be kept yet, and `halt`
ends it. `recording` is what another thread holds of it, and `service` the command of it.
"""

from __future__ import annotations

from pd_capflow.store.recorder.recording import Recording, record
from pd_capflow.store.recorder.status import Status
from pd_capflow.store.recorder.tasks import Miss

__all__ = ["Miss", "Recording", "Status", "record"]
