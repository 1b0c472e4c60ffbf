"""Ciphers: what stands between a body and the bytes of it that travel.

A wire seals every body that it sends and opens every body that it receives with one cipher, which the
conversation may change once the handshake has agreed on another. `Plain` is the only one so far.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["PLAIN", "Cipher", "Plain"]


class Cipher(Protocol):
    """Both directions of one encryption."""

    def encrypt(self, plain: bytes) -> bytes:
        """Return the bytes to transmit."""
        ...

    def decrypt(self, sealed: bytes) -> bytes:
        """Return the plain bytes; raise `ProtocolError` if these were not made by `encrypt`."""
        ...


class Plain:
    """No encryption."""

    def encrypt(self, plain: bytes) -> bytes:
        """Return the same bytes."""
        return plain

    def decrypt(self, sealed: bytes) -> bytes:
        """Return the same bytes."""
        return sealed


PLAIN = Plain()
