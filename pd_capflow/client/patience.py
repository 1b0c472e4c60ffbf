"""How long a batch bears with a gateway that has stopped answering.

Requests go out a few at a time, so without this a thousand codes would take a dozen timeouts to learn
that nobody is there. The first failure may be the connection's; what is asked after it goes over another.
If a whole timeout later nothing at all has been answered, nothing will be.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pd_capflow.errors import TransportError

if TYPE_CHECKING:
    from pd_capflow.errors import CapflowError

__all__ = ["Patience"]

# A timeout later, but for what timers and threads take.
_NEARLY = 0.9


class Patience:
    """Of one batch.

    Parameters
    ----------
    timeout : float
        Seconds that one request may take.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._since: float | None = None
        self.lost: CapflowError | None = None

    def answered(self) -> None:
        """Take note that the gateway has answered something, be it with a refusal."""
        self._since = None

    def heard(self, error: CapflowError) -> None:
        """Take note of a failure; `lost` is one, once there is no hope left."""
        now = time.monotonic()
        if not isinstance(error, TransportError):
            self.answered()
        elif self._since is None:
            self._since = now
        elif now - self._since >= _NEARLY * self._timeout:
            self.lost = error
