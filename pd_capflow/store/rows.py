"""Frame -> rows of a table, each with its code, time and session, and with what the answer told of itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pd_capflow.errors import QueryError, StoreError
from pd_capflow.flow.frames import EMPTY, facts_in
from pd_capflow.security import Security
from pd_capflow.store.doubles import check_repeats
from pd_capflow.store.layout import DISTRIBUTIONS
from pd_capflow.store.served import AS_SERVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pd_capflow.store.layout import Layout

__all__ = ["arrow_of", "instant_of", "rows_from"]


def rows_from(frame: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Return the rows of a frame, sorted by code and time.

    Raises
    ------
    StoreError
        If the rows do not say whose they are or when they were, or are there twice.
    """
    facts = facts_in(frame)
    codes, owner = _owners(frame, facts)
    times = _times(frame, layout)
    told = _told(facts, codes)
    rows = pd.DataFrame({name: frame[name].to_numpy(np.float64) for name in layout.amounts})
    rows["code"] = _categories(owner, codes)
    rows["time"] = times.tz_convert("UTC")
    rows["session"] = _sessions(codes, owner, times.asi8, told["last_valid_time"])
    rows["nth"] = _counted(rows, layout)
    rows["empty"] = False
    rows = _marked(rows, codes, _without_rows(facts, codes, owner), told["last_valid_time"])
    place = rows["code"].cat.codes.to_numpy()
    for name, values in told.items():
        rows[name] = pd.array(np.array(values, object)[place], dtype="str")
    rows["recorded_at"] = pd.Timestamp.now("UTC").as_unit("us")
    if layout.partition == "period":
        rows["period"] = facts["period"]
    else:
        rows["week"] = rows["session"] - pd.to_timedelta(rows["session"].dt.day_of_week, unit="D")
    rows["code"] = rows["code"].astype("str")
    return rows.sort_values(["code", "time", "nth"], kind="stable", ignore_index=True)


def arrow_of(rows: pd.DataFrame, layout: Layout) -> pa.Table:
    """Return rows as the table keeps them: NaN as null."""
    return pa.Table.from_pandas(rows[layout.schema.names], schema=layout.schema, preserve_index=False)


def _owners(frame: pd.DataFrame, facts: dict[str, Any]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the codes that came, and whose each row is as the number of one of them."""
    known = _codes_in(facts, "codes")
    if "code" not in frame.index.names:
        if len(known) != 1 and (known or len(frame)):
            raise StoreError(
                f"the frame has no index level 'code', and its attrs name {len(known)} codes; choose one "
                "with frame.loc[['HK.00700']], which keeps the level"
            )
        return known, np.zeros(len(frame), np.int64)
    number, names = pd.factorize(frame.index.get_level_values("code"))
    if (number < 0).any():
        raise StoreError(f"a row has no code; {AS_SERVED}")
    codes = list(dict.fromkeys([*map(_code, names), *known]))
    return codes, number.astype(np.int64)


def _codes_in(facts: dict[str, Any], name: str) -> list[str]:
    codes = facts.get(name)
    return [_code(code) for code in codes] if isinstance(codes, (list, tuple)) else []


def _without_rows(facts: dict[str, Any], codes: Sequence[str], owner: NDArray[np.int64]) -> list[int]:
    """Return the numbers of the codes that were answered without rows.

    The answer itself says so. That a code has no rows here does not: somebody may have left them out.
    """
    answered = set(_codes_in(facts, EMPTY))
    failed, having = facts.get("errors") or (), set(owner.tolist())
    return [
        number
        for number, code in enumerate(codes)
        if code in answered and code not in failed and number not in having
    ]


def _code(code: Any) -> str:
    try:
        return str(Security.parse(code))
    except QueryError as error:
        raise StoreError(f"the frame is of no code that can be kept: {error}") from error


def _times(frame: pd.DataFrame, layout: Layout) -> pd.DatetimeIndex:
    names = frame.index.names
    times = frame.index.get_level_values("time") if "time" in names else frame.index
    if not isinstance(times, pd.DatetimeIndex):
        raise StoreError(f"the frame has no times (an index level 'time'); {AS_SERVED}")
    if times.tz is None:
        raise StoreError(
            "the frame's times have no zone, so the instants that they mean are not known; localize them, as "
            "by frame.tz_localize('Asia/Hong_Kong'), or write the frame as fetch() gives it"
        )
    if layout is not DISTRIBUTIONS and times.hasnans:  # of a distribution the time may be unknown
        raise StoreError(f"a row has no time, which no gateway leaves out; {AS_SERVED}")
    return times.as_unit("us")


def _told(facts: dict[str, Any], codes: Sequence[str]) -> dict[str, list[str | None]]:
    """Return what the facts tell of each code."""
    source = facts["source"]
    served, names = source.get("by_code"), facts.get("names") or {}
    last = facts["last_valid_time"]
    by_code = last if isinstance(last, dict) else dict.fromkeys(codes, last)
    url = str(source.get("url", ""))
    return {
        "last_valid_time": [_text(by_code.get(code)) for code in codes],
        "url": [str((served or {}).get(code, url)) for code in codes],
        "gateways": [url if isinstance(served, dict) else None for _ in codes],
        "name": [_text(names.get(code)) for code in codes],
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _sessions(
    codes: Sequence[str], owner: NDArray[np.int64], instants: NDArray[np.int64], last: Sequence[str | None]
) -> pd.DatetimeIndex:
    """Return the exchange's day of each row; of one without a time, that of the last data behind it."""
    days = np.zeros(len(owner), "M8[D]")
    homes = [Security.parse(code).home for code in codes]
    for zone in {home.zone for home in homes}:
        mine = np.array([home.zone == zone for home in homes])[owner]
        times = pd.DatetimeIndex(instants[mine].view("M8[us]"), tz="UTC").tz_convert(zone).tz_localize(None)
        days[mine] = times.to_numpy("M8[us]").astype("M8[D]")
    for row in np.flatnonzero(np.isnat(days)):
        days[row] = np.datetime64(_day_of(codes[owner[row]], last[owner[row]]))
    return pd.DatetimeIndex(days.astype("M8[s]"))


def _day_of(code: str, last: str | None) -> date:
    """Return the exchange's day of an answer that has no time of its own."""
    home = Security.parse(code).home
    moment = instant_of(last)
    return home.today() if moment is None else moment.astimezone(home.tzinfo).date()


def instant_of(text: str | None) -> datetime | None:
    """Return the moment that a text in ISO 8601 tells, None where it tells none."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _counted(rows: pd.DataFrame, layout: Layout) -> Any:
    """Return of each row how many of the same code and time came before it in the answer."""
    if not rows.duplicated(["code", "time"]).any():
        return np.zeros(len(rows), np.int32)
    check_repeats(rows, layout)
    return rows.groupby(["code", "time"], observed=True, dropna=False).cumcount().to_numpy(np.int32)


def _categories(owner: NDArray[np.int64], codes: Sequence[str]) -> pd.Categorical[Any]:
    return pd.Categorical.from_codes(owner, categories=pd.Index(list(codes), dtype="str"))


def _marked(
    rows: pd.DataFrame, codes: Sequence[str], without: Sequence[int], last: Sequence[str | None]
) -> pd.DataFrame:
    """Add a row for each code that answered without rows."""
    if not without:
        return rows
    marks = pd.DataFrame(index=range(len(without)), columns=rows.columns)
    marks = marks.astype({name: kind for name, kind in rows.dtypes.items() if name not in ("nth", "empty")})
    marks["code"] = _categories(np.array(without), codes)
    marks["session"] = pd.DatetimeIndex([_day_of(codes[number], last[number]) for number in without]).as_unit(
        "s"
    )
    marks["nth"], marks["empty"] = np.int32(0), True
    return marks if rows.empty else pd.concat([rows, marks], ignore_index=True)
