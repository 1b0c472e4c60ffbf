"""How to reach a gateway: arguments over `configure` over environment over defaults."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Final

from pd_capflow.client.address import DEFAULT_URL, Address, parse_address
from pd_capflow.errors import QueryError

__all__ = ["DEFAULT_RATE", "DEFAULT_TIMEOUT", "UNSET", "Rate", "Settings", "Unset", "configure", "resolve"]

Rate = tuple[int, float]

#: Seconds that a call may take, waiting for the rate budget excepted.
DEFAULT_TIMEOUT = 10.0
#: Requests, and the seconds of the sliding window in which the gateway grants them to each interface.
DEFAULT_RATE: Rate = (30, 30.0)


class Unset:
    """The type of `UNSET`: an argument that was not given, where None means something."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()

_ENVIRONMENT = {"url": "PD_CAPFLOW_URL", "key": "PD_CAPFLOW_KEY", "rsa_key": "PD_CAPFLOW_RSA_KEY"}
_DEFAULTS: dict[str, Any] = {
    "url": DEFAULT_URL,
    "key": None,
    "rsa_key": None,
    "timeout": DEFAULT_TIMEOUT,
    "rate": DEFAULT_RATE,
}
_configured: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a client needs to know before it connects."""

    address: Address
    timeout: float = DEFAULT_TIMEOUT
    rate: Rate | None = DEFAULT_RATE
    key: str | None = field(default=None, repr=False)
    rsa_key: str | None = None


def configure(
    *,
    url: str | Unset | None = UNSET,
    key: str | Unset | None = UNSET,
    rsa_key: str | Unset | None = UNSET,
    timeout: float | Unset = UNSET,
    rate: Rate | Unset | None = UNSET,
) -> None:
    """Set the process's defaults for reaching a gateway. What is not given stays as it was.

    Parameters
    ----------
    url : str or None
        ``tcp://HOST:PORT`` or ``demo://``. None goes back to ``PD_CAPFLOW_URL``, or else to
        ``tcp://127.0.0.1:11111``.
    key : str or None
        The WebSocket key.
    rsa_key : str or None
        Path of the RSA private key that OpenD was given.
    timeout : float
        Seconds that a call may take, waiting for the rate budget excepted.
    rate : (int, float) or None
        Requests per sliding window of seconds, for each interface; None asks without pacing.

    Raises
    ------
    QueryError
        If a value cannot be one. Nothing is changed then.

    Examples
    --------
    >>> import pd_capflow
    >>> pd_capflow.configure(url="demo://")
    """
    given = {"url": url, "key": key, "rsa_key": rsa_key, "timeout": timeout, "rate": rate}
    wanted = _configured | {name: value for name, value in given.items() if value is not UNSET}
    for name in _ENVIRONMENT:
        if wanted.get(name, UNSET) is None:
            del wanted[name]
    _settings(wanted)
    _configured.clear()
    _configured.update(wanted)


def resolve(**given: Any) -> Settings:
    """Return the settings that hold for these arguments; `UNSET`, and None for a url or key, is not given."""
    told = {name: value for name, value in given.items() if value is not UNSET}
    for name in _ENVIRONMENT:
        if told.get(name, UNSET) is None:
            del told[name]
    return _settings(_configured | told)


def _settings(told: dict[str, Any]) -> Settings:
    environment = {name: os.environ[key] for name, key in _ENVIRONMENT.items() if os.environ.get(key)}
    values = _DEFAULTS | environment | told
    address = parse_address(values["url"])
    if values["key"] is not None and "key" in told:
        raise QueryError(f"a key is for WebSocket addresses; {address} has none")
    if values["rsa_key"] is not None:
        raise QueryError("encryption with an RSA key is not supported yet; leave rsa_key out")
    return Settings(address, _timeout(values["timeout"]), _rate(values["rate"]))


def _timeout(value: Any) -> float:
    with suppress(OverflowError):
        if isinstance(value, Real) and 0 < float(value) < float("inf"):
            return float(value)
    raise QueryError(f"timeout={value!r}; expected a number of seconds above 0")


def _rate(value: Any) -> Rate | None:
    if value is None:
        return None
    try:
        requests, seconds = value
        if int(requests) == requests >= 1 and 0.001 <= seconds < float("inf"):
            return int(requests), float(seconds)
    except (TypeError, ValueError, OverflowError):
        pass
    raise QueryError(f"rate={value!r}; expected (requests, seconds) such as (30, 30.0), or None")
