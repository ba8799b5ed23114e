"""The storage fails in each way that was seen, with and without traffic.

Whatever happens: what was acknowledged is there after a restart; /healthz,
/metrics and kithctl tell of the outage within two seconds of its start and of
its end; the log has one line for each.
"""
import contextlib
import ctypes
import http.client
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from kithtest import build
from kithtest.mariadb import MariaDb
from kithtest.server import Server
from kithtest.talker import PASSWORD, Talker
from kithtest.wait import stays, until

from conftest import DATABASES

TOLD_S = 2 * build.PATIENCE
RUNS = build.scaled(1, 1, 20)
CLONE_NEWNS = 0x20000
HERE = Path(__file__).parent


# -- what the server says ---------------------------------------------------------

def web(server, path):
    link = http.client.HTTPConnection(*server.address, timeout=10)
    try:
        link.request("GET", path)
        answer = link.getresponse()
        return answer.status, answer.read().decode()
    finally:
        link.close()


def gauges(server):
    """Does it serve, and does the database store?"""
    text = web(server, "/metrics")[1]
    return [re.search(rf"^kith_{name} (\d)$", text, re.M).group(1) == "1"
            for name in ("serves", "database_writable")]


def verdicts(server):
    """What each door says."""
    serves, writable = gauges(server)
    text = server.ctl_result("status")
    status = server.status()
    return {
        "healthz": web(server, "/healthz")[0] == 200,
        "serves": serves,
        "writable": writable,
        "status": text.returncode == 0 and "problem" not in text.stdout,
        "json": status["ready"] and not status["problems"],
    }


def lines(server, event, since=0):
    return [line for line in server.log()[since:].splitlines()
            if re.search(rf" (writer|reader) db\.{event} ", line)]


# -- who sends --------------------------------------------------------------------

class Traffic:
    """A thread that sends without a pause, until it is stopped."""

    def __init__(self, talker):
        self.talker = talker
        self.ending = threading.Event()
        self.slowest = 0
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ending.is_set():
            began = time.monotonic()
            self.talker.send()
            self.slowest = max(self.slowest, time.monotonic() - began)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()


def outage(world, begin, end, traffic):
    """One fault from its begin to its end."""
    server = world.server
    before = len(server.log())
    with Traffic(world.talker) if traffic else contextlib.nullcontext():
        begin(world)
        try:
            until("the outage shows", lambda: not any(gauges(server)), TOLD_S)
            assert not any(verdicts(server).values()), verdicts(server)
            if not traffic:
                assert world.talker.send() == "UNAVAILABLE"
        finally:
            end(world)
        until("its end shows", lambda: all(gauges(server)), TOLD_S)
        assert all(verdicts(server).values()), verdicts(server)
    assert world.talker.send() is None
    started, ended = lines(server, "away", before), lines(server, "back", before)
    assert len(started) == len(ended) == 1, server.log()[before:]
    assert " error " in started[0]
    assert len(server.log()[before:].splitlines()) < 30


# -- SQLite -------------------------------------------------------------------------

def preload(folder):
    library = folder / "fail_sync.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, HERE / "fail_sync.c"], check=True)
    library.chmod(0o755)
    return library


class SqliteWorld:
    """A kithd on a small disk of its own, whose fsync() can be made to fail."""

    def __init__(self, folder):
        self.disk, self.other = folder / "disk", None
        self.server = Server(start=False)
        self.server.expect(r"\bdb\.away\b")
        self.server.use_state(self.disk / "state")
        self.server.start(env={"LD_PRELOAD": str(preload(folder))})
        self.server.add_user("alice", PASSWORD)
        self.talker = Talker(self.server, "alice")
        assert self.talker.send() is None

    @property
    def db(self):
        return self.server.state / "kith.db"

    def restart(self):
        self.server.restart()
        self.talker.reconnect()
        self.talker.check()


@pytest.fixture(scope="module")
def sqlite_world():
    """The disk is mounted where only this process and its children see it."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(CLONE_NEWNS) == 0, os.strerror(ctypes.get_errno())
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    folder = Path(tempfile.mkdtemp(prefix="storage."))
    folder.chmod(0o711)
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=0711", "kith-test", disk],
                   check=True)
    world = None
    try:
        world = SqliteWorld(folder)
        yield world
        world.talker.close()
        world.server.stop()
    finally:
        if world and world.server in Server.running:
            world.server.abandon()
        subprocess.run(["umount", "-l", disk], check=True)
        shutil.rmtree(folder)


def fill(path):
    """Writes until the disk is full."""
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def lock(world):
    world.other = sqlite3.connect(world.db, isolation_level=None)
    world.other.execute("BEGIN IMMEDIATE")


def unlock(world):
    world.other.execute("ROLLBACK")
    world.other.close()


def moved(name):
    return (lambda world: (world.server.state / name).rename(world.disk / name),
            lambda world: (world.disk / name).rename(world.server.state / name))


def replace(world):
    """A copy in its place: what a hasty restore does."""
    moved("kith.db")[0](world)
    shutil.copy2(world.disk / "kith.db", world.db)
    shutil.chown(world.db, "kith", "kith")


def put_back(world):
    (world.disk / "kith.db").rename(world.db)


def marked(name):
    """A file that makes fsync() fail."""
    return (lambda world: (world.server.state / name).touch(),
            lambda world: (world.server.state / name).unlink())


def take_away(world):
    """Another owner, and a writer that has to open it again."""
    shutil.chown(world.db, "root", "root")
    world.db.chmod(0o644)
    world.server.kill("writer")


def give_back(world):
    shutil.chown(world.db, "kith", "kith")


SQLITE_FAULTS = {
    "fsync fails": marked("fail-sync"),
    "the disk is full": (lambda world: fill(world.disk / "ballast"),
                         lambda world: (world.disk / "ballast").unlink()),
    "kith.db is away": moved("kith.db"),
    "kith.db is another file": (replace, put_back),
    "the WAL is away": (lambda world: (world.server.state / "kith.db-wal").unlink(),
                        lambda world: None),
    "another program has locked it": (lock, unlock),
    "the file is not ours": (take_away, give_back),
}


@pytest.mark.root
@pytest.mark.takes(60 + 30 * RUNS)
@pytest.mark.parametrize("fault", SQLITE_FAULTS)
def test_sqlite(sqlite_world, fault):
    for run in range(RUNS):
        for traffic in (True, False) if build.SCALE == "all" else (len(fault) % 2 == 0,):
            outage(sqlite_world, *SQLITE_FAULTS[fault], traffic)
        if run % 5 == 0:
            sqlite_world.restart()
