"""What surrounds us on this machine: the extras that are installed, and a font for Chinese charts."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from pd_capflow.checkup.case import Case, Verdict, failed, fine, warned

if TYPE_CHECKING:
    from pd_capflow.client.settings import Settings

__all__ = ["EXTRAS", "extras", "font"]

#: Extra -> the modules that it brings.
EXTRAS = {
    "crypto": ("cryptography",),
    "ws": ("websockets",),
    "calendar": ("exchange_calendars",),
    "store": ("deltalake", "pyarrow"),
    "dask": ("dask", "distributed", "deltalake", "pyarrow"),
    "progress": ("tqdm",),
}


def extras(case: Case) -> Verdict:
    """Tell which extras there are, and how to get those that are needed."""
    missing = [extra for extra, modules in EXTRAS.items() if not all(map(find_spec, modules))]
    there = [extra for extra in EXTRAS if extra not in missing]
    lacked = [extra for extra in missing if extra in _needed(getattr(case, "settings", None))]
    told = ", ".join(there) or "none"
    if lacked:
        return failed(
            f"{', '.join(lacked)} is missing and this address needs it; there: {told}", _install(lacked)
        )
    if missing:
        return fine(f"{told}; not installed: {', '.join(missing)}", f"if wanted: {_install(missing)}")
    return fine(told)


def _needed(settings: Settings | None) -> set[str]:
    if settings is None:
        return set()
    wants = {"crypto": bool(settings.rsa_key), "ws": settings.address.is_websocket}
    return {extra for extra, is_needed in wants.items() if is_needed}


def _install(names: list[str]) -> str:
    return f"python -m pip install 'pd_capflow[{','.join(names)}]'"


def font(_case: Case) -> Verdict:
    """Look for a font with Chinese characters."""
    import matplotlib as mpl

    from pd_capflow.plot.style import cjk_family

    family = cjk_family()
    if family is not None:
        return fine(family)
    return warned(
        "no font with Chinese characters, so charts with lang='zh' are in English",
        "install one, such as Noto Sans CJK (on Debian and Ubuntu: apt install fonts-noto-cjk), and delete "
        f"matplotlib's font list in {mpl.get_cachedir()}",
    )
