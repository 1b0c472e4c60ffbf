"""How to reach a gateway: arguments over `configure` over environment over config file over defaults."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pd_capflow.client.address import DEFAULT_URL, Address, parse_addresses
from pd_capflow.client.configfile import read_config
from pd_capflow.client.secret import Secret
from pd_capflow.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pd_capflow.client.capture import Capture

__all__ = [
    "DEFAULT_RATE",
    "DEFAULT_TIMEOUT",
    "UNSET",
    "Rate",
    "Settings",
    "Unset",
    "configure",
    "resolve",
    "resolve_with_origins",
    "store_path",
]

Rate = tuple[int, float]

#: Seconds that a call may take, waiting for the rate budget excepted.
DEFAULT_TIMEOUT = 10.0
#: Requests of capital flow, and the seconds of the sliding window in which the gateway grants them; what
#: it grants of every other interface is `pd_capflow.protocol.messages.Method.budget`.
DEFAULT_RATE: Rate = (30, 30.0)


class Unset:
    """The type of `UNSET`: an argument that was not given, where None means something."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()

_ENVIRONMENT = {
    "url": "PD_CAPFLOW_URL",
    "key": "PD_CAPFLOW_KEY",
    "rsa_key": "PD_CAPFLOW_RSA_KEY",
    "ca_file": "PD_CAPFLOW_CA_FILE",
    "store": "PD_CAPFLOW_STORE",
}
_DEFAULTS: dict[str, Any] = {
    "url": DEFAULT_URL,
    "key": None,
    "rsa_key": None,
    "ca_file": None,
    "store": None,
    "timeout": DEFAULT_TIMEOUT,
    "rate": DEFAULT_RATE,
}
# Of these no text is no path, and not the folder that one is in.
_FILES = ("rsa_key", "ca_file")
_configured: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a client needs to know before it connects; only what its address has a use for.

    Attributes
    ----------
    address : Address
        Where the gateway listens.
    timeout : float
        Seconds that a call may take, waiting for the rate budget excepted.
    rate : (int, float) or None
        Requests of capital flow per sliding window of seconds, and of every other interface in
        proportion to what OpenD grants of it; None for no pacing.
    key : str or None
        The WebSocket key, a `Secret`.
    rsa_key, ca_file : str or None
        Paths of the RSA private key and of the certificates.
    others : tuple of Settings
        How to reach the other gateways, if codes are to be spread over several.
    capture : Capture or None
        Where the conversation is written; of one client alone, so no default names one.
    """

    address: Address
    timeout: float = DEFAULT_TIMEOUT
    rate: Rate | None = DEFAULT_RATE
    key: str | None = field(default=None, repr=False)
    rsa_key: str | None = None
    ca_file: str | None = None
    others: tuple[Settings, ...] = ()
    capture: Capture | None = field(default=None, repr=False)

    @property
    def each(self) -> tuple[Settings, ...]:
        """Those of every gateway by itself."""
        return (replace(self, others=()), *self.others)


def configure(
    *,
    url: str | Sequence[str] | Unset | None = UNSET,
    key: str | Unset | None = UNSET,
    rsa_key: str | Unset | None = UNSET,
    ca_file: str | Unset | None = UNSET,
    timeout: float | Unset = UNSET,
    rate: Rate | Unset | None = UNSET,
    store: str | os.PathLike[str] | Unset | None = UNSET,
) -> None:
    """Set the process's defaults for reaching a gateway. What is not given stays as it was.

    What is given nowhere is looked for in the environment and then in the config file, whose place
    ``capflow doctor`` tells.

    Parameters
    ----------
    url : str, list of str, or None
        ``tcp://HOST:PORT``, ``ws://HOST:PORT``, ``wss://HOST:PORT``, ``demo://`` or ``store://PATH``;
        several gateways share the codes. None goes back to ``PD_CAPFLOW_URL``, the config file, or else to
        ``tcp://127.0.0.1:11111``.
    key : str or None
        The WebSocket key.
    rsa_key : str or None
        Path of the RSA private key that OpenD was given; it turns encryption on. For ``tcp`` addresses.
    ca_file : str or None
        Path of the certificates, in PEM, that a ``wss`` gateway's is verified by; the system's by default.
    timeout : float
        Seconds that a call may take, waiting for the rate budget excepted.
    rate : (int, float) or None
        Requests of capital flow per sliding window of seconds, and of every other interface in
        proportion to what OpenD grants of it: with ``(30, 30.0)`` it is 60 snapshots and 10 lists of
        plates. None asks without pacing.
    store : path-like or None
        Path of the store that ``fetch(..., source="store")`` reads if it names none.

    Raises
    ------
    QueryError
        If a value cannot be one. Nothing is changed then.

    Examples
    --------
    >>> import pd_capflow
    >>> pd_capflow.configure(url="demo://")
    """
    key = Secret.of(key)
    given = {"url": url, "key": key, "rsa_key": rsa_key, "ca_file": ca_file, "timeout": timeout, "rate": rate}
    given["store"] = store
    told = {name: value for name, value in given.items() if value is not UNSET}
    wanted = {name: value for name, value in (_configured | told).items() if not _is_reset(name, value)}
    # Without an address, a key may be meant for one that is told later or to connect().
    _settings(_merged(_layers({}, wanted)), told if isinstance(url, str | list | tuple) else {})
    _configured.clear()
    _configured.update(wanted)


def resolve(**given: Any) -> Settings:
    """Return the settings that hold for these arguments; `UNSET`, and None for a url or key, is not given."""
    return resolve_with_origins(**given)[0]


def resolve_with_origins(**given: Any) -> tuple[Settings, dict[str, str]]:
    """Return the settings that hold for these arguments, and where the value of each name comes from."""
    given = {name: Secret.of(value) if name == "key" else value for name, value in given.items()}
    told = {name: value for name, value in given.items() if value is not UNSET and not _is_reset(name, value)}
    layers = _layers(told, _configured)
    origins = {name: where for values, where in reversed(layers) for name in values}
    names = {name: _ENVIRONMENT[name] for name, where in origins.items() if where == "environment"}
    return _settings(_merged(layers), told), origins | names


def store_path() -> str | None:
    """Return the path of the store that `configure`, the environment or the config file names."""
    path = _merged(_layers({}, _configured))["store"]
    return _store(path)


def _is_reset(name: str, value: Any) -> bool:
    """Tell whether a value means that the environment, the config file or else the default is to hold."""
    return name in _ENVIRONMENT and (value is None or (name in _FILES and value == ""))


def _layers(told: dict[str, Any], configured: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Return values and where they come from, the strongest first."""
    environment = {
        name: os.environ[key] for name, key in _ENVIRONMENT.items() if name != "key" and os.environ.get(key)
    }
    if os.environ.get(_ENVIRONMENT["key"]):
        environment["key"] = Secret(os.environ[_ENVIRONMENT["key"]])
    return [
        (told, "argument"),
        (configured, "configure()"),
        (environment, "environment"),
        _from_file(),
        (_DEFAULTS, "default"),
    ]


def _from_file() -> tuple[dict[str, Any], str]:
    found = read_config()
    values = {
        name: None if name == "rate" and value == "none" else value for name, value in found.values.items()
    }
    for name, check in _CHECKS.items():
        try:
            if name in values:
                check(values[name])
        except QueryError as error:
            raise QueryError(f"{found.place(name)}: {error}") from None
    return values, str(found.path)


def _merged(layers: list[tuple[dict[str, Any], str]]) -> dict[str, Any]:
    return {name: value for values, _ in reversed(layers) for name, value in values.items()}


def _settings(values: dict[str, Any], told: dict[str, Any]) -> Settings:
    """Return the settings of some values; `told` are those that the caller names himself."""
    addresses = parse_addresses(values["url"])
    _store(values["store"])
    for name, is_useful in _USEFUL.items():
        if told.get(name) is not None and not any(map(is_useful, addresses)):
            where = ", ".join(map(str, addresses))
            raise QueryError(f"{name} is of no use for {where}: {_USES[name]}")
    first, *others = (_settings_of(address, values) for address in addresses)
    return replace(first, others=tuple(others))


def _settings_of(address: Address, values: dict[str, Any]) -> Settings:
    texts = {name: _text(name, values[name]) for name in _USEFUL}
    options = {name: text for name, text in texts.items() if _USEFUL[name](address)}
    return replace(Settings(address, _timeout(values["timeout"]), _rate(values["rate"])), **options)  # type: ignore[arg-type]  # texts, each of them


_USEFUL: dict[str, Callable[[Address], bool]] = {
    "key": lambda address: address.is_websocket,
    "rsa_key": lambda address: address.scheme == "tcp",
    "ca_file": lambda address: address.scheme == "wss",
}
_USES = {
    "key": "a key is for ws:// and wss:// addresses",
    "rsa_key": "an RSA key is for tcp:// addresses, the secrecy of wss:// is TLS",
    "ca_file": "certificates are for wss:// addresses",
}


def _text(name: str, value: Any) -> str | None:
    if name in _FILES and value == "":
        return None
    if name != "key" and isinstance(value, str | os.PathLike):
        return str(Path(value).expanduser())
    if value is None or isinstance(value, str):
        return value
    raise QueryError(f"{name} is a {type(value).__name__}; expected text")


def _store(value: Any) -> str | None:
    if value is not None and not isinstance(value, str | os.PathLike):
        raise QueryError(f"store is a {type(value).__name__}; expected a path, or the URL of an object store")
    return None if value is None else os.fsdecode(value)  # a URL is no path to be made tidy


def _timeout(value: Any) -> float:
    with suppress(OverflowError):
        if _is_number(value) and 0 < float(value) < float("inf"):
            return float(value)
    raise QueryError(f"timeout={value!r}; expected a number of seconds above 0")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _rate(value: Any) -> Rate | None:
    if value is None:
        return None
    try:
        requests, seconds = value
        if isinstance(requests, bool) or not _is_number(seconds):
            raise TypeError
        if int(requests) == requests >= 1 and 0.001 <= seconds < float("inf"):
            return int(requests), float(seconds)
    except (TypeError, ValueError, OverflowError):
        pass
    raise QueryError(f"rate={value!r}; expected (requests, seconds) such as (30, 30.0), or None")


# What a config file is told to be wrong about, with the line, rather than whoever makes a client.
_CHECKS: dict[str, Callable[[Any], Any]] = {"url": parse_addresses, "timeout": _timeout, "rate": _rate}
