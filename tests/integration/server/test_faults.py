"""Disks that are full, databases that are away, processes that die: each has a named
answer, nothing acknowledged is lost, and service comes back by itself."""
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from kithtest import build, reports
from kithtest.mariadb import MariaDb
from kithtest.pb import Closed, KithError, PbClient
from kithtest.schema import session
from kithtest.server import ROLES, ControlFailed, alive, ask_http
from kithtest.talker import PASSWORD, Talker
from kithtest.wait import until

from conftest import DATABASES

BACK_S = 5 * build.PATIENCE     # so soon the service is back once the cause is gone


def succeeds(function, *args):
    """What it returns (True instead of None); None if the server refuses."""
    try:
        return function(*args) or True
    except (ControlFailed, KithError):
        return None


@pytest.fixture
def talker(request):
    """talker(server, "alice"): with an account made for it."""
    def make(server, name="alice"):
        server.add_user(name, PASSWORD)
        one = Talker(server, name)
        request.addfinalizer(one.close)
        return one
    return make


# -- the disk ------------------------------------------------------------------

@pytest.fixture
def small_disk(request):
    """A file system of 6 MiB, in a folder that the user kith can pass through."""
    folder = tempfile.mkdtemp(prefix="disk.")
    os.chmod(folder, 0o711)
    request.addfinalizer(lambda: os.rmdir(folder))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m,mode=0755", "kith-test", folder],
                   check=True)
    request.addfinalizer(lambda: subprocess.run(["umount", "-l", folder], check=True))
    return Path(folder)


def fill(path):
    """Writes until the disk is full."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(file, bytes(4096))
    except OSError:
        pass
    finally:
        os.close(file)


@pytest.mark.root
def test_disk_full(small_disk, make_server, talker):
    server = make_server(start=False)
    server.use_state(small_disk / "state")
    server.start()
    server.expect(r"full", r"\bdb\.", r"\bstore\.")
    one = talker(server)
    assert one.send() is None
    ballast = small_disk / "ballast"
    fill(ballast)
    # What is already allocated may still take some messages.
    for _ in range(3000):
        code = one.send("x" * 4000 + str(one.count))
        if code:
            break
    assert code == "UNAVAILABLE"
    one.link.call(ping=session.Ping())
    assert one.stored()
    ballast.unlink()
    until("sending works again", lambda: one.send() is None, BACK_S)
    one.check()
    assert server.status()["processes"]


@pytest.mark.root
def test_a_backup_says_which_disk_is_full(small_disk, make_server):
    server = make_server(workers=1)
    fill(small_disk / "ballast")
    there = server.ctl_result("backup", str(small_disk / "copy"))
    assert there.returncode == 1 and "No space left" in there.stderr
    assert f"{small_disk}/copy: " in there.stderr and "there is no backup" in there.stderr
    assert os.listdir(small_disk) == ["ballast"]
    assert "kith.db.copying" not in os.listdir(server.state)
    (small_disk / "ballast").unlink()
    server.terminate()
    os.mkdir(small_disk / "state")
    for name in "kithd.conf", "kith.db":
        shutil.copy2(server.state / name, small_disk / "state")
    fill(small_disk / "ballast")
    before = sorted(os.listdir(small_disk / "state"))
    copy = server.folder / "copy"
    here = subprocess.run([str(build.KITHCTL), "-d", str(small_disk / "state"), "backup",
                           str(copy)], capture_output=True, text=True,
                          timeout=30 * build.PATIENCE, env=reports.environment(os.environ))
    assert here.returncode == 1 and re.search("disk is full|No space left", here.stderr)
    assert f"{small_disk}/state: " in here.stderr and f"{copy} was not written" in here.stderr
    left = set(os.listdir(small_disk / "state")) - set(before)
    assert not left - {"kith.db-wal", "kith.db-shm"} and not copy.exists()


# -- the database ----------------------------------------------------------------

@pytest.fixture
def own_mariadb(request):
    """A database server that the test may hurt."""
    def make(**settings):
        one = MariaDb(**settings)
        request.addfinalizer(one.destroy)
        return one
    return make


@pytest.mark.skipif("mariadb" not in DATABASES, reason="built without MySQL")
def test_mariadb_away_and_back(own_mariadb, make_server, talker):
    mariadb = own_mariadb()
    server = make_server(mariadb.database())
    server.expect(r"\bdb\.", r"\bstore\.")
    one = talker(server)
    for _ in range(50):
        assert one.send() is None
    for _ in range(3):
        mariadb.kill()
        assert one.send() == "UNAVAILABLE"
        # Who is here and connected stays so.
        one.link.call(ping=session.Ping())
        assert server.status()["users_online"] == 1
        mariadb.start()
        until("sending works again", lambda: one.send() is None, BACK_S)
    one.check()


def ask(address, path):
    """At once."""
    return ask_http(address, path, 5 * build.PATIENCE)


@pytest.mark.skipif("mariadb" not in DATABASES, reason="built without MySQL")
def test_starts_before_its_database(mariadb, make_server):
    """Who asks meanwhile is answered: not ready, with the reason; UNAVAILABLE."""
    server = make_server(mariadb.database(), start=False)
    server.expect(r"\bdb\.away")
    way = server.folder / "mysqld.sock"
    server.write_conf(mysql_socket=way)
    server.launch()
    address = until("it listens", lambda: server.process.poll() is None and
                    (server.state / "control").exists() and server.status()["listen"][0])
    host, _, port = address.rpartition(":")
    address = (host, int(port))
    away = "the database is away, or its disk fails\n"
    until("healthz says so", lambda: ask(address, "/healthz") == (
        503, f"writer 0: {away}reader 0: {away}"))
    assert "\nkith_serves 0\n" in ask(address, "/metrics")[1]
    assert "\nkith_database_up 0\n" in ask(address, "/metrics")[1]
    with PbClient(address, tls=False) as link:
        link.hello()
        with pytest.raises(KithError) as refused:
            link.login("alice", PASSWORD)
        assert refused.value.code == "UNAVAILABLE"
    # A role that dies meanwhile is no serving one when it comes back.
    server.kill("writer")
    until("healthz says so again", lambda: ask(address, "/healthz")[1].startswith("writer 0"))
    assert "server.ready" not in server.log()
    way.symlink_to(mariadb.socket)
    server.wait_ready()
    assert ask(address, "/healthz") == (200, "ok\n")
    until("the first invite", lambda: "The first administrator" in server.log())


@pytest.mark.skipif("mariadb" not in DATABASES, reason="built without MySQL")
def test_waits_for_a_database_that_refuses_it_later(mariadb, make_server):
    """Its start was told of, so nobody looks when it ends."""
    database = mariadb.database()
    server = make_server(database, start=False)
    server.expect(r"\bdb\.")
    way = server.folder / "mysqld.sock"
    server.write_conf(mysql_socket=way)
    server.launch()
    until("it is told of", lambda: "waits for its database" in server.log())
    mariadb.sql(f"ALTER USER {database.name}@localhost IDENTIFIED BY 'another one'")
    way.symlink_to(mariadb.socket)
    until("it names the cause", lambda: any("password" in line
                                            for line in server.status()["problems"]))
    assert "Access denied" in server.log() and server.process.poll() is None
    mariadb.sql(f"ALTER USER {database.name}@localhost IDENTIFIED BY '{database.password}'")
    server.wait_ready()


@pytest.mark.skipif("mariadb" not in DATABASES, reason="built without MySQL")
def test_mariadb_read_only(own_mariadb, make_server, talker):
    mariadb = own_mariadb()
    server = make_server(mariadb.database())
    server.expect(r"\bdb\.", r"\bstore\.", r"read.only")
    one = talker(server)
    assert one.send() is None
    mariadb.sql("SET GLOBAL read_only = 1")
    assert one.send() == "UNAVAILABLE"
    mariadb.sql("SET GLOBAL read_only = 0")
    until("sending works again", lambda: one.send() is None, BACK_S)
    one.check()


@pytest.mark.skipif("mariadb" not in DATABASES, reason="built without MySQL")
def test_mariadb_connections_killed(own_mariadb, make_server, talker):
    mariadb = own_mariadb()
    server = make_server(mariadb.database())
    server.expect(r"\bdb\.", r"\bstore\.")
    one = talker(server)
    for _ in range(5):
        ids = mariadb.sql("SELECT id FROM information_schema.processlist "
                          "WHERE user LIKE 'kith%'").split()
        assert ids
        mariadb.sql("".join(f"KILL {number};" for number in ids))
        until("sending works again", lambda: one.send() is None, BACK_S)
    one.check()


@pytest.mark.skipif("mariadb" not in DATABASES, reason="built without MySQL")
def test_start_waits_for_the_database(own_mariadb, make_server, talker):
    mariadb = own_mariadb()
    server = make_server(mariadb.database(), start=False)
    server.expect(r"\bdb\.", r"\bstore\.")
    mariadb.stop()
    server.launch()
    until("the server says what it waits for", lambda: "db." in server.log(), 10)
    mariadb.start()
    server.wait_ready()
    until("accounts can be made", lambda: succeeds(server.add_user, "alice", PASSWORD), BACK_S)
    one = until("people can log in", lambda: succeeds(Talker, server, "alice"), BACK_S)
    assert one.send() is None
    one.close()


@pytest.mark.skipif("mariadb" not in DATABASES, reason="built without MySQL")
def test_refuses_a_database_that_may_forget(own_mariadb, make_server):
    mariadb = own_mariadb(innodb_flush_log_at_trx_commit=2)
    server = make_server(mariadb.database(), start=False)
    server.expect(r".")
    server.launch()
    assert server.exit_code() != 0
    assert "innodb_flush_log_at_trx_commit" in server.log()
    assert "2" in server.log().partition("innodb_flush_log_at_trx_commit")[2]


def test_sqlite_locked_by_somebody_else(make_server, talker):
    server = make_server()
    server.expect(r"\bdb\.", r"\bstore\.", r"locked|busy")
    one = talker(server)
    assert one.send() is None
    file, = server.state.glob("*.db")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert one.send() == "UNAVAILABLE"
    other.execute("ROLLBACK")
    other.close()
    until("sending works again", lambda: one.send() is None, BACK_S)
    one.check()


# -- processes -------------------------------------------------------------------

@pytest.mark.parametrize("role", [role for role in ROLES if role != "worker"])
def test_role_killed(server, talker, role):
    """A client that is connected to a living worker notices at most a pause."""
    one = talker(server)
    for _ in range(5):
        pid = server.kill(role)
        server.wait_replaced(role, 0, pid)
        until("sending works", lambda: one.send() is None, BACK_S)
    one.check()
    assert server.find(role)["restarts"] >= 5


@pytest.mark.parametrize("point", ["before_commit", "committed", "replied", "told"])
def test_writer_killed_at(database, make_server, talker, point):
    """Between storing, answering and telling: its successor goes on where it was."""
    server = make_server(database, start=False)
    server.start(env={"KITH_KILL_AT": f"store.{point}:10"})
    one = talker(server)
    for _ in range(60):
        assert one.send() is None
    one.check()
    assert len(one.stored()) == 60
    assert server.find("writer")["restarts"] >= 4


def test_killed_between_push_and_wake(database, make_server, talker):
    """Every process dies again and again with wakes that it owes: nobody waits for them for long."""
    server = make_server(database, start=False, workers=1)
    server.start(env={"KITH_KILL_AT": "ipc.owed:40"})
    one = talker(server)
    began = time.monotonic()
    for _ in range(120):
        try:
            assert one.send() is None
        except Closed:
            until("it can log in again", lambda: succeeds(one.reconnect), BACK_S)
    # Each death may cost the receiver's timeout and the start of a successor, no message more.
    assert time.monotonic() - began < 20 * build.PATIENCE
    one.check()
    assert all(server.find(role)["restarts"] >= 2 for role in ("writer", "worker"))


def test_worker_killed(server, talker):
    one = talker(server)
    assert one.send() is None
    worker = until("the session is listed", server.sessions)[0]["worker"]
    pid = server.kill("worker", worker)
    one.link.wait_closed()
    server.wait_replaced("worker", worker, pid)
    until("nobody is online", lambda: server.status()["users_online"] == 0, BACK_S)
    one.reconnect()
    assert one.send() is None
    one.check()


def test_stopped_role_does_not_stop_the_others(server, talker):
    """A writer that hangs: reading, presence and heartbeats go on."""
    one = talker(server)
    assert one.send() is None
    pid = server.kill("writer", sig=signal.SIGSTOP)
    try:
        one.link.call(ping=session.Ping())
        assert len(one.stored()) == 1
        assert server.status()["users_online"] == 1
    finally:
        os.kill(pid, signal.SIGCONT)
    assert one.send() is None
    one.check()


def test_master_killed(server, talker):
    """The children leave within 2 s, and a new start works."""
    one = talker(server)
    for _ in range(20):
        assert one.send() is None
    pids = [p["pid"] for p in server.processes()]
    server.process.kill()
    server.process.wait()
    until("the children left", lambda: not any(map(alive, pids)), 2 * build.PATIENCE)
    server.start()
    one.reconnect()
    assert one.send() is None
    one.check()


def test_power_cut(server, talker):
    """All processes at once; what was acknowledged is there afterwards."""
    one = talker(server)
    for _ in range(5):
        for _ in range(20):
            assert one.send() is None
        server.kill_all()
        server.start()
        one.reconnect()
        one.check()


def test_resend_is_harmless(server, talker):
    """The same client id again: the first answer, stored once; also over a restart."""
    one = talker(server)
    client_id = one.link.next_id(2)
    first = one.link.send(["#lobby", "@alice"], "once", client_id)
    again = one.link.send(["#lobby", "@alice"], "once", client_id)
    assert [(o.conversation, o.seq) for o in again] == [(o.conversation, o.seq) for o in first]
    server.restart()
    assert one.reconnect().last_client_id == client_id + 1
    after = one.link.send(["#lobby", "@alice"], "once", client_id)
    assert [(o.conversation, o.seq) for o in after] == [(o.conversation, o.seq) for o in first]
    assert list(one.stored()) == ["once"]
