"""Which codes money goes into most: one row a code, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import ATTRS
from pd_capflow.flow.intervals import INTERVAL, MinuteInterval
from pd_capflow.flow.measures.columns import facts_of, is_amount, is_flow, numbers
from pd_capflow.flow.measures.running import is_cumulative
from pd_capflow.flow.measures.runs import starts
from pd_capflow.flow.sessions import check_distinct, codes_of, times_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pd_capflow.flow.measures.columns import Attrs
    from pd_capflow.security import Security

__all__ = ["UNRANKED", "rank"]

#: Key, in ``attrs["capflow"]``, of codes that have no number to rank.
UNRANKED = "unranked"


def rank(frame: pd.DataFrame, by: str = "in_flow", n: int | None = None) -> pd.DataFrame:
    """Rank codes by what their last row says.

    ``rank = 1 + (how many codes have more)``

    Parameters
    ----------
    frame : DataFrame
        Capital flow with a level or column ``code``, and the column to rank by. One code makes a ranking
        of one.
    by : str, default "in_flow"
        Any column of numbers, such as ``"main_in_flow"``, which is derived where the gateway sent none,
        ``"in_share"`` of `share`, or ``"sum_5"`` of `rolling`.
    n : int, optional
        Only the first `n`; a negative number is that many of the last, as a tail. The order stays. Codes
        that share the last place all come along.

    Returns
    -------
    DataFrame
        One row a code, index ``code``, the largest value first. Columns

        ``rank``
            ``Int64``, from 1. Equal values share a place, and the next one is left out (1, 2, 2, 4).
        `by`
            ``float64``, in the frame's unit: of totals the last one, so of intraday rows the session so
            far, or what came since the row at which they begin; of other rows the last row's own.
        ``time``
            When that row was. A code whose trading stopped has an older time than the others: it is
            ranked by what it has, and here one sees that.

        An unknown value (NaN) has the rank ``<NA>``. Such codes stand at the end; with `n` they are left
        out; ``attrs["capflow"]["unranked"]`` names them either way. Codes of equal rank are in the order
        of their names.

    Raises
    ------
    QueryError
        If the frame has no codes or no such column, or flows have the names of others; if the values are
        amounts of different currencies; or if the rows are the flows of single minutes, of which the last
        alone would be ranked.

    Notes
    -----
    To rank one day alone, take its rows: ``frame[frame.index.get_level_values("time") == day]``.

    Examples
    --------
    >>> import pd_capflow
    >>> frame = pd_capflow.connect("demo://").capital_flow(["HK.00700", "HK.09988", "HK.03690"])
    >>> ranking = rank(frame)
    >>> ranking["rank"].tolist()
    [1, 2, 3]
    >>> bool(ranking["in_flow"].is_monotonic_decreasing)
    True
    >>> rank(frame, n=1).index[0] == ranking.index[0]
    True
    """
    _check_count(n)
    code, securities = _codes(frame)
    currency = _currency(securities, by)
    _check_rows(frame, by)
    times = times_of(frame)
    last = _last(code, times, securities)
    # Without its facts, or pandas would copy them at every step: those of a thousand codes are long.
    value = numbers(pd.DataFrame(frame).iloc[last], by)
    if by in ("code", "rank", "time"):
        raise QueryError(f"a ranking has a {by!r} of its own; give the column {by!r} another name first")
    names = [str(securities[place]) for place in code[last]]
    ranking = _ranking(names, value, times[last])
    facts = _facts(frame, value, ranking, currency)
    ranking = ranking if n is None else _cut(ranking, by, n)
    ranking.attrs = facts
    return ranking


def _last(code: NDArray[np.int64], times: pd.DatetimeIndex, securities: list[Security]) -> NDArray[np.int64]:
    """Return the position of each code's last row."""
    instants, names = times.asi8, [[security] for security in securities]
    if ((code[1:] > code[:-1]) | ((code[1:] == code[:-1]) & (instants[1:] >= instants[:-1]))).all():
        check_distinct(code, times, names)
        return np.append(starts(code), len(code))[1:] - 1
    order = np.lexsort((instants, code))
    check_distinct(code[order], times[order], names)
    last: NDArray[np.int64] = order[np.append(starts(code[order]), len(code))[1:] - 1]
    return last


def _ranking(names: list[str], value: pd.Series[float], times: pd.DatetimeIndex) -> pd.DataFrame:
    index = pd.Index(names, dtype="str", name="code")
    places = pd.Series(value.to_numpy()).rank(method="min", ascending=False).astype("Int64")
    held = {"rank": places.array, str(value.name): value.to_numpy(), "time": times}
    order = np.lexsort((np.array(names, np.str_), -value.to_numpy()))  # NaN goes to the end
    return pd.DataFrame(held, index=index).iloc[order]


def _cut(ranking: pd.DataFrame, by: str, n: int) -> pd.DataFrame:
    places = ranking[by].rank(method="min", ascending=n < 0)
    return ranking[(places <= abs(n)).to_numpy()]


def _codes(frame: pd.DataFrame) -> tuple[NDArray[np.int64], list[Security]]:
    if "code" not in frame.index.names and "code" not in frame.columns:
        raise QueryError(
            "there are no codes to rank: the frame has no index level 'code'; expected a frame of several "
            "codes, as fetch(['HK.00700', 'HK.09988']) gives it"
        )
    return codes_of(frame)


def _currency(securities: list[Security], by: str) -> str | None:
    """Return the currency of all; amounts of several cannot be compared."""
    held = sorted({security.currency for security in securities})
    if len(held) > 1 and is_amount(by):
        raise QueryError(
            f"amounts of {' and '.join(held)} cannot be ranked by {by!r}; choose codes of one currency, or "
            "rank by a share: frame.capflow.with_turnover().capflow.share().capflow.rank(by='in_share')"
        )
    return held[0] if len(held) == 1 else None


def _check_rows(frame: pd.DataFrame, by: str) -> None:
    """Refuse to take the flow of one minute for that of the session."""
    if not is_flow(by) or is_cumulative(frame):
        return
    facts = frame.attrs[ATTRS]
    if facts.get("period") == "intraday" and MinuteInterval.of(facts).length is not None:
        raise QueryError(
            f"each row is the flow of its own {facts.get(INTERVAL, '1min')}, and the last alone would be "
            "ranked; expected running totals, as frame.capflow.cumulative() gives them, or sums of the last "
            "rows: frame.assign(**frame.capflow.rolling(5)).capflow.rank(by='sum_5')"
        )


def _check_count(n: object) -> None:
    if n is not None and (isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n == 0):
        raise QueryError(f"n={n!r}; expected how many codes, such as 10 for the first or -10 for the last")


def _facts(
    frame: pd.DataFrame, value: pd.Series[float], ranking: pd.DataFrame, currency: str | None
) -> Attrs:
    facts = facts_of(frame, value)
    told = facts[ATTRS]
    told["codes"], told["currency"] = ranking.index.tolist(), currency
    if unknown := ranking.index[ranking["rank"].isna()].tolist():
        told[UNRANKED] = unknown
    return facts
