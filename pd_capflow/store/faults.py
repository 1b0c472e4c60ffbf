"""What goes wrong outside -> `StoreError` with the path and what to do about it.

The libraries below say most of it in text only, so a table of what these texts hold decides; what the
table does not know is told as it came.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pd_capflow.client.secret import Secret
from pd_capflow.errors import StoreError
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["foreign_errors", "translated"]

_WORDS = 400
_COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# Variables that hold what opens an object store, whose refusals may echo it; shorter ones are no keys.
_KEYS = re.compile(r"(AWS|AZURE|GOOGLE)_\w*(KEY|SECRET|TOKEN|PASSWORD)")
_SHORTEST_KEY = 8
# The process that uses stores.
_user: dict[str, int] = {}
# What the text holds, in lower case -> what is wrong and what to do.
_FAULTS = (
    (
        ("no space left", "os error 28", "disk quota", "quota exceeded", "storagefull"),
        "the disk is full; what was recorded before is whole: make room and write again",
    ),
    (
        ("permission denied", "os error 13", "os error 1)", "accessdenied", "forbidden", "unauthorized"),
        "no permission there; let this user read and write it, or choose another path",
    ),
    (
        ("read-only file system", "os error 30"),
        "the file system is read-only; choose a path that can be written",
    ),
    (
        ("could not create local directory",),
        "the folder cannot be made there; choose another path",
    ),
    (
        ("nosuchbucket", "containernotfound", "the specified bucket does not exist"),
        "there is no such bucket; make it, or look at the URL",
    ),
    (
        ("scheme is not allowed",),
        "its endpoint is not encrypted; AWS_ALLOW_HTTP=true allows that, or give an https:// one",
    ),
    (
        ("is no file of this store",),
        "another file is in the place of one of the store's; put that back from a copy of the store",
    ),
    (
        ("magic bytes", "file size is 0", "corrupt", "thrift"),
        "a file of the store is damaged: verify() tells which; put it back from a copy of the store",
    ),
    (
        ("json error", "no table metadata", "invalid table location"),
        "its log is damaged; put it back from a copy of the store, or record to another path",
    ),
    (
        ("no such file", "os error 2", "not found", "notfound"),
        "a file of the store is missing: verify() tells which; as_of goes back to what compact() keeps",
    ),
    (
        ("connect", "timed out", "timeout", "dns"),
        "the object store does not answer; look at the network and its endpoint, and try again",
    ),
    (
        ("unknown scheme", "could not find suitable", "unsupported"),
        "nothing keeps a store at such an address; expected a folder, or a URL such as s3://BUCKET/PATH",
    ),
)


def foreign_errors() -> tuple[type[BaseException], ...]:
    """Return what the libraries below raise when something outside goes wrong."""
    from deltalake.exceptions import DeltaError
    from pyarrow import ArrowException

    return (DeltaError, ArrowException, OSError)


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Raise a `StoreError` that names the path for whatever the libraries below raise."""
    _check_not_forked(path)
    try:
        yield
    except foreign_errors() as error:
        told = _COLOUR.sub("", str(error))
        shown = _without_keys(told)
        # A traceback would show the cause, keys and all.
        raise StoreError(f"store {path}: {_meaning(error, shown)}") from (error if shown == told else None)


def _check_not_forked(path: str) -> None:
    """Refuse to go on in the fork of a process that has used a store: Delta Lake's threads are not there."""
    if _user.setdefault("pid", os.getpid()) != os.getpid():
        raise StoreError(
            f"store {path}: this process was forked from one that had used a store; start it anew instead, "
            "by multiprocessing.get_context('spawn')"
        )


def _meaning(error: BaseException, text: str) -> str:
    for signs, meaning in _FAULTS:
        if any(sign in text.lower() for sign in signs):
            return f"{meaning} ({one_line(text, _WORDS)})"
    return one_line(f"{type(error).__name__}: {text}", _WORDS)


def _without_keys(text: str) -> str:
    """Return a text without the values of those variables that open an object store."""
    held = [value for name, value in os.environ.items() if _KEYS.match(name)]
    for key in sorted(held, key=len, reverse=True):
        text = text.replace(key, repr(Secret())) if len(key) >= _SHORTEST_KEY else text
    return text
