"""Names, lot sizes and list dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pd_capflow.gateway.calendar import midnight
from pd_capflow.gateway.handlers.scene import read_market, read_securities, success, write_security
from pd_capflow.gateway.listing import INDICES, LISTINGS, exchange_of, fingerprint, quoted
from pd_capflow.protocol.messages import STATIC_INFO

if TYPE_CHECKING:
    from pd_capflow.gateway.handlers.scene import Scene
    from pd_capflow.gateway.listing import Listing

__all__ = ["static_info", "write_static"]

_IDS = 10**14


def static_info(scene: Scene, c2s: Any) -> Any:
    """Answer a ``Qot_GetStaticInfo``: of the codes named, or else of what is listed of a market and type."""
    response = success(STATIC_INFO)
    for listing in _meant(c2s):
        write_static(response.s2c.staticInfoList.add(), listing, scene)
    return response


def _meant(c2s: Any) -> list[Listing]:
    if c2s.securityList:
        return [quoted(security) for security in read_securities(c2s.securityList)]
    market = read_market(c2s.market, "market")
    return [
        listing
        for listing in (*LISTINGS.values(), *INDICES.values())
        if listing.security.home is market and listing.security_type == c2s.secType
    ]


def write_static(info: Any, listing: Listing, scene: Scene) -> None:
    """Fill in a ``Qot_Common.SecurityStaticInfo``."""
    security, basic = listing.security, info.basic
    write_security(basic.security, security)
    basic.id = fingerprint(str(security)) % _IDS
    basic.lotSize = listing.lot_size
    basic.secType = listing.security_type
    basic.name = scene.name(listing)
    basic.listTime = listing.listed.isoformat()
    basic.delisting = False
    basic.listTimestamp = midnight(security.home, listing.listed)
    basic.exchType = exchange_of(security)
