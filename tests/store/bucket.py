"""A server of S3's protocol in a process of its own: each folder of its folder is a bucket."""

from __future__ import annotations

import sys
from http.server import ThreadingHTTPServer
from pathlib import Path

from localbucket import S3Handler


def main(folder: str) -> None:
    """Serve a folder on loopback, at a port that is printed."""
    S3Handler.data_root = Path(folder)
    S3Handler.disable_nagle_algorithm = True  # else each answer waits for 40 ms
    with ThreadingHTTPServer(("127.0.0.1", 0), S3Handler) as server:
        print(server.server_address[1], flush=True)  # noqa: T201  # the test reads it
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
