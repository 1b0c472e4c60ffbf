"""The rows of a capital-flow answer -> arrays.

Reading 331 rows field by field through protobuf costs more than everything else in a call together. The
rows of an answer nearly always have the same fields, and so the same layout in bytes; then each column
is a strided view into the serialised answer. Where any row differs, the slow way reads it. Both ways
give the same arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FLOW_FIELDS", "RawRows", "read_rows"]

#: Column of the frame and field of ``CapitalFlowItem``, in the frame's order.
FLOW_FIELDS = {
    "in_flow": "inFlow",
    "main_in_flow": "mainInFlow",
    "super_in_flow": "superInFlow",
    "big_in_flow": "bigInFlow",
    "mid_in_flow": "midInFlow",
    "sml_in_flow": "smlInFlow",
}

# Tag byte of each field as protobuf serialises it: field number << 3 | wire type.
_LIST_TAG = 0x0A
_TEXT_TAG = 0x12
_TIMESTAMP_TAG = 0x19
_DOUBLE_TAGS = {0x09: 0, 0x21: 1, 0x29: 2, 0x31: 3, 0x39: 4, 0x41: 5}
_ONE_BYTE_LENGTH = 0x80


@dataclass(frozen=True, slots=True)
class RawRows:
    """The rows as they were sent.

    Attributes
    ----------
    amounts : ndarray of float64, shape (n, 6)
        Amounts in the order of `FLOW_FIELDS`; NaN where none was sent.
    timestamps : ndarray of float64, shape (n,)
        Seconds since the epoch; NaN where none was sent.
    texts : ndarray of bytes, list of str, or None
        Times in exchange time, empty where none was sent; None where no row has any.
    """

    amounts: NDArray[np.float64]
    timestamps: NDArray[np.float64]
    texts: NDArray[np.bytes_] | list[str] | None


def read_rows(s2c: Any) -> RawRows:
    """Read ``flowItemList`` of a ``Qot_GetCapitalFlow.S2C``."""
    items = s2c.flowItemList
    if len(items) == 0:
        return RawRows(np.empty((0, len(FLOW_FIELDS))), np.empty(0), None)
    return _read_uniform(s2c.SerializeToString(), len(items)) or _read_each(items)


@dataclass(slots=True)
class _Layout:
    """Where a row's parts lie, in bytes from the row's first."""

    structure: list[int]
    doubles: dict[int, int]
    timestamp: int | None = None
    text: tuple[int, int] | None = None


def _read_uniform(data: bytes, count: int) -> RawRows | None:
    """Read rows that all have the first row's layout; None if they don't.

    Rows are the first field of the message, so they stand at its beginning. If each one's tags and
    lengths stand where the first one's do, then by induction every row begins where the stride says.
    """
    stride = 2 + data[1]
    if data[1] >= _ONE_BYTE_LENGTH or stride * count > len(data):
        return None
    layout = _layout(data[:stride])
    if layout is None:
        return None
    grid = np.frombuffer(data, np.uint8, count * stride).reshape(count, stride)
    structure = grid[:, layout.structure]
    if not (structure == structure[0]).all():
        return None
    return _columns(data, count, stride, layout)


def _layout(row: bytes) -> _Layout | None:
    if row[0] != _LIST_TAG:
        return None
    layout = _Layout([0, 1], {})
    at = 2
    while at < len(row):
        tag = row[at]
        layout.structure.append(at)
        if tag == _TEXT_TAG:
            layout.structure.append(at + 1)
            layout.text = (at + 2, row[at + 1])
            at += 2 + row[at + 1]
            continue
        if tag == _TIMESTAMP_TAG:
            layout.timestamp = at + 1
        elif tag in _DOUBLE_TAGS:
            layout.doubles[_DOUBLE_TAGS[tag]] = at + 1
        else:
            return None
        at += 9
    return layout


def _columns(data: bytes, count: int, stride: int, layout: _Layout) -> RawRows:
    def column(offset: int, kind: str) -> NDArray[Any]:
        return np.ndarray((count,), kind, data, offset, (stride,))

    values = np.full((count, len(FLOW_FIELDS)), np.nan)
    for place, offset in layout.doubles.items():
        values[:, place] = column(offset, "<f8")
    if layout.timestamp is None:
        timestamps = np.full(count, np.nan)
    else:
        timestamps = column(layout.timestamp, "<f8").astype(np.float64)
    has_text = layout.text is not None and layout.text[1] > 0
    texts = column(layout.text[0], f"S{layout.text[1]}").copy() if layout.text and has_text else None
    return RawRows(values, timestamps, texts)


def _read_each(items: Any) -> RawRows:
    fields = tuple(FLOW_FIELDS.values())
    values = [[_field(item, name) for name in fields] for item in items]
    timestamps = [_field(item, "timestamp") for item in items]
    return RawRows(np.array(values), np.array(timestamps), [item.time for item in items])


def _field(item: Any, name: str) -> float:
    return getattr(item, name) if item.HasField(name) else np.nan
