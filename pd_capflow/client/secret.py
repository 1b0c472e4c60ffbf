"""A text that nothing shows."""

from __future__ import annotations

from typing import Any

__all__ = ["Secret"]

_MASK = "********"


class Secret(str):
    """A key: what it holds is used, but neither printed, formatted nor listed in a traceback.

    Examples
    --------
    >>> key = Secret("open sesame")
    >>> key, f"{key}", key.encode()
    (********, '********', b'open sesame')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return _MASK

    def __str__(self) -> str:
        return _MASK

    def __format__(self, form: str) -> str:
        return format(_MASK, form)

    @classmethod
    def of(cls, value: Any) -> Any:
        """Return a text as a secret, and anything else as it is."""
        return cls(value) if isinstance(value, str) and not isinstance(value, cls) else value
