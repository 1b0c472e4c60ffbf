"""How a dashboard stands, as a value: what its status line says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pd_capflow.notebook.dashboard.markup import in_line
from pd_capflow.notebook.dashboard.pace import AT_REST_SECONDS
from pd_capflow.notebook.dashboard.words import say, text_of
from pd_capflow.plot.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pd_capflow.client.budget import Budget
    from pd_capflow.notebook.dashboard.reading import Reading
    from pd_capflow.notebook.dashboard.wish import Wish

__all__ = ["Status"]

_STORE = "store://"
# A machine's clock may be wrong by as much; a gateway's that is further off is a replay's.
_CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True)
class Status:
    """How a dashboard stands.

    Attributes
    ----------
    link : str
        ``"connected"``, or how else the client stands with its gateway; see `pd_capflow.Link`.
    url : str
        The gateway.
    is_demo : bool
        Whether the numbers are invented.
    is_running : bool
        Whether it refreshes.
    markets : mapping of str to str
        The states of the watched markets, by prefix.
    valid : str
        The time of the newest data of the chosen code, as its exchange's clock shows it; empty without data.
    every : float
        Seconds in which each code is refreshed once while its market trades.
    budget : Budget
        What is left of the rate budget.
    trouble : str
        Why nothing came last time; empty where something did.
    errors : mapping of str to str
        Why codes have no answer, by code.
    refreshes : int
        Refreshes so far.
    facts : tuple of (str, str)
        The pieces of the status line, each with its kind.
    """

    link: str
    url: str
    is_demo: bool
    is_running: bool
    markets: Mapping[str, str]
    valid: str
    every: float
    budget: Budget
    trouble: str
    errors: Mapping[str, str]
    refreshes: int
    facts: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        texts = [text for _, text in self.facts]
        return " · ".join([*texts, self.trouble] if self.trouble else texts)

    @classmethod
    def of(cls, reading: Reading, wish: Wish) -> Status:
        """Read it off what came and what is wished for."""
        return cls(
            link=reading.link.status,
            url=str(reading.source.get("url", "")),
            is_demo=reading.is_demo,
            is_running=reading.next_at is not None,
            markets=dict(reading.markets),
            valid=_valid(reading, wish),
            every=reading.pace.every,
            budget=reading.budget,
            trouble="" if reading.trouble is None else in_line(reading.trouble),
            errors={str(security): in_line(error) for security, error in reading.errors.items()},
            refreshes=reading.rounds,
            facts=tuple(_facts(reading, wish)),
        )


def _facts(reading: Reading, wish: Wish) -> list[tuple[str, str]]:
    lang = wish.lang
    facts = [("link", _link(reading, lang)), *_kind(reading, wish)]
    states = [f"{prefix} {text_of(lang, state)}" for prefix, state in reading.markets.items()]
    if states:
        facts.append(("market", ", ".join(states)))
    if valid := _valid(reading, wish):
        facts.append(("valid", say(lang, "valid", time=valid)))
    return [*facts, *_plan(reading, wish)]


def _kind(reading: Reading, wish: Wish) -> list[tuple[str, str]]:
    """Say whether the numbers are invented, and whether they are of another time than now."""
    lang, is_there = wish.lang, reading.link.status in ("connected", "quiet")
    facts = [("demo", say(lang, "demo"))] if reading.is_demo else []
    if reading.source.get("recorded") or str(reading.source.get("url", "")).startswith(_STORE):
        facts.append(("past", say(lang, "recorded")))
    if is_there and abs(reading.ahead) > _CLOCKS_DIFFER:
        home = wish.shown.home.tzinfo if wish.shown is not None else UTC
        there = datetime.now(home) + reading.ahead
        date = words_of(lang).date(there)
        facts.append(("past", say(lang, "not_live", date=date, time=f"{there:%H:%M}")))
    return facts or [("real", say(lang, "real"))] * is_there


def _plan(reading: Reading, wish: Wish) -> list[tuple[str, str]]:
    """Say what is left of the budget, and how often codes are refreshed."""
    lang, budget = wish.lang, reading.budget
    left = say(lang, "budget", left=budget.left, requests=budget.requests)
    facts = [("budget", left if budget.is_limited else say(lang, "unpaced"))]
    if reading.next_at is None:
        return [*facts, ("next", say(lang, _why_off(wish)))]
    trading = len(reading.codes) - len(reading.at_rest)
    if trading:
        name = "each_one" if trading == 1 else "each"
        facts.append(("every", say(lang, name, n=trading, seconds=reading.pace.every)))
    if reading.at_rest:
        minutes = AT_REST_SECONDS / 60
        facts.append(("rest", say(lang, "resting", n=len(reading.at_rest), minutes=minutes)))
    if reading.is_squeezed:
        facts.append(("squeezed", say(lang, "squeezed")))
    moment = reading.next_at.astimezone()  # the clock on the wall of whoever looks
    return [*facts, ("next", say(lang, "next", time=f"{moment:%H:%M:%S}"))]


def _why_off(wish: Wish) -> str:
    if not wish.codes:
        return "no_codes"
    return "unseen" if wish.is_live else "stopped"


def _link(reading: Reading, lang: str) -> str:
    """Say how the gateway stands; without a connection, of when the data are that are still shown."""
    url, status = reading.source.get("url", ""), reading.link.status
    if status in ("connected", "quiet", "closed"):
        return say(lang, status, url=url)
    if reading.answered is None:
        return say(lang, "connecting" if reading.trouble is None else "nobody", url=url)
    since = say(lang, "last_data", time=f"{reading.answered.astimezone():%H:%M:%S}")
    return f"{say(lang, 'reconnecting', url=url)}, {since}"


def _valid(reading: Reading, wish: Wish) -> str:
    """Return the time of the newest data of the chosen code."""
    columns = reading.flows.get(wish.shown) if wish.shown is not None else None
    if columns is None or columns.last_valid_time is None or wish.shown is None:
        return ""
    moment = datetime.fromisoformat(columns.last_valid_time).astimezone(wish.shown.home.tzinfo)
    words, is_today = words_of(wish.lang), moment.date() == wish.shown.home.today()
    date = words.date(moment, "day" if is_today else "date")
    return f"{date} {moment:%H:%M:%S} {words.zone(wish.shown.home.zone)}"
