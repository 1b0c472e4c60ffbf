"""The groups of rows of one file: which of them can hold a code, and what all their rows have in common.

A footer tells the least and greatest value of each column of each group. Most columns beside the amounts
have one value only, such as where the rows come from: it is taken from the footer, and the column is not
read at all.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow.dataset as ds

__all__ = ["VARIES", "Groups"]

#: What stands for a column that has more than one value.
VARIES: Any = object()
# Texts of a footer may be cut, but never when they are shorter than this.
_WHOLE = 32


class Groups:
    """The groups of rows of one file, known as soon as its footer is read.

    Parameters
    ----------
    file : pyarrow.dataset.ParquetFileFragment
    """

    def __init__(self, file: ds.Fragment) -> None:
        self.file = file
        self._common: dict[tuple[int, str], Any] = {}

    def holding(self, codes: Sequence[str] | None) -> list[int]:
        """Return the groups that can hold one of some sorted codes."""
        if codes is None:
            return list(range(len(self._bounds)))
        return [
            place for place, bounds in enumerate(self._bounds) if bounds is None or _between(codes, *bounds)
        ]

    def common(self, group: int, column: str) -> Any:
        """Return the one value of a column in a group, `VARIES` if there are several."""
        key = (group, column)
        if key not in self._common:
            self._common[key] = self._told(group, column)
        return self._common[key]

    @property
    def in_order(self) -> bool:
        """Whether no group begins with a code before that with which the last one ended."""
        bounds = self._bounds
        known = [each for each in bounds if each is not None]
        pairs = pairwise(known)
        return len(known) == len(bounds) and all(one[1] <= after[0] for one, after in pairs)

    @cached_property
    def bounds(self) -> tuple[str, str] | None:
        """The least and greatest code, None where they are not known."""
        known = [each for each in self._bounds if each is not None]
        if len(known) < len(self._bounds) or not known:
            return None
        return min(least for least, _ in known), max(most for _, most in known)

    @cached_property
    def _bounds(self) -> list[tuple[str, str] | None]:
        footer = self.file.metadata
        place = self._places["code"]
        told = [footer.row_group(group).column(place).statistics for group in range(footer.num_row_groups)]
        return [(each.min, each.max) if each is not None and each.has_min_max else None for each in told]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.file.metadata.schema.names)}

    def _told(self, group: int, column: str) -> Any:
        told = self.file.metadata.row_group(group).column(self._places[column]).statistics
        if told is None or not told.has_null_count:
            return VARIES
        if told.num_values == 0:
            return None
        if told.null_count or not told.has_min_max or told.min != told.max:
            return VARIES
        return VARIES if isinstance(told.min, str) and len(told.min) >= _WHOLE else told.min


def _between(codes: Sequence[str], least: str, most: str) -> bool:
    return bisect_left(codes, least) < bisect_right(codes, most)
