"""Taking things out of a dashboard: the picture into a file, the frame into a variable."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING

from pd_capflow.errors import QueryError
from pd_capflow.notebook.dashboard.words import say

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.notebook.dashboard.drawing import Drawing
    from pd_capflow.notebook.dashboard.wish import Wish

__all__ = ["keep_frame", "save_picture"]


def save_picture(drawing: Drawing, wish: Wish) -> Path:
    """Write the picture into a new file in the working directory, and return its path.

    Raises
    ------
    QueryError
        If there is no picture.
    OSError
        If it cannot be written.
    """
    if not drawing.png:
        raise QueryError(say(wish.lang, "nothing"))
    moment = datetime.now().astimezone()
    name = f"capflow-{_plain(wish.shown)}-{wish.chart}-{moment:%Y%m%d-%H%M%S}"
    for number in count(1):
        path = Path.cwd() / (f"{name}.png" if number == 1 else f"{name}-{number}.png")
        try:
            with path.open("xb") as file:
                file.write(drawing.png)
        except FileExistsError:
            continue
        return path
    raise AssertionError("numbers do not end")


def keep_frame(frame: pd.DataFrame, name: str) -> None:
    """Put a frame into a variable of the user's.

    Raises
    ------
    QueryError
        If it cannot be called that, or there is no IPython.
    """
    from IPython.core.getipython import get_ipython

    wanted = name.strip()
    if not wanted.isidentifier() or iskeyword(wanted):
        raise QueryError(f"{wanted!r} cannot name a variable; expected one such as frame")
    shell = get_ipython()
    if shell is None:
        raise QueryError("there is no IPython to keep a variable in; use .frame")
    shell.user_ns[wanted] = frame


def _plain(text: object) -> str:
    return "".join(char if char.isalnum() or char in ".-" else "_" for char in str(text))
