"""Key files: a path -> a cipher, or what is wrong with the file.

A key is read when it is needed and appears nowhere: no message, no log and no frame holds it.
"""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path

from pd_capflow.errors import CapflowWarning, QueryError
from pd_capflow.protocol.cipher import Rsa, read_rsa_key

__all__ = ["load_rsa"]

_LARGEST = 64 * 1024


def load_rsa(path: str | os.PathLike[str]) -> Rsa:
    """Return the cipher of the RSA private key in a file.

    Parameters
    ----------
    path : path-like
        A PEM file, the same that OpenD was given.

    Raises
    ------
    QueryError
        If there is no such file, it cannot be read, or is no RSA private key without passphrase.

    Warns
    -----
    CapflowWarning
        If other users of this machine can read it.
    """
    file = Path(path).expanduser()
    try:
        with file.open("rb") as opened:
            pem = opened.read(_LARGEST)
            mode = os.fstat(opened.fileno()).st_mode
    except OSError as error:
        raise QueryError(f"rsa_key {file}: {error.strerror or error}") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        warnings.warn(
            f"rsa_key {file} can be read by other users; make it yours alone: chmod 600 {file}",
            CapflowWarning,
            stacklevel=3,
        )
    return Rsa(read_rsa_key(pem, str(file)))
