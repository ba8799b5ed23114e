"""The fixtures: one scenario runs on SQLite and on a private MariaDB."""
import contextlib
import os
import shutil
import signal

import pytest

from kithtest import build
from kithtest.cli import Kith
from kithtest.fake import FakeServer
from kithtest.mariadb import MariaDb
from kithtest.server import Server
from kithtest.terminal import Terminal

# One builds and runs a kithd of its own, the other tests what runs in Chromium: once is enough.
collect_ignore = ["server/test_quickstart.py", "web/test_browser.py"] if build.SANITIZED else []

DATABASES = ["sqlite"] + (["mariadb"] if build.configured("HAVE_MYSQL") else [])


# A run in the background ignores these, and so would all that it starts. What has a handler is
# back to its default in a program that is executed.
for number in signal.SIGHUP, signal.SIGINT, signal.SIGQUIT:
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, lambda *_: None)

TEST_S = 180                    # a single test hangs when it takes longer


def pytest_configure(config):
    config.addinivalue_line("markers", "takes(seconds): a test that may take longer than others")
    config.addinivalue_line("markers", "root: a test that only root can run")
    config.addinivalue_line("markers", "plain: a test that sanitizers are in the way of")


def pytest_collection_modifyitems(items):
    if build.SANITIZED:
        items[:] = [item for item in items if not item.get_closest_marker("plain")]
    if os.getuid() != 0:
        for item in items:
            if item.get_closest_marker("root"):
                item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that fails shows the logs of the servers that run."""
    report = (yield).get_result()
    if report.failed:
        for server in Server.running:
            report.sections.append((f"the end of {server.stderr}", server.log()[-2500:]))


@pytest.fixture(autouse=True)
def deadline(request):
    """A test that hangs fails, and the next one runs."""
    marker = request.node.get_closest_marker("takes")
    seconds = (marker.args[0] if marker else TEST_S) * build.PATIENCE

    def too_long(signum, frame):
        raise TimeoutError(f"the test has not ended after {seconds} s")
    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def mariadb():
    """A MariaDb for all tests that do not hurt it; each takes a database of its own."""
    assert shutil.which("mariadb-install-db"), "install mariadb-server-core"
    server = MariaDb()
    yield server
    server.destroy()


@pytest.fixture(params=DATABASES)
def database(request):
    """None for SQLite, or a fresh database of the private MariaDB."""
    if request.param == "sqlite":
        return None
    return request.getfixturevalue("mariadb").database()


@pytest.fixture(scope="module", params=DATABASES)
def shared_database(request):
    """The same for the whole module."""
    if request.param == "sqlite":
        return None
    return request.getfixturevalue("mariadb").database()


@pytest.fixture
def server(database):
    """A server for one test, on each database."""
    yield from lifetime(Server(database))


@pytest.fixture(scope="module")
def shared_server(shared_database):
    """A server for all tests of a module, on each database."""
    yield from lifetime(Server(shared_database))


@pytest.fixture
def make_server(request):
    """make_server(database=None, start=True, **conf): more than one, or unusual ones."""
    def make(*args, **kwargs):
        one = Server(*args, **kwargs)
        request.addfinalizer(one.stop)
        return one
    return make


def lifetime(one):
    yield one
    one.stop()


@pytest.fixture
def make_kith(request):
    """make_kith(): a kith with folders of its own."""
    def make():
        one = Kith()
        request.addfinalizer(one.close)
        return one
    return make


@pytest.fixture
def terminal(request):
    """terminal(kith, *arguments, **environment): its screen; ended with the test."""
    def make(kith, *args, **env):
        kith.env.update(env)
        one = Terminal(kith, *args)
        request.addfinalizer(one.close)
        return one
    return make


@pytest.fixture
def alice(fake, make_kith):
    """Her files, as `kith join` would write them."""
    one = make_kith()
    token = f"{1:043d}"
    fake.devices = 1
    fake.tokens[token] = (fake.user("alice"), 1)
    for kind, text in (("config/kith/default.conf",
                        f"server = {fake.url('').rstrip('/')}\nuser = alice\n"),
                       ("data/kith/default.token", token + "\n")):
        (one.home / kind).parent.mkdir(0o700)
        (one.home / kind).write_text(text)
        (one.home / kind).chmod(0o600)
    return one


@pytest.fixture
def screen(alice, terminal):
    one = terminal(alice)
    one.wait_for("#lobby>")
    return one


@pytest.fixture
def fake():
    """A server of Python that does wrong what it is told to."""
    one = FakeServer()
    yield one
    with contextlib.suppress(OSError):
        one.close()


@pytest.fixture
def people(make_kith):
    """people(server, "alice", "bob"): a joined kith for each name."""
    def join(server, *names):
        joined = []
        for name in names:
            one = make_kith()
            one.join(server.invite(), name)
            joined.append(one)
        return joined
    return join
