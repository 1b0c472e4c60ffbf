"""The rows under the heading: as many as pandas would show, in times without the zone told above them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd

from pd_capflow.notebook.display.amounts import formats

if TYPE_CHECKING:
    from pd_capflow.notebook.preferences import Preferences

__all__ = ["html_table", "plain_table", "shown_rows"]

# Rows of a longer frame, where pandas is to ask the screen.
_USUAL_ROWS = 60


def shown_rows(total: int, preferences: Preferences) -> int:
    """Return how many rows are shown of a frame."""
    if preferences.rows:
        return min(total, int(preferences.rows))
    most: int | None = pd.get_option("display.max_rows")
    least: int | None = pd.get_option("display.min_rows")
    limit = _USUAL_ROWS if most == 0 else most
    return total if limit is None or total <= limit else min(least or limit, limit)


def html_table(frame: pd.DataFrame, preferences: Preferences) -> str:
    """Return the table of a frame of flows as HTML, its texts escaped."""
    table = _without_zone(frame).to_html(
        max_rows=shown_rows(len(frame), preferences),
        max_cols=pd.get_option("display.max_columns") or None,
        formatters=_formats(frame),
        border=0,
        classes="capflow-table",
    )
    return table.replace("<td>NaN</td>", '<td class="capflow-nan">NaN</td>')


def plain_table(frame: pd.DataFrame, preferences: Preferences) -> str:
    """Return the table of a frame of flows as text."""
    most = pd.get_option("display.max_columns")
    width = shutil.get_terminal_size((80, 24)).columns if most == 0 else pd.get_option("display.width")
    return _without_zone(frame).to_string(
        max_rows=shown_rows(len(frame), preferences),
        max_cols=most,
        line_width=width if pd.get_option("display.expand_frame_repr") else None,
        formatters=_formats(frame),
    )


def _formats(frame: pd.DataFrame) -> Any:
    """Return how to write the columns, None where the user has told pandas."""
    return None if pd.get_option("display.float_format") else formats(frame)


def _without_zone(frame: pd.DataFrame) -> pd.DataFrame:
    index = frame.index
    if isinstance(index, pd.DatetimeIndex) and index.tz is not None:
        return frame.set_axis(index.tz_localize(None))
    if not isinstance(index, pd.MultiIndex) or "time" not in index.names:
        return frame
    times = index.levels[index.names.index("time")]
    if not isinstance(times, pd.DatetimeIndex) or times.tz is None:
        return frame
    plain: Any = times.tz_localize(None)
    return frame.set_axis(index.set_levels(plain, level="time", verify_integrity=False))
