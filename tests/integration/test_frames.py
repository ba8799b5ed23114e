"""Every malformed frame has its answer, and the process that got it lives on."""
import socket
from urllib.parse import urlsplit

import pytest

from frames import CONNECTED, DROP, ID, LOGGED_IN, REQUESTS, ROWS, Close, Cut, Stream
from kithtest.pb import PbClient
from kithtest.schema import code_name, frame, session

PASSWORD = "correct horse battery"


class Account:
    """Whose token logs the rows in."""

    def __init__(self, server):
        with PbClient(server.address, tls=False) as link:
            link.hello()
            invite = urlsplit(server.invite()).path.strip("/")
            answer = link.register("malformed", PASSWORD, invite)
        self.token, self.device, self.password = answer.token, answer.device, PASSWORD


@pytest.fixture(scope="module")
def account(shared_server):
    return Account(shared_server)


@pytest.fixture(scope="module")
def workers(shared_server):
    """The workers' pids and restarts: the same at the end as at the beginning."""
    def now():
        return [(p["role"], p["index"], p["pid"], p["restarts"])
                for p in shared_server.processes()]
    before = now()
    yield [pid for role, _, pid, _ in before if role == "worker"]
    assert now() == before


def connect(server, account, state):
    link = PbClient(server.address, tls=False)
    if state != CONNECTED:
        link.hello()
    if state == LOGGED_IN:
        link.login_token(account.token)
    return link


def codes_of(reply):
    """The error of a reply, or those of its outcomes."""
    kind = reply.WhichOneof("body")
    if kind == "error":
        return [code_name(reply.error.code)]
    if kind == "sent":
        return [code_name(o.error.code) for o in reply.sent.outcomes]
    return [kind]


def answer_to(link):
    """The next reply that is an answer or an error; news go by."""
    while True:
        reply = link.receive()
        if reply.id or reply.WhichOneof("body") == "error":
            return reply


def expect_error(link, state, data, expected):
    link.write(len(data).to_bytes(4, "big") + data)
    reply = answer_to(link)
    codes = codes_of(reply)
    assert set(codes) <= set(expected) and codes, codes
    assert reply.id in (ID, 0)
    # The connection goes on.
    if state == CONNECTED:
        assert link.hello().version == 1
    else:
        assert link.reply_to(link.post(ping=session.Ping())).WhichOneof("body") == "pong"


def expect_end(link, data, expected):
    try:
        link.write(data)
        if isinstance(data, Cut):
            link.socket.shutdown(socket.SHUT_WR)
    except OSError:
        pass                    # the server was quicker
    if expected is DROP:
        drain(link)
        return
    reason = link.wait_closed()
    assert not expected.codes or reason in expected.codes, reason


def drain(link):
    """Reads whatever comes, in whatever language, to the end."""
    try:
        while link.socket.recv(65536):
            pass
    except ConnectionResetError:
        pass


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_malformed(shared_server, account, workers, row):
    data = row.data(account) if callable(row.data) else row.data
    with connect(shared_server, account, row.state) as link:
        if isinstance(row.expected, Close):
            assert isinstance(data, Stream)
            expect_end(link, data, row.expected)
        else:
            expect_error(link, row.state, data, row.expected)
    for pid in workers:
        assert shared_server.owns(pid), f"worker {pid} is gone"
    with PbClient(shared_server.address, tls=False) as link:
        assert link.hello().version == 1


def test_the_table_is_long_enough_and_without_repetition():
    names = [row.name for row in ROWS]
    assert len(ROWS) >= 150
    assert len(set(names)) == len(names)


def test_the_table_knows_every_request():
    body = frame.Request.DESCRIPTOR.oneofs_by_name["body"]
    assert {f.name: f.number for f in body.fields} == REQUESTS
