"""Writers in processes of their own: at once, killed, out of room, and without permission."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from pd_capflow.errors import StoreError
from pd_capflow.store import Store

HERE = Path(__file__).parent
CODES = ("HK.00700", "HK.00005", "HK.00388")
MINUTES = [f"{hour:02}:{minute:02}" for hour in (10, 11) for minute in range(60)]


@pytest.fixture
def polls(poll, tmp_path):
    """Frames of a day's polls in a file: each has all minutes so far, the last of them still moving."""
    frames = []
    for count in (5, 20, 40, 60, 80, 100, 120):
        flow = {code: dict.fromkeys(MINUTES[:count], 1.0) | {MINUTES[count - 1]: count} for code in CODES}
        frames.append(poll(flow))
    file = tmp_path / "polls"
    file.write_bytes(pickle.dumps(frames))
    return frames, file


def start(store, file, *user):
    command = [sys.executable, str(HERE / "writer.py"), str(store), str(file), *user]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parents[1])


def test_writers_at_once_lose_nothing_and_double_nothing(polls, tmp_path):
    """Six make the store and write the same polls: each row is there once, as the last poll told it."""
    frames, file = polls
    running = [start(tmp_path / "flows", file) for _ in range(6)]
    told = [process.communicate()[0].splitlines() for process in running]
    assert all(len(lines) == len(frames) and lines[-1].startswith("wrote") for lines in told), told
    store = Store(tmp_path / "flows")
    assert store.read(CODES).equals(frames[-1])
    assert store.verify().clean, str(store.verify())


def test_writers_of_different_codes_at_once_lose_nothing(poll, tmp_path):
    running, frames = [], []
    for number in range(6):
        frames.append(poll({f"HK.0000{number}": dict.fromkeys(MINUTES, float(number))}))
        file = tmp_path / f"polls{number}"
        file.write_bytes(pickle.dumps([frames[-1]]))
        running.append(start(tmp_path / "flows", file))
    assert all("wrote 0 120" in process.communicate()[0] for process in running)
    store = Store(tmp_path / "flows")
    assert all(store.read(f"HK.0000{number}").equals(frame) for number, frame in enumerate(frames))
    assert store.verify().clean


def test_a_writer_that_is_killed_leaves_whole_polls(polls, tmp_path):
    """Killed in the middle of a poll, at random: each that it said it wrote is there, and none in part."""
    frames, file = polls
    chance = random.Random(5)
    for turn in range(8):
        path = tmp_path / f"flows{turn}"
        process = start(path, file)
        last = chance.randrange(len(frames) - 1)
        told = [process.stdout.readline() for _ in range(last + 1)]
        process.kill()
        told += process.communicate()[0].splitlines()
        acknowledged = sum(line.startswith("wrote") for line in told)
        store = Store(path)
        read = store.read(CODES)
        assert len(read) in {len(frame) for frame in frames[acknowledged - 1 : acknowledged + 1]}
        assert read.equals(next(frame for frame in frames if len(frame) == len(read)))
        assert store.verify().clean, str(store.verify())
        store.write(frames[-1])
        assert store.read(CODES).equals(frames[-1])


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one mebibyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder):
    """Leave no room at all, and return the file that takes it."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return ballast


def test_a_full_disk_is_told_and_nothing_is_lost(small_disk, poll):
    store = Store(small_disk / "flows")
    first = poll({"HK.00700": dict.fromkeys(MINUTES, 1.0)})
    store.write(first)
    ballast = fill(small_disk)
    more = poll({"HK.00700": dict.fromkeys(MINUTES, 2.0)}, "2026-01-06")
    with pytest.raises(StoreError, match=r"the disk is full.*make room") as caught:
        store.write(more)
    assert str(small_disk) in str(caught.value)
    for reader in (store, Store(small_disk / "flows")):
        assert reader.read("HK.00700").equals(first)
    ballast.unlink()
    assert store.write(more) == len(MINUTES)
    assert store.verify().clean
    assert len(store.read("HK.00700")) == 2 * len(MINUTES)


def test_wherever_a_write_runs_out_of_room_it_is_whole_or_not_there(small_disk, poll):
    """A little more room each time: the rows, the log or its sum may be what no longer fits."""
    path, refusals = small_disk / "flows", []
    held = poll({"HK.00700": dict.fromkeys(MINUTES, 1.0)})
    Store(path).write(held)
    for turn in range(12):
        last = f"2026-01-05T12:{turn:02}:00+08:00"
        frame = poll({"HK.00700": dict.fromkeys(MINUTES, float(turn + 2))}, last=last)
        ballast = fill(small_disk)
        os.truncate(ballast, ballast.stat().st_size - turn * 2048)
        try:
            Store(path).write(frame)
            held = frame
        except StoreError as error:
            refusals.append(str(error))
        ballast.unlink()
        assert Store(path).read("HK.00700").equals(held)
    assert 0 < len(refusals) < 12
    assert all("the disk is full" in text for text in refusals)
    assert Store(path).verify().clean


def test_a_disk_that_is_full_from_the_start_is_told(small_disk, poll):
    ballast = fill(small_disk)
    frame = poll({"HK.00700": dict.fromkeys(MINUTES, 1.0)})
    store = Store(small_disk / "flows")
    with pytest.raises(StoreError, match="the disk is full"):
        store.write(frame)
    ballast.unlink()
    assert store.write(frame) == len(MINUTES)
    assert store.read("HK.00700").equals(frame)


@pytest.fixture
def open_folder():
    """A folder that everybody may look into; those of pytest are for their owner alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize(("made", "mode"), [(True, 0o755), (True, 0o700), (False, None)])
def test_without_permission_it_is_told(made, mode, polls, open_folder):
    """Somebody who may read the store and not write it, may not even look, and may not make one."""
    assert os.getuid() == 0, "only root can be somebody else"
    frames, file = polls
    path = open_folder / "flows"
    if made:
        Store(path).write(frames[0])
        path.chmod(mode)
    file = shutil.copy(file, open_folder)
    told = start(path, file, "65534").communicate()[0]
    # What is there already is nothing to write, and so nothing to refuse.
    assert told.count("refused") == len(frames) - (mode == 0o755), told
    assert "no permission" in told
    assert str(path) in told
    if made:
        assert Store(path).read(CODES).equals(frames[0])
