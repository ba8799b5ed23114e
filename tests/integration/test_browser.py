"""The page in Debian's Chromium, as people use it. The scenarios are in tests/browser."""
import pytest

from kithtest import build
from kithtest.browser import PASSWORD, Scenario
from kithtest.server import Server

# What the page shows does not depend on the database: SQLite alone.


@pytest.fixture
def server():
    one = Server()
    yield one
    one.stop()


@pytest.fixture
def accounts(server):
    def make(*names):
        for name in names:
            server.add_user(name, PASSWORD)
    return make


@pytest.fixture
def kith_of(server, make_kith):
    """kith_of("carol"): a kith logged in to an account of its own."""
    def make(name):
        server.add_user(name, PASSWORD)
        one = make_kith()
        one.login(server.url(), name, PASSWORD)
        return one
    return make


def test_message_is_seen_at_once(server, kith_of):
    """Two browsers and one kith in a group."""
    alice, bob, carol = (kith_of(name) for name in ("alice", "bob", "carol"))
    alice.run("group", "create", "#tea")
    for one in (bob, carol):
        one.run("group", "join", "#tea")
    figures = Scenario(server, [carol]).play("live", bound_ms=200 * build.PATIENCE)
    print(figures)
    assert figures["messages"] >= 30
