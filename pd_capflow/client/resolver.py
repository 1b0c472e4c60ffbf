"""Host names -> socket addresses, within a deadline.

The system's resolver cannot be interrupted. The event loop's own threads would be waited for at the end
of the process, so a name that takes its time is left behind in a daemon thread instead.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["resolve_host"]


async def resolve_host(host: str, port: int) -> list[tuple[str, int]]:
    """Return the numeric addresses of a host, in the system's order; raise `OSError` if there are none."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[tuple[str, int]]] = loop.create_future()

    def deliver(result: Callable[[], None]) -> None:
        if not answer.cancelled():
            result()

    def tell(result: Callable[[], None]) -> None:
        try:
            loop.call_soon_threadsafe(deliver, result)
        except RuntimeError:
            return  # the loop has ended and nobody waits any more

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failure = error if isinstance(error, OSError) else OSError(str(error))
            tell(partial(answer.set_exception, failure))
        else:
            numbers = list(dict.fromkeys((str(entry[4][0]), port) for entry in found))
            tell(partial(answer.set_result, numbers))

    threading.Thread(target=look_up, name="pd_capflow-resolver", daemon=True).start()
    return await answer
