"""The ledger: no window ever holds more than it grants, whatever the file holds and whoever dies with it."""

from __future__ import annotations

import logging
import os
import signal
import stat
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.client import ledgerfile
from pd_capflow.client.address import parse_address
from pd_capflow.client.ledger import HEADER, MAGIC, MOST, SMALLEST, Ledger
from pd_capflow.client.ledgerfile import LedgerFile, ledger_path
from pd_capflow.client.pacing import Ledgers, Pacer, pacer_for
from pd_capflow.protocol.messages import CAPITAL_FLOW

NOW = 10**12
WINDOW = 30_000_000
RATES = ((3, 1_000), (5, 2_500))

posix = pytest.mark.skipif(os.name != "posix", reason="signals and owners are POSIX's")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "budget" / "one"


@pytest.fixture(autouse=True)
def _not_said(monkeypatch):
    monkeypatch.setattr(ledgerfile, "_said", False)


def booked(ledger, count, now=NOW, requests=30):
    """Return how many of so many requests may leave now."""
    return sum(ledger.book(lambda: now, WINDOW, requests)[0] == 0 for _ in range(count))


@given(st.lists(st.tuples(st.integers(0, 700), st.sampled_from(RATES)), max_size=120))
def test_no_window_holds_more_than_its_rate(steps):
    """Two rates over one ledger: each request that leaves obeys its own rate over all before it."""
    ledger, now, left = Ledger(), NOW, []
    for step, (requests, window) in steps:
        now += step
        recent = [at for at in left if at > now - window]
        wait, _ = ledger.book(lambda now=now: now, window, requests)
        assert (wait == 0) == (len(recent) < requests)
        if wait == 0:
            left.append(now)
        else:
            assert len([at for at in left if at > now + wait - window]) < requests, "too short a wait"
            assert len([at for at in left if at > now + wait - 1 - window]) >= requests, "too long a wait"


class Still:
    """A clock that a test moves."""

    def __init__(self):
        self.seconds = 1_000_000.0

    def now(self):
        return self.seconds


@given(
    st.lists(st.floats(0, 0.4), max_size=12), st.integers(1, 40), st.booleans(), st.sampled_from([1, 3, 10])
)
def test_the_time_for_requests_is_what_they_take(gaps, count, refused, requests):
    """What progress foretells is when the last request leaves, if all leave as soon as they may."""
    clock = Still()
    pacer = Pacer((requests, 1.0), clock=clock)
    for gap in gaps:
        clock.seconds += gap
        pacer.book(CAPITAL_FLOW)
    if refused:
        pacer.refused(CAPITAL_FLOW, clock.seconds)
        clock.seconds += 0.3
    told, began = pacer.time_for(CAPITAL_FLOW, count), clock.seconds
    for _ in range(count):
        while (wait := pacer.book(CAPITAL_FLOW).wait) > 0:
            clock.seconds += wait
    assert told == pytest.approx(clock.seconds - began, abs=1e-4)


def test_what_was_long_on_its_way_is_counted_later():
    """The gateway may have counted it only when it answered: the window begins there."""
    clock = Still()
    pacer = Pacer((1, 10.0), clock=clock)
    slow = pacer.book(CAPITAL_FLOW)
    clock.seconds += 4
    pacer.answered(CAPITAL_FLOW, slow)
    assert pacer.book(CAPITAL_FLOW).wait == pytest.approx(10.0)


class TestTheFile:
    def test_two_ledgers_in_one_file_are_one(self, path):
        one, other = LedgerFile(path), LedgerFile(path)
        assert booked(one, 20) + booked(other, 20) == 30
        one.refuse(NOW)
        assert other.book(lambda: NOW + 1, WINDOW // 2, 1000)[0] == WINDOW // 2 - 1

    def test_a_large_rate_makes_room_for_itself_and_loses_nothing(self, path):
        one, other = LedgerFile(path), LedgerFile(path)
        assert booked(one, 40) == 30
        assert booked(other, 600, requests=500) == 470
        assert booked(one, 1) == 0
        assert path.stat().st_size == 8 * (HEADER + 500)

    def test_it_does_not_grow_without_end(self, path):
        LedgerFile(path).book(lambda: NOW, WINDOW, 10**9)
        assert path.stat().st_size == 8 * (HEADER + MOST)

    def test_stamps_of_the_future_are_none(self, path):
        """Of another boot, or anybody's invention: they neither close the window nor stay."""
        LedgerFile(path).book(lambda: NOW, WINDOW, 30)
        cells = np.full(HEADER + SMALLEST, NOW * 5)
        cells[0] = MAGIC
        path.write_bytes(cells.tobytes())
        assert booked(LedgerFile(path), 40) == 30

    @pytest.mark.parametrize(
        "content",
        [b"", b"x", b"\0" * 512, os.urandom(512), b"capflow1" + b"\xff" * 504, b"y" * 2_000_000],
        ids=["empty", "a byte", "zeros", "noise", "negative", "huge"],
    )
    def test_a_file_that_is_none_is_made_anew(self, path, content):
        path.parent.mkdir()
        path.write_bytes(content)
        assert booked(LedgerFile(path), 40) == 30
        assert path.stat().st_size == 8 * (HEADER + SMALLEST)

    def test_what_happens_to_it_meanwhile_costs_no_call(self, path):
        """Cut short, filled with rubbish, or removed under the process that uses it."""
        ledger = LedgerFile(path)
        assert booked(ledger, 1) == 1
        os.truncate(path, 9)
        assert booked(ledger, 1) == 1
        path.write_bytes(b"rubbish" * 100)
        assert booked(ledger, 1) == 1
        path.unlink()
        assert booked(ledger, 30) == 30
        assert booked(LedgerFile(path), 1) == 0, "the new file is not shared"

    @posix
    def test_it_is_private_and_says_nothing(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        address = parse_address("tcp://gateway.example:11111")
        assert pacer_for(address, (30, 30.0)).book(CAPITAL_FLOW).wait == 0
        found = [each for each in tmp_path.rglob("*") if each.is_file()]
        assert len(found) == 1
        assert stat.S_IMODE(found[0].stat().st_mode) == 0o600
        assert stat.S_IMODE(found[0].parent.stat().st_mode) == 0o700
        assert "gateway" not in str(found[0].relative_to(tmp_path))
        assert b"gateway" not in found[0].read_bytes()

    @posix
    def test_one_that_others_could_read_is_made_private(self, path):
        path.parent.mkdir()
        path.touch(0o666)
        LedgerFile(path).refuse(NOW)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_the_demo_leaves_no_file(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        pacer_for(parse_address("demo://"), (30, 30.0)).book(CAPITAL_FLOW)
        assert not list(tmp_path.iterdir())


class TestAlone:
    """Where there is no file to share, this process paces itself, and says so once."""

    def check(self, path, caplog):
        with caplog.at_level(logging.WARNING, "pd_capflow.client"):
            for each in (LedgerFile(path), LedgerFile(path)):
                assert booked(each, 40) == 30
        assert len(caplog.records) == 1
        assert "other processes do not know" in caplog.text

    def test_without_a_directory(self, tmp_path, caplog):
        (tmp_path / "file").touch()
        self.check(tmp_path / "file" / "budget" / "one", caplog)

    def test_where_something_else_lies(self, path, caplog):
        path.mkdir(parents=True)
        self.check(path, caplog)

    @posix
    def test_where_a_pipe_lies(self, path, caplog):
        path.parent.mkdir()
        os.mkfifo(path)
        self.check(path, caplog)

    @posix
    def test_where_a_link_lies(self, path, tmp_path, caplog):
        """It is not followed: what it points to is not ours to write."""
        path.parent.mkdir()
        (tmp_path / "precious").write_text("precious")
        path.symlink_to(tmp_path / "precious")
        self.check(path, caplog)
        assert (tmp_path / "precious").read_text() == "precious"


HOLD = """
import sys
from pathlib import Path
from pd_capflow.client.ledgerfile import LedgerFile
with LedgerFile(Path(sys.argv[1])).open():
    print("held", flush=True)
    sys.stdin.read()
"""


@posix
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_whoever_holds_the_lock_and_goes_stops_nobody(path, how):
    """Killed with the lock in hand, or stopped (Ctrl-Z): the others go on."""
    ledger = LedgerFile(path)
    assert booked(ledger, 10) == 10
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        holder.send_signal(how)
        if how == signal.SIGKILL:
            holder.wait()
        assert booked(ledger, 40) == 20
    finally:
        holder.kill()
        holder.communicate()
    assert booked(LedgerFile(path), 1) == 0


@posix
def test_a_forked_child_counts_in_the_same_ledger():
    address = parse_address("tcp://gateway.example:11111")
    pacer = pacer_for(address, (30, 30.0))
    pacer.book(CAPITAL_FLOW)
    child = os.fork()
    if child == 0:
        os._exit(0 if pacer.room(CAPITAL_FLOW) == 29 else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_machines_with_one_home_have_files_of_their_own(monkeypatch):
    """Their clocks have nothing to do with each other."""
    here = ledger_path("gateway:11111", 3211)
    monkeypatch.setattr("platform.node", lambda: "elsewhere")
    assert ledger_path("gateway:11111", 3211) != here


def test_ledgers_of_interfaces_are_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    ledgers = Ledgers("gateway:11111")
    assert booked(ledgers.of(3211), 40) == booked(ledgers.of(3212), 40) == 30


@posix
def test_the_time_is_asked_once_the_page_is_ones_own(path):
    """Else somebody may stamp a later time between, which would count as none."""
    import fcntl

    def clock():
        with path.open("rb") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return NOW

    ledger = LedgerFile(path)
    assert ledger.book(clock, WINDOW, 30) == (0, NOW)
