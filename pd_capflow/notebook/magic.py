"""``%capflow``: parse, ask, return the frame."""

from __future__ import annotations

from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.utils.text import DollarFormatter

from pd_capflow.accessor import CapflowAccessor
from pd_capflow.errors import CapflowError
from pd_capflow.flow.frames import ATTRS, DEMO_NOTE
from pd_capflow.notebook.oneline import in_one_line
from pd_capflow.options import CHARTS, QUESTION, as_asked, split_codes, unquoted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    import pandas as pd

__all__ = ["ARGUMENTS", "CapflowMagics"]

#: Flags and keywords of all arguments of ``%capflow``, as in `pd_capflow.options.QUESTION`.
ARGUMENTS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    *QUESTION,
    (
        ("--plot",),
        {"nargs": "?", "const": "", "metavar": "KIND", "help": f"draw a chart: {' or '.join(CHARTS)}"},
    ),
    (("-o",), {"dest": "name", "metavar": "NAME", "help": "also keep the frame in this variable"}),
    (("-h", "--help"), {"action": "store_true", "help": "show this and ask nothing"}),
)

_NO_CODE = "no code given; expected one such as %capflow HK.00700 (%capflow -h tells more)"
# Frames between the cell and the expansion of its variables.
_STACK_DEPTH = 3


class _Words(DollarFormatter):
    """Expands ``$name`` and ``{expr}`` into arguments.

    A list becomes its items with a comma behind each, so that one alone stays a list; watchlists, whose
    names may have blanks and commas, stand in quotes. A date, which prints with a blank before its hour,
    becomes one word.
    """

    def format_field(self, value: Any, format_spec: str) -> str:
        if not isinstance(value, str) and hasattr(value, "__iter__"):
            return " ".join(f"{_one_word(str(item))} ," for item in value)
        if not format_spec and hasattr(value, "isoformat"):
            return str(value.isoformat())
        return str(super().format_field(value, format_spec))

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        listed = not isinstance(value, str) and hasattr(value, "__iter__")
        return value if listed else super().convert_field(value, conversion)


def _one_word(item: str) -> str:
    quote = "'" if '"' in item else '"'
    return f"{quote}{item}{quote}" if item.startswith("watchlist:") else item


def _arguments(method: Callable[..., Any]) -> Callable[..., Any]:
    """Give a magic all its arguments."""
    for flags, keywords in reversed(ARGUMENTS):
        method = argument(*flags, **keywords)(method)
    return method


@magics_class
class CapflowMagics(Magics):
    """The magics of pd_capflow."""

    @no_var_expand
    @magic_arguments()
    @_arguments
    @line_magic
    def capflow(self, line: str) -> pd.DataFrame | None:
        """Fetch capital flow and return it as a tidy frame.

        Examples: ``%capflow HK.00700``, ``%capflow $codes -p day --start 2026-01-05 --plot``,
        ``frame = %capflow US.AAPL --url demo://``.
        """
        arguments = parse_argstring(self.capflow, self._expanded(line))
        if arguments.help:
            print(self.capflow.__doc__)  # noqa: T201  # help goes where a print goes
            return None
        _settle(arguments)
        try:
            frame = _ask(arguments)
            if arguments.plot is not None:
                CapflowAccessor(frame).plot(arguments.plot or None)
        except CapflowError as error:
            raise in_one_line(error) from error.__cause__
        if frame.attrs[ATTRS]["source"]["demo"]:
            print(DEMO_NOTE)  # noqa: T201  # above the frame that the cell shows
        if arguments.name:
            self._shell.user_ns[arguments.name] = frame
        return frame

    @property
    def _shell(self) -> Any:
        return self.shell

    def _expanded(self, line: str) -> str:
        return str(self._shell.var_expand(line, depth=_STACK_DEPTH, formatter=_Words()))


def _settle(arguments: argparse.Namespace) -> None:
    """Tell codes from kinds, and refuse what cannot be meant."""
    if arguments.plot and set(".:") & set(arguments.plot):
        # "--plot HK.00700": what follows is not a kind but the code, which keeps its quotes.
        arguments.codes.insert(0, arguments.plot)
        arguments.plot = ""
    for option in ("period", "start", "end", "url", "plot", "name"):
        if value := getattr(arguments, option):
            setattr(arguments, option, unquoted(value))
    if not split_codes(arguments.codes):
        raise UsageError(_NO_CODE)
    if arguments.name is not None and (not arguments.name.isidentifier() or iskeyword(arguments.name)):
        raise UsageError(f"-o {arguments.name}: expected the name of a variable")


def _ask(arguments: argparse.Namespace) -> pd.DataFrame:
    from pd_capflow.client import shared_client

    codes = as_asked(arguments.codes)
    client = shared_client(arguments.url)
    return client.capital_flow(codes, arguments.period, arguments.start, arguments.end)
