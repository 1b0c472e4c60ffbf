"""Methods that only frames with certain columns have.

What a method needs is checked when its name is looked up, so `hasattr` tells the truth about a frame.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

__all__ = ["needs", "require"]

P = ParamSpec("P")
R = TypeVar("R")
A = TypeVar("A", bound="_Accessor")

_USUAL_ADVICE = "expected a frame as pd.DataFrame.capflow.fetch() gives it"


class _Accessor(Protocol):
    _frame: pd.DataFrame


class _Needing(Generic[A, P, R]):
    def __init__(self, method: Callable[Concatenate[A, P], R], columns: tuple[str, ...]) -> None:
        self._method = method
        self._columns = columns
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, accessor: None, owner: type) -> Callable[Concatenate[A, P], R]: ...
    @overload
    def __get__(self, accessor: A, owner: type) -> Callable[P, R]: ...
    def __get__(self, accessor: A | None, owner: type) -> Any:
        if accessor is None:
            return self._method
        require(accessor._frame, self._columns, self._method.__name__)  # noqa: SLF001  # its own decorator
        return MethodType(self._method, accessor)


def needs(*columns: str) -> Callable[[Callable[Concatenate[A, P], R]], _Needing[A, P, R]]:
    """Give a method only to frames that have all of these columns; ``"one|other"`` is either."""
    return lambda method: _Needing(method, columns)


def require(frame: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    """Raise `AttributeError` unless a frame has all of these columns."""
    held = list(frame.columns)  # of columns in levels, "in" would find the top one alone
    missing = [column for column in columns if not any(each in held for each in column.split("|"))]
    if missing:
        raise AttributeError(
            f"capflow.{name} needs the columns {_named(columns)}, and the frame lacks "
            f"{_named(missing)}; {_advice(frame, missing[0])}"
        )


def _advice(frame: pd.DataFrame, column: str) -> str:
    facts = frame.attrs.get("capflow")
    if whose := facts.get("renamed") if isinstance(facts, dict) else None:
        return f"its columns have the names of {whose}: rename('futu') brings ours back"
    from pd_capflow.flow.measures.held import ADVICE

    return ADVICE.get(column, _USUAL_ADVICE)


def _named(columns: Iterable[str]) -> str:
    return ", ".join(column.replace("|", " or ") for column in columns)
