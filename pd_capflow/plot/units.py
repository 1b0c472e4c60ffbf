"""Amounts as people write them: one unit for a whole axis, B/M/K in English and 亿/万 in Chinese."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import Formatter

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["AmountFormatter", "Scale", "amount_text", "number_text", "share_text"]

_UNITS: dict[str, tuple[tuple[float, str], ...]] = {
    "en": ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")),
    "zh": ((1e12, "万亿"), (1e8, "亿"), (1e4, "万")),
}
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Scale:
    """The unit of an axis.

    Attributes
    ----------
    factor : float
        How much one unit is, in the currency's own unit.
    suffix : str
        What stands behind a number: ``"M"``, ``"亿"``, or nothing for the currency's own unit.
    largest : float
        The greatest magnitude on the axis; it decides how many digits a value gets. NaN if the axis has
        no amount at all.

    Examples
    --------
    >>> import numpy as np
    >>> Scale.of(np.array([-31.62e6, 1.2e6])).text(-31.62e6)
    '−31.6M'
    """

    factor: float = 1.0
    suffix: str = ""
    largest: float = 1.0

    @classmethod
    def of(cls, amounts: npt.NDArray[np.float64], lang: str = "en") -> Scale:
        """Choose the unit in which the greatest of these amounts is at least one."""
        finite = np.abs(amounts[np.isfinite(amounts)])
        largest = float(finite.max()) if finite.size else math.nan
        for factor, suffix in _UNITS[lang]:
            if largest >= factor:
                return cls(factor, suffix, largest)
        return cls(largest=largest)

    def text(self, amount: float, decimals: int | None = None, *, signed: bool = False) -> str:
        """Write an amount in this unit, by default with three digits for the greatest one."""
        if not math.isfinite(amount):
            return ""
        places = self._places(self.largest, 3) if decimals is None else decimals
        number = round(amount / self.factor, places)
        if number == 0:
            return "0"
        sign = _MINUS if number < 0 else "+" if signed else ""
        return f"{sign}{abs(number):.{places}f}{self.suffix}"

    def decimals(self, steps: Sequence[float]) -> int:
        """Return how many decimals tell ticks apart that stand this far from each other."""
        smallest = min((abs(step) for step in steps if step), default=self.factor)
        for places in range(12):
            if math.isclose(round(smallest / self.factor, places), smallest / self.factor, rel_tol=1e-3):
                return places
        return 12

    def _places(self, amount: float, digits: int) -> int:
        magnitude = math.floor(math.log10(amount / self.factor)) if amount > 0 else 0
        return min(max(0, digits - 1 - magnitude), 12)


def amount_text(amount: float, lang: str = "en") -> str:
    """Write an amount by itself: signed, with three digits, in the unit that suits it.

    Examples
    --------
    >>> amount_text(-31.62e6), amount_text(1.2e8, "zh"), amount_text(0.0)
    ('−31.6M', '+1.20亿', '0')
    """
    return Scale.of(np.array([amount]), lang).text(amount, signed=True)


def share_text(share: float) -> str:
    """Write a fraction as a signed percentage with three digits.

    Examples
    --------
    >>> share_text(-0.01234), share_text(0.1)
    ('−1.23%', '+10%')
    """
    return f"{number_text(100 * share)}%" if math.isfinite(share) else ""


def number_text(number: float) -> str:
    """Write a signed number that has no unit, with three digits.

    Examples
    --------
    >>> number_text(-2.346), number_text(12), number_text(0)
    ('−2.35', '+12', '0')
    """
    if not math.isfinite(number):
        return ""
    return f"{number:+.3g}".replace("-", _MINUS) if number else "0"


class AmountFormatter(Formatter):
    """Writes the ticks of an amount axis, all in one unit and with the same number of decimals.

    Parameters
    ----------
    scale : Scale
        The axis's unit.
    """

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self._decimals = 0

    def set_locs(self, locs: Sequence[float]) -> None:
        """Take the ticks together: their distance decides the decimals."""
        self._decimals = self.scale.decimals([float(step) for step in np.diff(locs)])

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002  # as matplotlib calls it
        """Write one tick."""
        return self.scale.text(x, self._decimals)
