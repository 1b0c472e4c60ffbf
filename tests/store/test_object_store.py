"""A store in an object store: a real server of S3's protocol, on loopback."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import socket
import subprocess
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import pd_capflow
from pd_capflow.errors import StoreError
from pd_capflow.store import Store, place

HERE = Path(__file__).parent
CODES = ("HK.00700", "HK.00005", "HK.00388")
MINUTES = [f"10:{minute:02}" for minute in range(60)]
KEYS = {"AWS_ACCESS_KEY_ID": "AKIA0123456789ABCDEF", "AWS_SECRET_ACCESS_KEY": "wJalr-s3cret-K7MDENG"}


def point_at(port, monkeypatch):
    """Have this process, and those that it starts, take what listens at a port for S3."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    settings = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ALLOW_HTTP": "true", **KEYS}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The port of a server, and the folder whose folders are its buckets."""
    folder = tmp_path_factory.mktemp("buckets")
    command = [sys.executable, str(HERE / "bucket.py"), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        yield int(process.stdout.readline()), folder
        process.kill()


@pytest.fixture
def bucket(server, monkeypatch, tmp_path):
    """An empty bucket: its folder, whose name is the bucket's."""
    port, folder = server
    point_at(port, monkeypatch)
    made = folder / tmp_path.name.replace("_", "-").lower()
    made.mkdir()
    return made


@pytest.fixture
def held(bucket, poll):
    """A store in a bucket: of two weeks, written a code at a time."""
    store = Store(f"s3://{bucket.name}/flows")
    for day in ("2026-01-05", "2026-01-12"):
        for code in ("HK.00700", "HK.00005"):
            store.write(poll({code: {"09:30": 1, "09:31": 2}}, day))
    return store


def test_what_was_written_is_read_as_it_was(bucket, poll):
    store = Store(f"s3://{bucket.name}/flows/")
    frame = poll({"HK.00700": dict.fromkeys(MINUTES, 1.5), "US.AAPL": {"10:00": 2}})
    assert (store.write(frame), store.write(frame)) == (61, 0)
    for reader in (store, Store(store.url), pickle.loads(pickle.dumps(store))):  # noqa: S301  # our own
        read = reader.read(["HK.00700", "US.AAPL"])
        assert_frame_equal(read, frame, check_exact=True)
        assert read.attrs == frame.attrs
    assert store.codes() == ["HK.00700", "US.AAPL"]
    with pd_capflow.connect(store.url) as client:
        assert len(client.capital_flow("HK.00700")) == len(MINUTES)


def test_writers_at_once_lose_nothing_and_double_nothing(bucket, poll, tmp_path):
    """Three make the store and write the same polls, of which each has more than the one before."""
    frames = [poll({code: dict.fromkeys(MINUTES[:count], 1.0) for code in CODES}) for count in (5, 30, 60)]
    file = tmp_path / "polls"
    file.write_bytes(pickle.dumps(frames))
    path = f"s3://{bucket.name}/flows"
    command = [sys.executable, str(HERE / "writer.py"), path, str(file)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [process.communicate()[0].splitlines() for process in running]
    assert [line.split()[0] for lines in told for line in lines] == ["wrote"] * 9, told
    assert sum(int(line.split()[2]) for lines in told for line in lines) == 60 * len(CODES)
    store = Store(path)
    assert store.read(CODES).equals(frames[-1])
    assert store.verify().clean, str(store.verify())


def test_it_is_put_in_order_and_goes_back_in_time(held, poll):
    moment = pd.Timestamp.now("UTC")
    held.write(poll({"HK.00388": {"09:30": 7}}, "2026-01-12"))
    before = held.read()
    assert held.compact() == 2
    assert_frame_equal(held.read(), before, check_exact=True)
    assert str(held.verify()) == f"store {held.path}: 9 rows in 2 files, all well"
    assert len(held.read(as_of=moment)) == 8
    assert held.compact() == 0


def test_a_reader_sees_that_it_was_made_anew(held, bucket, poll):
    assert len(held.read()) == 8
    shutil.rmtree(bucket / "flows")
    with pytest.raises(StoreError, match="no store there"):
        held.read()
    Store(held.path).write(poll({"HK.00388": {"09:30": 7}}))
    assert held.read()["in_flow"].tolist() == [7]


def test_demo_data_does_not_get_in(held):
    with pytest.raises(StoreError, match="demo data, which goes only into a store of its own"):
        held.write(pd_capflow.connect("demo://").capital_flow("HK.00700"))
    with pytest.raises(StoreError, match="it holds real data"):
        Store(held.path, demo=True)


def test_a_bucket_that_is_not_there_is_told(bucket):
    with pytest.raises(StoreError, match=r"store s3://nowhere/flows: there is no such bucket; make it"):
        Store("s3://nowhere/flows")


def test_where_nothing_listens_it_says_so(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    point_at(port, monkeypatch)
    with pytest.raises(StoreError, match=rf"s3://flows/a: the object store does not answer.*:{port}/"):
        Store("s3://flows/a")


def test_one_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setitem(place._PATIENCE, "retry_timeout", "1s")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_at(silent.getsockname()[1], monkeypatch)
        monkeypatch.setenv("AWS_TIMEOUT", "1s")
        with pytest.raises(StoreError, match="s3://flows/a: the object store does not answer"):
            Store("s3://flows/a")


def test_one_that_is_not_encrypted_has_to_be_allowed(bucket, monkeypatch):
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(StoreError, match="AWS_ALLOW_HTTP=true allows that"):
        Store(f"s3://{bucket.name}/flows")


class Refusing(BaseHTTPRequestHandler):
    """Refuses as S3 does: with what it was sent, in colour."""

    def do_GET(self):
        told = "\x1b[2K\x1b[1;31mno\x1b[0m" + "".join(
            f"<Told>{value}</Told>" for value in (*KEYS.values(), self.headers["Authorization"])
        )
        body = f"<Error><Code>SignatureDoesNotMatch</Code>{told}</Error>".encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def refusing(monkeypatch):
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        point_at(server.server_address[1], monkeypatch)
        yield
        server.shutdown()
        thread.join()


def test_a_refusal_shows_no_key_though_it_echoes_them(refusing):
    with pytest.raises(StoreError, match="no permission there") as caught:
        Store("s3://flows/a")
    shown = "".join(traceback.format_exception(caught.value))
    assert "SignatureDoesNotMatch" in shown
    assert "********" in shown
    assert not re.search(r"\x1b|\[[0-9;]*[mK]", shown)
    assert not [name for name, key in KEYS.items() if key in shown]


def test_no_key_gets_into_what_is_kept(held, bucket):
    facts = str(held.read().attrs)
    files = b"".join(file.read_bytes() for file in bucket.rglob("*") if file.is_file())
    assert not [name for name, key in KEYS.items() if key in facts or key.encode() in files]


def test_a_url_that_holds_a_key_is_refused_without_it():
    with pytest.raises(StoreError, match="give keys by the environment") as caught:
        Store("s3://AKIA0123:hush-hush@bucket/flows")
    assert "hush" not in str(caught.value)
