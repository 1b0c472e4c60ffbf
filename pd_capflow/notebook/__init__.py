"""The notebook's side: the magic ``%capflow``, and what Tab offers for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pd_capflow.notebook.complete import offer, withdraw
from pd_capflow.notebook.magic import CapflowMagics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["CapflowMagics", "load", "unload"]


def load(shell: InteractiveShell) -> None:
    """Register the magics with a shell, and complete them."""
    shell.register_magics(CapflowMagics)
    offer(shell)


def unload(shell: InteractiveShell) -> None:
    """Remove the magics from a shell, and close the connections that they made."""
    from pd_capflow.client import close_shared_clients

    withdraw(shell)
    shell.magics_manager.magics["line"].pop("capflow", None)
    shell.magics_manager.registry.pop("CapflowMagics", None)
    close_shared_clients()
