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

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow.fs as pafs

__all__ = ["VARIES", "Groups", "with_constant"]

#: What stands for a column that has more than one value.
VARIES: Any = object()
# Texts of a footer may be cut, but never when they are shorter than this.
_WHOLE = 32
# What no row is without, whatever version wrote it, and how Parquet keeps it.
_KEY = {"code": "BYTE_ARRAY", "session": "INT32", "time": "INT64"}
# Of fewer groups threads take more time than they save.
_MANY = 8


class Groups:
    """The groups of rows of one file, known as soon as its footer is read.

    Parameters
    ----------
    filesystem : pyarrow.fs.FileSystem
    name : str
        The file's path there.
    part : mapping of str to object
        Name and value of the column that divides the table, which no file has.
    far : bool
        Whether each look at the file is a journey, so that all that is wanted is asked for at once.
    """

    def __init__(self, filesystem: pafs.FileSystem, name: str, part: Mapping[str, Any], *, far: bool) -> None:
        self.name, self.far = name, far
        self._filesystem, self._part = filesystem, part
        self._common: dict[tuple[int, str], Any] = {}

    @cached_property
    def footer(self) -> pq.FileMetaData:
        """What the file says of itself.

        Raises
        ------
        pyarrow.ArrowInvalid
            If it is no file of a store; pyarrow raises the same where it is no Parquet at all.
        """
        footer = pq.read_metadata(self.name, filesystem=self._filesystem)
        columns, names = footer.schema, footer.schema.names
        for name, kind in _KEY.items():
            if name not in names or columns.column(names.index(name)).physical_type != kind:
                raise pa.ArrowInvalid(
                    f"{self.name} is no file of this store: it has no column {name} of {kind}"
                )
        return footer

    def read(self, groups: Sequence[int], schema: pa.Schema) -> pa.Table:
        """Return columns of some groups; one that the file has not is the part's, or null.

        Parameters
        ----------
        groups : sequence of int
        schema : pyarrow.Schema
            The columns, and as what to read them.
        """
        names = [name for name in schema.names if name in self._places]
        texts = [name for name in names if pa.types.is_dictionary(schema.field(name).type)]
        with self._filesystem.open_input_file(self.name) as source:
            file = pq.ParquetFile(source, metadata=self.footer, read_dictionary=texts, pre_buffer=self.far)
            rows = file.read_row_groups(groups, columns=names, use_threads=len(groups) >= _MANY)
        for name in set(schema.names) - set(names):
            rows = with_constant(rows, schema.field(name), self._part.get(name))
        rows = rows.select(schema.names)
        return rows if rows.schema == schema else rows.cast(schema)

    def holding(self, codes: Sequence[str] | None) -> list[int]:
        """Return the groups that can hold one of some sorted codes."""
        if codes is None:
            return list(range(len(self._bounds)))
        if not self.in_order:
            held = enumerate(self._bounds)
            return [place for place, bounds in held if bounds is None or _between(codes, *bounds)]
        least, most = self._ascending
        found = (range(bisect_left(most, code), bisect_right(least, code)) for code in codes)
        return sorted({place for places in found for place in places})

    def common(self, group: int, column: str) -> Any:
        """Return the one value of a column in a group, `VARIES` if there are several."""
        key = (group, column)
        if key not in self._common:
            self._common[key] = self._told(group, column)
        return self._common[key]

    @cached_property
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
        footer = self.footer
        place = self._places["code"]
        told = [footer.row_group(group).column(place).statistics for group in range(footer.num_row_groups)]
        return [(each.min, each.max) if each is not None and each.has_min_max else None for each in told]

    @cached_property
    def _ascending(self) -> tuple[list[str], list[str]]:
        """The least and the greatest code of each group, of groups in order."""
        known = [each for each in self._bounds if each is not None]
        return [least for least, _ in known], [most for _, most in known]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.footer.schema.names)}

    def _told(self, group: int, column: str) -> Any:
        if column not in self._places:
            return self._part.get(column)
        told = self.footer.row_group(group).column(self._places[column]).statistics
        if told is None or not told.has_null_count:
            return VARIES
        if told.num_values == 0:
            return None
        if told.null_count or not told.has_min_max or told.min != told.max or isinstance(told.min, float):
            return VARIES  # of numbers that can be NaN, least and greatest do not tell all
        return VARIES if isinstance(told.min, str) and len(told.min) >= _WHOLE else told.min


def with_constant(rows: pa.Table, field: pa.Field, value: Any) -> pa.Table:
    """Return rows with one more column, of one value."""
    return rows.append_column(field, pa.repeat(pa.scalar(value, field.type), len(rows)))


def _between(codes: Sequence[str], least: str, most: str) -> bool:
    return bisect_left(codes, least) < bisect_right(codes, most)
