"""Gateways in processes of their own, that tests can kill and start again at their places."""

from __future__ import annotations

import datetime as dt
import re
import signal
import subprocess
import sys

__all__ = ["MORNING", "GatewayProcess"]

MORNING = dt.datetime(2026, 1, 5, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))


class GatewayProcess:
    """A gateway that runs from the beginning, a minute of the market in each second.

    Parameters
    ----------
    moment : datetime, optional
        What time it is in the market at every start.
    limit : str, optional
        How many requests it grants, as on the command line.
    """

    def __init__(self, moment: dt.datetime = MORNING, *, limit: str = "none") -> None:
        self._options = ("--limit", limit, "--clock", moment.isoformat(), "--speed", "60")
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"tcp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, after a first time at the same place."""
        command = [sys.executable, "-m", "pd_capflow", "gateway", "--port", str(self.port), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r"tcp://[\d.]+:(\d+)", self._process.stdout.readline())[1])

    def kill(self) -> None:
        """End it as a power cut does. Killing twice is fine."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()
