"""The top README's first command, as a person and as a machine would run it."""
import os
import subprocess

import pytest

from kithtest import build
from kithtest.terminal import Screen

SCRIPT = build.TOP / "etc" / "quickstart.sh"
BUILD_S = 300                   # the first time it builds


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "KITH_QUICKSTART": str(tmp_path / "chat"), "TERM": "xterm",
            "LC_ALL": "C.UTF-8"}


def servers():
    """The processes that run quickstart's kithd."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                program = file.read().split(b"\0")[0]
            if program == os.fsencode(build.TOP / "build/quickstart/server/kithd"):
                found.append(pid)
        except OSError:
            pass
    return found


@pytest.mark.takes(BUILD_S)
def test_without_a_terminal(environment):
    for _ in range(2):
        result = subprocess.run(["sh", SCRIPT], stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, env=environment, timeout=BUILD_S)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "kith read" in result.stdout and "alice: The kettle is on." in result.stdout
        assert not servers()


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
        assert servers(), "the server runs while somebody chats"
        screens[name].line("/quit")
        assert screens[name].wait_end() == 0
    assert not servers()
