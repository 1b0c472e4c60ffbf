"""The budget over long lists and several processes: every window full, and not one refusal.

Time is simulated where a list takes minutes; processes are real, with a smaller window.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from bisect import bisect_right

import pytest

from pd_capflow.client import AsyncClient, resolve
from pd_capflow.client.asynchronous import _IN_FLIGHT
from pd_capflow.client.portal import current_portal
from pd_capflow.gateway import Gateway
from pd_capflow.gateway.handlers import Refusal
from pd_capflow.gateway.limits import Limit
from pd_capflow.protocol.messages import CAPITAL_DISTRIBUTION

CODES = [f"HK.{number:05d}" for number in range(1, 501)]


class NotingGateway(Gateway):
    """A gateway that notes when it granted what, and what it refused."""

    def __init__(self, **options):
        super().__init__(**options)
        self.granted, self.refused = [], 0

    def response(self, method, c2s):
        try:
            response = super().response(method, c2s)
        except Refusal:
            self.refused += 1
            raise
        if method is CAPITAL_DISTRIBUTION:  # and no keep-alive
            self.granted.append((self.limiter._timer(), c2s.security.code))
        return response


class Simulated:
    """A clock that stands still while anything is under way, and then goes to when somebody wants to wake.

    Nothing is under way when as many sleep as may be in flight, or as are left.
    """

    def __init__(self):
        self.seconds = 0.0
        self.done = 0
        self._sleepers = []

    def now(self):
        return 1_000.0 + self.seconds

    async def sleep(self, seconds, until):
        alarm = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.seconds + seconds, alarm))
        self._wake_if_idle()
        await alarm

    def count(self, done):
        self.done = done
        self._wake_if_idle()

    def _wake_if_idle(self):
        """Everything that may be in flight sleeps, and there is something that does."""
        if self._sleepers and len(self._sleepers) == min(_IN_FLIGHT, len(CODES) - self.done):
            self._wake()

    def _wake(self):
        self.seconds = min(at for at, _ in self._sleepers)
        for at, alarm in self._sleepers:
            if at <= self.seconds:
                alarm.set_result(None)
        self._sleepers = [(at, alarm) for at, alarm in self._sleepers if at > self.seconds]


def test_500_codes_fill_every_window_and_meet_no_refusal():
    """30 in 30 s on a simulated clock, which client and gateway go by: 8 minutes, but for the last codes."""
    clock = Simulated()
    seen = []

    def progress(state):
        seen.append((clock.seconds, state))
        clock.count(state.done)

    async def main():
        async with NotingGateway(limit=Limit(30, 30.0), timer=clock.now) as there:
            host, port = await there.listen(port=0)
            async with AsyncClient(resolve(url=f"tcp://{host}:{port}"), clock=clock) as client:
                return there, await client.capital_distribution(CODES, progress=progress)

    there, frame = asyncio.run(main())
    assert frame.index.get_level_values("code").tolist() == CODES
    assert there.refused == 0
    assert sorted(code for _, code in there.granted) == [code.partition(".")[2] for code in CODES]
    times = [at for at, _ in there.granted]
    for at in times:
        if at + 30 <= times[-1]:
            assert 29 <= bisect_right(times, at + 30) - times.index(at) <= 31, "a window that is not full"
    for at, state in seen:
        assert at + state.left == pytest.approx(clock.seconds, abs=1), "the time left was not true"


ASK = """
import sys
import pd_capflow
with pd_capflow.connect(sys.argv[1], rate=(30, 3.0), timeout=60) as client:
    print("connected", flush=True)
    sys.stdin.readline()
    client.capital_distribution(
        sys.argv[2].split(","), progress=lambda state: print(state.done, state.total, flush=True)
    )
"""


@pytest.fixture
def strict():
    portal = current_portal()
    there = NotingGateway(limit=Limit(30, 3.0))
    _, port = portal.run(there.listen(port=0))
    there.url = f"tcp://127.0.0.1:{port}"
    yield there
    portal.run(there.close())


def asking(there, codes):
    """Start a process that asks for some codes as soon as it is told to."""
    process = subprocess.Popen(
        [sys.executable, "-c", ASK, there.url, ",".join(codes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "connected\n"
    return process


def begin(*processes):
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()


def test_two_processes_share_one_budget(strict):
    """A second notebook does not make the first one fail: together not one refusal."""
    processes = [asking(strict, CODES[:70]), asking(strict, CODES[70:130])]
    begin(*processes)
    said = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert [lines[-1] for lines in said] == ["70", "60"]
    assert len(strict.granted) == 130
    assert strict.refused == 0
    assert strict.granted[-1][0] - strict.granted[0][0] >= 4 * 3.0, "each paced itself alone"


@pytest.mark.skipif(os.name != "posix", reason="no SIGKILL here")
def test_a_process_that_is_killed_stops_no_other(strict):
    doomed, other = asking(strict, CODES[:200]), asking(strict, CODES[200:280])
    begin(doomed, other)
    while doomed.stdout.readline().split()[:1] < ["2"]:
        pass
    doomed.send_signal(signal.SIGKILL)
    doomed.communicate()
    said, _ = other.communicate(timeout=60)
    assert other.returncode == 0
    assert said.split()[-1] == "80"
    assert len([code for _, code in strict.granted if code > "00200"]) == 80
    assert strict.refused == 0
