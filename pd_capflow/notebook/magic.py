"""``%capflow``: parse, ask, keep, draw, return the frame."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand, output_can_be_silenced

from pd_capflow.accessor import CapflowAccessor
from pd_capflow.asking import Question, look_of, name_codes
from pd_capflow.client.settings import UNSET
from pd_capflow.errors import QueryError
from pd_capflow.files import told_of, writer_for
from pd_capflow.flow.frames import ATTRS, DEMO_NOTE
from pd_capflow.notebook.arguments import MANUAL, read_line
from pd_capflow.notebook.oneline import errors_in_one_line
from pd_capflow.notebook.preferences import Preferences
from pd_capflow.notebook.suggest import did_you_mean
from pd_capflow.notebook.variables import Words, codes_of, without_comments
from pd_capflow.options import as_asked, split_codes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    import pandas as pd

    from pd_capflow.client import Client

    Codes = str | list[str]

__all__ = ["CapflowMagics"]

# Frames between the cell and the expansion of its variables.
_STACK_DEPTH = 3
# Options of use for a frame alone.
_NOT_LIVE = ("start", "end", "price", "errors", "source", "store", "out")


@magics_class
class CapflowMagics(Preferences, Magics):
    """The magics of pd_capflow, and what holds where their lines say nothing."""

    @no_var_expand
    @output_can_be_silenced
    @line_cell_magic
    def capflow(self, line: str, cell: str | None = None) -> Any:
        """See `MANUAL`, which is what users read."""
        words = None if cell is None else codes_of(self._expanded(without_comments(cell)))
        told = read_line(self._expanded(line), words)
        if told.help:
            print(MANUAL)  # noqa: T201  # help goes where a print goes
            return None
        codes = as_asked(told.codes) if cell is None else split_codes(told.codes)
        url = told.url or self.url
        with errors_in_one_line(lambda: did_you_mean(codes, url)):
            return self._dashboard(told, codes) if told.live else self._frame(told, codes)

    capflow.__doc__ = MANUAL

    @property
    def _shell(self) -> Any:
        return self.shell

    def _expanded(self, text: str) -> str:
        # Line by line, which is all that IPython's pattern sees; no comprehension: it has a frame of its own.
        expand = partial(self._shell.var_expand, depth=_STACK_DEPTH, formatter=Words())
        return "\n".join(map(expand, text.splitlines()))

    def _frame(self, told: argparse.Namespace, codes: Codes) -> pd.DataFrame:
        question, look = self._question(told, codes), self._look(told)
        write = writer_for(Path(told.out).expanduser()) if told.out is not None else None
        client = self._client(told)
        frame = question.ask(client)
        if question.asks_gateway:
            name_codes(frame, client)
        self._keep(frame, told.name)
        if write is not None:
            _write(frame, write, told.out)
        if question.kind is not None:
            CapflowAccessor(frame).plot(None if question.kind == "auto" else question.kind, **look)
        if not self.heading and frame.attrs[ATTRS]["source"]["demo"]:
            print(DEMO_NOTE)  # noqa: T201  # above the frame that the cell shows
        return frame

    def _client(self, told: argparse.Namespace) -> Client:
        from pd_capflow.client import shared_client

        return shared_client(told.url or self.url, timeout=self.timeout or UNSET)

    def _question(self, told: argparse.Namespace, codes: Codes) -> Question:
        kind = told.plot or self.plot
        is_of_session = told.period is None and kind == "distribution"
        return Question(
            codes=codes,
            period=None if is_of_session else told.period or self.period,
            start=told.start,
            end=told.end,
            errors=told.errors or self.errors,
            price=told.price,
            kind=None if kind == "off" else kind,
            source=told.source,
            store=told.store,
        )

    def _look(self, told: argparse.Namespace) -> dict[str, Any]:
        """Return what all kinds of chart take."""
        return look_of(told.colors or self.colors, told.lang or self.lang)

    def _dashboard(self, told: argparse.Namespace, codes: Codes) -> Any:
        if said := [f"--{name}" for name in _NOT_LIVE if getattr(told, name)]:
            raise QueryError(f"{', '.join(said)} with --live, which shows the latest there is; leave it out")
        from pd_capflow.notebook.dashboard import dashboard

        kind = told.plot or self.plot
        shown = dashboard(
            codes,
            period=told.period or self.period,
            kind=None if kind in ("off", "auto") else kind,
            interval=told.interval,
            client=self._client(told),
            **self._look(told),
        )
        self._keep(shown, told.name)
        return shown

    def _keep(self, result: Any, name: str | None) -> None:
        if name:
            self._shell.user_ns[name] = result


def _write(frame: pd.DataFrame, write: Callable[[pd.DataFrame], None], path: str) -> None:
    write(frame)
    print(told_of(path, frame))  # noqa: T201  # as the command line says it
