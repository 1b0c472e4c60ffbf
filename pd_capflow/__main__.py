"""The command line: ``capflow``, or ``python -m pd_capflow``.

Exit codes: 0 done; 1 it could not be done, and standard error says why; 2 the command itself is wrong;
130 interrupted.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pd_capflow import __version__, serving
from pd_capflow.accessor import CapflowAccessor
from pd_capflow.asking import Question, look_of
from pd_capflow.errors import BatchError, CapflowError, QueryError
from pd_capflow.files import told_of, writer_for
from pd_capflow.flow.frames import DEMO_NOTE, RECORDED_NOTE
from pd_capflow.options import CHARTS, LOOKS, OF_ONE_CODE, OUT, QUESTION, as_asked, split_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    import pandas as pd

__all__ = ["main"]

# Settings that errors name as Python's keywords, and how a command is given them.
_GIVEN_BY = {
    "key": "PD_CAPFLOW_KEY, or in the config file",
    "rsa_key": "PD_CAPFLOW_RSA_KEY, or in the config file",
    "ca_file": "PD_CAPFLOW_CA_FILE, or in the config file",
    "timeout": "in the config file",
}
_KEYWORD = re.compile(rf"\b({'|'.join(_GIVEN_BY)})=(?=\W|$)(?![-\d'\"])")

_BARE_NUMBER = re.compile(r"\s*[\d.]+\s*")

_DONE, _FAILED, _MISUSED, _INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    _have_somewhere_to_print()
    told = _parser().parse_args(arguments)
    try:
        return int(told.run(told))
    except QueryError as error:
        return _complain(error, _MISUSED)
    except (CapflowError, OSError) as error:
        return _complain(error, _FAILED)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _have_somewhere_to_print() -> None:
    """Print what a terminal can show where it cannot show all, and nothing where there is none."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed, and files are to be written all the same
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # for good
        elif isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def _complain(error: Exception, code: int) -> int:
    if isinstance(error, BrokenPipeError):
        _say_no_more()
        return code
    print(f"capflow: {_at_a_prompt(str(error))}", file=sys.stderr)
    return code


def _say_no_more() -> None:
    # Nothing may be flushed at exit either to those who have stopped to read our output.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="capflow", description="Capital flow (资金流向) from Futu or moomoo OpenD."
    )
    parser.add_argument("--version", action="version", version=f"pd_capflow {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_fetch(commands.add_parser("fetch", help="fetch capital flow, print it, keep it, draw it"))
    serving.add_gateway(commands.add_parser("gateway", help="serve invented data over OpenD's protocol"))
    serving.add_replay(commands.add_parser("replay", help="serve a recorded day again, on a moving clock"))
    _add_doctor(commands.add_parser("doctor", help="find out what is wrong between here and a gateway"))
    _add_record(commands.add_parser("record", help="keep what a gateway serves, day after day"))
    return parser


def _add_record(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Records minutes through the day, and all of a session after its close. Exit code 0: all was "
        "recorded, or SIGTERM ended it; 1: something is missing, or it could not go on; 2: the command is "
        "wrong; 130: Ctrl-C. A commit under way is always finished."
    )
    parser.add_argument("codes", nargs="+", metavar="CODE", help="HK.00700, plate:HK.BK1001, watchlist:Tech")
    parser.add_argument(
        "--store", metavar="PATH", help="a folder, or a URL as s3://BUCKET/PATH; else PD_CAPFLOW_STORE"
    )
    parser.add_argument("--every", default="10min", metavar="T", help="between two questions (default 10min)")
    parser.add_argument("--until", default="close", metavar="U", help="close (default) or forever")
    parser.add_argument("--url", metavar="U", help="the gateway; else PD_CAPFLOW_URL or the config file")
    parser.add_argument("--demo", action="store_true", help="into a store of a demo gateway's invented data")
    parser.add_argument("--health", type=Path, metavar="FILE", help="keep a file that says how it stands")
    parser.set_defaults(run=_record)


def _record(told: argparse.Namespace) -> int:
    from pd_capflow.store.recorder.service import serve

    if _BARE_NUMBER.fullmatch(told.every):
        raise QueryError(f"--every {told.every}: expected a time with its unit, such as 30s, 10min or 1h")
    names = ("every", "until", "url", "demo", "health")
    return serve(as_asked(told.codes), told.store, **{name: getattr(told, name) for name in names})


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Checks everything between here and a gateway, and says what to do. Exit code 0: all is well, but "
        "for warnings; 1: something failed. A key is taken from PD_CAPFLOW_KEY or the config file, and "
        "never shown."
    )
    parser.add_argument("--url", metavar="U", help="the gateway; else PD_CAPFLOW_URL or the config file")
    parser.add_argument("--rsa-key", type=Path, metavar="FILE", help="the RSA private key that OpenD has too")
    parser.add_argument("--ca-file", type=Path, metavar="FILE", help="what vouches for a wss:// certificate")
    parser.add_argument("--timeout", type=float, metavar="S", help="seconds that each check may take")
    parser.add_argument("--json", action="store_true", help="print it for a machine")
    parser.set_defaults(run=_doctor)


def _doctor(told: argparse.Namespace) -> int:
    from pd_capflow.checkup import doctor

    options = {} if told.timeout is None else {"timeout": told.timeout}
    report = doctor(told.url, rsa_key=told.rsa_key, ca_file=told.ca_file, **options)
    is_painted = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size((100, 24)).columns
    print(report.json() if told.json else report.text(width=width, colour=is_painted))
    return _DONE if report.ok else _FAILED


def _add_fetch(parser: argparse.ArgumentParser) -> None:
    for flags, keywords in (*QUESTION, *OUT):
        parser.add_argument(*flags, **keywords)
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the chart: .png, .svg or .pdf")
    parser.add_argument("--kind", metavar="K", help=f"which: {', '.join(CHARTS)}; by default the usual one")
    for flags, keywords in LOOKS:
        parser.add_argument(*flags, **keywords)
    parser.set_defaults(run=_fetch)


def _fetch(told: argparse.Namespace) -> int:
    from pd_capflow.client import shared_client

    if not (codes := split_codes(told.codes)):
        raise QueryError("no code given; expected one such as: capflow fetch HK.00700")
    _check_chart(told)
    _check_one(told.kind, dict.fromkeys(codes))
    path = Path(told.out) if told.out is not None else None
    write = writer_for(path) if path is not None else None
    draw = _drawer(told) if told.plot else None
    frame, code = _ask(shared_client(told.url), told)
    try:
        _show(frame)
    except BrokenPipeError:  # who reads it has seen enough; files are written all the same
        _say_no_more()
    if told.errors == "collect":
        _tell_missing(frame)
    if write is not None:
        write(frame)
        print(told_of(path, frame), file=sys.stderr)
    if draw is not None:
        draw(frame)
    return code


def _tell_missing(frame: pd.DataFrame) -> None:
    for code, why in frame.attrs["capflow"]["errors"].items():
        print(f"capflow: no answer: {why if code in why else f'{code}: {why}'}", file=sys.stderr)


def _check_chart(told: argparse.Namespace) -> None:
    for name in ("kind", "colors", "lang"):
        value = getattr(told, name)
        if value and not told.plot:
            raise QueryError(f"--{name} {value} of no chart; expected --plot FILE.png with it")


def _check_one(kind: str | None, codes: Collection[str]) -> None:
    """Refuse several codes on a chart of one."""
    if kind in OF_ONE_CODE and len(codes) > 1:
        others = ", ".join(each for each in CHARTS if each not in OF_ONE_CODE)
        raise QueryError(
            f"--kind {kind} shows one code, and these are {len(codes)}; name one, or draw {others}"
        )


def _ask(client: Any, told: argparse.Namespace) -> tuple[pd.DataFrame, int]:
    names = ("period", "start", "end", "errors", "price", "kind", "source", "store")
    question = Question(codes=as_asked(told.codes), **{name: getattr(told, name) for name in names})
    try:
        return question.ask(client), _DONE
    except BatchError as error:
        if error.frame is None or error.frame.empty:
            raise CapflowError(_failures(error, "nothing came")) from error
        return error.frame, _complain(
            CapflowError(_failures(error, f"the rest is {_ends_up(told)}")), _FAILED
        )


def _ends_up(told: argparse.Namespace) -> str:
    kept = [f"kept in {told.out}"] if told.out else []
    drawn = [f"drawn in {told.plot}"] if told.plot else []
    return ", ".join(["printed", *kept, *drawn])


def _failures(error: BatchError, rest: str) -> str:
    reasons = ((code, str(reason)) for code, reason in error.errors.items())
    lines = (text if code in text else f"{code}: {text}" for code, text in reasons)
    return "\n  ".join([f"no answer for {len(error.errors)} of the codes; {rest}", *lines])


def _at_a_prompt(text: str) -> str:
    """Return an error's text with settings named as they can be given without Python."""
    return _KEYWORD.sub(lambda found: f"{found[1]} ({_GIVEN_BY[found[1]]})", text)


def _show(frame: pd.DataFrame) -> None:
    facts = frame.attrs["capflow"]
    rows = "running totals" if facts["cumulative"] else "each row its own"
    last = facts["last_valid_time"]
    valid = f" · last valid {last}" if isinstance(last, str) else ""
    print(f"{', '.join(facts['codes'] or facts['errors'])} · {facts['period']}, {rows}")
    print(f"{facts['currency'] or 'several currencies'} · {facts['tz']}{valid} · {facts['source']['url']}")
    if facts["source"]["demo"]:
        print(DEMO_NOTE)
    if what := facts["source"].get("recorded"):
        print(RECORDED_NOTE.format(what=what))
    print(frame.to_string(max_rows=14, float_format=_amount, show_dimensions=True))
    sys.stdout.flush()


def _amount(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def _drawer(told: argparse.Namespace) -> Callable[[pd.DataFrame], None]:
    """Return what draws a frame into a file; an unknown suffix or look is refused before asking."""
    path, look = told.plot, look_of(told.colors, told.lang)
    known = (".png", ".svg", ".pdf")
    if path.suffix.lower() not in known:
        raise QueryError(f"--plot {path}: expected a name that ends in {', '.join(known)}")

    def draw(frame: pd.DataFrame) -> None:
        from matplotlib.figure import Figure

        _check_one(told.kind, frame.attrs["capflow"]["codes"])  # selectors have been several
        figure = Figure(figsize=(9, 4.6), layout="constrained")
        CapflowAccessor(frame).plot(told.kind, ax=figure.subplots(), **look)
        figure.savefig(path, dpi=150)
        print(f"wrote {path}", file=sys.stderr)

    return draw


if __name__ == "__main__":
    sys.exit(main())
