"""The top README's first command, as a person and as a machine would run it."""
import os
import signal
import subprocess

import pytest

from kithtest import build
from kithtest.terminal import Screen
from kithtest.wait import until

SCRIPT = build.TOP / "etc" / "quickstart.sh"
BUILD_S = 300                   # the first time it builds


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "KITH_QUICKSTART": str(tmp_path / "chat"), "TERM": "xterm",
            "LC_ALL": "C.UTF-8"}


def started(environment):
    """What the script started and is still there, however deep below it: command lines. Each has
    the folder's name in its environment, which root can read; kithd is known by its file."""
    mark = os.fsencode(f"KITH_QUICKSTART={environment['KITH_QUICKSTART']}")
    folder = os.fsencode(build.TOP / "build/quickstart") + b"/"
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read()
            with open(f"/proc/{pid}/environ", "rb") as file:
                marked = mark in file.read().split(b"\0")
        except PermissionError:
            marked = command.startswith(folder)
        except OSError:
            continue
        if marked:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


@pytest.mark.takes(BUILD_S)
def test_without_a_terminal(environment):
    for _ in range(2):
        result = subprocess.run(["sh", SCRIPT], stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, env=environment, timeout=BUILD_S)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "kith read" in result.stdout and "alice: The kettle is on." in result.stdout
        assert started(environment) == []


@pytest.mark.takes(BUILD_S)
def test_on_two_terminals(environment, request):
    screens = {}
    for name in ("alice", "bob"):
        screens[name] = screen = Screen(["sh", str(SCRIPT)], environment, build.TOP)
        request.addfinalizer(screen.close)
        screen.wait_for("your name in the chat", BUILD_S)
        screen.line(name)
        screen.wait_for("#lobby>")
    screens["alice"].line("is anybody here?")
    screens["bob"].wait_for("alice: is anybody here?")
    screens["bob"].line("I am")
    screens["alice"].wait_for("bob: I am")
    for name in ("alice", "bob"):
        assert started(environment), "the server runs while somebody chats"
        screens[name].line("/quit")
        assert screens[name].wait_end() == 0
    until("everything has ended", lambda: started(environment) == [])


@pytest.mark.takes(BUILD_S)
@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGHUP])
def test_a_script_that_is_ended_takes_its_server_along(environment, sig):
    """Without a terminal, in the middle of the conversation."""
    with subprocess.Popen(["sh", SCRIPT], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, env=environment, start_new_session=True) as script:
        until("it plays", lambda: "joined with an invite" in script.stdout.readline(), BUILD_S)
        script.send_signal(sig)
        script.stdout.read()
    assert script.returncode == 128 + sig
    until("everything has ended", lambda: started(environment) == [])
