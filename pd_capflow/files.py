"""Frames -> files: CSV, JSON and Parquet, from which the same numbers can be read again.

Invented numbers have a column ``demo`` in every format, since no comment and no metadata survives all
that reads them. A file is there whole or not at all: it is written beside its place and then moved there.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import CapflowError, QueryError
from pd_capflow.flow.frames import ATTRS, DEMO_NOTE

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["DEMO_COLUMN", "told_of", "writer_for"]

#: The column, True in every row, of files that hold invented numbers.
DEMO_COLUMN = "demo"


def writer_for(path: Path) -> Callable[[pd.DataFrame], None]:
    """Return what writes a frame to a file; a suffix or folder that cannot be is refused at once.

    Parameters
    ----------
    path : Path
        Ends in ``.csv``, ``.json`` or ``.parquet``. Times have their zone or offset. What is absent is an
        empty field in CSV, and null in the others.

    Raises
    ------
    QueryError
        If the suffix is none of these.
    CapflowError
        If there is no such folder, or the path is one itself.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise QueryError(f"--out {path}: expected a name that ends in {', '.join(_WRITERS)}")
    if not path.parent.is_dir():
        raise CapflowError(f"--out {path}: there is no folder {path.parent}; make it, or name another")
    if path.is_dir():
        raise CapflowError(f"--out {path} is a folder; expected the name of a file")

    def write_marked(frame: pd.DataFrame) -> None:
        try:
            _write_whole(write, _marked(frame), path)
        except OSError as error:
            raise CapflowError(f"--out {path}: {error.strerror or error}; nothing was written") from error
        except ImportError as error:
            raise CapflowError(f"--out {path}: {error}. pip install 'pd_capflow[store]' brings it") from error

    return write_marked


def told_of(path: object, frame: pd.DataFrame) -> str:
    """Return what is said of a file that was written."""
    note = f" ({DEMO_NOTE}; so says its column {DEMO_COLUMN})" if frame.attrs[ATTRS]["source"]["demo"] else ""
    return f"wrote {path}{note}"


def _marked(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{DEMO_COLUMN: True}) if frame.attrs[ATTRS]["source"]["demo"] else frame


def _write_whole(write: Callable[[pd.DataFrame, Path], None], frame: pd.DataFrame, path: Path) -> None:
    place = path.resolve()  # what a link points to is replaced, not the link
    with TemporaryDirectory(prefix=".capflow-", dir=place.parent) as folder:
        draft = Path(folder, place.name)
        write(frame, draft)
        draft.replace(place)


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path)


def _write_json(frame: pd.DataFrame, path: Path) -> None:
    # Not DataFrame.to_json: it rounds to 15 digits, and a float has up to 17.
    rows = [_json_row(row) for row in frame.reset_index().to_dict(orient="records")]
    path.write_text(json.dumps(rows, indent=1, allow_nan=False), encoding="utf-8")


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path)


def _json_row(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): _json_value(value) for name, value in row.items()}


def _json_value(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat() if value == value else None  # NaT is not itself
    return None if isinstance(value, float) and not math.isfinite(value) else value


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".json": _write_json,
}
