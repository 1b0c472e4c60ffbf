"""What the person in front of a dashboard wants to see: one value, checked at the door.

The controls make a new one at every click. The feed and the picture read whichever is the latest, so no
thread ever sees half a change, and nothing has to be locked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import TIERS
from pd_capflow.flow.queries import PERIODS
from pd_capflow.plot import KINDS
from pd_capflow.plot.style import COLOURS
from pd_capflow.plot.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pd_capflow.security import Security

__all__ = ["CHARTS", "CONVENTIONS", "LINES", "MOST_CODES", "OF_LINES", "OF_MANY", "THEMES", "Wish"]

#: Codes that one dashboard watches at most: beyond, each would be refreshed every few minutes only.
MOST_CODES = 100
#: Lines of a chart that can be left out: the total and the tiers.
LINES = ("in_flow", *(f"{tier}_in_flow" for tier in TIERS))
#: The papers that a chart can be drawn on.
THEMES = ("light", "dark")
#: Conventions of colour, `auto` by market.
CONVENTIONS = ("auto", *COLOURS)
#: Kinds of chart that show all codes, and not the one that is chosen.
OF_MANY = ("rank",)
#: Kinds of chart whose lines can be left out.
OF_LINES = ("cumulative", "tiers")
# What needs prices of many days is no part of a live round.
_NOT_LIVE = ("quadrant",)
#: Kinds of chart that a dashboard shows.
CHARTS = tuple(kind for kind in KINDS if kind not in _NOT_LIVE)

_SHORTEST, _LONGEST = 1.0, 86_400.0  # seconds between two refreshes


@dataclass(frozen=True)
class Wish:
    """What to watch, and how to show it.

    Attributes
    ----------
    codes : tuple of Security
        What is watched, each once.
    period : {"intraday", "day", "week", "month"}
        Of the rows.
    kind : str or None
        The chart, one of `CHARTS`; None for what suits the period.
    chosen : Security or None
        Whose chart is shown; None for the first.
    lines : frozenset of str
        Which of `LINES` are drawn, where the chart has lines.
    interval : float or None
        Seconds between two refreshes of a code; None for what suits the period. The rate budget may make
        it longer.
    colors, lang, theme : str
        How charts and texts look.
    is_live : bool
        Whether to refresh at all.
    is_seen : bool
        Whether anybody looks.
    in_a_hurry : bool
        Whether somebody waits for refreshes: then also a closed market is asked at the usual pace.

    Examples
    --------
    >>> from pd_capflow.security import Security
    >>> wish = Wish.of([Security.parse("HK.00700")], period="day")
    >>> str(wish.shown), wish.chart
    ('HK.00700', 'bars')
    """

    codes: tuple[Security, ...]
    period: str = "intraday"
    kind: str | None = None
    chosen: Security | None = None
    lines: frozenset[str] = field(default=frozenset(LINES))
    interval: float | None = None
    colors: str = "auto"
    lang: str = "en"
    theme: str = "light"
    is_live: bool = True
    is_seen: bool = True
    in_a_hurry: bool = False

    @classmethod
    def of(cls, codes: Iterable[Security], **options: Any) -> Wish:
        """Make one, each code once.

        Raises
        ------
        QueryError
            If something cannot be wished for; it says what can.
        """
        return cls(tuple(dict.fromkeys(codes)), **options)

    def __post_init__(self) -> None:
        _check("period", self.period, PERIODS)
        _check("kind", self.kind, (None, *CHARTS))
        _check("colors", self.colors, CONVENTIONS)
        _check("lang", self.lang, tuple(LANGUAGES))
        _check("theme", self.theme, THEMES)
        _check_interval(self.interval)
        object.__setattr__(self, "lines", _checked_lines(self.lines))
        if len(self.codes) > MOST_CODES:
            raise QueryError(
                f"{len(self.codes)} codes are too many to watch; expected up to {MOST_CODES}, since they "
                "share one rate budget"
            )

    @property
    def chart(self) -> str:
        """The kind of chart."""
        return self.kind or ("cumulative" if self.period == "intraday" else "bars")

    @property
    def drawn(self) -> tuple[Security, ...]:
        """The codes in the chart: the chosen one or, of some kinds, all that trade in its currency."""
        shown = self.shown
        if shown is None:
            return ()
        alike = tuple(each for each in self.codes if each.currency == shown.currency)
        return alike if self.chart in OF_MANY else (shown,)

    @property
    def shown(self) -> Security | None:
        """Whose chart is shown; None without codes."""
        return self.chosen if self.chosen in self.codes else next(iter(self.codes), None)


def _check(name: str, value: object, known: Collection[object]) -> None:
    if not isinstance(value, str | None) or value not in known:
        named = ", ".join(str(each) for each in known if each is not None)
        raise QueryError(f"{name} {value!r} is not known: expected one of {named}")


def _check_interval(interval: Any) -> None:
    is_number = isinstance(interval, int | float) and not isinstance(interval, bool)
    if interval is not None and not (is_number and _SHORTEST <= interval <= _LONGEST):
        raise QueryError(
            f"interval {interval!r} cannot be; expected seconds, from {_SHORTEST:g} to {_LONGEST:,.0f}"
        )


def _checked_lines(lines: Any) -> frozenset[str]:
    is_several = not isinstance(lines, str) and hasattr(lines, "__iter__")
    told = [*lines] if is_several else [lines]
    if not is_several or any(line not in LINES for line in told):
        raise QueryError(f"lines {lines!r} are not known: expected some of {', '.join(LINES)}, in a list")
    return frozenset(told)
