"""kith's commands: what they print, what they refuse, how they end."""
import subprocess

import pytest

from kithtest import build
from kithtest.cli import Kith
from kithtest.server import Server

from conftest import lifetime


@pytest.fixture(scope="module")
def server():
    """One for the module, on SQLite: commands do not know the database."""
    yield from lifetime(Server())


@pytest.fixture(scope="module")
def pair(server):
    """Two people, for all tests of the module."""
    people = [Kith(), Kith()]
    for one, name in zip(people, ("ann", "ben")):
        one.join(server.invite(), name)
    yield people
    for one in people:
        one.close()


def shell(kith, script, timeout=20):
    """Runs a line of sh that calls kith; returns the finished process."""
    return subprocess.run(["/bin/sh", "-c", script], env=kith.env, cwd=kith.home,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          timeout=timeout * build.PATIENCE)


# -- standard streams ----------------------------------------------------------------


@pytest.mark.parametrize("command, closed, code", [
    ("send @{you}", "<&-", 2), ("send --lines @{you}", "<&-", 0), ("send @{you} -", "0>&- 2>&-", 2),
    ("send @{you} words", "<&- >&- 2>&-", 0), ("ls", "<&- 2>&-", 0), ("ls", ">&-", 1),
    ("version", ">&-", 1), ("help", "<&- >&-", 1),
    ("chat", "<&-", 2), ("passwd", "<&- 2>&-", 2)])
def test_closed_streams_are_never_a_socket(pair, command, closed, code):
    ann, ben = pair
    ended = shell(ann, f"kith {command.format(you=ben.name)} {closed}")
    assert ended.returncode == code, ended.stderr
