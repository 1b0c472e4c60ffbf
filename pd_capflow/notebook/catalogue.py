"""What can be offered of a gateway without asking it: what it has told, and what everybody knows.

Codes that nobody asked for are offered only if the gateway has told them, since no other knows what it
serves; of the demo gateway all that is well known is. Who types a name asks for it, and finds the
well-known security behind it at every gateway.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

from pd_capflow.client.address import parse_addresses
from pd_capflow.client.known import known_codes, known_members, known_watchlists, recent_codes
from pd_capflow.client.settings import resolve
from pd_capflow.errors import CapflowError
from pd_capflow.notebook.directory import well_known

__all__ = ["Catalogue", "Entry", "address_of"]

_PLATE_CODE = re.compile(r"[A-Z]+\.(BK|LIST)\d+")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be asked for.

    Attributes
    ----------
    code : str
        Of a security or a plate.
    names : tuple of str
        What it is called: the gateway's own name first where it told one. Untrusted.
    also : str
        By what else people look for it.
    told : bool
        Whether the gateway is known to have it.
    recent : int or None
        How many others were asked for since; None if it was not.
    listed : bool
        Whether it is in a watchlist.
    """

    code: str
    names: tuple[str, ...]
    also: str = ""
    told: bool = True
    recent: int | None = None
    listed: bool = False


class Catalogue:
    """What is known of the gateway at an address; of an address that is none, nothing.

    Parameters
    ----------
    url : str
        An address, or several with commas between.
    """

    def __init__(self, url: str) -> None:
        self._url = _spelled(url)
        self._is_demo = self._url == "demo://"

    def securities(self) -> list[Entry]:
        """Return securities, by code."""
        if not self._url:
            return []
        told = {code: name for code, name in known_codes(self._url).items() if not _is_plate(code)}
        recent = {code: place for place, code in enumerate(recent_codes(self._url))}
        listed, public = self._listed(), well_known()
        return [
            Entry(
                code,
                _different(told.get(code, ""), *public.get(code, ())[:2]),
                also="".join(public.get(code, ())[2:]),
                told=self._is_demo or code in told or code in recent or code in listed,
                recent=recent.get(code),
                listed=code in listed,
            )
            for code in sorted({*told, *recent, *listed, *public})
        ]

    def plates(self) -> list[Entry]:
        """Return plates, by code."""
        told: dict[str, tuple[str, ...]] = {
            code: (name,) for code, name in known_codes(self._url).items() if _is_plate(code)
        }
        if self._is_demo:
            from pd_capflow.gateway.plates import PLATES

            told |= {str(code): (plate.name, plate.name_zh) for code, plate in PLATES.items()}
        return [Entry(code, names) for code, names in sorted(told.items())]

    def watchlists(self) -> list[str]:
        """Return the names of watchlists, as the gateway tells them."""
        told = known_watchlists(self._url)
        if not self._is_demo:
            return told
        from pd_capflow.gateway.plates import WATCHLISTS

        return list(dict.fromkeys([*WATCHLISTS, *told]))

    def _listed(self) -> set[str]:
        told = set(known_members(self._url))
        if not self._is_demo:
            return told
        from pd_capflow.gateway.plates import WATCHLISTS

        return told | {str(member) for each in WATCHLISTS.values() for member in each.members}


def _different(*names: str) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(names) if name)


def _is_plate(code: str) -> bool:
    return _PLATE_CODE.fullmatch(code) is not None


def address_of(url: str | None) -> str:
    """Return the address that is asked where one is named, or none is; "" if it cannot be told."""
    if url is not None:
        return _spelled(url)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the question itself will warn
            return ", ".join(str(each.address) for each in resolve().each)
    except CapflowError:
        return ""


def _spelled(url: str) -> str:
    """Return addresses as answers tell where they come from, "" if they are none."""
    try:
        return ", ".join(map(str, parse_addresses(url)))
    except CapflowError:
        return ""
