"""A store of many rows, laid out as by the store itself, but made without answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
from deltalake import ColumnProperties, WriterProperties, write_deltalake

from pd_capflow.store import Store
from pd_capflow.store.layout import INTRADAY
from tests.store.scale.recorded import SOURCE, frame_of

__all__ = ["CODES", "fill"]

CODES = [f"HK.{number:05d}" for number in range(1, 601)]
_DAYS_OF_A_WEEK = 5
_MINUTES = 331
_SHAPE = (len(CODES), _DAYS_OF_A_WEEK, _MINUTES)
_OPEN = timedelta(hours=1, minutes=30)  # of Hong Kong, in UTC
_GROUP = WriterProperties(
    compression="SNAPPY",
    max_row_group_size=20 * _MINUTES,
    default_column_properties=ColumnProperties(dictionary_enabled=False),
    column_properties={
        name: ColumnProperties(dictionary_enabled=True) for name in ("code", "url", "last_valid_time")
    },
)


def fill(path, weeks):
    """Write weeks of minutes of all `CODES`, one file each; return the store and how many rows it has."""
    monday = date(2025, 1, 6)
    store = Store(path)
    rows = store.write(frame_of(["US.AAPL"], [monday], "intraday"))  # makes the tables
    totals = np.random.default_rng(1).integers(-9_000, 9_000, _SHAPE).astype(float).cumsum(axis=2)
    for number in range(weeks):
        table = _week(monday + timedelta(weeks=number), totals * (number + 1))
        write_deltalake(f"{store.path}/intraday", table, mode="append", writer_properties=_GROUP)
        rows += len(table)
    return store, rows


def _week(monday, totals):
    shape = _SHAPE
    days = [monday + timedelta(days=day) for day in range(_DAYS_OF_A_WEEK)]
    opens = [datetime(day.year, day.month, day.day, tzinfo=UTC) + _OPEN for day in days]
    starts = np.array([round(at.timestamp() * 1e6) for at in opens])
    times = starts[:, None] + _hours()
    count = np.prod(shape)
    columns = {
        "week": pa.repeat(pa.scalar(monday), count),
        "code": pa.array(CODES).take(pa.array(np.repeat(np.arange(len(CODES)), count // len(CODES)))),
        "session": pa.array(np.broadcast_to(np.array(days, "M8[D]")[:, None], shape).ravel()),
        "time": pa.array(np.broadcast_to(times, shape).ravel(), pa.timestamp("us", "UTC")),
        "nth": pa.repeat(pa.scalar(0, pa.int32()), count),
        "last_valid_time": pa.repeat(pa.scalar(f"{days[-1]}T16:00:00+08:00"), count),
        "url": pa.repeat(pa.scalar(SOURCE["url"]), count),
        "empty": pa.repeat(pa.scalar(value=False), count),
        "recorded_at": pa.repeat(pa.scalar(opens[-1], pa.timestamp("us", "UTC")), count),
    }
    for number, name in enumerate(INTRADAY.amounts):
        columns[name] = pa.array(np.roll(totals, number, axis=0).ravel())
    columns["main_in_flow"] = pa.nulls(count, pa.float64())
    absent = [name for name in INTRADAY.schema.names if name not in columns]
    columns |= {name: pa.nulls(count, INTRADAY.schema.field(name).type) for name in absent}
    return pa.table({name: columns[name] for name in INTRADAY.schema.names}).cast(INTRADAY.schema)


def _hours():
    """Return the microseconds from the open to each of a day's minutes, around lunch."""
    minutes = np.arange(_MINUTES)
    return (minutes + 60 * (minutes > 150)) * 60_000_000
