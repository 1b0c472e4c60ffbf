"""A writer in a process of its own: writes the frames of a file, and says after each that it is there."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

from pd_capflow.errors import StoreError
from pd_capflow.store import Store


def main(path: str, frames: str, user: str = "") -> None:
    """Write as the user of a number, where one is given."""
    if user:
        os.setuid(int(user))
    for place, frame in enumerate(pickle.loads(Path(frames).read_bytes())):  # noqa: S301  # the test's own
        try:
            written = Store(path).write(frame)
        except StoreError as error:
            print("refused", error, flush=True)  # noqa: T201  # the test reads it
        else:
            print("wrote", place, written, flush=True)  # noqa: T201  # the same


if __name__ == "__main__":
    main(*sys.argv[1:])
