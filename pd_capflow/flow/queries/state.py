"""The gateway's own state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pd_capflow.errors import ProtocolError
from pd_capflow.flow.names import MARKET_STATES, PROGRAM_STATUSES, name_of
from pd_capflow.flow.queries.question import Query, check_contents
from pd_capflow.protocol.messages import GLOBAL_STATE, Method

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["GatewayState", "State"]

_MARKET_FIELDS = {
    "HK": "marketHK",
    "US": "marketUS",
    "SH": "marketSH",
    "SZ": "marketSZ",
    "SG": "marketSG",
    "MY": "marketMY",
    "JP": "marketJP",
    "HK_FUTURE": "marketHKFuture",
    "US_FUTURE": "marketUSFuture",
    "SG_FUTURE": "marketSGFuture",
    "JP_FUTURE": "marketJPFuture",
}


@dataclass(frozen=True)
class GatewayState:
    """What a gateway says of itself and of its markets.

    Attributes
    ----------
    markets : dict of str to str
        The state of each market that was told of, by prefix: ``"morning"``, ``"closed"``, and so on.
    logged_in : bool
        Whether it is logged in to the quote servers; if not there are no quotes, whatever else it says.
    trading_logged_in : bool
        Whether it is logged in to the trading servers.
    server_version, build : int
        Its version as major * 100 + minor, and its build.
    time : datetime
        The quote servers' clock, in UTC.
    program_status : str or None
        What the program is doing; only ``"ready"`` is good.
    connection_id : int or None
        The number of the connection, where it is told.
    """

    markets: dict[str, str]
    logged_in: bool
    trading_logged_in: bool
    server_version: int
    build: int
    time: datetime
    program_status: str | None = None
    connection_id: int | None = None


@dataclass(frozen=True)
class State(Query[GatewayState]):
    """The state of the gateway and of its markets (``GetGlobalState``, 1002).

    Examples
    --------
    >>> import pd_capflow
    >>> with pd_capflow.connect("demo://") as client:
    ...     client.fetch(State()).program_status
    'ready'
    """

    method: ClassVar[Method] = GLOBAL_STATE

    def request(self) -> Any:
        """Return the ``GetGlobalState.Request``."""
        request = GLOBAL_STATE.request()
        request.c2s.userID = 0
        return request

    def read(self, response: Any) -> GatewayState:
        """Return what a ``GetGlobalState.Response`` says."""
        s2c = check_contents(response, "the gateway's state")
        status = s2c.programStatus.type if s2c.HasField("programStatus") else None
        return GatewayState(
            markets={
                prefix: name_of(MARKET_STATES, getattr(s2c, field))
                for prefix, field in _MARKET_FIELDS.items()
                if s2c.HasField(field)
            },
            logged_in=s2c.qotLogined,
            trading_logged_in=s2c.trdLogined,
            server_version=s2c.serverVer,
            build=s2c.serverBuildNo,
            time=_utc(s2c.time),
            program_status=None if status is None else name_of(PROGRAM_STATUSES, status),
            connection_id=s2c.connID if s2c.HasField("connID") else None,
        )

    def result(self, answers: Sequence[GatewayState], source: Mapping[str, Any]) -> GatewayState:  # noqa: ARG002
        """Return the state."""
        return answers[0]


def _utc(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise ProtocolError(f"the gateway's clock says {seconds}, which is no time") from error
