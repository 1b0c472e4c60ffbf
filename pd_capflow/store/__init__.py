"""The store: what a gateway served, kept, and read again as the same frames."""

from __future__ import annotations

from pd_capflow.errors import StoreError

try:
    from pd_capflow.store.store import Store
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("deltalake", "pyarrow"):
        raise
    raise StoreError(f"a store needs {error.name}: pip install 'pd_capflow[store]'") from error

__all__ = ["Store"]
