"""The colours of in and out where no chart is drawn: those of `pd_capflow.plot.style`, without matplotlib.

They stand on pages that may be light or dark, so they are the ones that can be read on both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["up_and_down"]

_RED, _GREEN, _BLUE, _ORANGE = "#d1434b", "#17936a", "#2a6fbb", "#dd8a1d"

_COLOURS = {"cn": (_RED, _GREEN), "intl": (_GREEN, _RED), "cb": (_BLUE, _ORANGE)}
_RED_UP_MARKETS = frozenset({"SH", "SZ", "JP"})


def up_and_down(codes: Collection[str], convention: str) -> tuple[str, str]:
    """Return the colours of inflow and outflow.

    Parameters
    ----------
    codes : collection of str
        What is shown; ``"auto"`` is red up only where all of them are of markets with that custom.
    convention : str
        One of `pd_capflow.options.COLORS`.
    """
    if convention != "auto":
        return _COLOURS[convention]
    markets = {code.partition(".")[0] for code in codes}
    return _COLOURS["cn" if markets and markets <= _RED_UP_MARKETS else "intl"]
