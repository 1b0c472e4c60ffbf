"""Every exception that a caller can meet: one family for each thing that a caller can do.

::

    CapflowError
    ├─ QueryError (ValueError)         fix the question; nothing was sent
    ├─ TransportError (OSError)        try again; no answer arrived
    │  ├─ ConnectError                 nobody listens there, or there is no such host
    │  ├─ HandshakeError               somebody listens, but no session came about
    │  │  └─ AuthenticationError       the WebSocket key was refused
    │  ├─ DisconnectedError            the connection ended with answers due
    │  └─ ReplyTimeoutError (TimeoutError)
    ├─ ProtocolError                   the peer broke the protocol
    ├─ GatewayError                    the gateway said no
    │  ├─ RateLimitError
    │  ├─ UnknownSecurityError
    │  ├─ UnsupportedSecurityError
    │  └─ QuoteRightError
    ├─ BatchError                      some of many codes failed
    └─ StoreError

    BatchInterrupted (KeyboardInterrupt) the user stopped a call for many codes; what came is in it

Facts are attributes; the text comes after them. All of them pickle: the message is the one positional
argument and every fact has a default, so that the default reduction of exceptions restores them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = [
    "AuthenticationError",
    "BatchError",
    "BatchInterrupted",
    "CapflowError",
    "CapflowWarning",
    "ConnectError",
    "DisconnectedError",
    "GatewayError",
    "HandshakeError",
    "ProtocolError",
    "QueryError",
    "QuoteRightError",
    "RateLimitError",
    "ReplyTimeoutError",
    "StoreError",
    "TransportError",
    "UnknownSecurityError",
    "UnsupportedSecurityError",
]


class CapflowWarning(UserWarning):
    """Something in the data or the surroundings is odd, and a number may deserve a second look."""


class CapflowError(Exception):
    """Base of everything that this package raises on purpose."""


class QueryError(CapflowError, ValueError):
    """The question cannot be asked as it was put. Nothing was sent."""


class TransportError(CapflowError, OSError):
    """No answer arrived. Asking again may help.

    Attributes
    ----------
    address : str or None
        The gateway's address, without secrets.
    """

    def __init__(self, message: str = "", *, address: str | None = None) -> None:
        super().__init__(message)
        self.address = address


class ConnectError(TransportError):
    """Nobody listens at the address, or there is no such host."""


class HandshakeError(TransportError):
    """Somebody listens at the address, but no session came about."""


class AuthenticationError(HandshakeError):
    """The gateway refused the WebSocket key."""


class DisconnectedError(TransportError):
    """The connection ended while answers were due."""


class ReplyTimeoutError(TransportError, TimeoutError):
    """The connection stood, but the answer did not come in time."""


class ProtocolError(CapflowError):
    """The peer sent bytes that the protocol does not allow: magic, size, SHA-1 or body.

    Attributes
    ----------
    serial_no : int or None
        The serial number of the packet at fault, where its header could be read.
    """

    def __init__(self, message: str = "", *, serial_no: int | None = None) -> None:
        super().__init__(message)
        self.serial_no = serial_no


class GatewayError(CapflowError):
    """The gateway answered, and the answer is no.

    Attributes
    ----------
    code : str or None
        The security's code that was asked for, such as ``"HK.00700"``.
    ret_type : int
        ``retType`` of the response: -1 failed, -100 timed out, -200 disconnected, -400 unknown,
        -500 invalid packet.
    ret_msg : str
        ``retMsg``, verbatim. Untrusted text: escape it before you show it.
    err_code : int or None
        ``errCode``, where one was sent.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        ret_type: int = -1,
        ret_msg: str = "",
        err_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.ret_type = ret_type
        self.ret_msg = ret_msg
        self.err_code = err_code


class RateLimitError(GatewayError):
    """More requests than the gateway grants in its window, also after waiting it out."""


class UnknownSecurityError(GatewayError):
    """The gateway knows no such security."""


class UnsupportedSecurityError(GatewayError):
    """The security is of a type that has no capital flow: an index, an option, a future, a plate."""


class QuoteRightError(GatewayError):
    """The account lacks the quote right for this market."""


class BatchError(CapflowError):
    """Some of many codes failed, after all were tried.

    Attributes
    ----------
    frame : pandas.DataFrame or None
        What came, shaped as the whole answer would have been.
    errors : dict of str to Exception
        Why the others did not come, by code, in the order asked.
    """

    def __init__(
        self,
        message: str = "",
        *,
        frame: pd.DataFrame | None = None,
        errors: Mapping[str, Exception] | None = None,
    ) -> None:
        super().__init__(message)
        self.frame = frame
        self.errors = dict(errors or {})


class BatchInterrupted(KeyboardInterrupt):
    """The user stopped a call for many codes in the middle. The client goes on to be of use.

    Attributes
    ----------
    frame : pandas.DataFrame or None
        What had come, shaped as the whole answer would have been.
    errors : dict of str to Exception
        Why others had failed by then, by code, in the order asked.
    """

    def __init__(
        self,
        message: str = "",
        *,
        frame: pd.DataFrame | None = None,
        errors: Mapping[str, Exception] | None = None,
    ) -> None:
        super().__init__(message)
        self.frame = frame
        self.errors = dict(errors or {})


class StoreError(CapflowError):
    """The store cannot do this: its path, its schema, its space or the frame given to it.

    Attributes
    ----------
    absent : bool
        Whether nothing is wrong, and nothing is recorded of what was asked for.
    """

    def __init__(self, message: str = "", *, absent: bool = False) -> None:
        super().__init__(message)
        self.absent = absent
