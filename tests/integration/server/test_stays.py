"""What kithd keeps beside its work: locks, pid file, control socket, log, the number of kith.db;
and what the health says of each."""
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from kithtest import build, reports
from kithtest.server import Server, alive, ask_http, open_files
from kithtest.wait import until


def kithd(*args, **more):
    return subprocess.run([str(build.KITHD), *map(str, args)], capture_output=True, text=True,
                          timeout=30 * build.PATIENCE, stdin=subprocess.DEVNULL,
                          env=reports.environment(os.environ), **more)


@pytest.fixture(scope="module")
def server():
    one = Server(workers=1, log_to="file")
    try:
        yield one
    finally:
        one.stop()


def log_of(server):
    return (server.state / "kithd.log").read_text()


def get(server, path):
    return ask_http(server.address, path, 10 * build.PATIENCE)


# -- one to a directory --------------------------------------------------------------

def test_another_pid_file_lets_no_second_one_in(server):
    """Two on one kith.db would hand out the same numbers."""
    other = server.folder / "other.conf"
    other.write_text(f"state_dir {server.state}\nlisten 127.0.0.1:0\nlog_to stderr\n"
                     f"pid_file {server.folder}/other.pid\n"
                     f"control_socket {server.folder}/other.control\n")
    second = kithd("-f", "-c", other)
    assert second.returncode == 1 and f"runs in {server.state} already" in second.stderr
    assert not (server.folder / "other.control").exists()
    assert not (server.folder / "other.pid").exists()


def test_a_pid_file_that_was_removed_comes_back(server):
    file = server.state / "kithd.pid"
    file.unlink()
    second = kithd("-f", "-d", server.state, "-l", "127.0.0.1:0")
    assert second.returncode == 1 and f"runs in {server.state} already" in second.stderr
    until("it is back", file.exists)
    until("with its number", lambda: file.read_text() == f"{server.process.pid}\n")
    until("the log says so", lambda: "state.pid_file" in log_of(server))
    kept = server.folder / "kept"
    file.rename(kept)
    file.write_text("mine\n")
    until("a warning", lambda: any("kithd.pid: another file has its name" in text
                                   for text in server.status()["warnings"]))
    assert file.read_text() == "mine\n"
    file.unlink()
    until("it is back again", lambda: file.exists() and not server.status()["warnings"])


def test_a_control_socket_that_was_removed_comes_back(server):
    (server.state / "control").unlink()
    until("it is back", (server.state / "control").exists)
    assert until("it answers", server.serves)["ready"]
    assert (server.state / "control").stat().st_mode & 0o777 == 0o600
    assert "control.socket" in log_of(server)


def test_a_dead_socket_in_the_place_of_ours_is_replaced(server):
    """As an old one is that was moved away and back."""
    way, old = server.state / "control", server.state / "control.old"
    way.rename(old)
    until("there is another", way.exists)
    old.rename(way)
    assert until("it answers", server.serves)["ready"]
    assert "nobody listens" in log_of(server)
    other = server.folder / "mine"
    with socket.socket(socket.AF_UNIX) as mine:
        mine.bind(str(other))
        mine.listen()
        way.unlink()
        other.rename(way)
        until("it is left alone", lambda: "state.replaced" in log_of(server))
        way.unlink()
    assert until("it answers again", server.serves)["ready"]


def test_kithctl_knows_one_that_it_cannot_reach(server):
    """Its control_socket was changed since its start."""
    changed = server.folder / "changed.conf"
    changed.write_text(f"state_dir {server.state}\ncontrol_socket {server.folder}/new\n")
    for words, status in (("-c", changed), 1), (("-s", server.state / "none"), 1), \
            (("-s", server.folder / "none"), 3):
        said = subprocess.run([str(build.KITHCTL), *map(str, words), "status"], text=True,
                              capture_output=True, timeout=30 * build.PATIENCE,
                              env=reports.environment(os.environ))
        assert said.returncode == status, said
        assert (f"a kithd runs (process {server.process.pid})" in said.stderr) == (status == 1)


def test_a_command_whose_client_has_gone_is_not_carried_out(server):
    """While the master was stopped; it was told that nothing answered."""
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(server.state / "control"))
            link.sendall(b'{"command": "stop"}\n')
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    until("it is told", lambda: "control.gone" in log_of(server))
    assert until("it answers", server.serves)["ready"] and "server.stopping" not in log_of(server)


def test_the_log_follows_its_path(server):
    log = server.state / "kithd.log"
    log.unlink()
    until("it is there again", lambda: log.exists() and "log.reopened" in log.read_text())
    log.rename(server.folder / "old.log")
    log.touch()
    if os.getuid() == 0:
        shutil.chown(log, "kith")
    until("it goes on in the new one", lambda: "log.reopened" in log.read_text())


# -- kith.db's number -----------------------------------------------------------------

def test_nobody_gets_the_number_of_a_kith_db_that_is_gone(make_server):
    """By its number the store knows the file in which it acknowledged messages."""
    server = make_server(workers=1)
    server.expect(r"\bdb\.", r"removed")
    probe = server.state / "probe"
    probe.touch()
    number = probe.stat().st_ino
    probe.unlink()
    again = [server.state / f"again{i}" for i in range(50)]
    for file in again:
        file.touch()
    reused = number in [file.stat().st_ino for file in again]
    for file in again:
        file.unlink()
    number = (server.state / "kith.db").stat().st_ino
    for name in "kith.db", "kith.db-wal", "kith.db-shm":
        (server.state / name).unlink()
    until("the store has closed it", lambda: not server.status()["ready"])
    pids = [p["pid"] for p in server.processes() if p["role"] in ("writer", "reader")]

    def closed():
        return not any("kith.db" in name for pid in pids for name in open_files(pid))
    if os.getuid() == 0:
        until("no role has it open", closed)
    for file in again:
        file.touch()
    assert number not in [file.stat().st_ino for file in again]
    for file in again:
        file.unlink()
    if not reused:
        print("\nthis file system does not use numbers again soon")


# -- health ----------------------------------------------------------------------------

def test_a_log_that_hangs_is_a_warning(server):
    """Messages are stored and logins are checked: who restarts it for that does harm."""
    pid = server.kill("log", sig=signal.SIGSTOP)
    try:
        until("a warning", lambda: any("hangs: log 0" in text
                                       for text in server.status()["warnings"]))
        assert server.ctl_result("status").returncode == 0
        assert get(server, "/healthz") == (200, "ok\n")
        assert "\nkith_serves 1\n" in get(server, "/metrics")[1]
    finally:
        os.kill(pid, signal.SIGCONT)
    until("no warning", lambda: not server.status()["warnings"])


# -- the first invite ---------------------------------------------------------------------

def test_the_first_invite_at_a_terminal(make_kith, request):
    """What a person sees is gone with the terminal; a log would keep it. Also without a
    configuration file, which the status then says."""
    folder = Path(tempfile.mkdtemp(prefix="terminal."))
    request.addfinalizer(lambda: shutil.rmtree(folder))
    folder.chmod(0o711)             # the service user passes through; not through tmp_path
    state = folder / "state"
    master, slave = pty.openpty()
    process = subprocess.Popen([str(build.KITHD), "-f", "-d", str(state), "-l", "127.0.0.1:0"],
                               stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                               start_new_session=True, env=reports.environment(os.environ))
    request.addfinalizer(lambda: alive(process.pid) and process.kill())
    os.close(slave)
    os.set_blocking(master, False)
    seen = b""

    def invite():
        nonlocal seen
        try:
            seen += os.read(master, 4096)
        except BlockingIOError:
            pass
        return re.search(rb"kith join '(kith://[^']+)'\r?\n", seen)
    one = make_kith()
    one.join(until("the invite", invite)[1].decode(), "first")
    assert one.json("whoami")[0]["admin"] is True
    status = subprocess.run([str(build.KITHCTL), "-d", str(state), "status"], check=True,
                            capture_output=True, text=True, timeout=30 * build.PATIENCE,
                            env=reports.environment(os.environ)).stdout
    assert re.search(r"^config +none: all options have their defaults$", status, re.M)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30 * build.PATIENCE) == 0
    os.close(master)
