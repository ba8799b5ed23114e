"""Every signal, closed descriptors, and what a start leaves behind."""
import os
import signal
import subprocess

import pytest

from kithtest import build, reports
from kithtest.server import ROLES, alive
from kithtest.terminal import Screen
from kithtest.wait import until

STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}
# Nobody can catch the first two. A fault's signal ends a process, and stopped ones are tried
# by the watchdog's tests.
LEFT = {signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, signal.SIGCONT, signal.SIGSEGV,
        signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT, signal.SIGTRAP,
        signal.SIGSYS}
OTHERS = sorted(signal.valid_signals() - STOPS - LEFT)


def test_signals_that_are_not_a_stop_end_nobody(make_server):
    """Each to the master and to each role: the same processes go on serving."""
    server = make_server(workers=1)
    before = {p["role"]: p["pid"] for p in server.status()["processes"]}
    assert set(before) == {"master", *ROLES}
    for pid in before.values():
        for sig in OTHERS:
            os.kill(pid, sig)
    for role in ROLES:
        for sig in STOPS - {signal.SIGTERM}:
            os.kill(before[role], sig)
    # The last word: it is answered once the others were seen.
    server.ctl("reload")
    server.add_user("alice", "correct horse battery")
    status = server.status()
    assert status["ready"] and {p["role"]: p["pid"] for p in status["processes"]} == before
    assert all(p["restarts"] == 0 for p in status["processes"])
    until("the reloads have happened", lambda: server.log().count("server.reload") >= 2)


def test_a_role_that_is_told_to_end_is_replaced(make_server):
    server = make_server(workers=1)
    for role in ROLES:
        server.wait_replaced(role, 0, server.kill(role, sig=signal.SIGTERM))


@pytest.mark.parametrize("sig", sorted(STOPS))
def test_every_stop_is_clean(make_server, sig):
    """The verdict at the end looks for processes, the socket and the pid file."""
    server = make_server(workers=1)
    os.kill(server.process.pid, sig)
    assert server.exit_code() == 0
    assert "server.stop " in server.log()
    assert not (server.state / "control").exists() and not (server.state / "kithd.pid").exists()


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP])
def test_kithctl_gives_the_terminal_back(request, tmp_path, sig):
    """It asks for a password without echo; whatever ends it there, the shell has its echo."""
    screen = Screen(["sh"], {**os.environ, "PS1": "$ "}, tmp_path)
    request.addfinalizer(screen.close)
    screen.line(f"stty -a | grep -o -e ' echo ' && echo {'echoes'}1")
    screen.wait_for("\nechoes1")
    screen.line(f"trap : {sig.name[3:]}; {build.KITHCTL} -d {tmp_path} user add alice; "
                "stty -a | grep -o -e ' echo ' && echo echoes2")
    screen.wait_for("New password:")
    asker = until("kithctl asks", lambda: child_named("kithctl", screen.child.pid))
    os.kill(asker, sig)
    screen.wait_for("\nechoes2")


def child_named(name, parent):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
                text = stat.read()
        except OSError:
            continue
        if f"({name})" in text and int(text.rpartition(")")[2].split()[1]) == parent:
            return int(pid)
    return None


# -- descriptors --------------------------------------------------------------------

def shell(command, *args):
    """Without pipes: what goes on in the background would hold them."""
    return subprocess.run(["sh", "-c", command, "sh", *map(str, args)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          timeout=60 * build.PATIENCE, env=reports.environment(os.environ))


CLOSED = ["<&-", "2>&-", "<&- >&- 2>&-"]


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("form", ["-f", ""])
def test_kithd_serves_with_closed_descriptors(make_server, request, form, closed):
    server = make_server(start=False, workers=1)
    started = shell(f'"$1" {form} -d "$2" -l 127.0.0.1:0 {closed} {"&" if form else ""}',
                    build.KITHD, server.state)
    assert started.returncode == 0
    status = until("kithd serves", server.serves)
    pid = next(p["pid"] for p in status["processes"] if p["role"] == "master")
    request.addfinalizer(lambda: alive(pid) and server.owns(pid) and os.kill(pid, signal.SIGKILL))
    assert (server.state / "kithd.pid").read_text() == f"{pid}\n"
    assert all(p["restarts"] == 0 for p in status["processes"])
    server.add_user("alice", "correct horse battery")
    assert server.ctl_result("stop").returncode == 0
    until("kithd is gone", lambda: not alive(pid))


@pytest.mark.parametrize("closed", CLOSED)
def test_init_check_and_kithctl_with_closed_descriptors(make_server, tmp_path, closed):
    state = tmp_path / "state"
    assert shell(f'"$1" init -d "$2" {closed}', build.KITHD, state).returncode == 0
    for name in ("tls/key.pem", "tls/cert.pem"):
        assert (state / name).read_text().startswith("-----BEGIN "), name
    assert (state / "kithd.conf").read_text().startswith("# kithd.conf")
    assert shell(f'"$1" -t -d "$2" {closed}', build.KITHD, state).returncode == 0
    assert shell(f'"$1" -d "$2" status {closed}', build.KITHCTL, state).returncode == 3
