"""A path -> the store that is there, of demo data or real, or the error that says that there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pd_capflow.errors import StoreError
from pd_capflow.store.layout import INTRADAY
from pd_capflow.store.store import Store
from pd_capflow.store.table import Table

if TYPE_CHECKING:
    import os

__all__ = ["of_either_kind", "opened"]


def opened(path: str | os.PathLike[str]) -> Store:
    """Return the store at a path, for reading.

    Parameters
    ----------
    path : str or os.PathLike
        A folder, or the URL of one in an object store, with or without ``store://`` before it.

    Raises
    ------
    StoreError
        If no store is there, or one that cannot be read.

    Examples
    --------
    >>> import tempfile, pd_capflow
    >>> store = pd_capflow.Store(tempfile.mkdtemp(), demo=True)
    >>> store.write(pd_capflow.fetch("HK.00700", "day", "2026-01-05", "2026-01-09"))
    5
    >>> opened(store.url).demo
    True
    """
    store = of_either_kind(path)
    if Table(store.path, INTRADAY).facts() is None:
        raise StoreError(
            f"store {store.path}: no store there; look at the path, or make one with "
            f"Store(path).write(frame) or capflow record"
        )
    return store


def of_either_kind(path: str | os.PathLike[str]) -> Store:
    """Return the store at a path, whether its numbers are a demo's or not; there need be none yet."""
    try:
        return Store(path)
    except StoreError as error:
        try:
            return Store(path, demo=True)
        except StoreError:
            raise error from None
