"""What holds where a line says nothing: the traits that ``%config CapflowMagics`` shows and sets.

A line's own options go before them, and they go before `pd_capflow.configure`, the environment and the
config file. A key is never among them: what ``%config`` prints is in the notebook. What a trait refuses
is told on one line.
"""

from __future__ import annotations

from typing import Any, NoReturn

from traitlets import Bool, Enum, Float, Int, TraitError, TraitType, Unicode
from traitlets.config import Configurable

from pd_capflow.client.address import parse_addresses
from pd_capflow.errors import QueryError
from pd_capflow.flow.queries import PERIODS
from pd_capflow.notebook.oneline import in_one_line
from pd_capflow.options import CHARTS, COLORS, ERRORS, LANGUAGES

__all__ = ["Preferences"]


def _refuse(trait: TraitType[Any, Any], value: object, why: str) -> NoReturn:
    raise in_one_line(TraitError(f"CapflowMagics.{trait.name} = {value!r}: {why}"))


class _WordEnum(Enum[Any]):
    """One of some words."""

    def error(self, obj: Any, value: Any, error: Any = None, info: Any = None) -> NoReturn:  # noqa: ARG002
        words = [repr(word) for word in self.values or ()]
        _refuse(self, value, f"expected one of {', '.join(words)}")


class _Switch(Bool[Any, Any]):
    """On or off."""

    def error(self, obj: Any, value: Any, error: Any = None, info: Any = None) -> NoReturn:  # noqa: ARG002
        _refuse(self, value, "expected True or False")


class _Seconds(Float[Any, Any]):
    """Seconds above 0, or None."""

    def validate(self, obj: Any, value: Any) -> Any:
        seconds = super().validate(obj, value)
        return seconds if 0 < seconds < float("inf") else self.error(obj, value)

    def error(self, obj: Any, value: Any, error: Any = None, info: Any = None) -> NoReturn:  # noqa: ARG002
        _refuse(self, value, "expected a number of seconds above 0, or None")


class _Rows(Int[Any, Any]):
    """How many rows, 0 or more."""

    def validate(self, obj: Any, value: Any) -> Any:
        rows = super().validate(obj, value)
        return rows if rows >= 0 and not isinstance(value, bool) else self.error(obj, value)

    def error(self, obj: Any, value: Any, error: Any = None, info: Any = None) -> NoReturn:  # noqa: ARG002
        _refuse(self, value, "expected a number of rows, or 0")


class _Address(Unicode[Any, Any]):
    """An address, or several with commas between, or None."""

    def validate(self, obj: Any, value: Any) -> Any:
        try:
            parse_addresses(value)
        except QueryError as error:
            # The error shows no key, the value may: it is not told.
            raise in_one_line(TraitError(f"CapflowMagics.url: {error}")) from None
        return super().validate(obj, value)


class Preferences(Configurable):
    """The traits of the magics."""

    url = _Address(
        None,
        allow_none=True,
        help="The gateway, such as tcp://127.0.0.1:11111, wss://host:33333 or demo://. None: what "
        "pd_capflow.configure(), PD_CAPFLOW_URL or the config file says, where a key belongs too.",
    ).tag(config=True)
    timeout = _Seconds(
        None,
        allow_none=True,
        help="Seconds that a question may take, waiting for the rate budget excepted. None: what "
        "pd_capflow.configure() or the config file says.",
    ).tag(config=True)
    period = _WordEnum(list(PERIODS), "intraday", help="The period of what is fetched.").tag(config=True)
    errors = _WordEnum(
        list(ERRORS),
        "raise",
        help="If some of many codes fail: 'raise' an error, or 'collect' what came.",
    ).tag(config=True)
    plot = _WordEnum(
        ["off", "auto", *CHARTS],
        "off",
        help="The chart that is drawn of what is fetched: 'off' draws none, 'auto' the usual one.",
    ).tag(config=True)
    colors = _WordEnum(
        list(COLORS),
        "auto",
        help="Colours of in and out: 'auto' by market, 'cn' red up, 'intl' green up, 'cb' colour-blind safe.",
    ).tag(config=True)
    lang = _WordEnum(list(LANGUAGES), "en", help="The language of charts, headings and the dashboard.").tag(
        config=True
    )
    heading = _Switch(
        True,
        help="Whether frames of capital flow are shown with a heading that says what they hold. "
        "Off: as pandas shows them.",
    ).tag(config=True)
    sparkline = _Switch(
        True,
        help="Whether the heading has a small chart of each code's net inflow.",
    ).tag(config=True)
    rows = _Rows(
        0,
        help="How many rows are shown of a longer frame. 0: as pd.options.display.max_rows and min_rows say.",
    ).tag(config=True)
