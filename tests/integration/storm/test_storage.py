"""The storage fails in each way that was seen, with and without traffic.

Whatever happens: what was acknowledged is there after a restart; /healthz,
/metrics and kithctl tell of the outage within two seconds of its start and of
its end; the log has one line for each.
"""
import contextlib
import ctypes
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
from kithtest.pb import KithError
from kithtest.schema import code_name
from kithtest.server import Server, ask_http
from kithtest.talker import PASSWORD, Talker
from kithtest.wait import stays, until

from conftest import DATABASES

# A preloaded library has to come after AddressSanitizer's, and the sanitizers' time would
# stretch every bound.
pytestmark = pytest.mark.plain

TOLD_S = 2 * build.PATIENCE
RUNS = build.scaled(1, 1, 20)
CLONE_NEWNS = 0x20000
HERE = Path(__file__).parent


# -- what the server says ---------------------------------------------------------

def gauges(server):
    """Does it serve, and does the database store?"""
    text = ask_http(server.address, "/metrics")[1]
    return [re.search(rf"^kith_{name} (\d)$", text, re.M).group(1) == "1"
            for name in ("serves", "database_writable")]


def verdicts(server):
    """What each door says."""
    serves, writable = gauges(server)
    text = server.ctl_result("status")
    status = server.status()
    return {
        "healthz": ask_http(server.address, "/healthz")[0] == 200,
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
            until("the outage shows", lambda: not any(gauges(server)) and
                  lines(server, "away", before), TOLD_S)
            assert not any(verdicts(server).values()), verdicts(server)
            if not traffic and world.talker.send() != "UNAVAILABLE":
                # The server mends some by itself, within a second.
                until("it was back before", lambda: lines(server, "back", before), TOLD_S)
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
        self.env = {"LD_PRELOAD": str(preload(folder))}
        self.server.start(env=self.env)
        self.server.add_user("alice", PASSWORD)
        self.talker = Talker(self.server, "alice")
        assert self.talker.send() is None

    @property
    def db(self):
        return self.server.state / "kith.db"

    def restart(self):
        assert self.server.terminate() == 0
        self.server.start(env=self.env)
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
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m,mode=0711", "kith-test", disk],
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
    with open(path, "wb", buffering=0) as file:
        for piece in (1 << 20, 4096):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(piece))


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


def alter(world, change):
    with contextlib.closing(sqlite3.connect(world.db, timeout=10)) as other:
        other.execute(f"ALTER TABLE {change}")


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
    "a table is away": (lambda world: alter(world, "events RENAME TO ex_events"),
                        lambda world: alter(world, "ex_events RENAME TO events")),
}


# After these a restart shows what was on the disk.
LOSSY = "fsync fails", "the WAL is away"


@pytest.mark.root
@pytest.mark.takes(60 + 30 * RUNS)
@pytest.mark.parametrize("fault", SQLITE_FAULTS)
def test_sqlite(sqlite_world, fault):
    for run in range(RUNS):
        for traffic in (True, False) if build.SCALE == "all" else (fault != "fsync fails",):
            outage(sqlite_world, *SQLITE_FAULTS[fault], traffic)
        if run % 5 == 0 and (build.SCALE == "all" or fault in LOSSY):
            sqlite_world.restart()


@contextlib.contextmanager
def no_checkpoints(path):
    """A snapshot from before: what is stored from now on stays in the WAL."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM events").fetchone()
        yield


@pytest.mark.root
@pytest.mark.parametrize("killed", [None, "writer", "reader"])
def test_sqlite_replaced_and_put_back(sqlite_world, killed):
    """The WAL belongs to the kith.db that is away: nothing plays it into the other one."""
    server, talker = sqlite_world.server, sqlite_world.talker
    before, wal = len(server.log()), server.state / "kith.db-wal"
    with no_checkpoints(sqlite_world.db):
        assert [talker.send() for _ in range(7)] == [None] * 7
        replace(sqlite_world)
    try:
        until("the outage shows", lambda: not any(gauges(server)), TOLD_S)
        kept, other = wal.read_bytes(), sqlite_world.db.read_bytes()
        if killed:
            server.kill(killed)
        assert server.ctl_result("backup", str(server.folder / "copy")).returncode == 0
        stays("the files are as they were", lambda: wal.read_bytes() == kept and
              sqlite_world.db.read_bytes() == other, 2)
    finally:
        put_back(sqlite_world)
    until("its end shows", lambda: all(gauges(server)), TOLD_S)
    talker.check()
    assert talker.send() is None
    assert " history.changed " not in server.log()[before:]


@pytest.mark.root
@pytest.mark.takes(900)
def test_sqlite_long_reader(make_server):
    """A backup that hangs: the WAL grows, and nobody waits. 256 MiB was where it began."""
    server = make_server()
    server.add_user("alice", PASSWORD)
    talker = Talker(server, "alice")
    wal, most = server.state / "kith.db-wal", build.scaled(2, 4, 300) << 20
    with no_checkpoints(server.state / "kith.db"):
        text = "x" * 7000
        while wal.stat().st_size < most:
            began = time.monotonic()
            assert talker.send(f"{text} {talker.count}") is None
            assert time.monotonic() - began < 2 * build.PATIENCE
        assert ask_http(server.address, "/healthz")[0] == 200
    assert (build.SCALE != "all") == (" db.wal " not in server.log())
    talker.close()


def test_sqlite_checkpoint_fails(sqlite_world):
    """What is acknowledged is in the WAL; but a disk that fails is told."""
    server, talker = sqlite_world.server, sqlite_world.talker
    mark = server.state / "fail-sync-db"
    mark.touch()
    try:
        assert talker.send() is None
        until("the failing disk shows", lambda: not gauges(server)[0], TOLD_S)
        assert talker.send() is None
        assert ask_http(server.address, "/healthz")[0] == 503
    finally:
        mark.unlink()
    until("its end shows", lambda: all(gauges(server)), TOLD_S)


# -- the start --------------------------------------------------------------------------

def no_start(server, *words):
    """It leaves with 78, soon, and says why."""
    before = len(server.log())
    server.launch()
    assert server.exit_code(10) == 78
    said = server.log()[before:]
    assert all(word in said for word in words), said
    assert "//kith.db" not in said


@pytest.mark.root
def test_start_on_files_that_cannot_be_used(make_server):
    server = make_server()
    server.expect(r"db\.refused", r"start\.refused")
    db = server.state / "kith.db"
    server.terminate()
    for owner, mode in (("root", 0o644), ("root", 0o600), ("daemon", 0o660), ("kith", 0o400)):
        shutil.chown(db, owner, owner)
        db.chmod(mode)
        no_start(server, f"{db} belongs to {owner} with mode {mode:04o}", "kith may not")
    shutil.chown(db, "kith", "kith")
    db.chmod(0o600)
    shutil.chown(server.state, "root", "root")
    (server.state / "not kithd's").touch()      # else kithd gives the folder to its user
    server.launch()
    assert server.exit_code(10) != 0
    shutil.chown(server.state, "kith", "kith")
    kept = server.state / "kept"
    db.rename(kept)
    no_start(server, f"{db} is missing", "first-invite-made")
    assert not db.exists()
    db.touch()
    shutil.chown(db, "kith", "kith")
    no_start(server, f"{db} is empty", "first-invite-made")
    kept.rename(db)
    server.start()


@pytest.mark.parametrize("kind", DATABASES)
def test_start_without_a_schema_that_was_there(kind, make_server, request):
    """As after a restore into the wrong place."""
    database = None
    if kind == "mariadb":
        database = request.getfixturevalue("maria_world").mariadb.database()
    server = make_server(database)
    server.expect(r"db\.refused", r"start\.refused")
    server.terminate()
    if database:
        database.server.sql(f"DROP DATABASE {database.name}; CREATE DATABASE {database.name}")
    else:
        (server.state / "kith.db").unlink()
        with contextlib.closing(sqlite3.connect(server.state / "kith.db")) as other:
            other.execute("CREATE TABLE something (x)")
        shutil.chown(server.state / "kith.db", "kith", "kith")
    no_start(server, "no schema", "first-invite-made")
    (server.state / "first-invite-made").unlink()
    server.start()


def test_first_invite_follows_from_the_database(make_server):
    server = make_server()
    def invites():
        return server.log().count("The first administrator")
    until("the first invite", lambda: invites() == 1)
    server.restart()
    until("again, since nobody has used it", lambda: invites() == 2)
    server.add_user("alice", PASSWORD)
    (server.state / "first-invite-made").unlink()
    server.restart()
    until("the start is over", (server.state / "first-invite-made").exists)
    server.restart()
    assert invites() == 2


def wal_frames(path):
    """Offsets of the frames of the WAL's present round, and the size of one."""
    data = path.read_bytes()
    step = 24 + int.from_bytes(data[8:12], "big")
    return [at for at in range(32, len(data) - step + 1, step)
            if data[at + 8:at + 16] == data[16:24]], step


def damage(wal, place):
    frames, step = wal_frames(wal)
    at = {"the last page": frames[-1] + step - 50, "an early page": frames[2] + 100,
          "the header": 17}[place]
    with open(wal, "r+b") as file:
        file.seek(at)
        file.write(b"damage")


def test_damaged_wal_is_told(make_server):
    server = make_server()
    server.add_user("alice", PASSWORD)
    for told, place in enumerate(["the last page", "an early page", "the header"], 1):
        talker = Talker(server, "alice")
        os.kill(server.pid("reader"), signal.SIGSTOP)       # nobody empties the WAL
        for _ in range(5):
            assert talker.send() is None
        talker.close()
        server.kill_all()
        damage(server.state / "kith.db-wal", place)
        server.start()
        assert len(lines(server, "dropped")) == told, place
    server.restart()
    assert len(lines(server, "dropped")) == told, "a stop in order leaves nothing to drop"


# -- MariaDB ----------------------------------------------------------------------------

class MariaWorld:
    def __init__(self):
        self.mariadb = MariaDb()
        self.database = self.mariadb.database()
        self.server = Server(self.database)
        self.server.expect(r"\bdb\.away\b")
        self.server.add_user("alice", PASSWORD)
        self.talker = Talker(self.server, "alice")

    def sql(self, text):
        self.mariadb.sql(text)


@pytest.fixture(scope="module")
def maria_world():
    world = MariaWorld()
    yield world
    world.talker.close()
    world.server.stop()
    world.mariadb.destroy()


def setting(name, bad, good):
    return (lambda world: world.sql(f"SET GLOBAL {name} = {bad}"),
            lambda world: world.sql(f"SET GLOBAL {name} = {good}"))


def refuse(world):
    """Another password, and a writer that has to log in again."""
    world.sql(f"ALTER USER {world.database.name}@localhost IDENTIFIED BY 'another one'")
    world.server.kill("writer")


def accept(world):
    world.sql(f"ALTER USER {world.database.name}@localhost "
              f"IDENTIFIED BY '{world.database.password}'")


def tables(bad, good):
    """Changes of the tables, while kithd uses them."""
    return (lambda world: world.sql(f"USE {world.database.name}; {bad}"),
            lambda world: world.sql(f"USE {world.database.name}; {good}"))


def forbid(world):
    """Its user may read only, and the writer has to log in again."""
    name = world.database.name
    world.sql(f"REVOKE ALL ON {name}.* FROM {name}@localhost;"
              f"GRANT SELECT ON {name}.* TO {name}@localhost")
    world.server.kill("writer")


def permit(world):
    name = world.database.name
    world.sql(f"GRANT ALL ON {name}.* TO {name}@localhost")
    for one in world.mariadb.sql("SELECT id FROM information_schema.processlist "
                                 f"WHERE user = '{name}'").split():
        world.mariadb.client(f"KILL {one}")


MARIADB_FAULTS = {
    "stopped": (lambda world: world.mariadb.stop(), lambda world: world.mariadb.start()),
    "read-only": setting("read_only", 1, 0),
    "may forget": setting("innodb_flush_log_at_trx_commit", 2, 1),
    "refuses": (refuse, accept),
    "a table is away": tables("RENAME TABLE events TO ex", "RENAME TABLE ex TO events"),
    "a column has another name": tables(
        "ALTER TABLE events RENAME COLUMN subject TO matter",
        "ALTER TABLE events RENAME COLUMN matter TO subject"),
    "a column is new and needed": tables(
        "ALTER TABLE events ADD COLUMN more INT NOT NULL",
        "ALTER TABLE events DROP COLUMN more"),
    "its user may only read": (forbid, permit),
}


@pytest.mark.skipif("mariadb" not in DATABASES, reason="built without MySQL")
@pytest.mark.takes(60 + 30 * RUNS)
@pytest.mark.parametrize("fault", MARIADB_FAULTS)
def test_mariadb(maria_world, fault):
    for _ in range(RUNS):
        for traffic in (True, False) if build.SCALE == "all" else (fault != "read-only",):
            outage(maria_world, *MARIADB_FAULTS[fault], traffic)
    maria_world.talker.check()


@pytest.mark.skipif("mariadb" not in DATABASES, reason="built without MySQL")
def test_mariadb_closes_a_connection(maria_world):
    """As its wait_timeout does, or a short restart: the next one is made before anybody is told."""
    server = maria_world.server
    mine = f"FROM information_schema.processlist WHERE user = '{maria_world.database.name}'"

    def connections():
        return set(maria_world.mariadb.sql(f"SELECT id {mine}").split())
    until("it serves", lambda: all(verdicts(server).values()))
    log = len(server.log())
    for _ in range(build.scaled(1, 2, 20)):
        before = connections()
        for one in before:
            maria_world.sql(f"KILL {one}")
        while connections() & before or len(connections()) < len(before):
            assert all(verdicts(server).values()), verdicts(server)
    assert not lines(server, "away", log)


@contextlib.contextmanager
def locked_row(mariadb, database, sql):
    """Another client of the database holds the rows that `sql` finds."""
    other = subprocess.Popen(
        ["mariadb", "--no-defaults", f"--socket={mariadb.socket}", "-u", "root", "--batch",
         "--unbuffered", "--skip-column-names", database.name],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        other.stdin.write(f"BEGIN; {sql} FOR UPDATE;\n")
        other.stdin.flush()
        assert other.stdout.readline()
        yield
    finally:
        other.kill()
        other.wait()


class Sender:
    """A thread that sends to one conversation; what came of it, and the longest wait."""

    def __init__(self, talker, *words):
        self.talker, self.words = talker, words
        self.ending = threading.Event()
        self.codes, self.waits = [], []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ending.is_set():
            began = time.monotonic()
            try:
                outcome, *others = self.talker.link.send(list(self.words), f"{len(self.codes)}")
                assert others == [outcome] * (len(self.words) - 1)
                self.codes.append(code_name(outcome.error.code) if outcome.error.code else None)
            except KithError as error:
                self.codes.append(error.code)
            self.waits.append(time.monotonic() - began)

    def stop(self):
        self.ending.set()
        self.thread.join()


@pytest.mark.skipif("mariadb" not in DATABASES, reason="built without MySQL")
def test_mariadb_locked_row_stops_one_conversation(maria_world):
    server, database = maria_world.server, maria_world.database
    server.add_user("bob", PASSWORD)
    server.add_user("carol", PASSWORD)
    bob, carol = Talker(server, "bob"), Talker(server, "carol")
    lobby = bob.link.send("#lobby", "here")[0].conversation
    senders = []
    with locked_row(maria_world.mariadb, database,
                    f"SELECT id FROM conversations WHERE id = {lobby}"):
        senders = [Sender(bob, "#lobby", "#LOBBY"), Sender(carol, "@alice", "@Alice")]
        try:
            until("the locked one is refused", lambda: "UNAVAILABLE" in senders[0].codes, 10)
            before = len(senders[1].codes)
            until("others go on", lambda: len(senders[1].codes) > before + 20, 10)
            assert all(gauges(server))
        finally:
            for sender in senders:
                sender.stop()
    assert set(senders[0].codes) == {"UNAVAILABLE"}
    assert set(senders[1].codes) == {None}
    assert max(senders[1].waits) < 3 * build.PATIENCE, "once, until it is known"
    assert max(senders[1].waits[before + 1:]) < 0.8 * build.PATIENCE
    until("it goes on, too", lambda: bob.send() is None, TOLD_S)
    bob.close()
    carol.close()
