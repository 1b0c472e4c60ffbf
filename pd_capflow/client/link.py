"""The state of a client's link to its gateway: a value that can be asked for and listened to.

::

    disconnected -> connecting -> connected <-> quiet
         ^   ^          |             |           |
         |   +----------+-------------+-----------+
         +--> waiting -> connecting                    and closed, from anywhere and for good

Listeners are called in order, where the link lives: on the I/O thread, or in the event loop of an
`AsyncClient`. What they raise is logged and breaks nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pd_capflow.client.copies import copied
from pd_capflow.errors import GatewayError, HandshakeError, QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pd_capflow.client.notice import Notice
    from pd_capflow.errors import CapflowError

__all__ = ["Line", "Link", "Listeners", "Status"]

Status = Literal["disconnected", "waiting", "connecting", "connected", "quiet", "closed"]
Told = TypeVar("Told")

log = logging.getLogger("pd_capflow.client")


@dataclass(frozen=True, slots=True)
class Link:
    """How a client stands with its gateway.

    Attributes
    ----------
    status : {"disconnected", "waiting", "connecting", "connected", "quiet", "closed"}
        ``waiting`` is for the next attempt to connect; ``quiet`` is a connection over which nothing has
        come for two keep-alive intervals: after a third it is given up.
    since : datetime
        Since when, in UTC.
    reason : CapflowError or None
        Why there is no connection, where something went wrong.
    attempt : int
        Number of the attempt to connect that is under way or waited for; 0 otherwise.
    logged_in : bool or None
        Whether the gateway is logged in to the quote servers, as it last told; None if it has not.
    program_status : str or None
        What it last told of its program; only ``"ready"`` is good.
    markets : mapping of str to str, or None
        The state of each market by prefix, as last asked for with ``client.state()``.
    notice : str
        What the gateway last told of its login, in words.

    Examples
    --------
    >>> import pd_capflow
    >>> with pd_capflow.connect("demo://") as client:
    ...     client.link.status
    'connected'
    """

    status: Status = "disconnected"
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    reason: CapflowError | None = None
    attempt: int = 0
    logged_in: bool | None = None
    program_status: str | None = None
    markets: Mapping[str, str] | None = None
    notice: str = ""


class Listeners(Generic[Told]):
    """Functions that are told something; they may be added and removed from any thread."""

    def __init__(self) -> None:
        self._functions: dict[object, Callable[[Told], object]] = {}

    @property
    def are_there(self) -> bool:
        """Whether anybody listens."""
        return bool(self._functions)

    def add(self, function: Callable[[Told], object]) -> Callable[[], None]:
        """Add a function, and return another that removes it."""
        if not callable(function):
            raise QueryError(f"listener {function!r} cannot be called; expected a function of one argument")
        token = object()
        self._functions[token] = function

        def remove() -> None:
            self._functions.pop(token, None)

        return remove

    def tell(self, value: Told) -> None:
        """Call them in order."""
        for function in list(self._functions.values()):
            try:
                function(value)
            except BaseException:  # whatever it is, it is not the connection's
                log.exception("! a listener raised; it was told %r", value)


class Line:
    """Keeps the link, and tells listeners what becomes of it.

    Parameters
    ----------
    address : str
        The gateway's, for the log.
    states, pushes : Listeners
        Whom to tell of changes, and of notices.
    """

    def __init__(self, address: str, states: Listeners[Link], pushes: Listeners[Notice]) -> None:
        self.link = Link()
        self.states = states
        self.pushes = pushes
        self._address = address

    def move(self, status: Status, reason: CapflowError | None = None, attempt: int = 0) -> None:
        """Change the status; a new session has told nothing yet."""
        facts: dict[str, Any] = {}
        if status == "connected" and self.link.status == "connecting":
            facts = {"logged_in": None, "program_status": None, "markets": None, "notice": ""}
        kept = None if reason is None else copied(reason)  # its traceback would hold on to the client
        log.debug("= %s %s", self._address, status)
        self._change(status=status, since=datetime.now(UTC), reason=kept, attempt=attempt, **facts)

    def learn(self, **facts: Any) -> None:
        """Take what the gateway tells of itself, and tell it on where it is news."""
        if any(getattr(self.link, name) != value for name, value in facts.items()):
            self._change(**facts)

    def notice(self, notice: Notice) -> None:
        """Take a notice."""
        log.log(notice.level, "< %s %s", self._address, notice.text)
        self.learn(**notice.facts)
        self.pushes.tell(notice)

    def explained(self, error: CapflowError) -> CapflowError:
        """Return an error with the gateway's login as the reason, where that is what is missing."""
        if self.link.logged_in is not False or not isinstance(error, GatewayError | HandshakeError):
            return error
        why = f" ({self.link.notice})" if self.link.notice else ""
        told = copied(error)
        told.args = (f"{error}. The gateway is not logged in to the quote servers{why}: log in at OpenD",)
        return told

    def _change(self, **facts: Any) -> None:
        self.link = replace(self.link, **facts)
        self.states.tell(self.link)
