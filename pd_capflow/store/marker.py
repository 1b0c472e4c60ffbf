"""What a store says of itself: the version of its schema, and whether its numbers are a demo's.

It says so in the configuration of its first table. A Delta table is made by one writer only, whoever else
tries at the same moment, so that a store never says two things.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pd_capflow.errors import StoreError
from pd_capflow.flow.frames import facts_in
from pd_capflow.store.layout import LAYOUTS, SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["check_facts", "check_kind", "check_place", "facts_of"]

_SCHEMA, _DEMO = "capflow.schema", "capflow.demo"


def facts_of(*, demo: bool) -> dict[str, str]:
    """Return what a new store says of itself."""
    return {_SCHEMA: str(SCHEMA_VERSION), _DEMO: str(demo).lower()}


def check_facts(path: str, facts: Mapping[str, str] | None, *, demo: bool) -> None:
    """Refuse a store of a newer schema or of the other kind; where there is none yet, all is well."""
    if facts is None:
        return
    version = facts.get(_SCHEMA)
    if version is None:
        raise StoreError(f"store {path}: its tables were not made by pd_capflow; give another path")
    if not version.isdigit() or int(version) > SCHEMA_VERSION:
        raise StoreError(
            f"store {path}: its schema is version {version}, and this pd_capflow knows up to "
            f"{SCHEMA_VERSION}; update pd_capflow"
        )
    _check_demo(path, holds=facts.get(_DEMO) == "true", demo=demo)


def check_kind(path: str, frame: pd.DataFrame, *, demo: bool) -> None:
    """Refuse demo data for a store of real data, and the other way round."""
    is_demo = bool(facts_in(frame)["source"]["demo"])
    if is_demo and not demo:
        raise StoreError(
            f"store {path}: the frame is demo data, which goes only into a store of its own; open one with "
            "Store(path, demo=True)"
        )
    if demo and not is_demo:
        raise StoreError(
            f"store {path}: it is for demo data, and the frame is real; write it to a store of its own, "
            "opened without demo=True"
        )


def check_place(path: str, *, there: bool) -> None:
    """Refuse to make a store among other things."""
    folder = Path(path)
    if there or "://" in path:
        return
    try:
        names = {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")}
        for layout in LAYOUTS:
            _check_table(folder / layout.name, path)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise StoreError(f"store {path}: a file is in the way; give a new or empty folder") from None
    except OSError as error:
        raise StoreError(f"store {path}: the folder cannot be read ({error.strerror})") from error
    if other := sorted(names - {layout.name for layout in LAYOUTS}):
        raise StoreError(
            f"store {path}: this is no store, and it holds other things, such as {other[0]!r}; give a new or "
            "empty folder"
        )


def _check_table(folder: Path, path: str) -> None:
    """Refuse to make a table among files that no log tells of."""
    if folder.is_file() or (
        (folder.is_dir() and any(folder.iterdir())) and not (folder / "_delta_log").exists()
    ):
        raise StoreError(
            f"store {path}: {folder.name} holds files and no log that tells of them; put the log back from a "
            "copy of the store, or give a new or empty folder"
        )


def _check_demo(path: str, *, holds: bool, demo: bool) -> None:
    if holds and not demo:
        raise StoreError(
            f"store {path}: it was made of demo data, whose numbers are invented; open it with "
            "Store(path, demo=True), or record real data to another path"
        )
    if demo and not holds:
        raise StoreError(f"store {path}: it holds real data; open it without demo=True")
