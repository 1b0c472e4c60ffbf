"""The message classes, out of a descriptor pool of our own, and the one table of methods.

The pool is private because the vendor's SDK registers files of the same names in protobuf's default
pool: ordinary generated modules cannot live in one process with it. ``descriptors.binpb`` is made from
``proto/`` by the command at the head of README's section "Working on it".

A new endpoint is a ``.proto`` file and a line in `METHODS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

__all__ = [
    "CAPITAL_DISTRIBUTION",
    "CAPITAL_FLOW",
    "GLOBAL_STATE",
    "HISTORY_KL",
    "INIT_CONNECT",
    "INIT_WEBSOCKET",
    "KEEP_ALIVE",
    "MARKET_STATE",
    "METHODS",
    "NOTIFY",
    "PLATE_SECURITY",
    "PLATE_SET",
    "SNAPSHOT",
    "STATIC_INFO",
    "TRADE_DATE",
    "USER_SECURITY",
    "USER_SECURITY_GROUP",
    "USUAL_REQUESTS",
    "Method",
    "message_class",
]

#: What OpenD grants of most methods in 30 seconds.
USUAL_REQUESTS = 30

# Message classes are made at run time, so no type checker can know their fields.
MessageClass = Any


def _load_pool() -> DescriptorPool:
    pool = DescriptorPool()
    compiled = files("pd_capflow.protocol").joinpath("descriptors.binpb").read_bytes()
    for file in FileDescriptorSet.FromString(compiled).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL = _load_pool()


def message_class(name: str) -> MessageClass:
    """Return the message class of a full name such as ``"Qot_Common.Security"``."""
    return GetMessageClass(_POOL.FindMessageTypeByName(name))


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """One numbered method of the protocol.

    Attributes
    ----------
    proto_id : int
        The number in the packet's header.
    name : str
        The vendor's name, which is the package of its messages.
    request, response : type
        The message classes; a push has no request.
    title : str
        What the gateway calls the method in its refusals.
    requests : int or None
        What OpenD grants of it in 30 seconds; None is not counted.
    """

    proto_id: int
    name: str
    request: MessageClass
    response: MessageClass
    title: str
    requests: int | None = USUAL_REQUESTS

    @property
    def is_push(self) -> bool:
        """Whether the gateway sends this unasked."""
        return self.request is None

    def budget(self, usual: int) -> int | None:
        """Return the requests of a window in which most methods, capital flow among them, have `usual`.

        Examples
        --------
        >>> CAPITAL_FLOW.budget(5), SNAPSHOT.budget(5), PLATE_SET.budget(5), GLOBAL_STATE.budget(5)
        (5, 10, 1, None)
        """
        return None if self.requests is None else max(1, usual * self.requests // USUAL_REQUESTS)


def _method(
    proto_id: int, name: str, title: str = "", *, requests: int | None = USUAL_REQUESTS, push: bool = False
) -> Method:
    request = None if push else message_class(f"{name}.Request")
    response = message_class(f"{name}.Response")
    return Method(proto_id, name, request, response, title or name, requests)


INIT_WEBSOCKET = _method(1, "InitWebSocket", requests=None)
INIT_CONNECT = _method(1001, "InitConnect", requests=None)
GLOBAL_STATE = _method(1002, "GetGlobalState", requests=None)
NOTIFY = _method(1003, "Notify", requests=None, push=True)
KEEP_ALIVE = _method(1004, "KeepAlive", requests=None)
HISTORY_KL = _method(3103, "Qot_RequestHistoryKL", "Request History KL", requests=60)
STATIC_INFO = _method(3202, "Qot_GetStaticInfo", "Get Static Info")  # its own budget is not stated
SNAPSHOT = _method(3203, "Qot_GetSecuritySnapshot", "Get Security Snapshot", requests=60)
PLATE_SET = _method(3204, "Qot_GetPlateSet", "Get Plate Set", requests=10)
PLATE_SECURITY = _method(3205, "Qot_GetPlateSecurity", "Get Plate Security", requests=10)
CAPITAL_FLOW = _method(3211, "Qot_GetCapitalFlow", "Get Capital Flow")
CAPITAL_DISTRIBUTION = _method(3212, "Qot_GetCapitalDistribution", "Get Capital Distribution")
USER_SECURITY = _method(3213, "Qot_GetUserSecurity", "Get User Security", requests=10)
TRADE_DATE = _method(3219, "Qot_RequestTradeDate", "Request Trade Date")
USER_SECURITY_GROUP = _method(3222, "Qot_GetUserSecurityGroup", "Get User Security Group", requests=10)
MARKET_STATE = _method(3223, "Qot_GetMarketState", "Get Market State", requests=10)

_ALL = (
    INIT_WEBSOCKET,
    INIT_CONNECT,
    GLOBAL_STATE,
    NOTIFY,
    KEEP_ALIVE,
    HISTORY_KL,
    STATIC_INFO,
    SNAPSHOT,
    PLATE_SET,
    PLATE_SECURITY,
    CAPITAL_FLOW,
    CAPITAL_DISTRIBUTION,
    USER_SECURITY,
    TRADE_DATE,
    USER_SECURITY_GROUP,
    MARKET_STATE,
)

#: Every method of which we know the messages, by proto id.
METHODS: dict[int, Method] = {method.proto_id: method for method in _ALL}

#: Proto ids of everything that a gateway may push, whether or not we know its messages. The header has
#: no flag for it.
PUSH_IDS = frozenset(
    {1003, 2208, 2218, 3005, 3007, 3009, 3011, 3013, 3015, 3019, 3261, 3310, 3450, 3451, 3452}
)
