"""The protocol client: one for the accessor, the magic, the command line and the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pd_capflow.client.asynchronous import AsyncClient
from pd_capflow.client.budget import Budget
from pd_capflow.client.capture import capturing
from pd_capflow.client.link import Link
from pd_capflow.client.notice import Notice
from pd_capflow.client.progress import Progress
from pd_capflow.client.secret import Secret
from pd_capflow.client.settings import UNSET, Rate, Unset, configure, resolve
from pd_capflow.client.shared import close_shared_clients, shared_client
from pd_capflow.client.spread import SpreadClient, client_for
from pd_capflow.client.synchronous import Client

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = [
    "AsyncClient",
    "Budget",
    "Client",
    "Link",
    "Notice",
    "Progress",
    "SpreadClient",
    "close_shared_clients",
    "configure",
    "connect",
    "connect_async",
    "shared_client",
]


def connect(
    url: str | Sequence[str] | None = None,
    *,
    key: str | None = None,
    rsa_key: str | None = None,
    ca_file: str | None = None,
    timeout: float | Unset = UNSET,
    rate: Rate | Unset | None = UNSET,
    capture: str | os.PathLike[str] | None = None,
) -> Client:
    """Return a client that is connected.

    Parameters
    ----------
    url : str or list of str, optional
        ``tcp://HOST:PORT``, ``ws://HOST:PORT``, ``wss://HOST:PORT`` or ``demo://``; or ``store://PATH``,
        which serves what was recorded there. By default what `configure`, the environment variable
        ``PD_CAPFLOW_URL`` or the config file says, or else
        ``tcp://127.0.0.1:11111``. Of several gateways, whoever has room in its rate budget is asked for
        the next code; one that fails is left out until it is back, and
        ``attrs["capflow"]["source"]["by_code"]`` tells who served what.
    key : str, optional
        The WebSocket key.
    rsa_key : str, optional
        Path of the RSA private key that OpenD was given; it turns encryption on.
    ca_file : str, optional
        Path of the certificates that a ``wss`` gateway's is verified by; the system's by default.
    timeout : float, default 10.0
        Seconds that a call may take, waiting for the rate budget excepted.
    rate : (int, float) or None, default (30, 30.0)
        Requests of capital flow per sliding window of seconds, and of every other interface in
        proportion to what OpenD grants of it; None asks without pacing. See `configure`.
    capture : path-like, optional
        A file that the conversation is written into, packet by packet and without keys, session keys or
        user ids, for a bug report; ``capflow gateway --playback FILE`` plays it back. The codes that you
        ask for and the names of your watchlists are in it: read it before you give it away. It holds
        64 MiB at most, and a capture that is there is written anew.

    Returns
    -------
    Client
        Also a context manager that closes it.

    Raises
    ------
    QueryError
        If an argument cannot be one, or the file of `capture` cannot be written.
    ConnectError, HandshakeError, AuthenticationError, ProtocolError
        If there is no session within the timeout.

    Examples
    --------
    >>> import pd_capflow
    >>> with pd_capflow.connect("demo://") as client:
    ...     client
    <Client demo:// connected>
    """
    key = Secret.of(key)  # so that no traceback shows it
    settings = resolve(url=url, key=key, rsa_key=rsa_key, ca_file=ca_file, timeout=timeout, rate=rate)
    client = Client(capturing(settings, capture))
    try:
        return client.connect()
    except BaseException:
        client.close()
        raise


async def connect_async(
    url: str | Sequence[str] | None = None,
    *,
    key: str | None = None,
    rsa_key: str | None = None,
    ca_file: str | None = None,
    timeout: float | Unset = UNSET,  # noqa: ASYNC109  # the deadline of every later call, not of this one
    rate: Rate | Unset | None = UNSET,
    capture: str | os.PathLike[str] | None = None,
) -> AsyncClient | SpreadClient:
    """Return a client for the running event loop that is connected.

    It takes what `connect` takes: ``rate`` too is requests of capital flow per sliding window of seconds,
    and of every other interface in proportion to what OpenD grants of it.
    """
    key = Secret.of(key)
    settings = resolve(url=url, key=key, rsa_key=rsa_key, ca_file=ca_file, timeout=timeout, rate=rate)
    client = client_for(capturing(settings, capture))
    try:
        return await client.connect()
    except BaseException:
        await client.close()
        raise
