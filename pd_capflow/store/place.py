"""Where a store is: the path or URL that somebody gave, as everything here uses it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pd_capflow.errors import StoreError

__all__ = ["place_of"]

_EXPECTED = "give a folder, or a URL such as s3://BUCKET/PATH"
_READ_OTHERWISE = re.compile(r"\\|%[0-9A-Fa-f]{2}")


def place_of(path: str | os.PathLike[str]) -> str:
    """Return an absolute path, or a URL as it is without a slash at its end.

    Raises
    ------
    StoreError
        If no store can be there.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise StoreError(f"a path cannot be {path!r}; {_EXPECTED}")
    text = os.fsdecode(path).removeprefix("store://").removeprefix("file://")
    if not text or "\0" in text:
        raise StoreError(f"the path is {'damaged' if text else 'empty'}; {_EXPECTED}")
    if "://" in text:
        return text.rstrip("/")
    if _READ_OTHERWISE.search(text) and os.sep == "/":
        raise StoreError(
            f"store {text}: Delta Lake reads a backslash, or % before two digits, as other "
            "characters; choose a path without"
        )
    return str(Path(text).expanduser().absolute())
