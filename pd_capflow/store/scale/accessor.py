"""``dask.dataframe.DataFrame.capflow``: the measures of pandas frames, on frames that no memory holds.

Each measure is the one of `pd_capflow.flow.measures`, on each partition. That is exact, and no
approximation, because a partition holds all rows of its codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask
import dask.dataframe as dd
import numpy as np
from dask.dataframe.extensions import register_dataframe_accessor

from pd_capflow.flow import joins, measures
from pd_capflow.flow.frames import facts_in
from pd_capflow.flow.measures.runs import starts
from pd_capflow.flow.needs import needs
from pd_capflow.flow.sessions import check_distinct, codes_of, times_of
from pd_capflow.store.scale.joining import joined
from pd_capflow.store.scale.wholeness import check_whole_codes, note_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd

    from pd_capflow.flow.measures import Thresholds

__all__ = ["ScaledAccessor", "texts_as_they_are"]


class ScaledAccessor:
    """Capital flow for Dask frames, as ``frame.capflow`` of what `Store.dask` gives.

    Parameters
    ----------
    frame : dask.dataframe.DataFrame
        Any. Only what needs capital-flow columns asks for them, and only what looks back asks for
        partitions that hold all rows of their codes.

    Notes
    -----
    All methods are lazy but `compute` and `persist`. Each gives, once computed, what the method of the same
    name gives of the pandas frame of all partitions. Dask itself keeps no facts (``attrs``) when partitions
    of several codes are put together: `compute` here does.

    What is to be worked out code by code needs no shuffle, which ``groupby("code")`` of many codes would
    bring: ``frame.map_partitions(own_function)`` sees all rows of each code.
    """

    def __init__(self, frame: dd.DataFrame) -> None:
        self._dask = frame
        self._frame: pd.DataFrame = frame._meta  # noqa: SLF001  # Dask gives no other way to look at it

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of all rows before any is read: codes, period, currency, zone, ..."""
        return dict(facts_in(self._frame))

    def compute(self, **options: Any) -> pd.DataFrame:
        """Return the pandas frame, with its facts.

        Parameters
        ----------
        **options
            As for `dask.compute`.

        Returns
        -------
        DataFrame
            As `Store.read` gives it, or the measure of that.
        """
        parts: tuple[pd.DataFrame, ...] = dask.compute(*self._dask.to_delayed(), **options)
        return joined(parts)

    def persist(self, **options: Any) -> dd.DataFrame:
        """Read the rows now and hold them in the workers' memory, for several measures of them.

        Parameters
        ----------
        **options
            As for ``dask.dataframe.DataFrame.persist``, which measures refuse: of what it gives nobody can
            see any more how it was divided.

        Returns
        -------
        dask.dataframe.DataFrame
        """
        check_whole_codes(self._dask)
        held = self._dask.persist(**options)
        note_whole(held)
        return held

    @needs("in_flow")
    def delta(self) -> dd.DataFrame:
        """Return the flow of each row's own interval; see `pd_capflow.flow.measures.delta`."""
        return self._each(measures.delta)

    @needs("in_flow")
    def cumulative(self) -> dd.DataFrame:
        """Return running totals; see `pd_capflow.flow.measures.cumulative`."""
        return self._each(measures.cumulative)

    @needs("main_in_flow", "super_in_flow", "big_in_flow")
    def main(self) -> dd.Series:
        """Return super and big orders together; see `pd_capflow.flow.measures.main`."""
        return self._each(measures.main)

    @needs("super_in_flow", "big_in_flow", "mid_in_flow", "sml_in_flow")
    def tiers(self) -> dd.DataFrame:
        """Return the tiers in long form; see `pd_capflow.flow.measures.tiers`."""
        return self._each(measures.tiers)

    @needs("in_flow")
    def resample(self, rule: Any) -> dd.DataFrame:
        """Return fewer, longer rows; see `pd_capflow.flow.measures.resample`."""
        return self._each(measures.resample, rule)

    @needs("in_flow")
    def rolling(self, windows: int | Iterable[int] = (3, 5, 10, 20), column: str = "in_flow") -> dd.DataFrame:
        """Return sums over the last rows; see `pd_capflow.flow.measures.rolling`."""
        return self._each(measures.rolling, windows if isinstance(windows, int) else tuple(windows), column)

    @needs("in_flow")
    def acceleration(self, rows: int = 3, column: str = "in_flow") -> dd.Series:
        """Return flow less the mean before it; see `pd_capflow.flow.measures.acceleration`."""
        return self._each(measures.acceleration, rows, column)

    @needs("in_flow")
    def streak(self, column: str = "in_flow") -> dd.Series:
        """Return how many rows in a row money came in; see `pd_capflow.flow.measures.streak`."""
        return self._each(measures.streak, column)

    @needs("in_flow")
    def zscore(self, rows: int = 60, column: str = "in_flow") -> dd.Series:
        """Score each row against its code's own past; see `pd_capflow.flow.measures.zscore`."""
        return self._each(measures.zscore, rows, column)

    @needs("in_flow")
    def signals(
        self, /, thresholds: Thresholds | None = None, *, column: str = "in_flow", **changes: Any
    ) -> dd.DataFrame:
        """Return which rows cross thresholds; see `pd_capflow.flow.measures.signals`."""
        return self._each(measures.signals, thresholds, column=column, **changes)

    @needs("super_in_flow", "sml_in_flow")
    def disagreement(self, rows: int = 1) -> dd.Series:
        """Set super against small orders; see `pd_capflow.flow.measures.disagreement`."""
        return self._each(measures.disagreement, rows)

    @needs("in_flow", "close")
    def correlation(self, rows: int = 20, column: str = "in_flow") -> dd.Series:
        """Correlate flow and price; see `pd_capflow.flow.measures.correlation`."""
        return self._each(measures.correlation, rows, column)

    @needs("in_flow", "close")
    def divergence(self, rows: int = 5, column: str = "in_flow") -> dd.Series:
        """Tell where money and price part ways; see `pd_capflow.flow.measures.divergence`."""
        return self._each(measures.divergence, rows, column)

    @needs("in_flow", "turnover")
    def share(self) -> dd.DataFrame:
        """Return flow as a part of turnover (净占比); see `pd_capflow.flow.joins.share`."""
        return self._each(joins.share)

    @needs("in_flow|in_share|super_in")
    def rank(self, by: str = "in_flow", n: int | None = None) -> dd.DataFrame:
        """Rank codes by their last rows; see `pd_capflow.flow.measures.rank`.

        One partition: of each of the others only the last row of every code goes into it.
        """
        check_whole_codes(self._dask)
        meta = measures.rank(self._frame, by, n)
        lasts = self._dask.map_partitions(_last_rows, meta=self._frame, enforce_metadata=False)
        with texts_as_they_are():
            return dd.from_delayed(
                [dask.delayed(_ranked)(lasts.to_delayed(), by, n)], meta=meta, verify_meta=False
            )

    def _each(self, measure: Callable[..., Any], /, *args: Any, **options: Any) -> Any:
        """Take a measure of each partition; its arguments are checked now."""
        check_whole_codes(self._dask)
        meta = measure(self._frame, *args, **options)
        return self._dask.map_partitions(measure, *args, meta=meta, enforce_metadata=False, **options)


def texts_as_they_are() -> dask.config.set:
    """Keep Dask from giving codes another type of text than frames have."""
    return dask.config.set({"dataframe.convert-string": False})


def _last_rows(frame: pd.DataFrame) -> pd.DataFrame:
    code, names = codes_of(frame)
    times = times_of(frame)
    order = np.lexsort((times.asi8, code))
    check_distinct(code[order], times[order], [[name] for name in names])
    lasts: pd.DataFrame = frame.iloc[order[np.append(starts(code[order]), len(code))[1:] - 1]]
    return lasts


def _ranked(lasts: Sequence[pd.DataFrame], by: str, n: int | None) -> pd.DataFrame:
    return measures.rank(joined(lasts), by, n)


register_dataframe_accessor("capflow")(ScaledAccessor)
