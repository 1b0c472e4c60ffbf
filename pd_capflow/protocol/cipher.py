"""Ciphers: what stands between a body and the bytes of it that travel.

A wire seals every body that it sends and opens every body that it receives with one cipher, which the
conversation changes once the handshake has agreed on another. With a shared RSA key, InitConnect travels
under `Rsa` and everything after it under AES with the key out of its answer. A cipher keeps no state from
one body to the next.

The library behind it is loaded when a cipher is made; without encryption nobody needs it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

from pd_capflow.errors import ProtocolError, QueryError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["PLAIN", "Algorithm", "Cipher", "Rsa", "aes_cipher", "agreed_algorithm", "read_rsa_key"]

_BLOCK = 16
# The official SDK cuts what RSA encrypts into pieces of 100 bytes; a reader takes pieces of any length.
_RSA_PIECE = 100


class Algorithm(IntEnum):
    """``Common.PacketEncAlgo``: how bodies after the handshake are encrypted."""

    NONE = -1
    FTAES_ECB = 0
    AES_ECB = 1
    AES_CBC = 2


class Cipher(Protocol):
    """Both directions of one encryption."""

    #: Whether a body may come in plain nevertheless; its hash tells.
    lenient: bool

    def encrypt(self, plain: bytes) -> bytes:
        """Return the bytes to transmit."""
        ...

    def decrypt(self, sealed: bytes) -> bytes:
        """Return the plain bytes; raise `ProtocolError` if these cannot have been made by `encrypt`."""
        ...


class _Plain:
    """No encryption."""

    lenient = True

    def encrypt(self, plain: bytes) -> bytes:
        """Return the same bytes."""
        return plain

    def decrypt(self, sealed: bytes) -> bytes:
        """Return the same bytes."""
        return sealed


PLAIN: Cipher = _Plain()


class Rsa:
    """PKCS#1 v1.5 in blocks, under which InitConnect and its answer travel.

    The public half encrypts and the private half decrypts, in both directions.

    Parameters
    ----------
    key : RSAPrivateKey
        As `read_rsa_key` gives it.
    """

    lenient = True

    def __init__(self, key: RSAPrivateKey) -> None:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        self._key = key
        self._public = key.public_key()
        self._padding = PKCS1v15()
        self._block = key.key_size // 8

    def encrypt(self, plain: bytes) -> bytes:
        """Return the bytes to transmit."""
        piece = min(_RSA_PIECE, self._block - 11)
        cuts = range(0, len(plain), piece)
        return b"".join(self._public.encrypt(plain[cut : cut + piece], self._padding) for cut in cuts)

    def decrypt(self, sealed: bytes) -> bytes:
        """Return the plain bytes."""
        if not sealed or len(sealed) % self._block:
            raise ProtocolError(f"{len(sealed)} bytes are no blocks of an RSA key of {self._block * 8} bits")
        cuts = range(0, len(sealed), self._block)
        try:
            return b"".join(self._key.decrypt(sealed[cut : cut + self._block], self._padding) for cut in cuts)
        except ValueError as error:
            raise ProtocolError("a body cannot be decrypted with this RSA key") from error


class _AesCbc:
    """AES-128-CBC with PKCS#7, from the same initialisation vector for each body."""

    lenient = False

    def __init__(self, key: bytes, iv: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher as Primitive
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.ciphers.modes import CBC

        self._primitive = Primitive(AES(key), CBC(iv))

    def encrypt(self, plain: bytes) -> bytes:
        """Return the bytes to transmit."""
        return _through(self._primitive.encryptor(), _padded(plain))

    def decrypt(self, sealed: bytes) -> bytes:
        """Return the plain bytes."""
        _check_blocks(sealed)
        return _unpadded(_through(self._primitive.decryptor(), sealed))


class _AesEcb:
    """AES-128-ECB with PKCS#7."""

    lenient = False

    def __init__(self, key: bytes) -> None:
        self._primitive = _ecb(key)

    def encrypt(self, plain: bytes) -> bytes:
        """Return the bytes to transmit."""
        return _through(self._primitive.encryptor(), _padded(plain))

    def decrypt(self, sealed: bytes) -> bytes:
        """Return the plain bytes."""
        _check_blocks(sealed)
        return _unpadded(_through(self._primitive.decryptor(), sealed))


class _FtAesEcb:
    """AES-128-ECB, filled up with zeros; a last block in plain ends with the length of what was not full."""

    lenient = False

    def __init__(self, key: bytes) -> None:
        self._primitive = _ecb(key)

    def encrypt(self, plain: bytes) -> bytes:
        """Return the bytes to transmit."""
        rest = len(plain) % _BLOCK
        filled = plain + bytes(-len(plain) % _BLOCK)
        return _through(self._primitive.encryptor(), filled) + bytes([*bytes(_BLOCK - 1), rest])

    def decrypt(self, sealed: bytes) -> bytes:
        """Return the plain bytes."""
        _check_blocks(sealed)
        filled, rest = sealed[:-_BLOCK], sealed[-1]
        if rest >= _BLOCK or (rest and not filled):
            raise ProtocolError(f"an encrypted body ends with the impossible length {rest}")
        plain = _through(self._primitive.decryptor(), filled)
        return plain[: len(plain) - _BLOCK + rest] if rest else plain


def aes_cipher(algorithm: Algorithm, key: str, iv: str) -> Cipher:
    """Return the cipher of an algorithm.

    Parameters
    ----------
    algorithm : Algorithm
        Which.
    key, iv : str
        16 ASCII characters each, used as they are; the vector is CBC's alone.

    Raises
    ------
    ProtocolError
        If key or vector are not 16 ASCII characters.
    """
    if algorithm is Algorithm.NONE:
        return PLAIN
    if algorithm is Algorithm.AES_CBC:
        return _AesCbc(_sixteen("connAESKey", key), _sixteen("aesCBCiv", iv))
    return (_AesEcb if algorithm is Algorithm.AES_ECB else _FtAesEcb)(_sixteen("connAESKey", key))


def agreed_algorithm(session: Any) -> Algorithm:
    """Return the algorithm that a gateway's answer to InitConnect means, as the official SDK reads it.

    It is CBC if the answer holds a vector, ECB with PKCS#7 if it holds an empty one, and FTAES if it holds
    none, whatever was asked for.

    Parameters
    ----------
    session : message
        ``InitConnect.S2C``.
    """
    if session.aesCBCiv:
        return Algorithm.AES_CBC
    return Algorithm.AES_ECB if session.HasField("aesCBCiv") else Algorithm.FTAES_ECB


def read_rsa_key(pem: bytes, name: str) -> RSAPrivateKey:
    """Read an RSA private key.

    Parameters
    ----------
    pem : bytes
        A key file's contents.
    name : str
        What to call it in messages.

    Raises
    ------
    QueryError
        If it is no PEM, has a passphrase, or is not RSA; or if ``cryptography`` is not installed.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError as error:
        raise QueryError("rsa_key needs encryption: pip install 'pd_capflow[crypto]'") from error
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise QueryError(f"rsa_key {name} has a passphrase; OpenD takes keys without one") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise QueryError(f"rsa_key {name} is no private key in PEM, the form that OpenD takes") from error
    if not isinstance(key, RSAPrivateKey):
        raise QueryError(f"rsa_key {name} is a key of another kind; OpenD takes RSA, 1024 bits")
    return key


def _ecb(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers import Cipher as Primitive
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import ECB

    return Primitive(AES(key), ECB())  # noqa: S305  # the protocol's choice; CBC is asked for first


def _through(context: Any, data: bytes) -> bytes:
    return bytes(context.update(data) + context.finalize())


def _padded(plain: bytes) -> bytes:
    count = _BLOCK - len(plain) % _BLOCK
    return plain + bytes([count]) * count


def _unpadded(padded: bytes) -> bytes:
    count = padded[-1]
    if not 1 <= count <= _BLOCK or padded[-count:] != bytes([count]) * count:
        raise ProtocolError("an encrypted body is not padded as it should be; do the keys differ?")
    return padded[:-count]


def _check_blocks(sealed: bytes) -> None:
    if not sealed or len(sealed) % _BLOCK:
        raise ProtocolError(f"an encrypted body of {len(sealed)} bytes is not made of blocks of {_BLOCK}")


def _sixteen(name: str, text: str) -> bytes:
    if len(text) != _BLOCK or not text.isascii():
        raise ProtocolError(f"{name} should be {_BLOCK} ASCII characters; it has {len(text)}")
    return text.encode()
