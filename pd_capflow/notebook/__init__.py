"""The notebook's side: the magic ``%capflow``, what Tab offers for it, and how its frames are shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pd_capflow.notebook import complete, display
from pd_capflow.notebook.magic import CapflowMagics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["CapflowMagics", "load", "unload"]

_DASHBOARDS = f"{__name__}.dashboard"


def load(shell: InteractiveShell) -> None:
    """Register the magics with a shell, and complete them. Loading twice is as loading once."""
    _forget(shell)
    magics = CapflowMagics(shell=shell)
    shell.register_magics(magics)
    complete.offer(shell, magics)
    display.offer(shell, magics)


def unload(shell: InteractiveShell) -> None:
    """Remove the magics from a shell, and close dashboards and connections that they made."""
    from pd_capflow.client import close_shared_clients

    _forget(shell)
    if _DASHBOARDS in sys.modules:  # it is heavy, and where nobody opened one there is none to close
        sys.modules[_DASHBOARDS].close_dashboards()
    close_shared_clients()


def _forget(shell: Any) -> None:
    display.withdraw(shell)
    complete.withdraw(shell)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("capflow", None)
    shell.magics_manager.registry.pop("CapflowMagics", None)
    shell.configurables[:] = [each for each in shell.configurables if not isinstance(each, CapflowMagics)]
