"""The arguments of ``%capflow``: the table of them, how a line is read, and the manual.

One table is the parser, the manual and what Tab offers, so that the three cannot differ.
"""

from __future__ import annotations

import textwrap
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from pd_capflow.options import CHARTS, LOOKS, OUT, QUESTION, split_codes, unquoted

if TYPE_CHECKING:
    import argparse

    from pd_capflow.options import Arguments

__all__ = ["ARGUMENTS", "MANUAL", "read_line"]

_SHOWN: Arguments = (
    (
        ("--plot",),
        {
            "nargs": "?",
            "const": "auto",
            "metavar": "KIND",
            "help": f"draw a chart: {', '.join(CHARTS)}; without a kind the usual one",
        },
    ),
    *LOOKS,
    (("--live",), {"action": "store_true", "help": "show a dashboard that refreshes itself"}),
    (
        ("--interval",),
        {
            "metavar": "S",
            "type": float,
            "help": "seconds between its refreshes; by default what the budget allows",
        },
    ),
)
_KEPT: Arguments = (
    *OUT,
    (("-o",), {"dest": "name", "metavar": "NAME", "help": "also keep the result in this variable"}),
)
_HELP: Arguments = ((("-h", "--help"), {"action": "store_true", "help": "show this and ask nothing"}),)

_GROUPS = {
    "What is asked": QUESTION,
    "How it is shown": _SHOWN,
    "Where it goes": (*_KEPT, *_HELP),
}

#: Flags and keywords of all arguments, as in `pd_capflow.options.QUESTION`.
ARGUMENTS: Arguments = tuple(each for group in _GROUPS.values() for each in group)

_USAGE = """\
Fetch capital flow (资金流向) from Futu or moomoo OpenD and return it as a tidy frame.

  %capflow CODE... [options]     a line, whose value is the frame
  %%capflow [options]            a cell: a code a line; # begins a comment

$name and {expression} stand for Python values, a list of codes too. Tab completes codes, also
from a name such as tencent or 腾讯, and options. %config CapflowMagics shows the defaults and
changes them.
"""
_EXAMPLES = """\
Examples
  %capflow HK.00700
  %capflow HK.00700 --plot
  %capflow $codes -p day --start 2026-01-05 -o days
  frame = %capflow US.AAPL US.TSLA --url demo://
  %capflow watchlist:Tech --live
"""
_WIDTH, _MARGIN = 96, 20


def _manual() -> str:
    parts = [_USAGE, *(_section(title, group) for title, group in _GROUPS.items()), _EXAMPLES]
    return "\n".join(parts)


def _section(title: str, group: Arguments) -> str:
    return "\n".join([title, *(_entry(flags, keywords) for flags, keywords in group), ""])


def _entry(flags: tuple[str, ...], keywords: dict[str, Any]) -> str:
    value = keywords.get("metavar", "")
    value = f"[{value}]" if keywords.get("nargs") == "?" else value
    name = value if flags[0].isalpha() else f"{', '.join(flags)} {value}".rstrip()
    indent = " " * (_MARGIN + 2)
    lines = textwrap.wrap(keywords["help"], _WIDTH, initial_indent=indent, subsequent_indent=indent)
    return f"  {name:{_MARGIN}}{lines[0].lstrip()}" + "".join(f"\n{line}" for line in lines[1:])


#: What ``%capflow?`` and ``%capflow -h`` show.
MANUAL = _manual()


def read_line(line: str, cell: list[str] | None = None) -> argparse.Namespace:
    """Return what a line says, and a cell's codes with it.

    Parameters
    ----------
    line : str
        Behind ``%capflow``, its variables expanded.
    cell : list of str, optional
        The codes of the cell below it.

    Raises
    ------
    UsageError
        If it cannot be meant.
    """
    try:
        told: argparse.Namespace = _parser().parse_argstring(line.rstrip().removesuffix(";"))
    except ValueError as error:  # a quote that nothing closes
        raise UsageError(f"{error}: {line.strip()}") from None
    if not told.help:
        _settle(told)
        told.codes += cell or []
        if not split_codes(told.codes):
            raise UsageError(_NO_CODE)
    return told


_NO_CODE = "no code given; expected one such as %capflow HK.00700 (%capflow -h tells more)"


def _parser() -> MagicArgumentParser:
    parser = MagicArgumentParser(prog="%capflow")
    for flags, keywords in ARGUMENTS:
        parser.add_argument(*flags, **keywords)
    return parser


def _settle(told: argparse.Namespace) -> None:
    """Tell codes from kinds, take quotes off, and refuse a name that is none."""
    if told.plot and set(".:") & set(told.plot):
        # "--plot HK.00700": what follows is not a kind but the code, which keeps its quotes.
        told.codes.insert(0, told.plot)
        told.plot = "auto"
    for option, value in vars(told).items():
        if isinstance(value, str):
            setattr(told, option, unquoted(value))
    if told.name is not None and (not told.name.isidentifier() or iskeyword(told.name)):
        raise UsageError(f"-o {told.name}: expected the name of a variable")
