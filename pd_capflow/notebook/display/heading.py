"""What the heading says, for both formats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pd_capflow.notebook.directory import well_known
from pd_capflow.notebook.display.words import WORDS
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    import pandas as pd

    from pd_capflow.notebook.display.facts import Facts

__all__ = ["MOST_CODES", "Heading"]

#: Codes that are named; the rest is counted.
MOST_CODES = 4


@dataclass(frozen=True)
class Heading:
    """The facts of a frame in the words of a language.

    Attributes
    ----------
    facts : Facts
        What is sure.
    lang : {"en", "zh"}
        Which words.
    """

    facts: Facts
    lang: str

    def say(self, name: str, **facts: object) -> str:
        """Fill in the template of that name."""
        return WORDS[self.lang][name].format(**facts)

    def name(self, code: str) -> str:
        """Return the name of a code: the frame's own, or else the well-known one; "" if there is none."""
        english, chinese, _ = well_known().get(code, ("", "", ""))
        name = one_line(self.facts.names.get(code) or (chinese if self.lang == "zh" else english))
        return "" if name == code else name

    def more(self) -> str:
        """Return how many codes are not named, "" if all are."""
        rest = len(self.facts.codes) - MOST_CODES
        return self.say("more", n=rest) if rest > 0 else ""

    def titles(self) -> list[str]:
        """Return what the codes are called, the first few of them."""
        named = [f"{self.name(code)} {one_line(code)}".strip() for code in self.facts.codes[:MOST_CODES]]
        return [*named, *filter(None, [self.more()])]

    def subject(self) -> list[str]:
        """Return what the rows are."""
        facts = self.facts
        kinds = [self.say(word) for word in (facts.kind, facts.period, self._running()) if word]
        several = [self.say("currencies")] if facts.kind and len(facts.codes) > 1 else []
        return [*kinds, *([facts.currency] if facts.currency else several)]

    def _running(self) -> str:
        if self.facts.running is None:
            return ""
        return ("since_open" if self.facts.opened else "running") if self.facts.running else "own"

    def provenance(self, rows: int, shown: int) -> list[str]:
        """Return how many rows there are, and where and when they come from."""
        word = "some_rows" if shown < rows else "row" if rows == 1 else "rows"
        count = self.say(word, n=rows, shown=shown)
        parts = [count, self.facts.zone, self._valid(), one_line(self.facts.source, 80), self._recorded()]
        return [part for part in parts if part]

    def _recorded(self) -> str:
        what = one_line(self.facts.recorded, 120)
        return self.say("recorded", what=what) if what else ""

    def _valid(self) -> str:
        times = list(dict.fromkeys(self._at(time) for time in self.facts.valid))
        return self.say("valid", time=" – ".join(times)) if times else ""

    def _at(self, time: pd.Timestamp) -> str:
        zone = self.facts.zone
        return f"{time if zone is None else time.tz_convert(zone):%Y-%m-%d %H:%M}"

    def failures(self) -> str:
        """Return which codes are missing and why, "" if none is."""
        told = [_failure(str(code), str(why)) for code, why in self.facts.failed.items()]
        rest = [self.say("more", n=len(told) - MOST_CODES)] if len(told) > MOST_CODES else []
        return self.say("failed", n=len(told), why="; ".join([*told[:MOST_CODES], *rest])) if told else ""

    def demo(self) -> str:
        """Return what is said of invented numbers, "" where they are none."""
        return self.say("demo") if self.facts.demo else ""


def _failure(code: str, why: str) -> str:
    return one_line(why if code in why else f"{code}: {why}", 140)
