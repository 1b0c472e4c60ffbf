"""Where a store is: the path or URL that somebody gave or configured, as everything here uses it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pd_capflow.client.settings import store_path
from pd_capflow.errors import QueryError, StoreError

__all__ = ["named", "options_of", "place_of"]

_EXPECTED = "give a folder, or a URL such as s3://BUCKET/PATH"
# A user and a password before the host, as no object store wants it, would be shown wherever the path is.
_SECRET_IN_IT = re.compile(r"[^/]+://[^/@]*:[^/@]*@")
# How often and how long one that does not answer is asked again. Delta Lake would for three minutes.
_PATIENCE = {"max_retries": "5", "retry_timeout": "30s"}
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
    if _SECRET_IN_IT.match(text):
        raise StoreError(
            "a store's URL holds a key, which would be seen; give keys by the environment, such as "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if "://" in text:
        return text.rstrip("/")
    if _READ_OTHERWISE.search(text) and os.sep == "/":
        raise StoreError(
            f"store {text}: Delta Lake reads a backslash, or % before two digits, as other "
            "characters; choose a path without"
        )
    return str(Path(text).expanduser().absolute())


def named(path: str | os.PathLike[str] | None) -> str | os.PathLike[str]:
    """Return a path that is given, else the one that is configured.

    Raises
    ------
    QueryError
        If neither is.
    """
    path = store_path() if path is None else path
    if path is None:
        raise QueryError(
            "no store is named; give one, or name it once: PD_CAPFLOW_STORE=PATH, configure(store=PATH), or "
            "store in the config file"
        )
    return path


def options_of(place: str) -> dict[str, str] | None:
    """Return what an object store is told beside its environment; None for a folder."""
    return dict(_PATIENCE) if "://" in place else None
