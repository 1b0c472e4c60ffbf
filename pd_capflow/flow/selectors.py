"""Selectors: words that stand for several codes, ``plate:HK.BK1001`` and ``watchlist:Tech``.

They stand wherever several codes can, alone or among codes. What they stand for only a gateway knows, so
a `Selection` says what is to be asked, and a `Choice` is what the answers make of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pd_capflow.errors import QueryError
from pd_capflow.security import SELECTORS, Security

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Choice", "Member", "Selection", "Selector", "parse_selection"]

# Types that have a capital flow, as `pd_capflow.flow.names.SECURITY_TYPES` calls them.
_FLOWING = ("stock", "fund", "warrant", "basket_warrant")


@dataclass(frozen=True, slots=True)
class Selector:
    """A word for several codes.

    Parameters
    ----------
    kind : {"plate", "watchlist"}
    name : str
        The plate's code, or the watchlist's name as the user wrote it.

    Examples
    --------
    >>> str(Selector.parse("plate:HK.BK1001"))
    'plate:HK.BK1001'
    """

    kind: str
    name: str

    @classmethod
    def parse(cls, word: str) -> Selector:
        """Read a selector; raise `QueryError` where it names nothing."""
        kind, _, name = word.partition(":")
        if kind == "watchlist" and name.strip():
            return cls(kind, name)
        if kind == "plate" and name:
            return cls(kind, str(Security.parse(name)))
        raise QueryError(f"selector {word!r} names no {kind}; expected one such as {_SAMPLES[kind]}")

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


_SAMPLES = {
    "plate": "plate:HK.BK1001 (plates('HK') tells those there are)",
    "watchlist": "watchlist:Tech (watchlists() tells those there are)",
}


class Member(NamedTuple):
    """One security that a selector stands for: its code, its type and its name."""

    code: str
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The securities that a question is about.

    Attributes
    ----------
    securities : list of Security
        At least one, each once, in order.
    single : bool
        Whether one code alone was asked for.
    asked : list of str
        The words of the question, where selectors are among them.
    skipped : dict of str to str
        Members that are not asked for, and why.
    """

    securities: list[Security]
    single: bool
    asked: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """What a frame's attrs tell of the choice: nothing where codes alone were asked for."""
        return {"asked": list(self.asked), "skipped": dict(self.skipped)} if self.asked else {}


@dataclass(frozen=True, slots=True)
class Selection:
    """What a user wants to know about: codes and selectors, each once and in order.

    Attributes
    ----------
    parts : tuple of Security or Selector
        At least one.
    single : bool
        Whether one code alone was asked for; a selector is never single.
    """

    parts: tuple[Security | Selector, ...]
    single: bool

    @property
    def selectors(self) -> list[Selector]:
        """Those whose members have to be asked for."""
        return [part for part in self.parts if isinstance(part, Selector)]

    @property
    def sample(self) -> Choice:
        """A choice that anything but the codes can be checked with before selectors are asked for."""
        named = [part for part in self.parts if isinstance(part, Security)]
        return Choice(named[:1] or [Security("HK", "00700")], single=False)

    def choice(
        self, members: Mapping[Selector, Sequence[Member]] | None = None, *, flowing: bool = False
    ) -> Choice:
        """Return what the selection stands for.

        Parameters
        ----------
        members : mapping of Selector to sequence of Member
            What each selector stands for.
        flowing : bool
            Whether members of a type without capital flow are to be skipped; codes named by the user
            never are.
        """
        found: dict[Security, None] = {}
        skipped: dict[str, str] = {}
        for part in self.parts:
            if isinstance(part, Security):
                found[part] = None
                continue
            for member in (members or {})[part]:
                why = _why_not(member, flowing=flowing)
                if why is None:
                    found[Security.parse(member.code)] = None
                else:
                    skipped[member.code] = why
        asked = [str(part) for part in self.parts] if self.selectors else []
        named = set(map(str, found))
        return Choice(
            list(found), self.single, asked, {c: why for c, why in skipped.items() if c not in named}
        )


def _why_not(member: Member, *, flowing: bool) -> str | None:
    """Return why a member is not asked for, None if it is."""
    try:
        Security.parse(member.code)
    except QueryError:
        return "its market or symbol is not known here"
    if flowing and member.type not in _FLOWING and not member.type.startswith("unknown"):
        return f"of type {member.type}, which has no capital flow"
    return None


def parse_selection(codes: str | Security | Iterable[str | Security]) -> Selection:
    """Read codes and selectors.

    Raises
    ------
    QueryError
        If there is none, or one of them is neither.

    Examples
    --------
    >>> selection = parse_selection(["plate:HK.BK1001", "HK.00700", "HK.00700"])
    >>> [str(part) for part in selection.parts]
    ['plate:HK.BK1001', 'HK.00700']
    >>> parse_selection("watchlist:Tech").single
    False
    """
    if isinstance(codes, str | bytes | bytearray | Security):  # bytes would be taken for a list of numbers
        part = _part(codes)
        return Selection((part,), single=isinstance(part, Security))
    try:
        given = list(codes)
    except TypeError:
        raise QueryError(
            f"{codes!r} is no code; expected one such as 'HK.00700', or several in a list"
        ) from None
    if not given:
        raise QueryError("an empty list of codes; expected at least one, such as ['HK.00700']")
    return Selection(tuple(dict.fromkeys(map(_part, given))), single=False)


def _part(word: Any) -> Security | Selector:
    if not isinstance(word, str) or ":" not in word:
        return Security.parse(word)
    kind = word.partition(":")[0]
    if kind in SELECTORS:
        return Selector.parse(word)
    if kind.strip().lower() in SELECTORS:
        raise QueryError(f"{word!r} is no selector; did you mean {kind.strip().lower()}:...?")
    return Security.parse(word)
