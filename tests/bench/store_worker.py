"""A process that does one thing to a store, some times over, and tells seconds and memory as JSON.

``store_worker.py PATH build CODES DAYS`` makes a store as `compact` leaves it; every other task reads or
writes it: the first time, the medians of those after, by the clock and of the processor, and how much more
memory the process had at most.
"""

import json
import resource
import statistics
import sys
import time
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
from deltalake import write_deltalake

from pd_capflow.flow.frames import FLOW, Columns, build_frame
from pd_capflow.security import Security
from pd_capflow.store import Store
from pd_capflow.store.layout import INTRADAY
from pd_capflow.store.marker import facts_of
from pd_capflow.store.table import FILE_BYTES, WRITER, Table

ROUNDS = 7
MINUTES = np.r_[np.arange(570, 721), np.arange(781, 961)][:331]  # 09:30 to 12:00, and 13:01 on
URL = "tcp://127.0.0.1:11111"
FIRST = "2025-01-06"


def sessions(days):
    return pd.bdate_range(FIRST, periods=days)


def codes(count):
    return [f"HK.{number:05}" for number in range(1, count + 1)]


def instants(days):
    opened = days.to_numpy().astype("M8[us]").astype(np.int64) - 8 * 3_600_000_000
    return (opened[:, None] + MINUTES * 60_000_000).ravel()


def build(path, count, days):
    """Write a week at a time, sorted: what `compact` leaves, without waiting for it."""
    table = Table(path, INTRADAY)
    table.make(facts_of(demo=False))
    random = np.random.default_rng(5)
    held = sessions(days)
    for monday, its in held.to_series().groupby(held - pd.to_timedelta(held.day_of_week, unit="D")):
        rows = pa.table(week(monday, pd.DatetimeIndex(its), codes(count), random), schema=INTRADAY.schema)
        write_deltalake(
            table.path, rows, mode="append", target_file_size=FILE_BYTES, writer_properties=WRITER
        )


def week(monday, days, names, random):
    each = len(days) * len(MINUTES)
    n = each * len(names)
    times = pa.array(np.tile(instants(days), len(names)), pa.timestamp("us"))
    time_of = times.cast(pa.timestamp("us", "UTC"))
    last = pa.array([f"{day.date()}T16:00:00+08:00" for day in days])
    day = np.tile(np.repeat(np.arange(len(days)), len(MINUTES)), len(names))
    amounts = random.normal(0, 1e6, (len(INTRADAY.amounts), n)).round().cumsum(axis=1)
    held = {name: pa.array(values) for name, values in zip(INTRADAY.amounts, amounts, strict=True)}
    return held | {
        "main_in_flow": pa.nulls(n, pa.float64()),
        "week": pa.array(np.full(n, np.datetime64(monday, "D"))),
        "code": pa.array(names).take(pa.array(np.repeat(np.arange(len(names)), each))),
        "session": pa.array(days.to_numpy().astype("M8[D]")[day]),
        "time": time_of,
        "nth": pa.array(np.zeros(n, np.int32)),
        "last_valid_time": last.take(pa.array(day)),
        "url": pa.repeat(pa.scalar(URL), n),
        "gateways": pa.nulls(n, pa.string()),
        "name": pa.nulls(n, pa.string()),
        "empty": pa.array(np.zeros(n, bool)),
        "recorded_at": time_of,
    }


def answer(day, count):
    """Return a day of some codes as the client gives it."""
    times = instants(pd.DatetimeIndex([day]))
    random = np.random.default_rng(6)
    parts = {
        Security.parse(code): Columns(times, random.normal(0, 1e6, (len(times), 6)).cumsum(axis=0), None)
        for code in codes(count)
    }
    return build_frame(
        FLOW, list(parts), parts, period="intraday", single=False, source={"url": URL, "demo": False}
    )


def tasks(path, task):
    """Return what to do, made ready for each of the rounds."""
    store = Store(path)
    last = max(store.tables[INTRADAY].snapshot().files.parts)  # its Monday, and no footer read for it
    day, code = last - timedelta(days=5), "HK.00007"
    if task == "write":
        frames = [answer(last + timedelta(days=after), 500) for after in range(7, 11)]
        return [lambda frame=frame: store.write(frame) for frame in frames]
    do = {
        "code-day": lambda: store.read(code, day, day),
        "code-year": lambda: store.read(code),
        "day": lambda: store.read(None, day, day),
        "top": lambda: store.read(None, day, day, columns=["in_flow"]).capflow.rank("in_flow", 20),
    }[task]
    return [do] * ROUNDS


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(path, task, *sizes):
    if task == "build":
        build(path, *map(int, sizes))
        return
    done, taken, worked, before = tasks(path, task), [], [], peak()
    for do in done:
        begun, working = time.perf_counter(), time.process_time()
        found = do()
        taken.append((time.perf_counter() - begun) * 1e3)
        worked.append((time.process_time() - working) * 1e3)
    told = {"first": taken[0], "warm": statistics.median(taken[1:]), "memory": peak() - before}
    told["processor"] = statistics.median(worked[1:])
    told["rows"] = found if isinstance(found, int) else len(found)
    sys.stdout.write(json.dumps(told))


main(*sys.argv[1:])
