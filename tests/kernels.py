"""What a kernel of the tests lives in: the pd_capflow under test, nobody's settings, a day of our choice."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pd_capflow

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EVENING", "environment", "travel"]

#: When the day's session is over in Hong Kong, and the last one in New York too.
EVENING = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)

# What says where settings, caches and other packages' kernels are.
_FOREIGN = ("JUPYTER", "IPYTHON", "MPL", "PD_CAPFLOW_", "XDG_")


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a kernel, or of a server that starts kernels, whose home is that folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    paths = [str(Path(pd_capflow.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | _folders(home) | {
        "MPLCONFIGDIR": _fonts(),
        "PD_CAPFLOW_CONFIG": os.devnull,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUTF8": "1",
    }  # fmt: skip


def _folders(home: Path) -> Mapping[str, str]:
    return {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "XDG_CACHE_HOME": str(home / "cache"),
    }


def _fonts() -> str:
    """Return the folder of Matplotlib's list of fonts, which takes seconds to make: once is enough."""
    import matplotlib as mpl

    import_module("matplotlib.font_manager")  # which makes the list
    return str(mpl.get_cachedir())


def travel(home: Path, moment: datetime) -> None:
    """Have the kernels of that home start at a moment; their clock goes on from there."""
    startup = home / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "00-travel.py").write_text(
        "import time_machine\n"
        f"time_machine.travel({moment.timestamp()!r}, tick=True).start()\n"
        "del time_machine\n"
    )
