"""Lists of securities: plates, and the user's own watchlists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from pd_capflow.errors import QueryError
from pd_capflow.flow.frames import ATTRS
from pd_capflow.flow.names import GROUP_KINDS, PLATE_KINDS, name_of
from pd_capflow.flow.queries.question import (
    Query,
    check_contents,
    one_of,
    parse_market,
    sent,
    write_security,
)
from pd_capflow.flow.queries.static import STATIC_COLUMNS, read_static
from pd_capflow.flow.tables import code_frame, read_code
from pd_capflow.protocol.messages import PLATE_SECURITY, PLATE_SET, USER_SECURITY, USER_SECURITY_GROUP, Method
from pd_capflow.security import MARKETS, Security

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pd_capflow.flow.tables import Row

__all__ = ["PlateSecurities", "Plates", "Watchlist", "Watchlists"]

_KINDS = {name: number for number, name in PLATE_KINDS.items() if name != "other"}
_ALL_GROUPS = 3


@dataclass(frozen=True)
class Plates(Query[pd.DataFrame]):
    """The plates (板块) of a market: industries, regions, concepts (``Qot_GetPlateSet``, 3204).

    Parameters
    ----------
    market : str
        Such as ``"HK"``. Shanghai and Shenzhen share theirs.
    kind : {"all", "industry", "region", "concept"}
    """

    market: str
    kind: str = "all"

    method: ClassVar[Method] = PLATE_SET

    def __post_init__(self) -> None:
        object.__setattr__(self, "market", parse_market(self.market, MARKETS).prefix)
        object.__setattr__(self, "kind", one_of("kind", self.kind, _KINDS))

    def request(self) -> Any:
        """Return the ``Qot_GetPlateSet.Request``."""
        request = PLATE_SET.request()
        request.c2s.market = MARKETS[self.market].number
        request.c2s.plateSetType = _KINDS[self.kind]
        request.c2s.header.securityFirm = 0
        return request

    def read(self, response: Any) -> list[Row]:
        """Return the rows of a ``Qot_GetPlateSet.Response``."""
        s2c = check_contents(response, f"the plates of {self.market}")
        return [_plate_row(info) for info in s2c.plateInfoList]

    def result(self, answers: Sequence[list[Row]], source: Mapping[str, Any]) -> pd.DataFrame:
        """Return the frame: one row a plate."""
        return code_frame(answers[0], {"name": "str", "kind": "str"}, source=source, market=self.market)


def _plate_row(info: Any) -> Row:
    kind = sent(info, "plateType")
    return {
        "code": read_code(info.plate),
        "name": info.name,
        "kind": None if kind is None else name_of(PLATE_KINDS, kind),
    }


@dataclass(frozen=True)
class PlateSecurities(Query[pd.DataFrame]):
    """The members of a plate (``Qot_GetPlateSecurity``, 3205).

    Parameters
    ----------
    plate : str or Security
        Its code, as `Plates` tells it: such as ``"HK.BK1001"``.
    """

    plate: Security

    method: ClassVar[Method] = PLATE_SECURITY

    def __post_init__(self) -> None:
        object.__setattr__(self, "plate", Security.parse(self.plate))

    def request(self) -> Any:
        """Return the ``Qot_GetPlateSecurity.Request``."""
        request = PLATE_SECURITY.request()
        write_security(request.c2s.plate, self.plate)
        request.c2s.header.securityFirm = 0
        return request

    def read(self, response: Any) -> list[Row]:
        """Return the rows of a ``Qot_GetPlateSecurity.Response``."""
        code = str(self.plate)
        return read_static(check_contents(response, code, code).staticInfoList)

    def result(self, answers: Sequence[list[Row]], source: Mapping[str, Any]) -> pd.DataFrame:
        """Return the frame: one row a member, as of `StaticInfo`."""
        return code_frame(answers[0], STATIC_COLUMNS, source=source, plate=str(self.plate))


@dataclass(frozen=True)
class Watchlist(Query[pd.DataFrame]):
    """The members of one of the user's own watchlists (自选股, ``Qot_GetUserSecurity``, 3213).

    Parameters
    ----------
    name : str
        As `Watchlists` tells it; of several of one name the first is meant.
    """

    name: str

    method: ClassVar[Method] = USER_SECURITY

    def __post_init__(self) -> None:
        name: object = self.name
        if not isinstance(name, str) or not name:
            raise QueryError(f"{name!r} is no name of a watchlist; expected one that watchlists() tells")

    def request(self) -> Any:
        """Return the ``Qot_GetUserSecurity.Request``."""
        request = USER_SECURITY.request()
        request.c2s.groupName = self.name
        request.c2s.header.securityFirm = 0
        return request

    def read(self, response: Any) -> list[Row]:
        """Return the rows of a ``Qot_GetUserSecurity.Response``."""
        about = f"watchlist {self.name!r}"
        return read_static(check_contents(response, about, about).staticInfoList)

    def result(self, answers: Sequence[list[Row]], source: Mapping[str, Any]) -> pd.DataFrame:
        """Return the frame: one row a member, as of `StaticInfo`."""
        return code_frame(answers[0], STATIC_COLUMNS, source=source, watchlist=self.name)


@dataclass(frozen=True)
class Watchlists(Query[pd.DataFrame]):
    """The user's own watchlists (``Qot_GetUserSecurityGroup``, 3222)."""

    method: ClassVar[Method] = USER_SECURITY_GROUP

    def request(self) -> Any:
        """Return the ``Qot_GetUserSecurityGroup.Request``."""
        request = USER_SECURITY_GROUP.request()
        request.c2s.groupType = _ALL_GROUPS
        request.c2s.header.securityFirm = 0
        return request

    def read(self, response: Any) -> list[tuple[str, str]]:
        """Return names and kinds of a ``Qot_GetUserSecurityGroup.Response``."""
        s2c = check_contents(response, "the watchlists")
        return [(group.groupName, name_of(GROUP_KINDS, group.groupType)) for group in s2c.groupList]

    def result(self, answers: Sequence[list[tuple[str, str]]], source: Mapping[str, Any]) -> pd.DataFrame:
        """Return the frame: one row a watchlist, indexed by ``name``."""
        names = pd.Index([name for name, _ in answers[0]], dtype="str", name="name")
        kinds = pd.array([kind for _, kind in answers[0]], dtype="str")
        frame = pd.DataFrame({"kind": kinds}, index=names)
        frame.attrs[ATTRS] = {"source": dict(source), "errors": {}}
        return frame
